//go:build linux

package sys

import (
	"math/bits"
	"sync/atomic"
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

// The process's table of descriptors doubles when it is full, and the kernel then waits, some
// 10 ms, until no processor uses the old one. The new descriptor is the lowest that is free,
// so the last one says how near that is: a call that may be the one releases the P.
var descriptors struct {
	last atomic.Int32 // the last new one
	room atomic.Int32 // how many the table has at least: a power of two
}

// descriptorsMayGrow reports whether the next descriptor may be beyond the table. Eight are
// for those that others open meanwhile.
func descriptorsMayGrow() bool { return descriptors.last.Load()+8 >= descriptors.room.Load() }

// newDescriptor records the number of a new descriptor.
func newDescriptor(fd int) {
	descriptors.last.Store(int32(fd))
	if int32(fd) >= descriptors.room.Load() {
		descriptors.room.Store(max(64, int32(1)<<bits.Len32(uint32(fd))))
	}
}

// AcceptNosched is accept4(2).
func AcceptNosched(fd int, from *Name) (int, Errno) {
	if descriptorsMayGrow() {
		s, e := Accept(fd, from)
		if e == 0 {
			newDescriptor(s)
		}
		return s, e
	}
	from.n = uint32(len(from.b))
	s, _, e := syscall.RawSyscall6(unix.SYS_ACCEPT4, uintptr(fd), uintptr(unsafe.Pointer(&from.b)), uintptr(unsafe.Pointer(&from.n)),
		unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0, 0)
	switch e {
	case 0:
		raceAcquire()
		newDescriptor(int(s))
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
