package sock_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"net/netip"
	"os"
	"slices"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/cmsg"
	"github.com/berkeleysockets/sock/sockopt"
)

// receipt receives one message, with room for its control messages.
func receipt(t testing.TB, s *sock.Socket) (string, []byte, sock.Message) {
	t.Helper()
	m := sock.Message{Bufs: [][]byte{make([]byte, 70000)}, Control: make([]byte, 512)}
	if _, err := s.RecvMsg(&m, 0); err != nil {
		t.Fatal(err)
	}
	if m.Flags&sock.CTrunc != 0 {
		t.Errorf("control messages were cut: %v", m.Flags)
	}
	return string(m.Bufs[0][:m.N]), m.Control[:m.NControl], m
}

// find returns the value of the first control message that get decodes.
func find[T any](t testing.TB, control []byte, get func(cmsg.Message) (T, bool)) (v T) {
	t.Helper()
	for m := range cmsg.All(control) {
		if v, ok := get(m); ok {
			return v
		}
	}
	t.Errorf("not in %v", slices.Collect(cmsg.All(control)))
	return v
}

func sendControl(t testing.TB, s *sock.Socket, p string, control []byte, to sock.Addr) {
	t.Helper()
	if _, err := s.SendMsg(&sock.Message{Bufs: [][]byte{[]byte(p)}, Control: control, Addr: to}, 0); err != nil {
		t.Fatal(err)
	}
}

// Hop limit, DSCP and ECN, set for one datagram and received with it: IPv4, IPv6 and IPv4 on an
// IPv6 socket.
func TestControlHopsAndService(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ network, at string }{
		"udp4": {"udp4", ""}, "udp6": {"udp6", ""}, "mapped": {"udp6", "[::ffff:127.0.0.1]:0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.network == "udp6" {
				needIPv6(t)
			}
			a, b, to := controlPair(t, c.network, c.at)
			for _, o := range [][2]int{{unix.IPPROTO_IP, unix.IP_RECVTTL}, {unix.IPPROTO_IP, unix.IP_RECVTOS}} {
				setInt(t, b, o[0], o[1], 1)
			}
			if c.network == "udp6" {
				setInt(t, b, unix.IPPROTO_IPV6, unix.IPV6_RECVHOPLIMIT, 1)
				setInt(t, b, unix.IPPROTO_IPV6, unix.IPV6_RECVTCLASS, 1)
			}
			for _, v := range []struct{ ttl, tos int }{{1, 0}, {255, 0xff &^ 3}, {64, 2}, {7, 0xb8 | 3}} {
				control := cmsg.AppendTOS(cmsg.AppendTTL(nil, to.AddrPort().Addr(), v.ttl), to.AddrPort().Addr(), v.tos)
				sendControl(t, a, "x", control, to)
				_, got, _ := receipt(t, b)
				if ttl := find(t, got, cmsg.Message.TTL); ttl != v.ttl {
					t.Errorf("%d hops, want %d", ttl, v.ttl)
				}
				if tos := find(t, got, cmsg.Message.TOS); tos != v.tos {
					t.Errorf("service %#x, want %#x", tos, v.tos)
				}
			}
		})
	}
}

// controlPair returns an unbound sender and a receiver.
func controlPair(t testing.TB, network, at string) (a, b *sock.Socket, to sock.Addr) {
	t.Helper()
	if at == "" {
		b, to = bound(t, network, sock.Dgram)
		return open(t, to.Domain(), sock.Dgram), b, to
	}
	b = open(t, sock.Inet6, sock.Dgram)
	wantErr(t, b.Bind(addr(t, at)), nil)
	to, err := b.Sockname()
	wantErr(t, err, nil)
	return open(t, sock.Inet6, sock.Dgram), b, to
}

