package sockopt

import "github.com/berkeleysockets/sock/internal/sys"

// Options of UDP (IPPROTO_UDP), by C name. All are Linux's. Source: udp(7).
var (
	UDPCork       = Option[bool]{sys.IPPROTO_UDP, sys.UDP_CORK, &boolCodec}         // what is sent is one datagram, until it is off
	UDPEncap      = Option[int]{sys.IPPROTO_UDP, sys.UDP_ENCAP, &intCodec}          // what is within: 2 ESP, RFC 3948; 3 L2TP, 4 and 5 GTP ...; 0 nothing
	UDPGRO        = Option[bool]{sys.IPPROTO_UDP, sys.UDP_GRO, &boolCodec}          // datagrams of one size are received as one, with a message that tells the size (Linux 5.0)
	UDPNoCheck6Rx = Option[bool]{sys.IPPROTO_UDP, sys.UDP_NO_CHECK6_RX, &boolCodec} // over IPv6, a checksum of 0 is received (Linux 3.16)
	UDPNoCheck6Tx = Option[bool]{sys.IPPROTO_UDP, sys.UDP_NO_CHECK6_TX, &boolCodec} // over IPv6, a checksum of 0 is sent (Linux 3.16)
	UDPSegment    = Option[int]{sys.IPPROTO_UDP, sys.UDP_SEGMENT, &intCodec}        // bytes of the datagrams that each send is cut into, 0 for no cutting (Linux 4.18)
)

// Options of UDP-Lite (IPPROTO_UDPLITE), by C name: Linux and
// FreeBSD. Source: udplite(7), udplite(4).
var (
	UDPLiteRecvCsCov = Option[int]{sys.IPPROTO_UDPLITE, sys.UDPLITE_RECV_CSCOV, &intCodec} // bytes that a checksum must cover for a datagram to be received, from 8; 0 for all
	UDPLiteSendCsCov = Option[int]{sys.IPPROTO_UDPLITE, sys.UDPLITE_SEND_CSCOV, &intCodec} // bytes that the checksum covers, from 8; 0 for all
)
