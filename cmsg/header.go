package cmsg

import (
	"net/netip"

	"github.com/berkeleysockets/sock/internal/sys"
)

// Fields of the IP header: hop limit and TOS byte.

// AppendTTL appends the hop limit of a datagram to an address, 0 to 255: for IPv4 its time to
// live (Linux only), for IPv6 its hop limit. A v4-mapped address takes the one of IPv4. The
// zero Addr has no family and is a value that does not fit: see [Check].
//
// Source: ip(7), ipv6(7).
func AppendTTL(b []byte, to netip.Addr, ttl int) []byte {
	switch {
	case ttl < 0 || ttl > 255 || !to.IsValid():
		return appendInvalid(b)
	case !isIPv4(to):
		return appendInt(b, sys.IPPROTO_IPV6, sys.IPV6_HOPLIMIT, ttl)
	case !sys.Has(sys.SendTTL4):
		return appendUnsupported(b)
	}
	return appendInt(b, sys.IPPROTO_IP, sys.SendTTL4, ttl)
}

// TTL returns the remaining hop limit of a datagram, with the options sockopt.IPRecvTTL and
// sockopt.IPv6RecvHopLimit.
//
// Source: ip(7), ipv6(7).
func (m Message) TTL() (int, bool) {
	if m.is(sys.IPPROTO_IP, sys.IP_TTL, 1) || m.is(sys.IPPROTO_IP, sys.IP_RECVTTL, 1) || m.is(sys.IPPROTO_IPV6, sys.IPV6_HOPLIMIT, 4) {
		return m.number()
	}
	return 0, false
}

// AppendTOS appends the TOS byte of a datagram to an address, 0 to 255, or for IPv6 its
// traffic class: DSCP in the upper six bits, ECN in the lower two. A v4-mapped address takes
// the one of IPv4. The zero Addr has no family and is a value that does not fit: see [Check].
// Linux, FreeBSD and macOS have it for IPv4.
//
// Source: ip(7), ipv6(7).
func AppendTOS(b []byte, to netip.Addr, tos int) []byte {
	switch {
	case tos < 0 || tos > 255 || !to.IsValid():
		return appendInvalid(b)
	case !isIPv4(to):
		return appendInt(b, sys.IPPROTO_IPV6, sys.IPV6_TCLASS, tos)
	case !sys.Has(sys.SendTOS4):
		return appendUnsupported(b)
	case sys.SizeTOS4 == 1:
		b, data := appendMessage(b, sys.IPPROTO_IP, sys.SendTOS4, 1)
		data[0] = byte(tos)
		return b
	}
	return appendInt(b, sys.IPPROTO_IP, sys.SendTOS4, tos)
}

// TOS returns the TOS byte or traffic class of a datagram, with the options sockopt.IPRecvTOS
// and sockopt.IPv6RecvTClass: DSCP in the upper six bits, ECN in the lower two.
//
// Source: ip(7), ipv6(7).
func (m Message) TOS() (int, bool) {
	if m.is(sys.IPPROTO_IP, sys.IP_TOS, 1) || m.is(sys.IPPROTO_IP, sys.IP_RECVTOS, 1) || m.is(sys.IPPROTO_IPV6, sys.IPV6_TCLASS, 4) {
		return m.number()
	}
	return 0, false
}

// isIPv4 reports whether datagrams to ip are IPv4's.
func isIPv4(ip netip.Addr) bool { return ip.Is4() || ip.Is4In6() }
