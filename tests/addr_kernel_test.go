package sock_test

import (
	"fmt"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/berkeleysockets/sock"
)

// Here the kernel's own addresses are compared with the constructors'.

func TestAddrKernelIP(t *testing.T) {
	t.Parallel()
	for _, network := range []string{"tcp4", "tcp6", "udp4", "udp6"} {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			ty := sock.Stream
			if network[0] == 'u' {
				ty = sock.Dgram
			}
			_, name := bound(t, network, ty)
			want, err := sock.AddrFrom(netip.AddrPortFrom(bindAddr(t, network).AddrPort().Addr(), name.Port()))
			if err != nil || name != want || name.Port() == 0 {
				t.Errorf("Name = %#v, want %#v", name, want)
			}
		})
	}
}

// All calls that return the ends of a connection return the same addresses.
func TestAddrKernelConnection(t *testing.T) {
	t.Parallel()
	for _, network := range []string{"tcp4", "tcp6", "unix"} {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			l, at := listening(t, network)
			c := open(t, at.Domain(), sock.Stream)
			if network == "unix" {
				if err := c.Bind(bindAddr(t, network)); err != nil {
					t.Fatal(err)
				}
			}
			if err := c.Connect(at); err != nil {
				t.Fatal(err)
			}
			s, from, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			closed(t, s)
			mine, err := c.Sockname()
			if err != nil || from != mine {
				t.Errorf("Accept's address %v, the client's Sockname %v, %v", from, mine, err)
			}
			if peer, err := s.Peername(); err != nil || peer != mine {
				t.Errorf("the server's Peer %v, the client's Sockname %v, %v", peer, mine, err)
			}
			if peer, err := c.Peername(); err != nil || peer != at {
				t.Errorf("the client's Peer %v, the listener's Name %v, %v", peer, at, err)
			}
			if name, err := s.Sockname(); err != nil || name != at {
				t.Errorf("the server's Name %v, the listener's %v, %v", name, at, err)
			}
		})
	}
}

func TestAddrKernelSender(t *testing.T) {
	t.Parallel()
	for _, network := range datagramNetworks {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			a, aName, b, bName := datagrams(t, network)
			if _, err := a.SendTo([]byte("x"), 0, bName); err != nil {
				t.Fatal(err)
			}
			if _, from, err := b.RecvFrom(make([]byte, 9), sock.Peek); err != nil || from != aName {
				t.Errorf("RecvFrom's address %v, the sender's Name %v, %v", from, aName, err)
			}
			m := sock.Message{Bufs: [][]byte{make([]byte, 9)}}
			if _, err := b.RecvMsg(&m, 0); err != nil || m.Addr != aName {
				t.Errorf("RecvMsg's address %v, the sender's Name %v, %v", m.Addr, aName, err)
			}
		})
	}
}

// Before it is bound a socket has its family's unspecified address.
func TestAddrKernelUnbound(t *testing.T) {
	t.Parallel()
	for d, want := range map[sock.Domain]string{sock.Inet: "0.0.0.0:0", sock.Inet6: "[::]:0", sock.Unix: "unix:"} {
		t.Run(d.String(), func(t *testing.T) {
			if d == sock.Inet6 {
				needInet6(t)
			}
			for _, ty := range []sock.Type{sock.Stream, sock.Dgram} {
				name, err := open(t, d, ty).Sockname()
				if err != nil || name != addr(t, want) {
					t.Errorf("%v: Name = %v, %v, want %s", ty, name, err, want)
				}
			}
		})
	}
}

