package sys

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// macOS has no MSG_CMSG_CLOEXEC, SOCK_CLOEXEC and SOCK_NONBLOCK.
const (
	RecvmsgFlags = 0
	OpenFlags    = ""
	AcceptFlags  = ""
)

// Socket is socket(2), then fcntl(2) for the flags that socket does not take
// and setsockopt(2) for SO_NOSIGPIPE. Fork waits meanwhile.
func Socket(domain, typ, proto int) (int, Errno) {
	syscall.ForkLock.RLock()
	fd, err := unix.Socket(domain, typ, proto)
	if err == nil {
		unix.CloseOnExec(fd)
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return -1, errno(err)
	}
	if e := prepare(fd); e != 0 {
		unix.Close(fd)
		return -1, e
	}
	return fd, 0
}

// Socketpair is socketpair(2), then the same for both.
func Socketpair(domain, typ, proto int) (a, b int, e Errno) {
	syscall.ForkLock.RLock()
	fds, err := unix.Socketpair(domain, typ, proto)
	if err == nil {
		unix.CloseOnExec(fds[0])
		unix.CloseOnExec(fds[1])
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return -1, -1, errno(err)
	}
	for _, fd := range fds {
		if e := prepare(fd); e != 0 {
			unix.Close(fds[0])
			unix.Close(fds[1])
			return -1, -1, e
		}
	}
	return fds[0], fds[1], 0
}

func prepare(fd int) Errno {
	if e := errno(unix.SetNonblock(fd, true)); e != 0 {
		return e
	}
	return Quiet(fd)
}

// Quiet keeps a send to a closed peer from raising SIGPIPE: older systems have
// no MSG_NOSIGNAL and ignore its bit. An accepted socket may already have been
// reset, which is no failure of accept: EINVAL says so.
func Quiet(fd int) Errno {
	if e := errno(unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_NOSIGPIPE, 1)); e != EINVAL {
		return e
	}
	return 0
}

func vendorSockaddr(sa []byte) (unix.Sockaddr, Errno) {
	if cid, port, ok := VSock(sa); ok && Family(sa) == AF_VSOCK {
		return &unix.SockaddrVM{CID: cid, Port: port}, 0
	}
	return nil, EAFNOSUPPORT
}

func (n *Name) putVendor(sa unix.Sockaddr) {
	if vm, ok := sa.(*unix.SockaddrVM); ok {
		n.n = uint32(PutVSock(n.b[:], vm.CID, vm.Port))
	}
}
