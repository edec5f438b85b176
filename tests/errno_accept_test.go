package sock_test

import (
	"errors"
	"syscall"
	"testing"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/sockopt"
)

func TestErrnoListen(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		make func(t *testing.T) *sock.Socket
		want []error
	}{
		"EOPNOTSUPP udp4": {func(t *testing.T) *sock.Socket { return open(t, sock.Inet, sock.Dgram) }, onLinux(syscall.EOPNOTSUPP)},
		"EOPNOTSUPP unix datagrams": {func(t *testing.T) *sock.Socket {
			s, _ := bound(t, "unix", sock.Dgram)
			return s
		}, onLinux(syscall.EOPNOTSUPP)},
		"EINVAL unix, not bound": {func(t *testing.T) *sock.Socket { return open(t, sock.Unix, sock.Stream) }, onLinux(syscall.EINVAL, syscall.EINVAL, syscall.EDESTADDRREQ)},
		"EINVAL connected tcp4": {func(t *testing.T) *sock.Socket {
			a, _ := streams(t, "tcp4")
			return a
		}, onLinux(syscall.EINVAL, syscall.EINVAL, syscall.EISCONN)},
		"EINVAL connected unix": {func(t *testing.T) *sock.Socket {
			a, _ := streams(t, "unix")
			return a
		}, onLinux(syscall.EINVAL, syscall.EINVAL, syscall.EISCONN, syscall.EDESTADDRREQ)},
		"EINVAL a pair": {func(t *testing.T) *sock.Socket {
			a, _ := streams(t, "pair")
			return a
		}, onLinux(syscall.EINVAL, syscall.EINVAL, syscall.EISCONN, syscall.EDESTADDRREQ)},
		"EADDRINUSE another listens": {func(t *testing.T) *sock.Socket {
			a, at := bound(t, "tcp4", sock.Stream, sockopt.ReuseAddr.With(true))
			b := open(t, sock.Inet, sock.Stream, sockopt.ReuseAddr.With(true))
			if err := b.Bind(at); err != nil {
				t.Skip("two cannot be bound to one port here: ", err)
			}
			if err := a.Listen(0); err != nil {
				t.Fatal(err)
			}
			return b
		}, onLinux(syscall.EADDRINUSE)},
		"none unbound tcp4 takes a port": {func(t *testing.T) *sock.Socket { return open(t, sock.Inet, sock.Stream) }, []error{nil}},
		"none twice":                     {func(t *testing.T) *sock.Socket { l, _ := listening(t, "tcp4"); return l }, []error{nil}},
	} {
		t.Run(name, func(t *testing.T) {
			wrong(t, c.make(t).Listen(5), "listen", sock.Addr{}, c.want...)
		})
	}
}

func TestErrnoAccept(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		make func(t *testing.T) *sock.Socket
		want []error
	}{
		"EINVAL tcp4 that does not listen": {func(t *testing.T) *sock.Socket { return open(t, sock.Inet, sock.Stream) }, onLinux(syscall.EINVAL)},
		"EINVAL unix that does not listen": {func(t *testing.T) *sock.Socket { s, _ := bound(t, "unix", sock.Stream); return s }, onLinux(syscall.EINVAL)},
		"EINVAL connected tcp4":            {func(t *testing.T) *sock.Socket { a, _ := streams(t, "tcp4"); return a }, onLinux(syscall.EINVAL)},
		"EINVAL a pair":                    {func(t *testing.T) *sock.Socket { a, _ := streams(t, "pair"); return a }, onLinux(syscall.EINVAL)},
		"EOPNOTSUPP udp4":                  {func(t *testing.T) *sock.Socket { return open(t, sock.Inet, sock.Dgram) }, onLinux(syscall.EOPNOTSUPP, syscall.EOPNOTSUPP, syscall.EINVAL)},
		"EOPNOTSUPP unix datagrams":        {func(t *testing.T) *sock.Socket { return open(t, sock.Unix, sock.Dgram) }, onLinux(syscall.EOPNOTSUPP, syscall.EOPNOTSUPP, syscall.EINVAL)},
	} {
		t.Run(name, func(t *testing.T) {
			s, _, err := c.make(t).Accept()
			if s != nil {
				t.Error("a Socket")
			}
			wrong(t, err, "accept", sock.Addr{}, c.want...)
			if sock.AcceptRetryable(err) {
				t.Error("a final error is called retryable")
			}
		})
	}
}

func TestErrnoAcceptWouldBlock(t *testing.T) {
	t.Parallel()
	for _, network := range []string{"tcp4", "unix"} {
		l, _ := listening(t, network)
		l.SetNonblock(true)
		s, a, err := l.Accept()
		if s != nil || a.IsValid() || err != sock.ErrWouldBlock || sock.AcceptRetryable(err) {
			t.Errorf("%s: %v, %v, %v", network, s, a, err)
		}
	}
}

// A connection that is reset while it waits: Linux still accepts it, and the
// reset shows at the first receive; POSIX and the BSDs have ECONNABORTED. The
// listener is good after either.
func TestErrnoAcceptAborted(t *testing.T) {
	t.Parallel()
	l, at := listening(t, "tcp4")
	c := open(t, sock.Inet, sock.Stream, sockopt.Linger.With(sockopt.LingerValue{On: true}))
	if err := c.Connect(at); err != nil {
		t.Fatal(err)
	}
	end(t, c)
	l.SetNonblock(true)
	s, _, err := l.Accept()
	switch {
	case err == nil:
		closed(t, s)
		s.SetNonblock(false)
		_, err := s.Recv(make([]byte, 1), 0)
		wrong(t, err, "recv", sock.Addr{}, syscall.ECONNRESET)
	case err == sock.ErrWouldBlock: // forgotten by the kernel
		onlyElsewhere(t, err)
	default:
		onlyElsewhere(t, err)
		wrong(t, err, "accept", sock.Addr{}, syscall.ECONNABORTED)
		if !sock.AcceptRetryable(err) {
			t.Error("not retryable:", err)
		}
	}
	l.SetNonblock(false)
	c = open(t, sock.Inet, sock.Stream)
	if err := c.Connect(at); err != nil {
		t.Fatal(err)
	}
	s, _, err = l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
}

func onlyElsewhere(t testing.TB, err error) {
	t.Helper()
	if len(onLinux(nil, nil, nil)) == 1 {
		t.Error("on Linux: ", err)
	}
}

func TestErrnoAcceptRetryable(t *testing.T) {
	t.Parallel()
	retry := []syscall.Errno{
		syscall.ECONNABORTED, syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.EPERM, syscall.EPROTO,
		syscall.ENETDOWN, syscall.ENETUNREACH, syscall.EHOSTDOWN, syscall.EHOSTUNREACH, syscall.ENOPROTOOPT, syscall.ETIMEDOUT,
	}
	for _, e := range retry {
		if err := error(&sock.Error{Op: "accept", Err: e}); !sock.AcceptRetryable(err) || !sock.AcceptRetryable(errors.Join(errors.New("x"), err)) {
			t.Error("not retryable:", e)
		}
	}
	for _, err := range []error{nil, sock.ErrWouldBlock, sock.ErrInProgress, syscall.EINVAL, syscall.EBADF, syscall.EOPNOTSUPP, syscall.ENOTSOCK, syscall.EAGAIN, errors.New("x")} {
		if sock.AcceptRetryable(err) {
			t.Error("retryable:", err)
		}
	}
}
