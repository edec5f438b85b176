//go:build linux || freebsd || darwin || netbsd || openbsd || dragonfly

package sock_test

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/internal/testhook"
)

// An event is for a Socket and never for a descriptor's number.

// stalePair returns a connected pair, a of which is non-blocking.
func stalePair(t testing.TB) (a, b *sock.Socket) {
	t.Helper()
	a, b = streams(t, "pair")
	a.SetNonblock(true)
	return a, b
}

// staleQuiet fails the test if p reports an event at once.
func staleQuiet(t testing.TB, p *sock.Poller, what string) {
	t.Helper()
	events := make([]sock.Event, 8)
	n, err := p.Wait(events, 0)
	wantErr(t, err, nil)
	for _, e := range events[:n] {
		t.Errorf("%s: reported %v of %d, with %v", what, e.Ready, e.FD, e.Data)
	}
}

// staleReported waits for one event, which is to carry data.
func staleReported(t testing.TB, p *sock.Poller, s *sock.Socket, data any) {
	t.Helper()
	events := make([]sock.Event, 8)
	n, err := p.Wait(events, 10*time.Second)
	wantErr(t, err, nil)
	if n != 1 || events[0].Socket != s || events[0].Data != data || events[0].Ready&sock.Readable == 0 {
		t.Errorf("reported %+v, want one event, Readable, of %p with %v", events[:n], s, data)
	}
}

func staleSend(t testing.TB, s *sock.Socket) {
	t.Helper()
	if _, err := s.Send([]byte{1}, 0); err != nil {
		t.Error(err)
	}
}

// The handler of a batch's first event closes all the others, and opens as many
// again: their numbers are reused now, by sockets that have data.
func TestStaleInOneBatch(t *testing.T) {
	t.Parallel()
	p := newPoller(t)
	const n = 16
	old := map[*sock.Socket]int{}
	for range n {
		a, b := stalePair(t)
		wantErr(t, p.Add(a, sock.Readable, nil), nil)
		staleSend(t, b)
		old[a] = a.FD()
	}
	events := make([]sock.Event, 2*n)
	got, err := p.Wait(events, 10*time.Second)
	wantErr(t, err, nil)
	if got != n {
		t.Fatalf("%d events, want %d", got, n)
	}
	numbers := map[int]bool{}
	for _, e := range events[1:got] {
		numbers[e.FD] = true
		wantErr(t, e.Socket.Close(), nil)
	}
	reused := 0
	for range n {
		a, b := streams(t, "pair")
		for _, s := range []*sock.Socket{a, b} {
			if numbers[s.FD()] {
				reused++
			}
		}
		a.Send([]byte("strange"), 0)
		b.Send([]byte("strange"), 0)
	}
	for _, e := range events[1:got] {
		if old[e.Socket] != e.FD {
			t.Errorf("an event of %p with descriptor %d, which was %d", e.Socket, e.FD, old[e.Socket])
		}
		b := make([]byte, 9)
		if n, err := e.Socket.Recv(b, 0); n != 0 || !errors.Is(err, net.ErrClosed) {
			t.Errorf("a closed Socket received %q, %v", b[:n], err)
		}
		wantErr(t, p.Modify(e.Socket, sock.Writable), net.ErrClosed)
		wantErr(t, p.Remove(e.Socket), nil)
	}
	first := events[0].Socket
	if n, err := first.Recv(make([]byte, 9), 0); n != 1 || err != nil {
		t.Errorf("the first received %d, %v", n, err)
	}
	staleQuiet(t, p, "the rest of the batch is closed")
	t.Logf("%d of %d numbers were used again", reused, got-1)
}

// A staleLife is one registration of TestStaleReuse.
type staleLife struct {
	s         *sock.Socket
	token     [8]byte
	silent    bool          // nothing is sent to it
	removedAt atomic.Uint64 // the last Wait that had begun when Remove or Close returned
}

