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

// Options of IPv4 (IPPROTO_IP), by C name. A version is of Linux, and a system in
// brackets the only one. On Linux an IPv6 socket has them too, for its IPv4
// packets. Source: ip(7), ip(4).
var (
	IPBindAny           = Option[bool]{sys.IPPROTO_IP, sys.IP_BINDANY, &boolCodec}                         // bind to any address, though no interface has it; privileged (FreeBSD)
	IPBindAddressNoPort = Option[bool]{sys.IPPROTO_IP, sys.IP_BIND_ADDRESS_NO_PORT, &boolCodec}            // Bind with port 0 leaves the choice to Connect (Linux 4.2)
	IPBoundIf           = Option[int]{sys.IPPROTO_IP, sys.IP_BOUND_IF, &intCodec}                          // one interface only, by index, 0 for all (macOS)
	IPChecksum          = Option[bool]{sys.IPPROTO_IP, sys.IP_CHECKSUM, &boolCodec}                        // messages bring their checksum; UDP (Linux 4.0)
	IPDontFrag          = Option[bool]{sys.IPPROTO_IP, sys.IP_DONTFRAG, &boolCodec}                        // packets are not to be fragmented (FreeBSD, macOS); on Linux IPMTUDiscover
	IPFreeBind          = Option[bool]{sys.IPPROTO_IP, sys.IP_FREEBIND, &boolCodec}                        // bind to an address that no interface has, or not yet (Linux)
	IPHdrIncl           = Option[bool]{sys.IPPROTO_IP, sys.IP_HDRINCL, &boolCodec}                         // what is sent has its IP header; raw sockets
	IPLocalPortRange    = Option[PortRangeValue]{sys.IPPROTO_IP, sys.IP_LOCAL_PORT_RANGE, &portRangeCodec} // ports to choose from when none is given, of IPv6 too (Linux 6.3)
	IPMinTTL            = Option[int]{sys.IPPROTO_IP, sys.IP_MINTTL, &intCodec}                            // hops that packets must have left to be received, 0 to 255
	IPMTU               = Option[int]{sys.IPPROTO_IP, sys.IP_MTU, &intRead}                                // read: of the path, in bytes; connected sockets (Linux)
	IPMTUDiscover       = Option[MTUDiscoverValue]{sys.IPPROTO_IP, sys.IP_MTU_DISCOVER, &mtuDiscoverCodec} // whether packets may be fragmented (Linux)
	IPMulticastAll      = Option[bool]{sys.IPPROTO_IP, sys.IP_MULTICAST_ALL, &boolCodec}                   // also the groups that other sockets have joined, as it is from the beginning (Linux)
	IPMulticastIf       = Option[netip.Addr]{sys.IPPROTO_IP, sys.IP_MULTICAST_IF, &inet4Codec}             // the interface for what is sent to a group, by an address of it; 0.0.0.0 for the route's
	IPMulticastIfIndex  = Option[int]{sys.IPPROTO_IP, sys.IP_MULTICAST_IFINDEX, &ifIndexCodec}             // the same by index, 0 for the route's (Linux, where it cannot be read; FreeBSD, macOS)
	IPMulticastLoop     = Option[bool]{sys.IPPROTO_IP, sys.IP_MULTICAST_LOOP, &byteBoolCodec}              // what is sent to a group comes back to members on this host
	IPMulticastTTL      = Option[int]{sys.IPPROTO_IP, sys.IP_MULTICAST_TTL, &byteCodec}                    // hops of what is sent to a group, 0 to 255; 1 from the beginning, -1 for that on Linux
	IPNoDefrag          = Option[bool]{sys.IPPROTO_IP, sys.IP_NODEFRAG, &boolCodec}                        // fragments pass packet filters as they are; raw sockets (Linux)
	IPOptions           = Option[[]byte]{sys.IPPROTO_IP, sys.IP_OPTIONS, &ipOptionsCodec}                  // IP options of each packet sent, at most 40 bytes, none to end it; FreeBSD reads 4 bytes of first hop in front
	IPPassSec           = Option[bool]{sys.IPPROTO_IP, sys.IP_PASSSEC, &boolCodec}                         // messages bring the sender's security label; UDP (Linux)
	IPPortRange         = Option[int]{sys.IPPROTO_IP, sys.IP_PORTRANGE, &intCodec}                         // which ports to choose from when none is given: 0 the usual, 1 high, 2 low (the BSDs, macOS)
	IPProtocol          = Option[sock.Protocol]{sys.IPPROTO_IP, sys.IP_PROTOCOL, &protocolRead}            // read: of a raw socket; SocketProtocol is of any (Linux 6.4)
	IPRecvDstAddr       = Option[bool]{sys.IPPROTO_IP, sys.IP_RECVDSTADDR, &boolCodec}                     // messages bring the address they were sent to (the BSDs, macOS); on Linux IPRecvPktInfo
	IPRecvErr           = Option[bool]{sys.IPPROTO_IP, sys.IP_RECVERR, &boolCodec}                         // ICMP errors are in the error queue (Linux)
	IPRecvErrRFC4884    = Option[bool]{sys.IPPROTO_IP, sys.IP_RECVERR_RFC4884, &boolCodec}                 // with their extensions; UDP, ping (Linux 5.9)
	IPRecvFragSize      = Option[bool]{sys.IPPROTO_IP, sys.IP_RECVFRAGSIZE, &boolCodec}                    // messages bring the size of the largest fragment (Linux 4.10)
	IPRecvIf            = Option[bool]{sys.IPPROTO_IP, sys.IP_RECVIF, &boolCodec}                          // messages bring the interface they came by (the BSDs, macOS); on Linux IPRecvPktInfo
	IPRecvOpts          = Option[bool]{sys.IPPROTO_IP, sys.IP_RECVOPTS, &boolCodec}                        // messages bring their IP options
	IPRecvOrigDstAddr   = Option[bool]{sys.IPPROTO_IP, sys.IP_RECVORIGDSTADDR, &boolCodec}                 // messages bring address and port they were sent to, if redirected (Linux, FreeBSD)
	IPRecvPktInfo       = Option[bool]{sys.IPPROTO_IP, sys.IP_RECVPKTINFO, &boolCodec}                     // messages bring address and interface they came to; IP_PKTINFO on Linux (and macOS, NetBSD)
	IPRecvTOS           = Option[bool]{sys.IPPROTO_IP, sys.IP_RECVTOS, &boolCodec}                         // messages bring their TOS byte, with ECN (Linux, FreeBSD, macOS)
	IPRecvTTL           = Option[bool]{sys.IPPROTO_IP, sys.IP_RECVTTL, &boolCodec}                         // messages bring the hops they had left
	IPRetOpts           = Option[bool]{sys.IPPROTO_IP, sys.IP_RETOPTS, &boolCodec}                         // messages bring their IP options, ready to answer with
	IPRouterAlert       = Option[bool]{sys.IPPROTO_IP, sys.IP_ROUTER_ALERT, &boolCodec}                    // packets with the alert that are to be forwarded come here; raw sockets (Linux)
	IPTOS               = Option[int]{sys.IPPROTO_IP, sys.IP_TOS, &intCodec}                               // the byte with DSCP and ECN, 0 to 255; a TCP of Linux keeps ECN to itself
	IPTransparent       = Option[bool]{sys.IPPROTO_IP, sys.IP_TRANSPARENT, &boolCodec}                     // be any address, as a proxy; privileged (Linux)
	IPTTL               = Option[int]{sys.IPPROTO_IP, sys.IP_TTL, &intCodec}                               // hops a packet may take, 1 to 255; -1 for the usual on Linux
	IPUnicastIf         = Option[int]{sys.IPPROTO_IP, sys.IP_UNICAST_IF, &networkCodec}                    // the interface for what is sent, by index, 0 for the route's (Linux 3.4)
	IPOriginalDst       = Option[sock.Addr]{sys.IPPROTO_IP, sys.SO_ORIGINAL_DST, &addr4Read}               // read: where a connection was to go that netfilter redirected (Linux)
)

