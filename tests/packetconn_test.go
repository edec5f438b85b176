//go:build linux || freebsd || darwin || netbsd || openbsd || dragonfly

package sock_test

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/sockopt"
)

// A packetUDP is what code finds in a *net.UDPConn, and in ours.
type packetUDP interface {
	net.PacketConn
	net.Conn
	syscall.Conn
	ReadFromUDP(p []byte) (int, *net.UDPAddr, error)
	ReadFromUDPAddrPort(p []byte) (int, netip.AddrPort, error)
	ReadMsgUDP(p, oob []byte) (n, oobn, flags int, from *net.UDPAddr, err error)
	ReadMsgUDPAddrPort(p, oob []byte) (n, oobn, flags int, from netip.AddrPort, err error)
	WriteToUDP(p []byte, to *net.UDPAddr) (int, error)
	WriteToUDPAddrPort(p []byte, to netip.AddrPort) (int, error)
	WriteMsgUDP(p, oob []byte, to *net.UDPAddr) (n, oobn int, err error)
	WriteMsgUDPAddrPort(p, oob []byte, to netip.AddrPort) (n, oobn int, err error)
	SetReadBuffer(bytes int) error
	SetWriteBuffer(bytes int) error
	File() (*os.File, error)
}

var _ packetUDP = (*net.UDPConn)(nil)

// packetReaders and packetWriters are the methods that take an address, each as
// if it were the same.
var packetReaders = []struct {
	name string
	read func(c packetUDP, p []byte) (int, netip.AddrPort, error)
}{
	{"ReadFrom", func(c packetUDP, p []byte) (int, netip.AddrPort, error) {
		n, from, err := c.ReadFrom(p)
		if from == nil {
			return n, netip.AddrPort{}, err
		}
		return n, addrPort(from.(*net.UDPAddr)), err
	}},
	{"ReadFromUDP", func(c packetUDP, p []byte) (int, netip.AddrPort, error) {
		n, from, err := c.ReadFromUDP(p)
		return n, addrPort(from), err
	}},
	{"ReadFromUDPAddrPort", func(c packetUDP, p []byte) (int, netip.AddrPort, error) {
		return c.ReadFromUDPAddrPort(p)
	}},
	{"ReadMsgUDP", func(c packetUDP, p []byte) (int, netip.AddrPort, error) {
		n, oobn, flags, from, err := c.ReadMsgUDP(p, nil)
		return n, addrPort(from), errors.Join(err, nothingElse(oobn, flags))
	}},
	{"ReadMsgUDPAddrPort", func(c packetUDP, p []byte) (int, netip.AddrPort, error) {
		n, oobn, flags, from, err := c.ReadMsgUDPAddrPort(p, make([]byte, 100))
		return n, from, errors.Join(err, nothingElse(oobn, flags))
	}},
}

var packetWriters = []struct {
	name  string
	write func(c packetUDP, p []byte, to netip.AddrPort) (int, error)
}{
	{"WriteTo", func(c packetUDP, p []byte, to netip.AddrPort) (int, error) {
		return c.WriteTo(p, net.UDPAddrFromAddrPort(to))
	}},
	{"WriteToUDP", func(c packetUDP, p []byte, to netip.AddrPort) (int, error) {
		return c.WriteToUDP(p, net.UDPAddrFromAddrPort(to))
	}},
	{"WriteToUDPAddrPort", func(c packetUDP, p []byte, to netip.AddrPort) (int, error) {
		return c.WriteToUDPAddrPort(p, to)
	}},
	{"WriteMsgUDP", func(c packetUDP, p []byte, to netip.AddrPort) (int, error) {
		n, oobn, err := c.WriteMsgUDP(p, nil, net.UDPAddrFromAddrPort(to))
		return n, errors.Join(err, nothingElse(oobn, 0))
	}},
	{"WriteMsgUDPAddrPort", func(c packetUDP, p []byte, to netip.AddrPort) (int, error) {
		n, oobn, err := c.WriteMsgUDPAddrPort(p, nil, to)
		return n, errors.Join(err, nothingElse(oobn, 0))
	}},
}

// addrPort is a.AddrPort, and of the IP that is in it.
func addrPort(a *net.UDPAddr) netip.AddrPort {
	if a == nil {
		return netip.AddrPort{}
	}
	return a.AddrPort()
}

func nothingElse(oobn, flags int) error {
	if oobn != 0 || flags != 0 {
		return fmt.Errorf("%d bytes of control messages, flags %v", oobn, sock.Flags(flags))
	}
	return nil
}

// packetConn returns a Socket, bound and wrapped, that gives up after ten seconds.
func packetConn(t testing.TB, network string) (packetUDP, *sock.Socket) {
	t.Helper()
	s, _ := bound(t, network, sock.Dgram)
	return packetConnOf(t, s), s
}

func packetConnOf(t testing.TB, s *sock.Socket) packetUDP {
	t.Helper()
	c := sock.PacketConn(s).(packetUDP)
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return c
}

