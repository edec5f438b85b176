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
	AcceptCall   = "accept"
)

// accept4 is accept(2), then fcntl(2) twice and setsockopt(2). Fork is not
// locked out meanwhile, as in package net: should someone have made the
// listener blocking, the lock would be held for ever. A connection that was
// reset may come without an address: x/sys makes ECONNABORTED of that.
func accept4(fd int, from *Name) (int, Errno) {
	s, sa, err := unix.Accept(fd)
	if err != nil {
		return -1, errno(err)
	}
	unix.CloseOnExec(s)
	if e := prepare(s); e != 0 {
		unix.Close(s)
		return -1, e
	}
	from.put(sa)
	return s, 0
}

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

// Poll is poll(2) of one descriptor with no time-out: what of events is so now.
// POLLHUP is to mean, as on the other systems, that both halves of a connection
// have ended. There it means one, of those that events name (poll_callback in
// bsd/kern/sys_generic.c): then each is asked for by itself.
func Poll(fd int, events int16) (int16, Errno) {
	got, e := poll(fd, events)
	if e != 0 || got&POLLHUP == 0 && events&(POLLIN|POLLOUT) != 0 {
		return got, e
	}
	in, e := poll(fd, POLLIN)
	if e != 0 {
		return 0, e
	}
	out, e := poll(fd, POLLOUT)
	got |= (in | out) & (POLLERR | POLLNVAL)
	if in&POLLHUP != 0 {
		got &^= POLLPRI // the end of a stream shows as urgent data too
	}
	switch {
	case in&out&POLLHUP != 0:
		got |= POLLHUP
	case out&POLLHUP != 0: // a send fails, at once
		got = got&^POLLHUP | events&POLLOUT
	default:
		got &^= POLLHUP
	}
	return got, e
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
