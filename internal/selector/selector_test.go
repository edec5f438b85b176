//go:build linux || freebsd || darwin || netbsd || openbsd || dragonfly

package selector_test

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/berkeleysockets/sock/internal/selector"
	"github.com/berkeleysockets/sock/internal/sys"
)

// Tests of the backend alone, whichever it is.

func open(t testing.TB) *selector.Selector {
	t.Helper()
	s, e := selector.New()
	wantErrno(t, e, 0)
	t.Cleanup(func() { s.Close() })
	return s
}

// pipe returns the ends of a pipe.
func pipe(t testing.TB) (r, w int) {
	t.Helper()
	r, w, e := sys.Pipe()
	wantErrno(t, e, 0)
	t.Cleanup(func() { sys.Close(r); sys.Close(w) })
	return r, w
}

func wantErrno(t testing.TB, got, want sys.Errno) {
	t.Helper()
	if got != want {
		t.Fatalf("%v, want %v", got, want)
	}
}

// fill makes the reading end of a pipe readable.
func fill(t testing.TB, w int) {
	t.Helper()
	wantErrno(t, sys.PipeWrite(w), 0)
}

// empty takes the byte of fill.
func empty(t testing.TB, r int) {
	t.Helper()
	wantErrno(t, sys.PipeRead(r, make([]byte, 1)), 0)
}

// An event is one that Poll returned.
type event struct {
	token uint64
	ready selector.Ready
}

// poll returns the events that are ready now, at most limit.
func poll(t testing.TB, s *selector.Selector, limit int) (all []event) {
	t.Helper()
	n, e := s.Poll(limit)
	wantErrno(t, e, 0)
	for i := range n {
		token, ready := s.Event(i)
		all = append(all, event{token, ready})
	}
	return all
}

func wantEvents(t testing.TB, s *selector.Selector, want ...event) {
	t.Helper()
	if got := poll(t, s, 8); !slices.Equal(got, want) {
		t.Errorf("events %x, want %x", got, want)
	}
}

// A registered descriptor is reported as long as it is ready, with its present token.
func TestRegister(t *testing.T) {
	t.Parallel()
	s := open(t)
	r, w := pipe(t)
	wantEvents(t, s)
	wantErrno(t, s.Add(r, selector.Readable, 7), 0)
	wantEvents(t, s)
	fill(t, w)
	wantEvents(t, s, event{7, selector.Readable})
	wantEvents(t, s, event{7, selector.Readable})
	wantErrno(t, s.Modify(r, selector.Readable, selector.Readable, 7, 8), 0)
	wantEvents(t, s, event{8, selector.Readable})
	empty(t, r)
	wantEvents(t, s)
	fill(t, w)
	wantErrno(t, s.Remove(r, selector.Readable), 0)
	wantEvents(t, s)
	wantErrno(t, s.Remove(r, selector.Readable), 0) // already removed: no error
	wantErrno(t, s.Add(r, selector.Readable, 9), 0)
	wantEvents(t, s, event{9, selector.Readable})
	wantErrno(t, s.Remove(r, selector.Readable), 0)

	wantErrno(t, s.Add(w, selector.Writable, 10), 0)
	wantEvents(t, s, event{10, selector.Writable})
	wantErrno(t, s.Modify(w, selector.Writable, 0, 10, 11), 0)
	wantEvents(t, s)
	wantErrno(t, s.Remove(w, 0), 0)
}

// A OneShot registration is reported once, until Modify arms it again.
func TestOneShot(t *testing.T) {
	t.Parallel()
	s := open(t)
	r, w := pipe(t)
	const want = selector.Readable | selector.OneShot
	wantErrno(t, s.Add(r, want, 1), 0)
	fill(t, w)
	wantEvents(t, s, event{1, selector.Readable})
	wantEvents(t, s)
	fill(t, w)
	wantEvents(t, s)
	wantErrno(t, s.Modify(r, want, want, 1, 2), 0)
	wantEvents(t, s, event{2, selector.Readable})
	wantEvents(t, s)
	wantErrno(t, s.Remove(r, want), 0)
	// A fired registration leaves nothing behind for another descriptor.
	r2, w2 := pipe(t)
	wantErrno(t, s.Add(r2, selector.Readable, 3), 0)
	fill(t, w2)
	wantEvents(t, s, event{3, selector.Readable})
}