// Descriptor numbers are reused as fast as possible while another goroutine waits.
func TestStaleReuse(t *testing.T) {
	t.Parallel()
	rounds := 100_000
	if testing.Short() || raceDetector {
		rounds = 20_000
	}
	p := newPoller(t)
	noise, from := stalePair(t) // so that the waiter never sleeps
	staleSend(t, from)
	wantErr(t, p.Add(noise, sock.Readable, nil), nil)
	var began, reported, late, received, dropped atomic.Uint64
	var wg sync.WaitGroup
	wg.Go(func() {
		events := make([]sock.Event, 4)
		for {
			wait := began.Add(1)
			var n, fetched int
			var err error
			if wait%2 == 0 && pollerHere != byKqueue {
				n, fetched, err = testhook.PollOnce(p, events, runtime.Gosched)
				dropped.Add(uint64(fetched - n))
			} else {
				n, err = p.Wait(events, -1)
			}
			if err != nil {
				wantErr(t, err, net.ErrClosed)
				return
			}
			for _, e := range events[:n] {
				if e.Socket == noise {
					continue
				}
				reported.Add(1)
				life := e.Data.(*staleLife)
				if life.s != e.Socket {
					t.Errorf("an event of %p with the data of %p", e.Socket, life.s)
				}
				if removed := life.removedAt.Load(); removed != 0 && wait > removed {
					t.Errorf("reported by Wait %d of what was removed when only %d had begun", wait, removed)
				}
				if life.silent {
					t.Errorf("reported %v of one to whom nothing was sent", e.Ready)
				}
				var b [8]byte
				switch n, err := e.Socket.Recv(b[:], 0); {
				case n > 0 && b != life.token:
					t.Errorf("%x received what was sent to %x", life.token, b)
				case n > 0:
					received.Add(1)
				case errors.Is(err, net.ErrClosed):
					late.Add(1)
				}
			}
		}
	})
	highest := 0
	for i := range rounds {
		a, b, err := sock.Pair(sock.Unix, sock.Stream, 0)
		if err != nil {
			t.Error(err)
			break
		}
		a.SetNonblock(true)
		life := &staleLife{s: a, silent: i%4 == 3}
		binary.NativeEndian.PutUint64(life.token[:], uint64(i+1)*0x9e3779b97f4a7c15)
		wantErr(t, p.Add(a, sock.Readable, life), nil)
		if !life.silent {
			b.Send(life.token[:], 0)
		}
		highest = max(highest, a.FD(), b.FD())
		switch i % 4 {
		case 0: // while the waiter is busy with it
			runtime.Gosched()
		case 1:
			wantErr(t, p.Remove(a), nil)
			life.removedAt.Store(began.Load())
		case 2: // armed again, what was fetched is of the past
			wantErr(t, p.Modify(a, sock.Readable|sock.Writable), nil)
		}
		wantErr(t, a.Close(), nil)
		life.removedAt.CompareAndSwap(0, began.Load())
		wantErr(t, b.Close(), nil)
		if t.Failed() {
			break
		}
	}
	wantErr(t, p.Close(), nil)
	wg.Wait()
	t.Logf("%d rounds on descriptors up to %d: %d events, %d of Sockets closed meanwhile, %d with data, %d Waits; %d stale ones dropped that were counted",
		rounds, highest, reported.Load(), late.Load(), received.Load(), began.Load(), dropped.Load())
}

