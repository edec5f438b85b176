//go:build freebsd || darwin

package sys

// By Change: the options for one source of IPv4.
var ipSource = [...]int{IP_ADD_SOURCE_MEMBERSHIP, IP_DROP_SOURCE_MEMBERSHIP, IP_BLOCK_SOURCE, IP_UNBLOCK_SOURCE}

// NewMembership returns a change of what is received of a group, from one source
// if that is not empty. Both are a sockaddr_in or sockaddr_in6. To the options of
// RFC 3678 the index 0 is EADDRNOTAVAIL (inp_join_group in
// sys/netinet/in_mcast.c); it means the kernel's choice to the older ones.
func NewMembership(c Change, ifindex uint32, group, source []byte) (Membership, Errno) {
	switch {
	case ifindex != 0:
	case len(source) == 0:
		return mreq(c, 0, group)
	case Family(source) == AF_INET:
		m := Membership{Level: IPPROTO_IP, Name: ipSource[c], n: 12}
		copy(m.arg[:4], group[4:8]) // struct ip_mreq_source: group, source, interface
		copy(m.arg[4:8], source[4:8])
		return m, 0
	}
	return mcast(c, ifindex, group, source), 0
}

// putIndex4 leaves imr_interface 0: see NewMembership.
func putIndex4([]byte, uint32) (int, Errno) { return 8, 0 }
