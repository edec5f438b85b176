//go:build linux || freebsd || darwin || netbsd || openbsd || dragonfly

package sock_test

import (
	"errors"
	"fmt"
	"math"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/berkeleysockets/sock"
)

func TestPollTimeout(t *testing.T) {
	t.Parallel()
	p := newPoller(t)
	s, _ := streams(t, "pair")
	attend(t, p, s, sock.Readable)
	events := make([]sock.Event, 2)
	for _, d := range []time.Duration{0, 1, 300 * time.Microsecond, 1500 * time.Microsecond, 10 * time.Millisecond} {
		best := time.Hour
		for range 20 {
			start := time.Now()
			n, err := p.Wait(events, d)
			took := time.Since(start)
			if n != 0 || err != nil {
				t.Fatal(n, err)
			}
			if took < d {
				t.Errorf("%v ended after %v", d, took)
			}
			best = min(best, took)
		}
		t.Logf("%v: %v at best", d, best)
		if best > d+50*time.Millisecond {
			t.Errorf("%v took %v at best", d, best)
		}
	}
	// It counts from the call, not from the last event; and what is ready is reported
	// however short it is.
	wantErr(t, p.Modify(s, sock.Writable), nil)
	for _, d := range []time.Duration{math.MinInt64, 1, -1, 1, 0, 1, time.Hour, 1, math.MaxInt64} {
		if n, err := p.Wait(events, d); n != 1 || err != nil {
			t.Errorf("ready, with %v: %d, %v", d, n, err)
		}
	}
	wantErr(t, p.Modify(s, 0), nil)
	for _, d := range []time.Duration{math.MinInt64, -time.Hour, -1, time.Hour, 3e6 * time.Second, math.MaxInt64} {
		waiting := beginWait(t, p, events, d)
		wantErr(t, p.Wake(), nil)
		isWaited(t, waiting, 0, nil)
	}
	nothing(t, p, "after the long ones")
}

// Many Wakes before a Wait are one, and it is spent.
func TestPollWakeBefore(t *testing.T) {
	t.Parallel()
	p := newPoller(t)
	events := make([]sock.Event, 1)
	for _, d := range []time.Duration{-1, time.Hour, 0} {
		for range 100 {
			wantErr(t, p.Wake(), nil)
		}
		if n, err := p.Wait(events, d); n != 0 || err != nil {
			t.Fatal(n, err)
		}
		start := time.Now()
		nothing(t, p, "the wake was reported")
		if took := time.Since(start); took < quietFor {
			t.Errorf("after the wake Wait ended after %v", took)
		}
	}
}

// No Wake is lost: what was stored before it is seen after the Wait that it ends.
func TestPollWakeMany(t *testing.T) {
	t.Parallel()
	const goroutines = 8
	each := int64(2000)
	if testing.Short() {
		each = 200
	}
	p := newPoller(t)
	var counts [goroutines]atomic.Int64
	for i := range counts {
		go func() {
			for range each {
				counts[i].Add(1)
				if err := p.Wake(); err != nil {
					t.Error(err)
				}
			}
		}()
	}
	var events [1]sock.Event
	waits := 0
	sum := func() (all int64) {
		for i := range counts {
			all += counts[i].Load()
		}
		return all
	}
	for end := time.Now().Add(30 * time.Second); sum() < goroutines*each; waits++ {
		if n, err := p.Wait(events[:], time.Until(end)); n != 0 || err != nil {
			t.Fatal(n, err)
		}
		if time.Now().After(end) {
			t.Fatalf("asleep with %d of %d done", sum(), goroutines*each)
		}
	}
	t.Logf("%d wakes ended %d waits", goroutines*each, waits)
}

// One Wake for each Wait, back and forth: each ends exactly one.
func TestPollWakePingPong(t *testing.T) {
	t.Parallel()
	p := newPoller(t)
	woken := make(chan int)
	const rounds = 2000
	go func() {
		var events [1]sock.Event
		for range rounds {
			n, err := p.Wait(events[:], -1)
			if err != nil {
				t.Error(err)
			}
			woken <- n
		}
	}()
	for range rounds {
		wantErr(t, p.Wake(), nil)
		if n := recvTimeout(t, woken); n != 0 {
			t.Fatal(n)
		}
	}
}

func TestPollWakeDuring(t *testing.T) {
	t.Parallel()
	p := newPoller(t)
	events := make([]sock.Event, 1)
	for range 10 {
		waiting := beginWait(t, p, events, -1)
		wantErr(t, p.Wake(), nil)
		isWaited(t, waiting, 0, nil)
	}
	wantErr(t, p.Close(), nil)
	wantErr(t, p.Wake(), net.ErrClosed)
}

