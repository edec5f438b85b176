package sockfd

import (
	"math"
	"time"

	"github.com/berkeleysockets/sock/internal/netpoll"
	"github.com/berkeleysockets/sock/internal/refcount"
	"github.com/berkeleysockets/sock/internal/sys"
)

// epoch is the origin of deadlines, which are durations since then: integers compare, and the
// monotonic clock does not jump.
var epoch = time.Now()

// A Direction is one of the two that a call can wait for.
type Direction int

const (
	Read Direction = iota
	Write
)

// Deadline returns the state bit of d's deadline.
func (d Direction) Deadline() uint32 { return ReadDeadline << d }

func (d Direction) waited() uint32 { return ReadWaited << d }

// SetDeadlines sets the deadlines in bits. It makes no system call.
func (fd *FD) SetDeadlines(bits uint32, t time.Time) sys.Errno {
	c := fd.Cold()
	c.mu.Lock()
	defer c.mu.Unlock()
	if fd.refs.State()&(Opened|refcount.Closed) != Opened {
		return ErrnoClosed
	}
	at := int64(0)
	if !t.IsZero() {
		at = deadlineAfter(time.Since(epoch), time.Until(t))
	}
	for d := Read; d <= Write; d++ {
		if bits&d.Deadline() != 0 {
			c.deadlines[d].Store(at)
		}
	}
	if at != 0 {
		fd.refs.Set(bits)
	} else {
		fd.refs.Clear(bits)
	}
	if d := c.desc.Load(); d != nil {
		c.arm(d, bits)
	}
	for _, x := range c.waits {
		x.desc.SetReadDeadline(c.earliest(x.deadlines))
	}
	c.wakeAllWriters()
	return 0
}

// deadlineAfter returns the deadline that is left away from now. A time without a monotonic
// reading is compared with the wall clock of the moment of the call, as package net does:
// compared with epoch it would be wrong by whatever the clock was set in between. Times beyond
// the range of a Duration saturate; 0 means that there is no deadline.
func deadlineAfter(now, left time.Duration) int64 {
	if left > math.MaxInt64-now {
		return math.MaxInt64
	}
	return max(1, int64(now+left))
}

func (c *Cold) arm(d *netpoll.Desc, bits uint32) {
	if bits&ReadDeadline != 0 {
		d.SetReadDeadline(c.earliest(ReadDeadline))
	}
	if bits&WriteDeadline != 0 {
		d.SetWriteDeadline(c.earliest(WriteDeadline))
	}
}

func (c *Cold) passed(bits uint32) bool {
	if c == nil || bits&(ReadDeadline|WriteDeadline) == 0 {
		return false
	}
	now := int64(time.Since(epoch))
	for d := Read; d <= Write; d++ {
		if at := c.deadlines[d].Load(); bits&d.Deadline() != 0 && at != 0 && at <= now {
			return true
		}
	}
	return false
}

// DeadlineOf returns the deadline of d; the zero Time is none.
func (fd *FD) DeadlineOf(d Direction) time.Time {
	c := fd.cold.Load()
	if c == nil {
		return time.Time{}
	}
	return c.earliest(d.Deadline())
}

func (c *Cold) earliest(bits uint32) time.Time {
	first := int64(0)
	for d := Read; d <= Write; d++ {
		if at := c.deadlines[d].Load(); bits&d.Deadline() != 0 && at != 0 && (first == 0 || at < first) {
			first = at
		}
	}
	if first == 0 {
		return time.Time{}
	}
	return epoch.Add(time.Duration(first))
}
