package main

import (
	"errors"
	"io"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/examples/internal/programtest"
)

// A glutton sends as much as it can, and reads nothing until it is asked to.
type glutton struct {
	socket         *sock.Socket
	seed           int
	sent, received int
}

// round is what gluttons send, over and over. Each begins at another place of it.
var round = func() []byte {
	p := noise(1 << 20)
	return append(p, p[:1<<16]...)
}()

func (g *glutton) at(n int) []byte { return round[(g.seed*1009+n)%(1<<20):][:1<<16] }

// TestBackPressure has clients that send and never read: the server does not keep
// what it cannot send back, does not spin, and serves the others. In the end each
// byte comes back, in order.
func TestBackPressure(t *testing.T) {
	t.Parallel()
	// The kernel keeps megabytes for each of them with TCP on the loopback, and
	// some hundred KiB with a path: more of those.
	for network, count := range map[string]int{"tcp4": 20, "unix": 1000} {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			onServers(t, network, func(t *testing.T, flags ...string) {
				if flags == nil {
					t.Skip("who waits in Send does not receive: that is server.go's way")
				}
				backPressure(t, network, count, flags...)
			})
		})
	}
}

func backPressure(t *testing.T, network string, count int, flags ...string) {
	server, addr := startServer(t, programtest.Place(t, network), append(flags, "-idle", "0")...)
	at, err := sock.ParseAddr(addr)
	if err != nil {
		t.Fatal(err)
	}
	before := memory(t, server)
	p, err := sock.NewPoller()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	all := make([]*glutton, count)
	for i := range all {
		g := &glutton{socket: connected(t, at), seed: i}
		if err := ping(g.socket); err != nil { // it is accepted: a full backlog of unix sockets refuses the next
			t.Fatal(err)
		}
		g.socket.SetNonblock(true)
		if err := p.Add(g.socket, sock.Writable, g); err != nil {
			t.Fatal(err)
		}
		all[i] = g
	}

	// Until for a while nobody can send any more.
	const wait = time.Second / 2
	events := make([]sock.Event, 256)
	sent := 0
	for {
		n, err := p.Wait(events, wait)
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			break
		}
		for _, e := range events[:n] {
			g := e.Data.(*glutton)
			n, err := g.socket.Send(g.at(g.sent), 0)
			if err != nil && err != sock.ErrWouldBlock {
				t.Fatal(err)
			}
			g.sent += n
			sent += n
		}
		if sent>>20 > 64*count {
			t.Fatal("they can send without end")
		}
	}
	after, used := memory(t, server), cpuTime(t, server)
	time.Sleep(wait)
	if used = cpuTime(t, server) - used; used > wait/10 {
		t.Errorf("with clients that do not read the server uses %v of %v", used, wait)
	}
	if kib := after - before; kib > 16<<10+count*64 {
		t.Errorf("%d clients that do not read take %d KiB of the server", count, kib)
	}
	other := programtest.Dial(t, addr)
	start := time.Now()
	if _, err := io.WriteString(other, "hello"); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(other, make([]byte, 5)); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d clients sent %d MiB; the server grew from %d to %d KiB, and used %v in %v; another one is answered in %v",
		count, sent>>20, before, after, used, wait, time.Since(start))

	// Now they read.
	for _, g := range all {
		if err := errors.Join(g.socket.CloseWrite(), p.Modify(g.socket, sock.Readable)); err != nil {
			t.Fatal(err)
		}
	}
	buf := make([]byte, 1<<16)
	for left := count; left > 0; {
		n, err := p.Wait(events, programtest.Patience)
		if err != nil || n == 0 {
			t.Fatalf("%d wait for the rest: %d, %v", left, n, err)
		}
		for _, e := range events[:n] {
			g := e.Data.(*glutton)
			n, err := g.socket.Recv(buf, 0)
			switch {
			case err == sock.ErrWouldBlock:
			case err != nil:
				t.Fatal(err)
			case n == 0:
				if g.received != g.sent {
					t.Fatalf("%d bytes came back, want %d", g.received, g.sent)
				}
				g.socket.Close()
				left--
			case string(buf[:n]) != string(g.at(g.received)[:n]):
				t.Fatalf("other bytes came back than were sent, after %d", g.received)
			}
			g.received += n
		}
	}
	server.Signal(os.Interrupt)
}

// connected is a Socket that has a server at the other end; the test's end closes
// it. Where there is no descriptor left for it the test is skipped.
func connected(t *testing.T, at sock.Addr) *sock.Socket {
	t.Helper()
	s, err := sock.Open(at.Domain(), sock.Stream, 0)
	if errors.Is(err, syscall.EMFILE) {
		t.Skip("not enough descriptors: ", err)
	}
	if err == nil {
		t.Cleanup(func() { s.Close() })
		err = s.Connect(at)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}
