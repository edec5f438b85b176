//go:build linux || freebsd || darwin || netbsd || openbsd || dragonfly

package sock_test

import (
	"errors"
	"math/rand/v2"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/internal/testhook"
)

// Eight goroutines add, modify, remove, close and wake as they like, against one
// that waits. Each byte that is sent while its receiver is in, and stays in, is
// received; nothing is reported by a Wait that began after Remove or Close returned;
// each Wake ends a Wait; and when all are out no slot is taken. At last the Poller
// closes with everybody still at it.
func TestPollStress(t *testing.T) {
	t.Parallel()
	run := 20 * time.Second
	switch {
	case testing.Short():
		run = 2 * time.Second
	case !raceDetector:
		run = 5 * time.Second
	}
	modes := []sock.Ready{0, sock.OneShot, sock.Edge, sock.Edge | sock.OneShot}
	for i := len(modes) - 1; i >= 0; i-- {
		if modes[i]&^pollerHas != 0 {
			modes = append(modes[:i], modes[i+1:]...)
		}
	}
	x := &stress{t: t, p: newPoller(t), modes: modes, stop: make(chan bool)}
	var waiter, others sync.WaitGroup
	waiter.Go(x.wait)
	for i := range 8 {
		others.Go(func() { x.disturb(rand.New(rand.NewPCG(uint64(i), 4))) })
	}
	time.Sleep(run)
	close(x.stop)
	others.Wait()
	if n := testhook.Registrations(x.p); n != 0 {
		t.Errorf("%d slots are taken by nobody", n)
	}
	slots := testhook.Slots(x.p)
	if slots > 8 {
		t.Errorf("%d slots made for 8 Sockets at a time", slots)
	}
	// Now the end of the Poller stops them.
	x.stop = make(chan bool)
	x.ending.Store(true)
	for i := range 8 {
		others.Go(func() { x.disturb(rand.New(rand.NewPCG(uint64(i), 5))) })
	}
	before := x.sent.Load()
	eventually(t, "at it again", func() bool { return x.sent.Load() > before+1000 || t.Failed() })
	wantErr(t, x.p.Close(), nil)
	waiter.Wait()
	others.Wait()
	t.Logf("%d Sockets, %d bytes sent and received, %d changes, %d removals, %d Wakes in %d Waits with %d events, %d slots made",
		x.sockets.Load(), x.sent.Load(), x.changes.Load(), x.removals.Load(), x.wakes.Load(), x.began.Load(), x.reported.Load(), slots)
	for what, n := range map[string]int64{"byte": x.sent.Load(), "change": x.changes.Load(), "removal": x.removals.Load(), "Wake": x.wakes.Load()} {
		if n < 100 {
			t.Errorf("too little happened to mean anything: each %s but %d", what, n)
		}
	}
}

// shortly is between two looks. Goroutines that only yield keep Go from asking its
// own poller for up to 10 ms.
const shortly = 10 * time.Microsecond

type stress struct {
	t      *testing.T
	p      *sock.Poller
	modes  []sock.Ready
	stop   chan bool
	ending atomic.Bool // the Poller may be closed at any time

	began, ended                                      atomic.Int64 // Waits
	reported, sockets, sent, changes, removals, wakes atomic.Int64
}

// A stressed is a Socket that is in and out.
type stressed struct {
	a, b           *sock.Socket
	sent, received atomic.Int64
}

// A stay is one registration of it, from Add to Remove.
type stay struct {
	*stressed
	oneShot   atomic.Bool
	removedAt atomic.Int64 // how many Waits had begun when it was out
	again     sync.Mutex   // modifying
}

// wait runs the Poller, and receives.
func (x *stress) wait() {
	events := make([]sock.Event, 16)
	var buf [64]byte
	for {
		wait := x.began.Add(1)
		n, err := x.p.Wait(events, -1)
		x.ended.Store(wait)
		if err != nil {
			wantErr(x.t, err, net.ErrClosed)
			return
		}
		for _, e := range events[:n] {
			x.reported.Add(1)
			r := e.Data.(*stay)
			if e.Socket != r.a {
				x.t.Errorf("an event of %p with the data of %p", e.Socket, r.a)
			}
			if removed := r.removedAt.Load(); removed != 0 && wait > removed {
				x.t.Errorf("Wait %d reports one that was out when %d had begun", wait, removed)
			}
			r.receive(buf[:])
			if r.oneShot.Load() { // armed again, unless it is out
				r.again.Lock()
				if r.oneShot.Load() {
					x.may(x.p.Modify(r.a, sock.Readable|sock.OneShot), syscall.ENOENT, net.ErrClosed)
				}
				r.again.Unlock()
			}
		}
	}
}

