//go:build freebsd || darwin || netbsd || openbsd || dragonfly

package sys

import (
	"math"
	"time"

	"golang.org/x/sys/unix"
)

// PollMany is poll(2) of fds with the timeout d, rounded up to milliseconds. A negative d
// is no timeout. It holds a thread while it sleeps, and does not retry after EINTR.
func PollMany(fds []unix.PollFd, d time.Duration) (int, Errno) {
	ms := -1
	if d >= 0 {
		ms = int(min(d/time.Millisecond+min(d%time.Millisecond, 1), math.MaxInt32))
	}
	n, err := unix.Poll(fds, ms)
	raceAcquire()
	return max(n, 0), errno(err)
}