// Unix paths of every length, from one byte to the whole of sun_path, through
// bind(2) and getsockname(2). It takes a process with its own directory to
// have short ones.
func TestAddrKernelPathLengths(t *testing.T) {
	t.Parallel()
	c := child(t, "addr path lengths")
	c.Dir = t.TempDir()
	if out, err := c.Output(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func init() { children["addr path lengths"] = addrPathLengths }

func addrPathLengths([]string) error {
	for n := 1; n <= maxPath; n++ {
		for _, ty := range []sock.Type{sock.Stream, sock.Dgram} {
			p := strings.Repeat("p", n)
			if err := addrPath(ty, p); err != nil {
				return fmt.Errorf("%v, a path of %d bytes: %w", ty, n, err)
			}
			if err := os.Remove(p); err != nil { // the file has the whole name, too
				return err
			}
		}
	}
	return nil
}

func addrPath(ty sock.Type, p string) error {
	a, err := sock.UnixAddr(p)
	if err != nil {
		return err
	}
	s, err := sock.Open(sock.Unix, ty, 0)
	if err != nil {
		return err
	}
	defer s.Close()
	if err := s.Bind(a); err != nil {
		return err
	}
	name, err := s.Sockname()
	if err != nil {
		return err
	}
	if name != a {
		return fmt.Errorf("bound to %v (%x), named %v (%x)", a, a.Bytes(), name, name.Bytes())
	}
	if ty == sock.Dgram { // and as a sender's
		if _, err := s.SendTo(nil, 0, a); err != nil {
			return err
		}
		if _, from, err := s.RecvFrom(nil, 0); err != nil || from != a {
			return fmt.Errorf("received from %v: %v", from, err)
		}
		return nil
	}
	if err := s.Listen(1); err != nil {
		return err
	}
	c, err := sock.Open(sock.Unix, ty, 0)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.Connect(a); err != nil {
		return err
	}
	if peer, err := c.Peername(); err != nil || peer != a {
		return fmt.Errorf("connected to %v: %v", peer, err)
	}
	return nil
}

func TestAddrKernelAbstract(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("abstract names are Linux's alone")
	}
	unique := fmt.Sprintf("sock test %d ", os.Getpid())
	names := []string{unique + "\x00", unique + "a\x00b", unique + "\x00\x00", unique}
	for n := len(unique) + 1; n < maxPath; n++ {
		names = append(names, unique+strings.Repeat("n", n-len(unique)))
	}
	var held []*sock.Socket // all at once: none is another's prefix to the kernel
	for _, n := range names {
		a, err := sock.AbstractAddr(n)
		if err != nil {
			t.Fatal(err)
		}
		s, err := sock.Open(sock.Unix, sock.Dgram, 0)
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, closed(t, s))
		if err := s.Bind(a); err != nil {
			t.Fatalf("%d bytes: %v", len(n), err)
		}
		if name, err := s.Sockname(); err != nil || name != a {
			t.Errorf("bound to %v, named %v, %v", a, name, err)
		}
		if _, err := held[0].SendTo([]byte(n), 0, a); err != nil {
			t.Fatal(err)
		}
		p := make([]byte, 200)
		if k, from, err := s.RecvFrom(p, 0); err != nil || string(p[:k]) != n || from.String() != `unix:@"`+unique+`\x00"` {
			t.Errorf("received %q from %v, %v", p[:k], from, err)
		}
	}
}

func TestAddrKernelNetlink(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("netlink is Linux's")
	}
	for _, port := range []uint32{0, 1<<31 + uint32(os.Getpid())} {
		s := open(t, sock.Netlink, sock.Raw) // NETLINK_ROUTE
		if err := s.Bind(sock.NetlinkAddr(port, 0)); err != nil {
			t.Fatal(err)
		}
		name, err := s.Sockname()
		if err != nil {
			t.Fatal(err)
		}
		text := name.String()
		if port != 0 && name != sock.NetlinkAddr(port, 0) || port == 0 && (!strings.HasPrefix(text, "netlink:") || strings.HasPrefix(text, "netlink:0:")) {
			t.Errorf("bound to port id %d, named %v", port, name)
		}
		if name.Domain() != sock.Netlink {
			t.Errorf("Domain = %v", name.Domain())
		}
	}
}

func TestAddrKernelPacket(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("packet sockets are Linux's")
	}
	if s, err := sock.Open(sock.Packet, sock.Dgram, 0); err != nil {
		t.Skip("packet sockets need CAP_NET_RAW: ", err)
	} else {
		s.Close()
	}
	_, lo := loopbackInterface(t)
	const experimental = 0x88b5
	for _, index := range []int{0, lo} {
		s := open(t, sock.Packet, sock.Dgram)
		at, err := sock.PacketAddr(experimental, index, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Bind(at); err != nil {
			t.Fatal(err)
		}
		name, err := s.Sockname()
		if err != nil {
			t.Fatal(err)
		}
		if index == 0 && name != at { // else it has the interface's type and hardware address, too
			t.Errorf("bound to %v, named %v", at, name)
		}
		fixed(t, name)
		if err := open(t, sock.Packet, sock.Dgram).Bind(name); err != nil {
			t.Error(err)
		}
	}
}

func TestAddrKernelVSock(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("tested on Linux alone")
	}
	s, err := sock.Open(sock.VSock, sock.Stream, 0)
	if err != nil {
		t.Skip("no vsock here: ", err)
	}
	closed(t, s)
	const any = 1<<32 - 1 // VMADDR_CID_ANY
	at := sock.VSockAddr(any, 1<<30+uint32(os.Getpid()))
	if err := s.Bind(at); err != nil {
		t.Skip("no vsock here: ", err)
	}
	if name, err := s.Sockname(); err != nil || name != at {
		t.Errorf("bound to %v, named %v, %v", at, name, err)
	}
}