// The address at which a datagram arrived, and an answer from it: of two addresses the one that
// the datagram was sent to.
func TestControlPacketInfo(t *testing.T) {
	t.Parallel()
	lo := loopbackIndex(t)
	for name, c := range map[string]struct {
		domain           sock.Domain
		any, from, other string
		options          [][2]int
	}{
		"udp4":   {sock.Inet, "0.0.0.0:0", "127.0.0.1", "127.0.0.2", [][2]int{{unix.IPPROTO_IP, unix.IP_PKTINFO}}},
		"udp6":   {sock.Inet6, "[::]:0", "::1", "::1", [][2]int{{unix.IPPROTO_IPV6, unix.IPV6_RECVPKTINFO}}},
		"mapped": {sock.Inet6, "[::]:0", "::ffff:127.0.0.1", "::ffff:127.0.0.2", [][2]int{{unix.IPPROTO_IPV6, unix.IPV6_RECVPKTINFO}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.domain == sock.Inet6 {
				needIPv6(t)
			}
			server, client := open(t, c.domain, sock.Dgram), open(t, c.domain, sock.Dgram)
			wantErr(t, server.Bind(addr(t, c.any)), nil)
			for _, o := range c.options {
				setInt(t, server, o[0], o[1], 1)
			}
			at, err := server.Sockname()
			wantErr(t, err, nil)
			to, err := sock.AddrFrom(netip.AddrPortFrom(netip.MustParseAddr(c.other), at.Port()))
			wantErr(t, err, nil)
			sendControl(t, client, "question", nil, to)
			p, control, m := receipt(t, server)
			info := find(t, control, cmsg.Message.PacketInfo)
			want := netip.MustParseAddr(c.other)
			if p != "question" || info.Local.Unmap() != want.Unmap() || info.Dest.Unmap() != want.Unmap() || info.Interface != lo {
				t.Errorf("%q to %+v, want %v by %d", p, info, want, lo)
			}
			info.Interface = 0
			sendControl(t, server, "answer", cmsg.AppendPacketInfo(nil, info), m.Addr)
			_, _, answer := receipt(t, client)
			if answer.Addr != to {
				t.Errorf("the answer is from %v, want %v", answer.Addr, to)
			}
			// An interface alone, and an address that this host does not have.
			any := netip.IPv4Unspecified()
			if c.domain == sock.Inet6 {
				any = netip.IPv6Unspecified()
			}
			if name != "mapped" {
				sendControl(t, server, "by lo", cmsg.AppendPacketInfo(nil, cmsg.PacketInfo{Interface: lo, Local: any}), m.Addr)
				receipt(t, client)
				foreign := netip.MustParseAddr(map[sock.Domain]string{sock.Inet: "192.0.2.1", sock.Inet6: "2001:db8::1"}[c.domain])
				_, err = server.SendMsg(&sock.Message{Control: cmsg.AppendPacketInfo(nil, cmsg.PacketInfo{Local: foreign}), Addr: m.Addr}, 0)
				if !isAny(err, syscall.EINVAL, syscall.ENETUNREACH, syscall.EADDRNOTAVAIL) {
					t.Errorf("from a foreign address: %v", err)
				}
			}
		})
	}
}

func loopbackIndex(t testing.TB) int {
	t.Helper()
	index := 0
	s := open(t, sock.Inet, sock.Dgram)
	err := s.WithFD(func(fd int) error {
		ifr, err := unix.NewIfreq("lo")
		if err != nil {
			return err
		}
		if err := unix.IoctlIfreq(fd, unix.SIOCGIFINDEX, ifr); err != nil {
			return err
		}
		index = int(ifr.Uint32())
		return nil
	})
	wantErr(t, err, nil)
	return index
}

