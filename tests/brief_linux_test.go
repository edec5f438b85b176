package sock_test

import (
	"errors"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/cmsg"
	"github.com/berkeleysockets/sock/internal/testhook"
	"github.com/berkeleysockets/sock/sockopt"
)

// kinds are sockets of every family, type and protocol that this kernel may have.
var kinds = []struct {
	name   string
	domain sock.Domain
	typ    sock.Type
	proto  sock.Protocol
	brief  bool // its transfers do not sleep
}{
	{"tcp4", unix.AF_INET, sock.Stream, 0, true},
	{"tcp4 by number", unix.AF_INET, sock.Stream, unix.IPPROTO_TCP, true},
	{"udp4", unix.AF_INET, sock.Dgram, 0, true},
	{"udp4 by number", unix.AF_INET, sock.Dgram, unix.IPPROTO_UDP, true},
	{"tcp6", unix.AF_INET6, sock.Stream, 0, true},
	{"udp6", unix.AF_INET6, sock.Dgram, 0, true},
	{"unix stream", unix.AF_UNIX, sock.Stream, 0, true},
	{"unix datagrams", unix.AF_UNIX, sock.Dgram, 0, true},
	{"unix packets", unix.AF_UNIX, sock.SeqPacket, 0, true},
	{"MPTCP", unix.AF_INET, sock.Stream, unix.IPPROTO_MPTCP, false},
	{"SMC of TCP", unix.AF_INET, sock.Stream, 256, false},
	{"SCTP", unix.AF_INET, sock.Stream, unix.IPPROTO_SCTP, false},
	{"SCTP messages", unix.AF_INET, sock.SeqPacket, unix.IPPROTO_SCTP, false},
	{"UDP-Lite", unix.AF_INET, sock.Dgram, unix.IPPROTO_UDPLITE, false},
	{"ICMP", unix.AF_INET, sock.Dgram, unix.IPPROTO_ICMP, false},
	{"raw", unix.AF_INET, sock.Raw, unix.IPPROTO_ICMP, false},
	{"raw, IPv6", unix.AF_INET6, sock.Raw, unix.IPPROTO_ICMPV6, false},
	{"SOCK_PACKET", unix.AF_INET, unix.SOCK_PACKET, 0x300, false},
	{"packet", unix.AF_PACKET, sock.Raw, 0x300, false},
	{"netlink", unix.AF_NETLINK, sock.Raw, unix.NETLINK_ROUTE, false},
	{"generic netlink", unix.AF_NETLINK, sock.Dgram, unix.NETLINK_GENERIC, false},
	{"AF_KEY", unix.AF_KEY, sock.Raw, 2, false},
	{"CAN", unix.AF_CAN, sock.Raw, unix.CAN_RAW, false},
	{"ISO-TP", unix.AF_CAN, sock.Dgram, unix.CAN_ISOTP, false},
	{"J1939", unix.AF_CAN, sock.Dgram, unix.CAN_J1939, false},
	{"MCTP", unix.AF_MCTP, sock.Dgram, 0, false},
	{"vsock", unix.AF_VSOCK, sock.Stream, 0, false},
	{"vsock datagrams", unix.AF_VSOCK, sock.Dgram, 0, false},
	{"SMC", unix.AF_SMC, sock.Stream, 0, false},
	{"RDS", unix.AF_RDS, sock.SeqPacket, 0, false},
	{"TIPC", unix.AF_TIPC, sock.SeqPacket, 0, false},
	{"XDP", unix.AF_XDP, sock.Raw, 0, false},
	{"QRTR", unix.AF_QIPCRTR, sock.Dgram, 0, false},
	{"Bluetooth", unix.AF_BLUETOOTH, sock.SeqPacket, 0, false},
	{"crypto", unix.AF_ALG, sock.SeqPacket, 0, false},
	{"KCM", unix.AF_KCM, sock.Dgram, 0, false},
	{"PPPoX", unix.AF_PPPOX, sock.Dgram, 1, false},
	{"phonet", unix.AF_PHONET, sock.Dgram, 0, false},
	{"802.15.4", unix.AF_IEEE802154, sock.Dgram, 0, false},
}

// A kind of socket keeps its processor in a transfer only if it is on the list, also if it is
// adopted, copied, or accepted.
func TestBriefKinds(t *testing.T) {
	t.Parallel()
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			s, err := sock.Open(k.domain, k.typ, k.proto)
			if err != nil {
				t.Skip("this kernel or user has none: ", err)
			}
			defer s.Close()
			if got := testhook.Brief(s); got != k.brief {
				t.Errorf("Open: %v", got)
			}
			d, err := s.Dup()
			wantErr(t, err, nil)
			if got := testhook.Brief(d); got != k.brief {
				t.Errorf("Dup: %v", got)
			}
			fd, err := d.Detach()
			wantErr(t, err, nil)
			a, err := sock.FromFD(fd)
			wantErr(t, err, nil)
			defer a.Close()
			if got := testhook.Brief(a); got != k.brief {
				t.Errorf("FromFD: %v", got)
			}
		})
	}
}

