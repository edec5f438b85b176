package sock_test

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/cmsg"
	"github.com/berkeleysockets/sock/sockopt"
)

// reports switches on every message that a receiver of IP can get.
func reports(t testing.TB, s *sock.Socket) {
	t.Helper()
	for _, o := range [][2]int{{unix.IPPROTO_IP, unix.IP_RECVTTL}, {unix.IPPROTO_IP, unix.IP_RECVTOS}} {
		setInt(t, s, o[0], o[1], 1)
	}
	if s.Domain() == sock.Inet6 {
		for _, o := range []int{unix.IPV6_RECVTCLASS, unix.IPV6_RECVHOPLIMIT} {
			setInt(t, s, unix.IPPROTO_IPV6, o, 1)
		}
	}
}

// A control message has its effect, or the send fails: on every kind of socket, to every
// kind of destination, by address and by connection, by SendMsg and by SendBatch.
func TestControlHeededOrRefused(t *testing.T) {
	t.Parallel()
	v4, v6, mapped := netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("::1"), netip.MustParseAddr("::ffff:127.0.0.1")
	other, otherMapped := netip.MustParseAddr("127.0.0.2"), netip.MustParseAddr("::ffff:127.0.0.2")
	tos := func(_ *testing.T, _ sock.Addr, c []byte, _ int) bool {
		return findAny(c, cmsg.Message.TOS) == 0x20
	}
	ttl := func(_ *testing.T, _ sock.Addr, c []byte, _ int) bool {
		return findAny(c, cmsg.Message.TTL) == 9
	}
	from := func(ip netip.Addr) func(*testing.T, sock.Addr, []byte, int) bool {
		return func(_ *testing.T, a sock.Addr, _ []byte, _ int) bool {
			return a.AddrPort().Addr().Unmap() == ip.Unmap()
		}
	}
	never := func(*testing.T, sock.Addr, []byte, int) bool { return false }
	source := func(ip netip.Addr) []byte { return cmsg.AppendPacketInfo(nil, cmsg.PacketInfo{Local: ip}) }
	asks := map[string]struct {
		control []byte
		heeded  func(t *testing.T, from sock.Addr, control []byte, n int) bool
		fits    string // the destinations for which it must succeed
	}{
		"TOS of IPv4":      {cmsg.AppendTOS(nil, v4, 0x20), tos, "udp4 mapped"},
		"TOS of mapped":    {cmsg.AppendTOS(nil, mapped, 0x20), tos, "udp4 mapped"},
		"TOS of IPv6":      {cmsg.AppendTOS(nil, v6, 0x20), tos, "udp6"},
		"TOS of none":      {cmsg.AppendTOS(nil, netip.Addr{}, 0x20), tos, ""},
		"TTL of IPv4":      {cmsg.AppendTTL(nil, v4, 9), ttl, "udp4 mapped"},
		"TTL of mapped":    {cmsg.AppendTTL(nil, mapped, 9), ttl, "udp4 mapped"},
		"TTL of IPv6":      {cmsg.AppendTTL(nil, v6, 9), ttl, "udp6"},
		"TTL of none":      {cmsg.AppendTTL(nil, netip.Addr{}, 9), ttl, ""},
		"source IPv4":      {source(other), from(other), "udp4 mapped"},
		"source mapped":    {source(otherMapped), from(other), "udp4 mapped"},
		"source IPv6":      {source(v6), from(v6), "udp6"},
		"source none":      {cmsg.AppendPacketInfo(nil, cmsg.PacketInfo{Interface: 1}), never, ""},
		"source of a zone": {source(v6.WithZone("no such interface")), never, ""},
		"a group":          {source(netip.MustParseAddr("224.0.0.1")), never, ""},
		"segments":         {cmsg.AppendSegmentSize(nil, 3), func(_ *testing.T, _ sock.Addr, _ []byte, n int) bool { return n == 3 }, "udp4 udp6 mapped"},
		"mapped by hand":   {cmsg.Append(nil, unix.IPPROTO_IPV6, unix.IPV6_PKTINFO, append(otherMapped.AsSlice(), 0, 0, 0, 0)), from(other), "mapped"},
		"rights":           {cmsg.AppendRights(nil, 0), never, ""},
		"credentials":      {cmsg.AppendCredentials(nil, cmsg.Credentials{PID: os.Getpid(), UID: os.Geteuid(), GID: os.Getegid()}), never, ""},
		"a time":           {cmsg.AppendTxTime(nil, 1), never, ""},
		"with another":     {cmsg.AppendTOS(cmsg.AppendTTL(nil, v4, 9), v6, 0x20), func(t *testing.T, a sock.Addr, c []byte, n int) bool { return tos(t, a, c, n) && ttl(t, a, c, n) }, ""},
	}
	for _, network := range []string{"udp4", "udp6", "mapped"} {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			if network != "udp4" {
				needIPv6(t)
			}
			for _, how := range []string{"address", "connected", "adopted"} {
				for by, send := range map[string]func(*sock.Socket, []byte, sock.Addr) error{"SendMsg": sendOne, "SendBatch": batchOne} {
					for name, ask := range asks {
						domain, at := sock.Inet, "127.0.0.1"
						switch network {
						case "udp6":
							domain, at = sock.Inet6, "[::1]"
						case "mapped":
							domain, at = sock.Inet6, "[::ffff:127.0.0.1]"
						}
						r := open(t, domain, sock.Dgram)
						wantErr(t, r.Bind(addr(t, at+":0")), nil)
						reports(t, r)
						to, err := r.Sockname()
						wantErr(t, err, nil)
						s := open(t, domain, sock.Dgram)
						if how != "address" {
							wantErr(t, s.Connect(to), nil)
							to = sock.Addr{}
						}
						if how == "adopted" {
							fd, err := s.Detach()
							wantErr(t, err, nil)
							s, err = sock.FromFD(fd)
							wantErr(t, err, nil)
							closed(t, s)
						}
						err = send(s, ask.control, to)
						fits := strings.Contains(" "+ask.fits+" ", " "+network+" ")
						switch {
						case fits && err != nil:
							t.Errorf("%s, %s, %s: %v", how, by, name, err)
						case err == nil:
							p, control, m := receipt(t, r)
							if !ask.heeded(t, m.Addr, control, len(p)) {
								t.Errorf("%s, %s, %s: ignored", how, by, name)
							}
						case !isAny(err, syscall.EINVAL):
							t.Errorf("%s, %s, %s: %v", how, by, name, err)
						}
						wantErr(t, s.Close(), nil)
						wantErr(t, r.Close(), nil)
					}
				}
			}
		})
	}
}