// The timestamp is by the clock of this machine, between two readings of it.
func TestControlTimestamp(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ option, value int }{
		"SO_TIMESTAMP":        {unix.SO_TIMESTAMP, 1},
		"SO_TIMESTAMPNS":      {unix.SO_TIMESTAMPNS, 1},
		"SO_TIMESTAMPING":     {unix.SO_TIMESTAMPING, unix.SOF_TIMESTAMPING_RX_SOFTWARE | unix.SOF_TIMESTAMPING_SOFTWARE},
		"SO_TIMESTAMP_NEW":    {unix.SO_TIMESTAMP_NEW, 1},
		"SO_TIMESTAMPNS_NEW":  {unix.SO_TIMESTAMPNS_NEW, 1},
		"SO_TIMESTAMPING_NEW": {unix.SO_TIMESTAMPING_NEW, unix.SOF_TIMESTAMPING_RX_SOFTWARE | unix.SOF_TIMESTAMPING_SOFTWARE},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, b, to := controlPair(t, "udp4", "")
			setInt(t, b, unix.SOL_SOCKET, c.option, c.value)
			// The kernel starts the timestamps of packets a moment later.
			eventually(t, "a timestamp", func() bool {
				before := time.Now().Truncate(time.Microsecond)
				sendControl(t, a, "x", nil, to)
				_, control, _ := receipt(t, b)
				after := time.Now()
				for m := range cmsg.All(control) {
					if got, ok := m.Timestamp(); ok {
						if got.Before(before) || got.After(after) {
							t.Errorf("%v is not between %v and %v", got, before, after)
						}
						if ts, ok := m.Timestamps(); ok && (ts.Software != got || !ts.Hardware.IsZero()) {
							t.Errorf("%+v", ts)
						}
						return true
					}
				}
				return false
			})
		})
	}
}

// One send makes ten datagrams. They arrive as ten, or as one with the option UDPGRO.
func TestControlSegments(t *testing.T) {
	t.Parallel()
	for _, network := range []string{"udp4", "udp6"} {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			if network == "udp6" {
				needIPv6(t)
			}
			a, b, to := controlPair(t, network, "")
			p := content10(1200*9 + 700)
			sendControl(t, a, p, cmsg.AppendSegmentSize(nil, 1200), to)
			for i := range 10 {
				got, _, _ := receipt(t, b)
				if want := p[1200*i : min(1200*(i+1), len(p))]; got != want {
					t.Errorf("datagram %d: %d bytes, want %d", i, len(got), len(want))
				}
			}
			setInt(t, b, unix.IPPROTO_UDP, unix.UDP_GRO, 1)
			sendControl(t, a, p, cmsg.AppendSegmentSize(nil, 1200), to)
			got, control, _ := receipt(t, b)
			if size := find(t, control, cmsg.Message.SegmentSize); size != 1200 || got != p {
				t.Errorf("%d bytes in segments of %d", len(got), size)
			}
			// Data of at most one segment is one datagram.
			sendControl(t, a, "short", cmsg.AppendSegmentSize(nil, 1200), to)
			if got, _, _ := receipt(t, b); got != "short" {
				t.Errorf("%q", got)
			}
			// More segments than the kernel accepts.
			_, err := a.SendMsg(&sock.Message{Bufs: [][]byte{make([]byte, 2000)}, Control: cmsg.AppendSegmentSize(nil, 1), Addr: to}, 0)
			wantErr(t, err, syscall.EINVAL)
		})
	}
}

func content10(n int) string {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(i / 7 * 11)
	}
	return string(p)
}

// A full receiver counts the messages that it drops.
func TestControlDrops(t *testing.T) {
	t.Parallel()
	a, b, to := controlPair(t, "udp4", "")
	setInt(t, b, unix.SOL_SOCKET, unix.SO_RXQ_OVFL, 1)
	wantErr(t, sockopt.RecvBuffer.Set(b, 1), nil) // the kernel raises it to its minimum
	sent := 0
	for ; sent < 100; sent++ {
		sendControl(t, a, fmt.Sprintf("%1000d", sent), nil, to)
	}
	got := 0
	for {
		if _, err := b.Recv(nil, sock.DontWait); err != nil {
			break
		}
		got++
	}
	if got == sent {
		t.Fatal("nothing was dropped")
	}
	sendControl(t, a, "last", nil, to)
	_, control, _ := receipt(t, b)
	if drops := find(t, control, cmsg.Message.Drops); int(drops) != sent-got {
		t.Errorf("%d dropped, want %d of %d", drops, sent-got, sent)
	}
}

