//go:build linux || freebsd || darwin || netbsd || openbsd || dragonfly

package sock_test

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/berkeleysockets/sock"
)

// Names short enough for a table.
const (
	rd, wr, pri, rc, wc, hup, bad = sock.Readable, sock.Writable, sock.Priority, sock.ReadClosed, sock.WriteClosed, sock.Hangup, sock.Failed

	ended2   = rd | wr | rc | wc | hup // both halves
	promises = rd | wr | pri           // the others are hints
)

// What Ready says, asked for everything, in each situation. Linux answers the same
// to epoll and to poll(2). Of kqueue's column the promises are exact, and the hints
// all that may come, by ../shared/design/kqueue.md and FreeBSD's filt_soread and
// filt_sowrite. What poll(2) of the BSDs reports is there too, promises and all.
var bitSituations = []struct {
	name   string
	linux  sock.Ready
	kqueue sock.Ready
	unsure sock.Ready // a promise that may be reported or not, but on Linux
	only   string     // a GOOS
	make   func(t *testing.T) *sock.Socket
}{
	{name: "TCP, never connected", linux: wr | rc | wc | hup, kqueue: 0,
		make: func(t *testing.T) *sock.Socket { return open(t, sock.Inet, sock.Stream) }},
	{name: "listening, nobody waits", linux: 0, kqueue: 0,
		make: func(t *testing.T) *sock.Socket { l, _ := listening(t, "tcp4"); return l }},
	{name: "listening, a client waits", linux: rd, kqueue: rd, make: func(t *testing.T) *sock.Socket {
		l, name := listening(t, "tcp4")
		wantErr(t, open(t, sock.Inet, sock.Stream).Connect(name), nil)
		return l
	}},
	{name: "connected", linux: wr, kqueue: wr,
		make: peered("tcp4", func(t *testing.T, s, peer *sock.Socket) {})},
	{name: "data waits", linux: rd | wr, kqueue: rd | wr,
		make: peered("tcp4", func(t *testing.T, s, peer *sock.Socket) { send(t, peer, "x") })},
	{name: "peer half-closed", linux: rd | wr | rc, kqueue: rd | wr | rc,
		make: peered("tcp4", func(t *testing.T, s, peer *sock.Socket) { wantErr(t, peer.CloseWrite(), nil) })},
	{name: "peer half-closed, data unread", linux: rd | wr | rc, kqueue: rd | wr | rc,
		make: peered("tcp4", func(t *testing.T, s, peer *sock.Socket) { send(t, peer, "x"); wantErr(t, peer.CloseWrite(), nil) })},
	{name: "peer closed", linux: rd | wr | rc, kqueue: rd | wr | rc,
		make: peered("tcp4", func(t *testing.T, s, peer *sock.Socket) { wantErr(t, peer.Close(), nil) })},
	{name: "we half-closed", linux: wr, kqueue: wr | wc,
		make: peered("tcp4", func(t *testing.T, s, peer *sock.Socket) { wantErr(t, s.CloseWrite(), nil) })},
	{name: "we shut reading", linux: rd | wr | rc, kqueue: rd | wr | rc,
		make: peered("tcp4", func(t *testing.T, s, peer *sock.Socket) { wantErr(t, s.CloseRead(), nil) })},
	{name: "both half-closed", linux: ended2, kqueue: ended2,
		make: peered("tcp4", func(t *testing.T, s, peer *sock.Socket) {
			wantErr(t, s.CloseWrite(), nil)
			wantErr(t, peer.CloseWrite(), nil)
		})},
	{name: "both half-closed, data unread", linux: ended2, kqueue: ended2, make: peered("tcp4", func(t *testing.T, s, peer *sock.Socket) {
		send(t, peer, "x")
		wantErr(t, peer.CloseWrite(), nil)
		wantErr(t, s.CloseWrite(), nil)
	})},
	{name: "reset", linux: ended2 | bad, kqueue: ended2 | bad,
		make: peered("tcp4", func(t *testing.T, s, peer *sock.Socket) { abort(t, peer) })},
	{name: "connect refused", linux: ended2 | bad, kqueue: ended2 | bad, make: func(t *testing.T) *sock.Socket {
		_, name := bound(t, "tcp4", sock.Stream)
		s := open(t, sock.Inet, sock.Stream)
		s.SetNonblock(true)
		if err := s.Connect(name); !errors.Is(err, syscall.ECONNREFUSED) {
			wantErr(t, err, sock.ErrInProgress)
		}
		return s
	}},
	{name: "urgent data", linux: wr | pri, kqueue: wr | pri, unsure: rd, make: peered("tcp4", func(t *testing.T, s, peer *sock.Socket) {
		n, err := peer.Send([]byte("!"), sock.OOB)
		must(t, n, err, 1)
		_, err = s.Wait(sock.Priority)
		wantErr(t, err, nil)
	})},
	{name: "urgent data after other", linux: rd | wr | pri, kqueue: rd | wr | pri, make: peered("tcp4", func(t *testing.T, s, peer *sock.Socket) {
		n, err := peer.Send([]byte("x!"), sock.OOB)
		must(t, n, err, 2)
		_, err = s.Wait(sock.Priority)
		wantErr(t, err, nil)
	})},
	{name: "no room to send", linux: 0, kqueue: 0,
		make: peered("tcp4", func(t *testing.T, s, peer *sock.Socket) { fillBufferFirmly(t, s) })},
	{name: "no room to send, data waits", linux: rd, kqueue: rd,
		make: peered("tcp4", func(t *testing.T, s, peer *sock.Socket) {
			send(t, peer, "x")
			wantErr(t, readable(s, sock.Readable), nil)
			fillBufferFirmly(t, s)
		})},
	{name: "unix, peer half-closed", linux: rd | wr | rc, kqueue: rd | wr | rc,
		make: peered("pair", func(t *testing.T, s, peer *sock.Socket) { wantErr(t, peer.CloseWrite(), nil) })},
	{name: "unix, peer closed", linux: ended2, kqueue: ended2,
		make: peered("pair", func(t *testing.T, s, peer *sock.Socket) { end(t, peer) })},
	{name: "unix, peer closed, data unread", linux: ended2, kqueue: ended2,
		make: peered("pair", func(t *testing.T, s, peer *sock.Socket) { send(t, peer, "x"); end(t, peer) })},
	{name: "unix, peer closed with data of ours", linux: ended2 | bad, kqueue: ended2 | bad,
		make: peered("pair", func(t *testing.T, s, peer *sock.Socket) { send(t, s, "x"); end(t, peer) })},
	{name: "unix, no room to send", linux: 0, kqueue: 0,
		make: peered("pair", func(t *testing.T, s, peer *sock.Socket) { fillBuffer(t, s) })},
	{name: "UDP", linux: wr, kqueue: wr,
		make: func(t *testing.T) *sock.Socket { s, _ := bound(t, "udp4", sock.Dgram); return s }},
	{name: "UDP, a datagram waits", linux: rd | wr, kqueue: rd | wr, make: func(t *testing.T) *sock.Socket {
		s, to := bound(t, "udp4", sock.Dgram)
		_, err := open(t, sock.Inet, sock.Dgram).SendTo(nil, 0, to) // without a byte
		wantErr(t, err, nil)
		return s
	}},
	{name: "UDP, refused", linux: wr | bad, kqueue: rd | wr, make: func(t *testing.T) *sock.Socket {
		s := deadEnd(t)
		_, err := s.Send([]byte("x"), 0)
		wantErr(t, err, nil)
		return s
	}},
	{name: "UDP, in the error queue", linux: wr | bad, only: "linux", make: func(t *testing.T) *sock.Socket {
		const ipRecvErr = 11 // IP_RECVERR
		s := deadEnd(t)
		wantErr(t, s.WithFD(func(fd int) error { return unix.SetsockoptInt(fd, unix.IPPROTO_IP, ipRecvErr, 1) }), nil)
		_, err := s.Send([]byte("x"), 0)
		wantErr(t, err, nil)
		_, err = s.Recv(make([]byte, 1), 0)
		wantErr(t, err, syscall.ECONNREFUSED) // taken: what is left is in the queue
		return s
	}},
}