// A second Socket on the description keeps what the kernel has registered alive:
// Close and Remove end it all the same.
func TestStaleDup(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(p *sock.Poller, s *sock.Socket) error{
		"close":  func(p *sock.Poller, s *sock.Socket) error { return s.Close() },
		"remove": (*sock.Poller).Remove,
	} {
		for _, want := range []sock.Ready{sock.Readable, sock.Readable | sock.Writable, sock.Readable | sock.OneShot} {
			p := newPoller(t)
			a, b := stalePair(t)
			c, err := a.Dup()
			wantErr(t, err, nil)
			defer c.Close()
			wantErr(t, p.Add(a, want, "original"), nil)
			wantErr(t, end(p, a), nil)
			staleSend(t, b)
			if ready, err := c.Wait(sock.Readable); ready&sock.Readable == 0 || err != nil {
				t.Error(name, ready, err)
			}
			staleQuiet(t, p, name+" "+want.String())

			// The copy is a Socket like any other.
			c.SetNonblock(true)
			wantErr(t, p.Add(c, sock.Readable, "copy"), nil)
			staleReported(t, p, c, "copy")
			wantErr(t, p.Remove(a), map[string]error{"remove": syscall.ENOENT}[name])
			staleReported(t, p, c, "copy")
		}
	}
}

// Both Sockets of one description in one Poller are two.
func TestStaleDupBeside(t *testing.T) {
	t.Parallel()
	p := newPoller(t)
	a, b := stalePair(t)
	c, err := a.Dup()
	wantErr(t, err, nil)
	defer c.Close()
	c.SetNonblock(true)
	wantErr(t, p.Add(a, sock.Readable, "a"), nil)
	wantErr(t, p.Add(c, sock.Readable, "c"), nil)
	staleSend(t, b)
	events := make([]sock.Event, 8)
	n, err := p.Wait(events, 10*time.Second)
	wantErr(t, err, nil)
	if n != 2 || events[0].Data == events[1].Data {
		t.Errorf("reported %+v", events[:n])
	}
	wantErr(t, a.Close(), nil)
	staleReported(t, p, c, "c")
}

func init() { children["stale copy"] = staleCopyChild }

// staleCopyChild holds the socket it was given, and says what comes.
func staleCopyChild([]string) error {
	all, err := sock.Inherited()
	if err != nil || len(all) != 1 {
		return fmt.Errorf("inherited %d, %v", len(all), err)
	}
	fmt.Println("ready")
	var b [9]byte
	n, err := all[0].Recv(b[:], 0)
	fmt.Println("received", n, err)
	all[0].Close()
	return nil
}

// A child has a copy, which lives on as a Dup does.
func TestStaleChild(t *testing.T) {
	t.Parallel()
	for _, closes := range []bool{true, false} {
		p := newPoller(t)
		a, b := stalePair(t)
		wantErr(t, p.Add(a, sock.Readable, nil), nil)
		f, err := a.File()
		if err != nil {
			t.Fatal(err)
		}
		c := child(t, "stale copy")
		c.Env = append(c.Env, "LISTEN_FDS=1")
		c.ExtraFiles = []*os.File{f}
		out, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		f.Close()
		lines := bufio.NewReader(out)
		if line, err := lines.ReadString('\n'); line != "ready\n" {
			t.Error(line, err)
		}
		if closes {
			wantErr(t, a.Close(), nil)
		} else {
			wantErr(t, p.Remove(a), nil)
		}
		staleSend(t, b)
		staleQuiet(t, p, "a child has it")
		if line, err := lines.ReadString('\n'); line != "received 1 <nil>\n" {
			t.Error(line, err)
		}
		wantErr(t, c.Wait(), nil)
	}
}

