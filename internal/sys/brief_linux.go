package sys

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// HasBrief reports whether the calls below keep their processor. The scheduler then
// is not told of them, which takes it from who is 20 us inside: they must not sleep.
const HasBrief = true

// ConnectSettles reports whether connect(2), called again on a TCP socket that was
// connecting, tells how that ended, and forgets a failure.
const ConnectSettles = true

// ConnectBriefly is connect(2).
func ConnectBriefly(fd int, sa []byte) Errno {
	raceRelease()
	_, _, e := syscall.RawSyscall6(unix.SYS_CONNECT, uintptr(fd), uintptr(ptr(sa)), uintptr(len(sa)), 0, 0, 0)
	if e == ENOSYS {
		return Connect(fd, sa)
	}
	return e
}

// AcceptBriefly is accept4(2).
func AcceptBriefly(fd int, from *Name) (int, Errno) {
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

// CloseBriefly is close(2).
func CloseBriefly(fd int) Errno {
	raceRelease()
	_, _, e := syscall.RawSyscall6(unix.SYS_CLOSE, uintptr(fd), 0, 0, 0, 0, 0)
	return e
}

// SetsockoptBriefly is setsockopt(2).
func SetsockoptBriefly(fd, level, name int, b []byte) Errno {
	_, _, e := syscall.RawSyscall6(trapSetsockopt, uintptr(fd), uintptr(level), uintptr(name), uintptr(ptr(b)), uintptr(len(b)), 0)
	if e == ENOSYS || e == EINTR {
		return Setsockopt(fd, level, name, b)
	}
	return e
}
