package sock_test

import (
	"bytes"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"syscall"
	"testing"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/sockopt"
)

// dual opens an IPv6 socket that takes IPv4 as well, bound to the unspecified
// address, and returns its port.
func dual(t *testing.T, ty sock.Type) (*sock.Socket, uint16) {
	t.Helper()
	needIPv6(t)
	if runtime.GOOS == "openbsd" {
		t.Skip("OpenBSD has no dual-stack sockets")
	}
	s := open(t, sock.Inet6, ty, sockopt.IPv6Only.With(false))
	if err := s.Bind(addr(t, "[::]:0")); err != nil {
		t.Fatal(err)
	}
	name, err := s.Sockname()
	if err != nil {
		t.Fatal(err)
	}
	return s, name.Port()
}

// An IPv4 client of a dual-stack listener has a v4-mapped address, in both of the
// server's names, and package net's types agree.
func TestIPv6DualStackStream(t *testing.T) {
	t.Parallel()
	l, port := dual(t, sock.Stream)
	if err := l.Listen(0); err != nil {
		t.Fatal(err)
	}
	c := open(t, sock.Inet, sock.Stream)
	if err := c.Connect(addr(t, fmt.Sprintf("127.0.0.1:%d", port))); err != nil {
		t.Fatal(err)
	}
	mine, err := c.Sockname()
	if err != nil {
		t.Fatal(err)
	}
	s, from, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	closed(t, s)
	if want := addr(t, fmt.Sprintf("[::ffff:127.0.0.1]:%d", mine.Port())); from != want || from == mine {
		t.Errorf("Accept's address %v, want %v", from, want)
	}
	if peer, err := s.Peername(); err != nil || peer != from {
		t.Errorf("Peer = %v, %v", peer, err)
	}
	if name, err := s.Sockname(); err != nil || name != addr(t, fmt.Sprintf("[::ffff:127.0.0.1]:%d", port)) {
		t.Errorf("Name = %v, %v", name, err)
	}
	if s.Domain() != sock.Inet6 {
		t.Errorf("Domain = %v", s.Domain())
	}
	if a, ok := s.RemoteAddr().(*net.TCPAddr); !ok || !a.IP.Equal(net.IPv4(127, 0, 0, 1)) || a.Zone != "" {
		t.Errorf("RemoteAddr = %#v", s.RemoteAddr())
	}
}

// An IPv6 socket reaches IPv4 by v4-mapped addresses, and hears from it by them.
func TestIPv6DualStackDatagram(t *testing.T) {
	t.Parallel()
	s, port := dual(t, sock.Dgram)
	four, at := bound(t, "udp4", sock.Dgram)
	mapped := addr(t, fmt.Sprintf("[::ffff:127.0.0.1]:%d", at.Port()))
	if _, err := s.SendTo([]byte("over"), 0, mapped); err != nil {
		t.Fatal(err)
	}
	p := make([]byte, 9)
	n, from, err := four.RecvFrom(p, 0)
	if err != nil || string(p[:n]) != "over" || from != addr(t, fmt.Sprintf("127.0.0.1:%d", port)) {
		t.Fatalf("%q from %v, %v", p[:n], from, err)
	}
	if _, err := four.SendTo([]byte("back"), 0, from); err != nil {
		t.Fatal(err)
	}
	n, from, err = s.RecvFrom(p, 0)
	if err != nil || string(p[:n]) != "back" || from != mapped {
		t.Errorf("%q from %v, %v", p[:n], from, err)
	}
	// SendTo accepts the address that RecvFrom returned.
	if _, err := s.SendTo([]byte("again"), 0, from); err != nil {
		t.Error(err)
	}
	if n, err := four.Recv(p, 0); err != nil || string(p[:n]) != "again" {
		t.Errorf("%q, %v", p[:n], err)
	}
	if err := s.Connect(mapped); err != nil {
		t.Fatal(err)
	}
	if peer, err := s.Peername(); err != nil || peer != mapped {
		t.Errorf("Peer = %v, %v", peer, err)
	}
	if name, err := s.Sockname(); err != nil || name != addr(t, fmt.Sprintf("[::ffff:127.0.0.1]:%d", port)) {
		t.Errorf("Name = %v, %v", name, err)
	}
}

// An IPv6 socket that is bound to a v4-mapped address works like an IPv4 socket, except
// for its family.
func TestIPv6BindMapped(t *testing.T) {
	t.Parallel()
	needIPv6(t)
	if runtime.GOOS == "openbsd" {
		t.Skip("OpenBSD has no dual-stack sockets")
	}
	s := open(t, sock.Inet6, sock.Dgram, sockopt.IPv6Only.With(false))
	if err := s.Bind(addr(t, "[::ffff:127.0.0.1]:0")); err != nil {
		t.Fatal(err)
	}
	name, err := s.Sockname()
	if err != nil || name.AddrPort().Addr() != netip.MustParseAddr("::ffff:127.0.0.1") {
		t.Errorf("Name = %v, %v", name, err)
	}
	four := open(t, sock.Inet, sock.Dgram)
	if _, err := four.SendTo([]byte("x"), 0, addr(t, fmt.Sprintf("127.0.0.1:%d", name.Port()))); err != nil {
		t.Fatal(err)
	}
	if n, err := s.Recv(make([]byte, 9), 0); n != 1 || err != nil {
		t.Error(n, err)
	}
}

