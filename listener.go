package sock

import (
	"net"
	"os"
	"syscall"
	"time"

	"github.com/berkeleysockets/sock/internal/sockfd"
	"github.com/berkeleysockets/sock/internal/sys"
)

// Listener returns s, which must listen, as a [net.Listener] for net/http, crypto/tls and
// other servers. Accept returns the *Socket as a net.Conn, Close closes s, and Addr is
// [Socket.LocalAddr], after Close too. It also has SetDeadline, SyscallConn and File, as a
// net.TCPListener has.
//
// A net.Listener waits: if s is non-blocking Accept fails with EINVAL. Its errors are
// Temporary if [AcceptRetryable] reports true for them; net/http then waits and tries again.
//
// Package net sets TCP_NODELAY and keep-alive on what it accepts. Listener does not: what TLS
// or HTTP/2 send in several pieces is slow without sockopt.TCPNoDelay. An accepted TCP socket
// inherits it from its listener.
//
// It calls getsockname(2).
//
// Source: getsockname(2), accept(2).
func Listener(s *Socket) net.Listener {
	if s == nil {
		s = new(Socket)
	}
	at, _ := s.Sockname()
	return &listener{s, at}
}

type listener struct {
	s  *Socket
	at Addr
}

// String describes the socket, with its own address. It makes no system call.
func (l *listener) String() string { return l.s.describe(l.at) }

func (l *listener) Accept() (net.Conn, error) {
	if l.s.fd.State()&sockfd.Nonblock != 0 {
		return nil, &Error{Op: "accept", Err: &inputError{"a net.Listener waits, and this Socket does not: see SetNonblock", sys.EINVAL}}
	}
	c, _, err := l.s.Accept()
	if err != nil {
		return nil, err
	}
	return c, nil
}

func (l *listener) Close() error { return l.s.Close() }

func (l *listener) Addr() net.Addr { return l.s.localAddr(l.at) }

func (l *listener) SetDeadline(t time.Time) error { return l.s.SetDeadline(t) }

func (l *listener) SyscallConn() (syscall.RawConn, error) { return l.s.SyscallConn() }

func (l *listener) File() (*os.File, error) { return l.s.File() }