// A transmit time is accepted with the option TxTime only.
func TestControlTxTime(t *testing.T) {
	t.Parallel()
	a, b, to := controlPair(t, "udp4", "")
	var now unix.Timespec
	wantErr(t, unix.ClockGettime(unix.CLOCK_TAI, &now), nil)
	control := cmsg.AppendTxTime(nil, uint64(now.Nano())+1e6)
	_, err := a.SendMsg(&sock.Message{Control: control, Addr: to}, 0)
	wantErr(t, err, syscall.EINVAL)
	for name, clock := range map[string]int32{"CLOCK_MONOTONIC": unix.CLOCK_MONOTONIC, "CLOCK_TAI": unix.CLOCK_TAI} {
		t.Run(name, func(t *testing.T) {
			value := make([]byte, 8) // struct sock_txtime: a clock and no flags
			binary.NativeEndian.PutUint32(value, uint32(clock))
			err := a.WithFD(func(fd int) error {
				return unix.SetsockoptString(fd, unix.SOL_SOCKET, unix.SO_TXTIME, string(value))
			})
			if clock != unix.CLOCK_MONOTONIC {
				needPrivilege(t, err, "SO_TXTIME with a clock other than CLOCK_MONOTONIC")
			}
			wantErr(t, err, nil)
			wantErr(t, unix.ClockGettime(clock, &now), nil)
			sendControl(t, a, "later", cmsg.AppendTxTime(nil, uint64(now.Nano())+1e6), to)
			if p, _, _ := receipt(t, b); p != "later" {
				t.Error(p)
			}
		})
	}
}

func TestControlOriginalDest(t *testing.T) {
	t.Parallel()
	for _, network := range present(t, "udp4", "udp6") {
		option := [2]int{unix.IPPROTO_IP, unix.IP_RECVORIGDSTADDR}
		if network == "udp6" {
			option = [2]int{unix.IPPROTO_IPV6, unix.IPV6_RECVORIGDSTADDR}
		}
		a, b, to := controlPair(t, network, "")
		setInt(t, b, option[0], option[1], 1)
		sendControl(t, a, "x", nil, to)
		_, control, _ := receipt(t, b)
		if got := find(t, control, cmsg.Message.OriginalDest); got != to.AddrPort() {
			t.Errorf("%v, want %v", got, to)
		}
	}
}

// The credentials of the sender, from the kernel or from the sender itself.
func TestControlCredentials(t *testing.T) {
	t.Parallel()
	for _, ty := range []sock.Type{sock.Stream, sock.Dgram, sock.SeqPacket} {
		a, b, err := sock.Pair(sock.Unix, ty, 0)
		wantErr(t, err, nil)
		closed(t, a)
		closed(t, b)
		setInt(t, b, unix.SOL_SOCKET, unix.SO_PASSCRED, 1)
		me := cmsg.Credentials{PID: os.Getpid(), UID: os.Geteuid(), GID: os.Getegid()}
		for _, control := range [][]byte{nil, cmsg.AppendCredentials(nil, me)} {
			sendControl(t, a, "x", control, sock.Addr{})
			_, got, _ := receipt(t, b)
			if c := find(t, got, cmsg.Message.Credentials); c != me {
				t.Errorf("%v: %+v, want %+v", ty, c, me)
			}
		}
		_, err = a.SendMsg(&sock.Message{Bufs: [][]byte{{1}}, Control: cmsg.AppendCredentials(nil, cmsg.Credentials{PID: 1 << 30, UID: me.UID, GID: me.GID})}, 0)
		if !isAny(err, syscall.ESRCH, syscall.EPERM, syscall.EINVAL) {
			t.Errorf("of a process that is none: %v", err)
		}
	}
}

