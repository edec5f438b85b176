//go:build !linux && !freebsd && !darwin && !netbsd && !openbsd && !dragonfly

package sys

const cmsgLenWide = 0

// CmsgLen is CMSG_LEN, the length of a message with n bytes of data.
func CmsgLen(n int) int { return sizeCmsg + n }

// CmsgSpace is CMSG_SPACE, what a message with n bytes of data takes.
func CmsgSpace(n int) int { return sizeCmsg + (n+3)&^3 }

// What this system lacks: all.
const (
	PassesAnyControl = false
	SendTTL4         = Missing
	SendTOS4         = Missing
	SizeTOS4         = 4
	SendSource4      = Missing
	SizeCredentials  = 0
	SendCredentials  = Missing
)

// TripleInfo is 1 where in_pktinfo has an interface and two addresses, 0 where it has
// an address and an interface.
const TripleInfo = 1
