package sys

import "encoding/binary"

// A Change is one change of the multicast memberships of a socket.
type Change int

const (
	Join Change = iota
	Leave
	Block
	Unblock
)

// A Membership is a change as setsockopt(2) takes it: an option and its argument, a
// structure that differs between systems.
type Membership struct {
	Level, Name int
	arg         [sizeGroupSource]byte
	n           int
}

// Arg returns the structure.
func (m *Membership) Arg() []byte { return m.arg[:m.n] }

// The largest of the structures is group_source_req: an index, padding, and two
// sockaddr_storage.
const (
	sizeStorage     = 128
	sizeGroupSource = 8 + 2*sizeStorage
)

// The values of mcastOptions, which os_GOOS.go defines: the options that a system has.
const (
	mcastNone    = iota
	mcastMreq    // struct ip_mreq and ipv6_mreq
	mcastRFC3678 // group_req and group_source_req
	mcastBoth
)

// NewMembership returns a change of what a socket receives of a group, limited to one
// source if source is not empty. Group and source are a sockaddr_in or sockaddr_in6.
//
// A system without the options of RFC 3678 cannot select sources: ENOSYS. A system with
// both sets of options (FreeBSD, macOS) takes the older ones for the index 0: there the
// newer ones return EADDRNOTAVAIL for it (inp_join_group in sys/netinet/in_mcast.c),
// and for the older ones it is the kernel's choice.
func NewMembership(c Change, ifindex uint32, group, source []byte) (Membership, Errno) {
	switch {
	case mcastOptions == mcastNone, mcastOptions == mcastMreq && len(source) > 0:
		return Membership{}, ENOSYS
	case mcastOptions == mcastMreq:
		return mreq(c, ifindex, group)
	case mcastOptions == mcastRFC3678 || ifindex != 0:
	case len(source) == 0:
		return mreq(c, 0, group)
	case Family(source) == AF_INET:
		return mreqSource(c, group, source), 0
	}
	return groupReq(c, ifindex, group, source), 0
}

// mreq builds a Membership with the oldest options: struct ip_mreq and ipv6_mreq, in
// netinet/in.h and netinet6/in6.h.
func mreq(c Change, ifindex uint32, group []byte) (m Membership, e Errno) {
	if Family(group) == AF_INET6 {
		m.Level, m.Name, m.n = IPPROTO_IPV6, [...]int{IPV6_JOIN_GROUP, IPV6_LEAVE_GROUP}[c], 20
		copy(m.arg[:16], group[8:24])
		binary.NativeEndian.PutUint32(m.arg[16:], ifindex)
		return m, 0
	}
	m.Level, m.Name = IPPROTO_IP, [...]int{IP_ADD_MEMBERSHIP, IP_DROP_MEMBERSHIP}[c]
	copy(m.arg[:4], group[4:8])
	m.n, e = putIndex4(m.arg[:], ifindex)
	return m, e
}

// ipSource holds the options for one IPv4 source, by Change.
var ipSource = [...]int{IP_ADD_SOURCE_MEMBERSHIP, IP_DROP_SOURCE_MEMBERSHIP, IP_BLOCK_SOURCE, IP_UNBLOCK_SOURCE}

// mreqSource builds a Membership with a struct ip_mreq_source: group, source, interface.
func mreqSource(c Change, group, source []byte) Membership {
	m := Membership{Level: IPPROTO_IP, Name: ipSource[c], n: 12}
	copy(m.arg[:4], group[4:8])
	copy(m.arg[4:8], source[4:8])
	return m
}

// The options of RFC 3678 by Change, for a group and for one source of it. They are the
// same for IPv4 and IPv6.
var (
	mcastGroup  = [...]int{MCAST_JOIN_GROUP, MCAST_LEAVE_GROUP, Missing, Missing}
	mcastSource = [...]int{MCAST_JOIN_SOURCE_GROUP, MCAST_LEAVE_SOURCE_GROUP, MCAST_BLOCK_SOURCE, MCAST_UNBLOCK_SOURCE}
)

// groupReq builds a Membership with the options of RFC 3678: group_req and
// group_source_req, in netinet/in.h and linux/in.h. Source may be empty.
func groupReq(c Change, ifindex uint32, group, source []byte) (m Membership) {
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
