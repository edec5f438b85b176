package sockopt

import (
	"encoding/binary"
	"errors"
	"math"
	"net/netip"
	"runtime"
	"strconv"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/internal/sys"
)

// Options of IPv4 (IPPROTO_IP), by C name. On Linux an IPv6 socket has them too, for its IPv4
// packets.
//
// Source: ip(7), ip(4).
var (
	// IPBindAny is IP_BINDANY: bind to an address that no interface has. It is privileged.
	// Systems: FreeBSD.
	IPBindAny Option[bool]

	// IPBindAddressNoPort is IP_BIND_ADDRESS_NO_PORT: Bind with port 0 leaves the choice of the
	// port to Connect. Systems: Linux 4.2.
	IPBindAddressNoPort Option[bool]

	// IPBoundIf is IP_BOUND_IF: use one interface only, by index; 0 is every interface. Systems:
	// macOS.
	IPBoundIf Option[int]

	// IPChecksum is IP_CHECKSUM: received messages carry the checksum of their data. It is an
	// option of UDP. Systems: Linux 4.0.
	IPChecksum Option[bool]

	// IPDontFrag is IP_DONTFRAG: do not fragment sent packets. Linux has IPMTUDiscover instead.
	// Systems: FreeBSD, macOS.
	IPDontFrag Option[bool]

	// IPFreeBind is IP_FREEBIND: bind to an address that no interface has, or does not have yet.
	// Systems: Linux.
	IPFreeBind Option[bool]

	// IPHdrIncl is IP_HDRINCL: sent data begins with its IP header. It is an option of raw
	// sockets. Systems: all.
	IPHdrIncl Option[bool]

	// IPLocalPortRange is IP_LOCAL_PORT_RANGE: the ports to choose from for a port of 0. It
	// applies to IPv6 too. Systems: Linux 6.3.
	IPLocalPortRange Option[IPLocalPortRangeValue]

	// IPMinTTL is IP_MINTTL: the remaining hops that a packet must have to be received, 0 to 255.
	// Systems: Linux, FreeBSD, NetBSD, OpenBSD, DragonFly.
	IPMinTTL Option[int]

	// IPMTU is IP_MTU: the MTU of the path, in bytes, of a connected socket. It is read-only.
	// Systems: Linux.
	IPMTU Option[int]

	// IPMTUDiscover is IP_MTU_DISCOVER: whether sent packets may be fragmented. Systems: Linux.
	IPMTUDiscover Option[MTUDiscoverValue]

	// IPMulticastAll is IP_MULTICAST_ALL: receive from groups that other sockets have joined, too.
	// It is on by default. Systems: Linux.
	IPMulticastAll Option[bool]

	// IPMulticastIf is IP_MULTICAST_IF: the interface for packets sent to a group, by an address
	// of it; 0.0.0.0 is the one of the route. Systems: all.
	IPMulticastIf Option[netip.Addr]

	// IPMulticastIfIndex is IP_MULTICAST_IFINDEX: the interface for packets sent to a group, by
	// index; 0 is the one of the route. On Linux and FreeBSD it is IP_MULTICAST_IF with a struct
	// ip_mreqn; Linux cannot read it. Systems: Linux, FreeBSD, macOS.
	IPMulticastIfIndex Option[int]

	// IPMulticastLoop is IP_MULTICAST_LOOP: packets sent to a group are received by members on
	// this host too. Systems: all.
	IPMulticastLoop Option[bool]

	// IPMulticastTTL is IP_MULTICAST_TTL: the hop limit of packets sent to a group, 0 to 255. The
	// default is 1, which -1 restores on Linux. Systems: all.
	IPMulticastTTL Option[int]

	// IPNoDefrag is IP_NODEFRAG: do not reassemble fragments before packet filters see them. It is
	// an option of raw sockets. Systems: Linux.
	IPNoDefrag Option[bool]

	// IPOptions is IP_OPTIONS: the IP options of each sent packet, at most 40 bytes; none removes
	// them. On FreeBSD the value read begins with 4 bytes for the first hop. Systems: all.
	IPOptions Option[[]byte]

	// IPPassSec is IP_PASSSEC: received messages carry the security label of the sender. It is an
	// option of UDP. Systems: Linux.
	IPPassSec Option[bool]

	// IPPortRange is IP_PORTRANGE: which ports to choose from for a port of 0: 0 the default
	// range, 1 the high one, 2 the low one. Systems: FreeBSD, NetBSD, OpenBSD, DragonFly, macOS.
	IPPortRange Option[int]

	// IPProtocol is IP_PROTOCOL: the protocol of a raw socket. It is read-only. Protocol is the
	// one of any socket. Systems: Linux 6.4.
	IPProtocol Option[sock.Protocol]

	// IPRecvDstAddr is IP_RECVDSTADDR: received messages carry their destination address. Linux
	// has IPRecvPktInfo instead. Systems: FreeBSD, NetBSD, OpenBSD, DragonFly, macOS.
	IPRecvDstAddr Option[bool]

	// IPRecvErr is IP_RECVERR: ICMP errors go to the error queue. Systems: Linux.
	IPRecvErr Option[bool]

	// IPRecvErrRFC4884 is IP_RECVERR_RFC4884: ICMP errors in the error queue have their extensions
	// (RFC 4884). It is an option of UDP and ping sockets. Systems: Linux 5.9.
	IPRecvErrRFC4884 Option[bool]

	// IPRecvFragSize is IP_RECVFRAGSIZE: received messages carry the size of their largest
	// fragment. Systems: Linux 4.10.
	IPRecvFragSize Option[bool]

	// IPRecvIf is IP_RECVIF: received messages carry the interface that they arrived on. Linux has
	// IPRecvPktInfo instead. Systems: FreeBSD, NetBSD, OpenBSD, DragonFly, macOS.
	IPRecvIf Option[bool]

	// IPRecvOpts is IP_RECVOPTS: received messages carry their IP options. Systems: all.
	IPRecvOpts Option[bool]

	// IPRecvOrigDstAddr is IP_RECVORIGDSTADDR: received messages carry the address and port that
	// they were sent to before a redirection. Systems: Linux, FreeBSD.
	IPRecvOrigDstAddr Option[bool]

	// IPRecvPktInfo is IP_RECVPKTINFO: received messages carry the address and interface that they
	// arrived at. On Linux and macOS its name is IP_PKTINFO. Systems: Linux, NetBSD, macOS.
	IPRecvPktInfo Option[bool]

	// IPRecvTOS is IP_RECVTOS: received messages carry their TOS byte, with ECN. Systems: Linux,
	// FreeBSD, macOS.
	IPRecvTOS Option[bool]

	// IPRecvTTL is IP_RECVTTL: received messages carry the remaining hop limit. Systems: all.
	IPRecvTTL Option[bool]

	// IPRetOpts is IP_RETOPTS: received messages carry their IP options, prepared for the answer.
	// Systems: all.
	IPRetOpts Option[bool]

	// IPRouterAlert is IP_ROUTER_ALERT: receive packets to be forwarded that have the router
	// alert. It is an option of raw sockets. Systems: Linux.
	IPRouterAlert Option[bool]

	// IPTOS is IP_TOS: the TOS byte, DSCP and ECN, 0 to 255. TCP on Linux controls the ECN bits
	// itself. Systems: all.
	IPTOS Option[int]

	// IPTransparent is IP_TRANSPARENT: bind to an address that no interface has, as a transparent
	// proxy does. It is privileged. Systems: Linux.
	IPTransparent Option[bool]

	// IPTTL is IP_TTL: the hop limit of sent packets, 1 to 255; -1 is the default on Linux.
	// Systems: all.
	IPTTL Option[int]

	// IPUnicastIf is IP_UNICAST_IF: the interface for sent packets, by index; 0 is the one of the
	// route. Systems: Linux 3.4.
	IPUnicastIf Option[int]

	// IPOriginalDst is SO_ORIGINAL_DST: the destination of a connection before netfilter
	// redirected it. It is read-only. Systems: Linux.
	IPOriginalDst Option[sock.Addr]
)

