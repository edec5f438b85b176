package sys

import "encoding/binary"

// putIndex4 completes a struct ip_mreqn: group, address, index (ip_setmoptions in
// sys/netinet/ip_output.c).
func putIndex4(b []byte, ifindex uint32) (int, Errno) {
	binary.NativeEndian.PutUint32(b[8:], ifindex)
	return 12, 0
}
