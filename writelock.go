package sock

import (
	"slices"
	"time"

	"github.com/berkeleysockets/sock/internal/guard"
	"github.com/berkeleysockets/sock/internal/sys"
)

// Writes to a stream take turns, so that two of them do not interleave. Alone,
// a turn is one compare-and-swap. Behind another it is a queue, first come
// first served, that Close and deadlines reach as well: whoever waits in it is
// no call under way.

// The states of Socket.writing.
const (
	writeFree = iota
	writeHeld
	writeQueued // held, and somebody waits
)

// A turn is one Write that waits.
type turn struct {
	mine bool          // under waiting.mu: it has been handed over
	look chan struct{} // room for one: something has changed
}

func (s *Socket) lockWrite() sys.Errno {
	if s.writing.CompareAndSwap(writeFree, writeHeld) {
		return 0
	}
	return s.queueWrite()
}

func (s *Socket) queueWrite() sys.Errno {
	if s.word.State()&nonblock != 0 {
		return sys.EAGAIN
	}
	w := s.waiting()
	w.mu.Lock()
	for {
		if s.writing.CompareAndSwap(writeFree, writeHeld) {
			w.mu.Unlock()
			return 0
		}
		if s.writing.CompareAndSwap(writeHeld, writeQueued) || s.writing.Load() == writeQueued {
			break
		}
	}
	t := &turn{look: make(chan struct{}, 1)}
	w.queue = append(w.queue, t)
	for {
		var e sys.Errno
		switch {
		case t.mine:
			w.mu.Unlock()
			return 0
		case s.word.State()&guard.Closed != 0:
			e = errnoClosed
		case w.passed(writeDeadline):
			e = errnoTimeout
		}
		if e != 0 {
			w.queue = slices.DeleteFunc(w.queue, func(x *turn) bool { return x == t })
			w.mu.Unlock()
			return e
		}
		at := w.earliest(writeDeadline)
		w.mu.Unlock()
		t.wait(at)
		w.mu.Lock()
	}
}

func (t *turn) wait(until time.Time) {
	if until.IsZero() {
		<-t.look
		return
	}
	timer := time.NewTimer(time.Until(until))
	defer timer.Stop()
	select {
	case <-t.look:
	case <-timer.C:
	}
}

func (s *Socket) unlockWrite() {
	if s.writing.CompareAndSwap(writeHeld, writeFree) {
		return
	}
	w := s.waiting()
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.queue) == 0 { // all have given up
		s.writing.Store(writeFree)
		return
	}
	next := w.queue[0]
	w.queue = slices.Delete(w.queue, 0, 1)
	next.mine = true
	next.notify()
}

// kick makes everybody in the queue look at deadline and word again. The
// caller holds mu.
func (w *waiting) kick() {
	for _, t := range w.queue {
		t.notify()
	}
}

func (t *turn) notify() {
	select {
	case t.look <- struct{}{}:
	default:
	}
}
