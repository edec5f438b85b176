package sock_test

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/cmsg"
	"github.com/berkeleysockets/sock/sockopt"
)

// These are families beyond IP's streams and datagrams. Each test uses a family for its
// purpose.

// needs opens a socket that takes a privilege.
func needs(t testing.TB, d sock.Domain, ty sock.Type, p sock.Protocol, set ...sock.Setting) *sock.Socket {
	t.Helper()
	s, err := sock.Open(d, ty, p, set...)
	if isAny(err, syscall.EPERM, syscall.EACCES, syscall.EAFNOSUPPORT, syscall.EPROTONOSUPPORT, syscall.ESOCKTNOSUPPORT) {
		t.Skip("not for us: ", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return closed(t, s)
}

// echoRequest returns an ICMP echo request with its checksum.
func echoRequest(typ byte, id, seq uint16, data string) []byte {
	p := []byte{typ, 0, 0, 0}
	p = binary.BigEndian.AppendUint16(p, id)
	p = binary.BigEndian.AppendUint16(p, seq)
	p = append(p, data...)
	sum := uint32(0)
	for i := 0; i < len(p); i += 2 {
		sum += uint32(p[i]) << 8
		if i+1 < len(p) {
			sum += uint32(p[i+1])
		}
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	binary.BigEndian.PutUint16(p[2:], ^uint16(sum))
	return p
}

// A raw ICMP socket sends a request and gets the answer, with IPv4's header.
func TestFamilyRawICMP(t *testing.T) {
	t.Parallel()
	s := needs(t, sock.Inet, sock.Raw, sock.ICMP)
	wantErr(t, sockopt.ICMPFilter.Set(s, ^sockopt.ICMPFilterValue(1)), nil) // echo replies alone
	const id = 0x7a51
	if _, err := s.SendTo(echoRequest(8, id, 1, "raw"), 0, addr(t, "127.0.0.1:0")); err != nil {
		t.Fatal(err)
	}
	for {
		p := make([]byte, 200)
		n, from, err := s.RecvFrom(p, 0)
		wantErr(t, err, nil)
		header := int(p[0]&15) * 4
		if m := p[header:n]; binary.BigEndian.Uint16(m[4:]) == id { // others ask on this machine as well
			if from != addr(t, "127.0.0.1:0") || m[0] != 0 || string(m[8:]) != "raw" {
				t.Errorf("%x from %v", m, from)
			}
			return
		}
	}
}

// Of IPv6 the kernel makes the checksum, and the filter lets one type through.
func TestFamilyRawICMPv6(t *testing.T) {
	t.Parallel()
	needIPv6(t)
	var only sockopt.ICMP6FilterValue
	only.BlockAll()
	only.Pass(129)
	s := needs(t, sock.Inet6, sock.Raw, sock.ICMPv6, sockopt.ICMP6Filter.With(only), sockopt.IPv6RecvHopLimit.With(true))
	const id = 0x7a52
	if _, err := s.SendTo(echoRequest(128, id, 1, "raw6"), 0, addr(t, "[::1]:0")); err != nil {
		t.Fatal(err)
	}
	for {
		p, control, m := receipt(t, s)
		if p[0] != 129 {
			t.Fatalf("type %d came through", p[0])
		}
		if binary.BigEndian.Uint16([]byte(p[4:])) == id {
			if hops := find(t, control, cmsg.Message.TTL); p[8:] != "raw6" || m.Addr != addr(t, "[::1]:0") || hops != 64 {
				t.Errorf("%q from %v, %d hops left", p, m.Addr, hops)
			}
			return
		}
	}
}

// A ping socket needs no privilege, only a group that may: here all.
func TestFamilyPing(t *testing.T) {
	if t.Parallel(); !alone(t) {
		return
	}
	wantErr(t, interfaceUp(1, nil), nil)
	if _, err := sock.Open(sock.Inet, sock.Dgram, sock.ICMP); !isAny(err, syscall.EACCES) {
		t.Errorf("before it is allowed: %v", err)
	}
	if err := os.WriteFile("/proc/sys/net/ipv4/ping_group_range", []byte("0 2147483647"), 0); err != nil {
		t.Skip("ping_group_range cannot be set: ", err)
	}
	for _, c := range []struct {
		p              sock.Protocol
		to             string
		request, reply byte
	}{{sock.ICMP, "127.0.0.1:0", 8, 0}, {sock.ICMPv6, "[::1]:0", 128, 129}} {
		t.Run(c.to, func(t *testing.T) {
			to := addr(t, c.to)
			if to.Domain() == sock.Inet6 {
				needInet6(t)
			}
			s, err := sock.Open(to.Domain(), sock.Dgram, c.p)
			wantErr(t, err, nil)
			closed(t, s)
			wantErr(t, s.Bind(to), nil)
			name, err := s.Sockname()
			wantErr(t, err, nil)
			if _, err := s.SendTo(echoRequest(c.request, 0, 7, "ping"), 0, to); err != nil {
				t.Fatal(err)
			}
			p := make([]byte, 100)
			n, from, err := s.RecvFrom(p, 0) // no header; the id is the port of the socket
			if err != nil || from.AddrPort().Addr() != to.AddrPort().Addr() || p[0] != c.reply || binary.BigEndian.Uint16(p[4:]) != name.Port() || binary.BigEndian.Uint16(p[6:]) != 7 || string(p[8:n]) != "ping" {
				t.Errorf("%x from %v, %v", p[:n], from, err)
			}
		})
	}
}

// A packet socket sees what passes an interface: here a datagram on lo, with its headers.
func TestFamilyPacketSees(t *testing.T) {
	t.Parallel()
	s := needs(t, sock.Packet, sock.Dgram, 0, sockopt.PacketAuxData.With(true))
	lo := loopbackIndex(t)
	at, err := sock.PacketAddr(unix.ETH_P_IP, lo, nil)
	wantErr(t, err, nil)
	wantErr(t, s.Bind(at), nil)
	a, _, _, to := datagrams(t, "udp4")
	if _, err := a.SendTo([]byte("seen on the wire"), 0, to); err != nil {
		t.Fatal(err)
	}
	for {
		p, control, m := receipt(t, s)
		if !bytes.HasSuffix([]byte(p), []byte("seen on the wire")) {
			continue // of another test
		}
		if p[0]>>4 != 4 || p[9] != byte(sock.UDP) || m.Addr.Domain() != sock.Packet || len(control) == 0 {
			t.Errorf("%x from %v, control %x", p, m.Addr, control)
		}
		b := m.Addr.Bytes()
		if got := int(binary.NativeEndian.Uint32(b[4:])); got != lo || binary.BigEndian.Uint16(b[2:]) != unix.ETH_P_IP {
			t.Errorf("%v is of interface %d, want %d", m.Addr, got, lo)
		}
		return
	}
}

// And sends frames of any kind, from one namespace to another.
func TestFamilyPacketSends(t *testing.T) {
	if t.Parallel(); !alone(t) {
		return
	}
	there := newNamespace(t)
	veth(t, 10, []netip.Prefix{netip.MustParsePrefix("10.9.0.1/24")}, there, []netip.Prefix{netip.MustParsePrefix("10.9.0.2/24")})
	const kind = 0x88b5 // for local experiments
	leave := there.enter(t)
	b, err := sock.Open(sock.Packet, sock.Dgram, 0)
	wantErr(t, err, nil)
	closed(t, b)
	at, err := sock.PacketAddr(kind, 11, nil)
	wantErr(t, err, nil)
	wantErr(t, b.Bind(at), nil)
	leave()
	a, err := sock.Open(sock.Packet, sock.Dgram, 0)
	wantErr(t, err, nil)
	closed(t, a)
	everybody := []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
	to, err := sock.PacketAddr(kind, 10, everybody)
	wantErr(t, err, nil)
	if _, err := a.SendTo([]byte("a frame"), 0, to); err != nil {
		t.Fatal(err)
	}
	p := make([]byte, 100)
	n, from, err := b.RecvFrom(p, 0)
	fixed(t, from)
	if text := from.String(); !strings.HasPrefix(text, "packet:") {
		t.Errorf("a received address is %s", text)
	}
	if err != nil || !bytes.HasPrefix(p[:n], []byte("a frame")) || from.Domain() != sock.Packet {
		t.Errorf("%q from %v, %v", p[:n], from, err)
	}
}

// Netlink: the kernel lists its interfaces.
func TestFamilyNetlink(t *testing.T) {
	t.Parallel()
	s := needs(t, sock.Netlink, sock.Raw, unix.NETLINK_ROUTE, sockopt.NetlinkExtAck.With(true))
	wantErr(t, s.Bind(sock.NetlinkAddr(0, 0)), nil)
	name, err := s.Sockname()
	if err != nil || name.Domain() != sock.Netlink || name == sock.NetlinkAddr(0, 0) {
		t.Errorf("its name is %v, %v", name, err)
	}
	request := netlinkRequest(unix.RTM_GETLINK, unix.NLM_F_REQUEST|unix.NLM_F_DUMP, make([]byte, unix.SizeofIfInfomsg))
	if _, err := s.SendTo(request, 0, sock.NetlinkAddr(0, 0)); err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	dump(t, s, func(m syscall.NetlinkMessage) {
		attributes, err := syscall.ParseNetlinkRouteAttr(&m)
		wantErr(t, err, nil)
		for _, a := range attributes {
			if a.Attr.Type == unix.IFLA_IFNAME {
				names[string(bytes.TrimRight(a.Value, "\x00"))] = true
			}
		}
	})
	if !names["lo"] {
		t.Errorf("interfaces %v", names)
	}
	// A request that is wrong gets an error.
	none := make([]byte, unix.SizeofIfInfomsg)
	binary.NativeEndian.PutUint32(none[4:], 1<<30) // an interface that is none
	if _, err := s.SendTo(netlinkRequest(unix.RTM_GETLINK, unix.NLM_F_REQUEST, none), 0, sock.NetlinkAddr(0, 0)); err != nil {
		t.Fatal(err)
	}
	p := make([]byte, 4096)
	n, from, err := s.RecvFrom(p, 0)
	if err != nil || from != sock.NetlinkAddr(0, 0) || binary.NativeEndian.Uint16(p[4:]) != unix.NLMSG_ERROR || int32(binary.NativeEndian.Uint32(p[16:])) != -int32(unix.ENODEV) {
		t.Errorf("%x from %v, %v", p[:n], from, err)
	}
}

func netlinkRequest(typ, flags uint16, body []byte) []byte {
	p := binary.NativeEndian.AppendUint32(nil, uint32(16+len(body)))
	p = binary.NativeEndian.AppendUint16(p, typ)
	p = binary.NativeEndian.AppendUint16(p, flags)
	p = binary.NativeEndian.AppendUint32(p, 1)
	p = binary.NativeEndian.AppendUint32(p, 0)
	return append(p, body...)
}

// dump receives the answers to a request for all.
func dump(t testing.TB, s *sock.Socket, each func(m syscall.NetlinkMessage)) {
	t.Helper()
	p := make([]byte, 64<<10)
	for {
		n, err := s.Recv(p, 0)
		wantErr(t, err, nil)
		messages, err := syscall.ParseNetlinkMessage(p[:n])
		wantErr(t, err, nil)
		for _, m := range messages {
			switch m.Header.Type {
			case unix.NLMSG_DONE:
				return
			case unix.NLMSG_ERROR:
				t.Fatalf("the kernel refuses: %x", m.Data)
			}
			each(m)
		}
	}
}

// sock_diag: what the kernel knows of our own listener.
func TestFamilySockDiag(t *testing.T) {
	t.Parallel()
	_, at := listening(t, "tcp4")
	s := needs(t, sock.Netlink, sock.Raw, unix.NETLINK_SOCK_DIAG)
	request := make([]byte, 56) // struct inet_diag_req_v2
	request[0], request[1] = unix.AF_INET, unix.IPPROTO_TCP
	binary.NativeEndian.PutUint32(request[4:], 1<<10) // TCP_LISTEN
	const sockDiagByFamily = 20
	if _, err := s.SendTo(netlinkRequest(sockDiagByFamily, unix.NLM_F_REQUEST|unix.NLM_F_DUMP, request), 0, sock.NetlinkAddr(0, 0)); err != nil {
		t.Fatal(err)
	}
	found := false
	dump(t, s, func(m syscall.NetlinkMessage) {
		if m.Data[1] != 10 { // its state
			t.Errorf("state %d is not listening", m.Data[1])
		}
		found = found || binary.BigEndian.Uint16(m.Data[4:]) == at.Port()
	})
	if !found {
		t.Errorf("%v is not listed", at)
	}
}

// A sequence of packets keeps their bounds, over a connection with an end.
func TestFamilySeqPacket(t *testing.T) {
	t.Parallel()
	at, err := sock.UnixAddr(path(t))
	wantErr(t, err, nil)
	l := open(t, sock.Unix, sock.SeqPacket)
	wantErr(t, l.Bind(at), nil)
	wantErr(t, l.Listen(1), nil)
	c := open(t, sock.Unix, sock.SeqPacket)
	wantErr(t, c.Connect(at), nil)
	s, _, err := l.Accept()
	wantErr(t, err, nil)
	closed(t, s)
	if s.Type() != sock.SeqPacket {
		t.Error(s.Type())
	}
	for _, m := range []string{"one", "second", "3"} {
		send(t, c, m)
	}
	recv(t, s, 99, 0, "one")
	recv(t, s, 3, 0, "sec") // the rest is lost
	recv(t, s, 99, 0, "3")
	wantErr(t, c.Close(), nil)
	if n, err := s.Recv(make([]byte, 9), 0); n != 0 || err != nil {
		t.Errorf("at the end: %d, %v", n, err)
	}
}

// VSOCK, as far as one goes without a virtual machine: nothing is ever sent.
func TestFamilyVSock(t *testing.T) {
	t.Parallel()
	const anyCID, anyPort = 1<<32 - 1, 1<<32 - 1
	s := needs(t, sock.VSock, sock.Stream, 0)
	wantErr(t, s.Bind(sock.VSockAddr(anyCID, anyPort)), nil)
	name, err := s.Sockname()
	wantErr(t, err, nil)
	if text := name.String(); name.Domain() != sock.VSock || name == sock.VSockAddr(anyCID, anyPort) || sock.Domain(name.Bytes()[0]) != sock.VSock {
		t.Errorf("its name is %s", text)
	}
	if again, err := sock.ParseAddr(name.String()); again != name || err != nil {
		t.Errorf("%v reads back as %v, %v", name, again, err)
	}
	wantErr(t, s.Listen(1), nil)
	holds(t, sockopt.AcceptConn, s, true)
	s.SetNonblock(true)
	if _, _, err := s.Accept(); err != sock.ErrWouldBlock {
		t.Errorf("Accept: %v", err)
	}
	other := needs(t, sock.VSock, sock.Stream, 0)
	wrong(t, other.Bind(name), "bind", name, syscall.EADDRINUSE)
	if os.Geteuid() != 0 {
		wrong(t, other.Bind(sock.VSockAddr(anyCID, 80)), "bind", sock.VSockAddr(anyCID, 80), syscall.EACCES)
	}
	wantErr(t, other.Bind(addr(t, "127.0.0.1:1")), syscall.EINVAL)
	_, err = other.Peername()
	wantErr(t, err, syscall.ENOTCONN)
	_, err = other.Recv(make([]byte, 1), 0)
	wantErr(t, err, syscall.ENOTCONN)
}

// A family that the library does not know: XDP, with an address and options by their
// bytes and numbers (linux/if_xdp.h).
func TestFamilyUnknown(t *testing.T) {
	t.Parallel()
	const xdp, level = sock.Domain(unix.AF_XDP), unix.SOL_XDP
	s := needs(t, xdp, sock.Raw, 0)
	if s.Domain() != xdp || s.Protocol() != 0 {
		t.Error(s.Domain(), s.Protocol())
	}
	offsets, err := sockopt.Bytes(level, unix.XDP_MMAP_OFFSETS, 128).Get(s) // four times four numbers
	if err != nil || len(offsets) != 128 {
		t.Errorf("%x, %v", offsets, err)
	}
	wantErr(t, sockopt.Int(level, unix.XDP_RX_RING).Set(s, 64), nil)
	wantErr(t, sockopt.Int(level, unix.XDP_RX_RING).Set(s, 63), syscall.EINVAL) // no power of two
	for index, want := range map[uint32]error{uint32(loopbackIndex(t)): syscall.EINVAL, 1 << 30: syscall.ENODEV} {
		sa := make([]byte, 16) // struct sockaddr_xdp: family, flags, interface, queue, memory
		binary.NativeEndian.PutUint16(sa, unix.AF_XDP)
		binary.NativeEndian.PutUint32(sa[4:], index)
		at, err := sock.RawAddr(sa)
		wantErr(t, err, nil)
		if !bytes.Equal(at.Bytes(), sa) || at.Domain() != xdp {
			t.Errorf("%x, %v", at.Bytes(), at.Domain())
		}
		wrong(t, s.Bind(at), "bind", at, want) // without memory for packets
	}
}
