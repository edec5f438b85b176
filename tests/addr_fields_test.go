//go:build linux || freebsd || darwin || netbsd || openbsd || dragonfly

package sock_test

import (
	"errors"
	"net"
	"net/netip"
	"syscall"
	"testing"

	"github.com/berkeleysockets/sock"
)

// TestAddrFields shows the fields of the addresses that have no IP.
func TestAddrFields(t *testing.T) {
	t.Parallel()
	if a := sock.NetlinkAddr(7, 5); a.IsValid() {
		if port, groups, ok := a.Netlink(); port != 7 || groups != 5 || !ok {
			t.Error(port, groups, ok)
		}
	}
	if a := sock.VSockAddr(3, 1024); a.IsValid() {
		if cid, port, ok := a.VSock(); cid != 3 || port != 1024 || !ok {
			t.Error(cid, port, ok)
		}
	}
	if a, err := sock.PacketAddr(0x0800, 2, []byte{1, 2, 3, 4, 5, 6}); err == nil {
		l, ok := a.Link()
		if !ok || l.EtherType != 0x0800 || l.Interface != 2 || l.Hardware().String() != "01:02:03:04:05:06" {
			t.Error(l, ok)
		}
		if back, err := sock.ParseAddr("packet:2048:2:0a0b0c0d0e0f:1:broadcast"); err != nil {
			t.Error(err)
		} else if l, _ := back.Link(); l.Packet != sock.PacketBroadcast || l.LinkType != 1 || l.Packet.String() != "broadcast" {
			t.Error(l)
		}
	}
	other := addr(t, "127.0.0.1:80")
	if _, _, ok := other.Netlink(); ok {
		t.Error("an IPv4 address is netlink's")
	}
	if _, _, ok := other.VSock(); ok {
		t.Error("an IPv4 address is vsock's")
	}
	if _, ok := other.Link(); ok {
		t.Error("an IPv4 address is a packet address")
	}
	if _, ok := (sock.Addr{}).Link(); ok {
		t.Error("the zero Addr is a packet address")
	}
}

// TestAddrChanged shows WithPort and Unmap, also of addresses that they leave alone.
func TestAddrChanged(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ from, port, unmapped string }{
		{"127.0.0.1:80", "127.0.0.1:7", "127.0.0.1:80"},
		{"[::1]:80", "[::1]:7", "[::1]:80"},
		{"[fe80::1%3]:80", "[fe80::1%3]:7", "[fe80::1%3]:80"},
		{"[::ffff:1.2.3.4]:80", "[::ffff:1.2.3.4]:7", "1.2.3.4:80"},
		{"unix:/path", "unix:/path", "unix:/path"},
	} {
		a := addr(t, c.from)
		if got := a.WithPort(7); got.String() != c.port {
			t.Errorf("%v.WithPort(7) = %v, want %s", a, got, c.port)
		}
		if got := a.Unmap(); got.String() != c.unmapped {
			t.Errorf("%v.Unmap() = %v, want %s", a, got, c.unmapped)
		}
	}
	if a := (sock.Addr{}).WithPort(7); a.IsValid() {
		t.Error(a)
	}
}

// TestAddrFromNet shows that the addresses of package net and ours are the same, both ways.
func TestAddrFromNet(t *testing.T) {
	t.Parallel()
	for want, from := range map[string]net.Addr{
		"127.0.0.1:80":   &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80}, // 16 bytes
		"127.0.0.2:80":   &net.UDPAddr{IP: net.IP{127, 0, 0, 2}, Port: 80},
		"[::1]:80":       net.TCPAddrFromAddrPort(netip.MustParseAddrPort("[::1]:80")),
		"[fe80::1%3]:80": &net.UDPAddr{IP: net.ParseIP("fe80::1"), Port: 80, Zone: "3"},
		"10.0.0.1:0":     &net.IPAddr{IP: net.IP{10, 0, 0, 1}},
		"unix:/path":     &net.UnixAddr{Name: "/path", Net: "unix"},
		"unix:":          &net.UnixAddr{},
	} {
		if a, err := sock.AddrFromNet(from); err != nil || a.String() != want {
			t.Errorf("%v: %v, %v, want %s", from, a, err, want)
		}
	}
	for _, network := range present(t, "tcp4", "tcp6", "unix") {
		s, name := bound(t, network, sock.Stream)
		if a, err := sock.AddrFromNet(s.LocalAddr()); err != nil || a != name {
			t.Errorf("%v, %v, want %v", a, err, name)
		}
	}
	var none *net.TCPAddr
	for _, bad := range []net.Addr{nil, none, (*net.UDPAddr)(nil), (*net.UnixAddr)(nil), &net.TCPAddr{}, &net.TCPAddr{IP: net.IP{1, 2, 3}},
		&net.UDPAddr{IP: net.IP{1, 2, 3, 4}, Port: 65536}, &net.UDPAddr{IP: net.IP{1, 2, 3, 4}, Port: -1}, pipeAddr{}} {
		if a, err := sock.AddrFromNet(bad); a.IsValid() || !errors.Is(err, syscall.EINVAL) {
			t.Errorf("%T %v: %v, %v", bad, bad, a, err)
		}
	}
}

type pipeAddr struct{}

func (pipeAddr) Network() string { return "pipe" }
func (pipeAddr) String() string  { return "pipe" }

func TestAddrMust(t *testing.T) {
	t.Parallel()
	if a := sock.MustParseAddr("127.0.0.1:80"); a != addr(t, "127.0.0.1:80") {
		t.Error(a)
	}
	defer func() {
		if err, _ := recover().(error); !errors.Is(err, syscall.EINVAL) {
			t.Error(err)
		}
	}()
	sock.MustParseAddr("localhost:80")
}

func TestAllocAddrLink(t *testing.T) {
	a, err := sock.PacketAddr(0x0800, 2, []byte{1, 2, 3, 4, 5, 6})
	if err != nil {
		t.Skip("no packet addresses: ", err)
	}
	sum := 0
	if n := testing.AllocsPerRun(100, func() {
		l, _ := a.Link()
		for _, b := range l.Hardware() {
			sum += int(b)
		}
		a.WithPort(1).Unmap()
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