// theirPackets is package net's.
func theirPackets(t testing.TB, network string) *net.UDPConn {
	t.Helper()
	return theirPacketsAt(t, network, net.UDPAddrFromAddrPort(bindAddr(t, network).AddrPort()))
}

func theirPacketsAt(t testing.TB, network string, at *net.UDPAddr) *net.UDPConn {
	t.Helper()
	c, err := net.ListenUDP(network, at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return c
}

func here(c net.PacketConn) netip.AddrPort { return addrPort(c.LocalAddr().(*net.UDPAddr)) }

// Whatever one writes another reads, empty datagrams too, with ours and package
// net's at either end.
func TestPacketConnExchange(t *testing.T) {
	t.Parallel()
	for _, network := range []string{"udp4", "udp6"} {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			a, _ := packetConn(t, network)
			b, _ := packetConn(t, network)
			c, d := theirPackets(t, network), theirPackets(t, network)
			for _, ends := range [][2]packetUDP{{a, b}, {a, c}, {c, a}, {c, d}} {
				x, y := ends[0], ends[1]
				for _, w := range packetWriters {
					for _, r := range packetReaders {
						for _, data := range [][]byte{[]byte("hello"), nil, bytes.Repeat([]byte("x"), 1400)} {
							n, err := w.write(x, data, here(y))
							if n != len(data) || err != nil {
								t.Errorf("%T %s of %d = %d, %v", x, w.name, len(data), n, err)
								continue
							}
							p := make([]byte, 1500)
							n, from, err := r.read(y, p)
							if !bytes.Equal(p[:n], data) || from != here(x) || err != nil {
								t.Errorf("%T %s, %T %s of %d = %d, %v, %v, want from %v",
									x, w.name, y, r.name, len(data), n, from, err, here(x))
							}
						}
					}
				}
			}
		})
	}
}

// What does not fit is lost, and flags tell, as package net's do.
func TestPacketConnCut(t *testing.T) {
	t.Parallel()
	ours, _ := packetConn(t, "udp4")
	others := theirPackets(t, "udp4")
	for _, c := range []packetUDP{ours, others} {
		for range 3 {
			if _, err := others.WriteToUDPAddrPort([]byte("too long"), here(c)); err != nil {
				t.Fatal(err)
			}
		}
		p := make([]byte, 3)
		n, oobn, flags, from, err := c.ReadMsgUDP(p, nil)
		if string(p[:n]) != "too" || oobn != 0 || flags != int(sock.Trunc) || addrPort(from) != here(others) || err != nil {
			t.Errorf("%T: %q, %d, %v, %v, %v", c, p[:n], oobn, sock.Flags(flags), from, err)
		}
		n, oobn, flags, ap, err := c.ReadMsgUDPAddrPort(nil, nil)
		if n != 0 || oobn != 0 || flags != int(sock.Trunc) || ap != here(others) || err != nil {
			t.Errorf("%T into nothing: %d, %d, %v, %v, %v", c, n, oobn, sock.Flags(flags), ap, err)
		}
		if n, _, err := c.ReadFrom(p); string(p[:n]) != "too" || err != nil {
			t.Errorf("%T: %q, %v", c, p[:n], err)
		}
	}
}

// A connected one has the methods of a net.Conn, and a message without an address
// goes to the peer.
func TestPacketConnConnected(t *testing.T) {
	t.Parallel()
	for _, network := range []string{"udp4", "udp6"} {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			ours, s := packetConn(t, network)
			others := theirPackets(t, network)
			if a := ours.RemoteAddr(); a != nil {
				t.Errorf("RemoteAddr of one that is not connected: %v", a)
			}
			to, err := sock.AddrFrom(here(others))
			if err != nil {
				t.Fatal(err)
			}
			wantErr(t, s.Connect(to), nil)
			if a := ours.RemoteAddr(); a.String() != others.LocalAddr().String() {
				t.Errorf("RemoteAddr = %v, want %v", a, others.LocalAddr())
			}
			for name, write := range map[string]func() (int, error){
				"Write":       func() (int, error) { return ours.Write([]byte("to the peer")) },
				"WriteMsgUDP": func() (n int, err error) { n, _, err = ours.WriteMsgUDP([]byte("to the peer"), nil, nil); return },
				"WriteMsgUDPAddrPort": func() (n int, err error) {
					n, _, err = ours.WriteMsgUDPAddrPort([]byte("to the peer"), nil, netip.AddrPort{})
					return
				},
			} {
				if n, err := write(); n != 11 || err != nil {
					t.Errorf("%s = %d, %v", name, n, err)
				}
				p := make([]byte, 20)
				if n, from, err := others.ReadFromUDPAddrPort(p); string(p[:n]) != "to the peer" || from != here(ours) || err != nil {
					t.Errorf("%s: %q from %v, %v", name, p[:n], from, err)
				}
			}
			for _, r := range packetReaders {
				if _, err := others.WriteToUDPAddrPort([]byte("x"), here(ours)); err != nil {
					t.Fatal(err)
				}
				if n, from, err := r.read(ours, make([]byte, 9)); n != 1 || from != here(others) || err != nil {
					t.Errorf("%s = %d, %v, %v", r.name, n, from, err)
				}
			}
			if _, err := others.WriteToUDPAddrPort([]byte("x"), here(ours)); err != nil {
				t.Fatal(err)
			}
			if n, err := ours.Read(make([]byte, 9)); n != 1 || err != nil {
				t.Errorf("Read = %d, %v", n, err)
			}
		})
	}
}

