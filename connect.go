package sock

import (
	"github.com/berkeleysockets/sock/internal/sockfd"
	"github.com/berkeleysockets/sock/internal/sys"
)

// accepted is a Socket with its peer's address, in one allocation.
type accepted struct {
	Socket
	from Addr
}

// Accept takes the next connection that waits: accept4(2), or accept(2) and
// what it takes to set the same flags. The new Socket is in the listener's
// mode; its deadlines are not inherited. The address is the peer's: the unnamed
// unix address for a unix client that did not bind.
//
// [AcceptRetryable] tells a passing failure from a final one.
//
// Errors: [ErrWouldBlock] (non-blocking), ECONNABORTED (gone again), EMFILE,
// ENFILE, ENOBUFS, ENOMEM, EINVAL (not listening), EOPNOTSUPP (not a type that
// listens), EPERM (a firewall), on Linux any error pending for the new
// connection's network.
//
// Source: accept(2).
func (s *Socket) Accept() (*Socket, Addr, error) {
	var name sys.Name
	tries := 0
	if e := s.fd.Prepare(sockfd.Read, 0, &tries); e != 0 {
		return nil, Addr{}, opResult("accept", e)
	}
	for {
		fd, e := s.callAccept(&name)
		if e == 0 {
			return s.accepted(fd, &name)
		}
		if e = s.fd.Retry(e, sockfd.Read, 0, &tries); e != 0 {
			return nil, Addr{}, opResult("accept", e)
		}
	}
}

func (s *Socket) accepted(fd int, name *sys.Name) (*Socket, Addr, error) {
	c := &accepted{from: addrFromKernel(name.Bytes())}
	c.init(fd, s.Domain(), s.Type(), Protocol(s.proto))
	c.peer.Store(&c.from)
	c.fd.Set(s.fd.State() & (sockfd.Nonblock | sockfd.Exclusive))
	return &c.Socket, c.from, nil
}

// Connect connects to a, or names the one address a datagram socket is to talk
// with: connect(2).
//
// In blocking mode it returns when the connection is made or has failed: after
// EINPROGRESS it calls poll(2), waits, and asks like [Socket.ConnectResult]; for
// TCP on Linux it asks by connect(2) once more. A write deadline ends the waiting,
// not the attempt: Close does. In non-blocking mode it may return [ErrInProgress].
//
// A unix stream socket whose listener's backlog is full answers
// [ErrWouldBlock] in every mode on Linux, and no readiness ever tells that
// there is room again.
//
// A datagram socket forgets its peer by connecting to the address that
// [RawAddr] makes of the family [Unspec]. The BSDs and macOS then answer EINVAL,
// EAFNOSUPPORT or EADDRNOTAVAIL, and it is forgotten all the same.
//
// Errors: ECONNREFUSED, ETIMEDOUT, ENETUNREACH, EHOSTUNREACH, EADDRNOTAVAIL and,
// for datagrams on Linux, EAGAIN (no port left), EISCONN, EALREADY (under way), EAFNOSUPPORT, EPROTOTYPE (unix:
// another type), ENOENT and EACCES (unix paths), EPERM (firewall, broadcast),
// ECONNRESET (FreeBSD: the listener's backlog is full; Linux sends again instead).
//
// Source: connect(2), ip(7), unix(7).
func (s *Socket) Connect(a Addr) error {
	if !a.IsValid() {
		return invalidInput("connect", "no address")
	}
	switch e := s.callConnect(&a); e {
	case 0:
		// For the unspecified address the kernel chose another, which it does not
		// report to a socket without a port.
		if !a.AddrPort().Addr().Unmap().IsUnspecified() || s.confirmPeer() != 0 {
			s.setPeer(a)
		}
		return nil
	case sys.EINPROGRESS, sys.EINTR: // interrupted, it goes on all the same
	default:
		if e == sys.EAGAIN && s.Domain() == Unix {
			return ErrWouldBlock
		}
		return s.addrError("connect", a, e)
	}
	if s.fd.State()&sockfd.Nonblock != 0 {
		return ErrInProgress
	}
	if sys.ConnectReportsResult && s.isTCP() {
		return opError("connect", a, s.pollConnect(&a))
	}
	return opError("connect", a, s.awaitConnect())
}

// pollConnect waits as settle does, and asks by connect(2): a TCP socket of Linux
// answers EALREADY, 0 once it is connected, or why it is not. On the loopback, where
// all is over by then, this one call is the whole of it.
func (s *Socket) pollConnect(a *Addr) sys.Errno {
	for tries := 0; ; {
		switch e := s.callConnect(a); e {
		case 0, sys.EISCONN: // another goroutine has asked, and was told 0
			if a.AddrPort().Addr().Unmap().IsUnspecified() {
				return s.confirmPeer() // the kernel chose one of its own
			}
			s.setPeer(*a)
			return 0
		case sys.EALREADY, sys.EINTR:
		default:
			return e
		}
		if e := s.fd.Park(sockfd.Write, &tries); e != 0 {
			return e
		}
	}
}

// settle waits until a connection that has begun is made, or has failed.
func (s *Socket) awaitConnect() sys.Errno {
	for tries := 0; ; {
		got, e := s.fd.Poll(sys.POLLOUT, sockfd.WriteDeadline)
		if e == 0 && got != 0 {
			return s.connectResult()
		}
		if e == 0 {
			e = s.fd.Park(sockfd.Write, &tries)
		}
		if e != 0 {
			return e
		}
	}
}

// fastOpening is after a send with FastOpen that found no cookie of the server's: the
// kernel connects first, and has not inUse the data. 0: it is connected, and they can be
// sent.
func (s *Socket) fastOpening(flags Flags) sys.Errno {
	if flags&DontWait != 0 || s.fd.State()&sockfd.Nonblock != 0 {
		return sys.EINPROGRESS
	}
	return s.awaitConnect()
}

// fastOpenIfAny is no flag where there is none.
const fastOpenIfAny = max(FastOpen, 0)

// ConnectResult tells how a Connect that was in progress ended: nil once it is
// connected, [ErrInProgress] while it is not known, and otherwise why it
// failed, once (the kernel forgets; from then on ENOTCONN). Ask when the Socket
// has become Writable.
//
// It calls poll(2) with no time-out, getsockopt(2) with SO_ERROR, and
// getpeername(2): a wake-up alone proves nothing.
//
// Errors: those of Connect.
//
// Source: connect(2), EINPROGRESS.
func (s *Socket) ConnectResult() error {
	got, e := s.fd.Poll(sys.POLLOUT, 0)
	if e == 0 && got == 0 {
		return ErrInProgress
	}
	if e == 0 {
		e = s.connectResult()
	}
	return opError("connect", Addr{}, e)
}

func (s *Socket) connectResult() sys.Errno {
	pending, e := s.getInt(sys.SOL_SOCKET, sys.SO_ERROR) // which forgets what it tells
	if e == 0 {
		e = sys.Errno(pending)
	}
	if e == 0 {
		e = s.confirmPeer()
	}
	return e
}

// connected asks who the other end is. That there is one shows that the connection
// was made.
func (s *Socket) confirmPeer() sys.Errno {
	var name sys.Name
	e := s.callGetpeername(&name)
	if e == 0 {
		s.setPeer(addrFromKernel(name.Bytes()))
	}
	return e
}

// setPeer notes who the other end is, for RemoteAddr.
func (s *Socket) setPeer(a Addr) {
	if a.Domain() == Unspec { // a datagram socket has forgotten its peer
		s.peer.Store(nil)
		return
	}
	s.peer.Store(&a)
}
