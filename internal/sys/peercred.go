package sys

import "encoding/binary"

// Each system has another option for the credentials of the peer of a unix socket, with
// another structure. os_GOOS.go defines
//
//	PeerCredLevel, PeerCredName, PeerCredCall  the option, and the text of both in a trace
//	SizePeerCred                               the bytes of the structure that are needed
//	PeerCred                                   reads the structure: pid is 0 if it has
//	                                           none, ok is false if there is no peer

// id reads the number of a user, group or process at an offset. It returns 0 if b is too
// short.
func id(b []byte, at int) int {
	if len(b) < at+4 {
		return 0
	}
	return int(binary.NativeEndian.Uint32(b[at:]))
}
