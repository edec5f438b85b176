package sys

import (
	"math"
	"time"

	"golang.org/x/sys/unix"
)

// PollMany is ppoll(2) of all of fds for d at most, or less; below 0 it is forever. It
// holds a thread while it sleeps.
func PollMany(fds []unix.PollFd, d time.Duration) (int, Errno) {
	var t *unix.Timespec
	if d >= 0 {
		ts := unix.NsecToTimespec(int64(min(d, math.MaxInt32*time.Second))) // 32 bits, on some machines
		t = &ts
	}
	n, err := unix.Ppoll(fds, t, nil)
	raceAcquire()
	return max(n, 0), errno(err)
}
