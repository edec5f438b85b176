//go:build freebsd || netbsd || dragonfly

package sys

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Poll is poll(2) of one descriptor with a zero timeout. It returns the conditions of
// events that are true now.
func Poll(fd int, events int16, _ bool) (int16, Errno) {
	p := unix.PollFd{Fd: int32(fd), Events: events}
	for {
		_, _, e := syscall.Syscall(unix.SYS_POLL, uintptr(unsafe.Pointer(&p)), 1, 0)
		if e != EINTR {
			raceAcquire() // another goroutine may have caused the event
			if hangupIsOfWriting && p.Revents&POLLHUP != 0 {
				return p.Revents&^POLLHUP | events&POLLOUT, e
			}
			return p.Revents, e
		}
	}
}
