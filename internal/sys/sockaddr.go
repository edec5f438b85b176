package sys

import "encoding/binary"

// The layout of a sockaddr. The family comes first: on Linux two bytes in the order of the
// machine, on the BSDs and macOS a length byte and a byte for the family. Port and IP are in
// network order; scope, netlink and vsock numbers are in the order of the machine.

const (
	SizeInet4   = 16
	SizeInet6   = 28
	SizeNetlink = 12
	pathAt      = 2 // offset of sun_path on all systems
)

// Family returns the family of a sockaddr. It is AF_UNSPEC if sa is too short.
func Family(sa []byte) int {
	if len(sa) < pathAt {
		return AF_UNSPEC
	}
	return family(sa)
}

// PutInet4 writes a sockaddr_in and returns its length.
func PutInet4(b []byte, ip [4]byte, port uint16) int {
	clear(b[:SizeInet4])
	putFamily(b, AF_INET, SizeInet4)
	binary.BigEndian.PutUint16(b[2:], port)
	copy(b[4:], ip[:])
	return SizeInet4
}

// Inet4 reads a sockaddr_in.
func Inet4(b []byte) (ip [4]byte, port uint16, ok bool) {
	if len(b) < 8 || family(b) != AF_INET {
		return ip, 0, false
	}
	return [4]byte(b[4:8]), binary.BigEndian.Uint16(b[2:]), true
}

// PutInet6 writes a sockaddr_in6 and returns its length.
func PutInet6(b []byte, ip [16]byte, port uint16, scope uint32) int {
	clear(b[:SizeInet6])
	putFamily(b, AF_INET6, SizeInet6)
	binary.BigEndian.PutUint16(b[2:], port)
	copy(b[8:], ip[:])
	binary.NativeEndian.PutUint32(b[24:], scope)
	return SizeInet6
}

// Inet6 reads a sockaddr_in6.
func Inet6(b []byte) (ip [16]byte, port uint16, scope uint32, ok bool) {
	if len(b) < SizeInet6 || family(b) != AF_INET6 {
		return ip, 0, 0, false
	}
	return [16]byte(b[8:24]), binary.BigEndian.Uint16(b[2:]), binary.NativeEndian.Uint32(b[24:]), true
}

// FlowInfo reads sin6_flowinfo.
func FlowInfo(b []byte) uint32 { return binary.BigEndian.Uint32(b[4:]) }

// PutUnix writes a sockaddr_un and returns its length: the path, and a NUL if there is room
// for it. An empty path is the unnamed address. A path that begins with NUL is an abstract
// name (Linux) and gets no NUL at its end.
func PutUnix(b, path []byte) int {
	n := pathAt + copy(b[pathAt:pathAt+MaxPath], path)
	if len(path) > 0 && path[0] != 0 && len(path) < sunPath {
		b[n] = 0
		n++
	}
	putFamily(b, AF_UNIX, n)
	return n
}

// UnixPath reads the path of a sockaddr_un: the inverse of PutUnix.
func UnixPath(b []byte) []byte {
	p := b[pathAt:]
	if Abstract && len(p) > 0 && p[0] == 0 {
		return p
	}
	for i, c := range p {
		if c == 0 {
			return p[:i]
		}
	}
	return p
}

// PutNetlink writes a sockaddr_nl and returns its length.
func PutNetlink(b []byte, pid, groups uint32) int {
	clear(b[:SizeNetlink])
	putFamily(b, AF_NETLINK, SizeNetlink)
	binary.NativeEndian.PutUint32(b[4:], pid)
	binary.NativeEndian.PutUint32(b[8:], groups)
	return SizeNetlink
}

// Netlink reads a sockaddr_nl.
func Netlink(b []byte) (pid, groups uint32, ok bool) {
	if len(b) < SizeNetlink || family(b) != AF_NETLINK {
		return 0, 0, false
	}
	return binary.NativeEndian.Uint32(b[4:]), binary.NativeEndian.Uint32(b[8:]), true
}

// PutVSock writes a sockaddr_vm and returns its length.
func PutVSock(b []byte, cid, port uint32) int {
	clear(b[:sizeVSock])
	putFamily(b, AF_VSOCK, sizeVSock)
	binary.NativeEndian.PutUint32(b[4:], port)
	binary.NativeEndian.PutUint32(b[8:], cid)
	return sizeVSock
}

// VSock reads a sockaddr_vm.
func VSock(b []byte) (cid, port uint32, ok bool) {
	if len(b) < 12 || family(b) != AF_VSOCK {
		return 0, 0, false
	}
	return binary.NativeEndian.Uint32(b[8:]), binary.NativeEndian.Uint32(b[4:]), true
}

// The layout of sockaddr_ll (Linux); sll_addr has 8 bytes.
const (
	packetAddrAt = 12
	SizePacket   = 20
	MaxHardware  = 8
	// MaxLongHardware is MAX_ADDR_LEN of Linux, the longest address of any link.
	MaxLongHardware = 32
)

// PutPacket writes a sockaddr_ll and returns its length.
func PutPacket(b []byte, protocol uint16, ifindex int32, hw []byte) int {
	clear(b[:SizePacket])
	putFamily(b, AF_PACKET, SizePacket)
	binary.BigEndian.PutUint16(b[2:], protocol)
	binary.NativeEndian.PutUint32(b[4:], uint32(ifindex))
	b[11] = byte(copy(b[packetAddrAt:SizePacket], hw))
	return SizePacket
}

// Packet reads a sockaddr_ll.
func Packet(b []byte) (protocol uint16, ifindex int32, hw []byte, ok bool) {
	if len(b) < packetAddrAt || family(b) != AF_PACKET {
		return 0, 0, nil, false
	}
	hw = b[packetAddrAt:min(len(b), packetAddrAt+int(b[11]))]
	return binary.BigEndian.Uint16(b[2:]), int32(binary.NativeEndian.Uint32(b[4:])), hw, true
}

// PacketKind reads the hardware type and the packet type of a sockaddr_ll that Packet reads.
func PacketKind(b []byte) (hardware uint16, packet byte) {
	return binary.NativeEndian.Uint16(b[8:]), b[10]
}

// PutLongPacket writes a sockaddr_ll as the kernel returns it: with both types, and with a
// hardware address that may be longer than the struct has room for. It returns its length.
func PutLongPacket(b []byte, protocol uint16, ifindex int32, hw []byte, hardware uint16, packet byte) int {
	PutPacket(b, protocol, ifindex, nil)
	binary.NativeEndian.PutUint16(b[8:], hardware)
	b[10], b[11] = packet, byte(len(hw))
	n := max(SizePacket, packetAddrAt+copy(b[packetAddrAt:], hw))
	putFamily(b, AF_PACKET, n)
	return n
}

// A Name is the memory into which the kernel writes an address: space for any sockaddr, and
// the length that the kernel returned. A length of 0 is no address.
type Name struct {
	n uint32
	b [sizeName]byte
}

const sizeName = 128

// Bytes returns the sockaddr that the kernel wrote.
func (n *Name) Bytes() []byte { return n.b[:min(n.n, uint32(len(n.b)))] }
