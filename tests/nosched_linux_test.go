package sock_test

import (
	"encoding/binary"
	"net"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/internal/testhook"
	"github.com/berkeleysockets/sock/sockopt"
)

// Calls keep the P while no other process can make them sleep.
func TestBrief(t *testing.T) {
	t.Parallel()
	lingers := func(seconds uint32) []byte {
		return binary.NativeEndian.AppendUint32(binary.NativeEndian.AppendUint32(nil, 1), seconds)
	}
	for name, c := range map[string]struct {
		do   func(s *sock.Socket)
		want bool
	}{
		"nothing":     {func(s *sock.Socket) {}, true},
		"an option":   {func(s *sock.Socket) { wantErr(t, sockopt.TCPNoDelay.Set(s, true), nil) }, true},
		"modes":       {func(s *sock.Socket) { s.SetNonblock(true); s.SetNonblock(false) }, true},
		"aborts":      {func(s *sock.Socket) { wantErr(t, sockopt.Linger.Set(s, sockopt.LingerValue{On: true}), nil) }, true},
		"FD":          {func(s *sock.Socket) { s.FD() }, false},
		"WithFD":      {func(s *sock.Socket) { wantErr(t, s.WithFD(func(int) error { return nil }), nil) }, false},
		"SyscallConn": {func(s *sock.Socket) { c, _ := s.SyscallConn(); wantErr(t, c.Control(func(uintptr) {}), nil) }, false},
		"Dup":         {func(s *sock.Socket) { d, _ := s.Dup(); closed(t, d) }, false},
		"File":        {func(s *sock.Socket) { f, _ := s.File(); f.Close() }, false},
		"lingers": {func(s *sock.Socket) {
			wantErr(t, sockopt.Linger.Set(s, sockopt.LingerValue{On: true, Timeout: time.Second}), nil)
		}, false},
		"lingers, by hand": {func(s *sock.Socket) {
			wantErr(t, sockopt.Bytes(unix.SOL_SOCKET, unix.SO_LINGER, 8).Set(s, lingers(1)), nil)
		}, false},
		"a protocol above": {func(s *sock.Socket) { sockopt.Bytes(unix.IPPROTO_TCP, unix.TCP_ULP, 16).Set(s, []byte("none")) }, false},
		"aborts, by hand": {func(s *sock.Socket) {
			wantErr(t, sockopt.Bytes(unix.SOL_SOCKET, unix.SO_LINGER, 8).Set(s, lingers(0)), nil)
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, at := listening(t, "tcp4")
			s := open(t, sock.Inet, sock.Stream)
			c.do(s)
			if testhook.Nosched(s) != c.want || testhook.CloseNosched(s) != c.want {
				t.Errorf("the Socket is brief: %v, when it is closed %v", testhook.Nosched(s), testhook.CloseNosched(s))
			}
			if testhook.CloseNosched(l) {
				t.Error("a listening Socket, and with it who waits there, is closed briefly")
			}
			c.do(l) // what it accepts inherits O_NONBLOCK from nobody, but lingers as it does
			wantErr(t, s.Connect(at), nil)
			a, _, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			if testhook.Nosched(a) != c.want {
				t.Errorf("what is accepted is brief: %v", testhook.Nosched(a))
			}
			wantErr(t, a.Close(), nil)
			wantErr(t, s.Close(), nil)
		})
	}
	for name, s := range map[string]*sock.Socket{
		"datagrams": open(t, sock.Inet, sock.Dgram),
		"unix":      open(t, sock.Unix, sock.Stream),
	} {
		if testhook.Nosched(s) {
			t.Errorf("%s: brief", name)
		}
	}
	s := open(t, sock.Inet, sock.Stream)
	d, err := s.Dup()
	wantErr(t, err, nil)
	fd, err := d.Detach()
	wantErr(t, err, nil)
	f, err := sock.FromFD(fd)
	wantErr(t, err, nil)
	if testhook.Nosched(d) || testhook.Nosched(f) {
		t.Error("copies are brief")
	}
	wantErr(t, f.Close(), nil)
}

// A connection to the unspecified address reports which one it was.
func TestConnectUnspecified(t *testing.T) {
	t.Parallel()
	for any, want := range map[string]string{"0.0.0.0": "127.0.0.1", "::": "::1", "::ffff:0.0.0.0": "::ffff:127.0.0.1"} {
		t.Run(any, func(t *testing.T) {
			to := netip.MustParseAddr(any)
			network := "tcp6"
			if to.Unmap().Is4() {
				network = "tcp4"
			}
			_, at := listening(t, network)
			d := sock.Inet6
			if to.Is4() {
				d = sock.Inet
			} else {
				needIPv6(t)
			}
			s := open(t, d, sock.Stream)
			addr, err := sock.AddrFrom(netip.AddrPortFrom(to, at.Port()))
			wantErr(t, err, nil)
			wantErr(t, s.Connect(addr), nil)
			peer, err := s.Peername()
			wantErr(t, err, nil)
			if got := peer.AddrPort().Addr().String(); got != want {
				t.Errorf("%s: Peer %s, want %s", any, got, want)
			}
			if got := s.RemoteAddr().(*net.TCPAddr).IP; !got.Equal(net.ParseIP(want)) {
				t.Errorf("%s: RemoteAddr %v, want %s", any, got, want)
			}
		})
	}
}
