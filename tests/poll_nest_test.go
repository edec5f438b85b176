//go:build linux || freebsd || darwin || netbsd || openbsd || dragonfly

package sock_test

import (
	"net"
	"testing"
	"time"

	"github.com/berkeleysockets/sock"
)

// TestPollNest shows that a Poller's descriptor is readable in another Poller while it has
// events, and not after they were taken.
func TestPollNest(t *testing.T) {
	t.Parallel()
	inner, outer := newPoller(t), newPoller(t)
	fd := inner.FD()
	if fd < 0 {
		t.Skip("this Poller has no descriptor: poll(2)")
	}
	a, b := streams(t, "pair")
	b.SetNonblock(true)
	wantErr(t, inner.Add(b, sock.Readable, "inner"), nil)
	wantErr(t, outer.AddFD(fd, sock.Readable, "outer"), nil)
	events := make([]sock.Event, 4)
	for range 3 {
		if n, err := outer.Wait(events, 0); n != 0 || err != nil {
			t.Fatal("without an event: ", n, err)
		}
		send(t, a, "x")
		if n, err := outer.Wait(events, 10*time.Second); n != 1 || err != nil || events[0].Data != "outer" || events[0].FD != fd {
			t.Fatal(n, err, events[0])
		}
		if n, err := inner.Wait(events, 0); n != 1 || err != nil || events[0].Data != "inner" {
			t.Fatal(n, err, events[0])
		}
		recv(t, b, 9, 0, "x")
		inner.Wait(events, 0) // epoll looks at a level-triggered socket once more
	}
	wantErr(t, inner.Wake(), nil)
	if n, err := outer.Wait(events, 10*time.Second); n != 1 || err != nil {
		t.Fatal("Wake does not show: ", n, err)
	}
	wantErr(t, outer.RemoveFD(fd), nil)
	wantErr(t, inner.Close(), nil)
	if fd := inner.FD(); fd != -1 {
		t.Error("after Close FD is", fd)
	}
}

// TestPollAll shows that All gives the events of one Wait after another, a Wake as the zero
// Event, and the end as an error.
func TestPollAll(t *testing.T) {
	t.Parallel()
	p := newPoller(t)
	var ends []*sock.Socket
	for i := range 3 {
		a, b := streams(t, "pair")
		b.SetNonblock(true)
		wantErr(t, p.Add(b, sock.Readable, i), nil)
		ends = append(ends, a)
	}
	if p.Len() != 3 {
		t.Error(p.Len())
	}
	for _, a := range ends {
		send(t, a, "x")
	}
	received, wakes := 0, 0
	var last error
	for e, err := range p.All(make([]sock.Event, 2)) {
		switch {
		case err != nil:
			last = err
		case e.Socket == nil:
			wakes++
			wantErr(t, p.Close(), nil)
		default:
			recv(t, e.Socket, 9, 0, "x")
			if received++; received == 3 {
				wantErr(t, p.Wake(), nil)
			}
		}
	}
	if received != 3 || wakes != 1 {
		t.Error(received, wakes)
	}
	wantErr(t, last, net.ErrClosed)

	p = newPoller(t)
	wantErr(t, p.Wake(), nil)
	for range p.All(make([]sock.Event, 1)) {
		break // leaves the loop, and the Poller as it is
	}
	wantErr(t, p.Close(), nil)
}

func TestAllocPollAll(t *testing.T) {
	p := newPoller(t)
	a, b := streams(t, "pair")
	b.SetNonblock(true)
	wantErr(t, p.Add(b, sock.Readable, nil), nil)
	events := make([]sock.Event, 4)
	send(t, a, "x")
	if n := testing.AllocsPerRun(100, func() {
		for e, err := range p.All(events) {
			if err != nil || e.Socket != b {
				t.Fatal(e, err)
			}
			break
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
