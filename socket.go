package sock

import (
	"encoding/binary"
	"math"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/berkeleysockets/sock/internal/refcount"
	"github.com/berkeleysockets/sock/internal/sockfd"
	"github.com/berkeleysockets/sock/internal/sys"
)

// A Socket is one socket of the kernel, with its descriptor. Its methods make the calls of
// Berkeley sockets, one system call each. Any number of goroutines may use it.
//
// The caller must call Close or Detach. There is no finalizer: an unreachable Socket leaks
// its descriptor. The zero Socket is closed.
type Socket struct {
	fd    sockfd.FD
	peer  atomic.Pointer[Addr] // the other end, once known
	proto int32                //
	own   atomic.Uint32        // alone, countable: see zerocopy.go
	regMu sync.Mutex           // held to enter and leave Pollers: see poll_register.go
	reg   registration         // the first of them
}

// A Setting changes a Socket that [Open] has made, before Open returns it. The With method of
// an option in package sockopt makes one; a program may write its own.
type Setting func(s *Socket) error

// Open makes a socket: socket(2). It applies the settings in order before it returns; if one
// fails the socket is closed. The descriptor is close-on-exec and non-blocking in the kernel;
// the mode of the Socket is blocking: see [Socket.SetNonblock].
//
// Errors: EAFNOSUPPORT, EPROTONOSUPPORT, EINVAL (family, type and protocol do not fit
// together), EMFILE and ENFILE (no descriptor left), EACCES and EPERM (raw and packet sockets
// need a privilege), [errors.ErrUnsupported]; those of the settings.
//
// On macOS it also makes two fcntl(2) and a setsockopt(2) with SO_NOSIGPIPE, since socket
// takes no flags there.
//
// Source: socket(2).
func Open(d Domain, t Type, p Protocol, set ...Setting) (*Socket, error) {
	if err := available("socket", d, t, p); err != nil {
		return nil, err
	}
	closing.look(lookAtFew)
	tr, start := tracing()
	fd, e := sys.Socket(int(d), int(t), int(p))
	if tr != nil {
		tr.open("socket", d, t, p, fd, -1, e, start)
	}
	if e != 0 {
		return nil, opError("socket", Addr{}, e)
	}
	s := newSocket(fd, d, t, p)
	s.own.Store(alone | countable)
	s.fd.SetBrief(int(p))
	if sys.HasNosched && s.isTCP() {
		s.fd.SetExclusive()
	}
	for _, o := range set {
		if o == nil {
			continue
		}
		if err := o(s); err != nil {
			s.Close()
			return nil, err
		}
	}
	return s, nil
}

// Pair makes two sockets that are connected to each other: socketpair(2). Apart from
// oddities, only the domain [Unix] has pairs.
//
// Errors: EOPNOTSUPP (the domain has no pairs), EAFNOSUPPORT, EPROTONOSUPPORT, EMFILE, ENFILE,
// [errors.ErrUnsupported].
//
// Source: socketpair(2).
func Pair(d Domain, t Type, p Protocol) (a, b *Socket, err error) {
	if err := available("socketpair", d, t, p); err != nil {
		return nil, nil, err
	}
	tr, start := tracing()
	x, y, e := sys.Socketpair(int(d), int(t), int(p))
	if tr != nil {
		tr.open("socketpair", d, t, p, x, y, e, start)
	}
	if e != 0 {
		return nil, nil, opError("socketpair", Addr{}, e)
	}
	a, b = newSocket(x, d, t, p), newSocket(y, d, t, p)
	a.fd.SetBrief(int(p))
	b.fd.SetBrief(int(p))
	return a, b, nil
}

// available returns an error for a name that this system does not have.
func available(op string, d Domain, t Type, p Protocol) error {
	switch {
	case !sys.Supported:
		return unsupported(op, "sockets")
	case !sys.Has(int(d)):
		return unsupported(op, d.String())
	case !sys.Has(int(t)):
		return unsupported(op, t.String())
	case !sys.Has(int(p)):
		return unsupported(op, p.String())
	case int(d) != int(int16(d)) || int(t) != int(int16(t)) || t < 0 || t > typeMask || int(p) != int(int32(p)):
		return opError(op, Addr{}, sys.EINVAL)
	}
	return nil
}