// On a socket of both families an IPv4 peer is v4-mapped, and an IPv4 address is
// one to write to, in each of its forms; just as with package net.
func TestPacketConnDualStack(t *testing.T) {
	t.Parallel()
	s, _ := dual(t, sock.Dgram)
	ours, others := packetConnOf(t, s), theirPacketsAt(t, "udp", &net.UDPAddr{})
	peer := theirPackets(t, "udp4")
	v4 := here(peer)
	mapped := netip.AddrPortFrom(netip.AddrFrom16(v4.Addr().As16()), v4.Port())
	for _, c := range []packetUDP{ours, others} {
		mine := netip.AddrPortFrom(v4.Addr(), here(c).Port())
		for _, to := range []netip.AddrPort{v4, mapped} {
			for _, w := range packetWriters {
				if n, err := w.write(c, []byte("x"), to); n != 1 || err != nil {
					t.Errorf("%T %s to %v = %d, %v", c, w.name, to, n, err)
					continue
				}
				if _, from, err := peer.ReadFromUDPAddrPort(make([]byte, 9)); from != mine || err != nil {
					t.Errorf("%T %s: from %v, %v, want %v", c, w.name, from, err, mine)
				}
			}
		}
		for _, r := range packetReaders {
			if _, err := peer.WriteToUDPAddrPort([]byte("x"), mine); err != nil {
				t.Fatal(err)
			}
			// A *net.UDPAddr's AddrPort has the form its IP has, of 4 or 16 bytes.
			if n, from, err := r.read(c, make([]byte, 9)); n != 1 || from != mapped || err != nil {
				t.Errorf("%T %s = %d, %v, %v, want from %v", c, r.name, n, from, err, mapped)
			}
		}
		// The way back is the way there.
		if _, err := peer.WriteToUDPAddrPort([]byte("x"), mine); err != nil {
			t.Fatal(err)
		}
		_, from, err := c.ReadFrom(make([]byte, 9))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.WriteTo([]byte("back"), from); err != nil {
			t.Errorf("%T to %v: %v", c, from, err)
		} else if _, _, err := peer.ReadFromUDPAddrPort(make([]byte, 9)); err != nil {
			t.Errorf("%T to %v: %v", c, from, err)
		}
	}
}

// An IPv4 socket takes an IPv4 address in IPv6's form, and of package net's in
// each of package net's.
func TestPacketConnMapped(t *testing.T) {
	t.Parallel()
	ours, _ := packetConn(t, "udp4")
	others := theirPackets(t, "udp4")
	peer := theirPackets(t, "udp4")
	to := here(peer)
	mapped := netip.AddrPortFrom(netip.AddrFrom16(to.Addr().As16()), to.Port())
	port := int(to.Port())
	for _, c := range []packetUDP{ours, others} {
		for _, w := range packetWriters {
			if n, err := w.write(c, []byte("x"), mapped); n != 1 || err != nil {
				t.Errorf("%T %s to %v = %d, %v", c, w.name, mapped, n, err)
				continue
			}
			if _, from, err := peer.ReadFromUDPAddrPort(make([]byte, 9)); from != here(c) || err != nil {
				t.Errorf("%T %s: from %v, %v, want %v", c, w.name, from, err, here(c))
			}
		}
	}
	for _, a := range []net.Addr{
		&net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port},
		&net.UDPAddr{IP: net.IPv4(127, 0, 0, 1).To4(), Port: port},
		&net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port, Zone: "nobody's"}, // which IPv4 has not
		&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port},
	} {
		if n, err := ours.WriteTo([]byte("x"), a); n != 1 || err != nil {
			t.Errorf("WriteTo(%#v) = %d, %v", a, n, err)
			continue
		}
		if _, _, err := peer.ReadFromUDPAddrPort(make([]byte, 9)); err != nil {
			t.Errorf("WriteTo(%#v): %v", a, err)
		}
	}
}

// No IP is the unspecified one, which as a destination is this machine.
func TestPacketConnNoIP(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip(runtime.GOOS, " sends what has no destination to some interface of its own")
	}
	for _, network := range []string{"udp4", "udp6"} {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			ours, _ := packetConn(t, network)
			others := theirPackets(t, network)
			for _, c := range []packetUDP{ours, others} {
				if n, err := c.WriteTo([]byte("x"), &net.UDPAddr{Port: int(here(c).Port())}); n != 1 || err != nil {
					t.Errorf("%T: %d, %v", c, n, err)
					continue
				}
				if n, from, err := c.ReadFromUDPAddrPort(make([]byte, 9)); n != 1 || from != here(c) || err != nil {
					t.Errorf("%T: %d, %v, %v", c, n, from, err)
				}
			}
		})
	}
}

