//go:build netbsd || openbsd || dragonfly

package sys

// NewMembership returns a change of what is received of a group, a sockaddr_in
// or sockaddr_in6. These kernels cannot tell sources apart: ENOSYS.
func NewMembership(c Change, ifindex uint32, group, source []byte) (Membership, Errno) {
	if len(source) > 0 {
		return Membership{}, ENOSYS
	}
	return mreq(c, ifindex, group)
}