// Each of many Pollers has the Socket with data of its own; it leaves them in
// whatever order.
func TestStaleManyPollers(t *testing.T) {
	t.Parallel()
	for _, order := range [][]int{{0}, {0, 1}, {1, 0}, {0, 1, 2, 3, 4}, {4, 3, 2, 1, 0}, {2, 0, 4, 1, 3}, {1, 4, 0, 3, 2}} {
		a, b := stalePair(t)
		copied, err := a.Dup() // so that only our own removal ends anything
		wantErr(t, err, nil)
		defer copied.Close()
		pollers := make([]*sock.Poller, len(order))
		for i := range pollers {
			pollers[i] = newPoller(t)
			wantErr(t, pollers[i].Add(a, sock.Readable, i), nil)
			wantErr(t, pollers[i].Add(a, sock.Readable, -1), syscall.EEXIST)
		}
		staleSend(t, b)
		in := map[int]bool{}
		for i := range pollers {
			in[i] = true
		}
		look := func() {
			t.Helper()
			for i, p := range pollers {
				if in[i] {
					staleReported(t, p, a, i)
				} else {
					staleQuiet(t, p, "left")
					wantErr(t, p.Modify(a, sock.Readable), syscall.ENOENT)
				}
			}
		}
		look()
		for _, i := range order {
			wantErr(t, pollers[i].Remove(a), nil)
			wantErr(t, pollers[i].Remove(a), syscall.ENOENT)
			in[i] = false
			look()
		}
		for i, p := range pollers {
			wantErr(t, p.Add(a, sock.Readable, i), nil)
			in[i] = true
		}
		look()
		if len(order) > 1 { // one of them ends
			wantErr(t, pollers[order[0]].Close(), nil)
			for i, p := range pollers {
				if i != order[0] {
					staleReported(t, p, a, i)
				}
			}
		}
		wantErr(t, a.Close(), nil)
		for _, i := range order[1:] {
			staleQuiet(t, pollers[i], "closed")
			wantErr(t, pollers[i].Remove(a), nil)
		}
	}
}

// A Socket goes from one Poller to the other and back while it receives. What one
// has reported and not yet received, or not reported at all, the other reports.
func TestStaleMoved(t *testing.T) {
	t.Parallel()
	for _, mode := range []sock.Ready{0, sock.Edge} {
		if mode&^pollerHas != 0 {
			continue
		}
		const total = 200_000
		a, b := stalePair(t)
		var received atomic.Int64
		var by [2]atomic.Int64
		var wg sync.WaitGroup
		pollers := []*sock.Poller{newPoller(t), newPoller(t)}
		done := make(chan bool)
		for i, p := range pollers {
			wg.Go(func() {
				events := make([]sock.Event, 4)
				var buf [256]byte
				for {
					n, err := p.Wait(events, -1)
					if err != nil {
						return
					}
					for range events[:n] {
						by[i].Add(1)
						for {
							n, err := a.Recv(buf[:], 0)
							if err != nil {
								break
							}
							if received.Add(int64(n)) == total {
								close(done)
							}
							if mode == 0 || n < len(buf) { // the rest is reported again, or as an edge
								break
							}
						}
					}
				}
			})
		}
		wg.Go(func() {
			var some [100]byte
			for range total / len(some) {
				if _, err := b.Write(some[:]); err != nil {
					t.Error(err)
					return
				}
				for range 20 {
					runtime.Gosched()
				}
			}
		})
		moves := 0
		wantErr(t, pollers[0].Add(a, sock.Readable|mode, nil), nil)
		for moving := true; moving; moves++ {
			wantErr(t, pollers[moves%2].Remove(a), nil)
			wantErr(t, pollers[(moves+1)%2].Add(a, sock.Readable|mode, nil), nil)
			before := by[0].Load() + by[1].Load()
			for range 100 { // to let somebody be reported
				runtime.Gosched()
				if by[0].Load()+by[1].Load() > before {
					break
				}
			}
			select {
			case <-done:
				moving = false
			default:
				moving = !t.Failed()
			}
			if moves == 1<<20 {
				t.Errorf("%v: %d of %d bytes after %d moves", mode, received.Load(), total, moves)
				moving = false
			}
		}
		wantErr(t, a.Close(), nil)
		wantErr(t, b.Close(), nil)
		for _, p := range pollers {
			wantErr(t, p.Close(), nil)
		}
		wg.Wait()
		t.Logf("mode %v: %d moves, %d and %d events", mode, moves, by[0].Load(), by[1].Load())
	}
}

