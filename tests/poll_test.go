//go:build linux || freebsd || darwin || netbsd || openbsd || dragonfly

package sock_test

import (
	"errors"
	"math"
	"net"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/internal/selector"
)

// A pollerKind is a column of the table in Ready's comment.
type pollerKind string

const (
	byEpoll  pollerKind = "epoll"
	byKqueue pollerKind = "kqueue"
	byPoll   pollerKind = "poll(2)" // with the build tag sock_poll
)

const pollable = sock.Ready(selector.Edge - 1) // all that is no mode

var (
	pollerHere = func() pollerKind {
		switch {
		case selector.SplitEvents:
			return byKqueue
		case pollerHas&sock.Exclusive != 0:
			return byEpoll
		}
		return byPoll
	}()
	pollerHas = sock.Ready(selector.Supported)
)

// needPoller skips a test of what this system's Poller refuses:
// TestPollUnsupported sees that it does.
func needPoller(t testing.TB, what sock.Ready) {
	t.Helper()
	if lacks := what &^ pollerHas; lacks != 0 {
		t.Skipf("%v: not with %v on %s", lacks, pollerHere, runtime.GOOS)
	}
}

// newPoller makes one that the test's end closes.
func newPoller(t testing.TB) *sock.Poller {
	t.Helper()
	p, err := sock.NewPoller()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// attend adds s to p, non-blocking.
func attend(t testing.TB, p *sock.Poller, s *sock.Socket, want sock.Ready) {
	t.Helper()
	s.SetNonblock(true)
	if err := p.Add(s, want, s.FD()); err != nil {
		t.Fatal(err)
	}
}

// A while in which what is there would have been reported.
const quietFor = 20 * time.Millisecond

// nothing fails the test if p reports anything.
func nothing(t testing.TB, p *sock.Poller, when string) {
	t.Helper()
	var events [4]sock.Event
	if n, err := p.Wait(events[:], quietFor); n != 0 || err != nil {
		t.Errorf("%s: Wait reports %v, %v", when, events[:n], err)
	}
}

// wantEvent fails the test unless p wantEvent of s alone, within ten seconds all of want,
// and nothing else but perhaps the bits of maybe. It may come in parts: on some
// systems the sender is done before the receiver has it.
func wantEvent(t testing.TB, p *sock.Poller, s *sock.Socket, want, maybe sock.Ready) {
	t.Helper()
	var events [4]sock.Event
	var got sock.Ready
	for end := time.Now().Add(10 * time.Second); got&want != want; {
		n, err := p.Wait(events[:], time.Until(end))
		if n != 1 || err != nil || events[0].Socket != s {
			t.Fatalf("Wait = %v, %v; %v so far, want %v", events[:n], err, got, want)
		}
		if e := events[0]; e.FD != s.FD() || e.Data != s.FD() || e.Ready == 0 {
			t.Fatalf("Wait reports %+v, of %d", e, s.FD())
		}
		got |= events[0].Ready
	}
	if got&^(want|maybe) != 0 {
		t.Fatalf("Wait reported %v, want %v, perhaps with %v", got, want, maybe)
	}
}

// A waited is what a Wait returned.
type waited struct {
	n   int
	err error
}

// beginWait is p.Wait in a goroutine. It returns once that waits, or holds a
// thread, as all but epoll does.
func beginWait(t testing.TB, p *sock.Poller, events []sock.Event, timeout time.Duration) <-chan waited {
	t.Helper()
	states := "IO wait"
	if pollerHere != byEpoll {
		states = "syscall"
	}
	id := make(chan string, 1)
	result := make(chan waited, 1)
	go func() {
		var b [64]byte
		id <- strings.Fields(string(b[:runtime.Stack(b[:], false)]))[1]
		n, err := p.Wait(events, timeout)
		result <- waited{n, err}
	}()
	mine := "\ngoroutine " + recvTimeout(t, id) + " [" + states
	eventually(t, "waiting", func() bool {
		if len(result) > 0 {
			t.Fatal("it did not wait, and returned ", <-result)
		}
		return strings.Contains("\n"+stacks(), mine)
	})
	return result
}

func isWaited(t testing.TB, c <-chan waited, n int, err error) {
	t.Helper()
	w := recvTimeout(t, c)
	wantErr(t, w.err, err)
	if w.n != n {
		t.Errorf("Wait reported %d, want %d", w.n, n)
	}
}

var pollNetworks = []string{"tcp4", "pair"}

func TestPollLevel(t *testing.T) {
	t.Parallel()
	for _, network := range pollNetworks {
		t.Run(network, func(t *testing.T) {
			s, peer := streams(t, network)
			p := newPoller(t)
			attend(t, p, s, sock.Readable)
			nothing(t, p, "at first")
			send(t, peer, "ab")
			for range 3 {
				wantEvent(t, p, s, sock.Readable, 0)
			}
			recv(t, s, 1, 0, "a")
			wantEvent(t, p, s, sock.Readable, 0)
			recv(t, s, 9, 0, "b")
			nothing(t, p, "all received")

			wantErr(t, p.Modify(s, sock.Writable), nil)
			for range 3 {
				wantEvent(t, p, s, sock.Writable, 0)
			}
			wantErr(t, p.Modify(s, sock.Readable|sock.Writable), nil)
			wantEvent(t, p, s, sock.Writable, 0)
			send(t, peer, "c")
			for range 3 {
				wantEvent(t, p, s, sock.Readable|sock.Writable, 0)
			}
			wantErr(t, p.Modify(s, 0), nil)
			nothing(t, p, "it wants nothing")
			wantErr(t, p.Modify(s, sock.Readable), nil)
			wantEvent(t, p, s, sock.Readable, 0)
			wantErr(t, p.Remove(s), nil)
			nothing(t, p, "removed")
			wantErr(t, p.Add(s, sock.Readable, s.FD()), nil)
			wantEvent(t, p, s, sock.Readable, 0)
		})
	}
}

// What is readable, writable and at its end, or hung up, is one Event, however many
// the kernel makes of it.
func TestPollOneEvent(t *testing.T) {
	t.Parallel()
	for _, network := range pollNetworks {
		for _, mode := range []sock.Ready{0, sock.OneShot, sock.Edge} {
			t.Run(network+" "+mode.String(), func(t *testing.T) {
				needPoller(t, mode)
				p := newPoller(t)
				var all []*sock.Socket
				for range 5 {
					s, peer := streams(t, network)
					if network == "pair" {
						send(t, peer, "x")
						end(t, peer) // with all its bits
					} else {
						wantErr(t, peer.CloseWrite(), nil)
						wantErr(t, readable(s, sock.Readable), nil)
					}
					all = append(all, s)
				}
				for _, s := range all {
					attend(t, p, s, pollerHas&pollable|mode)
				}
				events := make([]sock.Event, 30)
				for range 3 {
					n, err := p.Wait(events, 0)
					wantErr(t, err, nil)
					seen := map[*sock.Socket]bool{}
					for _, e := range events[:n] {
						if seen[e.Socket] {
							t.Errorf("two for one Socket: %v", events[:n])
						}
						seen[e.Socket] = true
						if e.Ready&(sock.Readable|sock.Writable) != sock.Readable|sock.Writable {
							t.Errorf("a half of it: %v", e.Ready)
						}
					}
					if n != len(all) {
						t.Fatalf("%d events, want %d", n, len(all))
					}
					if mode != 0 {
						if n, err := p.Wait(events, quietFor); n != 0 || err != nil {
							t.Errorf("reported again: %v, %v", events[:n], err)
						}
						break
					}
				}
			})
		}
	}
}

// Once, and nothing whatever happens, until Modify.
func TestPollOneShot(t *testing.T) {
	t.Parallel()
	for _, network := range pollNetworks {
		t.Run(network, func(t *testing.T) {
			s, peer := streams(t, network)
			fillBufferFirmly(t, s)
			p := newPoller(t)
			attend(t, p, s, sock.Readable|sock.Writable|sock.OneShot)
			nothing(t, p, "full, and nothing came")
			send(t, peer, "a")
			wantEvent(t, p, s, sock.Readable, 0)
			nothing(t, p, "reported already")
			send(t, peer, "b")
			nothing(t, p, "more of the same")
			drainAll(t, s, peer)
			wantErr(t, writable(s), nil)
			nothing(t, p, "the other direction")

			wantErr(t, p.Modify(s, sock.Readable|sock.OneShot), nil)
			wantEvent(t, p, s, sock.Readable, 0)
			nothing(t, p, "reported after Modify")
			wantErr(t, p.Modify(s, sock.Readable|sock.Writable|sock.OneShot), nil)
			wantEvent(t, p, s, sock.Readable|sock.Writable, 0)
			wantErr(t, peer.Close(), nil)
			wantErr(t, hungUp(s), nil)
			nothing(t, p, "a hang-up")
			wantErr(t, p.Modify(s, sock.Readable|sock.OneShot), nil)
			wantEvent(t, p, s, sock.Readable, sock.Hangup|sock.Failed)
			nothing(t, p, "the hang-up reported")
			wantErr(t, p.Modify(s, sock.Readable), nil)
			for range 3 {
				wantEvent(t, p, s, sock.Readable, sock.Hangup|sock.Failed)
			}
			wantErr(t, p.Remove(s), nil)
		})
	}
}

// Armed before anything is there, and each time again, it is reported each time.
func TestPollOneShotAgain(t *testing.T) {
	t.Parallel()
	s, peer := streams(t, "tcp4")
	p := newPoller(t)
	attend(t, p, s, sock.Readable|sock.OneShot)
	for range 100 {
		wantErr(t, p.Modify(s, sock.Readable|sock.OneShot), nil)
		send(t, peer, "x")
		wantEvent(t, p, s, sock.Readable, 0)
		recv(t, s, 9, 0, "x")
	}
	nothing(t, p, "received, and reported")
}

// writable and hungUp wait for what a Poller must not tell.
func writable(s *sock.Socket) error { return readable(s, sock.Writable) }

func hungUp(s *sock.Socket) error {
	for {
		_, err := s.Recv(make([]byte, 64<<10), 0)
		if err == sock.ErrWouldBlock {
			err = readable(s, sock.Readable)
		} else if err == nil || errors.Is(err, syscall.ECONNRESET) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// What this system's Poller cannot do it refuses, by name.
func TestPollUnsupported(t *testing.T) {
	t.Parallel()
	has := map[pollerKind]sock.Ready{
		byEpoll:  pollable | sock.Edge | sock.OneShot | sock.Exclusive,
		byKqueue: pollable | sock.Edge | sock.OneShot,
		byPoll:   pollable | sock.OneShot,
	}[pollerHere]
	if pollerHere == byKqueue && (runtime.GOOS == "freebsd" || runtime.GOOS == "netbsd") {
		has &^= sock.Priority
	}
	s, _ := streams(t, "pair")
	s.SetNonblock(true)
	p := newPoller(t)
	for bit := sock.Readable; bit <= sock.Exclusive; bit <<= 1 {
		err := p.Add(s, bit, nil)
		if has&bit != 0 {
			wantErr(t, err, nil)
			wantErr(t, p.Remove(s), nil)
			continue
		}
		wantErr(t, err, errors.ErrUnsupported)
		if err == nil || !strings.Contains(err.Error(), bit.String()) {
			t.Errorf("%v does not name %v", err, bit)
		}
		wantErr(t, p.Add(s, sock.Readable, s.FD()), nil)
		wantErr(t, p.Modify(s, bit), errors.ErrUnsupported)
		wantErr(t, p.Remove(s), nil)
	}
}

// Exclusive goes with few bits, and not with Modify: all of it is said clearly.
func TestPollExclusiveBits(t *testing.T) {
	t.Parallel()
	needPoller(t, sock.Exclusive)
	l, _ := listening(t, "tcp4")
	l.SetNonblock(true)
	p := newPoller(t)
	for _, with := range []sock.Ready{sock.Priority, sock.ReadClosed, sock.OneShot, sock.Edge | sock.OneShot} {
		err := p.Add(l, sock.Readable|sock.Exclusive|with, nil)
		wantErr(t, err, syscall.EINVAL)
		if err == nil || !strings.Contains(err.Error(), "Exclusive goes with") {
			t.Errorf("%v does not say why", err)
		}
	}
	for _, with := range []sock.Ready{0, sock.Readable, sock.Readable | sock.Edge, sock.Readable | sock.Writable | sock.Edge} {
		wantErr(t, p.Add(l, sock.Exclusive|with, nil), nil)
		err := p.Modify(l, sock.Readable)
		wantErr(t, err, syscall.EINVAL)
		if err == nil || !strings.Contains(err.Error(), "remove it") {
			t.Errorf("%v does not say what to do", err)
		}
		wantErr(t, p.Remove(l), nil)
	}
	wantErr(t, p.Add(l, sock.Readable, nil), nil)
	wantErr(t, p.Modify(l, sock.Readable|sock.Exclusive), syscall.EINVAL)
}

// Of two Pollers on one listener at least one hears of each client, and the one that
// does can accept it.
func TestPollExclusive(t *testing.T) {
	t.Parallel()
	needPoller(t, sock.Exclusive)
	l, name := listening(t, "tcp4")
	l.SetNonblock(true)
	const clients = 200
	var reported, accepted atomic.Int64
	done := make(chan bool)
	var group sync.WaitGroup
	var pollers []*sock.Poller
	for range 2 {
		p := newPoller(t)
		wantErr(t, p.Add(l, sock.Readable|sock.Exclusive, nil), nil)
		pollers = append(pollers, p)
		group.Go(func() {
			events := make([]sock.Event, 4)
			for {
				n, err := p.Wait(events, -1)
				if err != nil {
					wantErr(t, err, net.ErrClosed)
					return
				}
				reported.Add(int64(n))
				if c, _, err := l.Accept(); err == nil {
					c.Close()
					if accepted.Add(1) == clients {
						close(done)
					}
				} else {
					wantErr(t, err, sock.ErrWouldBlock)
				}
			}
		})
	}
	for range clients {
		c := open(t, sock.Inet, sock.Stream)
		wantErr(t, c.Connect(name), nil)
		wantErr(t, c.Close(), nil)
	}
	recvTimeout(t, done)
	t.Logf("%d clients, reported %d times", clients, reported.Load())
	for _, p := range pollers {
		wantErr(t, p.Close(), nil)
	}
	group.Wait()
}

// Want 0 is for failures and hang-ups: nothing else is reported, and those unasked.
func TestPollWantNothing(t *testing.T) {
	t.Parallel()
	for _, network := range pollNetworks {
		t.Run(network, func(t *testing.T) {
			s, peer := streams(t, network)
			p := newPoller(t)
			attend(t, p, s, 0)
			nothing(t, p, "writable")
			send(t, peer, "x")
			wantErr(t, readable(s, sock.Readable), nil)
			nothing(t, p, "data")
			if network == "tcp4" {
				abort(t, peer)
				wantEvent(t, p, s, sock.Hangup, sock.Failed)
			} else {
				wantErr(t, peer.CloseWrite(), nil)
				nothing(t, p, "half-closed")
				end(t, peer)
				// Of a reset every system reports. A hang-up without an error
				// kqueue sees in both halves, if it is asked for both.
				if pollerHere == byKqueue {
					wantErr(t, p.Modify(s, sock.Readable|sock.Writable), nil)
				}
				wantEvent(t, p, s, sock.Hangup, sock.Readable|sock.Writable|sock.Failed)
			}
		})
	}
	l, name := listening(t, "tcp4")
	p := newPoller(t)
	attend(t, p, l, 0)
	c := open(t, sock.Inet, sock.Stream)
	wantErr(t, c.Connect(name), nil)
	nothing(t, p, "a client")
}

// Data is any value, and comes back as it was, after Modify too.
func TestPollData(t *testing.T) {
	t.Parallel()
	p := newPoller(t)
	f := func() int { return 77 }
	type pair struct{ a, b any }
	want := map[*sock.Socket]any{}
	for _, data := range []any{nil, 7, "seven", &f, pair{1, nil}, []byte("slice"), map[string]int{"x": 1}, p, struct{}{}, 1.5, errors.New("error")} {
		s := open(t, sock.Inet, sock.Dgram)
		s.SetNonblock(true)
		wantErr(t, p.Add(s, sock.Writable, data), nil)
		want[s] = data
	}
	fn := open(t, sock.Inet, sock.Dgram)
	fn.SetNonblock(true)
	wantErr(t, p.Add(fn, sock.Writable, f), nil)
	events := make([]sock.Event, 2*len(want))
	for range 2 {
		n, err := p.Wait(events, -1)
		if n != len(want)+1 || err != nil {
			t.Fatal(n, err)
		}
		for _, e := range events[:n] {
			if e.Socket == fn {
				if g, ok := e.Data.(func() int); !ok || g() != 77 {
					t.Errorf("Data is %T", e.Data)
				}
			} else if w, ok := want[e.Socket]; !ok || !reflect.DeepEqual(e.Data, w) {
				t.Errorf("Data is %v, want %v", e.Data, w)
			}
			wantErr(t, p.Modify(e.Socket, sock.Writable|sock.Readable), nil)
		}
	}
}

func TestPollRegistration(t *testing.T) {
	t.Parallel()
	p, other := newPoller(t), newPoller(t)
	s, _ := streams(t, "tcp4")
	s.SetNonblock(true)
	wantErr(t, p.Modify(s, sock.Readable), syscall.ENOENT)
	wantErr(t, p.Remove(s), syscall.ENOENT)
	wantErr(t, p.Add(s, sock.Readable, nil), nil)
	wantErr(t, p.Add(s, sock.Readable, nil), syscall.EEXIST)
	wantErr(t, p.Add(s, sock.Writable, nil), syscall.EEXIST)
	wantErr(t, other.Modify(s, sock.Readable), syscall.ENOENT)
	wantErr(t, other.Remove(s), syscall.ENOENT)
	nothing(t, p, "the second Add changed nothing")
	wantErr(t, other.Add(s, sock.Writable, s.FD()), nil)
	wantEvent(t, other, s, sock.Writable, 0)
	wantErr(t, p.Remove(s), nil)
	wantErr(t, p.Remove(s), syscall.ENOENT)
	wantErr(t, p.Modify(s, sock.Readable), syscall.ENOENT)
	wantEvent(t, other, s, sock.Writable, 0)
	wantErr(t, p.Add(s, sock.Writable, s.FD()), nil)
	wantEvent(t, p, s, sock.Writable, 0)

	unregistered, _ := streams(t, "tcp4")
	wantErr(t, s.Close(), nil)
	wantErr(t, p.Remove(s), nil)
	wantErr(t, p.Remove(s), nil)
	wantErr(t, other.Remove(s), nil)
	wantErr(t, p.Modify(s, sock.Readable), net.ErrClosed)
	wantErr(t, p.Add(s, sock.Readable, nil), net.ErrClosed)
	wantErr(t, newPoller(t).Add(s, sock.Readable, nil), net.ErrClosed)
	nothing(t, p, "closed")
	nothing(t, other, "closed")
	wantErr(t, p.Remove(unregistered), syscall.ENOENT)
}

// A blocking Socket is refused, with what to do; one that is in may become so.
func TestPollBlockingSocket(t *testing.T) {
	t.Parallel()
	p := newPoller(t)
	s, peer := streams(t, "tcp4")
	err := p.Add(s, sock.Readable, nil)
	wantErr(t, err, syscall.EINVAL)
	if err == nil || !strings.Contains(err.Error(), "SetNonblock") {
		t.Errorf("%v does not name SetNonblock", err)
	}
	wantErr(t, p.Remove(s), syscall.ENOENT)
	attend(t, p, s, sock.Readable)
	s.SetNonblock(false)
	send(t, peer, "x")
	wantEvent(t, p, s, sock.Readable, 0)
	wantErr(t, p.Modify(s, sock.Readable|sock.Writable), nil)
	wantEvent(t, p, s, sock.Readable|sock.Writable, 0)
	recv(t, s, 9, 0, "x")
	wantErr(t, p.Remove(s), nil)
}

// Bits that are none, of the slots' own too.
func TestPollBadBits(t *testing.T) {
	t.Parallel()
	p := newPoller(t)
	s, _ := streams(t, "pair")
	s.SetNonblock(true)
	for bit := sock.Exclusive << 1; bit != 0; bit <<= 1 {
		wantErr(t, p.Add(s, sock.Readable|bit, nil), syscall.EINVAL)
	}
	wantErr(t, p.Add(s, math.MaxUint16, nil), syscall.EINVAL)
	wantErr(t, p.Remove(s), syscall.ENOENT)
	attend(t, p, s, sock.Readable)
	for bit := sock.Exclusive << 1; bit != 0; bit <<= 1 {
		wantErr(t, p.Modify(s, sock.Writable|bit), syscall.EINVAL)
	}
	nothing(t, p, "nothing was changed")
}
