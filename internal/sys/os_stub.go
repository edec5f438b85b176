//go:build !linux && !freebsd && !darwin && !netbsd && !openbsd && !dragonfly

package sys

import "encoding/binary"

const (
	SendFlags     = 0
	RecvmsgFlags  = 0
	MayBlockFlags = 0
	AcceptCall    = "accept"
	PollCall      = "poll"
	OpenFlags     = ""
	AcceptFlags   = ""

	// ENONET exists on Linux alone.
	ENONET Errno = 1 << 20
)

// Addresses. No kernel reads them, but addresses can be built and parsed. The layout is
// that of Linux.

const (
	sunPath   = 108
	MaxPath   = sunPath
	sizeVSock = 16
	Abstract  = false
)

func family(b []byte) int { return int(int16(binary.NativeEndian.Uint16(b))) }

func putFamily(b []byte, family, size int) { binary.NativeEndian.PutUint16(b, uint16(family)) }

func SetLength([]byte) {}

// Control messages. None can be sent.

const cmsgLenWide = 0

// CmsgLen is CMSG_LEN, the length of a message with n bytes of data.
func CmsgLen(n int) int { return sizeCmsg + n }

// CmsgSpace is CMSG_SPACE, the space of a message with n bytes of data.
func CmsgSpace(n int) int { return sizeCmsg + (n+3)&^3 }

const (
	PassesAnyControl = false
	SendTTL4         = Missing
	SendTOS4         = Missing
	SizeTOS4         = 4
	SendSource4      = Missing
	SizeCredentials  = 0
	SendCredentials  = Missing
	TripleInfo       = 1
)

// Credentials of the peer: see peercred.go.

const (
	PeerCredLevel = Missing
	PeerCredName  = Missing
	PeerCredCall  = ""
	SizePeerCred  = 0
)

func PeerCred(b []byte) (pid, uid, gid int, ok bool) { return }

// Multicast: see mcast.go.

const (
	mcastOptions = mcastNone
	groupAt      = 0
)

func putIndex4([]byte, uint32) (int, Errno) { return 0, ENOSYS }
