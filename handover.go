package sock

import (
	"errors"
	"io"
	"net"
	"os"

	"github.com/berkeleysockets/sock/internal/sys"
)

// NetConn hands the socket over to package net: it returns a *net.TCPConn,
// *net.UDPConn, *net.IPConn or *net.UnixConn by what the socket is, and closes s,
// which wakes its callers. On any error s stays as it was, whole. The way back
// is [FromConn].
//
// It is [Socket.File], [net.FileConn] and Close. Package net sets TCP_NODELAY and
// keep-alive on a TCP connection.
//
// Errors: ENOTCONN (a stream that has no peer: it listens, or was not
// connected), EPROTONOSUPPORT and EAFNOSUPPORT (a family that package net does not
// know), EMFILE, net.ErrClosed.
func (s *Socket) NetConn() (net.Conn, error) {
	if s.Type().connected() && s.peer.Load() == nil {
		if _, err := s.Peer(); err != nil {
			return nil, &Error{Op: "netconn", Err: errors.Unwrap(err)}
		}
	}
	return handOver(s, "netconn", net.FileConn)
}

// NetListener hands a listening socket over to package net: it returns a
// *net.TCPListener or *net.UnixListener, and closes s, as [Socket.NetConn] does.
// The path of a unix listener stays when it is closed. It is [net.FileListener].
//
// Errors: EINVAL (it does not listen), EPROTONOSUPPORT, EAFNOSUPPORT, EMFILE,
// net.ErrClosed.
func (s *Socket) NetListener() (net.Listener, error) {
	listens, e := s.getInt(sys.SOL_SOCKET, sys.SO_ACCEPTCONN)
	switch {
	case e == errnoClosed:
		return nil, fail("netlistener", Addr{}, e)
	case e == 0 && listens == 0:
		return nil, invalid("netlistener", "it does not listen")
	}
	return handOver(s, "netlistener", net.FileListener)
}

// NetPacketConn hands a datagram or raw socket over to package net: it returns a
// *net.UDPConn, *net.IPConn or *net.UnixConn, and closes s, as [Socket.NetConn]
// does. It is [net.FilePacketConn].
//
// Errors: EINVAL (a stream), EPROTONOSUPPORT, EMFILE, net.ErrClosed.
func (s *Socket) NetPacketConn() (net.PacketConn, error) {
	if s.Type().connected() {
		if e := s.fd.Check(0); e != 0 {
			return nil, fail("netpacketconn", Addr{}, e)
		}
		return nil, invalid("netpacketconn", "a stream")
	}
	return handOver(s, "netpacketconn", net.FilePacketConn)
}

// handOver gives package net a duplicate, and closes s when that has worked.
func handOver[T io.Closer](s *Socket, op string, take func(*os.File) (T, error)) (theirs T, err error) {
	var none T
	fd, e := s.dup()
	if e != 0 {
		return none, fail(op, Addr{}, e)
	}
	f := os.NewFile(uintptr(fd), "socket")
	defer f.Close()
	theirs, err = take(f) // of a duplicate of its own
	if err != nil {
		if oe, ok := err.(*net.OpError); ok {
			err = oe.Err // its words around it are "file file+net"
		}
		return none, &Error{Op: op, Err: err}
	}
	if err := s.Close(); errors.Is(err, net.ErrClosed) { // another was faster
		theirs.Close()
		return none, fail(op, Addr{}, errnoClosed)
	}
	return theirs, nil
}
