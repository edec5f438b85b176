package sys

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

const trapSocket = unix.SYS_SOCKET

func accept4(fd int, from *Name) (int, Errno) {
	s, _, e := syscall.Syscall6(unix.SYS_ACCEPT4, uintptr(fd), uintptr(unsafe.Pointer(&from.b)), uintptr(unsafe.Pointer(&from.n)), unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0, 0)
	return int(s), e
}

// AcceptCall is what accept is named in a trace.
const AcceptCall = "accept4"

// hangupIsOfWriting: POLLHUP tells that this side can send no more, and says
// nothing of the other half (poll_copyout in sys/kern/sys_generic.c): so a send
// fails at once, which is to be writable.
const hangupIsOfWriting = true
