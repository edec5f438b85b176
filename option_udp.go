package sock

import (
	"github.com/berkeleysockets/sock/internal/sys"
)

// Options of UDP (IPPROTO_UDP) and UDP-Lite (IPPROTO_UDPLITE), by C name. Source:
// udp(7), udplite(7).
var (
	UDPCork             = Option[bool]{sys.IPPROTO_UDP, sys.UDP_CORK, &boolCodec}             // what is sent is gathered into one datagram, until this is off
	UDPEncap            = Option[int]{sys.IPPROTO_UDP, sys.UDP_ENCAP, &intCodec}              // IPsec in UDP: 2 is ESP (RFC 3948)
	UDPGRO              = Option[bool]{sys.IPPROTO_UDP, sys.UDP_GRO, &boolCodec}              // datagrams of one flow are received as one, with their size: SegmentSize (Linux 5.0)
	UDPNoCheck6Rx       = Option[bool]{sys.IPPROTO_UDP, sys.UDP_NO_CHECK6_RX, &boolCodec}     // IPv6 datagrams without a checksum are received (Linux 3.16)
	UDPNoCheck6Tx       = Option[bool]{sys.IPPROTO_UDP, sys.UDP_NO_CHECK6_TX, &boolCodec}     // IPv6 datagrams are sent without a checksum (Linux 3.16)
	UDPSegment          = Option[int]{sys.IPPROTO_UDP, sys.UDP_SEGMENT, &intCodec}            // what is sent becomes datagrams of this size; AppendSegmentSize says it for one send (Linux 4.18)
	UDPLiteRecvCoverage = Option[int]{sys.IPPROTO_UDPLITE, sys.UDPLITE_RECV_CSCOV, &intCodec} // bytes that a checksum must cover at least; 0 is all (Linux, FreeBSD)
	UDPLiteSendCoverage = Option[int]{sys.IPPROTO_UDPLITE, sys.UDPLITE_SEND_CSCOV, &intCodec} // bytes that the checksum covers; 0 is all
)
