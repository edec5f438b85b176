//go:build linux || freebsd || darwin || netbsd || openbsd || dragonfly

package queue_test

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/berkeleysockets/sock/internal/queue"
	"github.com/berkeleysockets/sock/internal/sys"
)

// The backend alone, whichever it is.

func open(t testing.TB) *queue.Queue {
	t.Helper()
	q, e := queue.New()
	is(t, e, 0)
	t.Cleanup(func() { q.Close() })
	return q
}

// pipe returns the ends of a pipe.
func pipe(t testing.TB) (r, w int) {
	t.Helper()
	r, w, e := sys.Pipe()
	is(t, e, 0)
	t.Cleanup(func() { sys.Close(r); sys.Close(w) })
	return r, w
}

func is(t testing.TB, got, want sys.Errno) {
	t.Helper()
	if got != want {
		t.Fatalf("%v, want %v", got, want)
	}
}

// put makes the reading end of a pipe readable.
func put(t testing.TB, w int) {
	t.Helper()
	is(t, sys.PipePut(w), 0)
}

func take(t testing.TB, r int) {
	t.Helper()
	is(t, sys.PipeTake(r, make([]byte, 1)), 0)
}

// An event is one of those that were told.
type event struct {
	token uint64
	ready queue.Ready
}

// told is what is so now.
func told(t testing.TB, q *queue.Queue, most int) (all []event) {
	t.Helper()
	n, e := q.Now(most)
	is(t, e, 0)
	for i := range n {
		token, ready := q.Event(i)
		all = append(all, event{token, ready})
	}
	return all
}

func expect(t testing.TB, q *queue.Queue, want ...event) {
	t.Helper()
	if got := told(t, q, 8); !slices.Equal(got, want) {
		t.Errorf("told %x, want %x", got, want)
	}
}

// What is added is told, as long as it is so, under the token that it has now.
func TestRegister(t *testing.T) {
	t.Parallel()
	q := open(t)
	r, w := pipe(t)
	expect(t, q)
	is(t, q.Add(r, queue.Readable, 7), 0)
	expect(t, q)
	put(t, w)
	expect(t, q, event{7, queue.Readable})
	expect(t, q, event{7, queue.Readable})
	is(t, q.Modify(r, queue.Readable, queue.Readable, 8), 0)
	expect(t, q, event{8, queue.Readable})
	take(t, r)
	expect(t, q)
	put(t, w)
	is(t, q.Remove(r, queue.Readable), 0)
	expect(t, q)
	is(t, q.Remove(r, queue.Readable), 0) // it is out: no error
	is(t, q.Add(r, queue.Readable, 9), 0)
	expect(t, q, event{9, queue.Readable})
	is(t, q.Remove(r, queue.Readable), 0)

	is(t, q.Add(w, queue.Writable, 10), 0)
	expect(t, q, event{10, queue.Writable})
	is(t, q.Modify(w, queue.Writable, 0, 11), 0)
	expect(t, q)
	is(t, q.Remove(w, 0), 0)
}

// One shot is told once, until it is armed.
func TestOneShot(t *testing.T) {
	t.Parallel()
	q := open(t)
	r, w := pipe(t)
	const want = queue.Readable | queue.OneShot
	is(t, q.Add(r, want, 1), 0)
	put(t, w)
	expect(t, q, event{1, queue.Readable})
	expect(t, q)
	put(t, w)
	expect(t, q)
	is(t, q.Modify(r, want, want, 2), 0)
	expect(t, q, event{2, queue.Readable})
	expect(t, q)
	is(t, q.Remove(r, want), 0)
	// Another is not disturbed by what one that was spent has left.
	r2, w2 := pipe(t)
	is(t, q.Add(r2, queue.Readable, 3), 0)
	put(t, w2)
	expect(t, q, event{3, queue.Readable})
}

// Edge is told for each change.
func TestEdge(t *testing.T) {
	t.Parallel()
	if queue.Ready(queue.Supported)&queue.Edge == 0 {
		t.Skip("not with this backend")
	}
	q := open(t)
	r, w := pipe(t)
	const want = queue.Readable | queue.Edge
	is(t, q.Add(r, want, 1), 0)
	for range 3 {
		put(t, w)
		expect(t, q, event{1, queue.Readable})
		expect(t, q)
		take(t, r)
		expect(t, q)
	}
	put(t, w)
	expect(t, q, event{1, queue.Readable})
	is(t, q.Modify(r, want, queue.Readable, 2), 0) // the mode changes too
	expect(t, q, event{2, queue.Readable})
	expect(t, q, event{2, queue.Readable})
}

// What there is not cannot be added, and leaves nothing behind.
func TestBadDescriptor(t *testing.T) {
	t.Parallel()
	q := open(t)
	is(t, q.Add(1<<20, queue.Readable|queue.Writable, 1), unix.EBADF)
	is(t, q.Remove(1<<20, queue.Readable|queue.Writable), 0)
	expect(t, q)
	r, _ := pipe(t)
	is(t, q.Add(r, queue.Readable, 1), 0)
	if queue.Tells {
		is(t, q.Add(r, queue.Readable, 2), unix.EEXIST)
	}
}

