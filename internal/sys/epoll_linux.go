package sys

import (
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// EpollCreate is epoll_create1(2).
func EpollCreate() (int, Errno) {
	ep, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	return ep, errno(err)
}

// EpollAdd is epoll_ctl(2): it adds fd, edge-triggered, with the bits of poll(2). The
// first event reports the conditions that are true already.
func EpollAdd(ep, fd int, events int16) Errno {
	return EpollControl(ep, unix.EPOLL_CTL_ADD, fd, uint32(uint16(events))|unix.EPOLLET, 0, false)
}

// EpollFetchOne is epoll_pwait(2) with a zero timeout for one event. It returns the bits
// of the event, 0 for none.
func EpollFetchOne(ep int) (int16, Errno) {
	var ev [1]EpollEvent
	_, e := EpollFetch(ep, ev[:], false)
	return int16(ev[0].Events), e
}

// An EpollEvent is a struct epoll_event: the conditions, and 64 bits of the caller.
type EpollEvent = unix.EpollEvent

// EpollData returns those 64 bits.
func EpollData(ev *EpollEvent) uint64 { return uint64(uint32(ev.Fd)) | uint64(uint32(ev.Pad))<<32 }

// EpollControl is epoll_ctl(2). To add or modify asks fd for its readiness, as Poll does:
// with keepP the caller knows that fd answers without sleeping.
func EpollControl(ep, op, fd int, events uint32, data uint64, keepP bool) (e Errno) {
	ev := EpollEvent{Events: events, Fd: int32(data), Pad: int32(data >> 32)}
	if keepP {
		_, _, e = syscall.RawSyscall6(unix.SYS_EPOLL_CTL, uintptr(ep), uintptr(op), uintptr(fd), uintptr(unsafe.Pointer(&ev)), 0, 0)
	} else {
		_, _, e = syscall.Syscall6(unix.SYS_EPOLL_CTL, uintptr(ep), uintptr(op), uintptr(fd), uintptr(unsafe.Pointer(&ev)), 0, 0)
	}
	raceRelease() // orders the registration before its events
	return e
}

// EpollFetch is epoll_pwait(2) with a zero timeout. It asks each file that reported an event
// for its readiness, as Poll does: with keepP the caller knows that all of them answer
// without sleeping.
func EpollFetch(ep int, events []EpollEvent, keepP bool) (int, Errno) {
	for {
		var n uintptr
		var e Errno
		if keepP {
			n, _, e = syscall.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(ep), uintptr(unsafe.Pointer(unsafe.SliceData(events))), uintptr(len(events)), 0, 0, 0)
		} else {
			n, _, e = syscall.Syscall6(unix.SYS_EPOLL_PWAIT, uintptr(ep), uintptr(unsafe.Pointer(unsafe.SliceData(events))), uintptr(len(events)), 0, 0, 0)
		}
		if e == EINTR {
			continue
		}
		if e != 0 {
			return 0, e
		}
		raceAcquire()
		return int(n), 0
	}
}

// Eventfd is eventfd2(2), close-on-exec and non-blocking.
func Eventfd() (int, Errno) {
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	return fd, errno(err)
}

// one is in the byte order of the machine: in the other one it would be 2 to the 56th, and
// fill the counter in 256 writes.
var one uint64 = 1

// EventfdAdd is write(2) of 1 to an eventfd.
func EventfdAdd(fd int) Errno {
	raceRelease()
	_, _, e := syscall.RawSyscall(unix.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(&one)), unsafe.Sizeof(one))
	return e
}

// Timerfd is timerfd_create(2) with the monotonic clock, close-on-exec and
// non-blocking.
func Timerfd() (int, Errno) {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_CLOEXEC|unix.TFD_NONBLOCK)
	return fd, errno(err)
}

// TimerfdSet is timerfd_settime(2): the timer expires once, after d. A d of 0 stops it.
func TimerfdSet(fd int, d time.Duration) Errno {
	return errno(unix.TimerfdSettime(fd, 0, &unix.ItimerSpec{Value: unix.NsecToTimespec(int64(d))}, nil))
}