// A zone to write to is an interface's name or its number; one that is read is
// the number.
func TestPacketConnZone(t *testing.T) {
	t.Parallel()
	needIPv6(t)
	ip, ifi := linkLocal(t)
	s := open(t, sock.Inet6, sock.Dgram)
	at, err := sock.AddrFrom(netip.AddrPortFrom(ip.WithZone(ifi.Name), 0))
	if err != nil {
		t.Fatal(err)
	}
	wantErr(t, s.Bind(at), nil)
	ours := packetConnOf(t, s)
	number := fmt.Sprint(ifi.Index)
	if a := ours.LocalAddr().(*net.UDPAddr); a.Zone != number {
		t.Errorf("LocalAddr = %v", a)
	}
	others := theirPacketsAt(t, "udp6", &net.UDPAddr{IP: ip.AsSlice(), Zone: ifi.Name})
	port := here(others).Port()
	for _, zone := range []string{ifi.Name, number} {
		for _, w := range packetWriters {
			if _, err := w.write(ours, []byte("x"), netip.AddrPortFrom(ip.WithZone(zone), port)); err != nil {
				t.Errorf("%s to zone %s: %v", w.name, zone, err)
				continue
			}
			if _, from, err := others.ReadFromUDPAddrPort(make([]byte, 9)); from != netip.AddrPortFrom(ip.WithZone(ifi.Name), here(ours).Port()) || err != nil {
				t.Errorf("%s to zone %s: from %v, %v", w.name, zone, from, err)
			}
		}
	}
	for _, r := range packetReaders {
		if _, err := others.WriteTo([]byte("x"), &net.UDPAddr{IP: ip.AsSlice(), Port: int(here(ours).Port()), Zone: ifi.Name}); err != nil {
			t.Fatal(err)
		}
		if _, from, err := r.read(ours, make([]byte, 9)); from != netip.AddrPortFrom(ip.WithZone(number), port) || err != nil {
			t.Errorf("%s: from %v, %v", r.name, from, err)
		}
	}
}

// theirUnix is package net's datagram socket at a path of its own.
func theirUnix(t testing.TB, name string) *net.UnixConn {
	t.Helper()
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return c
}

// unixTalk fails the test unless each hears the other, by the names they have.
func unixTalk(t testing.TB, x, y net.PacketConn) {
	t.Helper()
	for _, ends := range [][2]net.PacketConn{{x, y}, {y, x}} {
		for _, data := range []string{"hello", ""} {
			if n, err := ends[0].WriteTo([]byte(data), ends[1].LocalAddr()); n != len(data) || err != nil {
				t.Errorf("%T to %v = %d, %v", ends[0], ends[1].LocalAddr(), n, err)
				continue
			}
			p := make([]byte, 9)
			n, from, err := ends[1].ReadFrom(p)
			if string(p[:n]) != data || err != nil || fmt.Sprintf("%#v", from) != fmt.Sprintf("%#v", ends[0].LocalAddr()) {
				t.Errorf("%T ReadFrom = %q, %#v, %v, want from %#v", ends[1], p[:n], from, err, ends[0].LocalAddr())
			}
		}
	}
}

func TestPacketConnUnix(t *testing.T) {
	t.Parallel()
	ours, _ := packetConn(t, "unix")
	again, _ := packetConn(t, "unix")
	others := theirUnix(t, path(t))
	unixTalk(t, ours, others)
	unixTalk(t, ours, again)

	// A path that package net writes as an abstract name, where there are those.
	if runtime.GOOS != "linux" {
		s := open(t, sock.Unix, sock.Dgram)
		dir := filepath.Dir(path(t))
		at, err := sock.UnixAddr(dir + "/@s")
		if err != nil {
			t.Fatal(err)
		}
		wantErr(t, s.Bind(at), nil)
		unixTalk(t, packetConnOf(t, s), others)
	}
}

// A sender without a name has no address: nil, as package net says, and not a nil
// pointer in an interface.
func TestPacketConnUnnamed(t *testing.T) {
	t.Parallel()
	ours, _ := packetConn(t, "unix")
	others := theirUnix(t, path(t))
	s := open(t, sock.Unix, sock.Dgram)
	nameless := packetConnOf(t, s)
	if a := nameless.LocalAddr().(*net.UnixAddr); a.Name != "" || a.Net != "unixgram" {
		t.Errorf("its LocalAddr is %#v", a)
	}
	for _, c := range []net.PacketConn{ours, others} {
		if _, err := nameless.WriteTo([]byte("x"), c.LocalAddr()); err != nil {
			t.Fatal(err)
		}
		if n, from, err := c.ReadFrom(make([]byte, 9)); n != 1 || from != nil || err != nil {
			t.Errorf("%T: %d, %#v, %v", c, n, from, err)
		}
	}
	// There is nobody to answer.
	_, err := ours.WriteTo([]byte("x"), nil)
	wantErr(t, err, syscall.EDESTADDRREQ)

	// The methods that speak of UDP find no IP there.
	for _, r := range packetReaders[1:] {
		if _, err := nameless.WriteTo([]byte("x"), ours.LocalAddr()); err != nil {
			t.Fatal(err)
		}
		if n, from, err := r.read(ours, make([]byte, 9)); n != 1 || from.Addr().IsValid() || err != nil {
			t.Errorf("%s = %d, %v, %v", r.name, n, from, err)
		}
	}
}