// A Wake hides no event, and an event no Wake.
func TestPollWakeWithEvents(t *testing.T) {
	t.Parallel()
	for _, room := range []int{1, 2, 8} {
		p := newPoller(t)
		s, peer := streams(t, "pair")
		attend(t, p, s, sock.Readable)
		for range 20 {
			send(t, peer, "x")
			wantErr(t, p.Wake(), nil)
			events := make([]sock.Event, room)
			reported := 0
			for tries := 0; reported == 0; tries++ {
				n, err := p.Wait(events, -1)
				if err != nil || tries == 3 {
					t.Fatal(n, err)
				}
				reported += n
			}
			if reported != 1 || events[0].Socket != s {
				t.Fatal(reported, events)
			}
			recv(t, s, 9, 0, "x")
			// The Wake may not have fitted in: then it ends the next Wait.
			if n, err := p.Wait(events, 0); n != 0 || err != nil {
				t.Fatal(n, err)
			}
		}
		nothing(t, p, "all reported")
	}
}

func TestPollNoRoom(t *testing.T) {
	t.Parallel()
	p := newPoller(t)
	for _, events := range [][]sock.Event{nil, {}, make([]sock.Event, 0, 9)} {
		for _, d := range []time.Duration{-1, 0, 1} {
			n, err := p.Wait(events, d)
			wantErr(t, err, syscall.EINVAL)
			if n != 0 || err == nil || !strings.Contains(err.Error(), "no room") {
				t.Errorf("%d, %v", n, err)
			}
		}
	}
}

// With little room each ready Socket has its turn.
func TestPollTurns(t *testing.T) {
	t.Parallel()
	for _, room := range []int{1, 3, 49, 100, 500} {
		p := newPoller(t)
		const many = 100
		for range many {
			s := open(t, sock.Inet, sock.Dgram)
			attend(t, p, s, sock.Writable)
		}
		events := make([]sock.Event, room+1)
		turns := map[*sock.Socket]int{}
		waits := 10 * many / min(room, many)
		for range waits {
			events[room].FD = -77
			n, err := p.Wait(events[:room], -1)
			if n != min(room, many) || err != nil {
				t.Fatalf("room for %d: %d, %v", room, n, err)
			}
			if events[room].FD != -77 {
				t.Fatal("it wrote beyond its room")
			}
			for i, e := range events[:n] {
				if slices.ContainsFunc(events[:i], func(o sock.Event) bool { return o.Socket == e.Socket }) {
					t.Fatal("the same Socket twice in one Wait")
				}
				turns[e.Socket]++
			}
		}
		for s, n := range turns {
			if n < 2 {
				t.Errorf("room for %d, %d waits: %d came %d times", room, waits, s.FD(), n)
			}
		}
		if len(turns) != many {
			t.Errorf("room for %d, %d waits: %d of %d came", room, waits, len(turns), many)
		}
	}
}

// More room than what is ready is left as it was.
func TestPollRoomToSpare(t *testing.T) {
	t.Parallel()
	p := newPoller(t)
	s := open(t, sock.Inet, sock.Dgram)
	attend(t, p, s, sock.Writable)
	events := make([]sock.Event, 10)
	for i := range events {
		events[i].FD = -77
	}
	n, err := p.Wait(events, -1)
	if n != 1 || err != nil {
		t.Fatal(n, err)
	}
	for _, e := range events[1:] {
		if e.FD != -77 || e.Socket != nil || e.Data != nil || e.Ready != 0 {
			t.Errorf("it wrote %+v", e)
		}
	}
}

// Many at once are reported in as few Waits as their memory allows.
func TestPollManyReady(t *testing.T) {
	t.Parallel()
	many := 5000
	if testing.Short() || raiseFiles() < 3*many {
		many = min(500, raiseFiles()/4)
	}
	p := newPoller(t)
	for range many {
		s, err := sock.Open(sock.Inet, sock.Dgram, 0)
		if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) || errors.Is(err, syscall.ENOBUFS) {
			t.Skip("this system has not that many sockets: ", err)
		}
		if err != nil {
			t.Fatal(err)
		}
		attend(t, p, closed(t, s), sock.Writable)
	}
	events := make([]sock.Event, many+1)
	reported := map[*sock.Socket]bool{}
	for waits := 0; len(reported) < many; waits++ {
		n, err := p.Wait(events, 0)
		if err != nil || waits == 3 {
			t.Fatalf("%d reported after %d waits: %d, %v", len(reported), waits, n, err)
		}
		for _, e := range events[:n] {
			if e.Data != e.Socket.FD() || e.Ready != sock.Writable {
				t.Fatalf("%+v", e)
			}
			reported[e.Socket] = true
		}
	}
}