// With IPv6Only it takes no IPv4, and says so; IPv4 may have the same port.
func TestIPv6Only(t *testing.T) {
	t.Parallel()
	needIPv6(t)
	set := []sock.Setting{sockopt.IPv6Only.With(true)}
	if runtime.GOOS == "openbsd" {
		set = nil // always so
	}
	s := open(t, sock.Inet6, sock.Stream, set...)
	if only, err := sockopt.IPv6Only.Get(s); err != nil || !only {
		t.Errorf("IPv6Only = %v, %v", only, err)
	}
	mapped := addr(t, "[::ffff:127.0.0.1]:0")
	wrong(t, s.Bind(mapped), "bind", mapped, onLinux(syscall.EINVAL, syscall.EADDRNOTAVAIL, syscall.EINVAL)...)
	mapped = addr(t, "[::ffff:127.0.0.1]:9")
	wrong(t, s.Connect(mapped), "connect", mapped, onLinux(syscall.ENETUNREACH, syscall.EINVAL, syscall.EADDRNOTAVAIL, syscall.ENETUNREACH, syscall.EHOSTUNREACH)...)
	u := open(t, sock.Inet6, sock.Dgram, set...)
	_, err := u.SendTo(nil, 0, mapped)
	wrong(t, err, "sendto", mapped, onLinux(syscall.ENETUNREACH, syscall.EINVAL, syscall.EADDRNOTAVAIL, syscall.ENETUNREACH, syscall.EHOSTUNREACH)...)

	// The same port in both families, if no other test has it in one.
	for range 20 {
		four, at := bound(t, "tcp4", sock.Stream)
		six := open(t, sock.Inet6, sock.Stream, set...)
		if err = six.Bind(addr(t, fmt.Sprintf("[::]:%d", at.Port()))); err == nil {
			wrong(t, sockopt.IPv6Only.Set(six, false), "setsockopt IPV6_V6ONLY", sock.Addr{}, onLinux(syscall.EINVAL)...) // too late
			return
		}
		four.Close()
	}
	t.Error(err)
}

// Linux lets an IPv6 datagram socket send to an IPv4 address as it is; with
// IPv6Only it cannot. POSIX has EAFNOSUPPORT or EINVAL.
func TestIPv6SendToIPv4(t *testing.T) {
	t.Parallel()
	needIPv6(t)
	four, at := bound(t, "udp4", sock.Dgram)
	s := open(t, sock.Inet6, sock.Dgram)
	if runtime.GOOS != "openbsd" {
		wantErr(t, sockopt.IPv6Only.Set(s, false), nil)
	}
	_, err := s.SendTo([]byte("x"), 0, at)
	wrong(t, err, "sendto", at, onLinux(nil, syscall.EAFNOSUPPORT, syscall.EINVAL)...)
	if err == nil {
		if n, err := four.Recv(make([]byte, 9), 0); n != 1 || err != nil {
			t.Error(n, err)
		}
	}
	if runtime.GOOS == "linux" {
		only := open(t, sock.Inet6, sock.Dgram, sockopt.IPv6Only.With(true))
		_, err := only.SendTo(nil, 0, at)
		wrong(t, err, "sendto", at, syscall.ENETUNREACH)
	}
}

// The other way there is no v4-mapped address: it is another family.
func TestIPv6MappedForIPv4(t *testing.T) {
	t.Parallel()
	mapped := addr(t, "[::ffff:127.0.0.1]:9")
	u := open(t, sock.Inet, sock.Dgram)
	_, err := u.SendTo(nil, 0, mapped)
	wrong(t, err, "sendto", mapped, syscall.EAFNOSUPPORT, syscall.EINVAL)
	wrong(t, u.Connect(mapped), "connect", mapped, syscall.EAFNOSUPPORT, syscall.EINVAL)
	wrong(t, u.Bind(mapped), "bind", mapped, syscall.EAFNOSUPPORT, syscall.EINVAL)
}

// linkLocal returns a link-local address of this machine, with its interface.
func linkLocal(t *testing.T) (netip.Addr, *net.Interface) {
	t.Helper()
	all, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range all {
		addrs, err := i.Addrs()
		if err != nil || i.Flags&net.FlagUp == 0 {
			continue
		}
		for _, a := range addrs {
			if n, ok := a.(*net.IPNet); ok && n.IP.To4() == nil && n.IP.IsLinkLocalUnicast() {
				ip, _ := netip.AddrFromSlice(n.IP)
				return ip.WithZone(""), &i
			}
		}
	}
	t.Skip("no interface here has a link-local address")
	panic("unreachable")
}