// A protocol on top of TCP ends it, for the copies and for what is accepted or adopted too.
func TestBriefULP(t *testing.T) {
	t.Parallel()
	a, b := streams(t, "tcp4")
	if !testhook.Brief(a) || !testhook.Brief(b) {
		t.Fatal("TCP may sleep")
	}
	u := open(t, sock.Inet, sock.Dgram)
	for s, want := range map[*sock.Socket]bool{b: false, u: true} {
		wantErr(t, s.WithFD(func(int) error { return nil }), nil)
		if testhook.Brief(s) != want {
			t.Errorf("%v after WithFD: brief %v", s, !want)
		}
	}
	if err := sockopt.String(unix.IPPROTO_TCP, unix.TCP_ULP).Set(a, "tls"); err != nil {
		t.Log("this kernel has no TLS: ", err)
	}
	if testhook.Brief(a) {
		t.Error("with TCP_ULP it is brief")
	}
	d, err := a.Dup()
	wantErr(t, err, nil)
	defer d.Close()
	if testhook.Brief(d) {
		t.Error("a copy is brief")
	}
	name := make([]byte, 16)
	if n, err := a.Getsockopt(unix.IPPROTO_TCP, unix.TCP_ULP, name); err != nil || n == 0 {
		t.Skip("this kernel has no protocol to put on top")
	}
	f, err := sock.FromConn(a)
	wantErr(t, err, nil)
	defer f.Close()
	if testhook.Brief(f) {
		t.Error("an adopted one is brief")
	}
}

// Options end the permission for close, but for a few; each way to set one does.
func TestBriefOptions(t *testing.T) {
	t.Parallel()
	group := sock.Group{Addr: netip.MustParseAddr("224.0.0.251")}
	for name, c := range map[string]struct {
		do   func(s *sock.Socket)
		want bool
	}{
		"ReuseAddr": {func(s *sock.Socket) { sockopt.ReuseAddr.Set(s, true) }, true},
		"KeepAlive": {func(s *sock.Socket) { sockopt.KeepAlive.Set(s, true) }, true},
		"NoDelay":   {func(s *sock.Socket) { sockopt.TCPNoDelay.Set(s, true) }, true},
		"IPTTL":     {func(s *sock.Socket) { sockopt.IPTTL.Set(s, 9) }, false},
		"unknown":   {func(s *sock.Socket) { s.Setsockopt(unix.SOL_IP, 9999, []byte{1, 0, 0, 0}) }, false},
		"a level":   {func(s *sock.Socket) { s.Setsockopt(9999, unix.SO_KEEPALIVE, []byte{1, 0, 0, 0}) }, false},
		"JoinGroup": {func(s *sock.Socket) { s.JoinGroup(group) }, false},
		"a filter":  {func(s *sock.Socket) { s.AttachFilter([]sock.FilterInstruction{{Op: 6, K: 1 << 16}}) }, false},
	} {
		s := open(t, sock.Inet, sock.Stream)
		c.do(s)
		if got := testhook.CloseNosched(s); got != c.want {
			t.Errorf("%s: close keeps its processor: %v", name, got)
		}
	}
}

// Every receive works for every family: no flag is given that it refuses.
func TestReceiveFlags(t *testing.T) {
	t.Parallel()
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			s, err := sock.Open(k.domain, k.typ, k.proto)
			if err != nil {
				t.Skip("this kernel or user has none: ", err)
			}
			defer s.Close()
			s.SetNonblock(true)
			p := make([]byte, 64)
			_, want := s.Recv(p, 0)
			_, err = s.RecvMsg(&sock.Message{Bufs: [][]byte{p}, Control: make([]byte, 64)}, 0)
			sameErr(t, "RecvMsg", err, want)
			_, err = s.RecvBatch(sock.NewBatch(2, 64, 64), 0)
			sameErr(t, "RecvBatch", err, want)
			_, err = s.Readv([][]byte{p})
			sameErr(t, "Readv", err, want)
		})
	}
}

func errno(err error) (e syscall.Errno) {
	errors.As(err, &e)
	return e
}

func sameErr(t *testing.T, what string, err, want error) {
	t.Helper()
	if (err == nil) != (want == nil) || errno(err) != errno(want) {
		t.Errorf("%s: %v, where Recv says %v", what, err, want)
	}
}