// Every bit of a token comes back.
func TestTokens(t *testing.T) {
	t.Parallel()
	q := open(t)
	want := map[uint64]bool{}
	tokens := []uint64{0, 1, queue.WakeToken - 1, queue.WakeToken / 3, queue.WakeToken / 5}
	for i := range queue.TokenBits {
		tokens = append(tokens, 1<<i)
	}
	slices.Sort(tokens)
	tokens = slices.Compact(tokens)
	for _, token := range tokens {
		r, w := pipe(t)
		is(t, q.Add(r, queue.Readable, token), 0)
		put(t, w)
		want[token] = true
	}
	for _, e := range told(t, q, 2*len(want)) {
		if !want[e.token] {
			t.Errorf("told %#x", e.token)
		}
		delete(want, e.token)
	}
	for token := range want {
		t.Errorf("%#x was not told", token)
	}
}

// When there are more than are asked for, all come to their turn.
func TestTurns(t *testing.T) {
	t.Parallel()
	q := open(t)
	const n = 10
	for i := range uint64(n) {
		r, w := pipe(t)
		is(t, q.Add(r, queue.Readable, i), 0)
		put(t, w)
	}
	seen := map[uint64]bool{}
	for range n {
		events := told(t, q, 3)
		if len(events) != 3 {
			t.Errorf("%d events, want 3", len(events))
		}
		for _, e := range events {
			seen[e.token] = true
		}
	}
	if len(seen) != n {
		t.Errorf("%d of %d were told", len(seen), n)
	}
}

// Any number of Wakes are one event, until it is noticed; then the next is another.
func TestWake(t *testing.T) {
	t.Parallel()
	q := open(t)
	for range 1000 {
		var wakers sync.WaitGroup
		for range 4 {
			wakers.Go(func() { q.Wake() })
		}
		wakers.Wait()
		is(t, q.Wake(), 0)
		n, e := q.Wait(8, time.Time{})
		is(t, e, 0)
		if n != 1 {
			t.Fatalf("%d events, want one", n)
		}
		if token, _ := q.Event(0); token != queue.WakeToken {
			t.Fatalf("token %#x, want Wake's", token)
		}
		q.Noticed()
		expect(t, q)
	}
}

// No Wake is lost: what was there to do before it is seen by who waits, however
// many call it while he notices another.
func TestWakeNotLost(t *testing.T) {
	t.Parallel()
	q := open(t)
	var work, seen [4]atomic.Int64
	var wakers sync.WaitGroup
	for i := range work {
		wakers.Go(func() {
			for x := int64(1); seen[i].Load() >= 0; x++ {
				work[i].Store(x)
				q.Wake()
				for looks := 0; seen[i].Load() >= 0 && seen[i].Load() < x; looks++ {
					if looks < 50 {
						runtime.Gosched()
					} else { // Go asks its own poller when it has nothing else to do
						time.Sleep(time.Microsecond)
					}
				}
			}
		})
	}
	wakes := int64(0)
	for end := time.Now().Add(500 * time.Millisecond); time.Now().Before(end); {
		told, e := q.Wait(8, time.Now().Add(10*time.Second))
		if told != 1 || e != 0 {
			t.Errorf("after %d rounds a Wake is lost: %d, %v", wakes, told, e)
			break
		}
		q.Noticed()
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

// A change that another goroutine makes is seen by who waits already.
func TestChangeWhileWaiting(t *testing.T) {
	t.Parallel()
	q := open(t)
	for i := range uint64(100) {
		r, w := pipe(t)
		put(t, w)
		added := make(chan sys.Errno, 1)
		go func() { added <- q.Add(r, queue.Readable, i) }()
		n, e := q.Wait(8, time.Now().Add(10*time.Second))
		is(t, e, 0)
		is(t, <-added, 0)
		if token, ready := q.Event(0); n != 1 || token != i || ready != queue.Readable {
			t.Fatalf("%d events, the first %d %x; want %d", n, token, ready, i)
		}
		is(t, q.Remove(r, queue.Readable), 0)
	}
}

// Wait ends in time, and not before; Now does not wait.
func TestTime(t *testing.T) {
	t.Parallel()
	q := open(t)
	for _, d := range []time.Duration{-time.Hour, 0, time.Microsecond, 300 * time.Microsecond, 20 * time.Millisecond} {
		start := time.Now()
		n, e := q.Wait(8, start.Add(d))
		is(t, e, 0)
		if took := time.Since(start); n != 0 || took < d || took > max(d, 0)+5*time.Second {
			t.Errorf("Wait until in %v: %d after %v", d, n, took)
		}
	}
	// The time that has passed is no other Wait's.
	r, w := pipe(t)
	is(t, q.Add(r, queue.Readable, 1), 0)
	time.AfterFunc(5*time.Millisecond, func() { sys.PipePut(w) })
	n, e := q.Wait(8, time.Time{})
	is(t, e, 0)
	if n != 1 {
		t.Errorf("Wait without an end returned %d", n)
	}
	// Nor does it hide what is so.
	n, e = q.Wait(8, time.Now().Add(-time.Second))
	is(t, e, 0)
	if n != 1 {
		t.Errorf("Wait until a time past: %d, want what is so", n)
	}
}

// Without a tracer no calls are noted.
func TestNothingNoted(t *testing.T) {
	t.Parallel()
	q := open(t)
	r, _ := pipe(t)
	is(t, q.Add(r, queue.Readable, 1), 0)
	expect(t, q)
	if calls := q.Calls(); len(calls) != 0 {
		t.Errorf("noted %v", calls)
	}
}