// receive receives all there is.
func (s *stressed) receive(buf []byte) {
	for {
		n, err := s.a.Recv(buf, 0)
		if n > 0 {
			s.received.Add(int64(n))
		}
		if n < len(buf) || err != nil {
			return
		}
	}
}

// may fails the test for an error that is none of these.
func (x *stress) may(err error, these ...error) {
	if err == nil {
		return
	}
	for _, e := range these {
		if errors.Is(err, e) {
			return
		}
	}
	if x.ending.Load() && errors.Is(err, net.ErrClosed) {
		return
	}
	x.t.Helper()
	x.t.Error(err)
}

func (x *stress) stopped() bool {
	select {
	case <-x.stop:
		return true
	default:
		return x.t.Failed() || x.ending.Load() && errors.Is(x.p.Wake(), net.ErrClosed)
	}
}

// disturb has a Socket in and out of the Poller, and new ones.
func (x *stress) disturb(r *rand.Rand) {
	for !x.stopped() {
		a, b, err := sock.Pair(sock.Unix, sock.Stream, 0)
		if err != nil {
			x.t.Error(err)
			return
		}
		a.SetNonblock(true)
		x.sockets.Add(1)
		s := &stressed{a: a, b: b}
		open := true
		for n := 1 + r.IntN(4); open && n > 0; n-- {
			open = x.once(r, s)
		}
		if open {
			x.may(a.Close())
		}
		x.may(b.Close())
	}
}

// once has s in the Poller once, and reports whether it is still open then.
func (x *stress) once(r *rand.Rand, s *stressed) (open bool) {
	a, b := s.a, s.b
	reg := &stay{stressed: s}
	set := func(f func(want sock.Ready) error, these ...error) {
		mode := x.modes[r.IntN(len(x.modes))]
		reg.again.Lock()
		reg.oneShot.Store(mode&sock.OneShot != 0)
		x.may(f(sock.Readable|mode), these...)
		reg.again.Unlock()
	}
	set(func(want sock.Ready) error { return x.p.Add(a, want, reg) })
	for range r.IntN(12) {
		switch r.IntN(6) {
		case 0:
			set(func(want sock.Ready) error { return x.p.Modify(a, want) })
			x.changes.Add(1)
		case 1:
			x.wake()
		case 2:
			runtime.Gosched()
		default:
			n, err := b.Send(make([]byte, 1+r.IntN(100)), 0)
			x.may(err)
			s.sent.Add(int64(n))
			x.sent.Add(int64(n))
		}
	}
	if r.IntN(4) > 0 {
		// It stays until all has been received.
		for end := time.Now().Add(10 * time.Second); s.received.Load() != s.sent.Load(); time.Sleep(shortly) {
			if x.ending.Load() && x.stopped() {
				break
			}
			if time.Now().After(end) {
				x.t.Errorf("%d of %d bytes received in ten seconds", s.received.Load(), s.sent.Load())
				break
			}
		}
	}
	open = true
	switch r.IntN(8) {
	case 0: // out by closing
		x.may(a.Close())
		open = false
	case 1: // by two at once
		var other sync.WaitGroup
		other.Go(func() { x.may(x.p.Remove(a), syscall.ENOENT) })
		x.may(x.p.Remove(a), syscall.ENOENT)
		reg.removedAt.Store(x.began.Load()) // by any of the goroutines
		other.Wait()
	default:
		x.may(x.p.Remove(a))
	}
	reg.removedAt.CompareAndSwap(0, x.began.Load())
	x.removals.Add(1)
	if err := x.p.Modify(a, sock.Readable); err == nil {
		x.t.Error("one that is out could be modified")
	} else {
		x.may(err, syscall.ENOENT, net.ErrClosed)
	}
	reg.again.Lock() // the waiter is done with it
	reg.oneShot.Store(false)
	reg.again.Unlock()
	s.receive(make([]byte, 512)) // what was not waited for
	return open
}

// wake ends a Wait: the one that is under way, or the next.
func (x *stress) wake() {
	under := x.began.Load()
	if err := x.p.Wake(); err != nil {
		x.may(err)
		return
	}
	x.wakes.Add(1)
	for end := time.Now().Add(10 * time.Second); x.ended.Load() < under; time.Sleep(shortly) {
		if x.ending.Load() && x.stopped() {
			return
		}
		if time.Now().After(end) {
			x.t.Errorf("a Wake that has ended no Wait: %d were under way", under)
			return
		}
	}
}
