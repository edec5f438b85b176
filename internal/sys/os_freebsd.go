package sys

import (
	"runtime"
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

	// hangupIsOfWriting: POLLHUP reports that both directions are closed
	// (sopoll_generic in sys/kern/uipc_socket.c).
	hangupIsOfWriting = false

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

	// The IPv4 datagrams of udp_send (sys/netinet/udp_usrreq.c): a u_char of type of
	// service, a source as an in_addr, no time to live.
	SendTTL4    = Missing
	SendTOS4    = IP_TOS
	SizeTOS4    = 1
	SendSource4 = IP_SENDSRCADDR

	// SendCredentials carries a struct cmsgcred, which the kernel fills.
	SendCredentials = SCM_CREDS
	SizeCredentials = 84

	// TripleInfo is 1 if in_pktinfo has an interface and two addresses, 0 if it has
	// an address and an interface.
	TripleInfo = 1
)

// Credentials of the peer. Since FreeBSD 13 xucred has cr_pid at the offset, and with
// the alignment, of a pointer that was 0.
const (
	SizePeerCred = peerPIDAt + 4
	peerPIDAt    = (76 + pointer - 1) &^ (pointer - 1)
	pointer      = int(unsafe.Sizeof(uintptr(0)))
)

// Multicast: see mcast.go.

const mcastOptions = mcastBoth

// groupAt is the offset of the sockaddr_storage after the index: it has the alignment
// of an int64_t (sys/_sockaddr_storage.h), which is 4 bytes on i386.
var groupAt = alignInt64()

func alignInt64() int {
	if runtime.GOARCH == "386" {
		return 4
	}
	return 8
}

// putIndex4 leaves imr_interface 0: see NewMembership.
func putIndex4([]byte, uint32) (int, Errno) { return 8, 0 }
