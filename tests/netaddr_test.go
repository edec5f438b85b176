//go:build linux || freebsd || darwin || netbsd || openbsd || dragonfly

package sock_test

import (
	"fmt"
	"net"
	"net/netip"
	"reflect"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/sockopt"
)

// sameNetAddr fails the test unless our address equals package net's for the same socket,
// in type and every field. A unix address without a name is "" here; package net writes
// "@" on Linux, and has nil or "" elsewhere.
func sameNetAddr(t testing.TB, what string, ours, others net.Addr) {
	t.Helper()
	if u, ok := ours.(*net.UnixAddr); ok && u.Name == "" {
		v, ok := others.(*net.UnixAddr)
		if others != nil && (!ok || v != nil && (v.Net != u.Net || v.Name != "" && v.Name != "@")) {
			t.Errorf("%s: %#v, package net says %#v", what, ours, others)
		}
		return
	}
	if !reflect.DeepEqual(ours, others) {
		t.Errorf("%s: %#v, package net says %#v", what, ours, others)
	}
}

// Both of its names, of a socket that package net made.
func TestNetAddrOfNet(t *testing.T) {
	t.Parallel()
	type conn interface {
		net.Conn
		syscall.Conn
	}
	for _, network := range []string{"tcp4", "tcp6", "udp4", "udp6", "unix", "unixpacket", "unixgram"} {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			if network == "unixpacket" && runtime.GOOS == "darwin" {
				t.Skip("macOS has no unix sequences of packets")
			}
			kind := strings.TrimSuffix(strings.TrimSuffix(network, "packet"), "gram")
			at := strings.TrimPrefix(bindAddr(t, kind).String(), "unix:")
			ours := func(c syscall.Conn) *sock.Socket {
				s, err := sock.FromConn(c)
				if err != nil {
					t.Fatal(err)
				}
				return closed(t, s)
			}
			var ends []net.Conn
			switch network {
			case "udp4", "udp6", "unixgram":
				p, err := net.ListenPacket(network, at)
				if err != nil {
					t.Fatal(err)
				}
				ends = append(ends, p.(net.Conn))
				c, err := net.Dial(network, p.LocalAddr().String())
				if err != nil {
					t.Fatal(err)
				}
				ends = append(ends, c)
			default:
				l, err := net.Listen(network, at)
				if err != nil {
					t.Fatal(err)
				}
				defer l.Close()
				s := ours(l.(syscall.Conn))
				sameNetAddr(t, "the listener", s.LocalAddr(), l.Addr())
				sameNetAddr(t, "the listener, wrapped", sock.Listener(s).Addr(), l.Addr())
				if a := s.RemoteAddr(); a != nil {
					t.Errorf("the listener's RemoteAddr is %v", a)
				}
				c, err := net.Dial(network, l.Addr().String())
				if err != nil {
					t.Fatal(err)
				}
				ends = append(ends, c)
				if c, err = l.Accept(); err != nil {
					t.Fatal(err)
				}
				ends = append(ends, c)
			}
			for i, c := range ends {
				defer c.Close()
				s := ours(c.(conn))
				sameNetAddr(t, fmt.Sprint("LocalAddr of ", i), s.LocalAddr(), c.LocalAddr())
				if c.RemoteAddr() == nil {
					if a := s.RemoteAddr(); a != nil {
						t.Errorf("RemoteAddr of %d: %v", i, a)
					}
					continue
				}
				sameNetAddr(t, fmt.Sprint("RemoteAddr of ", i), s.RemoteAddr(), c.RemoteAddr())
			}
		})
	}
}

