package interop

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"os/exec"
	"testing"
)

// What systemd-socket-activate hands over arrives, with the names it gives.
func TestSystemd(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind, tcp, unix string
		ask             func(t testing.TB, network, address string) string
		want            string
	}{
		{"stream", "tcp", "unix", ask, "HTTP/1.1 HELLO"},
		{"datagram", "udp", "unixgram", askDatagram, "hello"},
	} {
		t.Run(c.kind, func(t *testing.T) {
			t.Parallel()
			at, file := free(t, c.tcp), path(t)
			command := installed(t, "systemd-socket-activate", "--listen="+at, "--listen="+file, "--fdname=web:local")
			if c.kind == "datagram" {
				command.Args = append(command.Args, "--datagram")
			}
			for _, v := range asChild("activated") {
				command.Args = append(command.Args, "--setenv="+v)
			}
			command.Args = append(command.Args, self(t))
			listens := &awaited{text: "Listening on", count: 2, seen: make(chan struct{})}
			start(t, command, listens)
			soon(t, listens.seen)

			// Its process becomes ours with the first message: LISTEN_PID is its own.
			for range 2 {
				if got, want := c.ask(t, c.tcp, at), fmt.Sprintf("web of %d: %s", command.Process.Pid, c.want); got != want {
					t.Errorf("answered %q, want %q", got, want)
				}
				if got, want := c.ask(t, c.unix, file), fmt.Sprintf("local of %d: %s", command.Process.Pid, c.want); got != want {
					t.Errorf("answered %q, want %q", got, want)
				}
			}
		})
	}
}

// start starts a program that the test's end kills, and logs what it complained
// of if the test failed.
func start(t *testing.T, c *exec.Cmd, stderr *awaited) {
	t.Helper()
	c.Stderr = stderr
	must(t, c.Start())
	t.Cleanup(func() {
		c.Wait()
		if t.Failed() {
			t.Log(stderr.got.String())
		}
	})
}

// An awaited is what a program writes, in which a text is to be seen so many
// times.
type awaited struct {
	text  string
	count int
	seen  chan struct{}
	got   bytes.Buffer
}

func (a *awaited) Write(p []byte) (int, error) {
	before := bytes.Count(a.got.Bytes(), []byte(a.text))
	a.got.Write(p)
	if now := bytes.Count(a.got.Bytes(), []byte(a.text)); before < a.count && now >= a.count {
		close(a.seen)
	}
	return len(p), nil
}

// free is an address that nobody has: a loopback address of this test's own, so
// that nobody gets the port meanwhile.
func free(t *testing.T, network string) string {
	t.Helper()
	host := fmt.Sprintf("127.77.%d.%d:0", rand.N(256), 1+rand.N(254))
	if network == "udp" {
		c, err := net.ListenPacket(network, host)
		must(t, err)
		defer c.Close()
		return c.LocalAddr().String()
	}
	l, err := net.Listen(network, host)
	must(t, err)
	defer l.Close()
	return l.Addr().String()
}
