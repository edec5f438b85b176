//go:build freebsd || darwin || netbsd || openbsd || dragonfly || (linux && sock_poll)

package selector

import (
	"fmt"
	"sync/atomic"

	"github.com/berkeleysockets/sock/internal/sys"
	"github.com/berkeleysockets/sock/internal/trace"
)

// A waker is a pipe that holds at most one byte, two after wakeAlways. It is a pipe because not every
// system has EVFILT_USER, and poll(2) has no equivalent.
type waker struct {
	r, w  int
	woken atomic.Bool // the pipe holds the byte, or a goroutine is about to write it
	buf   [1]byte     // buffer of reset
}

func (w *waker) open(l *callLog) (e sys.Errno) {
	start := trace.Start()
	w.r, w.w, e = sys.Pipe()
	l.add(start, "pipe", -1, 0, e, func() string { return fmt.Sprintf("[%d, %d]", w.r, w.w) })
	return e
}

// wake makes the pipe readable.
func (w *waker) wake(l *callLog) sys.Errno {
	if w.woken.Swap(true) {
		return 0
	}
	return w.write(l)
}

// wakeAlways is wake, whether the pipe holds a byte or not.
func (w *waker) wakeAlways(l *callLog) sys.Errno {
	w.woken.Store(true)
	return w.write(l)
}

func (w *waker) write(l *callLog) sys.Errno {
	start := trace.Start()
	e := sys.PipeWrite(w.w)
	l.add(start, "write", w.w, 1, e, func() string { return `"\0", 1` })
	return e
}

// reset empties the pipe, and clears woken after that. In the opposite order it
// could take the byte of a later wake and leave woken set, and no wake would write
// again.
func (w *waker) reset() {
	sys.PipeRead(w.r, w.buf[:])
	w.woken.Store(false)
}

func (w *waker) close(l *callLog) {
	l.close(w.r)
	l.close(w.w)
}