// And what package net says of a socket that is ours.
func TestNetAddrOfOurs(t *testing.T) {
	t.Parallel()
	check := func(t *testing.T, s *sock.Socket) {
		t.Helper()
		d, err := s.Dup()
		if err != nil {
			t.Fatal(err)
		}
		c, err := d.NetConn()
		if err != nil {
			d.Close()
			t.Fatal(err)
		}
		defer c.Close()
		sameNetAddr(t, "LocalAddr", s.LocalAddr(), c.LocalAddr())
		sameNetAddr(t, "RemoteAddr", s.RemoteAddr(), c.RemoteAddr())
	}
	for _, network := range streamNetworks {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			client, server := streams(t, network)
			check(t, client)
			check(t, server)
		})
	}
	for _, network := range datagramNetworks {
		t.Run(network+" datagrams", func(t *testing.T) {
			t.Parallel()
			a, _, _, bName := datagrams(t, network)
			wantErr(t, a.Connect(bName), nil)
			check(t, a)
			if fresh := open(t, a.Domain(), sock.Dgram); network != "unix" {
				d, err := fresh.Dup()
				if err != nil {
					t.Fatal(err)
				}
				c, err := d.NetPacketConn()
				if err != nil {
					d.Close()
					t.Fatal(err)
				}
				defer c.Close()
				sameNetAddr(t, "LocalAddr before Bind", fresh.LocalAddr(), c.LocalAddr())
			}
		})
	}
}

// Before Bind and after Close an address has only its family.
func TestNetAddrOfNobody(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		d             sock.Domain
		ty            sock.Type
		before, after net.Addr
	}{
		{sock.Inet, sock.Stream, &net.TCPAddr{IP: net.IP{0, 0, 0, 0}}, &net.TCPAddr{}},
		{sock.Inet, sock.Dgram, &net.UDPAddr{IP: net.IP{0, 0, 0, 0}}, &net.UDPAddr{}},
		{sock.Inet6, sock.Stream, &net.TCPAddr{IP: net.IPv6zero}, &net.TCPAddr{}},
		{sock.Inet6, sock.Dgram, &net.UDPAddr{IP: net.IPv6zero}, &net.UDPAddr{}},
		{sock.Unix, sock.Stream, &net.UnixAddr{Net: "unix"}, &net.UnixAddr{Net: "unix"}},
		{sock.Unix, sock.Dgram, &net.UnixAddr{Net: "unixgram"}, &net.UnixAddr{Net: "unixgram"}},
		{sock.Unix, sock.SeqPacket, &net.UnixAddr{Net: "unixpacket"}, &net.UnixAddr{Net: "unixpacket"}},
	} {
		t.Run(fmt.Sprint(test.d, " ", test.ty), func(t *testing.T) {
			if test.d == sock.Inet6 {
				needIPv6(t)
			}
			if test.ty == sock.SeqPacket && runtime.GOOS == "darwin" {
				t.Skip("macOS has no unix sequences of packets")
			}
			s := open(t, test.d, test.ty)
			if a := s.LocalAddr(); !reflect.DeepEqual(a, test.before) {
				t.Errorf("before Bind %#v, want %#v", a, test.before)
			}
			if a := s.RemoteAddr(); a != nil { // nil itself, no pointer that is nil
				t.Errorf("its RemoteAddr is %#v", a)
			}
			wantErr(t, s.Close(), nil)
			if a := s.LocalAddr(); !reflect.DeepEqual(a, test.after) {
				t.Errorf("after Close %#v, want %#v", a, test.after)
			}
			if a := s.RemoteAddr(); a != nil {
				t.Errorf("its RemoteAddr after Close is %#v", a)
			}
		})
	}
	zero := new(sock.Socket)
	if a := zero.LocalAddr(); a == nil || a.String() != "" || a.Network() != "AF_UNSPEC" || zero.RemoteAddr() != nil {
		t.Errorf("the zero Socket's: %#v, %#v", a, zero.RemoteAddr())
	}
}