// Level, number and codec of each option.
func init() {
	IPBindAny = option(sys.IPPROTO_IP, sys.IP_BINDANY, &boolCodec)
	IPBindAddressNoPort = option(sys.IPPROTO_IP, sys.IP_BIND_ADDRESS_NO_PORT, &boolCodec)
	IPBoundIf = option(sys.IPPROTO_IP, sys.IP_BOUND_IF, &intCodec)
	IPChecksum = option(sys.IPPROTO_IP, sys.IP_CHECKSUM, &boolCodec)
	IPDontFrag = option(sys.IPPROTO_IP, sys.IP_DONTFRAG, &boolCodec)
	IPFreeBind = option(sys.IPPROTO_IP, sys.IP_FREEBIND, &boolCodec)
	IPHdrIncl = option(sys.IPPROTO_IP, sys.IP_HDRINCL, &boolCodec)
	IPLocalPortRange = option(sys.IPPROTO_IP, sys.IP_LOCAL_PORT_RANGE, &portRangeCodec)
	IPMinTTL = option(sys.IPPROTO_IP, sys.IP_MINTTL, &intCodec)
	IPMTU = option(sys.IPPROTO_IP, sys.IP_MTU, &intRead)
	IPMTUDiscover = option(sys.IPPROTO_IP, sys.IP_MTU_DISCOVER, &mtuDiscoverCodec)
	IPMulticastAll = option(sys.IPPROTO_IP, sys.IP_MULTICAST_ALL, &boolCodec)
	IPMulticastIf = option(sys.IPPROTO_IP, sys.IP_MULTICAST_IF, &inet4Codec)
	IPMulticastIfIndex = option(sys.IPPROTO_IP, sys.IP_MULTICAST_IFINDEX, &ifIndexCodec)
	IPMulticastLoop = option(sys.IPPROTO_IP, sys.IP_MULTICAST_LOOP, &byteBoolCodec)
	IPMulticastTTL = option(sys.IPPROTO_IP, sys.IP_MULTICAST_TTL, &byteCodec)
	IPNoDefrag = option(sys.IPPROTO_IP, sys.IP_NODEFRAG, &boolCodec)
	IPOptions = option(sys.IPPROTO_IP, sys.IP_OPTIONS, &ipOptionsCodec)
	IPPassSec = option(sys.IPPROTO_IP, sys.IP_PASSSEC, &boolCodec)
	IPPortRange = option(sys.IPPROTO_IP, sys.IP_PORTRANGE, &intCodec)
	IPProtocol = option(sys.IPPROTO_IP, sys.IP_PROTOCOL, &protocolRead)
	IPRecvDstAddr = option(sys.IPPROTO_IP, sys.IP_RECVDSTADDR, &boolCodec)
	IPRecvErr = option(sys.IPPROTO_IP, sys.IP_RECVERR, &boolCodec)
	IPRecvErrRFC4884 = option(sys.IPPROTO_IP, sys.IP_RECVERR_RFC4884, &boolCodec)
	IPRecvFragSize = option(sys.IPPROTO_IP, sys.IP_RECVFRAGSIZE, &boolCodec)
	IPRecvIf = option(sys.IPPROTO_IP, sys.IP_RECVIF, &boolCodec)
	IPRecvOpts = option(sys.IPPROTO_IP, sys.IP_RECVOPTS, &boolCodec)
	IPRecvOrigDstAddr = option(sys.IPPROTO_IP, sys.IP_RECVORIGDSTADDR, &boolCodec)
	IPRecvPktInfo = option(sys.IPPROTO_IP, sys.IP_RECVPKTINFO, &boolCodec)
	IPRecvTOS = option(sys.IPPROTO_IP, sys.IP_RECVTOS, &boolCodec)
	IPRecvTTL = option(sys.IPPROTO_IP, sys.IP_RECVTTL, &boolCodec)
	IPRetOpts = option(sys.IPPROTO_IP, sys.IP_RETOPTS, &boolCodec)
	IPRouterAlert = option(sys.IPPROTO_IP, sys.IP_ROUTER_ALERT, &boolCodec)
	IPTOS = option(sys.IPPROTO_IP, sys.IP_TOS, &intCodec)
	IPTransparent = option(sys.IPPROTO_IP, sys.IP_TRANSPARENT, &boolCodec)
	IPTTL = option(sys.IPPROTO_IP, sys.IP_TTL, &intCodec)
	IPUnicastIf = option(sys.IPPROTO_IP, sys.IP_UNICAST_IF, &networkCodec)
	IPOriginalDst = option(sys.IPPROTO_IP, sys.SO_ORIGINAL_DST, &addr4Read)
}

