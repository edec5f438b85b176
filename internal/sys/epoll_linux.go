package sys

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// EpollCreate is epoll_create1(2).
func EpollCreate() (int, Errno) {
	ep, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	return ep, errno(err)
}

// EpollWatch is epoll_ctl(2): it adds fd, edge-triggered, with the bits of
// poll(2). What is so already shows first.
func EpollWatch(ep, fd int, events int16) Errno {
	ev := unix.EpollEvent{Events: uint32(uint16(events)) | unix.EPOLLET, Fd: int32(fd)}
	return errno(unix.EpollCtl(ep, unix.EPOLL_CTL_ADD, fd, &ev))
}

// EpollTake is epoll_pwait(2) with no time-out for one event: its bits, taken.
func EpollTake(ep int) (int16, Errno) {
	for {
		var ev unix.EpollEvent
		_, _, e := syscall.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(ep), uintptr(unsafe.Pointer(&ev)), 1, 0, 0, 0)
		if e != EINTR {
			return int16(ev.Events), e
		}
	}
}
