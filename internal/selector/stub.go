//go:build !linux && !freebsd && !darwin && !netbsd && !openbsd && !dragonfly

package selector

import (
	"iter"
	"time"

	"github.com/berkeleysockets/sock/internal/sys"
)

const (
	TokenBits      = 64
	SplitEvents    = false
	RemovesOnClose = false
	Supported      = Ready(0)
)

// A Selector is not available on this system.
type Selector struct{ callLog }

func New() (*Selector, sys.Errno) { return new(Selector), sys.ENOSYS }

func (*Selector) FD() int                                                     { return -1 }
func (*Selector) Add(fd int, want Ready, token uint64) sys.Errno              { return sys.ENOSYS }
func (*Selector) Modify(fd int, old, want Ready, was, token uint64) sys.Errno { return sys.ENOSYS }
func (*Selector) Remove(fd int, want Ready) sys.Errno                         { return sys.ENOSYS }
func (*Selector) Poll(limit int) (n int, e sys.Errno)                         { return 0, sys.ENOSYS }
func (*Selector) Wait(limit int, until time.Time) (n int, e sys.Errno)        { return 0, sys.ENOSYS }
func (*Selector) Event(i int) (token uint64, ready Ready)                     { return 0, 0 }
func (*Selector) Wake() sys.Errno                                             { return sys.ENOSYS }
func (*Selector) WakeAlways() sys.Errno                                       { return sys.ENOSYS }
func (*Selector) Full() bool                                                  { return false }
func (*Selector) Holds(fd int, want Ready, token uint64) bool                 { return false }
func (*Selector) Rebuild(all iter.Seq[Registration]) sys.Errno                { return sys.ENOSYS }
func (*Selector) AckWake()                                                    {}
func (*Selector) Close() sys.Errno                                            { return sys.ENOSYS }
func (*Selector) MaySleep()                                                   {}
