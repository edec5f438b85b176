//go:build !linux && !freebsd && !darwin && !netbsd && !openbsd && !dragonfly

package queue

import (
	"time"

	"github.com/berkeleysockets/sock/internal/sys"
)

const (
	TokenBits = 64
	Splits    = false
	Tells     = false
	Supported = Ready(0)
)

// A Queue cannot be made here.
type Queue struct{ trail }

func New() (*Queue, sys.Errno) { return new(Queue), sys.ENOSYS }

func (*Queue) Add(fd int, want Ready, token uint64) sys.Errno         { return sys.ENOSYS }
func (*Queue) Modify(fd int, old, want Ready, token uint64) sys.Errno { return sys.ENOSYS }
func (*Queue) Remove(fd int, want Ready) sys.Errno                    { return sys.ENOSYS }
func (*Queue) Now(most int) (n int, e sys.Errno)                      { return 0, sys.ENOSYS }
func (*Queue) Wait(most int, until time.Time) (n int, e sys.Errno)    { return 0, sys.ENOSYS }
func (*Queue) Event(i int) (token uint64, ready Ready)                { return 0, 0 }
func (*Queue) Wake() sys.Errno                                        { return sys.ENOSYS }
func (*Queue) Noticed()                                               {}
func (*Queue) Close() sys.Errno                                       { return sys.ENOSYS }
