package sys

import "golang.org/x/sys/unix"

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
