package sockopt

import (
	"encoding/binary"
	"math"
	"net/netip"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/internal/sys"
)

// Options of IPv6 (IPPROTO_IPV6), by C name.
//
// Source: ipv6(7), ip6(4), RFC 3493, RFC 3542.
var (
	// IPv6OriginalDst is IP6T_SO_ORIGINAL_DST: the destination of a connection before netfilter
	// redirected it. It is read-only. Systems: Linux.
	IPv6OriginalDst Option[sock.Addr]

	// IPv6AddrPreferences is IPV6_ADDR_PREFERENCES: the preferred source addresses, as bits of RFC
	// 5014: 1 temporary, 2 public, 4 care-of ... A read returns all bits. Systems: Linux.
	IPv6AddrPreferences Option[int]

	// IPv6AutoFlowLabel is IPV6_AUTOFLOWLABEL: sent packets have a flow label computed from their
	// flow. Systems: Linux 3.17, FreeBSD, OpenBSD, DragonFly, macOS.
	IPv6AutoFlowLabel Option[bool]

	// IPv6BindAny is IPV6_BINDANY: bind to an address that no interface has. It is privileged.
	// Systems: FreeBSD.
	IPv6BindAny Option[bool]

	// IPv6BoundIf is IPV6_BOUND_IF: use one interface only, by index; 0 is every interface.
	// Systems: macOS.
	IPv6BoundIf Option[int]

	// IPv6Checksum is IPV6_CHECKSUM: the offset at which the kernel writes and verifies a
	// checksum, in bytes, even; -1 is none. It is an option of raw sockets. Systems: all.
	IPv6Checksum Option[int]

	// IPv6DontFrag is IPV6_DONTFRAG: do not fragment sent packets: one that is too long fails with
	// EMSGSIZE or is reported by IPv6RecvPathMTU. Systems: all.
	IPv6DontFrag Option[bool]

	// IPv6FlowInfo is IPV6_FLOWINFO: received messages carry traffic class and flow label.
	// Systems: Linux.
	IPv6FlowInfo Option[bool]

	// IPv6FlowInfoSend is IPV6_FLOWINFO_SEND: send the flow label of the address. Systems: Linux.
	IPv6FlowInfoSend Option[bool]

	// IPv6FreeBind is IPV6_FREEBIND: bind to an address that no interface has, or does not have
	// yet. Systems: Linux 4.15.
	IPv6FreeBind Option[bool]

	// IPv6HdrIncl is IPV6_HDRINCL: sent data begins with its IP header. It is an option of raw
	// sockets. Systems: Linux 4.5.
	IPv6HdrIncl Option[bool]

	// IPv6MinHopCount is IPV6_MINHOPCOUNT: the remaining hops that a packet must have to be
	// received, 0 to 255. Systems: Linux, OpenBSD.
	IPv6MinHopCount Option[int]

	// IPv6MTU is IPV6_MTU: the MTU of the path of a connected socket, in bytes, if read; an upper
	// bound, at least 1280, if set; 0 removes the bound. Systems: Linux.
	IPv6MTU Option[int]

	// IPv6MTUDiscover is IPV6_MTU_DISCOVER: whether sent packets may be fragmented. Systems:
	// Linux.
	IPv6MTUDiscover Option[MTUDiscoverValue]

	// IPv6MulticastAll is IPV6_MULTICAST_ALL: receive from groups that other sockets have joined,
	// too. It is on by default. Systems: Linux 4.20.
	IPv6MulticastAll Option[bool]

	// IPv6MulticastHops is IPV6_MULTICAST_HOPS: the hop limit of packets sent to a group, 0 to
	// 255; -1 is the default of 1. Systems: all.
	IPv6MulticastHops Option[int]

	// IPv6MulticastIf is IPV6_MULTICAST_IF: the interface for packets sent to a group, by index; 0
	// is the one of the route. Systems: all.
	IPv6MulticastIf Option[int]

	// IPv6MulticastLoop is IPV6_MULTICAST_LOOP: packets sent to a group are received by members on
	// this host too. Systems: all.
	IPv6MulticastLoop Option[bool]

	// IPv6PathMTU is IPV6_PATHMTU: the MTU of the path of a connected socket. It is read-only.
	// Systems: all.
	IPv6PathMTU Option[IPv6PathMTUValue]

	// IPv6PktInfo is IPV6_PKTINFO: source address and interface of sent packets. On Linux it is
	// write-only. Systems: all.
	IPv6PktInfo Option[IPv6PktInfoValue]

	// IPv6PortRange is IPV6_PORTRANGE: which ports to choose from for a port of 0: 0 the default
	// range, 1 the high one, 2 the low one. Systems: FreeBSD, NetBSD, OpenBSD, DragonFly, macOS.
	IPv6PortRange Option[int]

	// IPv6RecvDstOpts is IPV6_RECVDSTOPTS: received messages carry their destination options.
	// Systems: all.
	IPv6RecvDstOpts Option[bool]

	// IPv6RecvErr is IPV6_RECVERR: ICMPv6 errors go to the error queue. Systems: Linux.
	IPv6RecvErr Option[bool]

	// IPv6RecvErrRFC4884 is IPV6_RECVERR_RFC4884: ICMPv6 errors in the error queue have their
	// extensions (RFC 4884). It is an option of UDP and ping sockets. Systems: Linux 5.9.
	IPv6RecvErrRFC4884 Option[bool]

	// IPv6RecvFragSize is IPV6_RECVFRAGSIZE: received messages carry the size of their largest
	// fragment. Systems: Linux 4.10.
	IPv6RecvFragSize Option[bool]

	// IPv6RecvHopLimit is IPV6_RECVHOPLIMIT: received messages carry the remaining hop limit.
	// Systems: all.
	IPv6RecvHopLimit Option[bool]

	// IPv6RecvHopOpts is IPV6_RECVHOPOPTS: received messages carry their hop-by-hop options.
	// Systems: all.
	IPv6RecvHopOpts Option[bool]

	// IPv6RecvOrigDstAddr is IPV6_RECVORIGDSTADDR: received messages carry the address and port
	// that they were sent to before a redirection. FreeBSD sets it and does not read it back.
	// Systems: Linux, FreeBSD.
	IPv6RecvOrigDstAddr Option[bool]

	// IPv6RecvPathMTU is IPV6_RECVPATHMTU: a message reports a change of the path's MTU. Systems:
	// all.
	IPv6RecvPathMTU Option[bool]

	// IPv6RecvPktInfo is IPV6_RECVPKTINFO: received messages carry the address and interface that
	// they arrived at. Systems: all.
	IPv6RecvPktInfo Option[bool]

	// IPv6RecvRtHdr is IPV6_RECVRTHDR: received messages carry their routing header. Systems: all.
	IPv6RecvRtHdr Option[bool]

	// IPv6RecvTClass is IPV6_RECVTCLASS: received messages carry their traffic class, with ECN.
	// Systems: all.
	IPv6RecvTClass Option[bool]

	// IPv6RouterAlert is IPV6_ROUTER_ALERT: receive packets to be forwarded that have this router
	// alert; -1 ends it. It is an option of raw sockets of IPPROTO_RAW. A read does not return the
	// value. Systems: Linux.
	IPv6RouterAlert Option[int]

	// IPv6TClass is IPV6_TCLASS: the traffic class, DSCP and ECN, 0 to 255; -1 is the default. TCP
	// on Linux controls the ECN bits itself. Systems: all.
	IPv6TClass Option[int]

	// IPv6Transparent is IPV6_TRANSPARENT: bind to an address that no interface has, as a
	// transparent proxy does. It is privileged. Systems: Linux.
	IPv6Transparent Option[bool]

	// IPv6UnicastHops is IPV6_UNICAST_HOPS: the hop limit of sent packets, 0 to 255; -1 is the
	// default. Systems: all.
	IPv6UnicastHops Option[int]

	// IPv6UnicastIf is IPV6_UNICAST_IF: the interface for sent packets, by index; 0 is the one of
	// the route. Systems: Linux 3.4.
	IPv6UnicastIf Option[int]

	// IPv6UseMinMTU is IPV6_USE_MIN_MTU: 1: send packets of at most 1280 bytes; 0: use the MTU of
	// the path; -1: 1 for groups, 0 for other destinations. Systems: FreeBSD, NetBSD, OpenBSD,
	// DragonFly, macOS.
	IPv6UseMinMTU Option[int]

	// IPv6Only is IPV6_V6ONLY: do not receive or send IPv4 by v4-mapped addresses. Set it before
	// Bind. OpenBSD has it always on and read-only. Systems: all.
	IPv6Only Option[bool]
)

