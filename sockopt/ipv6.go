package sockopt

import (
	"encoding/binary"
	"math"
	"net/netip"
	"strconv"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/internal/sys"
)

// Options of IPv6 (IPPROTO_IPV6), by C name. A version is of Linux, and a system
// in brackets the only one. Source: ipv6(7), ip6(4), RFC 3493, RFC 3542.
var (
	IPv6AddrPreferences = Option[int]{sys.IPPROTO_IPV6, sys.IPV6_ADDR_PREFERENCES, &intCodec}                  // bits of RFC 5014: 1 temporary source addresses, 2 public, 4 care-of ...; all are read (Linux)
	IPv6AutoFlowLabel   = Option[bool]{sys.IPPROTO_IPV6, sys.IPV6_AUTOFLOWLABEL, &boolCodec}                   // packets have a flow label of their flow (Linux 3.17, FreeBSD, OpenBSD, DragonFly, macOS)
	IPv6BindAny         = Option[bool]{sys.IPPROTO_IPV6, sys.IPV6_BINDANY, &boolCodec}                         // bind to any address, though no interface has it; privileged (FreeBSD)
	IPv6BoundIf         = Option[int]{sys.IPPROTO_IPV6, sys.IPV6_BOUND_IF, &intCodec}                          // one interface only, by index, 0 for all (macOS)
	IPv6Checksum        = Option[int]{sys.IPPROTO_IPV6, sys.IPV6_CHECKSUM, &intCodec}                          // where in the packet the kernel puts and tests a checksum, even; -1 for none; raw sockets
	IPv6DontFrag        = Option[bool]{sys.IPPROTO_IPV6, sys.IPV6_DONTFRAG, &boolCodec}                        // what is too long is EMSGSIZE, or told by IPv6RecvPathMTU
	IPv6FlowInfo        = Option[bool]{sys.IPPROTO_IPV6, sys.IPV6_FLOWINFO, &boolCodec}                        // messages bring traffic class and flow label (Linux)
	IPv6FlowInfoSend    = Option[bool]{sys.IPPROTO_IPV6, sys.IPV6_FLOWINFO_SEND, &boolCodec}                   // the flow label of the address is sent (Linux)
	IPv6FreeBind        = Option[bool]{sys.IPPROTO_IPV6, sys.IPV6_FREEBIND, &boolCodec}                        // bind to an address that no interface has, or not yet (Linux 4.15)
	IPv6HdrIncl         = Option[bool]{sys.IPPROTO_IPV6, sys.IPV6_HDRINCL, &boolCodec}                         // what is sent has its IP header; raw sockets (Linux 4.5)
	IPv6MinHopCount     = Option[int]{sys.IPPROTO_IPV6, sys.IPV6_MINHOPCOUNT, &intCodec}                       // hops that packets must have left to be received, 0 to 255 (Linux, OpenBSD)
	IPv6MTU             = Option[int]{sys.IPPROTO_IPV6, sys.IPV6_MTU, &intCodec}                               // bytes, at least 1280. Read: of the path, of a connected socket; set: no longer than this, 0 to end it (Linux)
	IPv6MTUDiscover     = Option[MTUDiscoverValue]{sys.IPPROTO_IPV6, sys.IPV6_MTU_DISCOVER, &mtuDiscoverCodec} // whether packets may be fragmented (Linux)
	IPv6MulticastAll    = Option[bool]{sys.IPPROTO_IPV6, sys.IPV6_MULTICAST_ALL, &boolCodec}                   // also the groups that other sockets have joined, as it is from the beginning (Linux 4.20)
	IPv6MulticastHops   = Option[int]{sys.IPPROTO_IPV6, sys.IPV6_MULTICAST_HOPS, &intCodec}                    // hops of what is sent to a group, 0 to 255; -1 for the usual 1
	IPv6MulticastIf     = Option[int]{sys.IPPROTO_IPV6, sys.IPV6_MULTICAST_IF, &intCodec}                      // the interface for what is sent to a group, by index, 0 for the route's
	IPv6MulticastLoop   = Option[bool]{sys.IPPROTO_IPV6, sys.IPV6_MULTICAST_LOOP, &boolCodec}                  // what is sent to a group comes back to members on this host
	IPv6PathMTU         = Option[IPv6PathMTUValue]{sys.IPPROTO_IPV6, sys.IPV6_PATHMTU, &pathMTURead}           // read: of the path, of a connected socket
	IPv6PktInfo         = Option[IPv6PktInfoValue]{sys.IPPROTO_IPV6, sys.IPV6_PKTINFO, &pktInfo6Codec}         // source address and interface of what is sent; Linux does not tell it
	IPv6PortRange       = Option[int]{sys.IPPROTO_IPV6, sys.IPV6_PORTRANGE, &intCodec}                         // which ports to choose from when none is given: 0 the usual, 1 high, 2 low (the BSDs, macOS)
	IPv6RecvDstOpts     = Option[bool]{sys.IPPROTO_IPV6, sys.IPV6_RECVDSTOPTS, &boolCodec}                     // messages bring their destination options
	IPv6RecvErr         = Option[bool]{sys.IPPROTO_IPV6, sys.IPV6_RECVERR, &boolCodec}                         // ICMP errors are in the error queue (Linux)
	IPv6RecvErrRFC4884  = Option[bool]{sys.IPPROTO_IPV6, sys.IPV6_RECVERR_RFC4884, &boolCodec}                 // with their extensions; UDP, ping (Linux 5.9)
	IPv6RecvFragSize    = Option[bool]{sys.IPPROTO_IPV6, sys.IPV6_RECVFRAGSIZE, &boolCodec}                    // messages bring the size of the largest fragment (Linux 4.10)
	IPv6RecvHopLimit    = Option[bool]{sys.IPPROTO_IPV6, sys.IPV6_RECVHOPLIMIT, &boolCodec}                    // messages bring the hops they had left
	IPv6RecvHopOpts     = Option[bool]{sys.IPPROTO_IPV6, sys.IPV6_RECVHOPOPTS, &boolCodec}                     // messages bring their hop-by-hop options
	IPv6RecvOrigDstAddr = Option[bool]{sys.IPPROTO_IPV6, sys.IPV6_RECVORIGDSTADDR, &boolCodec}                 // messages bring address and port they were sent to, if redirected (Linux, FreeBSD)
	IPv6RecvPathMTU     = Option[bool]{sys.IPPROTO_IPV6, sys.IPV6_RECVPATHMTU, &boolCodec}                     // a message tells when the path's MTU has changed
	IPv6RecvPktInfo     = Option[bool]{sys.IPPROTO_IPV6, sys.IPV6_RECVPKTINFO, &boolCodec}                     // messages bring address and interface they came to
	IPv6RecvRtHdr       = Option[bool]{sys.IPPROTO_IPV6, sys.IPV6_RECVRTHDR, &boolCodec}                       // messages bring their routing header
	IPv6RecvTClass      = Option[bool]{sys.IPPROTO_IPV6, sys.IPV6_RECVTCLASS, &boolCodec}                      // messages bring their traffic class, with ECN
	IPv6RouterAlert     = Option[int]{sys.IPPROTO_IPV6, sys.IPV6_ROUTER_ALERT, &intCodec}                      // packets with this alert that are to be forwarded come here, -1 to end it; raw sockets of IPPROTO_RAW. What is read is not it (Linux)
	IPv6TClass          = Option[int]{sys.IPPROTO_IPV6, sys.IPV6_TCLASS, &intCodec}                            // the byte with DSCP and ECN, 0 to 255; -1 for the usual; a TCP of Linux keeps ECN to itself
	IPv6Transparent     = Option[bool]{sys.IPPROTO_IPV6, sys.IPV6_TRANSPARENT, &boolCodec}                     // be any address, as a proxy; privileged (Linux)
	IPv6UnicastHops     = Option[int]{sys.IPPROTO_IPV6, sys.IPV6_UNICAST_HOPS, &intCodec}                      // hops a packet may take, 0 to 255; -1 for the usual
	IPv6UnicastIf       = Option[int]{sys.IPPROTO_IPV6, sys.IPV6_UNICAST_IF, &networkCodec}                    // the interface for what is sent, by index, 0 for the route's (Linux 3.4)
	IPv6UseMinMTU       = Option[int]{sys.IPPROTO_IPV6, sys.IPV6_USE_MIN_MTU, &intCodec}                       // 1: packets of at most 1280 bytes; 0: of the path's MTU; -1: 1 for groups (the BSDs, macOS)
	IPv6Only            = Option[bool]{sys.IPPROTO_IPV6, sys.IPV6_V6ONLY, &boolCodec}                          // no IPv4 by v4-mapped addresses; before Bind. OpenBSD: always, read-only
	IPv6OriginalDst     = Option[sock.Addr]{sys.IPPROTO_IPV6, sys.IP6T_SO_ORIGINAL_DST, &addr6Read}            // read: where a connection was to go that netfilter redirected (Linux)
)

