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

// FD returns the descriptor's number, to print it or pass it to a child; -1 after Close. The
// descriptor stays the Socket's: once another goroutine has called Close the number may be
// that of a reused descriptor. To use it, see [Socket.WithFD]. Once it is known SendZeroCopy
// returns errors.ErrUnsupported, as after WithFD, Dup, File and a call of SyscallConn's RawConn.
func (s *Socket) FD() int {
	if !s.fd.IsOpen() {
		return -1
	}
	s.setShared()
	return int(s.fd.Sysfd)
}

// setShared records that others have the descriptor from now on.
func (s *Socket) setShared() {
	s.own.Store(0)
	s.fd.SetShared()
}

// WithFD calls f with the descriptor, which is neither closed nor reused while f runs. A
// Close during f returns nil at once, and the descriptor is closed when f returns.
//
// Errors: net.ErrClosed; EINVAL (f is nil); the error of f.
func (s *Socket) WithFD(f func(fd int) error) error {
	if f == nil {
		return invalidInput("withfd", "no function")
	}
	s.setShared()
	e, err := s.fd.Callback(f)
	if e != 0 {
		return opError("withfd", Addr{}, e)
	}
	return err
}

// Dup returns a second Socket of the same kernel socket: fcntl(2) with F_DUPFD_CLOEXEC. It
// has its own mode, blocking, and no deadlines. The connection ends when both are closed.
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
	c.setShared()
	c.peer.Store(s.peer.Load())
	c.fd.Set(s.fd.State() & sockfd.Brief)
	return c, nil
}

func (s *Socket) dup() (int, sys.Errno) {
	s.setShared()
	return s.fd.Fcntl(dupArgs, sys.Dup)
}

const dupArgs = "F_DUPFD_CLOEXEC, 0"

// Detach ends the Socket as Close does, and returns a descriptor of the same kernel socket
// that the caller owns: fcntl(2) with F_DUPFD_CLOEXEC, then close(2). Its number is a new
// one: a descriptor that has waited cannot leave the runtime poller, and another goroutine's
// call may still hold the old number. It is close-on-exec and non-blocking.
//
// Errors: net.ErrClosed; EMFILE, after which the Socket is unchanged.
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

// File returns a duplicate as an os.File, for exec.Cmd.ExtraFiles: fcntl(2) with
// F_DUPFD_CLOEXEC. The caller must close both. The child calls [Inherited].
//
// The copy is non-blocking, because O_NONBLOCK belongs to the open file description that
// both share. A child that clears it, as Python does for a socket without a time-out, makes
// Connect of this Socket wait in the kernel, where Close does not wake it. Accept asks poll(2)
// first then, and waits there only if the child takes the connection in between. Transfers
// never wait there; copies and SendFile go through the program.
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

// FromFD makes a Socket of a descriptor that is a socket, and owns it from then on:
// getsockopt(2) for its type, domain and protocol, fcntl(2) to make it close-on-exec and
// non-blocking. On an error the caller still owns fd, unchanged.
//
// O_NONBLOCK belongs to the open file description: every copy of the descriptor becomes
// non-blocking, in other processes too. Do not pass a descriptor that a live os.File or
// net.Conn owns: use [FromConn].
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
	onTop := s.hasULP(d, t, p)
	s.init(fd, d, t, p)
	s.setShared()
	if !onTop {
		s.fd.SetBrief(int(p))
	}
	return s, nil
}

// adopt sets the flags that every descriptor of a Socket has.
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

// hasULP asks whether a TCP socket has a protocol on top, of TCP_ULP (Linux 4.13): its
// transfers may sleep.
func (s *Socket) hasULP(d Domain, t Type, p Protocol) bool {
	if !sys.HasNosched || p != TCP || !sys.Brief(int(d), int(t), int(p)) {
		return false
	}
	var name [16]byte
	n, e := s.callGetsockopt(sys.IPPROTO_TCP, sys.TCP_ULP, name[:])
	return e != sys.ENOPROTOOPT && (e != 0 || n > 0)
}

// identify asks the kernel for domain, type and protocol. On systems without SO_DOMAIN the
// family of the socket's name is its domain.
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

// SyscallConn returns the Socket as a [syscall.RawConn]. Its callbacks are those of WithFD;
// Read and Write wait, by the Socket's mode and deadlines, until their callback returns true.
//
// Errors: net.ErrClosed; of Read and Write also os.ErrDeadlineExceeded and
// [ErrWouldBlock].
func (s *Socket) SyscallConn() (syscall.RawConn, error) {
	if !s.fd.IsOpen() {
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
