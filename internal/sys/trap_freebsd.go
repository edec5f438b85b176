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

// hangupIsOfWriting: POLLHUP is of both halves (sopoll_generic in
// sys/kern/uipc_socket.c).
const hangupIsOfWriting = false