var (
	ipOptionsCodec   = bytesCodec(40)
	mtuDiscoverCodec = numberCodec[MTUDiscoverValue]()
	addr4Read        = codec[sock.Addr]{size: 16, decode: decodeAddr}
)

func decodeAddr(x value) sock.Addr { return addrFromKernel(x.b[:x.n]) }

// MTUDiscoverValue is the value of [IPMTUDiscover] and [IPv6MTUDiscover].
type MTUDiscoverValue int

// The values.
//
// Source: ip(7), ipv6(7).
const (
	MTUDiscoverDont      MTUDiscoverValue = iota // packets may be fragmented
	MTUDiscoverWant                              // the setting of the route: this host may fragment, routers may not
	MTUDiscoverDo                                // never fragment; a packet that is too long fails with EMSGSIZE
	MTUDiscoverProbe                             // as MTUDiscoverDo, with the MTU of the interface in place of the path's
	MTUDiscoverInterface                         // use the MTU of the interface and ignore ICMP; routers may fragment (Linux 3.14)
	MTUDiscoverOmit                              // as MTUDiscoverInterface, and this host may fragment too (Linux 3.15)
)

var mtuDiscoverNames = [...]string{"IP_PMTUDISC_DONT", "IP_PMTUDISC_WANT", "IP_PMTUDISC_DO", "IP_PMTUDISC_PROBE", "IP_PMTUDISC_INTERFACE", "IP_PMTUDISC_OMIT"}

