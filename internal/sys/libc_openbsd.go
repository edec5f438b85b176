package sys

import (
	"syscall"

	"golang.org/x/sys/unix"
)

const (
	RecvmsgFlags = unix.MSG_CMSG_CLOEXEC
	OpenFlags    = "|SOCK_CLOEXEC|SOCK_NONBLOCK"
	AcceptFlags  = "SOCK_CLOEXEC|SOCK_NONBLOCK"
	AcceptCall   = "accept4"
)

// accept4 is accept4(2), of package syscall since x/sys has none for OpenBSD.
// No child can inherit the descriptor before it is close-on-exec.
func accept4(fd int, from *Name) (int, Errno) {
	s, sa, err := syscall.Accept4(fd, unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK)
	if err != nil {
		return -1, errno(err)
	}
	switch sa := sa.(type) {
	case *syscall.SockaddrInet4:
		from.put(&unix.SockaddrInet4{Port: sa.Port, Addr: sa.Addr})
	case *syscall.SockaddrInet6:
		from.put(&unix.SockaddrInet6{Port: sa.Port, ZoneId: sa.ZoneId, Addr: sa.Addr})
	case *syscall.SockaddrUnix:
		from.put(&unix.SockaddrUnix{Name: sa.Name})
	default:
		from.put(nil)
	}
	return s, 0
}

// Socket is socket(2).
func Socket(domain, typ, proto int) (int, Errno) {
	fd, err := unix.Socket(domain, typ|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, proto)
	return fd, errno(err)
}

// Socketpair is socketpair(2).
func Socketpair(domain, typ, proto int) (a, b int, e Errno) {
	fds, err := unix.Socketpair(domain, typ|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, proto)
	return fds[0], fds[1], errno(err)
}

// Poll is poll(2) of one descriptor with no time-out: what of events is so now.
func Poll(fd int, events int16) (int16, Errno) { return poll(fd, events) }

// Quiet is for systems whose sends cannot be told to raise no signal.
func Quiet(int) Errno { return 0 }

func vendorSockaddr([]byte) (unix.Sockaddr, Errno) { return nil, EAFNOSUPPORT }
func (*Name) putVendor(unix.Sockaddr)              {}
