package sockfd

import (
	"slices"
	"time"

	"github.com/berkeleysockets/sock/internal/refcount"
	"github.com/berkeleysockets/sock/internal/sys"
)

const firstPause = 20 * time.Microsecond

// The longest pauses.
const (
	connectPause = 100 * time.Millisecond // for room in the backlog of a unix listener
	lyingPause   = time.Second            // while poll(2) reports what the call does not find
	noEpollPause = 20 * time.Millisecond  // where there is no epoll descriptor to wait with
)

// PauseConnect is the pause before attempt n of a connect(2) that found a full backlog.
func (fd *FD) PauseConnect(n int) sys.Errno { return fd.pause(n, connectPause, WriteDeadline) }

// pause sleeps before attempt n of a call for which the kernel reports no readiness, or a wrong
// one. Each pause is twice as long as the one before, up to longest: an attempt comes at most
// as long after its time as the call has waited already, and a peer that makes a thousand
// descriptors lie costs little. Close ends a pause at once, and so does the deadline.
func (fd *FD) pause(n int, longest time.Duration, deadline uint32) sys.Errno {
	if e := fd.Acquire(deadline); e != 0 { // the reference makes Close wake this call
		return e
	}
	c := fd.Cold()
	t := &writer{wake: make(chan struct{}, 1)}
	for until := time.Now().Add(min(firstPause<<min(n, 20), longest)); time.Now().Before(until); {
		c.mu.Lock()
		if fd.refs.State()&refcount.Closed != 0 || c.passed(deadline) {
			c.mu.Unlock()
			break
		}
		c.pauses = append(c.pauses, t)
		wake := until
		if at := c.earliest(deadline); !at.IsZero() && at.Before(until) {
			wake = at
		}
		c.mu.Unlock()
		t.wait(wake)
		c.mu.Lock()
		c.pauses = slices.DeleteFunc(c.pauses, func(x *writer) bool { return x == t })
		c.mu.Unlock()
	}
	fd.Done()
	return fd.Check(deadline)
}
