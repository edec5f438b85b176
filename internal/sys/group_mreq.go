//go:build freebsd || darwin || netbsd || openbsd || dragonfly

package sys

import "encoding/binary"

// mreq makes a Membership with the options that are as old as multicast:
// struct ip_mreq and ipv6_mreq, in netinet/in.h and netinet6/in6.h.
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
