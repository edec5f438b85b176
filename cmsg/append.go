package cmsg

import (
	"encoding/binary"
	"math"
	"net/netip"

	"github.com/berkeleysockets/sock/internal/sys"
)

// Each function here appends one control message to b, and allocates only if b has
// no room. A value that does not fit is refused when it is sent, with EINVAL; what
// a system lacks with errors.ErrUnsupported.

// AppendRights appends descriptors to pass over a unix socket (SCM_RIGHTS): the
// receiver gets copies of its own. They must be open until the message is sent.
// Linux takes 253 at a time. SendFiles of a sock.Socket does it for files.
//
// Source: unix(7).
func AppendRights(b []byte, fds ...int) []byte {
	b, data := appendControl(b, sys.SOL_SOCKET, sys.SCM_RIGHTS, 4*len(fds))
	for i, fd := range fds {
		if fd < 0 || fd > math.MaxInt32 {
			fd = -1 // EBADF
		}
		binary.NativeEndian.PutUint32(data[4*i:], uint32(fd))
	}
	return b
}

// AppendCredentials appends who sends, over a unix socket (Linux: SCM_CREDENTIALS).
// The kernel sees to it that it is true: only a privileged process may claim to be
// another. On FreeBSD and DragonFly (SCM_CREDS) the kernel fills it in, whatever c
// is. Other systems have no such message to send.
//
// Source: unix(7).
func AppendCredentials(b []byte, c Credentials) []byte {
	if !sys.Has(sys.SendCredentials) {
		return lacking(b)
	}
	if int(int32(c.PID)) != c.PID || int64(c.UID) != int64(uint32(c.UID)) || int64(c.GID) != int64(uint32(c.GID)) {
		return unfit(b)
	}
	b, data := appendControl(b, sys.SOL_SOCKET, sys.SendCredentials, sys.SizeCredentials)
	if sys.Has(sys.SCM_CREDENTIALS) {
		binary.NativeEndian.PutUint32(data, uint32(c.PID))
		binary.NativeEndian.PutUint32(data[4:], uint32(c.UID))
		binary.NativeEndian.PutUint32(data[8:], uint32(c.GID))
	}
	return b
}

// AppendPacketInfo appends from which address, and by which interface, a datagram is
// sent: info.Local and info.Interface, either of which may be left to the kernel. For
// an interface alone, Local is the unspecified address of the family. To answer from
// where a datagram came to, give what PacketInfo said.
//
// FreeBSD and OpenBSD know no interface for IPv4, and DragonFly neither.
//
// Source: ip(7), ipv6(7).
func AppendPacketInfo(b []byte, info PacketInfo) []byte {
	if info.Interface < 0 || info.Interface > math.MaxInt32 || !info.Local.IsValid() {
		return unfit(b)
	}
	if info.Local.Is6() {
		b, data := appendControl(b, sys.IPPROTO_IPV6, sys.IPV6_PKTINFO, 20)
		ip := info.Local.As16()
		copy(data, ip[:])
		binary.NativeEndian.PutUint32(data[16:], uint32(info.Interface))
		return b
	}
	ip := info.Local.As4()
	switch sys.SendSource4 {
	case sys.IP_PKTINFO:
		b, data := appendControl(b, sys.IPPROTO_IP, sys.IP_PKTINFO, sizePacketInfo4)
		copy(data[sendInfoAt:], ip[:])
		binary.NativeEndian.PutUint32(data[interfaceAt:], uint32(info.Interface))
		return b
	case sys.IP_SENDSRCADDR:
		if info.Interface != 0 {
			return lacking(b)
		}
		return Append(b, sys.IPPROTO_IP, sys.IP_SENDSRCADDR, ip[:])
	}
	return lacking(b)
}

// AppendTTL appends how many hops a datagram to an address may take: its time to live
// (Linux alone), or for IPv6 its hop limit.
//
// Source: ip(7), ipv6(7).
func AppendTTL(b []byte, to netip.Addr, ttl int) []byte {
	switch {
	case ttl < 0 || ttl > 255:
		return unfit(b)
	case !isIPv4(to):
		return appendControlInt(b, sys.IPPROTO_IPV6, sys.IPV6_HOPLIMIT, ttl)
	case !sys.Has(sys.SendTTL4):
		return lacking(b)
	}
	return appendControlInt(b, sys.IPPROTO_IP, sys.SendTTL4, ttl)
}

