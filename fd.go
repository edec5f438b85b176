package sock

import (
	"errors"
	"math"
	"net"
	"os"
	"syscall"

	"github.com/berkeleysockets/sock/internal/sockfd"
	"github.com/berkeleysockets/sock/internal/sys"
)

// FD returns the descriptor's number, to print and to pass down; -1 after
// Close. It stays the Socket's: another goroutine's Close can make the number a
// stranger's at any time. To use it, see [Socket.WithFD].
func (s *Socket) FD() int {
	if !s.fd.IsOpen() {
		return -1
	}
	s.fd.SetShared()
	return int(s.fd.Sysfd)
}

// WithFD calls f with the descriptor.
func (s *Socket) WithFD(f func(fd int) error) error {
	if f == nil {
		return invalidInput("withfd", "no function")
	}
	err, e := s.fd.Callback(f)
	if e != 0 {
		return opError("withfd", Addr{}, e)
	}
	return err
}

// Dup returns a second Socket on the same socket of the kernel: fcntl(2) with
// F_DUPFD_CLOEXEC. Mode and deadlines are its own: blocking, none. The
// connection ends when both are closed.
//
// Errors: EMFILE.
//
// Source: fcntl(2).
func (s *Socket) Dup() (*Socket, error) {
	fd, e := s.dup()
	if e != 0 {
		return nil, opError("dup", Addr{}, e)
	}
	c := newSocket(fd, s.Domain(), s.Type(), Protocol(s.proto))
	c.peer.Store(s.peer.Load())
	return c, nil
}

func (s *Socket) dup() (int, sys.Errno) {
	s.fd.SetShared()
	return s.fd.Fcntl(dupArgs, sys.Dup)
}

const dupArgs = "F_DUPFD_CLOEXEC, 0"

// Detach ends the Socket as Close does and returns a descriptor of the same
// socket, which is the caller's from now on: fcntl(2) with F_DUPFD_CLOEXEC,
// then close(2). Its number is another one: one that has waited in Go's poller
// cannot leave it, and a call of another goroutine may still hold the old. It
// is close-on-exec and non-blocking.
//
// Errors: net.ErrClosed; EMFILE, and the Socket stays whole.
//
// Source: fcntl(2), close(2).
func (s *Socket) Detach() (int, error) {
	fd, e := s.dup()
	if e != 0 {
		return -1, opError("detach", Addr{}, e)
	}
	if err := s.Close(); errors.Is(err, net.ErrClosed) { // another was faster
		closeFD(fd)
		return -1, opError("detach", Addr{}, errnoClosed)
	}
	return fd, nil
}

// File returns a duplicate as an os.File, to hand to a child in
// exec.Cmd.ExtraFiles: fcntl(2) with F_DUPFD_CLOEXEC. Both are to be closed. The
// child's half is [Inherited].
//
// The copy is non-blocking, for O_NONBLOCK belongs to what both share. A child
// that clears it, as Python does for a socket without a time-out, makes our Accept
// and Connect wait in the kernel, where Close does not reach them; transfers
// never do.
//
// Errors: EMFILE.
//
// Source: fcntl(2).
func (s *Socket) File() (*os.File, error) {
	fd, e := s.dup()
	if e != 0 {
		return nil, opError("file", Addr{}, e)
	}
	return os.NewFile(uintptr(fd), "socket"), nil
}

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
//
// Source: fcntl(2), socket(7).
func FromFD(fd int) (*Socket, error) {
	if fd < 0 || fd > math.MaxInt32 { // the kernel would look at 32 bits of it
		return nil, opError("fromfd", Addr{}, sys.EBADF)
	}
	s := new(Socket)
	s.fd.InitUntracked(fd)
	d, t, p, e := s.identify()
	if e == 0 {
		e = s.adopt()
	}
	if e != 0 {
		return nil, opError("fromfd", Addr{}, e)
	}
	s.init(fd, d, t, p)
	return s, nil
}

// adopt gives the descriptor the flags that ours have.
func (s *Socket) adopt() sys.Errno {
	flags, e := s.fd.Fcntl("F_GETFL", sys.StatusFlags)
	if e == 0 && flags&sys.O_NONBLOCK == 0 {
		_, e = s.fd.Fcntl("F_SETFL, O_NONBLOCK", func(fd int) (int, sys.Errno) {
			return 0, sys.SetStatusFlags(fd, flags|sys.O_NONBLOCK)
		})
	}
	if e == 0 {
		_, e = s.fd.Fcntl("F_SETFD, FD_CLOEXEC", func(fd int) (int, sys.Errno) { return 0, sys.SetCloexec(fd) })
	}
	if e == 0 {
		e = sys.DisableSIGPIPE(int(s.fd.Sysfd))
	}
	return e
}

// identify asks the kernel what the descriptor is. Where there is no SO_DOMAIN,
// its name tells.
func (s *Socket) identify() (d Domain, t Type, p Protocol, e sys.Errno) {
	n, e := s.getInt(sys.SOL_SOCKET, sys.SO_TYPE)
	if e != 0 {
		return 0, 0, 0, e
	}
	t = Type(n)
	if n, e := s.getInt(sys.SOL_SOCKET, sys.SO_DOMAIN); e == 0 {
		d = Domain(n)
	} else {
		var name sys.Name
		if e := s.callGetsockname(&name); e != 0 {
			return 0, 0, 0, e
		}
		d = Domain(sys.Family(name.Bytes()))
	}
	if n, e := s.getInt(sys.SOL_SOCKET, sys.SO_PROTOCOL); e == 0 {
		p = Protocol(n)
	}
	return d, t, p, 0
}

// SyscallConn returns the Socket as a [syscall.RawConn], for packages that want
// one. Its callbacks are as WithFD's; Read and Write wait, by the Socket's mode
// and deadlines, until their callback returns true.
//
// Errors: net.ErrClosed; of Read and Write also os.ErrDeadlineExceeded and
// [ErrWouldBlock].
func (s *Socket) SyscallConn() (syscall.RawConn, error) {
	if s.FD() < 0 {
		return nil, opError("syscallconn", Addr{}, errnoClosed)
	}
	return rawConn{s}, nil
}

type rawConn struct{ s *Socket }

func (c rawConn) Control(f func(fd uintptr)) error {
	if f == nil {
		return invalidInput("syscallconn", "no function")
	}
	return c.s.WithFD(func(fd int) error { f(uintptr(fd)); return nil })
}

func (c rawConn) Read(f func(fd uintptr) (done bool)) error { return c.until(f, sockfd.Read) }

func (c rawConn) Write(f func(fd uintptr) (done bool)) error { return c.until(f, sockfd.Write) }

func (c rawConn) until(f func(fd uintptr) bool, d sockfd.Direction) error {
	if f == nil {
		return invalidInput("syscallconn", "no function")
	}
	tries := 0
	for {
		if e := c.s.fd.Check(d.Deadline()); e != 0 {
			return opError("syscallconn", Addr{}, e)
		}
		done := false
		err := c.Control(func(fd uintptr) { done = f(fd) })
		if done || err != nil {
			return err
		}
		if e := c.s.fd.Retry(sys.EAGAIN, d, 0, &tries); e != 0 && e != errnoShut {
			return opResult("syscallconn", e)
		}
	}
}