// What Detach returns is not in the Poller, though it is the same description.
func TestStaleDetach(t *testing.T) {
	t.Parallel()
	p := newPoller(t)
	a, b := stalePair(t)
	wantErr(t, p.Add(a, sock.Readable, "before"), nil)
	fd, err := a.Detach()
	wantErr(t, err, nil)
	staleSend(t, b)
	staleQuiet(t, p, "detached")
	wantErr(t, p.Remove(a), nil)
	wantErr(t, p.Modify(a, sock.Readable), net.ErrClosed)
	wantErr(t, p.Add(a, sock.Readable, nil), net.ErrClosed)
	again, err := sock.FromFD(fd)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	again.SetNonblock(true)
	wantErr(t, p.Add(again, sock.Readable, "after"), nil)
	staleReported(t, p, again, "after")
}

// A socket that was handed over to package net is not in the Poller either.
func TestStaleHandover(t *testing.T) {
	t.Parallel()
	p := newPoller(t)
	client, server := streams(t, "tcp4")
	server.SetNonblock(true)
	wantErr(t, p.Add(server, sock.Readable|sock.Writable, nil), nil)
	c, err := server.NetConn()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	staleSend(t, client)
	c.SetDeadline(time.Now().Add(10 * time.Second))
	if n, err := io.ReadFull(c, make([]byte, 1)); n != 1 || err != nil {
		t.Errorf("package net read %d, %v", n, err)
	}
	staleSend(t, client)
	staleQuiet(t, p, "handed over")
	wantErr(t, p.Remove(server), nil)

	// And back.
	back, err := sock.FromConn(c.(syscall.Conn))
	if err != nil {
		t.Fatal(err)
	}
	defer back.Close()
	back.SetNonblock(true)
	wantErr(t, p.Add(back, sock.Readable, "back"), nil)
	staleReported(t, p, back, "back")
}

// A Poller ends while its Sockets do, in other goroutines, and one waits.
func TestStalePollerCloses(t *testing.T) {
	t.Parallel()
	for round := range 200 {
		p, other := newPoller(t), newPoller(t)
		all := make([]*sock.Socket, 12)
		for i := range all {
			a, b := stalePair(t)
			all[i] = a
			wantErr(t, p.Add(a, sock.Readable|sock.Writable, i), nil)
			wantErr(t, other.Add(a, sock.Readable, i), nil)
			staleSend(t, b)
		}
		var wg sync.WaitGroup
		wg.Go(func() {
			events := make([]sock.Event, 8)
			for {
				if _, err := p.Wait(events, -1); err != nil {
					wantErr(t, err, net.ErrClosed)
					return
				}
			}
		})
		for g := range 3 {
			wg.Go(func() {
				for i := g; i < len(all)*2/3; i += 3 {
					wantErr(t, all[i].Close(), nil)
				}
			})
		}
		if round%2 == 0 {
			runtime.Gosched()
		}
		wantErr(t, p.Close(), nil)
		wg.Wait()
		wantErr(t, p.Close(), net.ErrClosed)
		wantErr(t, p.Wake(), net.ErrClosed)
		wantErr(t, p.Add(all[11], sock.Readable, nil), net.ErrClosed)
		wantErr(t, p.Remove(all[11]), net.ErrClosed)

		// Those that live are still in the other, and may go to a third.
		events := make([]sock.Event, 32)
		n, err := other.Wait(events, 10*time.Second)
		wantErr(t, err, nil)
		if n != len(all)/3 {
			t.Errorf("%d of %d left in the other Poller", n, len(all)/3)
		}
		third := newPoller(t)
		for _, e := range events[:n] {
			wantErr(t, third.Add(e.Socket, sock.Readable, nil), nil)
			wantErr(t, e.Socket.Close(), nil)
		}
		staleQuiet(t, third, "closed")
		staleQuiet(t, other, "closed")
		other.Close()
		third.Close()
		if t.Failed() {
			return
		}
	}
}

