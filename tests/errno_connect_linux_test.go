package sock_test

import (
	"errors"
	"net"
	"os"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/berkeleysockets/sock"
)

// unanswered returns where a connection is not made and not refused: Linux drops
// what comes to a listener whose backlog is full. (The BSDs answer it.)
func unanswered(t testing.TB) sock.Addr {
	t.Helper()
	l, at := bound(t, "tcp4", sock.Stream)
	if err := l.Listen(1); err != nil {
		t.Fatal(err)
	}
	for range 10 { // two fit, and what arrives later is dropped
		s := open(t, sock.Inet, sock.Stream)
		s.SetNonblock(true)
		if err := s.Connect(at); err != nil && err != sock.ErrInProgress {
			t.Fatal(err)
		}
	}
	return at
}

func TestErrnoConnectAlready(t *testing.T) {
	t.Parallel()
	at := unanswered(t)
	s := open(t, sock.Inet, sock.Stream)
	s.SetNonblock(true)
	if err := s.Connect(at); err != sock.ErrInProgress || !errors.Is(err, syscall.EINPROGRESS) {
		t.Fatal(err)
	}
	wrong(t, s.Connect(at), "connect", at, syscall.EALREADY)
	wantErr(t, s.ConnectResult(), sock.ErrInProgress)
	s.SetNonblock(false)
	wrong(t, s.Connect(at), "connect", at, syscall.EALREADY)
	_, err := s.Peername()
	wrong(t, err, "getpeername", sock.Addr{}, syscall.ENOTCONN)
}

func TestErrnoConnectTimedOut(t *testing.T) {
	t.Parallel()
	at := unanswered(t)
	s := open(t, sock.Inet, sock.Stream)
	if err := s.WithFD(func(fd int) error {
		return unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, 100)
	}); err != nil {
		t.Fatal(err)
	}
	err := s.Connect(at)
	wrong(t, err, "connect", at, syscall.ETIMEDOUT)
	var ne net.Error
	if !errors.As(err, &ne) || !ne.Timeout() || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%v is no time-out of the kernel's", err)
	}
}
