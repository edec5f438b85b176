package cmsg

import (
	"encoding/binary"
	"math"
	"net"
	"net/netip"
	"strconv"

	"github.com/berkeleysockets/sock/internal/sys"
)

// A PacketInfo is where a datagram arrived, or where it is sent from.
type PacketInfo struct {
	Interface int        // index; 0 is unknown, or the choice of the kernel
	Local     netip.Addr // the source of an answer or of any datagram; unspecified is the choice of the kernel
	Dest      netip.Addr // received only: the destination in its header, which can be a group or a broadcast address
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
// A v4-mapped Local takes the message of IPv4, which an Inet6 socket accepts for a v4-mapped
// destination too. The zero Addr has no family and is a value that does not fit, as is a zone
// that is no interface, or another one than Interface: see [Check]. A zone that is a name is
// looked up each time.
//
// FreeBSD, OpenBSD and DragonFly do not accept an interface for IPv4.
//
// Source: ip(7), ipv6(7).
func AppendPacketInfo(b []byte, info PacketInfo) []byte {
	if info.Local.Zone() != "" && !info.takeZone() {
		return appendInvalid(b)
	}
	if info.Interface < 0 || info.Interface > math.MaxInt32 || !info.Local.IsValid() {
		return appendInvalid(b)
	}
	if !isIPv4(info.Local) {
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
		if ip == [4]byte{} { // no message is the choice of the kernel, which refuses this one
			return b
		}
		return Append(b, sys.IPPROTO_IP, sys.IP_SENDSRCADDR, ip[:])
	}
	return appendUnsupported(b)
}

// takeZone makes the zone of Local the interface. It reports whether that is one interface.
func (info *PacketInfo) takeZone() bool {
	index, err := strconv.Atoi(info.Local.Zone())
	if err != nil {
		i, err := net.InterfaceByName(info.Local.Zone())
		if err != nil {
			return false
		}
		index = i.Index
	}
	if info.Interface == 0 {
		info.Interface = index
	}
	return info.Interface == index
}

// PacketInfo returns where a datagram arrived, with the options sockopt.IPRecvPktInfo and
// sockopt.IPv6RecvPktInfo. FreeBSD, OpenBSD and DragonFly report address and interface of IPv4
// in two messages, with sockopt.IPRecvDstAddr and sockopt.IPRecvIf; each has its own part.
//
// Local can be the source of an answer. On Linux it is for IPv4 an address of the interface, also
// if the datagram was for a group or a broadcast address. In all other messages the kernel
// reports the destination alone: Local is that, or the unspecified address if that is a group or
// 255.255.255.255. The broadcast address of a network, such as 192.0.2.255, cannot be recognized
// there: a socket that answers broadcasts uses sockopt.IPRecvPktInfo on Linux, also a socket of
// Inet6 for datagrams of IPv4, and elsewhere sends without a source.
//
// Source: ip(7), ipv6(7).
func (m Message) PacketInfo() (info PacketInfo, ok bool) {
	switch {
	case m.is(sys.IPPROTO_IP, sys.IP_PKTINFO, sizePacketInfo4):
		info.Interface = int(m.uint32(interfaceAt))
		info.Local = source(netip.AddrFrom4([4]byte(m.Data[localAt:])))
		info.Dest = netip.AddrFrom4([4]byte(m.Data[destAt:]))
	case m.is(sys.IPPROTO_IPV6, sys.IPV6_PKTINFO, 20):
		info.Interface = int(m.uint32(16))
		info.Dest = netip.AddrFrom16([16]byte(m.Data))
		info.Local = source(info.Dest)
	case m.is(sys.IPPROTO_IP, sys.IP_RECVDSTADDR, 4):
		info.Dest = netip.AddrFrom4([4]byte(m.Data))
		info.Local = source(info.Dest)
	case m.is(sys.IPPROTO_IP, sys.IP_RECVIF, 4): // struct sockaddr_dl
		info.Interface = int(binary.NativeEndian.Uint16(m.Data[2:]))
	default:
		return info, false
	}
	return info, true
}

// source returns ip if it can be the source of a datagram, else the unspecified address in the
// same form: a kernel refuses "::" as the source of a v4-mapped destination.
func source(ip netip.Addr) netip.Addr {
	v4 := ip.Unmap()
	switch {
	case !v4.IsMulticast() && v4 != netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return ip
	case ip.Is4():
		return netip.IPv4Unspecified()
	case ip.Is4In6():
		return netip.AddrFrom16(netip.IPv4Unspecified().As16())
	}
	return netip.IPv6Unspecified()
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
