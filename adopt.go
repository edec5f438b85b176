package sock

import (
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
