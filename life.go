package sock

import (
	"net"
	"os"
	"syscall"

	"github.com/berkeleysockets/sock/internal/guard"
	"github.com/berkeleysockets/sock/internal/sys"
	"github.com/berkeleysockets/sock/internal/track"
)

// FromFD adopts a descriptor that is a socket, and from then on owns it:
// getsockopt(2) for its type, domain and protocol, fcntl(2) to make it
// close-on-exec and non-blocking. On any error fd stays the caller's, as it
// was.
//
// O_NONBLOCK belongs to the open file description: every copy of the
// descriptor, in other processes too, becomes non-blocking with it. A
// descriptor that a live os.File or net.Conn owns must not be given away so:
// use [FromConn].
//
// Errors: ENOTSOCK, EBADF.
func FromFD(fd int) (*Socket, error) {
	d, t, p, e := identify(fd)
	if e == 0 {
		e = disown(fd)
	}
	if e != 0 {
		return nil, fail("fromfd", Addr{}, e)
	}
	return newSocket(fd, d, t, p), nil
}

// disown gives an adopted descriptor the flags that ours have.
func disown(fd int) sys.Errno {
	flags, e := sys.StatusFlags(fd)
	if e == 0 && flags&sys.O_NONBLOCK == 0 {
		e = sys.SetStatusFlags(fd, flags|sys.O_NONBLOCK)
	}
	if e == 0 {
		e = sys.SetCloexec(fd)
	}
	if e == 0 {
		e = sys.Quiet(fd)
	}
	return e
}

// identify asks the kernel what fd is. Where there is no SO_DOMAIN, its name
// tells.
func identify(fd int) (d Domain, t Type, p Protocol, e sys.Errno) {
	n, e := getInt(fd, sys.SOL_SOCKET, sys.SO_TYPE)
	if e != 0 {
		return 0, 0, 0, e
	}
	t = Type(n)
	if n, e := getInt(fd, sys.SOL_SOCKET, sys.SO_DOMAIN); e == 0 {
		d = Domain(n)
	} else {
		var name sys.Name
		if e := sys.Getsockname(fd, &name); e != 0 {
			return 0, 0, 0, e
		}
		d = Domain(sys.Family(name.Bytes()))
	}
	if n, e := getInt(fd, sys.SOL_SOCKET, sys.SO_PROTOCOL); e == 0 {
		p = Protocol(n)
	}
	return d, t, p, 0
}

func getInt(fd, level, name int) (int, sys.Errno) {
	if !sys.Has(name) {
		return 0, sys.ENOPROTOOPT
	}
	var r raw
	_, e := sys.Getsockopt(fd, level, name, r.b[:4])
	return r.int(), e
}

// FromConn makes a Socket of a duplicate of what c holds: a [net.Conn],
// [net.Listener] or [net.PacketConn] of package net, an [os.File] that is a
// socket. The two live on side by side and share one socket: close both. It
// calls fcntl(2) with F_DUPFD_CLOEXEC, then as [FromFD].
func FromConn(c syscall.Conn) (*Socket, error) {
	if c == nil {
		return nil, invalid("fromconn", "no connection")
	}
	rc, err := c.SyscallConn()
	if err != nil {
		return nil, &Error{Op: "fromconn", Err: err}
	}
	var fd int
	var e sys.Errno
	if err := rc.Control(func(old uintptr) { fd, e = sys.Dup(int(old)) }); err != nil {
		return nil, &Error{Op: "fromconn", Err: err}
	}
	if e != 0 {
		return nil, fail("fromconn", Addr{}, e)
	}
	s, err := FromFD(fd)
	if err != nil {
		sys.Close(fd)
		return nil, err
	}
	return s, nil
}

// Close ends the Socket: close(2), exactly once. It wakes every call that waits
// on it, and those return an error that matches [net.ErrClosed], as does every
// later call, a second Close too.
//
// When Close returns the descriptor is closed, so that its address can be bound
// again at once: it waits for the calls that are still inside, which are brief.
// One case differs: while a callback of WithFD or SyscallConn runs on this
// Socket Close returns nil at once, and the callback's return closes. Close
// never calls shutdown(2): a copy of the descriptor, from [Socket.Dup] or in
// another process, keeps the connection alive.
//
// Errors: net.ErrClosed; what close(2) says, though the descriptor is gone all
// the same.
//
// Source: close(2).
func (s *Socket) Close() error {
	first, last := s.word.Close()
	if !first {
		return fail("close", Addr{}, errnoClosed)
	}
	if last {
		return fail("close", Addr{}, s.end())
	}
	return fail("close", Addr{}, s.wakeAndWait())
}

