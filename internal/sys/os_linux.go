package sys

import (
	"encoding/binary"
	"math"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	// rawLimit is the largest transfer, in bytes, that is made without releasing the
	// P: 64 KiB take about 10 us, 1 MiB 77 us.
	rawLimit = 64 << 10

	SendFlags    = unix.MSG_NOSIGNAL
	RecvmsgFlags = unix.MSG_CMSG_CLOEXEC

	// MayBlockFlags are the flags with which a receive may block although
	// O_NONBLOCK or MSG_DONTWAIT is set.
	MayBlockFlags = 0

	// AcceptCall is the name of accept in a trace; OpenFlags and AcceptFlags are
	// the flags of socket(2) and accept there.
	AcceptCall  = "accept4"
	OpenFlags   = "|SOCK_CLOEXEC|SOCK_NONBLOCK"
	AcceptFlags = "SOCK_CLOEXEC|SOCK_NONBLOCK"

	// ENONET is a network error that accept(2) returns, on Linux alone.
	ENONET = unix.ENONET
)

// accept4 is accept4(2).
func accept4(fd int, from *Name) (int, Errno) {
	const flags = unix.SOCK_CLOEXEC | unix.SOCK_NONBLOCK
	s, _, e := syscall.Syscall6(unix.SYS_ACCEPT4, uintptr(fd), uintptr(unsafe.Pointer(&from.b)), uintptr(unsafe.Pointer(&from.n)), flags, 0, 0)
	if socketcalls && e == ENOSYS {
		s, e = oldAccept4(fd, from, flags)
	}
	return int(s), e
}

// Addresses.

const (
	sunPath = 108
	// MaxPath is the length of the longest unix path: Linux accepts one that fills
	// sun_path and has no NUL.
	MaxPath   = sunPath
	sizeVSock = 16

	// Abstract reports whether unix sockets have abstract names.
	Abstract = true
)

func family(b []byte) int { return int(binary.NativeEndian.Uint16(b)) }

func putFamily(b []byte, family, size int) { binary.NativeEndian.PutUint16(b, uint16(family)) }

// SetLength writes the length byte of a sockaddr, on systems that have one.
func SetLength([]byte) {}

// Control messages.

// cmsgLenWide is 1 on 64-bit machines: cmsg_len is a size_t.
const cmsgLenWide = int(^uintptr(0) >> 63)

const (
	// PassesAnyControl: the kernel knows every control message that package cmsg
	// builds, and checks its content.
	PassesAnyControl = true

	// SendTTL4 and SendTOS4 set the time to live and the type of service of an IPv4
	// datagram, the second in SizeTOS4 bytes. SendSource4 selects its source.
	SendTTL4    = IP_TTL
	SendTOS4    = IP_TOS
	SizeTOS4    = 4
	SendSource4 = IP_PKTINFO

	// SendCredentials carries a struct ucred.
	SendCredentials = SCM_CREDENTIALS
	SizeCredentials = 12

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

// PeerCred reads a struct ucred (linux/socket.h). Without a peer all bits of its user
// are set (cred_to_ucred in net/core/sock.c).
func PeerCred(b []byte) (pid, uid, gid int, ok bool) {
	uid = id(b, 4)
	return id(b, 0), uid, id(b, 8), len(b) == SizePeerCred && uint32(uid) != math.MaxUint32
}

// Multicast: see mcast.go.

const mcastOptions = mcastRFC3678

// groupAt is the offset of the sockaddr_storage after the index: it has the alignment
// of a pointer (linux/socket.h).
const groupAt = int(unsafe.Sizeof(uintptr(0)))

func putIndex4([]byte, uint32) (int, Errno) { return 0, ENOSYS }