// typeMask has the bits of a type. Above it Linux and the BSDs have flags, which the caller
// does not choose.
const typeMask = 0xf

func newSocket(fd int, d Domain, t Type, p Protocol) *Socket {
	s := new(Socket)
	s.init(fd, d, t, p)
	return s
}

// isTCP reports whether s is a TCP socket without a protocol on top.
func (s *Socket) isTCP() bool {
	return s.Type() == Stream && (s.Domain() == Inet || s.Domain() == Inet6) && (s.proto == 0 || s.proto == int32(TCP))
}

// Bind sets the socket's own address: bind(2). With port 0 the kernel chooses a port, which
// [Socket.Sockname] returns. Binding a unix socket to a path makes a file that stays when the
// socket is closed; the caller removes it. On Linux the unnamed unix address (unix:) makes
// the kernel choose an abstract name.
//
// Errors: EADDRINUSE, EADDRNOTAVAIL (not an address of this machine), EACCES (a port below
// 1024, a directory without permission), EINVAL (already bound, or an address of another
// family), EAFNOSUPPORT (another family), ENOENT, ENOTDIR, EROFS, ELOOP (unix paths).
//
// Source: bind(2), ip(7), unix(7).
func (s *Socket) Bind(a Addr) error {
	if !a.IsValid() {
		return invalidInput("bind", "no address")
	}
	closing.look(math.MaxInt) // one of them may have the address
	e := s.guarded(func(fd int) sys.Errno { return sys.Bind(fd, a.bytes()) },
		func() Call { return Call{Name: "bind", Addr: a, Args: a.String()} })
	return s.addrError("bind", a, e)
}

// Listen makes the socket accept connections: listen(2). The backlog is the number of
// connections that are made and not yet accepted; 0 or less is the system's maximum
// (net.core.somaxconn on Linux). Calling it again changes the backlog.
//
// Errors: EADDRINUSE (not bound, and no port is free), EOPNOTSUPP (a type that does not
// listen), EINVAL (connected; on Linux also a unix socket that is not bound).
//
// Source: listen(2).
func (s *Socket) Listen(backlog int) error {
	if backlog <= 0 || backlog > math.MaxInt32 {
		backlog = math.MaxInt32
	}
	s.fd.SetListening()
	e := s.guarded(func(fd int) sys.Errno { return sys.Listen(fd, backlog) },
		func() Call { return Call{Name: "listen", Args: itoa(backlog)} })
	return opError("listen", Addr{}, e)
}

// Shutdown ends one half of a connection or both, for every copy of the descriptor:
// shutdown(2). After ShutWrite the peer receives the end of the stream; after ShutRead Linux
// discards what the peer still sends.
//
// Errors: ENOTCONN (not connected, or not any more), EINVAL (how).
//
// Source: shutdown(2).
func (s *Socket) Shutdown(how How) error {
	if !sys.Has(int(how)) {
		return s.unsupportedOrClosed("shutdown", "sockets")
	}
	e := s.guarded(func(fd int) sys.Errno { return sys.Shutdown(fd, int(how)) },
		func() Call { return Call{Name: "shutdown", Args: how.String()} })
	return opError("shutdown", Addr{}, e)
}

// CloseRead is Shutdown(ShutRead), under package net's name.
//
// Errors: those of [Socket.Shutdown].
func (s *Socket) CloseRead() error { return s.Shutdown(ShutRead) }

// CloseWrite is Shutdown(ShutWrite), a half-close, under package net's name: the peer
// receives the end of the stream and may still send.
//
// Errors: those of [Socket.Shutdown].
func (s *Socket) CloseWrite() error { return s.Shutdown(ShutWrite) }

// Close ends the Socket: close(2), exactly once. It wakes every waiting call; these, and every
// later call, also a second Close, return an error that matches [net.ErrClosed].
//
// When Close returns the descriptor is closed, so that its address can be bound again at
// once: it waits for calls in progress, which are brief. (A child that is being forked at
// that moment holds a copy until it executes.) There are two exceptions. While a callback of
// WithFD or SyscallConn runs, Close returns nil at once, and the descriptor is closed when
// the callback returns. While sends of [Socket.SendZeroCopy] are not complete, a duplicate
// stays open, as described there.
//
// Close does not call shutdown(2) if there may be a copy of the descriptor, from
// [Socket.Dup] or in another process: a copy keeps the connection open.
//
// Errors: net.ErrClosed; those of close(2), although the descriptor is closed in every case:
// ECONNRESET on FreeBSD (the peer's reset arrived at that moment), EIO.
//
// Source: close(2).
func (s *Socket) Close() error {
	return opError("close", Addr{}, s.fd.Close(s.leavePollers))
}

