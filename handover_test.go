//go:build linux || freebsd || darwin || netbsd || openbsd || dragonfly

package sock_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"reflect"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/berkeleysockets/sock"
)

// A theirs is what every connection and listener of package net is.
type theirs interface {
	io.Closer
	syscall.Conn
	SetDeadline(time.Time) error
}

// handOvers are the three ways to package net.
var handOvers = map[string]func(s *sock.Socket) (io.Closer, error){
	"netconn":       func(s *sock.Socket) (io.Closer, error) { return s.NetConn() },
	"netlistener":   func(s *sock.Socket) (io.Closer, error) { return s.NetListener() },
	"netpacketconn": func(s *sock.Socket) (io.Closer, error) { return s.NetPacketConn() },
}

// adopted is FromConn, and Close of what was given.
func adopted(t testing.TB, c any) *sock.Socket {
	t.Helper()
	s, err := sock.FromConn(c.(theirs))
	if err != nil {
		t.Fatal(err)
	}
	closed(t, s)
	is(t, c.(theirs).Close(), nil)
	return s
}

// handed hands s over, and fails the test unless s is closed and what comes is
// of the same type as want.
func handed[T any](t testing.TB, s *sock.Socket, how func(*sock.Socket) (T, error), want any) T {
	t.Helper()
	c, err := how(s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { any(c).(theirs).Close() })
	if reflect.TypeOf(c) != reflect.TypeOf(want) {
		t.Fatalf("%T, want %T", c, want)
	}
	if s.FD() != -1 {
		t.Errorf("the Socket has descriptor %d still", s.FD())
	}
	_, err = s.Recv(make([]byte, 1), 0)
	is(t, err, net.ErrClosed)
	is(t, s.Close(), net.ErrClosed)
	return c
}

