package sys

import (
	"math"
	"time"

	"golang.org/x/sys/unix"
)

// PollMany is ppoll(2) of fds. It may return before the timeout d. A negative d is no
// timeout. It holds a thread while it sleeps, and does not retry after EINTR.
func PollMany(fds []unix.PollFd, d time.Duration) (int, Errno) {
	var t *unix.Timespec
	if d >= 0 {
		ts := unix.NsecToTimespec(int64(min(d, math.MaxInt32*time.Second))) // tv_sec has 32 bits on some machines
		t = &ts
	}
	n, err := unix.Ppoll(fds, t, nil)
	raceAcquire()
	return max(n, 0), errno(err)
}
