//go:build netbsd || dragonfly

package sys

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// putIndex4 completes a struct ip_mreq: an interface of 0.0.0.0/8 is an index
// (ip_multicast_if in sys/netinet/ip_output.c). One that does not fit is none.
func putIndex4(b []byte, ifindex uint32) (int, Errno) {
	if ifindex >= 1<<24 {
		return 0, unix.EADDRNOTAVAIL
	}
	binary.BigEndian.PutUint32(b[4:], ifindex)
	return 8, 0
}
