//go:build 386 || amd64 || arm || mips || mips64 || mips64le || mipsle || ppc64 || ppc64le || s390x

package sys

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// PollCall is the name of poll in a trace.
const PollCall = "poll"

// Poll is poll(2) of one descriptor with a zero timeout. It returns the conditions of
// events that are true now. Each wait calls it. It costs a quarter less
// than ppoll(2). With keepP it does not release the P: some families lock the socket to
// answer, and a file of a file system in user space asks a process.
func Poll(fd int, events int16, keepP bool) (int16, Errno) {
	p := unix.PollFd{Fd: int32(fd), Events: events}
	for {
		var e Errno
		if keepP {
			_, _, e = syscall.RawSyscall6(unix.SYS_POLL, uintptr(unsafe.Pointer(&p)), 1, 0, 0, 0, 0)
		} else {
			_, _, e = syscall.Syscall(unix.SYS_POLL, uintptr(unsafe.Pointer(&p)), 1, 0)
		}
		if e != EINTR {
			raceAcquire() // another goroutine may have caused the event
			return p.Revents, e
		}
	}
}
