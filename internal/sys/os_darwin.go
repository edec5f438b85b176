package sys

import (
	"syscall"

	"golang.org/x/sys/unix"
)

const (
	// macOS has no MSG_CMSG_CLOEXEC, SOCK_CLOEXEC and SOCK_NONBLOCK.
	RecvmsgFlags = 0

	// AcceptCall is the name of accept in a trace; OpenFlags and AcceptFlags are
	// the flags of socket(2) and accept there.
	AcceptCall  = "accept"
	OpenFlags   = ""
	AcceptFlags = ""

	// ENONET exists on Linux alone: no call returns this number here.
	ENONET Errno = 1 << 20

	// MaxPath is the length of the longest unix path: x/sys requires room for its NUL.
	MaxPath = sunPath - 1
)

// accept4 is accept(2), then fcntl(2) twice and setsockopt(2). It does not hold
// syscall.ForkLock, as package net does not: if another process made the listener
// blocking, accept would hold the lock until a connection arrives. A connection that
// was reset may have no address: x/sys returns ECONNABORTED for it.
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

// Socket is socket(2), then fcntl(2) for the flags that socket does not accept, and
// setsockopt(2) for SO_NOSIGPIPE. syscall.ForkLock is held until the descriptor is
// close-on-exec, so that a fork waits.
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

// Socketpair is socketpair(2), then the calls of Socket for both descriptors.
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
	return DisableSIGPIPE(fd)
}

// DisableSIGPIPE prevents that a send to a closed peer raises SIGPIPE: older versions
// of macOS have no MSG_NOSIGNAL and ignore its bit. EINVAL is no error here: it means
// that an accepted socket was already reset, which is no failure of accept.
func DisableSIGPIPE(fd int) Errno {
	if e := errno(unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_NOSIGPIPE, 1)); e != EINVAL {
		return e
	}
	return 0
}

// Poll is poll(2) of one descriptor with a zero timeout. It returns the conditions of
// events that are true now. In the result POLLHUP means, as on the other systems, that
// both directions of a connection are closed. To macOS it means one of the directions
// that events name (poll_callback in bsd/kern/sys_generic.c), so Poll asks for each
// direction separately then.
func Poll(fd int, events int16, _ bool) (int16, Errno) {
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
		got &^= POLLPRI // macOS reports the end of a stream as urgent data too
	}
	switch {
	case in&out&POLLHUP != 0:
		got |= POLLHUP
	case out&POLLHUP != 0: // a send fails at once, so the socket counts as writable
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

// Control messages.

const cmsgLenWide = 0

const (
	// PassesAnyControl: the kernel lacks some of the control messages that package
	// cmsg builds.
	PassesAnyControl = false

	// The IPv4 datagrams of udp_output (bsd/netinet/udp_usrreq.c): an int of type of
	// service, an in_pktinfo, no time to live.
	SendTTL4    = Missing
	SendTOS4    = IP_TOS
	SizeTOS4    = 4
	SendSource4 = IP_PKTINFO

	// Credentials are read with LOCAL_PEERCRED, and never sent.
	SendCredentials = Missing
	SizeCredentials = 0

	// TripleInfo is 1 if in_pktinfo has an interface and two addresses, 0 if it has
	// an address and an interface.
	TripleInfo = 1
)

// Credentials of the peer.
const (
	SizePeerCred = 16
	peerPIDAt    = SizePeerCred // beyond the end: xucred has no process here
)

// Multicast: see mcast.go.

const mcastOptions = mcastBoth

// groupAt is the offset of the group after the index: there is no padding
// (#pragma pack(4) in netinet/in.h).
const groupAt = 4

// putIndex4 leaves imr_interface 0: see NewMembership.
func putIndex4([]byte, uint32) (int, Errno) { return 8, 0 }
