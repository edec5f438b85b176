package cmsg

import (
	"encoding/binary"
	"net/netip"
	"strconv"
	"time"

	"github.com/berkeleysockets/sock/internal/sys"
)

// What a control message says. Nothing here allocates, but for an address that is
// longer than 31 bytes.

func (m Message) is(level, typ, size int) bool {
	return m.Level == level && m.Type == typ && sys.Has(typ) && len(m.Data) >= size
}

func (m Message) uint32(at int) uint32 { return binary.NativeEndian.Uint32(m.Data[at:]) }

// Rights appends to fds the descriptors that a unix socket received (SCM_RIGHTS). They
// are close-on-exec, except on macOS, and the caller must close them: see sock.CloseRights.
func (m Message) Rights(fds []int) ([]int, bool) {
	if !m.is(sys.SOL_SOCKET, sys.SCM_RIGHTS, 0) {
		return fds, false
	}
	for at := 0; at+4 <= len(m.Data); at += 4 {
		fds = append(fds, int(int32(m.uint32(at))))
	}
	return fds, true
}

// Credentials returns who has sent: SCM_CREDENTIALS on Linux, with the option PassCred;
// on FreeBSD and DragonFly SCM_CREDS from a sender who appended it; on FreeBSD and
// NetBSD also with LocalCreds. UID and GID are the effective ones.
func (m Message) Credentials() (c Credentials, ok bool) {
	pid, uid, gid := -1, -1, -1 // where they are
	switch {
	case m.is(sys.SOL_SOCKET, sys.SCM_CREDENTIALS, 12): // struct ucred
		pid, uid, gid = 0, 4, 8
	case m.is(sys.SOL_SOCKET, sys.SCM_CREDS2, 24): // struct sockcred2
		pid, uid, gid = 4, 12, 20
	case m.is(sys.SOL_SOCKET, sys.SCM_CREDS, 0) && sys.Has(sys.LOCAL_PEEREID) && len(m.Data) >= 20: // NetBSD's struct sockcred
		pid, uid, gid = 0, 8, 16
	case m.is(sys.SOL_SOCKET, sys.SCM_CREDS, 84): // struct cmsgcred; a sockcred of 16 groups is as long
		pid, uid, gid = 0, 8, 12
	case m.is(sys.SOL_SOCKET, sys.SCM_CREDS, 20): // FreeBSD's struct sockcred
		uid, gid = 4, 12
	default:
		return c, false
	}
	if pid >= 0 {
		c.PID = int(int32(m.uint32(pid)))
	}
	c.UID, c.GID = int(m.uint32(uid)), int(m.uint32(gid))
	return c, true
}

// PidFD returns a descriptor of the sending process, with the option sockopt.PassPIDFD
// (Linux 6.5). It is close-on-exec, and the caller must close it: see sock.CloseRights.
//
// Source: pidfd_open(2).
func (m Message) PidFD() (fd int, ok bool) {
	if !m.is(sys.SOL_SOCKET, sys.SCM_PIDFD, 4) {
		return -1, false
	}
	return int(int32(m.uint32(0))), true
}

// A PacketInfo is where a datagram arrived, or leaves.
type PacketInfo struct {
	Interface int        // by index; 0 is not known, or the kernel's choice
	Local     netip.Addr // the address it came to; that which an answer, or any datagram, is sent from
	Dest      netip.Addr // received: the destination in its header, a multicast group perhaps
}

// Where in_pktinfo keeps its fields: NetBSD's has no second address.
const (
	sizePacketInfo4 = 8 + 4*sys.TripleInfo
	interfaceAt     = 4 * (1 - sys.TripleInfo)
	sendInfoAt      = 4 * sys.TripleInfo // ipi_spec_dst, or ipi_addr
	destAt          = 8 * sys.TripleInfo // ipi_addr
)