// peered makes one end of a connection, after something was done to it.
func peered(network string, do func(t *testing.T, s, peer *sock.Socket)) func(t *testing.T) *sock.Socket {
	return func(t *testing.T) *sock.Socket {
		s, peer := streams(t, network)
		do(t, s, peer)
		return s
	}
}

// deadEnd is connected to a port where nobody is.
func deadEnd(t *testing.T) *sock.Socket {
	s, _ := bound(t, "udp4", sock.Dgram)
	closed, to := bound(t, "udp4", sock.Dgram)
	wantErr(t, s.Connect(to), nil)
	end(t, closed)
	return s
}

// The table of Ready's comment, situation by situation: what a level-triggered
// Poller reports that was asked for everything, and for each bit alone.
func TestPollBits(t *testing.T) {
	t.Parallel()
	table := make([]string, len(bitSituations))
	t.Run("all", func(t *testing.T) { // ends when all in it have
		for i, c := range bitSituations {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				if c.only != "" && c.only != runtime.GOOS {
					t.Skip("there is no such thing but on ", c.only)
				}
				s := c.make(t)
				full := pollerHas & pollable
				got, ok := bits(t, s, full, c.linux, c.kqueue, c.unsure)
				table[i] = fmt.Sprintf("%-36s %v", c.name, got)
				if !ok {
					t.Errorf("%v: reported %v, want %v", full, got, wantBits(full, c.linux, c.kqueue))
				}
				for want := sock.Ready(0); want < sock.Edge; want = max(1, want<<1) {
					if want&^full != 0 {
						continue
					}
					if got, ok := bits(t, s, want, c.linux, c.kqueue, c.unsure); !ok {
						t.Errorf("%v: reported %v, want %v", want, got, wantBits(want, c.linux, c.kqueue))
					}
				}
			})
		}
	})
	t.Logf("%s on %s\n%s", pollerHere, runtime.GOOS, strings.Join(table, "\n"))
}