// Level, number and codec of each option.
func init() {
	IPv6OriginalDst = option(sys.IPPROTO_IPV6, sys.IP6T_SO_ORIGINAL_DST, &addr6Read)
	IPv6AddrPreferences = option(sys.IPPROTO_IPV6, sys.IPV6_ADDR_PREFERENCES, &intCodec)
	IPv6AutoFlowLabel = option(sys.IPPROTO_IPV6, sys.IPV6_AUTOFLOWLABEL, &boolCodec)
	IPv6BindAny = option(sys.IPPROTO_IPV6, sys.IPV6_BINDANY, &boolCodec)
	IPv6BoundIf = option(sys.IPPROTO_IPV6, sys.IPV6_BOUND_IF, &intCodec)
	IPv6Checksum = option(sys.IPPROTO_IPV6, sys.IPV6_CHECKSUM, &intCodec)
	IPv6DontFrag = option(sys.IPPROTO_IPV6, sys.IPV6_DONTFRAG, &boolCodec)
	IPv6FlowInfo = option(sys.IPPROTO_IPV6, sys.IPV6_FLOWINFO, &boolCodec)
	IPv6FlowInfoSend = option(sys.IPPROTO_IPV6, sys.IPV6_FLOWINFO_SEND, &boolCodec)
	IPv6FreeBind = option(sys.IPPROTO_IPV6, sys.IPV6_FREEBIND, &boolCodec)
	IPv6HdrIncl = option(sys.IPPROTO_IPV6, sys.IPV6_HDRINCL, &boolCodec)
	IPv6MinHopCount = option(sys.IPPROTO_IPV6, sys.IPV6_MINHOPCOUNT, &intCodec)
	IPv6MTU = option(sys.IPPROTO_IPV6, sys.IPV6_MTU, &intCodec)
	IPv6MTUDiscover = option(sys.IPPROTO_IPV6, sys.IPV6_MTU_DISCOVER, &mtuDiscoverCodec)
	IPv6MulticastAll = option(sys.IPPROTO_IPV6, sys.IPV6_MULTICAST_ALL, &boolCodec)
	IPv6MulticastHops = option(sys.IPPROTO_IPV6, sys.IPV6_MULTICAST_HOPS, &intCodec)
	IPv6MulticastIf = option(sys.IPPROTO_IPV6, sys.IPV6_MULTICAST_IF, &intCodec)
	IPv6MulticastLoop = option(sys.IPPROTO_IPV6, sys.IPV6_MULTICAST_LOOP, &boolCodec)
	IPv6PathMTU = option(sys.IPPROTO_IPV6, sys.IPV6_PATHMTU, &pathMTURead)
	IPv6PktInfo = option(sys.IPPROTO_IPV6, sys.IPV6_PKTINFO, &pktInfo6Codec)
	IPv6PortRange = option(sys.IPPROTO_IPV6, sys.IPV6_PORTRANGE, &intCodec)
	IPv6RecvDstOpts = option(sys.IPPROTO_IPV6, sys.IPV6_RECVDSTOPTS, &boolCodec)
	IPv6RecvErr = option(sys.IPPROTO_IPV6, sys.IPV6_RECVERR, &boolCodec)
	IPv6RecvErrRFC4884 = option(sys.IPPROTO_IPV6, sys.IPV6_RECVERR_RFC4884, &boolCodec)
	IPv6RecvFragSize = option(sys.IPPROTO_IPV6, sys.IPV6_RECVFRAGSIZE, &boolCodec)
	IPv6RecvHopLimit = option(sys.IPPROTO_IPV6, sys.IPV6_RECVHOPLIMIT, &boolCodec)
	IPv6RecvHopOpts = option(sys.IPPROTO_IPV6, sys.IPV6_RECVHOPOPTS, &boolCodec)
	IPv6RecvOrigDstAddr = option(sys.IPPROTO_IPV6, sys.IPV6_RECVORIGDSTADDR, &boolCodec)
	IPv6RecvPathMTU = option(sys.IPPROTO_IPV6, sys.IPV6_RECVPATHMTU, &boolCodec)
	IPv6RecvPktInfo = option(sys.IPPROTO_IPV6, sys.IPV6_RECVPKTINFO, &boolCodec)
	IPv6RecvRtHdr = option(sys.IPPROTO_IPV6, sys.IPV6_RECVRTHDR, &boolCodec)
	IPv6RecvTClass = option(sys.IPPROTO_IPV6, sys.IPV6_RECVTCLASS, &boolCodec)
	IPv6RouterAlert = option(sys.IPPROTO_IPV6, sys.IPV6_ROUTER_ALERT, &intCodec)
	IPv6TClass = option(sys.IPPROTO_IPV6, sys.IPV6_TCLASS, &intCodec)
	IPv6Transparent = option(sys.IPPROTO_IPV6, sys.IPV6_TRANSPARENT, &boolCodec)
	IPv6UnicastHops = option(sys.IPPROTO_IPV6, sys.IPV6_UNICAST_HOPS, &intCodec)
	IPv6UnicastIf = option(sys.IPPROTO_IPV6, sys.IPV6_UNICAST_IF, &networkCodec)
	IPv6UseMinMTU = option(sys.IPPROTO_IPV6, sys.IPV6_USE_MIN_MTU, &intCodec)
	IPv6Only = option(sys.IPPROTO_IPV6, sys.IPV6_V6ONLY, &boolCodec)
}