// theirListener listens at place(network), with package net.
func theirListener(t testing.TB, network string) net.Listener {
	t.Helper()
	l, err := net.Listen(network, strings.TrimPrefix(place(t, network).String(), "unix:"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func theirDial(t testing.TB, to net.Addr) net.Conn {
	t.Helper()
	c, err := net.Dial(to.Network(), to.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(10 * time.Second)) // the test's, that it does not hang
	return c
}

func theirAccept(t testing.TB, l net.Listener) net.Conn {
	t.Helper()
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// lateRead reads past a deadline.
func lateRead(t testing.TB, c net.Conn) {
	t.Helper()
	is(t, c.SetReadDeadline(time.Now().Add(time.Millisecond)), nil)
	n, err := c.Read(make([]byte, 1))
	is(t, err, os.ErrDeadlineExceeded)
	if n != 0 {
		t.Errorf("%d bytes from nobody", n)
	}
}

// hears fails the test unless c reads want.
func hears(t testing.TB, c io.Reader, want string) {
	t.Helper()
	p := make([]byte, len(want))
	if _, err := io.ReadFull(c, p); string(p) != want || err != nil {
		t.Errorf("it hears %q, %v, want %q", p, err, want)
	}
}

func says(t testing.TB, c io.Writer, what string) {
	t.Helper()
	if _, err := io.WriteString(c, what); err != nil {
		t.Fatal(err)
	}
}

// A connection goes from package net to us and back, three times, with what it
// has received and nobody has read. Deadlines and modes stay behind.
func TestHandOverStream(t *testing.T) {
	t.Parallel()
	for _, network := range []string{"tcp4", "tcp6", "unix"} {
		for _, end := range []string{"dialled", "accepted"} {
			t.Run(network+", "+end, func(t *testing.T) {
				t.Parallel()
				l := theirListener(t, network)
				peer := theirDial(t, l.Addr())
				c := theirAccept(t, l)
				if end == "dialled" {
					c, peer = peer, c
				}
				first, local, remote := c, c.LocalAddr(), c.RemoteAddr()
				for range 3 {
					says(t, peer, "early")
					s := adopted(t, c)
					sameNetAddr(t, "local", s.LocalAddr(), local)
					sameNetAddr(t, "remote", s.RemoteAddr(), remote)
					hears(t, s, "early")
					talks(t, s, peer)
					lateRead(t, s)
					s.SetNonblock(true)
					says(t, peer, "late")

					c = handed(t, s, (*sock.Socket).NetConn, first)
					sameNetAddr(t, "local", c.LocalAddr(), local)
					sameNetAddr(t, "remote", c.RemoteAddr(), remote)
					hears(t, c, "late")
					talks(t, c, peer)
					lateRead(t, c)
					is(t, c.SetReadDeadline(time.Time{}), nil)
				}
				runtime.GC() // a file that was forgotten would close what it has
				runtime.GC()
				talks(t, c, peer)
				is(t, c.Close(), nil)
				if n, err := peer.Read(make([]byte, 1)); err != io.EOF {
					t.Errorf("the peer reads %d, %v: somebody has the connection still", n, err)
				}
			})
		}
	}
}

// What was made here, in each of the ways.
func TestHandOverOurs(t *testing.T) {
	t.Parallel()
	for _, network := range streamNetworks {
		a, b := streams(t, network)
		var want net.Conn = new(net.TCPConn)
		if a.Domain() == sock.Unix {
			want = new(net.UnixConn)
		}
		talks(t, handed(t, a, (*sock.Socket).NetConn, want), handed(t, b, (*sock.Socket).NetConn, want))
	}
	a, _, b, _ := datagrams(t, "udp4")
	to := b.LocalAddr()
	packetsTalk(t, handed(t, a, (*sock.Socket).NetPacketConn, new(net.UDPConn)), sock.PacketConn(b), to)
}

// A sequence of packets keeps their bounds.
func TestHandOverSeqPacket(t *testing.T) {
	t.Parallel()
	seqpacket(t).Close()
	a, b, err := sock.Pair(sock.Unix, sock.SeqPacket, 0)
	if err != nil {
		t.Fatal(err)
	}
	closed(t, b)
	says(t, b, "one")
	says(t, b, "two")
	c := handed(t, a, (*sock.Socket).NetConn, new(net.UnixConn))
	if network := c.LocalAddr().Network(); network != "unixpacket" {
		t.Error(network)
	}
	s := adopted(t, c)
	if s.Type() != sock.SeqPacket {
		t.Error(s.Type())
	}
	recv(t, s, 9, 0, "one")
	recv(t, s, 9, 0, "two")
	talks(t, s, b)
}

func TestHandOverFile(t *testing.T) {
	t.Parallel()
	for _, network := range streamNetworks {
		a, peer := streams(t, network)
		f, err := a.File()
		if err != nil {
			t.Fatal(err)
		}
		is(t, a.Close(), nil)
		says(t, peer, "early")
		s := adopted(t, f)
		if s.Domain() != a.Domain() || s.Type() != sock.Stream || s.Protocol() != a.Protocol() {
			t.Errorf("%s: %v, %v, %v", network, s.Domain(), s.Type(), s.Protocol())
		}
		hears(t, s, "early")
		talks(t, s, peer)
		lateRead(t, s)
		c, err := s.NetConn()
		if err != nil {
			t.Fatal(network, ": ", err)
		}
		talks(t, c, peer)
		is(t, c.Close(), nil)
		end(t, peer)
	}
}

// Package net chooses these two for a connection that is handed to it.
func TestHandOverOptions(t *testing.T) {
	t.Parallel()
	s, peer := streams(t, "tcp4")
	on := func(s *sock.Socket, o sock.Option[bool]) bool {
		v, err := o.Get(s)
		is(t, err, nil)
		return v
	}
	if on(s, sock.TCPNoDelay) || on(s, sock.KeepAlive) {
		t.Fatal("they are on from the start")
	}
	c, err := s.NetConn()
	if err != nil {
		t.Fatal(err)
	}
	s = adopted(t, c)
	if !on(s, sock.TCPNoDelay) || !on(s, sock.KeepAlive) {
		t.Error("TCPNoDelay", on(s, sock.TCPNoDelay), "KeepAlive", on(s, sock.KeepAlive))
	}
	talks(t, s, peer)
}

// packetsTalk sends from a to b, which is there, and back to where that came
// from.
func packetsTalk(t testing.TB, a, b net.PacketConn, there net.Addr) {
	t.Helper()
	p := make([]byte, 99)
	if _, err := a.WriteTo([]byte("ping"), there); err != nil {
		t.Error(err)
		return
	}
	n, from, err := b.ReadFrom(p)
	if string(p[:n]) != "ping" || err != nil || from == nil || from.String() != a.LocalAddr().String() {
		t.Errorf("it hears %q from %v, %v", p[:n], from, err)
		return
	}
	if _, err := b.WriteTo([]byte("pong"), from); err != nil {
		t.Error(err)
		return
	}
	n, from, err = a.ReadFrom(p)
	if string(p[:n]) != "pong" || err != nil || from == nil || from.String() != there.String() {
		t.Errorf("it hears %q from %v, %v", p[:n], from, err)
	}
}

// packetsHear fails the test unless c receives what peer sent.
func packetsHear(t testing.TB, c net.PacketConn, want string, peer net.PacketConn) {
	t.Helper()
	p := make([]byte, 99)
	n, from, err := c.ReadFrom(p)
	if string(p[:n]) != want || err != nil || from == nil || from.String() != peer.LocalAddr().String() {
		t.Errorf("it hears %q from %v, %v, want %q", p[:n], from, err, want)
	}
}

// As TestHandOverStream, of datagrams that have no peer.
func TestHandOverDatagram(t *testing.T) {
	t.Parallel()
	listen := func(t *testing.T, network string) net.PacketConn {
		at := strings.Replace(network, "gram", "", 1)
		c, err := net.ListenPacket(network, strings.TrimPrefix(place(t, at).String(), "unix:"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		c.SetDeadline(time.Now().Add(10 * time.Second))
		return c
	}
	for _, network := range []string{"udp4", "udp6", "unixgram"} {
		for way, back := range map[string]func(*sock.Socket) (net.PacketConn, error){
			"NetPacketConn": (*sock.Socket).NetPacketConn,
			"NetConn": func(s *sock.Socket) (net.PacketConn, error) {
				c, err := s.NetConn()
				if err != nil {
					return nil, err
				}
				return c.(net.PacketConn), nil
			},
		} {
			t.Run(network+", "+way, func(t *testing.T) {
				t.Parallel()
				c, peer := listen(t, network), listen(t, network)
				first, local := c, c.LocalAddr()
				for range 3 {
					for _, what := range []string{"early", "", "earlier"} {
						if _, err := peer.WriteTo([]byte(what), local); err != nil {
							t.Fatal(err)
						}
					}
					s := adopted(t, c)
					ours := sock.PacketConn(s)
					sameNetAddr(t, "local", ours.LocalAddr(), local)
					packetsHear(t, ours, "early", peer)
					packetsHear(t, ours, "", peer)
					lateReadAfter(t, s, "earlier")
					is(t, s.SetReadDeadline(time.Time{}), nil)
					packetsTalk(t, peer, ours, local)
					is(t, s.SetDeadline(time.Unix(1, 0)), nil)
					if _, err := peer.WriteTo([]byte("late"), local); err != nil {
						t.Fatal(err)
					}

					c = handed(t, s, back, first)
					sameNetAddr(t, "local", c.LocalAddr(), local)
					if remote := c.(net.Conn).RemoteAddr(); remote != nil && !reflect.ValueOf(remote).IsNil() {
						t.Error("a peer: ", remote)
					}
					packetsHear(t, c, "late", peer)
					packetsTalk(t, peer, c, local)
					is(t, c.SetReadDeadline(time.Now().Add(time.Millisecond)), nil)
					_, _, err := c.ReadFrom(make([]byte, 1))
					is(t, err, os.ErrDeadlineExceeded)
				}
			})
		}
	}
}

// lateReadAfter is lateRead of what has one message still.
func lateReadAfter(t testing.TB, s *sock.Socket, message string) {
	t.Helper()
	recv(t, s, 99, 0, message)
	lateRead(t, s)
}

// A connected datagram socket keeps its peer.
func TestHandOverDatagramConnected(t *testing.T) {
	t.Parallel()
	for _, way := range []string{"netconn", "netpacketconn"} {
		a, b := netPair(t, "udp")
		s := adopted(t, a)
		talks(t, s, b)
		c, err := handOvers[way](s)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		conn := c.(*net.UDPConn)
		sameNetAddr(t, way, conn.RemoteAddr(), a.RemoteAddr())
		sameNetAddr(t, way, conn.LocalAddr(), a.LocalAddr())
		talks(t, conn, b)
		is(t, s.Close(), net.ErrClosed)
	}
}

func TestHandOverRaw(t *testing.T) {
	t.Parallel()
	// A protocol for experiments. Whoever has such a socket hears everybody, so
	// others may be at it: only what is our own counts.
	c, err := net.ListenIP("ip4:253", &net.IPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EACCES) {
		t.Skip("raw sockets need a privilege: ", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	local := c.LocalAddr()
	mine := fmt.Sprintf("%d of %d at %d", os.Getpid(), os.Getppid(), time.Now().UnixNano())
	hear := func(c interface {
		net.PacketConn
		SetReadDeadline(time.Time) error
	}) {
		t.Helper()
		is(t, c.SetReadDeadline(time.Now().Add(10*time.Second)), nil)
		for p := make([]byte, 999); ; {
			n, _, err := c.ReadFrom(p)
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasSuffix(string(p[:n]), mine) { // to us the kernel gives the IP header too
				return
			}
		}
	}
	tell := func(c net.PacketConn) {
		t.Helper()
		if _, err := c.WriteTo([]byte(mine), local); err != nil {
			t.Fatal(err)
		}
	}
	for _, back := range []func(*sock.Socket) (*net.IPConn, error){
		func(s *sock.Socket) (*net.IPConn, error) {
			c, err := s.NetConn()
			if err != nil {
				return nil, err
			}
			return c.(*net.IPConn), nil
		},
		func(s *sock.Socket) (*net.IPConn, error) {
			c, err := s.NetPacketConn()
			if err != nil {
				return nil, err
			}
			return c.(*net.IPConn), nil
		},
	} {
		tell(c)
		s := adopted(t, c)
		if s.Type() != sock.Raw || runtime.GOOS == "linux" && s.Protocol() != 253 {
			t.Error(s.Type(), s.Protocol())
		}
		ours := sock.PacketConn(s)
		sameNetAddr(t, "local", ours.LocalAddr(), local)
		hear(ours)
		tell(ours)
		hear(ours)
		tell(ours)
		c = handed(t, s, back, c)
		hear(c)
		tell(c)
		hear(c)
		sameNetAddr(t, "local", c.LocalAddr(), local)
	}
}

// A listener goes there and back with who waits in its backlog. What package net
// makes may be multipath TCP, and accepts in our hands too.
func TestHandOverListener(t *testing.T) {
	t.Parallel()
	for _, network := range []string{"tcp4", "tcp6", "unix"} {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			l := theirListener(t, network)
			first, at := l, l.Addr()
			if u, ok := l.(*net.UnixListener); ok {
				u.SetUnlinkOnClose(false)
			}
			for range 3 {
				early := theirDial(t, at)
				s := adopted(t, l)
				sameNetAddr(t, "local", s.LocalAddr(), at)
				if p := s.Protocol(); network != "unix" && p != sock.TCP && p != sock.MPTCP {
					t.Error("protocol ", p)
				}
				a, _, err := s.Accept()
				if err != nil {
					t.Fatal(err)
				}
				closed(t, a)
				talks(t, a, early)
				var want net.Conn = new(net.TCPConn)
				if network == "unix" {
					want = new(net.UnixConn)
				}
				talks(t, handed(t, a, (*sock.Socket).NetConn, want), early)
				is(t, s.SetReadDeadline(time.Now().Add(time.Millisecond)), nil)
				_, _, err = s.Accept()
				is(t, err, os.ErrDeadlineExceeded)

				late := theirDial(t, at)
				l = handed(t, s, (*sock.Socket).NetListener, first)
				sameNetAddr(t, "local", l.Addr(), at)
				talks(t, theirAccept(t, l), late)
				talks(t, theirDial(t, at), theirAccept(t, l))
				is(t, l.(theirs).SetDeadline(time.Now().Add(time.Millisecond)), nil)
				_, err = l.Accept()
				is(t, err, os.ErrDeadlineExceeded)
				is(t, l.(theirs).SetDeadline(time.Time{}), nil)
			}
			is(t, l.Close(), nil)
			eventually(t, "nobody listens", func() bool { // when no child has a copy
				c, err := net.Dial(at.Network(), at.String())
				if err == nil {
					c.Close()
				}
				return errors.Is(err, syscall.ECONNREFUSED)
			})
			if network == "unix" {
				if _, err := os.Stat(at.String()); err != nil {
					t.Error("the path did not stay: ", err)
				}
			}
		})
	}
}

// Whoever waits is woken with net.ErrClosed, and takes nothing along.
func TestHandOverParked(t *testing.T) {
	t.Parallel()
	for name, wait := range map[string]func(s *sock.Socket) error{
		"Recv":             methods["Recv"],
		"Read":             methods["Read"],
		"RecvMsg":          methods["RecvMsg"],
		"Wait":             methods["Wait"],
		"Wait, two things": func(s *sock.Socket) error { _, err := s.Wait(sock.Readable | sock.Priority); return err },
		"RawConn": func(s *sock.Socket) error {
			c, err := s.SyscallConn()
			if err != nil {
				return err
			}
			return c.Read(func(uintptr) bool { return false })
		},
	} {
		for _, network := range streamNetworks {
			t.Run(name+", "+network, func(t *testing.T) {
				t.Parallel()
				s, peer := streams(t, network)
				waiting := begin(t, func() error { return wait(s) })
				c, err := s.NetConn()
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				is(t, soon(t, waiting), net.ErrClosed)
				talks(t, peer, c)
			})
		}
	}
	for _, network := range []string{"tcp4", "unix"} {
		l, at := listening(t, network)
		waiting := begin(t, func() error { _, _, err := l.Accept(); return err })
		theirs, err := l.NetListener()
		if err != nil {
			t.Fatal(err)
		}
		defer theirs.Close()
		is(t, soon(t, waiting), net.ErrClosed)
		c := open(t, at.Domain(), sock.Stream)
		is(t, c.Connect(at), nil)
		talks(t, c, theirAccept(t, theirs))
	}
	for _, network := range datagramNetworks {
		s, name, peer, _ := datagrams(t, network)
		waiting := begin(t, func() error { _, _, err := s.RecvFrom(make([]byte, 1), 0); return err })
		c, err := s.NetPacketConn()
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		is(t, soon(t, waiting), net.ErrClosed)
		if _, err := peer.SendTo([]byte("x"), 0, name); err != nil {
			t.Fatal(err)
		}
		packetsHear(t, c, "x", sock.PacketConn(peer))
	}
}

// From within WithFD, which the descriptor outlives.
func TestHandOverWithFD(t *testing.T) {
	t.Parallel()
	s, peer := streams(t, "tcp4")
	var c net.Conn
	err := s.WithFD(func(fd int) (err error) {
		c, err = s.NetConn()
		flags(t, fd) // which fails if it is no descriptor
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	is(t, s.Close(), net.ErrClosed)
	talks(t, c, peer)
}

// A connection whose peer has aborted it is handed over, and tells there.
func TestHandOverReset(t *testing.T) {
	t.Parallel()
	s, peer := streams(t, "tcp4")
	abort(t, peer)
	if _, err := s.Wait(sock.Readable); err != nil {
		t.Fatal(err)
	}
	c, err := s.NetConn()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, err = c.Read(make([]byte, 1))
	is(t, err, syscall.ECONNRESET)
	is(t, s.Close(), net.ErrClosed)
}

// What cannot be handed over stays as it was.
func TestHandOverRefused(t *testing.T) {
	t.Parallel()
	connects := func(s *sock.Socket) func(t *testing.T) {
		return func(t *testing.T) {
			network := "tcp4"
			if s.Domain() == sock.Unix {
				network = "unix"
			}
			l, at := listening(t, network)
			is(t, s.Connect(at), nil)
			c, _, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			talks(t, s, closed(t, c))
		}
	}
	fresh := func(d sock.Domain) func(t *testing.T) (*sock.Socket, func(t *testing.T)) {
		return func(t *testing.T) (*sock.Socket, func(t *testing.T)) {
			s := open(t, d, sock.Stream)
			return s, connects(s)
		}
	}
	listens := func(network string) func(t *testing.T) (*sock.Socket, func(t *testing.T)) {
		return func(t *testing.T) (*sock.Socket, func(t *testing.T)) {
			l, at := listening(t, network)
			waiting := begin(t, func() error {
				c, _, err := l.Accept()
				if err == nil {
					err = c.Close()
				}
				return err
			})
			return l, func(t *testing.T) { // the goroutine that waited waits
				is(t, open(t, at.Domain(), sock.Stream).Connect(at), nil)
				is(t, soon(t, waiting), nil)
			}
		}
	}
	connected := func(network string) func(t *testing.T) (*sock.Socket, func(t *testing.T)) {
		return func(t *testing.T) (*sock.Socket, func(t *testing.T)) {
			a, b := streams(t, network)
			says(t, b, "early")
			return a, func(t *testing.T) { hears(t, a, "early"); talks(t, a, b) }
		}
	}
	packets := func(t *testing.T) (*sock.Socket, func(t *testing.T)) {
		a, b, err := sock.Pair(sock.Unix, sock.SeqPacket, 0)
		if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, syscall.EPROTONOSUPPORT) || errors.Is(err, syscall.EPROTOTYPE) {
			t.Skip("no unix seqpacket here: ", err)
		}
		if err != nil {
			t.Fatal(err)
		}
		closed(t, a)
		closed(t, b)
		return a, func(t *testing.T) { talks(t, a, b) }
	}
	datagram := func(t *testing.T) (*sock.Socket, func(t *testing.T)) {
		a, _, b, bName := datagrams(t, "udp4")
		return a, func(t *testing.T) {
			if _, err := a.SendTo([]byte("x"), 0, bName); err != nil {
				t.Error(err)
			}
			recv(t, b, 9, 0, "x")
		}
	}
	foreign := func(d sock.Domain, ty sock.Type) func(t *testing.T) (*sock.Socket, func(t *testing.T)) {
		return func(t *testing.T) (*sock.Socket, func(t *testing.T)) {
			s, err := sock.Open(d, ty, 0)
			if err != nil {
				t.Skip("no such socket here: ", err)
			}
			return closed(t, s), func(t *testing.T) {
				_, err := s.Name()
				is(t, err, nil)
			}
		}
	}
	virtual := func(t *testing.T) (*sock.Socket, func(t *testing.T)) {
		s, whole := foreign(sock.VSock, sock.Stream)(t)
		if err := errors.Join(s.Bind(sock.VSockAddr(1<<32-1, 1<<32-1)), s.Listen(1)); err != nil {
			t.Skip("no vsock here: ", err)
		}
		return s, whole
	}
	for _, c := range []struct {
		name string
		make func(t *testing.T) (s *sock.Socket, whole func(t *testing.T))
		op   string
		want error
	}{
		{"fresh tcp", fresh(sock.Inet), "netconn", syscall.ENOTCONN},
		{"fresh tcp", fresh(sock.Inet), "netlistener", syscall.EINVAL},
		{"fresh tcp", fresh(sock.Inet), "netpacketconn", syscall.EINVAL},
		{"fresh unix", fresh(sock.Unix), "netconn", syscall.ENOTCONN},
		{"fresh unix", fresh(sock.Unix), "netlistener", syscall.EINVAL},
		{"fresh unix", fresh(sock.Unix), "netpacketconn", syscall.EINVAL},
		{"listening tcp", listens("tcp4"), "netconn", syscall.ENOTCONN},
		{"listening tcp", listens("tcp4"), "netpacketconn", syscall.EINVAL},
		{"listening unix", listens("unix"), "netconn", syscall.ENOTCONN},
		{"listening unix", listens("unix"), "netpacketconn", syscall.EINVAL},
		{"connected tcp", connected("tcp4"), "netlistener", syscall.EINVAL},
		{"connected tcp", connected("tcp4"), "netpacketconn", syscall.EINVAL},
		{"pair", connected("pair"), "netlistener", syscall.EINVAL},
		{"pair", connected("pair"), "netpacketconn", syscall.EINVAL},
		{"seqpacket", packets, "netlistener", syscall.EINVAL},
		{"seqpacket", packets, "netpacketconn", syscall.EINVAL},
		{"udp", datagram, "netlistener", syscall.EINVAL},
		{"netlink", foreign(sock.Netlink, sock.Raw), "netconn", syscall.EPROTONOSUPPORT},
		{"netlink", foreign(sock.Netlink, sock.Raw), "netpacketconn", syscall.EPROTONOSUPPORT},
		{"netlink", foreign(sock.Netlink, sock.Raw), "netlistener", syscall.EINVAL},
		{"packet", foreign(sock.Packet, sock.Dgram), "netconn", syscall.EPROTONOSUPPORT},
		{"packet", foreign(sock.Packet, sock.Dgram), "netpacketconn", syscall.EPROTONOSUPPORT},
		{"packet", foreign(sock.Packet, sock.Dgram), "netlistener", syscall.EINVAL},
		{"vsock", virtual, "netlistener", syscall.EAFNOSUPPORT},
	} {
		t.Run(c.name+", "+c.op, func(t *testing.T) {
			t.Parallel()
			s, whole := c.make(t)
			fd := s.FD()
			for range 2 {
				got, err := handOvers[c.op](s)
				is(t, err, c.want)
				var e *sock.Error
				if !errors.As(err, &e) || e.Op != c.op || !strings.HasPrefix(err.Error(), c.op+": ") {
					t.Errorf("error %q of %s", err, c.op)
				}
				if got != nil && !reflect.ValueOf(got).IsNil() {
					t.Errorf("%T, and an error", got)
				}
			}
			if s.FD() != fd {
				t.Errorf("descriptor %d became %d", fd, s.FD())
			}
			if nonblock, cloexec := flags(t, fd); !nonblock || !cloexec {
				t.Errorf("it is now non-blocking %v, close-on-exec %v", nonblock, cloexec)
			}
			whole(t)
			is(t, s.Close(), nil)
		})
	}
}

// Of many who hand it over, detach or close it at once, one gets it, and no
// other descriptor is left.
func TestHandOverOnce(t *testing.T) {
	t.Parallel()
	type way = func(*sock.Socket) (io.Closer, error)
	detach := func(s *sock.Socket) (io.Closer, error) {
		fd, err := s.Detach()
		if err != nil {
			return nil, err
		}
		return os.NewFile(uintptr(fd), "detached"), nil
	}
	shut := func(s *sock.Socket) (io.Closer, error) { return io.NopCloser(nil), s.Close() }
	race := func(name string, s *sock.Socket, ways ...way) {
		t.Helper()
		type result struct {
			io.Closer
			err error
		}
		start := make(chan bool)
		got := make(chan result, len(ways))
		for _, way := range ways {
			go func() {
				<-start
				c, err := way(s)
				got <- result{c, err}
			}()
		}
		close(start)
		won := 0
		for range ways {
			if r := soon(t, got); r.err == nil {
				won++
				is(t, r.Close(), nil)
			} else {
				is(t, r.err, net.ErrClosed)
			}
		}
		if won != 1 {
			t.Fatalf("%s: %d got it", name, won)
		}
	}
	conn, listener, packet := handOvers["netconn"], handOvers["netlistener"], handOvers["netpacketconn"]
	for i := range 50 {
		s, peer := streams(t, streamNetworks[i%len(streamNetworks)])
		ended := begin(t, func() error { _, err := peer.Read(make([]byte, 1)); return err })
		waiting := begin(t, func() error { return methods["Recv"](s) })
		race("netconn", s, [][]way{{conn, conn}, {conn, conn, detach, detach}, {conn, shut, conn, shut}}[i%3]...)
		is(t, soon(t, waiting), net.ErrClosed)
		is(t, soon(t, ended), io.EOF)

		l, at := listening(t, "tcp4")
		race("netlistener", l, [][]way{{listener, listener}, {listener, listener, detach}, {listener, shut}}[i%3]...)
		d, name := bound(t, "udp4", sock.Dgram)
		race("netpacketconn", d, [][]way{{packet, packet}, {packet, conn, detach}, {packet, shut}}[i%3]...)
		for _, gone := range []struct {
			at sock.Addr
			ty sock.Type
		}{{at, sock.Stream}, {name, sock.Dgram}} {
			eventually(t, "its address is free", func() bool { // when no child has a copy
				again := open(t, sock.Inet, gone.ty, sock.ReuseAddr.With(gone.ty == sock.Stream))
				defer again.Close()
				err := again.Bind(gone.at)
				if err == nil && gone.ty == sock.Stream {
					err = again.Listen(1)
				}
				return err == nil
			})
		}
	}
}

// Not parallel: it counts the descriptors of the process.
func TestHandOverDescriptors(t *testing.T) {
	round := func() {
		for _, network := range streamNetworks {
			a, b := streams(t, network)
			_, err := a.NetListener()
			is(t, err, syscall.EINVAL)
			waiting := begin(t, func() error { return methods["Recv"](a) })
			c, err := a.NetConn()
			is(t, err, nil)
			is(t, soon(t, waiting), net.ErrClosed)
			is(t, adopted(t, c).Close(), nil)
			is(t, b.Close(), nil)
		}
		for _, network := range []string{"tcp4", "unix"} {
			s, _ := listening(t, network)
			_, err := s.NetConn()
			is(t, err, syscall.ENOTCONN)
			l, err := s.NetListener()
			is(t, err, nil)
			is(t, adopted(t, l).Close(), nil)
		}
		for _, network := range datagramNetworks {
			s, _ := bound(t, network, sock.Dgram)
			c, err := s.NetPacketConn()
			is(t, err, nil)
			is(t, adopted(t, c).Close(), nil)
		}
		if s, err := sock.Open(sock.Netlink, sock.Raw, 0); err == nil {
			for _, way := range handOvers {
				if _, err := way(s); err == nil {
					t.Error("package net knows netlink")
				}
			}
			is(t, s.Close(), nil)
		}
	}
	round() // what the first round makes for good
	before := descriptors()
	for range 20 {
		round()
	}
	if after := descriptors(); after > before {
		t.Errorf("%d descriptors were open, and now %d", before, after)
	}
}

// descriptors counts those that are open.
func descriptors() (n int) {
	for fd := range 1024 {
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == nil {
			n++
		}
	}
	return n
}

// It takes two descriptors for a moment. With none to be had, or one, it fails and
// nothing has changed. In a process of its own, which runs out of them.
func TestHandOverNoneLeft(t *testing.T) {
	t.Parallel()
	if out, err := child(t, "hand over without descriptors").Output(); err != nil {
		t.Fatalf("%s%v", out, err)
	}
}

func init() { children["hand over without descriptors"] = handOverNoneLeft }

func handOverNoneLeft([]string) error {
	a, b, err := sock.Pair(sock.Unix, sock.Stream, 0)
	if err != nil {
		return err
	}
	l, err := sock.Open(sock.Inet, sock.Stream, 0)
	if err != nil {
		return err
	}
	d, err := sock.Open(sock.Inet, sock.Dgram, 0)
	if err != nil {
		return err
	}
	if err := errors.Join(l.Bind(anywhere), l.Listen(1), d.Bind(anywhere)); err != nil {
		return err
	}
	// Go's poller is made at the first wait, with descriptors of its own.
	if err := a.SetReadDeadline(time.Now().Add(time.Millisecond)); err != nil {
		return err
	}
	if _, err := a.Recv(make([]byte, 1), 0); !errors.Is(err, os.ErrDeadlineExceeded) {
		return fmt.Errorf("Recv = %v", err)
	}
	if err := a.SetReadDeadline(time.Time{}); err != nil {
		return err
	}

	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 40, Max: 40}); err != nil {
		return err
	}
	var last []int // that were to be had
	for {
		fd, err := unix.Dup(0)
		if err != nil {
			break
		}
		last = append(last, fd)
	}
	all := map[string]*sock.Socket{"netconn": a, "netlistener": l, "netpacketconn": d}
	for _, left := range []string{"none", "one"} {
		if left == "one" {
			unix.Close(last[0])
		}
		for op, s := range all {
			for range 3 {
				if _, err := handOvers[op](s); err != nil {
					if err := emfile(op, err); err != nil {
						return fmt.Errorf("with %s left: %w", left, err)
					}
				} else {
					return fmt.Errorf("%s with %s left: no error", op, left)
				}
			}
			if status, err := unix.FcntlInt(uintptr(s.FD()), unix.F_GETFL, 0); err != nil || status&unix.O_NONBLOCK == 0 {
				return fmt.Errorf("%s left it with flags %x, %v", op, status, err)
			}
		}
		for _, way := range [][2]*sock.Socket{{a, b}, {b, a}} {
			if _, err := way[0].Write([]byte("x")); err != nil {
				return err
			}
			if n, err := way[1].Read(make([]byte, 9)); n != 1 || err != nil {
				return fmt.Errorf("Read = %d, %v", n, err)
			}
		}
	}
	unix.Close(last[1])
	for op, s := range all {
		if _, err := handOvers[op](s); err != nil {
			return fmt.Errorf("%s with two left: %w", op, err)
		}
	}
	return nil
}
