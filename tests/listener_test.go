//go:build linux || freebsd || darwin || netbsd || openbsd || dragonfly

package sock_test

import (
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/sockopt"
)

func (endless) Read(p []byte) (int, error) { return len(p), nil }

// A Listener does what net.Listener promises, and has the additional methods that
// programs look for.
func TestListener(t *testing.T) {
	t.Parallel()
	for _, network := range []string{"tcp4", "tcp6", "unix"} {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			s, at := listening(t, network)
			l := sock.Listener(s)
			local := l.Addr()
			sameNetAddr(t, "address", local, s.LocalAddr())
			if network == "unix" != (local.Network() == "unix") || !strings.HasSuffix(at.String(), local.String()) {
				t.Errorf("%s %s is not %v", local.Network(), local, at)
			}
			meet := func() {
				t.Helper()
				client := theirDial(t, local)
				c, err := l.Accept()
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				if _, ok := c.(*sock.Socket); !ok {
					t.Fatalf("%T", c)
				}
				sameNetAddr(t, "peer", c.RemoteAddr(), client.LocalAddr())
				talks(t, c, client)
			}
			meet()

			d := l.(interface{ SetDeadline(time.Time) error })
			for _, in := range []time.Duration{-time.Hour, time.Millisecond} {
				wantErr(t, d.SetDeadline(time.Now().Add(in)), nil)
				c, err := l.Accept()
				wantErr(t, err, os.ErrDeadlineExceeded)
				if ne, ok := err.(net.Error); c != nil || !ok || !ne.Timeout() {
					t.Errorf("%v, %#v", c, err)
				}
			}
			wantErr(t, d.SetDeadline(time.Time{}), nil)
			meet()
			accepting := goBlocked(t, func() error { _, err := l.Accept(); return err })
			wantErr(t, d.SetDeadline(time.Unix(1, 0)), nil) // as a context does
			wantErr(t, recvTimeout(t, accepting), os.ErrDeadlineExceeded)
			wantErr(t, d.SetDeadline(time.Time{}), nil)

			s.SetNonblock(true)
			c, err := l.Accept()
			wantErr(t, err, syscall.EINVAL)
			if ne, ok := err.(*sock.Error); c != nil || !ok || ne.Timeout() || ne.Temporary() || !strings.Contains(err.Error(), "SetNonblock") {
				t.Errorf("%v, %#v", c, err)
			}
			s.SetNonblock(false)
			meet()

			f, err := l.(interface{ File() (*os.File, error) }).File()
			if err != nil {
				t.Fatal(err)
			}
			twin, err := sock.FromConn(l.(syscall.Conn))
			if err != nil {
				t.Fatal(err)
			}
			closed(t, twin)
			accepting = goBlocked(t, func() error { _, err := l.Accept(); return err })
			wantErr(t, l.Close(), nil)
			wantErr(t, recvTimeout(t, accepting), net.ErrClosed)
			wantErr(t, l.Close(), net.ErrClosed)
			wantErr(t, d.SetDeadline(time.Time{}), net.ErrClosed)
			c, err = l.Accept()
			wantErr(t, err, net.ErrClosed)
			if c != nil {
				t.Error(c)
			}
			sameNetAddr(t, "address after Close", l.Addr(), local)

			for _, heir := range []syscall.Conn{twin, f} { // the same socket
				s, err := sock.FromConn(heir)
				if err != nil {
					t.Fatal(err)
				}
				l = sock.Listener(s)
				sameNetAddr(t, "address of the heir", l.Addr(), local)
				meet()
				wantErr(t, l.Close(), nil)
			}
			wantErr(t, f.Close(), nil)
		})
	}
}

func TestListenerOfNothing(t *testing.T) {
	t.Parallel()
	closed := open(t, sock.Inet, sock.Stream)
	closed.Close()
	for _, s := range []*sock.Socket{nil, new(sock.Socket), closed} {
		l := sock.Listener(s)
		_, err := l.Accept()
		wantErr(t, err, net.ErrClosed)
		if a := l.Addr(); a == nil {
			t.Error("no address")
		} else {
			_, _ = a.Network(), a.String()
		}
		wantErr(t, l.(interface{ SetDeadline(time.Time) error }).SetDeadline(time.Time{}), net.ErrClosed)
		_, err = sock.FromConn(l.(syscall.Conn))
		wantErr(t, err, net.ErrClosed)
		_, err = l.(interface{ File() (*os.File, error) }).File()
		wantErr(t, err, net.ErrClosed)
		wantErr(t, http.Serve(l, nil), net.ErrClosed)
		wantErr(t, l.Close(), net.ErrClosed)
	}
	l := sock.Listener(open(t, sock.Inet, sock.Stream)) // that does not listen
	_, err := l.Accept()
	wrong(t, err, "accept", sock.Addr{}, syscall.EINVAL)
	l = sock.Listener(open(t, sock.Inet, sock.Dgram))
	_, err = l.Accept()
	wrong(t, err, "accept", sock.Addr{}, syscall.EOPNOTSUPP, syscall.EINVAL)
}

// Accepted sockets inherit the listener's TCPNoDelay.
func TestListenerNoDelay(t *testing.T) {
	t.Parallel()
	for _, network := range present(t, "tcp4", "tcp6") {
		for _, on := range []bool{false, true} {
			s, at := listening(t, network)
			wantErr(t, sockopt.TCPNoDelay.Set(s, on), nil)
			client := open(t, at.Domain(), sock.Stream)
			wantErr(t, client.Connect(at), nil)
			c, err := sock.Listener(s).Accept()
			if err != nil {
				t.Fatal(err)
			}
			closed(t, c.(*sock.Socket))
			if got, err := sockopt.TCPNoDelay.Get(c.(*sock.Socket)); got != on || err != nil {
				t.Errorf("%s: the listener has TCPNoDelay %v, what it accepted %v, %v", network, on, got, err)
			}
		}
	}
}