// end closes the descriptor. The guard has told its one caller to.
func (s *Socket) end() sys.Errno {
	w := s.rare.Load()
	fd := w.parked()
	t, start := tracing()
	var e sys.Errno
	if fd != nil {
		e = fd.Close()
	} else {
		e = sys.Close(int(s.fd))
	}
	track.Closed(s)
	s.word.SetGone()
	s.rare.Load().gone(e)
	if t != nil {
		t.emit(Call{Name: "close"}, int(s.fd), resultOf(e), e, start)
	}
	return e
}

// FD returns the descriptor's number, to print and to pass down; -1 after
// Close. It stays the Socket's: another goroutine's Close can make the number a
// stranger's at any time. To use it, see [Socket.WithFD].
func (s *Socket) FD() int {
	if s.word.State()&guard.Closed != 0 {
		return -1
	}
	return int(s.fd)
}

// WithFD calls f with the descriptor, which cannot be closed, nor its number
// reused, while f runs. f must not close it. If Close comes meanwhile it
// returns nil at once, and the descriptor is closed when f returns. The
// descriptor is non-blocking.
func (s *Socket) WithFD(f func(fd int) error) error {
	if f == nil {
		return invalid("withfd", "no function")
	}
	if e := s.enter(0); e != 0 {
		return fail("withfd", Addr{}, e)
	}
	defer s.leave()
	w := s.waiting()
	w.callback(1)
	defer w.callback(-1)
	return f(int(s.fd))
}

// Dup returns a second Socket on the same socket of the kernel: fcntl(2) with
// F_DUPFD_CLOEXEC. Mode and deadlines are its own: blocking, none. The
// connection ends when both are closed.
//
// Errors: EMFILE.
func (s *Socket) Dup() (*Socket, error) {
	fd, e := s.dup()
	if e != 0 {
		return nil, fail("dup", Addr{}, e)
	}
	c := newSocket(fd, s.Domain(), s.Type(), Protocol(s.proto))
	c.peer.Store(s.peer.Load())
	return c, nil
}

// Detach ends the Socket as Close does and returns a descriptor of the same
// socket, which is the caller's from now on: fcntl(2) with F_DUPFD_CLOEXEC,
// then close(2). Its number is another one: one that has waited in Go's poller
// cannot leave it, and a call of another goroutine may still hold the old. It
// is close-on-exec and non-blocking.
//
// Errors: net.ErrClosed; EMFILE, and the Socket stays whole.
func (s *Socket) Detach() (int, error) {
	fd, e := s.dup()
	if e != 0 {
		return -1, fail("detach", Addr{}, e)
	}
	if err := s.Close(); err != nil {
		sys.Close(fd)
		return -1, fail("detach", Addr{}, errnoClosed)
	}
	return fd, nil
}

// File returns a duplicate as an os.File, to hand to a child in
// exec.Cmd.ExtraFiles: fcntl(2) with F_DUPFD_CLOEXEC. Both are to be closed.
//
// Errors: EMFILE.
func (s *Socket) File() (*os.File, error) {
	fd, e := s.dup()
	if e != 0 {
		return nil, fail("file", Addr{}, e)
	}
	return os.NewFile(uintptr(fd), "socket"), nil
}

func (s *Socket) dup() (int, sys.Errno) {
	if e := s.enter(0); e != 0 {
		return -1, e
	}
	t, start := tracing()
	fd, e := sys.Dup(int(s.fd))
	last := s.word.Leave()
	if t != nil {
		t.emit(Call{Name: "fcntl", Args: "F_DUPFD_CLOEXEC, 0"}, int(s.fd), fd, e, start)
	}
	if last {
		s.end()
	}
	return fd, e
}

// SyscallConn returns the Socket as a [syscall.RawConn], for packages that want
// one. Its callbacks are as WithFD's; Read and Write wait, by the Socket's mode
// and deadlines, until their callback returns true.
func (s *Socket) SyscallConn() (syscall.RawConn, error) {
	if s.FD() < 0 {
		return nil, fail("syscallconn", Addr{}, errnoClosed)
	}
	return rawConn{s}, nil
}

type rawConn struct{ s *Socket }

func (c rawConn) Control(f func(fd uintptr)) error {
	return c.s.WithFD(func(fd int) error { f(uintptr(fd)); return nil })
}

func (c rawConn) Read(f func(fd uintptr) (done bool)) error { return c.until(f, reading) }

func (c rawConn) Write(f func(fd uintptr) (done bool)) error { return c.until(f, writing) }

func (c rawConn) until(f func(fd uintptr) bool, d direction) error {
	tries := 0
	for {
		if e := c.s.check(d.deadline()); e != 0 {
			return fail("syscallconn", Addr{}, e)
		}
		done := false
		err := c.Control(func(fd uintptr) { done = f(fd) })
		if done || err != nil {
			return err
		}
		if e := c.s.await(sys.EAGAIN, d, 0, &tries); e != 0 {
			return verdict("syscallconn", nil, e)
		}
	}
}

var _ net.Conn = (*Socket)(nil)
