package sock

import (
	"runtime"
	"sync/atomic"
)

// A call that has to wait asks the kernel first whether that is so still, for Go's
// poller forgets what came before. Where goroutines are many and busy something is
// cheaper: to let the others run, each for its turn, and try. What the call is for has
// often come by then, and neither poll(2) nor Go's poller had a part in it (measured,
// an echo server with 100 connections: 1.12 of package net's requests, without 1.05).
//
// yields says when to. Not before Go's poller has woken the Socket since the last time:
// goroutines that never wait there keep it from being looked at, and the others out. In
// vain it costs a system call, so then it is left alone for a while, and longer each
// time.
type yields struct {
	wait  atomic.Int32 // how often Go's poller has to wake the Socket before the next
	pause atomic.Int32 // what wait was set to the last time that it was in vain
}

// yielded is what a call's count of waits in vain begins with after a yield: its next
// wait is not the second.
const yielded = -1

// yield reports whether it let the others run.
func (y *yields) yield() bool {
	if y.wait.Load() > 0 {
		return false
	}
	y.wait.Store(1)
	y.pause.Store(y.pause.Load() / 2)
	runtime.Gosched()
	return true
}

// rested is told that Go's poller has woken the caller.
func (y *yields) rested() {
	if n := y.wait.Load(); n > 0 {
		y.wait.Store(n - 1)
	}
}

// inVain is told that there was nothing after a yield.
func (y *yields) inVain() {
	n := min(max(16, 4*y.pause.Load()), 256)
	y.wait.Store(n)
	y.pause.Store(n)
}