// Each connected Socket knows its peer, however it was made, also after a reset and after
// Close.
func TestNetAddrRemote(t *testing.T) {
	t.Parallel()
	adopted := func(t *testing.T, s *sock.Socket) *sock.Socket {
		fd, err := s.Detach()
		if err != nil {
			t.Fatal(err)
		}
		again, err := sock.FromFD(fd)
		if err != nil {
			t.Fatal(err)
		}
		return closed(t, again)
	}
	ends := map[string]func(t *testing.T, network string) (s, peer *sock.Socket){
		"connected": func(t *testing.T, network string) (s, peer *sock.Socket) { return streams(t, network) },
		"accepted":  func(t *testing.T, network string) (s, peer *sock.Socket) { peer, s = streams(t, network); return },
		"adopted": func(t *testing.T, network string) (s, peer *sock.Socket) {
			s, peer = streams(t, network)
			return adopted(t, s), peer
		},
		"accepted and adopted": func(t *testing.T, network string) (s, peer *sock.Socket) {
			peer, s = streams(t, network)
			return adopted(t, s), peer
		},
		"duplicated": func(t *testing.T, network string) (s, peer *sock.Socket) {
			s, peer = streams(t, network)
			d, err := s.Dup()
			if err != nil {
				t.Fatal(err)
			}
			end(t, s)
			return closed(t, d), peer
		},
		"connected later": func(t *testing.T, network string) (s, peer *sock.Socket) {
			l, name := listening(t, network)
			s = open(t, name.Domain(), sock.Stream)
			s.SetNonblock(true)
			if err := s.Connect(name); err != nil {
				wantErr(t, err, sock.ErrInProgress)
				if _, err := s.Wait(sock.Writable); err != nil {
					t.Fatal(err)
				}
				wantErr(t, s.ConnectResult(), nil)
			}
			peer, _, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			end(t, l)
			return s, closed(t, peer)
		},
	}
	for _, network := range streamNetworks {
		for name, make := range ends {
			t.Run(network+"/"+name, func(t *testing.T) {
				if network == "pair" && name == "connected later" {
					t.Skip("a pair is connected from the start")
				}
				t.Parallel()
				s, peer := make(t, network)
				want, own := peer.LocalAddr(), s.LocalAddr()
				check := func(when string) {
					t.Helper()
					if a := s.RemoteAddr(); !reflect.DeepEqual(a, want) {
						t.Errorf("%s: RemoteAddr = %#v, want %#v", when, a, want)
					}
				}
				check("at first")
				wantErr(t, sockopt.Linger.Set(peer, sockopt.LingerValue{On: true}), nil) // its Close resets TCP
				end(t, peer)
				if _, err := s.Wait(sock.Readable); err != nil {
					t.Fatal(err)
				}
				check("when the peer has closed")
				if a := s.LocalAddr(); runtime.GOOS == "linux" && !reflect.DeepEqual(a, own) {
					t.Errorf("LocalAddr = %v, when the peer has closed %v", own, a)
				} else if reflect.TypeOf(a) != reflect.TypeOf(own) {
					t.Errorf("LocalAddr = %#v", a)
				}
				wantErr(t, s.Close(), nil)
				check("after Close")
			})
		}
	}
}

// A stream whose connection did not come about has no other end.
func TestNetAddrRefused(t *testing.T) {
	t.Parallel()
	for _, network := range []string{"tcp4", "tcp6", "unix"} {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			to := refusing(t, network)
			s := open(t, to.Domain(), sock.Stream)
			wantErr(t, s.Connect(to), syscall.ECONNREFUSED)
			if a := s.RemoteAddr(); a != nil {
				t.Errorf("RemoteAddr = %v", a)
			}
		})
	}
}

