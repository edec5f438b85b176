package sock

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/berkeleysockets/sock/internal/sockfd"
	"github.com/berkeleysockets/sock/internal/sys"
)

// accepted is a Socket with its peer's address, in one allocation.
type accepted struct {
	Socket
	from Addr
}

// Accept takes the next connection from the backlog: accept4(2), or accept(2) and the calls
// that set the same flags. The new Socket has the listener's mode; deadlines are not
// inherited. The address is the peer's: the unnamed unix address for a unix client that did
// not bind.
//
// [AcceptRetryable] reports if the listener is still good after a failure.
//
// Errors: [ErrWouldBlock] (non-blocking), ECONNABORTED (the client has reset the connection),
// EMFILE, ENFILE, ENOBUFS, ENOMEM, EINVAL (not listening), EOPNOTSUPP (a type that does not
// listen), EPERM (a firewall), on Linux any error pending for the new connection's network.
//
// Source: accept(2).
func (s *Socket) Accept() (*Socket, Addr, error) {
	var name sys.Name
	tries := 0
	if e := s.fd.Prepare(sockfd.Read, 0, &tries); e != 0 {
		return nil, Addr{}, opResult("accept", e)
	}
	closing.look(lookAtFew)
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
	c.own.Store(alone | countable)
	c.fd.Inherit(&s.fd)
	return &c.Socket, c.from, nil
}

// Connect connects to a: connect(2). For a datagram socket it sets the only address that
// it sends to and receives from.
//
// In blocking mode it returns when the connection is made or has failed: after EINPROGRESS
// it calls poll(2), waits, and asks like [Socket.ConnectResult]; for TCP on Linux it asks by
// connect(2) once more. A write deadline ends the wait, not the attempt: Close does. In
// non-blocking mode it may return [ErrInProgress].
//
// A deadline that has passed leaves the attempt in progress: another Connect returns EALREADY.
// To go on, wait for Writable with a later deadline and call [Socket.ConnectResult]; to give
// up, Close the Socket and open another.
//
// While the backlog of a unix listener is full, Connect waits for room. The kernel reports no
// readiness for it (Linux), so Connect tries again after growing pauses of at most 100 ms. In
// non-blocking mode it returns [ErrWouldBlock].
//
// A datagram socket is disconnected by connecting to the address that [RawAddr] makes of
// the family [Unspec]. The BSDs and macOS then return EINVAL, EAFNOSUPPORT or EADDRNOTAVAIL,
// and the peer is removed all the same.
//
// Errors: ECONNREFUSED, ETIMEDOUT, ENETUNREACH, EHOSTUNREACH, EADDRNOTAVAIL and, for
// datagrams on Linux, EAGAIN (no port left), EISCONN, EALREADY (in progress), EAFNOSUPPORT,
// EPROTOTYPE (unix: another type), ENOENT and EACCES (unix paths), EPERM (firewall,
// broadcast), ECONNRESET (FreeBSD: the listener's backlog is full; Linux sends again
// instead), ECONNABORTED (the attempt failed, and another call, such as sockopt.Error, has
// taken its error).
//
// Source: connect(2), ip(7), unix(7).
func (s *Socket) Connect(a Addr) error {
	if !a.IsValid() {
		return invalidInput("connect", "no address")
	}
	e := s.callConnect(&a)
	for tries := 0; e == sys.EAGAIN && s.Domain() == Unix; tries++ {
		if s.fd.State()&sockfd.Nonblock != 0 {
			return ErrWouldBlock
		}
		if e = s.fd.PauseConnect(tries); e == 0 {
			e = s.callConnect(&a)
		}
	}
	switch e {
	case 0:
		// For the unspecified address the kernel chose another, which it does not
		// report to a socket without a port.
		if !a.AddrPort().Addr().Unmap().IsUnspecified() || s.confirmPeer() != 0 {
			s.setPeer(a)
		}
		return nil
	case sys.EINPROGRESS, sys.EINTR: // interrupted, it goes on all the same
	default:
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

// ConnectContext is Connect that also ends with ctx. The error then matches ctx.Err(), and as
// after a passed deadline the attempt goes on in the kernel until Close. While it waits it
// uses the write deadline, and restores it. In non-blocking mode it is Connect.
//
// Errors: those of Connect, context.Canceled, context.DeadlineExceeded.
//
// Source: connect(2).
func (s *Socket) ConnectContext(ctx context.Context, a Addr) error {
	if ctx == nil {
		return invalidInput("connect", "no context")
	}
	if err := ctx.Err(); err != nil {
		return s.orClosed("connect", &Error{Op: "connect", Addr: a, Err: err})
	}
	if ctx.Done() == nil || s.fd.State()&sockfd.Nonblock != 0 {
		return s.Connect(a)
	}
	deadline := s.fd.DeadlineOf(sockfd.Write)
	woken := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		s.fd.SetDeadlines(sockfd.WriteDeadline, time.Unix(1, 0))
		close(woken)
	})
	err := s.Connect(a)
	if stop() {
		return err
	}
	<-woken
	s.fd.SetDeadlines(sockfd.WriteDeadline, deadline)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = &Error{Op: "connect", Addr: a, Err: ctx.Err()}
	}
	return err
}