func findAny(control []byte, get func(cmsg.Message) (int, bool)) int {
	for m := range cmsg.All(control) {
		if v, ok := get(m); ok {
			return v
		}
	}
	return -1
}

func sendOne(s *sock.Socket, control []byte, to sock.Addr) error {
	_, err := s.SendMsg(&sock.Message{Bufs: [][]byte{[]byte("abcdef")}, Control: control, Addr: to}, 0)
	return err
}

func batchOne(s *sock.Socket, control []byte, to sock.Addr) error {
	b := sock.NewBatch(1, 0, 128)
	if err := b.Add([]byte("abcdef"), control, to); err != nil {
		return err
	}
	_, err := s.SendBatch(b, 0)
	return err
}

// Sockets that have no use for a message of IP, UDP or a unix socket refuse it.
func TestControlOfAnotherKind(t *testing.T) {
	t.Parallel()
	v4, v6 := netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("::1")
	controls := map[string][]byte{
		"TOS4": cmsg.AppendTOS(nil, v4, 1), "TOS6": cmsg.AppendTOS(nil, v6, 1), "TTL4": cmsg.AppendTTL(nil, v4, 1), "TTL6": cmsg.AppendTTL(nil, v6, 1),
		"source4":  cmsg.AppendPacketInfo(nil, cmsg.PacketInfo{Local: v4}),
		"source6":  cmsg.AppendPacketInfo(nil, cmsg.PacketInfo{Local: v6}),
		"segments": cmsg.AppendSegmentSize(nil, 1), "mark": cmsg.AppendMark(nil, 1), "time": cmsg.AppendTxTime(nil, 1),
		"rights": cmsg.AppendRights(nil, 0),
		"misfit": cmsg.AppendSegmentSize(nil, -1), "stamps": cmsg.AppendTimestamping(nil, unix.SOF_TIMESTAMPING_TX_SOFTWARE),
	}
	sockets := map[string]*sock.Socket{}
	sockets["tcp"], _ = streams(t, "tcp4")
	wantErr(t, sockopt.TxTime.Set(sockets["tcp"], sockopt.TxTimeValue{Clock: unix.CLOCK_MONOTONIC}), nil)
	sockets["unix stream"], _ = streams(t, "pair")
	a, b, err := sock.Pair(sock.Unix, sock.Dgram, 0)
	wantErr(t, err, nil)
	sockets["unix dgram"] = closed(t, a)
	closed(t, b)
	sockets["netlink"] = open(t, sock.Netlink, sock.Raw)
	if s, err := sock.Open(sock.Inet, sock.Raw, 253); err == nil {
		closed(t, s)
		wantErr(t, s.Connect(addr(t, "127.0.0.1:0")), nil)
		sockets["raw"] = s
	}
	if l, err := sock.Open(sock.Inet, sock.Stream, sock.MPTCP); err == nil { // whose kernel reads no control message
		closed(t, l)
		wantErr(t, l.Bind(addr(t, "127.0.0.1:0")), nil)
		wantErr(t, l.Listen(0), nil)
		to, err := l.Sockname()
		wantErr(t, err, nil)
		s, err := sock.Open(sock.Inet, sock.Stream, sock.MPTCP)
		wantErr(t, err, nil)
		wantErr(t, closed(t, s).Connect(to), nil)
		sockets["mptcp"] = s
	}
	if s, err := sock.Open(sock.Inet, sock.Dgram, sock.ICMP); err == nil { // for some groups
		closed(t, s)
		wantErr(t, s.Connect(addr(t, "127.0.0.1:0")), nil)
		sockets["ping"] = s
	}
	for kind, s := range sockets {
		for name, control := range controls {
			switch {
			case name == "stamps" && (kind == "tcp" || kind == "raw"):
				continue
			case kind == "ping" && name != "segments" && name != "TOS6" && name != "rights":
				continue
			case kind[:3] == "uni" && name == "rights":
				continue
			case kind == "raw" && (strings.HasSuffix(name, "4") || name == "mark"):
				continue
			}
			for by, send := range map[string]func(*sock.Socket, []byte, sock.Addr) error{"SendMsg": sendOne, "SendBatch": batchOne} {
				err := send(s, control, sock.Addr{})
				if !isAny(err, syscall.EINVAL) || kind == "ping" && !strings.Contains(err.Error(), "control message") { // it is too short for a ping as well
					t.Errorf("%s on %s by %s: %v", name, kind, by, err)
				}
			}
		}
	}
}