// Added again at once, a Socket comes with the new data, and never the old.
func TestStaleAddedAgain(t *testing.T) {
	t.Parallel()
	p := newPoller(t)
	a, b := stalePair(t)
	staleSend(t, b)
	var current, reported, latest atomic.Int64
	wantErr(t, p.Add(a, sock.Readable, int64(0)), nil)
	var wg sync.WaitGroup
	wg.Go(func() {
		events := make([]sock.Event, 2)
		for {
			least := current.Load() // a Wait that begins now
			n, err := p.Wait(events, -1)
			if err != nil {
				return
			}
			if n > 1 {
				t.Errorf("%d events of one Socket", n)
			}
			for _, e := range events[:n] {
				reported.Add(1)
				v := e.Data.(int64)
				latest.Store(v)
				if v < least {
					t.Errorf("reported with %d, after %d had been added", v, least)
				}
			}
		}
	})
	for i := int64(1); i <= 20_000 && !t.Failed(); i++ {
		wantErr(t, p.Remove(a), nil)
		wantErr(t, p.Add(a, sock.Readable, i), nil)
		current.Store(i)
	}
	eventually(t, "an event with the last", func() bool { return reported.Load() > 0 && latest.Load() == current.Load() })
	wantErr(t, p.Close(), nil)
	wg.Wait()
	t.Logf("%d events", reported.Load())
}

// Remove of a Socket that another goroutine is just closing is done when it
// returns, not when Close is.
func TestStaleRemoveBesideClose(t *testing.T) {
	t.Parallel()
	p := newPoller(t)
	var mine, others int
	for i := range 300 {
		a, b := stalePair(t)
		staleSend(t, b)
		wantErr(t, p.Add(a, sock.Readable, nil), nil)
		closing := make(chan error, 1)
		var ready, start atomic.Bool
		go func() {
			for ready.Store(true); !start.Load(); runtime.Gosched() {
			}
			closing <- a.Close()
		}()
		for !ready.Load() {
			runtime.Gosched()
		}
		start.Store(true)
		for n := 0; n < i%1000 && a.FD() >= 0; n++ { // a moment, another each time
		}
		if a.FD() < 0 {
			others++
		} else {
			mine++
		}
		wantErr(t, p.Remove(a), nil)
		staleQuiet(t, p, "removed")
		wantErr(t, recvTimeout(t, closing), nil)
		b.Close()
		if t.Failed() {
			return
		}
	}
	t.Logf("Remove began %d times before Close, %d times after", mine, others)
}

// The address of a Socket that a Poller waits for is free when Close returns. Not
// in parallel: a child that another test has forked would have a copy.
func TestStaleAddressFree(t *testing.T) {
	p := newPoller(t)
	waits := make(chan error, 1)
	go func() {
		events := make([]sock.Event, 4)
		for {
			if _, err := p.Wait(events, -1); err != nil {
				waits <- err
				return
			}
		}
	}()
	l, name := listening(t, "tcp4")
	for range 300 {
		l.SetNonblock(true)
		wantErr(t, p.Add(l, sock.Readable, nil), nil)
		runtime.Gosched()
		wantErr(t, l.Close(), nil)
		l = open(t, sock.Inet, sock.Stream)
		if err := l.Bind(name); err != nil {
			t.Fatal(err)
		}
		wantErr(t, l.Listen(0), nil)
	}
	wantErr(t, p.Close(), nil)
	wantErr(t, recvTimeout(t, waits), net.ErrClosed)
}

// There is nothing that the zero Socket or nil could be in.
func TestStaleNothing(t *testing.T) {
	t.Parallel()
	p := newPoller(t)
	for _, s := range []*sock.Socket{nil, {}} {
		wantErr(t, p.Add(s, sock.Readable, nil), net.ErrClosed)
		wantErr(t, p.Modify(s, sock.Readable), net.ErrClosed)
	}
	wantErr(t, p.Remove(nil), net.ErrClosed)
	wantErr(t, p.Remove(&sock.Socket{}), nil)
	staleQuiet(t, p, "nothing")
}