// An Edge registration is reported once for each change.
func TestEdge(t *testing.T) {
	t.Parallel()
	if selector.Ready(selector.Supported)&selector.Edge == 0 {
		t.Skip("this backend has no Edge")
	}
	s := open(t)
	r, w := pipe(t)
	const want = selector.Readable | selector.Edge
	wantErrno(t, s.Add(r, want, 1), 0)
	for range 3 {
		fill(t, w)
		wantEvents(t, s, event{1, selector.Readable})
		wantEvents(t, s)
		empty(t, r)
		wantEvents(t, s)
	}
	fill(t, w)
	wantEvents(t, s, event{1, selector.Readable})
	wantErrno(t, s.Modify(r, want, selector.Readable, 1, 2), 0) // the mode changes too
	wantEvents(t, s, event{2, selector.Readable})
	wantEvents(t, s, event{2, selector.Readable})
}

// Add of a descriptor that is not open fails, and leaves nothing behind.
func TestBadDescriptor(t *testing.T) {
	t.Parallel()
	s := open(t)
	wantErrno(t, s.Add(1<<20, selector.Readable|selector.Writable, 1), unix.EBADF)
	wantErrno(t, s.Remove(1<<20, selector.Readable|selector.Writable), 0)
	wantEvents(t, s)
	r, _ := pipe(t)
	wantErrno(t, s.Add(r, selector.Readable, 1), 0)
	if selector.RemovesOnClose {
		wantErrno(t, s.Add(r, selector.Readable, 2), unix.EEXIST)
	}
}

// Every bit of a token comes back.
func TestTokens(t *testing.T) {
	t.Parallel()
	s := open(t)
	want := map[uint64]bool{}
	tokens := []uint64{0, 1, selector.WakeToken - 1, selector.WakeToken / 3, selector.WakeToken / 5}
	for i := range selector.TokenBits {
		tokens = append(tokens, 1<<i)
	}
	slices.Sort(tokens)
	tokens = slices.Compact(tokens)
	for _, token := range tokens {
		r, w := pipe(t)
		wantErrno(t, s.Add(r, selector.Readable, token), 0)
		fill(t, w)
		want[token] = true
	}
	for _, e := range poll(t, s, 2*len(want)) {
		if !want[e.token] {
			t.Errorf("an event with token %#x", e.token)
		}
		delete(want, e.token)
	}
	for token := range want {
		t.Errorf("no event with token %#x", token)
	}
}

// If more descriptors are ready than the limit, each is reported in a later Poll.
func TestFairness(t *testing.T) {
	t.Parallel()
	s := open(t)
	const n = 10
	for i := range uint64(n) {
		r, w := pipe(t)
		wantErrno(t, s.Add(r, selector.Readable, i), 0)
		fill(t, w)
	}
	seen := map[uint64]bool{}
	for range n {
		events := poll(t, s, 3)
		if len(events) != 3 {
			t.Errorf("%d events, want 3", len(events))
		}
		for _, e := range events {
			seen[e.token] = true
		}
	}
	if len(seen) != n {
		t.Errorf("%d of %d were reported", len(seen), n)
	}
}

// Several calls of Wake cause one event until AckWake, and the next call another.
func TestWake(t *testing.T) {
	t.Parallel()
	s := open(t)
	for range 1000 {
		var wakers sync.WaitGroup
		for range 4 {
			wakers.Go(func() { s.Wake() })
		}
		wakers.Wait()
		wantErrno(t, s.Wake(), 0)
		n, e := s.Wait(8, time.Time{})
		wantErrno(t, e, 0)
		if n != 1 {
			t.Fatalf("%d events, want one", n)
		}
		if token, _ := s.Event(0); token != selector.WakeToken {
			t.Fatalf("token %#x, want Wake's", token)
		}
		s.AckWake()
		wantEvents(t, s)
	}
}

// WakeAlways causes an event, although a Wake has caused one that was not acknowledged.
func TestWakeAlways(t *testing.T) {
	t.Parallel()
	s := open(t)
	wantErrno(t, s.Wake(), 0)
	for range 3 {
		n, e := s.Wait(8, time.Now().Add(10*time.Second))
		wantErrno(t, e, 0)
		if token, _ := s.Event(0); n != 1 || token != selector.WakeToken {
			t.Fatalf("%d events, the first %#x, want Wake's", n, token)
		}
		wantErrno(t, s.Wake(), 0) // is pending, as it seems
		wantErrno(t, s.WakeAlways(), 0)
	}
}

// Full reports that the room was too small, or just enough.
func TestFull(t *testing.T) {
	t.Parallel()
	s := open(t)
	for i := range uint64(2) {
		r, w := pipe(t)
		wantErrno(t, s.Add(r, selector.Readable, i), 0)
		fill(t, w)
	}
	for limit, full := range map[int]bool{1: true, 2: true, 3: false} {
		if events := poll(t, s, limit); len(events) != min(limit, 2) || s.Full() != full {
			t.Errorf("limit %d: %x, full: %v", limit, events, s.Full())
		}
	}
}

