package sock

import (
	"encoding/binary"
	"math"
	"syscall"

	"github.com/berkeleysockets/sock/internal/sys"
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
//
// Source: fcntl(2), socket(7).
func FromFD(fd int) (*Socket, error) {
	if fd < 0 || fd > math.MaxInt32 { // the kernel would look at 32 bits of it
		return nil, fail("fromfd", Addr{}, sys.EBADF)
	}
	s := new(Socket)
	s.fd.InitUntracked(fd)
	d, t, p, e := s.identify()
	if e == 0 {
		e = s.adopt()
	}
	if e != 0 {
		return nil, fail("fromfd", Addr{}, e)
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

// Getsockopt is getsockopt(2).
func (s *Socket) Getsockopt(level, name int, b []byte) (int, error) {
	n, e := s.callGetsockopt(level, name, b)
	if e != 0 {
		return 0, s.optionFailed("getsockopt ", level, name, e)
	}
	return min(n, len(b)), nil
}

// Setsockopt is setsockopt(2).
func (s *Socket) Setsockopt(level, name int, b []byte) error {
	if e := s.callSetsockopt(level, name, b); e != 0 {
		return s.optionFailed("setsockopt ", level, name, e)
	}
	return nil
}

func (s *Socket) optionFailed(op string, level, name int, e sys.Errno) error {
	return fail(op+sys.OptionName(int(s.fd.Family), level, name), Addr{}, e)
}

// FromConn makes a Socket of a duplicate of what c holds: a [net.Conn],
// [net.Listener] or [net.PacketConn] of package net, an [os.File] that is a
// socket. The two live on side by side and share one socket: close both. It
// calls fcntl(2) with F_DUPFD_CLOEXEC, then as [FromFD].
//
// Errors: ENOTSOCK (a file that is none), EMFILE, net.ErrClosed and os.ErrClosed.
//
// Source: fcntl(2).
func FromConn(c syscall.Conn) (*Socket, error) {
	if c == nil {
		return nil, invalid("fromconn", "no connection")
	}
	rc, err := c.SyscallConn()
	if err != nil {
		return nil, &Error{Op: "fromconn", Err: err}
	}
	var old, fd int
	var e sys.Errno
	tr, start := tracing()
	if err := rc.Control(func(n uintptr) { old = int(n); fd, e = sys.Dup(old) }); err != nil {
		return nil, &Error{Op: "fromconn", Err: err}
	}
	if tr != nil {
		tr.emit(Call{Name: "fcntl", Args: dupArgs}, old, fd, e, start)
	}
	if e != 0 {
		return nil, fail("fromconn", Addr{}, e)
	}
	s, err := FromFD(fd)
	if err != nil {
		closeCopy(fd)
		return nil, err
	}
	return s, nil
}
