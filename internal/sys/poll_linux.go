//go:build 386 || amd64 || arm || mips || mips64 || mips64le || mipsle || ppc64 || ppc64le || s390x

package sys

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// PollCall is what poll is named in a trace.
const PollCall = "poll"

// Poll is poll(2) of one descriptor with no time-out: what of events is so now.
// It is a quarter cheaper than ppoll(2), and part of each wait.
func Poll(fd int, events int16) (int16, Errno) {
	p := unix.PollFd{Fd: int32(fd), Events: events}
	for {
		_, _, e := syscall.RawSyscall6(unix.SYS_POLL, uintptr(unsafe.Pointer(&p)), 1, 0, 0, 0, 0)
		if e != EINTR {
			raceAcquire() // what is so now, somebody made so
			return p.Revents, e
		}
	}
}
