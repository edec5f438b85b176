package sockfd

import (
	"slices"
	"time"

	"github.com/berkeleysockets/sock/internal/refcount"
	"github.com/berkeleysockets/sock/internal/sys"
)

// The write lock serializes Writes to a stream, so that two of them do not interleave.
// Without contention it is one compare-and-swap. Waiting Writes form a queue, first come
// first served, that Close and deadlines reach: a Write in the queue makes no call.

// The states of FD.writeLock.
const (
	writeFree = iota
	writeHeld
	writeQueued // held, and a Write waits
)

// A writer is one Write that waits.
type writer struct {
	granted bool          // the lock was handed over; guarded by Cold.mu
	wake    chan struct{} // capacity 1
}

func (fd *FD) LockWrite() sys.Errno {
	if fd.writeLock.CompareAndSwap(writeFree, writeHeld) {
		return 0
	}
	return fd.waitWriteLock()
}

func (fd *FD) waitWriteLock() sys.Errno {
	if fd.refs.State()&Nonblock != 0 {
		return sys.EAGAIN
	}
	w := fd.Cold()
	w.mu.Lock()
	for {
		if fd.writeLock.CompareAndSwap(writeFree, writeHeld) {
			w.mu.Unlock()
			return 0
		}
		if fd.writeLock.CompareAndSwap(writeHeld, writeQueued) || fd.writeLock.Load() == writeQueued {
			break
		}
	}
	t := &writer{wake: make(chan struct{}, 1)}
	w.writers = append(w.writers, t)
	for {
		var e sys.Errno
		switch {
		case t.granted:
			w.mu.Unlock()
			return 0
		case fd.refs.State()&refcount.Closed != 0:
			e = ErrnoClosed
		case w.passed(WriteDeadline):
			e = ErrnoTimeout
		}
		if e != 0 {
			w.writers = slices.DeleteFunc(w.writers, func(x *writer) bool { return x == t })
			w.mu.Unlock()
			return e
		}
		at := w.earliest(WriteDeadline)
		w.mu.Unlock()
		t.wait(at)
		w.mu.Lock()
	}
}

func (t *writer) wait(until time.Time) {
	if until.IsZero() {
		<-t.wake
		return
	}
	timer := time.NewTimer(time.Until(until))
	defer timer.Stop()
	select {
	case <-t.wake:
	case <-timer.C:
	}
}

func (fd *FD) UnlockWrite() {
	if fd.writeLock.CompareAndSwap(writeHeld, writeFree) {
		return
	}
	w := fd.Cold()
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.writers) == 0 { // all have given up
		fd.writeLock.Store(writeFree)
		return
	}
	next := w.writers[0]
	w.writers = slices.Delete(w.writers, 0, 1)
	next.granted = true
	next.notify()
}

// wakeAllWriters makes every waiting Write, and every call in Pause, check its deadline and the
// closed bit again. The caller holds mu.
func (w *Cold) wakeAllWriters() {
	for _, t := range w.writers {
		t.notify()
	}
	for _, t := range w.pauses {
		t.notify()
	}
}

func (t *writer) notify() {
	select {
	case t.wake <- struct{}{}:
	default:
	}
}
