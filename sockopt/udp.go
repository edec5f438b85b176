package sockopt

import "github.com/berkeleysockets/sock/internal/sys"

// Options of UDP (IPPROTO_UDP), by C name.
//
// Source: udp(7).
var (
	// UDPCork is UDP_CORK: join the data of several sends to one datagram, until it is off.
	// Systems: Linux.
	UDPCork Option[bool]

	// UDPEncap is UDP_ENCAP: the encapsulated protocol: 2 ESP (RFC 3948), 3 L2TP, 4 and 5 GTP ...;
	// 0 is none. Systems: Linux.
	UDPEncap Option[int]

	// UDPGRO is UDP_GRO: receive several datagrams of one size as one, with a message that carries
	// the size. Systems: Linux 5.0.
	UDPGRO Option[bool]

	// UDPNoCheck6Rx is UDP_NO_CHECK6_RX: receive datagrams over IPv6 with a checksum of 0.
	// Systems: Linux 3.16.
	UDPNoCheck6Rx Option[bool]

	// UDPNoCheck6Tx is UDP_NO_CHECK6_TX: send datagrams over IPv6 with a checksum of 0. Systems:
	// Linux 3.16.
	UDPNoCheck6Tx Option[bool]

	// UDPSegment is UDP_SEGMENT: the size of the datagrams into which each send is split, in
	// bytes; 0 is no split. Systems: Linux 4.18.
	UDPSegment Option[int]
)

// Options of UDP-Lite (IPPROTO_UDPLITE), by C name.
//
// Source: udplite(7), udplite(4).
var (
	// UDPLiteRecvCsCov is UDPLITE_RECV_CSCOV: how many bytes the checksum of a received datagram
	// must cover, from 8; 0 is all. Systems: Linux, FreeBSD.
	UDPLiteRecvCsCov Option[int]

	// UDPLiteSendCsCov is UDPLITE_SEND_CSCOV: how many bytes the checksum of a sent datagram
	// covers, from 8; 0 is all. Systems: Linux, FreeBSD.
	UDPLiteSendCsCov Option[int]
)

// Level, number and codec of each option.
func init() {
	UDPCork = option(sys.IPPROTO_UDP, sys.UDP_CORK, &boolCodec)
	UDPEncap = option(sys.IPPROTO_UDP, sys.UDP_ENCAP, &intCodec)
	UDPGRO = option(sys.IPPROTO_UDP, sys.UDP_GRO, &boolCodec)
	UDPNoCheck6Rx = option(sys.IPPROTO_UDP, sys.UDP_NO_CHECK6_RX, &boolCodec)
	UDPNoCheck6Tx = option(sys.IPPROTO_UDP, sys.UDP_NO_CHECK6_TX, &boolCodec)
	UDPSegment = option(sys.IPPROTO_UDP, sys.UDP_SEGMENT, &intCodec)
	UDPLiteRecvCsCov = option(sys.IPPROTO_UDPLITE, sys.UDPLITE_RECV_CSCOV, &intCodec)
	UDPLiteSendCsCov = option(sys.IPPROTO_UDPLITE, sys.UDPLITE_SEND_CSCOV, &intCodec)
}