var (
	ipOptionsCodec   = bytesCodec(40)
	mtuDiscoverCodec = numberCodec[MTUDiscoverValue]()
	addr4Read        = codec[sock.Addr]{size: 16, get: getAddr}
)

func getAddr(r raw) sock.Addr { return addr(r.b[:r.n]) }

// MTUDiscoverValue is the value of [IPMTUDiscover] and [IPv6MTUDiscover].
type MTUDiscoverValue int

// The values. Source: ip(7), ipv6(7).
const (
	MTUDiscoverDont      MTUDiscoverValue = iota // packets may be fragmented
	MTUDiscoverWant                              // as the route says: fragment here, not on the way
	MTUDiscoverDo                                // never fragment; what is too long is EMSGSIZE
	MTUDiscoverProbe                             // the same, up to the interface's MTU and not the path's
	MTUDiscoverInterface                         // the interface's MTU, whatever ICMP says; may be fragmented on the way (Linux 3.14)
	MTUDiscoverOmit                              // the same, and may be fragmented here (Linux 3.15)
)

var mtuDiscoverNames = [...]string{"IP_PMTUDISC_DONT", "IP_PMTUDISC_WANT", "IP_PMTUDISC_DO", "IP_PMTUDISC_PROBE", "IP_PMTUDISC_INTERFACE", "IP_PMTUDISC_OMIT"}

// String returns the C name, such as "IP_PMTUDISC_DO".
func (v MTUDiscoverValue) String() string {
	if v < 0 || int(v) >= len(mtuDiscoverNames) {
		return strconv.Itoa(int(v))
	}
	return mtuDiscoverNames[v]
}

// PortRangeValue is the value of [IPLocalPortRange]; a bound of 0 is the system's.
type PortRangeValue struct {
	Low, High uint16 // both within
}

var portRangeCodec = codec[PortRangeValue]{
	size: 4,
	put:  func(v PortRangeValue) (raw, error) { return rawUint32(uint32(v.High)<<16 | uint32(v.Low)), nil },
	get:  func(r raw) PortRangeValue { return PortRangeValue{uint16(r.uint32(0)), uint16(r.uint32(0) >> 16)} },
}

// An interface by index goes in an ip_mreqn: two addresses and the index. macOS
// has an option for the index.
var ifIndexCodec = codec[int]{
	put: func(v int) (r raw, err error) {
		switch {
		case v < 0 || v > math.MaxInt32:
			return r, bad(strconv.Itoa(v) + " is no index")
		case runtime.GOOS == "darwin":
			return rawInt(v), nil
		}
		return rawUint32(0, 0, uint32(v)), nil
	},
	read: func(s *sock.Socket, level, name int) (int, error) {
		var b [12]byte
		if runtime.GOOS == "darwin" {
			_, err := readOption(s, level, name, b[:4])
			return int(binary.NativeEndian.Uint32(b[:])), err
		}
		n, err := readOption(s, level, name, b[:])
		if err == nil && n < len(b) {
			err = &misuse{"the kernel tells the address only", errors.ErrUnsupported}
		}
		return int(binary.NativeEndian.Uint32(b[8:])), err
	},
}
