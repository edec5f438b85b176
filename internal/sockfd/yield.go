package sockfd

import (
	"math"
	"runtime"
	"sync/atomic"
	"time"
)

// A receive that has to wait asks the kernel first whether that is so still, for Go's
// poller forgets what came before. Where many goroutines are busy with connections
// something is cheaper: to let the others run, each for its turn, and try. What the call
// is for has minInterval come by then, and neither poll(2) nor Go's poller had a part in it
// (measured, an echo server with 100 connections: 1.10 to 1.14 of package net's
// requests, without 1.05).
//
// yields says when to. Not before Go's poller has woken the Socket a few times, and
// again since the last time: goroutines that never wait there keep it from being looked
// at, and the others out. In vain it costs a system call, and beside goroutines that
// compute it makes what is there already wait for them: then it is left alone for a
// while, and longer each time.
type yieldPolicy struct {
	wakeups atomic.Int32 // how minInterval Go's poller has woken the Socket since the last
	level   atomic.Int32 // how minInterval it has to before the next: 16 times, and twice that for each
}

// The levels go from each second receive to one of 256.
const (
	minInterval = -4
	maxInterval = 4
)

// longTurn is one in which a goroutine may have used up Go's time slice, 10 ms.
const longTurn = 5 * time.Millisecond

// Yielded is what a call's count of waits in vain begins with after a yield: its next
// wait is not the second.
const Yielded = -1

// yield reports whether it let the others run instead of waiting. It does not where the
// turn of the others could let a deadline pass.
func (fd *FD) Yield(flags int) bool {
	if fd.refs.State()&(ReadWaited|ReadDeadline|Nonblock) != ReadWaited || flags&Immediate != 0 {
		return false
	}
	return fd.Cold().yields.tryYield(runtime.Gosched)
}

func (y *yieldPolicy) tryYield(others func()) bool {
	level := y.level.Load()
	if y.wakeups.Load() < 1<<(level-minInterval) {
		return false
	}
	y.wakeups.Store(0)
	y.level.Store(max(level-1, minInterval))
	start := time.Now()
	others()
	if time.Since(start) > longTurn {
		y.failed()
	}
	return true
}

// woken is told that Go's poller has woken the caller.
func (y *yieldPolicy) woken() {
	if n := y.wakeups.Load(); n < math.MaxInt32 {
		y.wakeups.Store(n + 1)
	}
}

// failed is told that there was nothing after a yield, or that it took long.
func (y *yieldPolicy) failed() { y.level.Store(min(max(y.level.Load(), -1)+2, maxInterval)) }