// The timer of an earlier wait does not take the only place.
func TestTimerTakesNoRoom(t *testing.T) {
	t.Parallel()
	s := open(t)
	r, w := pipe(t)
	wantErrno(t, s.Add(r, selector.Readable, 1), 0)
	for range 3 {
		fill(t, w)
		until := time.Now().Add(2 * time.Millisecond)
		if n, e := s.Wait(1, until); n != 1 || e != 0 {
			t.Fatal(n, e)
		}
		empty(t, r)
		time.Sleep(time.Until(until.Add(time.Millisecond)))
		fill(t, w)
		time.Sleep(time.Millisecond) // the runtime poller takes its edges
		n, e := s.Wait(1, time.Now().Add(10*time.Second))
		wantErrno(t, e, 0)
		if token, _ := s.Event(0); n != 1 || token != 1 {
			t.Fatalf("%d events, the first %#x", n, token)
		}
		empty(t, r)
	}
}

// No Wake is lost: the waiting goroutine sees all work stored before a Wake, even if
// other goroutines call Wake while it handles an earlier one.
func TestWakeNotLost(t *testing.T) {
	t.Parallel()
	s := open(t)
	var work, seen [4]atomic.Int64
	var wakers sync.WaitGroup
	for i := range work {
		wakers.Go(func() {
			for x := int64(1); seen[i].Load() >= 0; x++ {
				work[i].Store(x)
				s.Wake()
				for tries := 0; seen[i].Load() >= 0 && seen[i].Load() < x; tries++ {
					if tries < 50 {
						runtime.Gosched()
					} else { // the scheduler asks the runtime poller when no goroutine can run
						time.Sleep(time.Microsecond)
					}
				}
			}
		})
	}
	wakes := int64(0)
	for end := time.Now().Add(500 * time.Millisecond); time.Now().Before(end); {
		n, e := s.Wait(8, time.Now().Add(10*time.Second))
		if n != 1 || e != 0 {
			t.Errorf("after %d rounds a Wake is lost: %d, %v", wakes, n, e)
			break
		}
		s.AckWake()
		wakes++
		for i := range work {
			seen[i].Store(work[i].Load())
		}
	}
	for i := range seen {
		seen[i].Store(-1)
	}
	wakers.Wait()
	t.Logf("%d rounds", wakes)
}

// A wait in progress sees a change that another goroutine makes.
func TestChangeWhileWaiting(t *testing.T) {
	t.Parallel()
	s := open(t)
	for i := range uint64(100) {
		r, w := pipe(t)
		fill(t, w)
		added := make(chan sys.Errno, 1)
		go func() { added <- s.Add(r, selector.Readable, i) }()
		n, e := s.Wait(8, time.Now().Add(10*time.Second))
		wantErrno(t, e, 0)
		wantErrno(t, <-added, 0)
		if token, ready := s.Event(0); n != 1 || token != i || ready != selector.Readable {
			t.Fatalf("%d events, the first %d %x; want %d", n, token, ready, i)
		}
		wantErrno(t, s.Remove(r, selector.Readable), 0)
	}
}

// Wait ends at its time and not before.
func TestTimeout(t *testing.T) {
	t.Parallel()
	s := open(t)
	for _, d := range []time.Duration{-time.Hour, 0, time.Microsecond, 300 * time.Microsecond, 20 * time.Millisecond} {
		start := time.Now()
		n, e := s.Wait(8, start.Add(d))
		wantErrno(t, e, 0)
		if took := time.Since(start); n != 0 || took < d || took > max(d, 0)+5*time.Second {
			t.Errorf("Wait until in %v: %d after %v", d, n, took)
		}
	}
	// The time of an earlier Wait does not end this one.
	r, w := pipe(t)
	wantErrno(t, s.Add(r, selector.Readable, 1), 0)
	time.AfterFunc(5*time.Millisecond, func() { sys.PipeWrite(w) })
	n, e := s.Wait(8, time.Time{})
	wantErrno(t, e, 0)
	if n != 1 {
		t.Errorf("Wait without a timeout returned %d", n)
	}
	// A time that has passed does not hide an event.
	n, e = s.Wait(8, time.Now().Add(-time.Second))
	wantErrno(t, e, 0)
	if n != 1 {
		t.Errorf("Wait until a time past: %d, want 1", n)
	}
}

// Without a tracer no calls are recorded.
func TestNothingRecorded(t *testing.T) {
	t.Parallel()
	s := open(t)
	r, _ := pipe(t)
	wantErrno(t, s.Add(r, selector.Readable, 1), 0)
	wantEvents(t, s)
	if calls := s.Calls(); len(calls) != 0 {
		t.Errorf("recorded %v", calls)
	}
}
