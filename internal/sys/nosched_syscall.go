//go:build linux

package sys

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// HasNosched reports whether the calls below do not release the P. A RawSyscall hides
// the call from the scheduler, which takes the P from a system call after 20 us. So the
// call must not sleep: the scheduler would lose that P, and a GC could not stop the
// world.
const HasNosched = true

// ConnectReportsResult reports whether a second connect(2) on a connecting TCP socket
// returns the result of the first, and clears its error.
const ConnectReportsResult = true

// ConnectNosched is connect(2).
func ConnectNosched(fd int, sa []byte) Errno {
	raceRelease()
	_, _, e := syscall.RawSyscall6(unix.SYS_CONNECT, uintptr(fd), uintptr(ptr(sa)), uintptr(len(sa)), 0, 0, 0)
	if e == ENOSYS {
		return Connect(fd, sa)
	}
	return e
}

// AcceptNosched is accept4(2).
func AcceptNosched(fd int, from *Name) (int, Errno) {
	from.n = uint32(len(from.b))
	s, _, e := syscall.RawSyscall6(unix.SYS_ACCEPT4, uintptr(fd), uintptr(unsafe.Pointer(&from.b)), uintptr(unsafe.Pointer(&from.n)),
		unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0, 0)
	switch e {
	case 0:
		raceAcquire()
	case ENOSYS, EINTR:
		return Accept(fd, from)
	}
	return int(s), e
}

// CloseNosched is close(2).
func CloseNosched(fd int) Errno {
	raceRelease()
	_, _, e := syscall.RawSyscall6(unix.SYS_CLOSE, uintptr(fd), 0, 0, 0, 0, 0)
	return e
}

// SetsockoptNosched is setsockopt(2).
func SetsockoptNosched(fd, level, name int, b []byte) Errno {
	_, _, e := syscall.RawSyscall6(unix.SYS_SETSOCKOPT, uintptr(fd), uintptr(level), uintptr(name), uintptr(ptr(b)), uintptr(len(b)), 0)
	if e == ENOSYS || e == EINTR {
		return Setsockopt(fd, level, name, b)
	}
	return e
}
