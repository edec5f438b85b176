package main

import (
	"net"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/berkeleysockets/sock/examples/internal/programtest"
)

// TestServerFull has more clients than the server has descriptors: at its limit it
// serves those inside, spends next to no time on those at the acceptor, and takes one
// of them in for each that leaves.
func TestServerFull(t *testing.T) {
	t.Parallel()
	onServers(t, "tcp4", serverFull)
}

func serverFull(t *testing.T, flags ...string) {
	inner := programtest.Own(t, append([]string{"-server", "127.0.0.1:0"}, flags...)...)
	server := programtest.Installed(t, "sh", append([]string{"-c", `ulimit -n 24; exec "$0" "$@"`}, inner.Cmd.Args...)...)
	server.Cmd.Env = inner.Cmd.Env
	server.Start(strings.NewReader(""))
	addr := server.Out.Find(t, `server: listening on (.*)\n`)

	// All say hello. Those inside are answered.
	const all = 60
	answered := make(chan net.Conn, all)
	for range all {
		c := programtest.Dial(t, addr)
		go func() {
			c.Write([]byte("hello"))
			if n, _ := c.Read(make([]byte, 5)); n == 5 {
				answered <- c
			}
		}()
	}
	server.Out.Find(t, `server: accept: too many open files\n`)
	var inside []net.Conn
	for quiet := false; !quiet; {
		select {
		case c := <-answered:
			inside = append(inside, c)
		case <-time.After(300 * time.Millisecond): // more than a shut acceptor's delay
			quiet = true
		}
	}
	if n := len(inside); n == 0 || n > 20 {
		t.Fatalf("%d clients are inside", n)
	}

	// What it costs to wait at the limit, for as long as that is to be measured.
	used := cpuTime(t, server)
	const wait = time.Second / 2
	time.Sleep(wait)
	if used = cpuTime(t, server) - used; used > wait/10 {
		t.Errorf("at its limit the server uses %v of %v", used, wait)
	}

	// One leaves, one comes in: all of them in the end.
	var longest time.Duration
	for left := 0; left < all; left++ {
		if len(inside) == 0 {
			t.Fatalf("after %d have left nobody is inside", left)
		}
		inside[0].Close()
		inside = inside[1:]
		if left+len(inside)+1 == all {
			continue
		}
		start := time.Now()
		select {
		case c := <-answered:
			inside = append(inside, c)
			longest = max(longest, time.Since(start))
		case <-time.After(programtest.Patience):
			t.Fatalf("%d have left, %d are inside, and nobody comes in", left+1, len(inside))
		}
	}
	t.Logf("CPU time at the limit: %v of %v; the acceptor opens in %v at most", used, wait, longest)
	server.Signal(os.Interrupt)
	if n := len(regexp.MustCompile(`is for the client`).FindAllString(server.Out.String(), -1)); n != all {
		t.Errorf("the server had %d clients, want %d", n, all)
	}
}
