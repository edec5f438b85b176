package sock

import (
	"github.com/berkeleysockets/sock/internal/sys"
)

// Options of IPv6 (IPPROTO_IPV6), by C name. Source:
// ipv6(7), RFC 3493, RFC 3542.
var (
	IPv6AddrPreferences = Option[int]{sys.IPPROTO_IPV6, sys.IPV6_ADDR_PREFERENCES, &intCodec}                  // which source address is chosen: bits of RFC 5014 (Linux 2.6.26)
	IPv6AutoFlowLabel   = Option[bool]{sys.IPPROTO_IPV6, sys.IPV6_AUTOFLOWLABEL, &boolCodec}                   // packets of a flow carry a label
	IPv6BindAny         = Option[bool]{sys.IPPROTO_IPV6, sys.IPV6_BINDANY, &boolCodec}                         // bind to addresses that are not ours (FreeBSD)
	IPv6BoundIf         = Option[int]{sys.IPPROTO_IPV6, sys.IPV6_BOUND_IF, &intCodec}                          // send and receive by one interface only, by index (macOS)
	IPv6Checksum        = Option[int]{sys.IPPROTO_IPV6, sys.IPV6_CHECKSUM, &intCodec}                          // of a raw socket: where the kernel keeps a checksum in the data, even; -1 is none
	IPv6DontFrag        = Option[bool]{sys.IPPROTO_IPV6, sys.IPV6_DONTFRAG, &boolCodec}                        // datagrams are not cut
	IPv6FlowInfo        = Option[bool]{sys.IPPROTO_IPV6, sys.IPV6_FLOWINFO, &boolCodec}                        // datagrams come with class and flow label (Linux)
	IPv6FlowInfoSend    = Option[bool]{sys.IPPROTO_IPV6, sys.IPV6_FLOWINFO_SEND, &boolCodec}                   // the flow label of an address is used (Linux)
	IPv6FreeBind        = Option[bool]{sys.IPPROTO_IPV6, sys.IPV6_FREEBIND, &boolCodec}                        // bind to addresses that are not, or not yet, ours (Linux 4.15)
	IPv6HdrIncl         = Option[bool]{sys.IPPROTO_IPV6, sys.IPV6_HDRINCL, &boolCodec}                         // the caller writes the IPv6 header (Linux 4.5)
	IPv6MinHopCount     = Option[int]{sys.IPPROTO_IPV6, sys.IPV6_MINHOPCOUNT, &intCodec}                       // packets with fewer hops left are dropped (Linux 2.6.35, OpenBSD)
	IPv6MTU             = Option[int]{sys.IPPROTO_IPV6, sys.IPV6_MTU, &intCodec}                               // the largest packet: read, connected; set, that it sends (Linux)
	IPv6MTUDiscover     = Option[MTUDiscoverValue]{sys.IPPROTO_IPV6, sys.IPV6_MTU_DISCOVER, &mtuDiscoverCodec} // whether packets may be cut by the sender
	IPv6MulticastAll    = Option[bool]{sys.IPPROTO_IPV6, sys.IPV6_MULTICAST_ALL, &boolCodec}                   // hear the groups that others of this machine have joined, as by default (Linux 4.20)
	IPv6MulticastHops   = Option[int]{sys.IPPROTO_IPV6, sys.IPV6_MULTICAST_HOPS, &intCodec}                    // hops that multicast may take, by default 1; -1 is the default
	IPv6MulticastIf     = Option[int]{sys.IPPROTO_IPV6, sys.IPV6_MULTICAST_IF, &intCodec}                      // by which interface multicast goes, by index; 0 is the kernel's choice
	IPv6MulticastLoop   = Option[bool]{sys.IPPROTO_IPV6, sys.IPV6_MULTICAST_LOOP, &boolCodec}                  // this machine hears its own multicast, as by default
	IPv6PathMTU         = Option[int]{sys.IPPROTO_IPV6, sys.IPV6_PATHMTU, &pathMTUCodec}                       // read, connected: the largest packet that the path takes
	IPv6PortRange       = Option[int]{sys.IPPROTO_IPV6, sys.IPV6_PORTRANGE, &intCodec}                         // which ports the kernel chooses from: 0 default, 1 high, 2 low (BSDs, macOS)
	IPv6RecvDstOpts     = Option[bool]{sys.IPPROTO_IPV6, sys.IPV6_RECVDSTOPTS, &boolCodec}                     // datagrams come with their destination options
	IPv6RecvErr         = Option[bool]{sys.IPPROTO_IPV6, sys.IPV6_RECVERR, &boolCodec}                         // errors go to the error queue, with who found them
	IPv6RecvErrRFC4884  = Option[bool]{sys.IPPROTO_IPV6, sys.IPV6_RECVERR_RFC4884, &boolCodec}                 // and with extensions of ICMPv6 (Linux 5.9)
	IPv6RecvFragSize    = Option[bool]{sys.IPPROTO_IPV6, sys.IPV6_RECVFRAGSIZE, &boolCodec}                    // datagrams come with the size of their largest fragment (Linux 4.11)
	IPv6RecvHopLimit    = Option[bool]{sys.IPPROTO_IPV6, sys.IPV6_RECVHOPLIMIT, &boolCodec}                    // datagrams come with the hops they had left
	IPv6RecvHopOpts     = Option[bool]{sys.IPPROTO_IPV6, sys.IPV6_RECVHOPOPTS, &boolCodec}                     // datagrams come with their hop-by-hop options
	IPv6RecvOrigDstAddr = Option[bool]{sys.IPPROTO_IPV6, sys.IPV6_RECVORIGDSTADDR, &boolCodec}                 // datagrams come with the address that they were sent to before a firewall changed it (Linux, FreeBSD)
	IPv6RecvPathMTU     = Option[bool]{sys.IPPROTO_IPV6, sys.IPV6_RECVPATHMTU, &boolCodec}                     // what is too large is told with the MTU
	IPv6RecvPktInfo     = Option[bool]{sys.IPPROTO_IPV6, sys.IPV6_RECVPKTINFO, &boolCodec}                     // datagrams come with the address and interface they arrived at
	IPv6RecvRoutingHdr  = Option[bool]{sys.IPPROTO_IPV6, sys.IPV6_RECVRTHDR, &boolCodec}                       // datagrams come with their routing header
	IPv6RecvTClass      = Option[bool]{sys.IPPROTO_IPV6, sys.IPV6_RECVTCLASS, &boolCodec}                      // datagrams come with their traffic class, ECN in it
	IPv6RouterAlert     = Option[int]{sys.IPPROTO_IPV6, sys.IPV6_ROUTER_ALERT, &intCodec}                      // a raw socket receives packets to be forwarded that carry this value; -1 ends it
	IPv6TClass          = Option[int]{sys.IPPROTO_IPV6, sys.IPV6_TCLASS, &intCodec}                            // traffic class: DSCP in the upper six bits, ECN in the lower two; -1 is the default
	IPv6Transparent     = Option[bool]{sys.IPPROTO_IPV6, sys.IPV6_TRANSPARENT, &boolCodec}                     // take connections to, and send from, addresses of others; takes CAP_NET_ADMIN (Linux 2.6.37)
	IPv6UnicastHops     = Option[int]{sys.IPPROTO_IPV6, sys.IPV6_UNICAST_HOPS, &intCodec}                      // hops a packet may take; -1 is the default
	IPv6UnicastIf       = Option[int]{sys.IPPROTO_IPV6, sys.IPV6_UNICAST_IF, &swappedCodec}                    // by which interface datagrams go, by index, if no other is chosen (Linux 3.3)
	IPv6UseMinMTU       = Option[int]{sys.IPPROTO_IPV6, sys.IPV6_USE_MIN_MTU, &intCodec}                       // 1: packets of 1,280 bytes at most; 0: never; -1: multicast only (BSDs, macOS)
	IPv6Only            = Option[bool]{sys.IPPROTO_IPV6, sys.IPV6_V6ONLY, &boolCodec}                          // no IPv4 by v4-mapped addresses; before Bind. OpenBSD: always, read-only
	IPv6OriginalDst     = Option[Addr]{sys.IPPROTO_IPV6, sys.IP6T_SO_ORIGINAL_DST, &addrCodec}                 // read: where a connection went to before a firewall changed it (Linux, with conntrack)
)
