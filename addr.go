package sock

import (
	"errors"
	"fmt"
	"math"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/berkeleysockets/sock/internal/sys"
)

// inline is how many bytes of a sockaddr an Addr holds itself: all of IPv4, IPv6, netlink,
// packet and vsock, and unix paths up to 28 bytes.
const inline = 31

// An Addr is the address of a socket of any family. It is a value of 48 bytes that keeps the
// kernel's own bytes, so that SendTo accepts a received one without conversion. Two Addrs of
// the same address are equal with ==, and an Addr can be the key of a map. The zero Addr is
// no address.
type Addr struct {
	long string       // the whole sockaddr, where b is too small
	b    [inline]byte // else the sockaddr, then zeros
	n    uint8        // its length in b
}

// bytes returns the sockaddr. The caller must not modify it.
func (a *Addr) bytes() []byte {
	switch {
	case a == nil:
		return nil
	case a.long != "":
		return sys.StringBytes(a.long)
	case a.n == 0:
		return nil // no empty slice: what points somewhere is an address to sendto(2)
	}
	return a.b[:a.n]
}

// isUnix reports whether a is a unix address.
func (a *Addr) isUnix() bool { return a != nil && (a.long != "" || sys.Family(a.b[:]) == sys.AF_UNIX) }

// clone shares no memory with a. Errors and traces keep a clone: if they kept the address of
// a Message itself, the compiler would move all its buffers to the heap.
func (a *Addr) clone() Addr {
	if a == nil {
		return Addr{}
	}
	return Addr{strings.Clone(a.long), a.b, a.n}
}

// newAddr makes an Addr of a sockaddr in canonical form.
func newAddr(sa []byte) (a Addr) {
	if len(sa) > inline {
		a.long = string(sa)
		return a
	}
	a.n = uint8(copy(a.b[:], sa))
	return a
}

// A buffer has room for any sockaddr.
type buffer [128]byte

// addrFromKernel makes an Addr of a sockaddr from the kernel, whose length and padding differ
// by call and system.
func addrFromKernel(sa []byte) Addr {
	switch d := sys.Family(sa); {
	case len(sa) < 2, d == sys.AF_UNSPEC && !known(sa):
		return Addr{}
	case d == sys.AF_INET:
		if ip, port, ok := sys.Inet4(sa); ok {
			var a Addr
			a.n = uint8(sys.PutInet4(a.b[:], ip, port))
			return a
		}
	case d == sys.AF_INET6:
		if len(sa) >= sys.SizeInet6 {
			return newAddr(sa[:sys.SizeInet6])
		}
	case d == sys.AF_PACKET:
		// getsockname(2) leaves off what the hardware address does not fill,
		// and bind(2) then wants it.
		if _, _, _, ok := sys.Packet(sa); ok && len(sa) < sys.SizePacket {
			a := newAddr(sa)
			a.n = sys.SizePacket
			return a
		}
	case d == sys.AF_UNIX:
		if path := sys.UnixPath(sa); len(path) <= sys.MaxPath+1 {
			var b buffer
			return newAddr(b[:sys.PutUnix(b[:], path[:min(len(path), sys.MaxPath)])])
		}
	}
	return newAddr(sa)
}

// known reports whether an address without a family has content.
func known(sa []byte) bool {
	for _, c := range sa[2:] {
		if c != 0 {
			return true
		}
	}
	return false
}

// sourceAddr is addrFromKernel for the sender of a datagram: an unnamed sender has no address
// to send to.
func sourceAddr(sa []byte) Addr {
	a := addrFromKernel(sa)
	if a.Domain() == Unix && len(sys.UnixPath(a.bytes())) == 0 {
		return Addr{}
	}
	return a
}

