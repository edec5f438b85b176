package netpoll

import (
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/berkeleysockets/sock/internal/sys"
)

// A Waiter is one direction of a Desc.
type Waiter struct {
	ready  func(uintptr) bool // the method check, bound once: a closure for each wait would allocate
	events int16
	keepP  bool // see Desc.KeepP

	// The fields of the wait in progress: the runtime poller admits one wait at a
	// time in each direction.
	lastSlept bool // the last check found nothing
	failing   bool // the last check took POLLERR alone for ready

	failure atomic.Uintptr // errno that a check took from the kernel
	sleeps  atomic.Uint32

	mu    sync.Mutex // guards calls; a leaf
	calls []Call
}

func (w *Waiter) init(events int16) {
	w.events = events
	w.ready = w.check
}

// Sleeps returns the number of waits that found nothing at first.
func (w *Waiter) Sleeps() uint32 { return w.sleeps.Load() }

// check reports whether the wait ends. The runtime poller is edge-triggered and
// forgets an edge that came before the wait began, so the first check asks the
// kernel. After a sleep it returns true without asking: the caller's own attempt
// is a cheaper test. It must not touch the caller's buffer: a buffer that a callback
// can reach is allocated on the heap.
func (w *Waiter) check(fd uintptr) bool {
	if w.lastSlept {
		w.lastSlept = false
		return true
	}
	got := w.poll(int(fd))
	if got&^sys.POLLERR != 0 {
		w.failing = false
		return true
	}
	if got == sys.POLLERR {
		// POLLERR is either a pending error or a filled error queue. A filled
		// queue does not make the socket readable, and POLLERR stays set: if
		// each check returned true, the caller would spin.
		if !w.failing {
			w.failing = true
			return true
		}
		// Data to receive hides a pending error, and does not make the socket
		// writable.
		if e := w.peek(int(fd)); e != sys.EAGAIN && (e != 0 || w.events&sys.POLLIN != 0) {
			w.failing = false
			w.failure.Store(uintptr(e))
			return true
		}
	}
	w.lastSlept = true
	w.sleeps.Add(1)
	return false
}

func (w *Waiter) result(err error) sys.Errno {
	if err == nil {
		if w.failure.Load() != 0 {
			return sys.Errno(w.failure.Swap(0))
		}
		return 0
	}
	if err == os.ErrDeadlineExceeded {
		return Timeout
	}
	// After an event that is only an error (again the error queue) the runtime
	// poller refuses read waits until another event arrives.
	return Unavailable
}

func (w *Waiter) poll(fd int) int16 {
	if !Recording.Load() {
		got, _ := sys.Poll(fd, w.events, w.keepP)
		return got
	}
	start := time.Now()
	got, e := sys.Poll(fd, w.events, w.keepP)
	w.record(Call{Start: start, Duration: time.Since(start), Events: w.events, Got: got, Errno: e})
	return got
}

// peek takes a pending error. EAGAIN means that there is none.
func (w *Waiter) peek(fd int) sys.Errno {
	start := time.Now()
	n, e := sys.Peek(fd)
	if Recording.Load() {
		w.record(Call{Start: start, Duration: time.Since(start), Peek: true, N: n, Errno: e})
	}
	return e
}