// wantBits is what this system's column says of those asked for.
func wantBits(want, linux, kqueue sock.Ready) sock.Ready {
	column := linux
	if runtime.GOOS != "linux" {
		column = kqueue
	}
	return column & (want | sock.Hangup | sock.Failed)
}

// bits asks a new Poller for want until it reports what the table says, and then
// once more. Ok is false if in ten seconds it does not.
func bits(t *testing.T, s *sock.Socket, want, linux, kqueue, unsure sock.Ready) (got sock.Ready, ok bool) {
	t.Helper()
	p := newPoller(t)
	defer p.Close()
	attend(t, p, s, want)
	right := func() bool {
		var events [4]sock.Event
		n, err := p.Wait(events[:], quietFor)
		if n > 1 || err != nil {
			t.Fatal(events[:n], err)
		}
		got = events[0].Ready
		column := wantBits(want, linux, kqueue)
		if runtime.GOOS == "linux" {
			return got == column
		}
		unsure &= want
		return (got^column)&promises&^unsure == 0 && got&^(column|unsure) == 0
	}
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); {
		if right() {
			if first := got; want&(rd|wr|rc|sock.Priority) == 0 && got != 0 { // reported once
				return first, runtime.GOOS != "linux" || !right() && got == 0
			}
			return got, right()
		}
	}
	return got, false
}

// Nothing that a peer does makes the Poller tell a bit that was not asked for.
func TestPollBitsUnasked(t *testing.T) {
	t.Parallel()
	for _, want := range []sock.Ready{0, rd, wr, rc, wc, rd | wr, rc | wc} {
		if want&^pollerHas != 0 {
			continue
		}
		for _, network := range present(t, pollNetworks...) {
			s, peer := streams(t, network)
			p := newPoller(t)
			attend(t, p, s, want)
			look := func() {
				var events [4]sock.Event
				n, err := p.Wait(events[:], time.Millisecond)
				wantErr(t, err, nil)
				for _, e := range events[:n] {
					if unasked := e.Ready &^ (want | hup | bad); unasked != 0 || e.Ready == 0 {
						t.Errorf("asked for %v, reported %v", want, e.Ready)
					}
				}
			}
			for _, do := range []func(){
				func() {},
				func() { send(t, peer, "x") },
				func() { fillBuffer(t, s) },
				func() { drain(t, peer) },
				func() { wantErr(t, peer.CloseWrite(), nil) },
				func() { wantErr(t, s.CloseWrite(), nil) },
				func() {
					if err := peer.Close(); err != nil {
						wantErr(t, err, syscall.ECONNRESET)
					}
				},
			} {
				do()
				look()
				look()
			}
		}
	}
}