// AddrFrom returns the address of an IP and a port: [Inet] for IPv4, [Inet6] for
// IPv6, v4-mapped addresses too. A zone is a scope id in digits, or the name of
// an interface, which is looked up.
//
// Errors: EINVAL (no IP address, no such interface).
//
// Source: ip(7), ipv6(7).
func AddrFrom(ap netip.AddrPort) (Addr, error) {
	ip := ap.Addr()
	var a Addr
	switch {
	case ip.Is4():
		a.n = uint8(sys.PutInet4(a.b[:], ip.As4(), ap.Port()))
	case ip.Is6():
		scope, err := scopeID(ip.Zone())
		if err != nil {
			return Addr{}, badAddr(ap.String(), err.Error())
		}
		a.n = uint8(sys.PutInet6(a.b[:], ip.As16(), ap.Port(), scope))
	default:
		return Addr{}, badAddr(ap.String(), "no IP address")
	}
	return a, nil
}

func scopeID(zone string) (uint32, error) {
	if zone == "" {
		return 0, nil
	}
	if n, err := strconv.ParseUint(zone, 10, 32); err == nil {
		return uint32(n), nil
	}
	i, err := net.InterfaceByName(zone)
	if err != nil {
		return 0, errors.New("no interface " + strconv.Quote(zone))
	}
	return uint32(i.Index), nil
}

// AddrFromNet returns the address in a net.Addr of package net: a TCPAddr, UDPAddr, IPAddr or
// UnixAddr, or one that a Socket returned. An IPv4 address is [Inet]'s in both of package net's
// forms, of 4 and of 16 bytes. A unix name that begins with "@" is abstract.
//
// Errors: EINVAL (no address, or not one of package net's).
func AddrFromNet(a net.Addr) (Addr, error) {
	switch a := a.(type) {
	case *net.TCPAddr:
		if a != nil {
			return fromIP(a.IP, a.Port, a.Zone)
		}
	case *net.UDPAddr:
		if a != nil {
			return fromIP(a.IP, a.Port, a.Zone)
		}
	case *net.IPAddr:
		if a != nil {
			return fromIP(a.IP, 0, a.Zone)
		}
	case *net.UnixAddr:
		if a != nil {
			if name, ok := strings.CutPrefix(a.Name, "@"); ok && sys.Abstract {
				return AbstractAddr(name)
			}
			return UnixAddr(a.Name)
		}
	case otherAddr:
		return a.addr, nil
	}
	return Addr{}, badAddr(fmt.Sprintf("%T", a), "no address of package net")
}

func fromIP(ip net.IP, port int, zone string) (Addr, error) {
	addr, ok := netip.AddrFromSlice(ip)
	if !ok || port < 0 || port > math.MaxUint16 {
		return Addr{}, badAddr(fmt.Sprintf("%v port %d", ip, port), "no IP address and port")
	}
	if addr = addr.Unmap(); addr.Is6() {
		addr = addr.WithZone(zone)
	}
	return AddrFrom(netip.AddrPortFrom(addr, uint16(port)))
}

// UnixAddr returns the address of a path. The empty path is the unnamed address.
// A path that does not fit sun_path is an error (108 bytes on Linux, 104 on
// FreeBSD, NetBSD and DragonFly, 103 on macOS and OpenBSD), as is one with a NUL.
//
// Errors: EINVAL.
//
// Source: unix(7).
func UnixAddr(path string) (Addr, error) {
	if len(path) > sys.MaxPath {
		return Addr{}, badAddr("unix:"+unixText([]byte(path)), fmt.Sprintf("a path of %d bytes, where %d fit", len(path), sys.MaxPath))
	}
	if strings.IndexByte(path, 0) >= 0 {
		return Addr{}, badAddr("unix:"+strconv.Quote(path), "a path with a NUL")
	}
	var b buffer
	return newAddr(b[:sys.PutUnix(b[:], sys.StringBytes(path))]), nil
}

// AbstractAddr returns the address of an abstract name: any bytes, also NUL. It is no path,
// and the name vanishes with the last socket (Linux).
//
// Errors: EINVAL (above 107 bytes), [errors.ErrUnsupported].
//
// Source: unix(7).
func AbstractAddr(name string) (Addr, error) {
	switch {
	case !sys.Abstract:
		return Addr{}, unsupported("address", "abstract names")
	case len(name) >= sys.MaxPath:
		return Addr{}, badAddr("unix:@"+strconv.Quote(name), fmt.Sprintf("a name of %d bytes, where %d fit", len(name), sys.MaxPath-1))
	}
	var b buffer
	return newAddr(b[:sys.PutUnix(b[:], sys.StringBytes("\x00"+name))]), nil
}

