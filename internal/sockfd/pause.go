package sockfd

import (
	"slices"
	"time"

	"github.com/berkeleysockets/sock/internal/refcount"
	"github.com/berkeleysockets/sock/internal/sys"
)

const (
	firstPause = 50 * time.Microsecond
	maxPause   = 100 * time.Millisecond
)

// Pause sleeps before attempt n of a call for which the kernel reports no readiness. Each pause
// is twice as long as the one before, up to 100 ms: an attempt comes at most as long after its
// time as it has waited already, and a thousand such calls cost little. Close ends a pause at
// once, and so does the deadline.
func (fd *FD) Pause(n int, deadline uint32) sys.Errno {
	if e := fd.Acquire(deadline); e != 0 { // the reference makes Close wake this call
		return e
	}
	c := fd.Cold()
	t := &writer{wake: make(chan struct{}, 1)}
	for until := time.Now().Add(min(firstPause<<min(n, 20), maxPause)); time.Now().Before(until); {
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
