package sys

import "encoding/binary"

// Who is at the other end of a unix socket is told by another option, in another
// structure, on each system. Each has
//
//	PeerCredLevel, PeerCredName, PeerCredCall  the option, and both names of it
//	SizePeerCred                               how much of the structure is wanted
//	PeerCred                                   reads what getsockopt(2) wrote: pid 0 if
//	                                           it has none, not ok if there is no peer

// id reads a user, a group or a process at an offset, 0 if it is not there.
func id(b []byte, at int) int {
	if len(b) < at+4 {
		return 0
	}
	return int(binary.NativeEndian.Uint32(b[at:]))
}
