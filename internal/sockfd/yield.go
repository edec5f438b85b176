package sockfd

import (
	"math"
	"runtime"
	"sync/atomic"
	"time"
)

// A yieldPolicy decides when a receive yields to other goroutines before it waits.
//
// A receive that must wait calls poll(2) first, since the runtime poller forgets events
// that came before. On a busy server it is cheaper to let the other goroutines run and
// then to try again: the data has often arrived by then, without poll(2) and the runtime
// poller (measured, an echo server with 100 connections: 1.10 to 1.14 of package net's
// requests, without it 1.05).
//
// A receive yields only after the runtime poller has woken the Socket several times, and
// again since the last yield: goroutines that never wait there keep the runtime from
// looking at its poller. A yield that finds nothing costs a system call, and beside
// goroutines that compute it delays data that is there already. Each such failure doubles
// the interval.
type yieldPolicy struct {
	wakeups atomic.Int32 // how minInterval Go's poller has woken the Socket since the last
	level   atomic.Int32 // how minInterval it has to before the next: 16 times, and twice that for each
}

// The levels: a yield for every second receive, up to one for 256.
const (
	minInterval = -4
	maxInterval = 4
)

// longTurn is the length of a yield in which a goroutine may have used its time slice, 10 ms.
const longTurn = 5 * time.Millisecond

// Yielded is the initial count of futile waits after a yield: the next wait is the first.
const Yielded = -1

// Yield lets other goroutines run, and reports whether it did. It does not if a deadline is
// set, which could pass meanwhile.
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

// woken counts a wake-up by the runtime poller.
func (y *yieldPolicy) woken() {
	if n := y.wakeups.Load(); n < math.MaxInt32 {
		y.wakeups.Store(n + 1)
	}
}

// failed lengthens the interval after a yield that found nothing or took long.
func (y *yieldPolicy) failed() { y.level.Store(min(max(y.level.Load(), -1)+2, maxInterval)) }