// A datagram socket may change its peer, by another that shares it too.
func TestNetAddrDatagram(t *testing.T) {
	t.Parallel()
	none, err := sock.RawAddr(append(refHead(sock.Unspec, 16), make([]byte, 14)...))
	if err != nil {
		t.Fatal(err)
	}
	for _, network := range datagramNetworks {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			s, _, b, bName := datagrams(t, network)
			c, cName := bound(t, network, sock.Dgram)
			other, err := s.Dup()
			if err != nil {
				t.Fatal(err)
			}
			closed(t, other)
			wantErr(t, s.Connect(bName), nil)
			for _, x := range []*sock.Socket{s, other} {
				if a := x.RemoteAddr(); !reflect.DeepEqual(a, b.LocalAddr()) {
					t.Errorf("RemoteAddr = %v, want %v", a, b.LocalAddr())
				}
			}
			wantErr(t, other.Connect(cName), nil)
			for _, x := range []*sock.Socket{s, other} {
				if a := x.RemoteAddr(); !reflect.DeepEqual(a, c.LocalAddr()) {
					t.Errorf("connected elsewhere: RemoteAddr = %v, want %v", a, c.LocalAddr())
				}
			}
			if runtime.GOOS != "linux" && network == "unix" {
				t.Skip("unix sockets do not forget their peer on ", runtime.GOOS)
			}
			other.Connect(none) // whose answer is not the same on all systems
			if _, err := s.Peername(); err == nil {
				t.Fatal("it is still connected")
			}
			for _, x := range []*sock.Socket{s, other} {
				if a := x.RemoteAddr(); a != nil {
					t.Errorf("disconnected: RemoteAddr = %#v", a)
				}
			}
		})
	}
}

// What is known costs no system call. Not parallel: it sets the tracer.
func TestNetAddrNoCall(t *testing.T) {
	r := record(t)
	asked := func(what string, s *sock.Socket, want int) {
		t.Helper()
		r.take()
		if s.RemoteAddr() == nil {
			t.Errorf("%s: no RemoteAddr", what)
		}
		if calls := r.take(); len(calls) != want {
			t.Errorf("%s: %v", what, texts(calls))
		}
	}
	client, server := streams(t, "tcp4")
	asked("connected", client, 0)
	asked("accepted", server, 0)
	again, err := sock.FromConn(client)
	if err != nil {
		t.Fatal(err)
	}
	closed(t, again)
	asked("adopted", again, 1)
	asked("adopted and asked", again, 0)
	d, err := again.Dup()
	if err != nil {
		t.Fatal(err)
	}
	closed(t, d)
	asked("duplicated", d, 0)
	wantErr(t, client.Close(), nil)
	asked("closed", client, 0)

	l, at := listening(t, "tcp4")
	s := open(t, sock.Inet, sock.Stream)
	s.SetNonblock(true)
	if err := s.Connect(at); err != nil {
		wantErr(t, err, sock.ErrInProgress)
		if _, err := s.Wait(sock.Writable); err != nil {
			t.Fatal(err)
		}
		wantErr(t, s.ConnectResult(), nil)
	}
	asked("connected later", s, 0)
	wantErr(t, l.Close(), nil)

	u, _, _, to := datagrams(t, "udp4")
	wantErr(t, u.Connect(to), nil)
	asked("a datagram socket", u, 1)
	r.take()
	u.LocalAddr()
	if calls := r.take(); len(calls) != 1 || calls[0].Name != "getsockname" {
		t.Errorf("LocalAddr: %v", texts(calls))
	}
}

// The methods that take a net.Addr take what LocalAddr gave.
func TestNetAddrThereAndBack(t *testing.T) {
	t.Parallel()
	for _, network := range present(t, datagramNetworks...) {
		a, aName, b, _ := datagrams(t, network)
		if _, err := sock.PacketConn(a).WriteTo([]byte("x"), b.LocalAddr()); err != nil {
			t.Errorf("%s: %v", network, err)
			continue
		}
		n, from, err := b.RecvFrom(make([]byte, 9), 0)
		if n != 1 || from != aName || err != nil {
			t.Errorf("%s: %d from %v, %v", network, n, from, err)
		}
	}
}

// A raw socket's address is an IP.
func TestNetAddrRaw(t *testing.T) {
	t.Parallel()
	if s, err := sock.Open(sock.Inet, sock.Raw, sock.ICMP); err != nil {
		t.Skip("raw sockets need a privilege: ", err)
	} else {
		s.Close()
	}
	for _, network := range []string{"ip4:icmp", "ip6:ipv6-icmp"} {
		host := "127.0.0.1"
		if network[:3] == "ip6" {
			host = "::1"
		}
		c, err := net.ListenPacket(network, host)
		if err != nil {
			t.Logf("%s: %v", network, err)
			continue
		}
		defer c.Close()
		s, err := sock.FromConn(c.(*net.IPConn))
		if err != nil {
			t.Fatal(err)
		}
		closed(t, s)
		sameNetAddr(t, network, s.LocalAddr(), c.LocalAddr())
		if a := s.RemoteAddr(); a != nil {
			t.Errorf("%s: RemoteAddr = %v", network, a)
		}
		to, err := sock.AddrFrom(netip.AddrPortFrom(netip.MustParseAddr(host), 0))
		if err != nil {
			t.Fatal(err)
		}
		wantErr(t, s.Connect(to), nil)
		sameNetAddr(t, network, s.RemoteAddr(), &net.IPAddr{IP: to.AddrPort().Addr().AsSlice()})
	}
}

