package sys

import (
	"encoding/binary"
	"syscall"

	"golang.org/x/sys/unix"
)

const (
	RecvmsgFlags = unix.MSG_CMSG_CLOEXEC

	// AcceptCall is the name of accept in a trace; OpenFlags and AcceptFlags are
	// the flags of socket(2) and accept there.
	AcceptCall  = "accept4"
	OpenFlags   = "|SOCK_CLOEXEC|SOCK_NONBLOCK"
	AcceptFlags = "SOCK_CLOEXEC|SOCK_NONBLOCK"

	// ENONET exists on Linux alone: no call returns this number here.
	ENONET Errno = 1 << 20

	// MaxPath is the length of the longest unix path: x/sys requires room for its NUL.
	MaxPath = sunPath - 1
)

// accept4 is accept4(2), of package syscall because x/sys has none for OpenBSD. No
// child process can inherit the descriptor before it is close-on-exec.
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

// Poll is poll(2) of one descriptor with a zero timeout. It returns the conditions of
// events that are true now.
func Poll(fd int, events int16, _ bool) (int16, Errno) { return poll(fd, events) }

// DisableSIGPIPE disables SIGPIPE for a socket, on systems without MSG_NOSIGNAL.
func DisableSIGPIPE(int) Errno { return 0 }

func vendorSockaddr([]byte) (unix.Sockaddr, Errno) { return nil, EAFNOSUPPORT }
func (*Name) putVendor(unix.Sockaddr)              {}

// Control messages.

const cmsgLenWide = 0

const (
	// PassesAnyControl: the kernel lacks some of the control messages that package
	// cmsg builds.
	PassesAnyControl = false

	// An IPv4 datagram takes a source as an in_addr, and nothing else (udp_output in
	// sys/netinet/udp_usrreq.c).
	SendTTL4    = Missing
	SendTOS4    = Missing
	SizeTOS4    = 1
	SendSource4 = IP_SENDSRCADDR

	// Credentials are read with SO_PEERCRED, and never sent.
	SendCredentials = Missing
	SizeCredentials = 0

	// TripleInfo is 1 if in_pktinfo has an interface and two addresses, 0 if it has
	// an address and an interface.
	TripleInfo = 1
)

// Credentials of the peer: see peercred.go.

const (
	PeerCredLevel = SOL_SOCKET
	PeerCredName  = SO_PEERCRED
	PeerCredCall  = "SOL_SOCKET, SO_PEERCRED"
	SizePeerCred  = 12
)

// PeerCred reads a struct sockpeercred (sys/socket.h).
func PeerCred(b []byte) (pid, uid, gid int, ok bool) {
	return id(b, 8), id(b, 0), id(b, 4), len(b) == SizePeerCred
}

// Multicast: see mcast.go.

const (
	mcastOptions = mcastMreq
	groupAt      = 0
)

// putIndex4 completes a struct ip_mreqn: group, address, index (ip_setmoptions in
// sys/netinet/ip_output.c).
func putIndex4(b []byte, ifindex uint32) (int, Errno) {
	binary.NativeEndian.PutUint32(b[8:], ifindex)
	return 12, 0
}