// A foreign is an address that is not package net's. Its nil pointer has no
// methods that work.
type foreign struct{ name string }

func (f *foreign) Network() string { return f.name }
func (f *foreign) String() string  { return f.name }

// badAddress is an address that no write takes, and why.
type badAddress struct {
	name string
	to   net.Addr
	want []error
}

// refuses fails the test unless a write failed as one that was never made, or was
// refused.
func refuses(t *testing.T, what string, n int, err error, want ...error) {
	t.Helper()
	var e *sock.Error
	if n != 0 || !errors.As(err, &e) {
		t.Errorf("%s = %d, %v", what, n, err)
		return
	}
	switch e.Op {
	case "writeto", "writemsg", "sendto", "sendmsg":
	default:
		t.Errorf("%s: %q names no call", what, err)
	}
	for _, w := range want {
		if errors.Is(err, w) {
			return
		}
	}
	t.Errorf("%s: %v, want one of %v", what, err, want)
}

func TestPacketConnBadAddress(t *testing.T) {
	t.Parallel()
	for _, network := range datagramNetworks {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			c, _ := packetConn(t, network)
			_, s := packetConn(t, network)
			peer := packetConnOf(t, s)
			ip, port := net.IPv4(127, 0, 0, 1), 9
			if a, ok := peer.LocalAddr().(*net.UDPAddr); ok {
				ip, port = a.IP, a.Port
			}
			cases := []badAddress{
				{"nil", nil, []error{syscall.EDESTADDRREQ}},
				{"nil UDPAddr", (*net.UDPAddr)(nil), []error{syscall.EDESTADDRREQ}},
				{"nil TCPAddr", (*net.TCPAddr)(nil), []error{syscall.EDESTADDRREQ}},
				{"nil IPAddr", (*net.IPAddr)(nil), []error{syscall.EDESTADDRREQ}},
				{"nil UnixAddr", (*net.UnixAddr)(nil), []error{syscall.EDESTADDRREQ}},
				{"an IP of 3 bytes", &net.UDPAddr{IP: ip[:3], Port: port}, []error{syscall.EINVAL}},
				{"an IP of 17 bytes", &net.UDPAddr{IP: make(net.IP, 17), Port: port}, []error{syscall.EINVAL}},
				{"port -1", &net.UDPAddr{IP: ip, Port: -1}, []error{syscall.EINVAL}},
				{"port 65536 + its port", &net.UDPAddr{IP: ip, Port: port + 65536}, []error{syscall.EINVAL}},
				{"TCP port 65536", &net.TCPAddr{IP: ip, Port: 65536}, []error{syscall.EINVAL}},
				{"a foreign", &foreign{"foreign"}, []error{syscall.EAFNOSUPPORT}},
				{"a nil foreign", (*foreign)(nil), []error{syscall.EAFNOSUPPORT}},
				{"a path too long", &net.UnixAddr{Name: strings.Repeat("x", 200), Net: "unixgram"}, []error{syscall.EINVAL}},
				{"a path with NUL", &net.UnixAddr{Name: "a\x00b", Net: "unixgram"}, []error{syscall.EINVAL}},
				{"a zone", &net.UDPAddr{IP: net.IPv6loopback, Port: port, Zone: "nobody's"}, []error{syscall.EINVAL}},
			}
			family := []error{syscall.EAFNOSUPPORT, syscall.EINVAL}
			if network == "unix" {
				cases = append(cases, badAddress{"IPv4", &net.UDPAddr{IP: ip, Port: port}, family},
					badAddress{"nobody", &net.UnixAddr{Name: peer.LocalAddr().String() + "x", Net: "unixgram"}, []error{syscall.ENOENT}})
			} else {
				cases = append(cases, badAddress{"unix", &net.UnixAddr{Name: path(t), Net: "unixgram"}, family})
			}
			if network == "udp4" {
				cases = append(cases, badAddress{"IPv6", &net.UDPAddr{IP: net.IPv6loopback, Port: port}, family})
			}
			for _, bad := range cases {
				n, err := c.WriteTo([]byte("bad"), bad.to)
				refuses(t, bad.name, n, err, bad.want...)
				to, ok := bad.to.(*net.UDPAddr)
				if !ok {
					continue
				}
				n, err = c.WriteToUDP([]byte("bad"), to)
				refuses(t, bad.name, n, err, bad.want...)
				if to != nil {
					n, oobn, err := c.WriteMsgUDP([]byte("bad"), nil, to)
					refuses(t, bad.name, n+oobn, err, bad.want...)
				}
				// Package net is no milder, but for a zone that it does not know, which
				// it leaves off.
				if network != "unix" && (to == nil || to.Zone == "") {
					if n, err := theirPackets(t, network).WriteTo([]byte("bad"), to); err == nil {
						t.Errorf("%s: net.UDPConn.WriteTo = %d", bad.name, n)
					}
				}
			}
			n, err := c.WriteToUDPAddrPort([]byte("bad"), netip.AddrPort{})
			refuses(t, "the zero AddrPort", n, err, syscall.EINVAL)
			n, oobn, err := c.WriteMsgUDP([]byte("bad"), nil, nil)
			refuses(t, "no peer", n+oobn, err, syscall.EDESTADDRREQ, syscall.ENOTCONN)
			n, oobn, err = c.WriteMsgUDPAddrPort([]byte("bad"), nil, netip.AddrPort{})
			refuses(t, "no peer", n+oobn, err, syscall.EDESTADDRREQ, syscall.ENOTCONN)

			// What arrives first is the first that was sent.
			if _, err := c.WriteTo([]byte("good"), peer.LocalAddr()); err != nil {
				t.Fatal(err)
			}
			p := make([]byte, 9)
			if n, _, err := peer.ReadFrom(p); string(p[:n]) != "good" || err != nil {
				t.Errorf("%q was sent, %v", p[:n], err)
			}
		})
	}
}