var (
	addr6Read = codec[sock.Addr]{size: sys.SizeInet6, decode: decodeAddr}
)

// IPv6PathMTUValue is the value of [IPv6PathMTU].
type IPv6PathMTUValue struct {
	Addr sock.Addr // of the peer; the zero Addr on Linux and FreeBSD
	MTU  int       // bytes
}

// A struct ip6_mtuinfo: a sockaddr_in6 and the MTU.
var pathMTURead = codec[IPv6PathMTUValue]{
	size: sys.SizeInet6 + 4,
	decode: func(x value) IPv6PathMTUValue {
		return IPv6PathMTUValue{addrFromKernel(x.b[:sys.SizeInet6]), int(x.uint32(sys.SizeInet6))}
	},
}

// IPv6PktInfoValue is the value of [IPv6PktInfo]. With the zero value the route decides.
type IPv6PktInfoValue struct {
	Addr  netip.Addr // of this host, without a zone; the zero Addr or :: is the one of the route
	Index int        // of the interface; 0 is the one of the route
}

// A struct in6_pktinfo: the address and the index.
var pktInfo6Codec = codec[IPv6PktInfoValue]{
	size: 20,
	encode: func(v IPv6PktInfoValue) (x value, err error) {
		switch {
		case v.Addr.IsValid() && (!v.Addr.Is6() || v.Addr.Zone() != ""):
			return x, invalid("not an IPv6 address without a zone: " + v.Addr.String())
		case v.Index < 0 || v.Index > math.MaxInt32:
			return x, invalidIndex(v.Index)
		case v.Addr.IsValid():
			a := v.Addr.As16()
			copy(x.b[:], a[:])
		}
		binary.NativeEndian.PutUint32(x.b[16:], uint32(v.Index))
		x.n = 20
		return x, nil
	},
	decode: func(x value) IPv6PktInfoValue {
		return IPv6PktInfoValue{netip.AddrFrom16([16]byte(x.b[:16])), int(x.uint32(16))}
	},
}