// The error of a message in a batch is its own: those before it are sent, and those behind it
// after it was dropped.
func TestControlRefusedInBatch(t *testing.T) {
	t.Parallel()
	a, b, to := controlPair(t, "udp4", "")
	batch := sock.NewBatch(4, 0, 64)
	for i := range 4 {
		control := cmsg.AppendTOS(nil, to.AddrPort().Addr(), 4)
		if i == 2 {
			control = cmsg.AppendTOS(nil, netip.IPv6LinkLocalAllNodes(), 4)
		}
		wantErr(t, batch.Add(fmt.Append(nil, i), control, to), nil)
	}
	n, err := a.SendBatch(batch, 0)
	if n != 2 || err != nil {
		t.Fatal(n, err)
	}
	batch.Drop(n)
	for range 2 {
		n, err = a.SendBatch(batch, 0)
		if n != 0 || !isAny(err, syscall.EINVAL) {
			t.Fatal(n, err)
		}
	}
	batch.Drop(1)
	if n, err = a.SendBatch(batch, 0); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	for _, want := range []string{"0", "1", "3"} {
		if p, _, _ := receipt(t, b); p != want {
			t.Errorf("%q, want %q", p, want)
		}
	}
	// A Batch that was reset forgets that it had any.
	batch.Reset()
	wantErr(t, batch.Add([]byte("x"), nil, to), nil)
	if n, err = a.SendBatch(batch, 0); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	wantErr(t, a.Close(), nil)
	wantErr(t, batch.Add([]byte("x"), cmsg.AppendTOS(nil, netip.IPv6Loopback(), 4), to), nil)
	batch.Drop(1)
	_, err = a.SendBatch(batch, 0)
	wantErr(t, err, net.ErrClosed)
}

