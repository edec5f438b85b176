//go:build linux || freebsd || netbsd || openbsd || dragonfly || darwin

package sock_test

import (
	"errors"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/berkeleysockets/sock"
)

func inline(t testing.TB, s *sock.Socket) {
	t.Helper()
	if err := s.WithFD(func(fd int) error {
		return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_OOBINLINE, 1)
	}); err != nil {
		t.Fatal(err)
	}
}

// urgent sends "ab", the urgent "c", then "d", and waits until all is there.
func urgent(t testing.TB, a, b *sock.Socket) {
	t.Helper()
	send(t, a, "ab")
	n, err := a.Send([]byte("c"), sock.OOB)
	if a.Domain() == sock.Unix && errors.Is(err, syscall.EOPNOTSUPP) {
		t.Skip("no urgent data over unix sockets here")
	}
	if n != 1 || err != nil {
		t.Fatal(n, err)
	}
	send(t, a, "d")
	if _, err := b.Wait(sock.Priority); err != nil {
		t.Fatal(err)
	}
}

func atMark(t testing.TB, s *sock.Socket, want bool) {
	t.Helper()
	at, err := s.AtMark()
	if err != nil || at != want {
		t.Errorf("AtMark = %v, %v, want %v", at, err, want)
	}
}

// Out of line the urgent byte is received by itself, and the stream is cut where
// it stood.
func TestFlagsOOB(t *testing.T) {
	t.Parallel()
	for _, network := range []string{"tcp4", "tcp6", "pair", "unix"} {
		t.Run(network, func(t *testing.T) {
			a, b := streams(t, network)
			atMark(t, b, false)
			urgent(t, a, b)
			atMark(t, b, false)
			p := make([]byte, 9)
			if n, err := b.Recv(p, sock.OOB); n != 1 || err != nil || p[0] != 'c' {
				t.Errorf("urgent %q, %v", p[:n], err)
			}
			if _, err := b.Recv(p, sock.OOB); err == nil {
				t.Error("the urgent byte came twice")
			}
			recv(t, b, 9, 0, "ab") // though "d" may be there: no receive passes the mark
			atMark(t, b, true)
			recv(t, b, 9, 0, "d")
			atMark(t, b, false)
		})
	}
}

func TestFlagsOOBPeek(t *testing.T) {
	t.Parallel()
	a, b := streams(t, "tcp4")
	urgent(t, a, b)
	p := make([]byte, 9)
	for _, f := range []sock.Flags{sock.OOB | sock.Peek, sock.OOB | sock.Peek, sock.OOB} {
		if n, err := b.Recv(p, f); n != 1 || err != nil || p[0] != 'c' {
			t.Errorf("urgent %q, %v", p[:n], err)
		}
	}
}

// In line it is the stream's next byte at the mark.
func TestFlagsOOBInline(t *testing.T) {
	t.Parallel()
	for _, network := range []string{"tcp4", "tcp6", "pair", "unix"} {
		t.Run(network, func(t *testing.T) {
			a, b := streams(t, network)
			inline(t, b)
			urgent(t, a, b)
			atMark(t, b, false)
			recv(t, b, 9, 0, "ab")
			atMark(t, b, true)
			if _, err := b.Recv(make([]byte, 9), sock.OOB); err == nil {
				t.Error("an urgent byte out of line")
			}
			recv(t, b, 1, 0, "c")
			atMark(t, b, false)
			recv(t, b, 9, 0, "d")
		})
	}
}

// RecvMsg reports that a byte was urgent.
func TestFlagsOOBMessage(t *testing.T) {
	t.Parallel()
	a, b := streams(t, "tcp4")
	if _, err := a.SendMsg(&sock.Message{Bufs: [][]byte{{'a'}, {'b'}}}, sock.OOB); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Wait(sock.Priority); err != nil {
		t.Fatal(err)
	}
	p := make([]byte, 9)
	m := sock.Message{Bufs: [][]byte{p}}
	if n, err := b.RecvMsg(&m, sock.OOB); n != 1 || err != nil || p[0] != 'b' || m.Flags&sock.OOB == 0 {
		t.Errorf("%q, %v, %v", p[:n], m.Flags, err)
	}
}

// AtMark of what has no urgent data.
func TestFlagsAtMarkElsewhere(t *testing.T) {
	t.Parallel()
	u, _ := bound(t, "udp4", sock.Dgram)
	if at, err := u.AtMark(); at {
		t.Error(err)
	} else {
		wrong(t, err, "atmark", sock.Addr{}, onLinux(syscall.ENOTTY, nil, syscall.ENOTTY, syscall.EINVAL)...)
	}
	l, _ := listening(t, "tcp4")
	if at, err := l.AtMark(); at {
		t.Error(err)
	} else {
		wrong(t, err, "atmark", sock.Addr{}, onLinux(nil, nil, syscall.EINVAL)...)
	}
}