// Sockname returns the socket's own address: getsockname(2). Before Bind or Connect it is the
// family's unspecified address, for unix the unnamed address.
//
// Errors: net.ErrClosed.
//
// Source: getsockname(2).
func (s *Socket) Sockname() (Addr, error) {
	var name sys.Name
	if e := s.callGetsockname(&name); e != 0 {
		return Addr{}, opError("getsockname", Addr{}, e)
	}
	return addrFromKernel(name.Bytes()), nil
}

// Peername returns the peer's address: getpeername(2).
//
// Errors: ENOTCONN.
//
// Source: getpeername(2).
func (s *Socket) Peername() (Addr, error) {
	var name sys.Name
	if e := s.callGetpeername(&name); e != 0 {
		return Addr{}, opError("getpeername", Addr{}, e)
	}
	return addrFromKernel(name.Bytes()), nil
}

// Domain returns the address family. It makes no system call.
func (s *Socket) Domain() Domain { return Domain(s.fd.Family()) }

// Type returns the type. It makes no system call.
func (s *Socket) Type() Type { return Type(s.fd.Type()) }

// Protocol returns the protocol. If Open was given 0 it is TCP or UDP where 0 means that. It
// makes no system call.
func (s *Socket) Protocol() Protocol {
	if s.proto == 0 && (s.Domain() == Inet || s.Domain() == Inet6) {
		switch s.Type() {
		case Stream:
			return TCP
		case Dgram:
			return UDP
		}
	}
	return Protocol(s.proto)
}

// String describes the socket: descriptor, family, type, protocol, state, and the
// peer if it is known. It makes no system call and takes no lock.
func (s *Socket) String() string { return s.describe(Addr{}) }

// describe is String, with the socket's own address if the caller knows it.
func (s *Socket) describe(own Addr) string {
	if s == nil {
		return "<nil>"
	}
	state := s.fd.State()
	if state&sockfd.Opened == 0 {
		return "closed socket"
	}
	text := "socket " + strconv.Itoa(int(s.fd.Sysfd))
	if state&refcount.Closed != 0 {
		text = "closed socket"
	}
	text += ": " + s.Domain().String() + ", " + s.Type().String()
	if s.proto != 0 {
		text += ", " + s.Protocol().String()
	}
	if state&sockfd.Nonblock != 0 {
		text += ", non-blocking"
	}
	if s.fd.IsListening() {
		text += ", listening"
	}
	if own.IsValid() {
		text += ", address " + own.String()
	}
	if peer := s.peer.Load(); peer != nil {
		text += ", peer " + peer.String()
	}
	return text
}

// Getsockopt reads an option into b: getsockopt(2). It returns how many bytes the kernel
// wrote. Package sockopt has typed options.
//
// Errors: ENOPROTOOPT and EOPNOTSUPP (not an option of this socket), EINVAL (b is too
// short), net.ErrClosed, [errors.ErrUnsupported] (level or name is missing on this system).
//
// Source: getsockopt(2), socket(7).
func (s *Socket) Getsockopt(level, name int, b []byte) (int, error) {
	if err := s.optionMissing("getsockopt", level, name); err != nil {
		return 0, err
	}
	n, e := s.callGetsockopt(level, name, b)
	if e != 0 {
		return 0, s.optionFailed("getsockopt", level, name, e)
	}
	return min(n, len(b)), nil
}

// Setsockopt sets an option to the value in b, in the kernel's layout: setsockopt(2).
// Package sockopt has typed options.
//
// Errors: ENOPROTOOPT and EOPNOTSUPP (not an option of this socket), EINVAL (the value),
// EPERM (a privilege), net.ErrClosed, [errors.ErrUnsupported] (level or name is missing on
// this system).
//
// Source: setsockopt(2), socket(7).
func (s *Socket) Setsockopt(level, name int, b []byte) error {
	if err := s.optionMissing("setsockopt", level, name); err != nil {
		return err
	}
	if e := s.callSetsockopt(level, name, b); e != 0 {
		return s.optionFailed("setsockopt", level, name, e)
	}
	return nil
}