// It is not parallel, as all that counts allocations.
func TestNetAddrAlloc(t *testing.T) {
	needRawCalls(t)
	for _, network := range present(t, "tcp4", "tcp6") {
		a, b := streams(t, network)
		allocates(t, network+" LocalAddr", 1, func() { a.LocalAddr() })
		allocates(t, network+" RemoteAddr, connected", 1, func() { a.RemoteAddr() })
		allocates(t, network+" RemoteAddr, accepted", 1, func() { b.RemoteAddr() })
	}
	for _, network := range present(t, "udp4", "udp6") {
		a, _, _, to := datagrams(t, network)
		wantErr(t, a.Connect(to), nil)
		c := sock.PacketConn(a)
		allocates(t, network+" LocalAddr", 1, func() { a.LocalAddr() })
		allocates(t, network+" RemoteAddr", 1, func() { a.RemoteAddr() })
		allocates(t, network+" PacketConn's LocalAddr", 1, func() { c.LocalAddr() })
	}
}

// The unspecified address stands for one that the kernel chooses: RemoteAddr is that
// one, also where Connect succeeds at once.
func TestNetAddrUnspecified(t *testing.T) {
	t.Parallel()
	for network, any := range map[string]string{"tcp4": "0.0.0.0:0", "tcp6": "[::]:0", "udp4": "0.0.0.0:0", "udp6": "[::]:0"} {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			if strings.HasSuffix(network, "6") {
				needIPv6(t)
			}
			kind := sock.Dgram
			if strings.HasPrefix(network, "tcp") {
				kind = sock.Stream
			}
			// Bound to all addresses, for the kernel may choose any.
			at := addr(t, any)
			there := open(t, at.Domain(), kind)
			wantErr(t, there.Bind(at), nil)
			if kind == sock.Stream {
				wantErr(t, there.Listen(0), nil)
			}
			to, err := there.Sockname()
			wantErr(t, err, nil)
			for i := range 40 {
				s := open(t, to.Domain(), kind)
				s.SetNonblock(i%2 == 0)
				err := s.Connect(to)
				if err == sock.ErrInProgress {
					wantErr(t, readable(s, sock.Writable), nil)
					err = s.ConnectResult()
				}
				if err != nil && runtime.GOOS != "linux" {
					t.Skip("no connection to the unspecified address here: ", err)
				}
				wantErr(t, err, nil)
				got := s.RemoteAddr().String() // before Peer, which may make it right
				peer, err := s.Peername()
				wantErr(t, err, nil)
				if got != peer.AddrPort().String() || peer.AddrPort().Addr().IsUnspecified() {
					t.Fatalf("RemoteAddr = %s, getpeername says %v", got, peer)
				}
				wantErr(t, s.Close(), nil)
				if after := s.RemoteAddr().String(); after != got {
					t.Fatalf("RemoteAddr = %s, and after Close %s", got, after)
				}
			}
		})
	}
}

// Without a port a datagram socket is connected all the same, though getpeername(2)
// says ENOTCONN.
func TestNetAddrUnspecifiedPort(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("no datagram socket connects to port 0 on ", runtime.GOOS)
	}
	s := open(t, sock.Inet, sock.Dgram)
	wantErr(t, s.Connect(addr(t, "0.0.0.0:0")), nil)
	_, err := s.Peername()
	wantErr(t, err, syscall.ENOTCONN)
}