// pollConnect waits as awaitConnect does, and asks by connect(2): Linux returns EALREADY for
// a TCP socket that is connecting, 0 once it is connected, or the error. On the loopback the
// connection is made by then, and this is the only call.
func (s *Socket) pollConnect(a *Addr) sys.Errno {
	for tries := 0; ; {
		switch e := s.callConnect(a); e {
		case 0, sys.EISCONN: // EISCONN: another goroutine has called, and got the 0
			if a.AddrPort().Addr().Unmap().IsUnspecified() {
				return s.confirmPeer() // the kernel chose one of its own
			}
			s.setPeer(*a)
			return 0
		case sys.EALREADY, sys.EINTR:
		case sys.EINPROGRESS:
			return sys.ECONNABORTED // Shutdown has ended the attempt, and this call began another
		default:
			return e
		}
		if e := s.fd.Park(sockfd.Write, &tries); e != 0 {
			return e
		}
	}
}

// awaitConnect waits until a connection in progress is made or has failed.
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

// fastOpening is called after a send with FastOpen for which there was no cookie: the kernel
// connects first and has taken no data. It returns 0 once the data can be sent.
func (s *Socket) fastOpening(flags Flags) sys.Errno {
	if flags&DontWait != 0 || s.fd.State()&sockfd.Nonblock != 0 {
		return sys.EINPROGRESS
	}
	return s.awaitConnect()
}

// fastOpenIfAny is 0 on systems without the flag.
const fastOpenIfAny = max(FastOpen, 0)

// ConnectResult returns the result of a Connect that was in progress: nil once it is
// connected, [ErrInProgress] while it is not known, and otherwise the error, once (the kernel
// clears it; from then on ENOTCONN). Call it when the Socket has become Writable.
//
// It calls poll(2) with no time-out, getsockopt(2) with SO_ERROR, and getpeername(2): a
// wake-up alone proves nothing.
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
	pending, e := s.getInt(sys.SOL_SOCKET, sys.SO_ERROR) // reading it clears it
	if e == 0 {
		e = sys.Errno(pending)
	}
	if e == 0 {
		e = s.confirmPeer()
	}
	return e
}

// confirmPeer calls getpeername(2). That there is a peer shows that the connection was made.
func (s *Socket) confirmPeer() sys.Errno {
	var name sys.Name
	e := s.callGetpeername(&name)
	if e == 0 {
		s.setPeer(addrFromKernel(name.Bytes()))
	}
	return e
}

// setPeer stores the peer's address, for RemoteAddr.
func (s *Socket) setPeer(a Addr) {
	if a.Domain() == Unspec { // a datagram socket has forgotten its peer
		s.peer.Store(nil)
		return
	}
	s.peer.Store(&a)
}
