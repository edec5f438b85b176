package cmsg

import (
	"encoding/binary"
	"math"
	"net/netip"
	"strconv"

	"github.com/berkeleysockets/sock/internal/sys"
)

// A PacketInfo is where a datagram arrived, or where it is sent from.
type PacketInfo struct {
	Interface int        // index; 0 is unknown, or the choice of the kernel
	Local     netip.Addr // the address that received it; the source of an answer or of any datagram
	Dest      netip.Addr // received only: the destination in its header, which can be a multicast group
}

// The layout of struct in_pktinfo. NetBSD's has no second address.
const (
	sizePacketInfo4 = 8 + 4*sys.TripleInfo
	interfaceAt     = 4 * (1 - sys.TripleInfo)
	localAt         = 4 * sys.TripleInfo // ipi_spec_dst, or ipi_addr
	destAt          = 8 * sys.TripleInfo // ipi_addr
)

// AppendPacketInfo appends the source address and the interface of a datagram: info.Local and
// info.Interface. For an interface alone, Local is the unspecified address of the family; an
// Interface of 0 leaves the interface to the kernel. For an answer from the address that
// received a datagram, pass the result of [Message.PacketInfo].
//
// FreeBSD, OpenBSD and DragonFly do not accept an interface for IPv4.
//
// Source: ip(7), ipv6(7).
func AppendPacketInfo(b []byte, info PacketInfo) []byte {
	if info.Interface < 0 || info.Interface > math.MaxInt32 || !info.Local.IsValid() {
		return appendInvalid(b)
	}
	if info.Local.Is6() {
		b, data := appendMessage(b, sys.IPPROTO_IPV6, sys.IPV6_PKTINFO, 20)
		ip := info.Local.As16()
		copy(data, ip[:])
		binary.NativeEndian.PutUint32(data[16:], uint32(info.Interface))
		return b
	}
	ip := info.Local.As4()
	switch sys.SendSource4 {
	case sys.IP_PKTINFO:
		b, data := appendMessage(b, sys.IPPROTO_IP, sys.IP_PKTINFO, sizePacketInfo4)
		copy(data[localAt:], ip[:])
		binary.NativeEndian.PutUint32(data[interfaceAt:], uint32(info.Interface))
		return b
	case sys.IP_SENDSRCADDR:
		if info.Interface != 0 {
			return appendUnsupported(b)
		}
		return Append(b, sys.IPPROTO_IP, sys.IP_SENDSRCADDR, ip[:])
	}
	return appendUnsupported(b)
}

// PacketInfo returns where a datagram arrived, with the options sockopt.IPRecvPktInfo and
// sockopt.IPv6RecvPktInfo. FreeBSD, OpenBSD and DragonFly report address and interface of IPv4
// in two messages, with sockopt.IPRecvDstAddr and sockopt.IPRecvIf; each has its own part.
//
// Source: ip(7), ipv6(7).
func (m Message) PacketInfo() (info PacketInfo, ok bool) {
	switch {
	case m.is(sys.IPPROTO_IP, sys.IP_PKTINFO, sizePacketInfo4):
		info.Interface = int(m.uint32(interfaceAt))
		info.Local = netip.AddrFrom4([4]byte(m.Data[localAt:]))
		info.Dest = netip.AddrFrom4([4]byte(m.Data[destAt:]))
	case m.is(sys.IPPROTO_IPV6, sys.IPV6_PKTINFO, 20):
		info.Interface = int(m.uint32(16))
		info.Local = netip.AddrFrom16([16]byte(m.Data))
		info.Dest = info.Local
	case m.is(sys.IPPROTO_IP, sys.IP_RECVDSTADDR, 4):
		info.Local = netip.AddrFrom4([4]byte(m.Data))
		info.Dest = info.Local
	case m.is(sys.IPPROTO_IP, sys.IP_RECVIF, 4): // struct sockaddr_dl
		info.Interface = int(binary.NativeEndian.Uint16(m.Data[2:]))
	default:
		return info, false
	}
	return info, true
}

// OriginalDest returns the destination of a datagram before a firewall changed it, with the
// options sockopt.IPRecvOrigDstAddr and sockopt.IPv6RecvOrigDstAddr (Linux, FreeBSD).
//
// Source: ip(7).
func (m Message) OriginalDest() (netip.AddrPort, bool) {
	if m.is(sys.IPPROTO_IP, sys.IP_ORIGDSTADDR, 16) || m.is(sys.IPPROTO_IPV6, sys.IPV6_ORIGDSTADDR, 28) {
		return addrPort(m.Data), true
	}
	return netip.AddrPort{}, false
}

// addrPort decodes a struct sockaddr_in or sockaddr_in6.
func addrPort(b []byte) netip.AddrPort {
	if ip, port, ok := sys.Inet4(b); ok {
		return netip.AddrPortFrom(netip.AddrFrom4(ip), port)
	}
	if ip, port, scope, ok := sys.Inet6(b); ok {
		a := netip.AddrFrom16(ip)
		if scope != 0 {
			a = a.WithZone(strconv.FormatUint(uint64(scope), 10))
		}
		return netip.AddrPortFrom(a, port)
	}
	return netip.AddrPort{}
}