func TestControlPIDFD(t *testing.T) {
	t.Parallel()
	a, b := streams(t, "pair")
	err := b.WithFD(func(fd int) error { return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PASSPIDFD, 1) })
	if err == syscall.ENOPROTOOPT {
		t.Skip("Linux before 6.5 has no SO_PASSPIDFD")
	}
	wantErr(t, err, nil)
	sendControl(t, a, "x", nil, sock.Addr{})
	_, control, _ := receipt(t, b)
	fd := find(t, control, cmsg.Message.PIDFD)
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	if err != nil || flags&unix.FD_CLOEXEC == 0 {
		t.Errorf("descriptor %d: flags %#x, %v", fd, flags, err)
	}
	wantErr(t, unix.PidfdSendSignal(fd, 0, nil, 0), nil) // it is this process, which is running
	sock.CloseRights(control)
	for m := range cmsg.All(control) {
		if again, ok := m.PIDFD(); ok {
			t.Errorf("it still has descriptor %d", again)
		}
	}
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == nil {
		// A parallel test may have a descriptor of that number by now.
		t.Log("the number is in use again")
	}
}

// The mark is for routing and firewalls. On the loopback the receiver gets it too.
func TestControlMark(t *testing.T) {
	t.Parallel()
	a, b, to := controlPair(t, "udp4", "")
	setInt(t, b, unix.SOL_SOCKET, unix.SO_RCVMARK, 1)
	_, err := a.SendMsg(&sock.Message{Bufs: [][]byte{{'x'}}, Control: cmsg.AppendMark(nil, 0x1234), Addr: to}, 0)
	if isAny(err, syscall.EPERM) && noPrivilege() != nil { // CAP_NET_RAW is sufficient
		return
	}
	wantErr(t, err, nil)
	_, control, _ := receipt(t, b)
	if mark := find(t, control, cmsg.Message.Mark); mark != 0x1234 {
		t.Errorf("mark %#x", mark)
	}
}

// Several kinds of control messages in a batch: each message keeps its own.
func TestControlBatch(t *testing.T) {
	t.Parallel()
	a, b, to := controlPair(t, "udp4", "")
	for _, o := range []int{unix.IP_RECVTTL, unix.IP_RECVTOS, unix.IP_PKTINFO} {
		setInt(t, b, unix.IPPROTO_IP, o, 1)
	}
	setInt(t, b, unix.IPPROTO_UDP, unix.UDP_GRO, 1)
	out, in := sock.NewBatch(8, 0, 128), sock.NewBatch(8, 65536, 256)
	var buf [128]byte
	for i := range 8 {
		control := cmsg.AppendTOS(cmsg.AppendTTL(buf[:0], to.AddrPort().Addr(), 10+i), to.AddrPort().Addr(), 4*i)
		if i%2 == 1 {
			control = cmsg.AppendSegmentSize(control, 100)
		}
		wantErr(t, out.Add([]byte(content10(250)), control, to), nil)
	}
	sendAll(t, a, out)
	for got := 0; got < 8; {
		n, err := b.RecvBatch(in, 0)
		wantErr(t, err, nil)
		for i := range n {
			c := in.Control(i)
			if ttl, tos := find(t, c, cmsg.Message.TTL), find(t, c, cmsg.Message.TOS); ttl != 10+got || tos != 4*got {
				t.Errorf("message %d: %d hops, service %d", got, ttl, tos)
			}
			if info := find(t, c, cmsg.Message.PacketInfo); info.Local.String() != "127.0.0.1" {
				t.Errorf("message %d: %+v", got, info)
			}
			if got%2 == 1 {
				if size := find(t, c, cmsg.Message.SegmentSize); size != 100 {
					t.Errorf("message %d: segments of %d", got, size)
				}
			}
			if string(in.At(i)) != content10(250) {
				t.Errorf("message %d: %d bytes", got, len(in.At(i)))
			}
			got++
		}
	}
}

