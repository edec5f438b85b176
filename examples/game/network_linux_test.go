package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/berkeleysockets/sock/examples/internal/programtest"
)

// A place is a network namespace: a machine of its own, as far as the network goes.
type place struct {
	t    *testing.T
	name string
}

// newPlace makes one, which the test's end takes away.
func newPlace(t *testing.T, name string) place {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("network namespaces are root's to make")
	}
	p := place{t, fmt.Sprintf("game%d%s", os.Getpid(), name)}
	add := programtest.Installed(t, "ip", "netns", "add", p.name).Start(strings.NewReader(""))
	if err := add.Cmd.Wait(); err != nil {
		t.Skip("no network namespace here: ", add.Err.String())
	}
	t.Cleanup(func() { root(t, "ip", "netns", "del", p.name) })
	p.ip("link", "set", "lo", "up")
	return p
}

func root(t *testing.T, name string, args ...string) {
	t.Helper()
	programtest.Installed(t, name, args...).Start(strings.NewReader("")).Wait(0)
}

func (p place) ip(args ...string) {
	p.t.Helper()
	root(p.t, "ip", append([]string{"-n", p.name}, args...)...)
}

// game is this program in there.
func (p place) game(args ...string) *programtest.Process {
	p.t.Helper()
	inner := programtest.Own(p.t, args...)
	outer := programtest.Installed(p.t, "ip", append([]string{"netns", "exec", p.name}, inner.Cmd.Args...)...)
	outer.Cmd.Env = inner.Cmd.Env
	return outer.Start(strings.NewReader(""))
}

// join lays a cable between two places: a is 10.0.net.1, and b 10.0.net.2.
func (a place) join(b place, net int) {
	a.t.Helper()
	end := fmt.Sprintf("v%d", net)
	a.ip("link", "add", end, "type", "veth", "peer", "name", end, "netns", b.name)
	for n, p := range []place{a, b} {
		p.ip("addr", "add", fmt.Sprintf("10.0.%d.%d/24", net, n+1), "dev", end)
		p.ip("link", "set", end, "up")
	}
}

// TestNetworkLink has server, link and player on three machines.
func TestNetworkLink(t *testing.T) {
	t.Parallel()
	there, between, here := newPlace(t, "s"), newPlace(t, "l"), newPlace(t, "c")
	there.join(between, 1)
	between.join(here, 2)
	server := there.game("-server", "10.0.1.1:7000")
	server.Out.Find(t, `listening on 10.0.1.1:7000\n`)
	link := between.game("-link", "10.0.2.1:7000,10.0.1.1:7000", "-drop", "10", "-delay", "50ms", "-jitter", "30ms")
	link.Out.Find(t, `link: listening`)
	byDatagrams := here.game("-client", "10.0.2.1:7000", "-bot", "4s")
	byStream := here.game("-client", "10.0.2.1:7000", "-bot", "4s", "-stream")
	d, s := sightOf(t, byDatagrams), sightOf(t, byStream)
	t.Logf("datagrams: %+v; stream: %+v", d, s)
	if d.share() < 0.03 || d.share() > 0.22 {
		t.Errorf("%.2f of the states are lost, and the link drops 0.1", d.share())
	}
	if d.late < 10 || d.trip < 40 || d.behind > 1000 {
		t.Errorf("%+v: want late ones, a round trip of about 100 ms, and none seconds behind", d)
	}
	if s.lost != 0 || s.late != 0 {
		t.Errorf("a stream loses and reorders: %+v", s)
	}
	server.Out.Find(t, `A joins from 10\.0\.1\.2:`)
	server.Signal(os.Interrupt)
	link.Signal(os.Interrupt)
}

// TestNetworkLoss has the kernel lose each tenth packet, by nftables: of datagrams, and of
// the segments of a real stream, which its TCP sends again. By chance it could lose one
// segment so often that the server takes the player for silent.
func TestNetworkLoss(t *testing.T) {
	t.Parallel()
	there, here := newPlace(t, "S"), newPlace(t, "C")
	there.join(here, 3)
	server := there.game("-server", "10.0.3.1:7000")
	server.Out.Find(t, `listening`)
	rules := `
		table inet bad {
			chain in {
				type filter hook input priority 0;
				numgen inc mod 10 == 9 counter drop
			}
		}`
	for _, p := range []place{there, here} {
		nft := programtest.Installed(t, "nft", "-f", "-")
		inner := nft.Cmd.Args
		nft = programtest.Installed(t, "ip", append([]string{"netns", "exec", p.name}, inner...)...).Start(strings.NewReader(rules))
		if err := nft.Cmd.Wait(); err != nil {
			t.Skip("no nftables here: ", nft.Err.String())
		}
	}
	byDatagrams := here.game("-client", "10.0.3.1:7000", "-bot", "4s")
	byStream := here.game("-client", "10.0.3.1:7000", "-bot", "4s", "-stream")
	d, s := sightOf(t, byDatagrams), sightOf(t, byStream)
	t.Logf("datagrams: %+v; stream: %+v", d, s)
	if d.share() < 0.03 || d.share() > 0.22 || d.behind > 1000 {
		t.Errorf("%.2f of the states are lost, and the kernel drops 0.1; at worst %d ms behind", d.share(), d.behind)
	}
	if s.lost != 0 || s.late != 0 {
		t.Errorf("a stream loses and reorders: %+v", s)
	}
	server.Signal(os.Interrupt)
}