// AppendTOS appends the type of service of a datagram to an address, or for IPv6 its
// traffic class: six bits of DSCP, and two of ECN. A v4-mapped address takes that of
// IPv4. Of IPv4 it is on Linux, FreeBSD and macOS.
//
// Source: ip(7), ipv6(7).
func AppendTOS(b []byte, to netip.Addr, tos int) []byte {
	switch {
	case tos < 0 || tos > 255:
		return unfit(b)
	case !isIPv4(to):
		return appendControlInt(b, sys.IPPROTO_IPV6, sys.IPV6_TCLASS, tos)
	case !sys.Has(sys.SendTOS4):
		return lacking(b)
	case sys.SizeTOS4 == 1:
		b, data := appendControl(b, sys.IPPROTO_IP, sys.SendTOS4, 1)
		data[0] = byte(tos)
		return b
	}
	return appendControlInt(b, sys.IPPROTO_IP, sys.SendTOS4, tos)
}

// AppendSegmentSize appends the size of the datagrams that the kernel, or the network
// card, makes of the data: UDP_SEGMENT, generic segmentation offload (Linux 4.18). The
// last may be shorter; at most 64 of them (128 since Linux 6.9), and 65,507 bytes, go
// at once. It is the answer to EIO, which says that the device cannot do it, to send
// them one by one.
//
// Source: udp(7).
func AppendSegmentSize(b []byte, size int) []byte {
	if !sys.Has(sys.UDP_SEGMENT) {
		return lacking(b)
	}
	if size < 1 || size > math.MaxUint16 {
		return unfit(b)
	}
	b, data := appendControl(b, sys.IPPROTO_UDP, sys.UDP_SEGMENT, 2)
	binary.NativeEndian.PutUint16(data, uint16(size))
	return b
}

// AppendTxTime appends when the packet is to leave, in nanoseconds of the clock that
// the option TxTime chose: SCM_TXTIME (Linux 4.19). Only the queueing disciplines etf
// and fq heed it.
//
// Source: tc-etf(8).
func AppendTxTime(b []byte, nanoseconds uint64) []byte {
	if !sys.Has(sys.SCM_TXTIME) {
		return lacking(b)
	}
	b, data := appendControl(b, sys.SOL_SOCKET, sys.SCM_TXTIME, 8)
	binary.NativeEndian.PutUint64(data, nanoseconds)
	return b
}

// AppendTimestamping appends which transmit timestamps are wanted of this message, by
// the flags of the option Timestamping that ask for some: SO_TIMESTAMPING (Linux 4.6).
//
// Source: https://docs.kernel.org/networking/timestamping.html
func AppendTimestamping(b []byte, flags int) []byte {
	if !sys.Has(sys.SO_TIMESTAMPING) {
		return lacking(b)
	}
	return appendControlInt(b, sys.SOL_SOCKET, sys.SO_TIMESTAMPING, flags)
}

// AppendMark appends the mark of the packet, by which routing and firewalls tell it:
// SO_MARK (Linux 4.19). It takes CAP_NET_RAW or CAP_NET_ADMIN.
//
// Source: socket(7).
func AppendMark(b []byte, mark uint32) []byte {
	if !sys.Has(sys.SO_MARK) {
		return lacking(b)
	}
	b, data := appendControl(b, sys.SOL_SOCKET, sys.SO_MARK, 4)
	binary.NativeEndian.PutUint32(data, mark)
	return b
}

func appendControlInt(b []byte, level, typ, v int) []byte {
	if int(int32(v)) != v {
		return unfit(b)
	}
	b, data := appendControl(b, level, typ, 4)
	binary.NativeEndian.PutUint32(data, uint32(int32(v)))
	return b
}

// isIPv4 reports whether datagrams to a are IPv4's.
func isIPv4(ip netip.Addr) bool { return ip.Is4() || ip.Is4In6() }
