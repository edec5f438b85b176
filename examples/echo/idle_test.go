package main

import (
	"errors"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/examples/internal/programtest"
)

// TestIdle has ten thousand clients, of which a few go on talking: these stay, and
// the others are dropped, not before their time and in the order in which it is up.
func TestIdle(t *testing.T) {
	t.Parallel()
	count, idle := 10000, 3*time.Second
	if testing.Short() {
		count, idle = 500, 2*time.Second
	}
	const busy = 10
	server, addr := startServer(t, "127.0.0.1:0", "-poller", "-idle", idle.String())
	at, err := sock.ParseAddr(addr)
	if err != nil {
		t.Fatal(err)
	}
	clients, last := make([]*sock.Socket, count), make([]time.Time, count)
	come := func(i int) {
		clients[i] = connected(t, at)
		last[i] = time.Now() // the server's time of it is later
		if err := ping(clients[i]); err != nil {
			t.Fatal(err)
		}
	}
	for i := range busy {
		come(i)
	}
	var talk sync.WaitGroup
	end := make(chan bool)
	talk.Go(func() {
		for {
			for _, c := range clients[:busy] {
				if err := ping(c); err != nil {
					t.Error("one that talks was dropped: ", err)
					return
				}
			}
			select {
			case <-end:
				return
			case <-time.After(idle / 8):
			}
		}
	})
	for i := busy; i < count; i++ {
		come(i)
	}
	took := time.Since(last[0])
	used := cpuTime(t, server)

	early, late := 0, time.Duration(0)
	for i := busy; i < count; i++ {
		clients[i].SetReadDeadline(time.Now().Add(programtest.Patience))
		if n, err := clients[i].Recv(make([]byte, 1), 0); n != 0 || err != nil {
			t.Fatalf("client %d receives %d, %v; want the end", i, n, err)
		}
		stayed := time.Since(last[i])
		if stayed < idle {
			early++
		}
		late = max(late, stayed-idle)
	}
	if early > 0 {
		t.Errorf("%d were dropped before their time", early)
	}
	close(end)
	talk.Wait()
	t.Logf("%d clients came in %v, and were dropped at most %v late; CPU time of the server for that: %v", count, took, late, cpuTime(t, server)-used)
	server.Signal(os.Interrupt)
	if n := strings.Count(server.Out.String(), errQuiet.Error()); n != count-busy {
		t.Errorf("%d were dropped, want %d", n, count-busy)
	}
}

// ping sends a byte and receives it.
func ping(s *sock.Socket) error {
	if err := sendAll(s, []byte("x")); err != nil {
		return err
	}
	n, err := s.Recv(make([]byte, 1), 0)
	if err == nil && n != 1 {
		err = errors.New("the server sends no more")
	}
	return err
}

// TestIdleGlutton has a client that sends and does not read: when nothing more can
// be sent to it, it has the same time as one that is silent.
func TestIdleGlutton(t *testing.T) {
	t.Parallel()
	onServers(t, "tcp4", func(t *testing.T, flags ...string) {
		if flags == nil {
			t.Skip("server.go drops nobody")
		}
		server, addr := startServer(t, "127.0.0.1:0", append(flags, "-idle", "500ms")...)
		c := programtest.Dial(t, addr)
		data := noise(1 << 16)
		for start := time.Now(); ; {
			if _, err := c.Write(data); err != nil {
				if took := time.Since(start); took < 500*time.Millisecond {
					t.Errorf("dropped after %v: %v", took, err)
				}
				break
			}
		}
		server.Out.Find(t, errQuiet.Error())
		server.Signal(os.Interrupt)
	})
}