// A link-local address means something with its scope alone, which stays a
// number all the way. Nothing leaves the machine: both ends are on it.
func TestIPv6ScopeID(t *testing.T) {
	t.Parallel()
	needIPv6(t)
	ip, ifi := linkLocal(t)
	without, err := sock.AddrFrom(netip.AddrPortFrom(ip, 0))
	if err != nil {
		t.Fatal(err)
	}
	wrong(t, open(t, sock.Inet6, sock.Dgram).Bind(without), "bind", without, onLinux(syscall.EINVAL, syscall.EADDRNOTAVAIL, syscall.EINVAL, nil)...)

	at, err := sock.AddrFrom(netip.AddrPortFrom(ip.WithZone(ifi.Name), 0))
	if err != nil {
		t.Fatal(err)
	}
	a, b := open(t, sock.Inet6, sock.Dgram), open(t, sock.Inet6, sock.Dgram)
	for _, s := range []*sock.Socket{a, b} {
		if err := s.Bind(at); err != nil {
			t.Fatal(err)
		}
	}
	name, err := b.Sockname()
	if want := fmt.Sprintf("[%v%%%d]:%d", ip, ifi.Index, name.Port()); err != nil || name.String() != want {
		t.Errorf("Name = %v, %v, want %s", name, err, want)
	}
	if byName := addr(t, fmt.Sprintf("[%v%%%s]:%d", ip, ifi.Name, name.Port())); byName != name {
		t.Errorf("parsed with the interface's name: %v, want %v", byName, name)
	}
	if _, err := a.SendTo([]byte("scoped"), 0, name); err != nil {
		t.Fatal(err)
	}
	p := make([]byte, 9)
	n, from, err := b.RecvFrom(p, 0)
	aName, _ := a.Sockname()
	if err != nil || string(p[:n]) != "scoped" || from != aName {
		t.Errorf("%q from %v, want %v, %v", p[:n], from, aName, err)
	}
	if r, ok := b.LocalAddr().(*net.UDPAddr); !ok || r.Zone != fmt.Sprint(ifi.Index) {
		t.Errorf("LocalAddr = %#v", b.LocalAddr())
	}
}

// What is not link-local needs no scope, and the kernel drops one that is given.
func TestIPv6ScopeOfLoopback(t *testing.T) {
	t.Parallel()
	needIPv6(t)
	_, lo := loopbackInterface(t)
	s := open(t, sock.Inet6, sock.Dgram)
	if err := s.Bind(addr(t, fmt.Sprintf("[::1%%%d]:0", lo))); err != nil {
		t.Skip("a scope with ::1 is refused here: ", err)
	}
	name, err := s.Sockname()
	if runtime.GOOS == "linux" && (err != nil || name != addr(t, fmt.Sprintf("[::1]:%d", name.Port()))) {
		t.Errorf("Name = %v, %v", name, err)
	}
	fixed(t, name)
}

// A scope that names no interface is the kernel's to refuse.
func TestIPv6ScopeUnknown(t *testing.T) {
	t.Parallel()
	needIPv6(t)
	at := addr(t, "[fe80::1%2147483646]:0")
	err := open(t, sock.Inet6, sock.Dgram).Bind(at)
	wrong(t, err, "bind", at, onLinux(syscall.ENODEV, syscall.ENXIO, syscall.EADDRNOTAVAIL, syscall.EINVAL)...)
	at = addr(t, "[fe80::1%2147483646]:9")
	err = open(t, sock.Inet6, sock.Dgram).Connect(at)
	wrong(t, err, "connect", at, onLinux(syscall.ENETUNREACH, syscall.ENXIO, syscall.EADDRNOTAVAIL, syscall.EINVAL, syscall.ENETUNREACH, syscall.EHOSTUNREACH)...)
}

// The flow label is the sender's own, and no part of a received address.
func TestIPv6FlowInfo(t *testing.T) {
	t.Parallel()
	needIPv6(t)
	r, at := bound(t, "udp6", sock.Dgram)
	with, err := sock.RawAddr(refInet6([16]byte{15: 1}, at.Port(), 0x54321, 0))
	if err != nil {
		t.Fatal(err)
	}
	s, sName := bound(t, "udp6", sock.Dgram)
	if _, err := s.SendTo([]byte("x"), 0, with); err != nil {
		t.Fatal(err)
	}
	if _, from, err := r.RecvFrom(make([]byte, 9), 0); err != nil || from != sName {
		t.Errorf("from %v, %v", from, err)
	}
	if err := s.Connect(with); err != nil {
		t.Fatal(err)
	}
	if peer, err := s.Peername(); err != nil || peer.AddrPort() != with.AddrPort() || !bytes.Equal(peer.Bytes()[8:], with.Bytes()[8:]) {
		t.Errorf("Peer = %v, %v", peer, err)
	}
}
