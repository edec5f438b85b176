//go:build linux || freebsd || darwin || netbsd || openbsd || dragonfly

package sock_test

import (
	"errors"
	"io"
	"net"
	"os"
	"reflect"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/sockopt"
)

// A netSide is what every connection and listener of package net is.
type netSide interface {
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
	s, err := sock.FromConn(c.(netSide))
	if err != nil {
		t.Fatal(err)
	}
	closed(t, s)
	wantErr(t, c.(netSide).Close(), nil)
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
	t.Cleanup(func() { any(c).(netSide).Close() })
	if reflect.TypeOf(c) != reflect.TypeOf(want) {
		t.Fatalf("%T, want %T", c, want)
	}
	if s.FD() != -1 {
		t.Errorf("the Socket has descriptor %d still", s.FD())
	}
	_, err = s.Recv(make([]byte, 1), 0)
	wantErr(t, err, net.ErrClosed)
	wantErr(t, s.Close(), net.ErrClosed)
	return c
}

// theirListener listens at place(network), with package net.
func theirListener(t testing.TB, network string) net.Listener {
	t.Helper()
	l, err := net.Listen(network, strings.TrimPrefix(bindAddr(t, network).String(), "unix:"))
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
	wantErr(t, c.SetReadDeadline(time.Now().Add(time.Millisecond)), nil)
	n, err := c.Read(make([]byte, 1))
	wantErr(t, err, os.ErrDeadlineExceeded)
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

// A connection goes from package net to a Socket and back, three times, with bytes that
// have arrived and are not read. Deadlines and modes are not carried over.
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
					wantErr(t, c.SetReadDeadline(time.Time{}), nil)
				}
				runtime.GC() // a file that was forgotten would close what it has
				runtime.GC()
				talks(t, c, peer)
				wantErr(t, c.Close(), nil)
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
	for _, network := range present(t, streamNetworks...) {
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
	for _, network := range present(t, streamNetworks...) {
		a, peer := streams(t, network)
		f, err := a.File()
		if err != nil {
			t.Fatal(err)
		}
		wantErr(t, a.Close(), nil)
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
		wantErr(t, c.Close(), nil)
		end(t, peer)
	}
}

// Package net chooses these two for a connection that is handed to it.
func TestHandOverOptions(t *testing.T) {
	t.Parallel()
	s, peer := streams(t, "tcp4")
	on := func(s *sock.Socket, o sockopt.Option[bool]) bool {
		v, err := o.Get(s)
		wantErr(t, err, nil)
		return v
	}
	if on(s, sockopt.TCPNoDelay) || on(s, sockopt.KeepAlive) {
		t.Fatal("they are on from the start")
	}
	c, err := s.NetConn()
	if err != nil {
		t.Fatal(err)
	}
	s = adopted(t, c)
	if !on(s, sockopt.TCPNoDelay) || !on(s, sockopt.KeepAlive) {
		t.Error("TCPNoDelay", on(s, sockopt.TCPNoDelay), "KeepAlive", on(s, sockopt.KeepAlive))
	}
	talks(t, s, peer)
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
				wantErr(t, s.SetReadDeadline(time.Now().Add(time.Millisecond)), nil)
				_, _, err = s.Accept()
				wantErr(t, err, os.ErrDeadlineExceeded)

				late := theirDial(t, at)
				l = handed(t, s, (*sock.Socket).NetListener, first)
				sameNetAddr(t, "local", l.Addr(), at)
				talks(t, theirAccept(t, l), late)
				talks(t, theirDial(t, at), theirAccept(t, l))
				wantErr(t, l.(netSide).SetDeadline(time.Now().Add(time.Millisecond)), nil)
				_, err = l.Accept()
				wantErr(t, err, os.ErrDeadlineExceeded)
				wantErr(t, l.(netSide).SetDeadline(time.Time{}), nil)
			}
			wantErr(t, l.Close(), nil)
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

// A connection whose peer has aborted it is handed over, and reports there.
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
	wantErr(t, err, syscall.ECONNRESET)
	wantErr(t, s.Close(), net.ErrClosed)
}
