package sys

import "unsafe"

// groupAt is where a sockaddr_storage can begin behind the index: it is aligned
// as a pointer (linux/socket.h).
const groupAt = int(unsafe.Sizeof(uintptr(0)))

// NewMembership returns a change of what is received of a group, from one source
// if that is not empty. Both are a sockaddr_in or sockaddr_in6.
func NewMembership(c Change, ifindex uint32, group, source []byte) (Membership, Errno) {
	return mcast(c, ifindex, group, source), 0
}
