package sys

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

const trapSocket = unix.SYS_SOCKET

// NetBSD's accept4 is a libc function over paccept(2), whose fourth argument
// is a signal mask: none.
func accept4(fd int, from *Name) (int, Errno) {
	s, _, e := syscall.Syscall6(unix.SYS_PACCEPT, uintptr(fd), uintptr(unsafe.Pointer(&from.b)), uintptr(unsafe.Pointer(&from.n)), 0, unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	return int(s), e
}

// AcceptCall is what accept is named in a trace.
const AcceptCall = "paccept"

// hangupIsOfWriting: there is no POLLHUP (sopoll in sys/kern/uipc_socket.c).
const hangupIsOfWriting = false
