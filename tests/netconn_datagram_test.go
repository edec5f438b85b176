//go:build linux || freebsd || darwin || netbsd || openbsd || dragonfly

package sock_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"reflect"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/berkeleysockets/sock"
)

// packetsTalk sends from a to b, and back to the sender's address.
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
		c, err := net.ListenPacket(network, strings.TrimPrefix(bindAddr(t, at).String(), "unix:"))
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
					wantErr(t, s.SetReadDeadline(time.Time{}), nil)
					packetsTalk(t, peer, ours, local)
					wantErr(t, s.SetDeadline(time.Unix(1, 0)), nil)
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
					wantErr(t, c.SetReadDeadline(time.Now().Add(time.Millisecond)), nil)
					_, _, err := c.ReadFrom(make([]byte, 1))
					wantErr(t, err, os.ErrDeadlineExceeded)
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
		wantErr(t, s.Close(), net.ErrClosed)
	}
}

func TestHandOverRaw(t *testing.T) {
	t.Parallel()
	// A protocol for experiments. Such a socket hears everything, so
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
		wantErr(t, c.SetReadDeadline(time.Now().Add(10*time.Second)), nil)
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