// PacketAddr returns the address of a link: an EtherType (0x0800 for IPv4, 3 for all), an
// interface by its index (0 for every one), and a hardware address of at most 8 bytes, which
// may be empty (Linux).
//
// Errors: EINVAL, [errors.ErrUnsupported].
//
// Source: packet(7).
func PacketAddr(protocol uint16, ifindex int, hardware []byte) (Addr, error) {
	switch {
	case !sys.Has(sys.AF_PACKET):
		return Addr{}, unsupported("address", Packet.String())
	case ifindex < 0 || ifindex > math.MaxInt32:
		return Addr{}, badAddr("packet:"+strconv.Itoa(ifindex), "no interface index")
	case len(hardware) > sys.MaxHardware:
		return Addr{}, badAddr("packet", fmt.Sprintf("a hardware address of %d bytes, where %d fit", len(hardware), sys.MaxHardware))
	}
	var a Addr
	a.n = uint8(sys.PutPacket(a.b[:], protocol, int32(ifindex), hardware))
	return a, nil
}

// NetlinkAddr returns a netlink address: a port id (0 is the kernel; in Bind the kernel
// chooses) and a set of multicast groups. On systems without netlink it is the zero Addr.
//
// Source: netlink(7).
func NetlinkAddr(pid, groups uint32) (a Addr) {
	if sys.Has(sys.AF_NETLINK) {
		a.n = uint8(sys.PutNetlink(a.b[:], pid, groups))
	}
	return a
}

// VSockAddr returns the address of a port on a virtual machine or its host. On systems
// without vsock it is the zero Addr.
//
// Source: vsock(7).
func VSockAddr(cid, port uint32) (a Addr) {
	if sys.Has(sys.AF_VSOCK) {
		a.n = uint8(sys.PutVSock(a.b[:], cid, port))
	}
	return a
}

// RawAddr returns an address of any family from its sockaddr in this machine's layout: the
// family first (on the BSDs after a length byte, which is set), 2 to 128 bytes. For a family
// that it knows, the result equals that of the other constructors.
//
// Errors: EINVAL (too short, too long).
func RawAddr(sockaddr []byte) (Addr, error) {
	var b buffer
	text := fmt.Sprintf("raw:%x", sockaddr)
	switch {
	case len(sockaddr) < 2:
		return Addr{}, badAddr(text, "no family")
	case len(sockaddr) > len(b):
		return Addr{}, badAddr(text, fmt.Sprintf("%d bytes, where %d fit", len(sockaddr), len(b)))
	}
	sa := b[:copy(b[:], sockaddr)]
	sys.SetLength(sa)
	short := false
	switch sys.Family(sa) {
	case sys.AF_INET:
		_, _, ok := sys.Inet4(sa)
		short = !ok
	case sys.AF_INET6:
		if short = len(sa) < sys.SizeInet6; !short {
			sa = sa[:sys.SizeInet6]
			sys.SetLength(sa)
		}
	case sys.AF_UNIX:
		if path := sys.UnixPath(sa); len(path) > sys.MaxPath {
			return Addr{}, badAddr(text, "a path too long")
		}
	case sys.AF_UNSPEC:
		return newAddr(sa), nil
	}
	if short {
		return Addr{}, badAddr(text, "too short for "+Domain(sys.Family(sa)).String())
	}
	return addrFromKernel(sa), nil
}

func badAddr(addr, text string) error {
	return &Error{Op: "address", Name: addr, Err: &inputError{text, sys.EINVAL}}
}

// IsValid reports whether a is an address: any but the zero Addr.
func (a Addr) IsValid() bool { return a.n != 0 || a.long != "" }

// Domain returns the family; [Unspec] for the zero Addr.
func (a Addr) Domain() Domain { return Domain(sys.Family(a.bytes())) }