var (
	addr6Read = codec[sock.Addr]{size: sys.SizeInet6, get: getAddr}
)

// IPv6PathMTUValue is the value of [IPv6PathMTU].
type IPv6PathMTUValue struct {
	Addr sock.Addr // of the peer; Linux leaves it out
	MTU  int       // bytes
}

// An ip6_mtuinfo: a sockaddr_in6 and the MTU.
var pathMTURead = codec[IPv6PathMTUValue]{
	size: sys.SizeInet6 + 4,
	get: func(r raw) IPv6PathMTUValue {
		return IPv6PathMTUValue{addr(r.b[:sys.SizeInet6]), int(r.uint32(sys.SizeInet6))}
	},
}

// IPv6PktInfoValue is the value of [IPv6PktInfo]. The zero value leaves both to
// the route.
type IPv6PktInfoValue struct {
	Addr  netip.Addr // of this host, without a zone; none or :: is the route's
	Index int        // of the interface; 0 is the route's
}

// An in6_pktinfo: the address and the index.
var pktInfo6Codec = codec[IPv6PktInfoValue]{
	size: 20,
	put: func(v IPv6PktInfoValue) (r raw, err error) {
		switch {
		case v.Addr.IsValid() && (!v.Addr.Is6() || v.Addr.Zone() != ""):
			return r, bad("no IPv6 address, or a zone: " + v.Addr.String())
		case v.Index < 0 || v.Index > math.MaxInt32:
			return r, bad(strconv.Itoa(v.Index) + " is no index")
		case v.Addr.IsValid():
			a := v.Addr.As16()
			copy(r.b[:], a[:])
		}
		binary.NativeEndian.PutUint32(r.b[16:], uint32(v.Index))
		r.n = 20
		return r, nil
	},
	get: func(r raw) IPv6PktInfoValue {
		return IPv6PktInfoValue{netip.AddrFrom16([16]byte(r.b[:16])), int(r.uint32(16))}
	},
}
