package sys

import (
	"encoding/binary"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	// rawLimit is negative: no transfer is made without releasing the P. The cost was
	// measured on Linux only.
	rawLimit = -1

	SendFlags    = unix.MSG_NOSIGNAL
	RecvmsgFlags = unix.MSG_CMSG_CLOEXEC

	// MayBlockFlags are the flags with which a receive may block although O_NONBLOCK
	// or MSG_DONTWAIT is set: with MSG_WAITALL, after the first data, it waits for
	// more (soreceive in sys/kern/uipc_socket.c: the loop that calls sbwait).
	MayBlockFlags = unix.MSG_WAITALL

	// AcceptCall and PollCall are the names of accept and poll in a trace; OpenFlags
	// and AcceptFlags are the flags of socket(2) and accept there.
	AcceptCall  = "accept4"
	PollCall    = "poll"
	OpenFlags   = "|SOCK_CLOEXEC|SOCK_NONBLOCK"
	AcceptFlags = "SOCK_CLOEXEC|SOCK_NONBLOCK"

	// ENONET exists on Linux alone: no call returns this number here.
	ENONET Errno = 1 << 20

	// hangupIsOfWriting: POLLHUP reports that this side can send no more, and not
	// whether the other direction is closed (poll_copyout in sys/kern/sys_generic.c).
	// A send fails at once, so the socket counts as writable.
	hangupIsOfWriting = true

	// MaxPath is the length of the longest unix path: one that fills sun_path, without
	// a NUL.
	MaxPath = sunPath
)

// accept4 is accept4(2).
func accept4(fd int, from *Name) (int, Errno) {
	s, _, e := syscall.Syscall6(unix.SYS_ACCEPT4, uintptr(fd), uintptr(unsafe.Pointer(&from.b)), uintptr(unsafe.Pointer(&from.n)), unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0, 0)
	return int(s), e
}

// Control messages.

const cmsgLenWide = 0

const (
	// PassesAnyControl: the kernel lacks some of the control messages that package
	// cmsg builds.
	PassesAnyControl = false

	// An IPv4 datagram takes a source as an in_addr, and nothing else (udp_send in
	// sys/netinet/udp_usrreq.c).
	SendTTL4    = Missing
	SendTOS4    = Missing
	SizeTOS4    = 1
	SendSource4 = IP_SENDSRCADDR

	// SendCredentials carries a struct cmsgcred, which the kernel fills.
	SendCredentials = SCM_CREDS
	SizeCredentials = 84

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

const (
	mcastOptions = mcastMreq
	groupAt      = 0
)

// putIndex4 completes a struct ip_mreq: an interface of 0.0.0.0/8 is an index
// (ip_multicast_if in sys/netinet/ip_output.c). An index that does not fit names no
// interface.
func putIndex4(b []byte, ifindex uint32) (int, Errno) {
	if ifindex >= 1<<24 {
		return 0, unix.EADDRNOTAVAIL
	}
	binary.BigEndian.PutUint32(b[4:], ifindex)
	return 8, 0
}
