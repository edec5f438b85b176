//go:build freebsd || netbsd || dragonfly

package sys

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
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

	// rawLimit is below every size: a transfer always tells the scheduler,
	// for what a raw one costs was measured on Linux alone.
	rawLimit = -1

	SendFlags    = unix.MSG_NOSIGNAL
	RecvmsgFlags = unix.MSG_CMSG_CLOEXEC

	// Sleeps are the flags with which a receive may sleep though it was told
	// not to: once it has got something, MSG_WAITALL waits for more whatever
	// O_NONBLOCK and MSG_DONTWAIT say (soreceive in sys/kern/uipc_socket.c:
	// the loop that calls sbwait).
	Sleeps = unix.MSG_WAITALL

	// PollCall is what poll is named in a trace.
	PollCall = "poll"
)

// Poll is poll(2) of one descriptor with no time-out: what of events is so now.
func Poll(fd int, events int16) (int16, Errno) {
	p := unix.PollFd{Fd: int32(fd), Events: events}
	for {
		_, _, e := syscall.Syscall(unix.SYS_POLL, uintptr(unsafe.Pointer(&p)), 1, 0)
		if e != EINTR {
			raceAcquire() // what is so now, somebody made so
			if hangupIsOfWriting && p.Revents&POLLHUP != 0 {
				return p.Revents&^POLLHUP | events&POLLOUT, e
			}
			return p.Revents, e
		}
	}
}