// String returns the C name, such as "IP_PMTUDISC_DO".
func (v MTUDiscoverValue) String() string {
	if v < 0 || int(v) >= len(mtuDiscoverNames) {
		return strconv.Itoa(int(v))
	}
	return mtuDiscoverNames[v]
}

// IPLocalPortRangeValue is the value of [IPLocalPortRange]. A bound of 0 is the default of the
// system.
type IPLocalPortRangeValue struct {
	Low, High uint16 // both inclusive
}

var portRangeCodec = codec[IPLocalPortRangeValue]{
	size: 4,
	encode: func(v IPLocalPortRangeValue) (value, error) {
		return uint32Value(uint32(v.High)<<16 | uint32(v.Low)), nil
	},
	decode: func(x value) IPLocalPortRangeValue {
		return IPLocalPortRangeValue{uint16(x.uint32(0)), uint16(x.uint32(0) >> 16)}
	},
}

// An interface index is in a struct ip_mreqn, behind two addresses. macOS has an option for
// the index alone.
var ifIndexCodec = codec[int]{
	encode: func(v int) (x value, err error) {
		switch {
		case v < 0 || v > math.MaxInt32:
			return x, invalidIndex(v)
		case runtime.GOOS == "darwin":
			return intValue(v), nil
		}
		return uint32Value(0, 0, uint32(v)), nil
	},
	read: func(s *sock.Socket, level, name int) (int, error) {
		var b [12]byte
		if runtime.GOOS == "darwin" {
			_, err := s.Getsockopt(level, name, b[:4])
			return int(binary.NativeEndian.Uint32(b[:])), err
		}
		n, err := s.Getsockopt(level, name, b[:])
		if err == nil && n < len(b) {
			err = &inputError{"the kernel returns the address only", errors.ErrUnsupported}
		}
		return int(binary.NativeEndian.Uint32(b[8:])), err
	},
}
