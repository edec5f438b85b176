package sock

import (
	"net/netip"

	"github.com/berkeleysockets/sock/internal/sys"
)

// Options of IPv4 (IPPROTO_IP), by C name. Source:
// ip(7), and on other systems ip(4).
var (
	IPBindAny           = Option[bool]{sys.IPPROTO_IP, sys.IP_BINDANY, &boolCodec}                         // bind to addresses that are not ours (FreeBSD)
	IPBindAddressNoPort = Option[bool]{sys.IPPROTO_IP, sys.IP_BIND_ADDRESS_NO_PORT, &boolCodec}            // bind to an address leaves the port to connect, so that many can share it (Linux 4.2)
	IPBoundIf           = Option[int]{sys.IPPROTO_IP, sys.IP_BOUND_IF, &intCodec}                          // send and receive by one interface only, by index (macOS)
	IPChecksum          = Option[bool]{sys.IPPROTO_IP, sys.IP_CHECKSUM, &boolCodec}                        // datagrams come with their checksum (Linux 4.2)
	IPDontFrag          = Option[bool]{sys.IPPROTO_IP, sys.IP_DONTFRAG, &boolCodec}                        // datagrams are not cut on the way (FreeBSD, macOS; Linux: IPMTUDiscover)
	IPFreeBind          = Option[bool]{sys.IPPROTO_IP, sys.IP_FREEBIND, &boolCodec}                        // bind to addresses that are not, or not yet, ours
	IPHdrIncl           = Option[bool]{sys.IPPROTO_IP, sys.IP_HDRINCL, &boolCodec}                         // the caller writes the IP header
	IPLocalPortRange    = Option[PortRangeValue]{sys.IPPROTO_IP, sys.IP_LOCAL_PORT_RANGE, &portRangeCodec} // which ports the kernel chooses from (Linux 6.3)
	IPMinTTL            = Option[int]{sys.IPPROTO_IP, sys.IP_MINTTL, &intCodec}                            // packets with fewer hops left are dropped: of a neighbour 255 are left
	IPMTU               = Option[int]{sys.IPPROTO_IP, sys.IP_MTU, &readIntCodec}                           // read, connected: the largest packet that the path takes
	IPMTUDiscover       = Option[MTUDiscoverValue]{sys.IPPROTO_IP, sys.IP_MTU_DISCOVER, &mtuDiscoverCodec} // whether packets may be cut on the way
	IPMulticastAll      = Option[bool]{sys.IPPROTO_IP, sys.IP_MULTICAST_ALL, &boolCodec}                   // hear the groups that others of this machine have joined, as by default (Linux 2.6.31)
	IPMulticastIf       = Option[netip.Addr]{sys.IPPROTO_IP, sys.IP_MULTICAST_IF, &ip4Codec}               // by which interface multicast goes: that with this address; 0.0.0.0 is the kernel's choice
	IPMulticastIfIndex  = Option[int]{sys.IPPROTO_IP, sys.IP_MULTICAST_IFINDEX, &multicastIfIndexCodec}    // write: the same by index; 0 is the kernel's choice (macOS can read it)
	IPMulticastLoop     = Option[bool]{sys.IPPROTO_IP, sys.IP_MULTICAST_LOOP, &multicastBoolCodec}         // this machine hears its own multicast, as by default
	IPMulticastTTL      = Option[int]{sys.IPPROTO_IP, sys.IP_MULTICAST_TTL, &multicastIntCodec}            // hops that multicast may take, by default 1
	IPNoDefrag          = Option[bool]{sys.IPPROTO_IP, sys.IP_NODEFRAG, &boolCodec}                        // fragments of packets sent are not put together by the firewall (Linux 2.6.36)
	IPOptions           = Option[[]byte]{sys.IPPROTO_IP, sys.IP_OPTIONS, &optionsCodec}                    // options of the header in every packet, 40 bytes at most
	IPPassSec           = Option[bool]{sys.IPPROTO_IP, sys.IP_PASSSEC, &boolCodec}                         // datagrams come with their security label
	IPPortRange         = Option[int]{sys.IPPROTO_IP, sys.IP_PORTRANGE, &intCodec}                         // which ports the kernel chooses from: 0 default, 1 high, 2 low (BSDs, macOS)
	IPProtocol          = Option[int]{sys.IPPROTO_IP, sys.IP_PROTOCOL, &readIntCodec}                      // read: the protocol number of a raw socket (Linux 6.5)
	IPRecvDstAddr       = Option[bool]{sys.IPPROTO_IP, sys.IP_RECVDSTADDR, &boolCodec}                     // datagrams come with the address they were sent to (BSDs, macOS; elsewhere IPRecvPktInfo)
	IPRecvErr           = Option[bool]{sys.IPPROTO_IP, sys.IP_RECVERR, &boolCodec}                         // errors go to the error queue, with who found them
	IPRecvErrRFC4884    = Option[bool]{sys.IPPROTO_IP, sys.IP_RECVERR_RFC4884, &boolCodec}                 // and with extensions of ICMP (Linux 5.9)
	IPRecvFragSize      = Option[bool]{sys.IPPROTO_IP, sys.IP_RECVFRAGSIZE, &boolCodec}                    // datagrams come with the size of their largest fragment (Linux 4.11)
	IPRecvIf            = Option[bool]{sys.IPPROTO_IP, sys.IP_RECVIF, &boolCodec}                          // datagrams come with the interface they arrived at (BSDs, macOS; elsewhere IPRecvPktInfo)
	IPRecvOpts          = Option[bool]{sys.IPPROTO_IP, sys.IP_RECVOPTS, &boolCodec}                        // datagrams come with the options of their header
	IPRecvOrigDstAddr   = Option[bool]{sys.IPPROTO_IP, sys.IP_RECVORIGDSTADDR, &boolCodec}                 // datagrams come with the address that they were sent to before a firewall changed it (Linux 2.6.29, FreeBSD)
	IPRecvPktInfo       = Option[bool]{sys.IPPROTO_IP, sys.IP_RECVPKTINFO, &boolCodec}                     // datagrams come with the address and interface they arrived at (Linux, macOS, NetBSD; on Linux IP_PKTINFO)
	IPRecvTOS           = Option[bool]{sys.IPPROTO_IP, sys.IP_RECVTOS, &boolCodec}                         // datagrams come with their type of service, ECN in it (Linux, FreeBSD, macOS)
	IPRecvTTL           = Option[bool]{sys.IPPROTO_IP, sys.IP_RECVTTL, &boolCodec}                         // datagrams come with the hops they had left
	IPRetOpts           = Option[bool]{sys.IPPROTO_IP, sys.IP_RETOPTS, &boolCodec}                         // as IPRecvOpts, options not yet processed
	IPRouterAlert       = Option[bool]{sys.IPPROTO_IP, sys.IP_ROUTER_ALERT, &boolCodec}                    // write: a raw socket receives packets to be forwarded that carry this option
	IPTOS               = Option[int]{sys.IPPROTO_IP, sys.IP_TOS, &intCodec}                               // type of service: DSCP in the upper six bits, ECN in the lower two, which TCP keeps for itself
	IPTransparent       = Option[bool]{sys.IPPROTO_IP, sys.IP_TRANSPARENT, &boolCodec}                     // take connections to, and send from, addresses of others; takes CAP_NET_ADMIN
	IPTTL               = Option[int]{sys.IPPROTO_IP, sys.IP_TTL, &intCodec}                               // hops a packet may take, 1 to 255
	IPUnicastIf         = Option[int]{sys.IPPROTO_IP, sys.IP_UNICAST_IF, &swappedCodec}                    // by which interface datagrams go, by index, if no other is chosen (Linux 3.3)
	OriginalDst         = Option[Addr]{sys.IPPROTO_IP, sys.SO_ORIGINAL_DST, &addrCodec}                    // read: where a connection went to before a firewall changed it (Linux, with conntrack)
)