// PacketInfo returns where a datagram arrived, with the options IPRecvPktInfo and
// IPv6RecvPktInfo. FreeBSD, OpenBSD and DragonFly tell address and interface of IPv4 in
// two messages, with IPRecvDstAddr and IPRecvIf: each says what it knows.
func (m Message) PacketInfo() (info PacketInfo, ok bool) {
	switch {
	case m.is(sys.IPPROTO_IP, sys.IP_PKTINFO, sizePacketInfo4):
		info.Interface = int(m.uint32(interfaceAt))
		info.Local = netip.AddrFrom4([4]byte(m.Data[sendInfoAt:]))
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

// TTL returns how many hops a datagram had left: with the options IPRecvTTL and
// IPv6RecvHopLimit.
func (m Message) TTL() (int, bool) {
	if m.is(sys.IPPROTO_IP, sys.IP_TTL, 1) || m.is(sys.IPPROTO_IP, sys.IP_RECVTTL, 1) || m.is(sys.IPPROTO_IPV6, sys.IPV6_HOPLIMIT, 4) {
		return m.small()
	}
	return 0, false
}

// TOS returns the type of service or traffic class of a datagram, with the options
// IPRecvTOS and IPv6RecvTClass: DSCP in the upper six bits, ECN in the lower two.
func (m Message) TOS() (int, bool) {
	if m.is(sys.IPPROTO_IP, sys.IP_TOS, 1) || m.is(sys.IPPROTO_IP, sys.IP_RECVTOS, 1) || m.is(sys.IPPROTO_IPV6, sys.IPV6_TCLASS, 4) {
		return m.small()
	}
	return 0, false
}

// small is a number that is a byte here and an int there.
func (m Message) small() (int, bool) {
	if len(m.Data) >= 4 {
		return int(int32(m.uint32(0))), true
	}
	return int(m.Data[0]), true
}

// Timestamp returns when a packet was received, or sent, by the machine's clock: with
// the options Timestamp, TimestampNS or Timestamping (Linux).
func (m Message) Timestamp() (time.Time, bool) {
	switch {
	case m.is(sys.SOL_SOCKET, sys.SCM_TIMESTAMP, 8), m.is(sys.SOL_SOCKET, sys.SCM_TIMESTAMP_NEW, 16):
		return moment(m.Data, 1000)
	case m.is(sys.SOL_SOCKET, sys.SCM_TIMESTAMPNS, 8), m.is(sys.SOL_SOCKET, sys.SCM_TIMESTAMPNS_NEW, 16), m.is(sys.SOL_SOCKET, sys.SCM_REALTIME, 8):
		return moment(m.Data, 1)
	case m.is(sys.SOL_SOCKET, sys.SCM_BINTIME, 16) && len(m.Data) == 16:
		sec, frac := binary.NativeEndian.Uint64(m.Data), binary.NativeEndian.Uint64(m.Data[8:])
		return time.Unix(int64(sec), int64((frac>>32)*1e9>>32)), true
	}
	t, ok := m.Timestamps()
	return t.Software, ok && !t.Software.IsZero()
}

// Timestamps are when a packet passed the kernel, and the network card. The zero Time is
// not known. The card's clock may have another zero than the machine's.
type Timestamps struct {
	Software time.Time
	Hardware time.Time
}

// Timestamps returns what the option Timestamping asked for (Linux 2.6.30).
//
// Source: https://docs.kernel.org/networking/timestamping.html
func (m Message) Timestamps() (t Timestamps, ok bool) {
	if !m.is(sys.SOL_SOCKET, sys.SCM_TIMESTAMPING, 24) && !m.is(sys.SOL_SOCKET, sys.SCM_TIMESTAMPING_NEW, 48) {
		return t, false
	}
	each := 8 // three of a 32-bit machine; the second has no meaning any more
	if len(m.Data) >= 48 {
		each = 16
	}
	t.Software, _ = moment(m.Data[:each], 1)
	t.Hardware, _ = moment(m.Data[2*each:3*each], 1)
	return t, true
}

// moment reads a timeval or timespec, of fractions of so many nanoseconds. Zero is no
// time.
func moment(b []byte, unit int64) (time.Time, bool) {
	var sec, frac int64
	switch {
	case len(b) >= 16:
		sec, frac = int64(binary.NativeEndian.Uint64(b)), int64(binary.NativeEndian.Uint64(b[8:]))
		if frac < 0 || frac >= 1e9 { // an int, and padding behind it
			frac = int64(int32(binary.NativeEndian.Uint32(b[8:])))
		}
	case len(b) >= 12: // NetBSD and OpenBSD of 32 bits
		sec, frac = int64(binary.NativeEndian.Uint64(b)), int64(int32(binary.NativeEndian.Uint32(b[8:])))
	default:
		sec, frac = int64(int32(binary.NativeEndian.Uint32(b))), int64(int32(binary.NativeEndian.Uint32(b[4:])))
	}
	if sec == 0 && frac == 0 {
		return time.Time{}, false
	}
	return time.Unix(sec, frac*unit), true
}

// SegmentSize returns the size of the datagrams that were received as one, with the
// option UDPGRO (Linux 5.0); the last may be shorter. Data without such a message is
// one datagram.
//
// Source: udp(7).
func (m Message) SegmentSize() (int, bool) {
	switch {
	case m.is(sys.IPPROTO_UDP, sys.UDP_GRO, 4):
		return int(int32(m.uint32(0))), true
	case m.is(sys.IPPROTO_UDP, sys.UDP_SEGMENT, 2):
		return int(binary.NativeEndian.Uint16(m.Data)), true
	}
	return 0, false
}

// Drops returns how many messages this socket has dropped since it was made, for want
// of room: with the option sockopt.RxQueueOverflow (Linux 2.6.33).
//
// Source: socket(7).
func (m Message) Drops() (uint32, bool) {
	if !m.is(sys.SOL_SOCKET, sys.SO_RXQ_OVFL, 4) {
		return 0, false
	}
	return m.uint32(0), true
}

// Mark returns the mark of a packet, with the option RecvMark (Linux 5.19).
//
// Source: socket(7).
func (m Message) Mark() (uint32, bool) {
	if !m.is(sys.SOL_SOCKET, sys.SO_MARK, 4) {
		return 0, false
	}
	return m.uint32(0), true
}

// TxTime returns when a packet was to leave: see [AppendTxTime].
func (m Message) TxTime() (nanoseconds uint64, ok bool) {
	if !m.is(sys.SOL_SOCKET, sys.SCM_TXTIME, 8) {
		return 0, false
	}
	return binary.NativeEndian.Uint64(m.Data), true
}

// OriginalDest returns where a datagram was sent to before a firewall changed that:
// with the options IPRecvOrigDstAddr and IPv6RecvOrigDstAddr (Linux, FreeBSD).
//
// Source: ip(7).
func (m Message) OriginalDest() (netip.AddrPort, bool) {
	if m.is(sys.IPPROTO_IP, sys.IP_ORIGDSTADDR, 16) || m.is(sys.IPPROTO_IPV6, sys.IPV6_ORIGDSTADDR, 28) {
		return addrPort(m.Data), true
	}
	return netip.AddrPort{}, false
}

// addrPort reads a sockaddr_in or sockaddr_in6.
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
