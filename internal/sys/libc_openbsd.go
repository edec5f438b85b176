package sys

import "golang.org/x/sys/unix"

const (
	RecvmsgFlags = unix.MSG_CMSG_CLOEXEC
	OpenFlags    = "|SOCK_CLOEXEC|SOCK_NONBLOCK"
	AcceptFlags  = ""
)

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

// Quiet is for systems whose sends cannot be told to raise no signal.
func Quiet(int) Errno { return 0 }

func vendorSockaddr([]byte) (unix.Sockaddr, Errno) { return nil, EAFNOSUPPORT }
func (*Name) putVendor(unix.Sockaddr)              {}