// RecvQueue returns the number of bytes that wait to be received: ioctl(2) with FIONREAD. For a
// datagram socket it is on Linux the size of the next datagram (0: none, or an empty one), on
// other systems the size of all.
//
// Errors: EINVAL (it listens), net.ErrClosed, [errors.ErrUnsupported].
//
// Source: tcp(7), udp(7), unix(7); ioctl(2), FIONREAD.
func (s *Socket) RecvQueue() (int, error) { return s.queue("recvqueue", "FIONREAD", sys.SIOCINQ) }

// SendQueue returns the number of bytes in the send buffer: of a TCP socket those that the peer
// has not acknowledged, whether they were sent or not; of other sockets those that have not
// left, on Linux with the kernel's overhead. It is ioctl(2) with SIOCOUTQ on Linux and
// FIONWRITE on FreeBSD and NetBSD, and the option SO_NWRITE on macOS.
//
// Errors: EINVAL (it listens), net.ErrClosed, [errors.ErrUnsupported] (OpenBSD, DragonFly).
//
// Source: tcp(7), unix(7).
func (s *Socket) SendQueue() (int, error) {
	if !sys.Has(sys.SIOCOUTQ) && sys.Has(sys.SO_NWRITE) {
		n, e := s.getInt(sys.SOL_SOCKET, sys.SO_NWRITE)
		return n, opError("sendqueue", Addr{}, e)
	}
	return s.queue("sendqueue", "TIOCOUTQ", sys.SIOCOUTQ)
}

// UnsentQueue returns the number of bytes in the send buffer of a TCP socket that were not sent
// yet: ioctl(2) with SIOCOUTQNSD. SendQueue minus UnsentQueue is in flight.
//
// Errors: EINVAL (it listens; not a TCP socket, or ENOTTY), net.ErrClosed,
// [errors.ErrUnsupported] (all systems but Linux).
//
// Source: linux/sockios.h.
func (s *Socket) UnsentQueue() (int, error) {
	return s.queue("unsentqueue", "SIOCOUTQNSD", sys.SIOCOUTQNSD)
}

func (s *Socket) queue(op, name string, request int) (n int, err error) {
	if !sys.Has(request) {
		return 0, s.unsupportedOrClosed(op, name)
	}
	args := name
	e := s.guarded(func(fd int) (e sys.Errno) {
		if n, e = sys.IoctlInt(fd, uint(request)); e == 0 {
			args += ", [" + itoa(n) + "]"
		}
		return e
	}, func() Call { return Call{Name: "ioctl", Args: args} })
	return n, opError(op, Addr{}, e)
}

// optionMissing is the error for an option that this system does not have.
func (s *Socket) optionMissing(op string, level, name int) error {
	if sys.Supported && sys.Has(level) && sys.Has(name) {
		return nil
	}
	return s.unsupportedOrClosed(op, sys.OptionName(s.fd.Family(), level, name))
}

func (s *Socket) optionFailed(op string, level, name int, e sys.Errno) error {
	return &Error{Op: op, Name: sys.OptionName(s.fd.Family(), level, name), Err: errnoError(e)}
}

func (s *Socket) getInt(level, name int) (int, sys.Errno) {
	if !sys.Has(name) {
		return 0, sys.ENOPROTOOPT
	}
	var b [4]byte
	n, e := s.callGetsockopt(level, name, b[:])
	if n == 1 { // some systems answer one byte
		return int(b[0]), e
	}
	return int(int32(binary.NativeEndian.Uint32(b[:]))), e
}

func (s *Socket) setInt(level, name, v int) sys.Errno {
	var b [4]byte
	binary.NativeEndian.PutUint32(b[:], uint32(int32(v)))
	return s.callSetsockopt(level, name, b[:])
}

func (s *Socket) init(fd int, d Domain, t Type, p Protocol) {
	s.proto = int32(p)
	s.fd.Init(fd, int(d), int(t))
}
