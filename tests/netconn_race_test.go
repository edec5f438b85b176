//go:build linux || freebsd || darwin || netbsd || openbsd || dragonfly

package sock_test

import (
	"io"
	"net"
	"os"
	"runtime/debug"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/sockopt"
)

// Every waiting call returns net.ErrClosed, and takes no data.
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
				waiting := goBlocked(t, func() error { return wait(s) })
				c, err := s.NetConn()
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				wantErr(t, recvTimeout(t, waiting), net.ErrClosed)
				talks(t, peer, c)
			})
		}
	}
	for _, network := range []string{"tcp4", "unix"} {
		l, at := listening(t, network)
		waiting := goBlocked(t, func() error { _, _, err := l.Accept(); return err })
		others, err := l.NetListener()
		if err != nil {
			t.Fatal(err)
		}
		defer others.Close()
		wantErr(t, recvTimeout(t, waiting), net.ErrClosed)
		c := open(t, at.Domain(), sock.Stream)
		wantErr(t, c.Connect(at), nil)
		talks(t, c, theirAccept(t, others))
	}
	for _, network := range present(t, datagramNetworks...) {
		s, name, peer, _ := datagrams(t, network)
		waiting := goBlocked(t, func() error { _, _, err := s.RecvFrom(make([]byte, 1), 0); return err })
		c, err := s.NetPacketConn()
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		wantErr(t, recvTimeout(t, waiting), net.ErrClosed)
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
	wantErr(t, s.Close(), net.ErrClosed)
	talks(t, c, peer)
}

// Of many concurrent hand-overs, Detach and Close calls one succeeds, and no other
// descriptor is left.
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
			if r := recvTimeout(t, got); r.err == nil {
				won++
				wantErr(t, r.Close(), nil)
			} else {
				wantErr(t, r.err, net.ErrClosed)
			}
		}
		if won != 1 {
			t.Fatalf("%s: %d got it", name, won)
		}
	}
	conn, listener, packet := handOvers["netconn"], handOvers["netlistener"], handOvers["netpacketconn"]
	networks := present(t, streamNetworks...)
	for i := range 50 {
		s, peer := streams(t, networks[i%len(networks)])
		ended := goBlocked(t, func() error { _, err := peer.Read(make([]byte, 1)); return err })
		waiting := goBlocked(t, func() error { return methods["Recv"](s) })
		race("netconn", s, [][]way{{conn, conn}, {conn, conn, detach, detach}, {conn, shut, conn, shut}}[i%3]...)
		wantErr(t, recvTimeout(t, waiting), net.ErrClosed)
		wantErr(t, recvTimeout(t, ended), io.EOF)

		l, at := listening(t, "tcp4")
		race("netlistener", l, [][]way{{listener, listener}, {listener, listener, detach}, {listener, shut}}[i%3]...)
		d, name := bound(t, "udp4", sock.Dgram)
		race("netpacketconn", d, [][]way{{packet, packet}, {packet, conn, detach}, {packet, shut}}[i%3]...)
		for _, closed := range []struct {
			at sock.Addr
			ty sock.Type
		}{{at, sock.Stream}, {name, sock.Dgram}} {
			eventually(t, "its address is free", func() bool { // when no child has a copy
				again := open(t, sock.Inet, closed.ty, sockopt.ReuseAddr.With(closed.ty == sock.Stream))
				defer again.Close()
				err := again.Bind(closed.at)
				if err == nil && closed.ty == sock.Stream {
					err = again.Listen(1)
				}
				return err == nil
			})
		}
	}
}

// The second one keeps nothing, at the latest moment: the Socket is closed
// once there is a duplicate. Not parallel: it sets the tracer and counts.
func TestHandOverLost(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // package net closes what is forgotten
	defer sock.SetTracer(nil)
	for op, way := range handOvers {
		var s *sock.Socket
		switch op {
		case "netconn":
			s, _ = streams(t, "tcp4")
		case "netlistener":
			s, _ = listening(t, "tcp4")
		case "netpacketconn":
			s, _ = bound(t, "udp4", sock.Dgram)
		}
		before := descriptors()
		sock.SetTracer(func(c sock.Call) {
			if c.Name == "fcntl" {
				wantErr(t, s.Close(), nil)
			}
		})
		_, err := way(s)
		sock.SetTracer(nil)
		wrong(t, err, op, sock.Addr{}, net.ErrClosed)
		if after := descriptors(); after != before-1 {
			t.Errorf("%s: %d descriptors were open, and now %d", op, before, after)
		}
	}
}

// Not parallel: it counts the descriptors of the process.
func TestHandOverDescriptors(t *testing.T) {
	round := func() {
		for _, network := range present(t, streamNetworks...) {
			a, b := streams(t, network)
			_, err := a.NetListener()
			wantErr(t, err, syscall.EINVAL)
			waiting := goBlocked(t, func() error { return methods["Recv"](a) })
			c, err := a.NetConn()
			wantErr(t, err, nil)
			wantErr(t, recvTimeout(t, waiting), net.ErrClosed)
			wantErr(t, adopted(t, c).Close(), nil)
			wantErr(t, b.Close(), nil)
		}
		for _, network := range []string{"tcp4", "unix"} {
			s, _ := listening(t, network)
			_, err := s.NetConn()
			wantErr(t, err, syscall.ENOTCONN)
			l, err := s.NetListener()
			wantErr(t, err, nil)
			wantErr(t, adopted(t, l).Close(), nil)
		}
		for _, network := range present(t, datagramNetworks...) {
			s, _ := bound(t, network, sock.Dgram)
			c, err := s.NetPacketConn()
			wantErr(t, err, nil)
			wantErr(t, adopted(t, c).Close(), nil)
		}
		if s, err := sock.Open(sock.Netlink, sock.Raw, 0); err == nil {
			for _, way := range handOvers {
				if _, err := way(s); err == nil {
					t.Error("package net knows netlink")
				}
			}
			wantErr(t, s.Close(), nil)
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
