//go:build !386 && !amd64 && !arm && !mips && !mips64 && !mips64le && !mipsle && !ppc64 && !ppc64le && !s390x

package sys

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// PollCall is the name of poll in a trace.
const PollCall = "ppoll"

// Poll is ppoll(2) of one descriptor with a zero timeout, for the newer machines, which
// have no poll(2). It returns the conditions of events that are true now.
func Poll(fd int, events int16, keepP bool) (int16, Errno) {
	p := unix.PollFd{Fd: int32(fd), Events: events}
	for {
		var now unix.Timespec
		var e Errno
		if keepP {
			_, _, e = syscall.RawSyscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(&p)), 1, uintptr(unsafe.Pointer(&now)), 0, 0, 0)
		} else {
			_, _, e = syscall.Syscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(&p)), 1, uintptr(unsafe.Pointer(&now)), 0, 0, 0)
		}
		if e != EINTR {
			raceAcquire()
			return p.Revents, e
		}
	}
}
