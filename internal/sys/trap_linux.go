package sys

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	trapSocket      = unix.SYS_SOCKET
	trapSocketpair  = unix.SYS_SOCKETPAIR
	trapBind        = unix.SYS_BIND
	trapListen      = unix.SYS_LISTEN
	trapConnect     = unix.SYS_CONNECT
	trapShutdown    = unix.SYS_SHUTDOWN
	trapGetsockname = unix.SYS_GETSOCKNAME
	trapGetpeername = unix.SYS_GETPEERNAME
	trapGetsockopt  = unix.SYS_GETSOCKOPT
	trapSetsockopt  = unix.SYS_SETSOCKOPT
	trapSendto      = unix.SYS_SENDTO
	trapRecvfrom    = unix.SYS_RECVFROM
	trapSendmsg     = unix.SYS_SENDMSG
	trapRecvmsg     = unix.SYS_RECVMSG

	// rawLimit is the most a transfer may carry and still keep its
	// processor: 64 KiB take about 10 us, 1 MiB 77.
	rawLimit = 64 << 10

	SendFlags    = unix.MSG_NOSIGNAL
	RecvmsgFlags = unix.MSG_CMSG_CLOEXEC

	// Sleeps are the flags with which a receive may sleep though it was told
	// not to.
	Sleeps = 0

	// What the calls are named in a trace.
	AcceptCall = "accept4"
)

func accept4(fd int, from *Name) (int, Errno) {
	const flags = unix.SOCK_CLOEXEC | unix.SOCK_NONBLOCK
	s, _, e := syscall.Syscall6(unix.SYS_ACCEPT4, uintptr(fd), uintptr(unsafe.Pointer(&from.b)), uintptr(unsafe.Pointer(&from.n)), flags, 0, 0)
	if socketcalls && e == ENOSYS {
		s, e = oldAccept4(fd, from, flags)
	}
	return int(s), e
}
