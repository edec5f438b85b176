package netpoll

import (
	"sync/atomic"
	"time"

	"github.com/berkeleysockets/sock/internal/sys"
)

// Recording selects whether waits record their system calls, for a tracer.
var Recording atomic.Bool

// A Call is a system call that a wait made: poll(2), or recv(2) with MSG_PEEK.
type Call struct {
	Start       time.Time
	Duration    time.Duration
	Events, Got int16 // of poll(2): requested events and returned events
	Peek        bool  // recv(2), not poll(2)
	N           int   // of recv(2): its result
	Errno       sys.Errno
}

func (w *Waiter) record(c Call) {
	w.mu.Lock()
	w.calls = append(w.calls, c)
	w.mu.Unlock()
}

// Calls returns the recorded calls and removes them.
func (w *Waiter) Calls() []Call {
	w.mu.Lock()
	c := w.calls
	w.calls = nil
	w.mu.Unlock()
	return c
}