// The documented answer, with what PacketInfo returned, arrives: to a datagram for an address, a
// group and a broadcast address, of IPv4, of IPv6 and of IPv4 on a socket of Inet6.
func TestControlAnswerFrom(t *testing.T) {
	if t.Parallel(); !alone(t) {
		return
	}
	const index = 11
	here := []netip.Prefix{netip.MustParsePrefix("192.0.2.2/24")}
	if noInet6() == nil {
		here = append(here, netip.MustParsePrefix("2001:db8::2/64"))
	}
	wantErr(t, interfaceUp(1, nil), nil) // the loopback, for what this host sends itself
	veth(t, index, here, newNamespace(t), []netip.Prefix{netip.MustParsePrefix("192.0.2.1/24")})
	four := sockopt.IPRecvPktInfo.With(true)
	six := sockopt.IPv6RecvPktInfo.With(true)
	for name, c := range map[string]struct {
		domain      sock.Domain
		dest, local string // what is sent to; what Local is
		set         []sock.Setting
	}{
		"IPv4":                    {sock.Inet, "192.0.2.2", "192.0.2.2", []sock.Setting{four}},
		"IPv4 group":              {sock.Inet, "239.1.2.3", "192.0.2.2", []sock.Setting{four}},
		"IPv4 broadcast":          {sock.Inet, "192.0.2.255", "192.0.2.2", []sock.Setting{four}},
		"IPv4 limited broadcast":  {sock.Inet, "255.255.255.255", "192.0.2.2", []sock.Setting{four}},
		"IPv6":                    {sock.Inet6, "2001:db8::2", "2001:db8::2", []sock.Setting{six}},
		"IPv6 group":              {sock.Inet6, "ff05::1:3", "::", []sock.Setting{six}},
		"IPv6 group of the link":  {sock.Inet6, "ff02::1:3%11", "::", []sock.Setting{six}},
		"mapped":                  {sock.Inet6, "::ffff:192.0.2.2", "::ffff:192.0.2.2", []sock.Setting{six}},
		"mapped group":            {sock.Inet6, "::ffff:239.1.2.3", "::ffff:0.0.0.0", []sock.Setting{six}},
		"mapped limited":          {sock.Inet6, "::ffff:255.255.255.255", "::ffff:0.0.0.0", []sock.Setting{six}},
		"mapped group, of IPv4":   {sock.Inet6, "::ffff:239.1.2.3", "192.0.2.2", []sock.Setting{four}},
		"mapped broadcast, ditto": {sock.Inet6, "::ffff:192.0.2.255", "192.0.2.2", []sock.Setting{four}},
	} {
		t.Run(name, func(t *testing.T) {
			if c.domain == sock.Inet6 {
				needInet6(t)
			}
			dest := netip.MustParseAddr(c.dest)
			server := open(t, c.domain, sock.Dgram, c.set...)
			wantErr(t, server.Bind(addr(t, map[sock.Domain]string{sock.Inet: "0.0.0.0:0", sock.Inet6: "[::]:0"}[c.domain])), nil)
			at, err := server.Sockname()
			wantErr(t, err, nil)
			client := open(t, c.domain, sock.Dgram)
			setInt(t, client, unix.SOL_SOCKET, unix.SO_BROADCAST, 1)
			wantErr(t, server.SetReadDeadline(time.Now().Add(10*time.Second)), nil)
			wantErr(t, client.SetReadDeadline(time.Now().Add(10*time.Second)), nil)
			if g := dest.Unmap().WithZone(""); g.IsMulticast() {
				wantErr(t, server.JoinGroup(sock.Group{Addr: g, Interface: index}), nil)
			}
			var by []byte
			if !here[0].Contains(dest.Unmap()) && dest != here[len(here)-1].Addr() {
				any := netip.IPv6Unspecified()
				if dest.Unmap().Is4() {
					any = netip.IPv4Unspecified()
				}
				by = cmsg.AppendPacketInfo(nil, cmsg.PacketInfo{Interface: index, Local: any})
			}
			to, err := sock.AddrFrom(netip.AddrPortFrom(dest, at.Port()))
			wantErr(t, err, nil)
			eventually(t, "an address that can be used", func() bool {
				_, err := client.SendMsg(&sock.Message{Bufs: [][]byte{[]byte("question")}, Control: by, Addr: to}, 0)
				return err == nil // an address of the link comes later
			})
			p, control, m := receipt(t, server)
			info := find(t, control, cmsg.Message.PacketInfo)
			if p != "question" || info.Local.String() != c.local || info.Dest.Unmap() != dest.Unmap().WithZone("") {
				t.Errorf("%q: %+v, want local %v, destination %v", p, info, c.local, dest)
			}
			for _, with := range []int{info.Interface, 0} {
				info.Interface = with
				sendControl(t, server, "answer", cmsg.AppendPacketInfo(nil, info), m.Addr)
				if p, _, _ := receipt(t, client); p != "answer" {
					t.Errorf("%q", p)
				}
			}
		})
	}
}

// A zone is the interface.
func TestControlZone(t *testing.T) {
	t.Parallel()
	lo := loopbackIndex(t)
	local := netip.MustParseAddr("fe80::1")
	for zone, want := range map[string]int{fmt.Sprint(lo): lo, "lo": lo, "77": 77} {
		m, _, _ := cmsg.Next(cmsg.AppendPacketInfo(nil, cmsg.PacketInfo{Local: local.WithZone(zone)}))
		if got, ok := m.PacketInfo(); !ok || got.Interface != want || got.Local != local {
			t.Errorf("zone %s: %+v, %v", zone, got, ok)
		}
		m, _, _ = cmsg.Next(cmsg.AppendPacketInfo(nil, cmsg.PacketInfo{Local: local.WithZone(zone), Interface: 99}))
		if got, ok := m.PacketInfo(); ok {
			t.Errorf("zone %s and interface 99: %+v", zone, got)
		}
	}
	for _, zone := range []string{"-1", "4294967296", "no such", "\x1b"} {
		m, _, _ := cmsg.Next(cmsg.AppendPacketInfo(nil, cmsg.PacketInfo{Local: local.WithZone(zone)}))
		if got, ok := m.PacketInfo(); ok {
			t.Errorf("zone %s: %+v", zone, got)
		}
	}
}