// Controls ends where the kernel stopped, whatever the fields say, and allocates nothing.
func TestMessageControls(t *testing.T) {
	a, b, to := controlPair(t, "udp4", "")
	setInt(t, b, unix.IPPROTO_IP, unix.IP_RECVTTL, 1)
	setInt(t, b, unix.IPPROTO_IP, unix.IP_PKTINFO, 1)
	m := sock.Message{Bufs: [][]byte{make([]byte, 9)}, Control: make([]byte, 256)}
	count := func() (n int) {
		for c := range m.Controls() {
			if c.Level != unix.IPPROTO_IP {
				t.Errorf("a message of level %d", c.Level)
			}
			n++
		}
		return n
	}
	if n := count(); n != 0 {
		t.Errorf("%d messages before anything was received", n)
	}
	_, err := a.SendTo([]byte("x"), 0, to)
	wantErr(t, err, nil)
	_, err = b.RecvMsg(&m, 0)
	wantErr(t, err, nil)
	if n := count(); n != 2 {
		t.Errorf("%d messages of TTL and packet information", n)
	}
	allocates(t, "Controls", 0, func() { count() })
	for range m.Controls() {
		break // and go on with the first again
	}
	for size, want := range map[int]int{-5: 0, 0: 0, 9: 0, m.NControl: 2, math.MaxInt: 2} {
		all := m.NControl
		if m.NControl = size; count() != want {
			t.Errorf("NControl %d: %d messages, want %d", size, count(), want)
		}
		m.NControl = all
	}
	if m.Control = m.Control[:1]; count() != 0 {
		t.Error("a message in a Control of one byte")
	}
}

func TestAllocControlMessages(t *testing.T) {
	needRawCalls(t)
	a, b, to := controlPair(t, "udp4", "")
	for _, o := range []int{unix.IP_RECVTTL, unix.IP_RECVTOS, unix.IP_PKTINFO} {
		setInt(t, b, unix.IPPROTO_IP, o, 1)
	}
	info := cmsg.PacketInfo{Local: netip.MustParseAddr("127.0.0.1")}
	allocates(t, "control messages there and back", 0, func() {
		var control [256]byte
		c := cmsg.AppendTTL(control[:0], to.AddrPort().Addr(), 7)
		c = cmsg.AppendTOS(c, to.AddrPort().Addr(), 3)
		c = cmsg.AppendPacketInfo(c, info)
		c = cmsg.AppendSegmentSize(c, 1200)
		var out [1]byte
		m := sock.Message{Bufs: [][]byte{out[:]}, Control: c, Addr: to}
		n, err := a.SendMsg(&m, 0)
		must(t, n, err, 1)
		var in [64]byte
		var got [256]byte
		m = sock.Message{Bufs: [][]byte{in[:]}, Control: got[:]}
		n, err = b.RecvMsg(&m, 0)
		must(t, n, err, 1)
		seen := 0
		for c, rest, ok := cmsg.Next(got[:m.NControl]); ok; c, rest, ok = cmsg.Next(rest) {
			if ttl, ok := c.TTL(); ok && ttl == 7 {
				seen++
			}
			if tos, ok := c.TOS(); ok && tos == 3 {
				seen++
			}
			if i, ok := c.PacketInfo(); ok && i.Local == info.Local {
				seen++
			}
			c.Timestamp()
			c.ExtendedError()
			c.OriginalDest()
		}
		must(t, seen, nil, 3)
	})
	kept := cmsg.AppendTOS(cmsg.AppendTTL(nil, to.AddrPort().Addr(), 7), to.AddrPort().Addr(), 3)
	allocates(t, "ControlMessages", 0, func() {
		seen := 0
		for c := range cmsg.All(kept) {
			if _, ok := c.TTL(); ok {
				seen++
			}
			c.Timestamp()
			c.ExtendedError()
			c.OriginalDest()
		}
		must(t, seen, nil, 1)
	})
	allocates(t, "RecvErr of nothing", 0, func() {
		var p [64]byte
		_, err := a.RecvErr(p[:])
		wants(t, err, sock.ErrWouldBlock)
	})
}