// A change during a Wait takes effect in that Wait.
func TestPollChangesWhileWaiting(t *testing.T) {
	t.Parallel()
	p := newPoller(t)
	s, peer := streams(t, "tcp4")
	s.SetNonblock(true)
	events := make([]sock.Event, 1)
	reported := func(waiting <-chan waited, want sock.Ready) {
		t.Helper()
		isWaited(t, waiting, 1, nil)
		if events[0].Socket != s || events[0].Ready != want {
			t.Errorf("reported %+v, want %v", events[0], want)
		}
	}
	waiting := beginWait(t, p, events, -1)
	wantErr(t, p.Add(s, sock.Writable, nil), nil)
	reported(waiting, sock.Writable)
	wantErr(t, p.Modify(s, sock.Readable), nil)

	waiting = beginWait(t, p, events, -1)
	wantErr(t, p.Modify(s, sock.Writable), nil)
	reported(waiting, sock.Writable)
	wantErr(t, p.Modify(s, sock.Readable), nil)

	waiting = beginWait(t, p, events, -1)
	send(t, peer, "x")
	reported(waiting, sock.Readable)
	recv(t, s, 9, 0, "x")

	waiting = beginWait(t, p, events, time.Second)
	wantErr(t, p.Remove(s), nil)
	send(t, peer, "x")
	isWaited(t, waiting, 0, nil)

	wantErr(t, p.Add(s, 0, nil), nil)
	waiting = beginWait(t, p, events, 100*time.Millisecond)
	wantErr(t, s.Close(), nil)
	isWaited(t, waiting, 0, nil)
}

func TestPollTwoWaits(t *testing.T) {
	t.Parallel()
	p := newPoller(t)
	waiting := beginWait(t, p, make([]sock.Event, 1), -1)
	for _, d := range []time.Duration{-1, 0, time.Hour} {
		n, err := p.Wait(make([]sock.Event, 1), d)
		wantErr(t, err, syscall.EBUSY)
		if n != 0 {
			t.Error(n)
		}
	}
	if len(waiting) > 0 {
		t.Error("the second Wait has ended the first: ", <-waiting)
	}
	wantErr(t, p.Wake(), nil)
	isWaited(t, waiting, 0, nil)
	nothing(t, p, "the other has left")
}

func TestPollAllocs(t *testing.T) {
	needRawCalls(t)
	p := newPoller(t)
	s, peer := streams(t, "tcp4")
	attend(t, p, s, sock.Writable)
	allocates(t, "Wait, ready", 0, func() {
		var events [4]sock.Event
		n, err := p.Wait(events[:], -1)
		must(t, n, err, 1)
	})
	allocates(t, "Modify, Wait", 0, func() {
		var events [4]sock.Event
		wants(t, p.Modify(s, sock.Readable|sock.OneShot), nil)
		wants(t, p.Modify(s, sock.Writable|sock.OneShot), nil)
		n, err := p.Wait(events[:], -1)
		must(t, n, err, 1)
		n, err = p.Wait(events[:], 0)
		must(t, n, err, 0)
	})
	wants(t, p.Modify(s, sock.Readable), nil)
	allocates(t, "Wait, timed out", 0, func() {
		var events [4]sock.Event
		n, err := p.Wait(events[:], 100*time.Microsecond)
		must(t, n, err, 0)
	})
	allocates(t, "Wake, Wait", 0, func() {
		var events [4]sock.Event
		wants(t, p.Wake(), nil)
		wants(t, p.Wake(), nil)
		n, err := p.Wait(events[:], -1)
		must(t, n, err, 0)
	})
	ended := make(chan bool)
	go func() { answer(peer); ended <- true }()
	for _, timeout := range []time.Duration{-1, time.Hour} {
		allocates(t, fmt.Sprint("Send, parked Wait, Recv with time-out ", timeout), 0, func() {
			var events [4]sock.Event
			var b [1]byte
			n, err := s.Send(b[:], 0)
			must(t, n, err, 1)
			n, err = p.Wait(events[:], timeout)
			must(t, n, err, 1)
			n, err = s.Recv(b[:], 0)
			must(t, n, err, 1)
		})
	}
	wantErr(t, s.Close(), nil)
	recvTimeout(t, ended)
}
