//go:build linux || freebsd || darwin

package sys

import "encoding/binary"

// These systems have the options of RFC 3678, which are the same for IPv4 and
// IPv6: group_req and group_source_req, in netinet/in.h and linux/in.h.

// By Change, of a group and of one source.
var (
	mcastGroup  = [...]int{MCAST_JOIN_GROUP, MCAST_LEAVE_GROUP, Missing, Missing}
	mcastSource = [...]int{MCAST_JOIN_SOURCE_GROUP, MCAST_LEAVE_SOURCE_GROUP, MCAST_BLOCK_SOURCE, MCAST_UNBLOCK_SOURCE}
)

// mcast makes a Membership of the addresses; source may be empty.
func mcast(c Change, ifindex uint32, group, source []byte) (m Membership) {
	m.Level, m.Name = groupLevel(group), mcastGroup[c]
	binary.NativeEndian.PutUint32(m.arg[:], ifindex)
	copy(m.arg[groupAt:], group)
	m.n = groupAt + sizeStorage
	if len(source) > 0 {
		m.Name = mcastSource[c]
		copy(m.arg[m.n:], source)
		m.n += sizeStorage
	}
	return m
}

func groupLevel(group []byte) int {
	if Family(group) == AF_INET6 {
		return IPPROTO_IPV6
	}
	return IPPROTO_IP
}