// AddrPort returns IP and port; the zero AddrPort for other families. A scope id becomes a
// zone in digits.
func (a Addr) AddrPort() netip.AddrPort {
	if ip, port, ok := sys.Inet4(a.bytes()); ok {
		return netip.AddrPortFrom(netip.AddrFrom4(ip), port)
	}
	if ip, port, scope, ok := sys.Inet6(a.bytes()); ok {
		addr := netip.AddrFrom16(ip)
		if scope != 0 {
			addr = addr.WithZone(strconv.FormatUint(uint64(scope), 10))
		}
		return netip.AddrPortFrom(addr, port)
	}
	return netip.AddrPort{}
}

// Port returns the port of an IP address; 0 for other families.
func (a Addr) Port() uint16 {
	if _, port, ok := sys.Inet4(a.bytes()); ok {
		return port
	}
	_, port, _, _ := sys.Inet6(a.bytes())
	return port
}

// Path returns the path of a unix address; "" if it is unnamed or abstract, and for other
// families.
func (a Addr) Path() string {
	if p := a.unixPath(); len(p) > 0 && p[0] != 0 {
		return string(p)
	}
	return ""
}

// WithPort returns the address with another port; the address itself if it has no IP.
func (a Addr) WithPort(port uint16) Addr {
	if ap := a.AddrPort(); ap.IsValid() {
		a, _ = AddrFrom(netip.AddrPortFrom(ap.Addr(), port))
	}
	return a
}

// Unmap returns the IPv4 address of a v4-mapped IPv6 address, and any other as it is. A
// dual-stack socket returns v4-mapped addresses for IPv4 peers.
func (a Addr) Unmap() Addr {
	if ap := a.AddrPort(); ap.Addr().Is4In6() {
		a, _ = AddrFrom(netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port()))
	}
	return a
}

// Netlink returns the port id and the multicast groups of a netlink address, and whether it is
// one.
func (a Addr) Netlink() (port, groups uint32, ok bool) { return sys.Netlink(a.bytes()) }

// VSock returns the context id and the port of a vsock address, and whether it is one.
func (a Addr) VSock() (cid, port uint32, ok bool) { return sys.VSock(a.bytes()) }

// A LinkAddr has the fields of a packet address: of [PacketAddr], or of the sender of a frame.
type LinkAddr struct {
	EtherType uint16     // 0x0800 for IPv4
	Interface int        // its index
	LinkType  uint16     // ARPHRD_*: 1 for Ethernet; of a received address
	Packet    PacketType // of a received address
	hardware  [sys.MaxLongHardware]byte
	n         uint8
}

// Link returns the fields of a packet address, and whether a is one (Linux).
//
// Source: packet(7).
func (a Addr) Link() (l LinkAddr, ok bool) {
	sa := a.bytes()
	proto, index, hw, ok := sys.Packet(sa)
	if !ok {
		return LinkAddr{}, false
	}
	l.EtherType, l.Interface = proto, int(index)
	link, kind := sys.PacketKind(sa)
	l.LinkType, l.Packet = link, PacketType(kind)
	l.n = uint8(copy(l.hardware[:], hw))
	return l, true
}

// Hardware returns the hardware address. It is valid as long as l.
func (l *LinkAddr) Hardware() net.HardwareAddr { return l.hardware[:l.n] }

// A PacketType says for whom a received frame was (PACKET_*).
type PacketType uint8

// The types of packets.
const (
	PacketHost      PacketType = iota // for this machine
	PacketBroadcast                   // for all
	PacketMulticast                   // for a group
	PacketOtherHost                   // for another machine: the interface is promiscuous
	PacketOutgoing                    // sent by this machine
)

// String returns the type as [Addr.String] prints it: "host", "broadcast" ...
func (p PacketType) String() string { return packetKindText(byte(p)) }

// Abstract returns the abstract name of a unix address, and whether it has one.
func (a Addr) Abstract() (name string, ok bool) {
	if p := a.unixPath(); len(p) > 0 && p[0] == 0 {
		return string(p[1:]), true
	}
	return "", false
}

func (a *Addr) unixPath() []byte {
	if sys.Family(a.bytes()) != sys.AF_UNIX {
		return nil
	}
	return sys.UnixPath(a.bytes())
}

// Bytes returns a copy of the sockaddr: see [RawAddr].
func (a Addr) Bytes() []byte { return append([]byte(nil), a.bytes()...) }