// What a unix socket receives is close-on-exec, by every call, and if it was adopted.
func TestRightsCloseOnExec(t *testing.T) {
	t.Parallel()
	for _, ty := range []sock.Type{sock.Stream, sock.Dgram, sock.SeqPacket} {
		a, b, err := sock.Pair(sock.Unix, ty, 0)
		wantErr(t, err, nil)
		defer a.Close()
		fd, err := b.Detach()
		wantErr(t, err, nil)
		b, err = sock.FromFD(fd)
		wantErr(t, err, nil)
		defer b.Close()
		for name, receive := range map[string]func() []byte{
			"RecvMsg": func() []byte {
				m := sock.Message{Bufs: [][]byte{make([]byte, 1)}, Control: make([]byte, 64)}
				_, err := b.RecvMsg(&m, 0)
				wantErr(t, err, nil)
				return m.Control[:m.NControl]
			},
			"RecvBatch": func() []byte {
				batch := sock.NewBatch(1, 1, 64)
				_, err := b.RecvBatch(batch, 0)
				wantErr(t, err, nil)
				return batch.Control(0)
			},
		} {
			_, err := a.SendMsg(&sock.Message{Bufs: [][]byte{{'x'}}, Control: cmsg.AppendRights(nil, a.FD())}, 0)
			wantErr(t, err, nil)
			control := receive()
			m, _, ok := cmsg.Next(control)
			fds, isRights := m.Rights(nil)
			if !ok || !isRights || len(fds) != 1 {
				t.Fatalf("%s, %s: no descriptor", ty, name)
			}
			flags, err := unix.FcntlInt(uintptr(fds[0]), unix.F_GETFD, 0)
			if err != nil || flags&unix.FD_CLOEXEC == 0 {
				t.Errorf("%s, %s: descriptor flags %#x, %v", ty, name, flags, err)
			}
			sock.CloseRights(control)
		}
	}
}

// More calls in progress than can be counted panic, as in package net, and corrupt nothing.
func TestTooManyCalls(t *testing.T) {
	t.Parallel()
	const most = 1<<20 - 1
	panics := func(f func()) (message any) {
		defer func() { message = recover() }()
		f()
		return nil
	}
	const want = "sock: too many concurrent operations on a single Socket or Poller (max 1048575)"
	a, b := streams(t, "tcp4")
	a.SetNonblock(true)
	p, err := sock.NewPoller()
	wantErr(t, err, nil)
	defer p.Close()
	wantErr(t, p.Add(a, sock.Readable, nil), nil)
	testhook.Ops(a, most)
	testhook.Ops(p, most)
	for name, f := range map[string]func(){
		"Send":    func() { a.Send([]byte("x"), 0) },
		"Recv":    func() { a.Recv(make([]byte, 1), 0) },
		"SendMsg": func() { a.SendMsg(&sock.Message{}, 0) },
		"Accept":  func() { a.Accept() },
		"Name":    func() { a.Sockname() },
		"Wait":    func() { a.Wait(sock.Writable) },
		"Close":   func() { a.Close() },
		"Poller":  func() { p.Wait(make([]sock.Event, 1), 0) },
		"Wake":    func() { p.Wake() },
	} {
		if got := panics(f); got != want {
			t.Errorf("%s: panic %v, want %q", name, got, want)
		}
	}
	testhook.Ops(a, -1) // one less is enough
	testhook.Ops(p, -1)
	if n, err := a.Send([]byte("x"), 0); n != 1 || err != nil {
		t.Errorf("with one less: %d, %v", n, err)
	}
	if n, err := p.Wait(make([]sock.Event, 1), 0); n != 0 || err != nil {
		t.Errorf("with one less: %d, %v", n, err)
	}
	testhook.Ops(a, 1-most)
	testhook.Ops(p, 1-most)
	if got, err := b.Recv(make([]byte, 9), 0); got != 1 || err != nil {
		t.Errorf("the peer: %d, %v", got, err)
	}
	wantErr(t, a.Close(), nil)
	wantErr(t, p.Close(), nil)
}

// A tracer and slow memory come and go in any order, from any goroutine: neither ends the
// other.
func TestSlowMemoryAndTracer(t *testing.T) { // not parallel: both are the process's
	defer func() {
		sock.SetTracer(nil)
		sock.SetSlowMemory(false)
		if testhook.Detour() != 0 {
			t.Error("with both off transfers leave the fast path")
		}
	}()
	a, b := streams(t, "tcp4")
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 500 {
				sock.SetTracer(func(sock.Call) {})
				sock.SetSlowMemory(true)
				sock.SetTracer(nil)
				sock.SetSlowMemory(false)
			}
		})
		wg.Go(func() {
			for range 500 {
				if n, err := a.Send([]byte("x"), 0); n != 1 || err != nil {
					t.Error(n, err)
				}
				if n, err := b.Recv(make([]byte, 1), 0); n != 1 || err != nil {
					t.Error(n, err)
				}
			}
		})
	}
	wg.Wait()
	for range 2 {
		sock.SetSlowMemory(true)
		var seen atomic.Int32
		sock.SetTracer(func(sock.Call) { seen.Add(1) })
		sock.SetSlowMemory(false)
		_, err := a.Send([]byte("x"), 0)
		wantErr(t, err, nil)
		if seen.Load() == 0 {
			t.Error("no call was traced")
		}
		sock.SetSlowMemory(true)
		sock.SetTracer(nil)
		if testhook.Detour() == 0 {
			t.Error("the end of a tracer is that of slow memory")
		}
	}
}
