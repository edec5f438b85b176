//go:build freebsd || darwin || netbsd || openbsd || dragonfly || (linux && sock_poll)

package queue

import (
	"fmt"
	"sync/atomic"

	"github.com/berkeleysockets/sock/internal/sys"
)

// An alarm is a pipe with at most one byte in it: not every system has
// EVFILT_USER, and poll(2) has nothing of the kind.
type alarm struct {
	r, w  int
	woken atomic.Bool // the byte is in, or is about to be
	room  [1]byte
}

func (a *alarm) open(t *trail) (e sys.Errno) {
	start := started()
	a.r, a.w, e = sys.Pipe()
	t.add(start, "pipe", -1, 0, e, func() string { return fmt.Sprintf("[%d, %d]", a.r, a.w) })
	return e
}

// raise makes the pipe readable.
func (a *alarm) raise(t *trail) sys.Errno {
	if a.woken.Swap(true) {
		return 0
	}
	start := started()
	e := sys.PipePut(a.w)
	t.add(start, "write", a.w, 1, e, func() string { return `"\0", 1` })
	return e
}

// drain empties the pipe, and only then may others fill it: the other way round
// it would take their byte and leave the flag.
func (a *alarm) drain() {
	sys.PipeTake(a.r, a.room[:])
	a.woken.Store(false)
}

func (a *alarm) close(t *trail) {
	t.close(a.r)
	t.close(a.w)
}