// An error of a write says which, and to whom.
func TestPacketConnErrorText(t *testing.T) {
	t.Parallel()
	c, _ := packetConn(t, "udp4")
	for want, write := range map[string]func() error{
		"writeto: no address": func() error { _, err := c.WriteTo(nil, nil); return err },
		"writeto: port 65536": func() error { _, err := c.WriteTo(nil, &net.UDPAddr{Port: 65536}); return err },
		"writeto: an IP address of 3 bytes": func() error {
			_, err := c.WriteToUDP(nil, &net.UDPAddr{IP: net.IP{1, 2, 3}})
			return err
		},
		"writemsg: port -1": func() error { _, _, err := c.WriteMsgUDP(nil, nil, &net.UDPAddr{Port: -1}); return err },
		"writeto: an address of type *sock_test.foreign: not one of package net's or ours": func() error {
			_, err := c.WriteTo(nil, &foreign{"x"})
			return err
		},
		"sendto [::1]:9: an AF_INET6 address for an AF_INET socket: ": func() error {
			_, err := c.WriteToUDPAddrPort(nil, netip.MustParseAddrPort("[::1]:9"))
			return err
		},
	} {
		if err := write(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// A stream sends to its peer alone: writing to an address is an error.
func TestPacketConnStream(t *testing.T) {
	t.Parallel()
	for _, network := range streamNetworks {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			a, b := streams(t, network)
			fresh := open(t, a.Domain(), sock.Stream)
			somewhere := netip.MustParseAddrPort("127.0.0.1:9")
			if network == "tcp6" {
				somewhere = netip.MustParseAddrPort("[::1]:9")
			}
			for _, s := range []*sock.Socket{a, fresh} {
				c := sock.PacketConn(s).(packetUDP)
				for _, w := range packetWriters {
					n, err := w.write(c, []byte("bad"), somewhere)
					refuses(t, w.name, n, err, syscall.EINVAL)
				}
				for _, to := range []net.Addr{nil, c.LocalAddr(), c.RemoteAddr(), &net.UnixAddr{Name: "/nowhere"}, &foreign{}} {
					n, err := c.WriteTo([]byte("bad"), to)
					refuses(t, "WriteTo", n, err, syscall.EINVAL)
				}
			}
			send(t, a, "good")
			recv(t, b, 20, 0, "good")
		})
	}
}

// nil is as good as closed.
func TestPacketConnNil(t *testing.T) {
	t.Parallel()
	c := sock.PacketConn(nil).(packetUDP)
	p, to := make([]byte, 9), netip.MustParseAddrPort("127.0.0.1:9")
	if c.LocalAddr() == nil || c.RemoteAddr() != nil {
		t.Errorf("%v, %v", c.LocalAddr(), c.RemoteAddr())
	}
	packetsFail(t, c, p, to, net.ErrClosed)
	wantErr(t, c.Close(), net.ErrClosed)
	wantErr(t, c.SetReadBuffer(1000), net.ErrClosed)
	wantErr(t, c.SetWriteBuffer(1000), net.ErrClosed)
	wantErr(t, c.SetDeadline(time.Time{}), net.ErrClosed)
	wantErr(t, c.SetReadDeadline(time.Time{}), net.ErrClosed)
	wantErr(t, c.SetWriteDeadline(time.Time{}), net.ErrClosed)
	_, err := c.SyscallConn()
	wantErr(t, err, net.ErrClosed)
	_, err = c.File()
	wantErr(t, err, net.ErrClosed)
}

// packetsFail fails the test unless all that reads and writes fails so.
func packetsFail(t *testing.T, c packetUDP, p []byte, to netip.AddrPort, want error) {
	t.Helper()
	for _, r := range packetReaders {
		if n, from, err := r.read(c, p); n != 0 || from.IsValid() || !errors.Is(err, want) {
			t.Errorf("%s = %d, %v, %v, want %v", r.name, n, from, err, want)
		}
	}
	for _, w := range packetWriters {
		if n, err := w.write(c, p, to); n != 0 || !errors.Is(err, want) {
			t.Errorf("%s = %d, %v, want %v", w.name, n, err, want)
		}
	}
	_, err := c.Read(p)
	wantErr(t, err, want)
	_, err = c.Write(p)
	wantErr(t, err, want)
}

// Close wakes whatever reads, and what the address was is still known.
func TestPacketConnClose(t *testing.T) {
	t.Parallel()
	for _, network := range datagramNetworks {
		for _, r := range packetReaders {
			if network == "unix" && r.name != "ReadFrom" {
				continue
			}
			t.Run(network+"/"+r.name, func(t *testing.T) {
				t.Parallel()
				s, name := bound(t, network, sock.Dgram)
				c := sock.PacketConn(s).(packetUDP)
				before := c.LocalAddr()
				if before.String() != strings.TrimPrefix(name.String(), "unix:") {
					t.Errorf("LocalAddr = %v, want %v", before, name)
				}
				reading := goBlocked(t, func() error { _, _, err := r.read(c, make([]byte, 9)); return err })
				wantErr(t, c.Close(), nil)
				wantErr(t, recvTimeout(t, reading), net.ErrClosed)
				if after := c.LocalAddr(); fmt.Sprintf("%#v", after) != fmt.Sprintf("%#v", before) {
					t.Errorf("LocalAddr = %v, after Close %v", before, after)
				}
				packetsFail(t, c, make([]byte, 9), netip.MustParseAddrPort("127.0.0.1:9"), net.ErrClosed)
				wantErr(t, c.Close(), net.ErrClosed)
				if s.FD() != -1 {
					t.Error("the Socket is open")
				}
			})
		}
	}
}

// It looks where it is each time: a socket may get its address later.
func TestPacketConnBoundLater(t *testing.T) {
	t.Parallel()
	s := open(t, sock.Inet, sock.Dgram)
	c := packetConnOf(t, s)
	if a := c.LocalAddr().String(); a != "0.0.0.0:0" {
		t.Errorf("LocalAddr before Bind is %s", a)
	}
	wantErr(t, s.Bind(addr(t, "127.0.0.1:0")), nil)
	name, err := s.Sockname()
	if err != nil {
		t.Fatal(err)
	}
	if a := c.LocalAddr().String(); a != name.String() {
		t.Errorf("LocalAddr is %s, want %v", a, name)
	}
}

func TestPacketConnDeadline(t *testing.T) {
	t.Parallel()
	c, _ := packetConn(t, "udp4")
	past := time.Unix(1, 0)
	wantErr(t, c.SetDeadline(past), nil)
	packetsFail(t, c, make([]byte, 9), here(c), os.ErrDeadlineExceeded)

	// One does not concern the other.
	wantErr(t, c.SetReadDeadline(time.Time{}), nil)
	_, err := c.WriteToUDPAddrPort([]byte("x"), here(c))
	isTimeout(t, err)
	wantErr(t, c.SetWriteDeadline(time.Time{}), nil)
	wantErr(t, c.SetReadDeadline(past), nil)
	if _, err := c.WriteToUDPAddrPort([]byte("x"), here(c)); err != nil {
		t.Error(err)
	}
	_, _, err = c.ReadFrom(make([]byte, 9))
	isTimeout(t, err)
	wantErr(t, c.SetReadDeadline(time.Time{}), nil)
	if n, _, err := c.ReadFrom(make([]byte, 9)); n != 1 || err != nil {
		t.Errorf("after a deadline that was taken back: %d, %v", n, err)
	}

	// One that is set while ReadFrom waits.
	reading := goBlocked(t, func() error { _, _, err := c.ReadFrom(make([]byte, 9)); return err })
	wantErr(t, c.SetReadDeadline(past), nil)
	isTimeout(t, recvTimeout(t, reading))
}

// A non-blocking one says so.
func TestPacketConnNonblock(t *testing.T) {
	t.Parallel()
	c, s := packetConn(t, "udp4")
	s.SetNonblock(true)
	for _, r := range packetReaders[:3] { // the others' errors are joined
		if _, _, err := r.read(c, make([]byte, 9)); err != sock.ErrWouldBlock {
			t.Errorf("%s: %v", r.name, err)
		}
	}
}

// The sizes of buffers are set as package net sets them.
func TestPacketConnBuffers(t *testing.T) {
	t.Parallel()
	ours, s := packetConn(t, "udp4")
	others := theirPackets(t, "udp4")
	copied, err := sock.FromConn(others)
	if err != nil {
		t.Fatal(err)
	}
	closed(t, copied)
	for _, size := range []int{4096, 20000, 65536} {
		for name, b := range map[string]struct {
			set    func(packetUDP, int) error
			option sockopt.Option[int]
		}{
			"SetReadBuffer":  {packetUDP.SetReadBuffer, sockopt.RecvBuffer},
			"SetWriteBuffer": {packetUDP.SetWriteBuffer, sockopt.SendBuffer},
		} {
			wantErr(t, b.set(ours, size), nil)
			wantErr(t, b.set(others, size), nil)
			got, err := b.option.Get(s)
			wantErr(t, err, nil)
			want, err := b.option.Get(copied)
			wantErr(t, err, nil)
			if got != want || got < size {
				t.Errorf("%s(%d): %d bytes, net's %d", name, size, got, want)
			}
		}
	}
}

func TestPacketConnSyscallConn(t *testing.T) {
	t.Parallel()
	c, s := packetConn(t, "udp4")
	rc, err := c.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	wantErr(t, rc.Control(func(fd uintptr) {
		if int(fd) != s.FD() {
			t.Errorf("Control gives %d, FD %d", fd, s.FD())
		}
	}), nil)

	// Read waits while its function says that there was nothing.
	p := make([]byte, 9)
	var n int
	reading := goBlocked(t, func() error {
		return rc.Read(func(fd uintptr) bool {
			var err error
			n, _, err = syscall.Recvfrom(int(fd), p, 0)
			return err != syscall.EAGAIN
		})
	})
	others := theirPackets(t, "udp4")
	if _, err := others.WriteToUDPAddrPort([]byte("hello"), here(c)); err != nil {
		t.Fatal(err)
	}
	wantErr(t, recvTimeout(t, reading), nil)
	if string(p[:n]) != "hello" {
		t.Errorf("%q", p[:n])
	}

	to := here(others)
	wantErr(t, rc.Write(func(fd uintptr) bool {
		return syscall.Sendto(int(fd), []byte("back"), 0, &syscall.SockaddrInet4{Port: int(to.Port()), Addr: to.Addr().As4()}) != syscall.EAGAIN
	}), nil)
	if n, from, err := others.ReadFromUDPAddrPort(p); string(p[:n]) != "back" || from != here(c) || err != nil {
		t.Errorf("%q from %v, %v", p[:n], from, err)
	}

	waiting := goBlocked(t, func() error { return rc.Read(func(uintptr) bool { return false }) })
	wantErr(t, c.Close(), nil)
	wantErr(t, recvTimeout(t, waiting), net.ErrClosed)
}

// It is not parallel, as all that counts allocations.
func TestPacketConnAlloc(t *testing.T) {
	needRawCalls(t)
	for _, network := range []string{"udp4", "udp6"} {
		t.Run(network, func(t *testing.T) {
			a, _ := bound(t, network, sock.Dgram)
			b, _ := bound(t, network, sock.Dgram)
			x, y := sock.PacketConn(a).(packetUDP), sock.PacketConn(b).(packetUDP)
			from, to := here(x), here(y)
			udp := net.UDPAddrFromAddrPort(to)
			out, in, oob := make([]byte, 64), make([]byte, 64), make([]byte, 64) // through an interface all are on the heap
			reads := map[string]struct {
				want float64
				call func() (int, bool, error)
			}{
				"ReadFrom": {1, func() (int, bool, error) {
					n, who, err := y.ReadFrom(in)
					return n, who.(*net.UDPAddr).Port == int(from.Port()), err
				}},
				"ReadFromUDP": {1, func() (int, bool, error) {
					n, who, err := y.ReadFromUDP(in)
					return n, who.Port == int(from.Port()), err
				}},
				"ReadFromUDPAddrPort": {0, func() (int, bool, error) { n, who, err := y.ReadFromUDPAddrPort(in); return n, who == from, err }},
				"ReadMsgUDP": {1, func() (int, bool, error) {
					n, _, _, who, err := y.ReadMsgUDP(in, oob)
					return n, who.Port == int(from.Port()), err
				}},
				"ReadMsgUDPAddrPort": {0, func() (int, bool, error) {
					n, _, _, who, err := y.ReadMsgUDPAddrPort(in, oob)
					return n, who == from, err
				}},
			}
			writes := map[string]func() (int, error){
				"WriteTo":             func() (int, error) { return x.WriteTo(out, udp) },
				"WriteToUDP":          func() (int, error) { return x.WriteToUDP(out, udp) },
				"WriteToUDPAddrPort":  func() (int, error) { return x.WriteToUDPAddrPort(out, to) },
				"WriteMsgUDP":         func() (n int, err error) { n, _, err = x.WriteMsgUDP(out, nil, udp); return },
				"WriteMsgUDPAddrPort": func() (n int, err error) { n, _, err = x.WriteMsgUDPAddrPort(out, nil, to); return },
			}
			for w, write := range writes {
				for r, read := range reads {
					allocates(t, w+", "+r, read.want, func() {
						n, err := write()
						must(t, n, err, len(out))
						n, right, err := read.call()
						must(t, n, err, len(out))
						if !right {
							t.Fatal("another socket's")
						}
					})
				}
			}
		})
	}
}
