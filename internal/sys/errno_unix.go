//go:build linux || freebsd || darwin || netbsd || openbsd || dragonfly

package sys

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// Supported reports whether sockets work on this system.
const Supported = true

// Errno is an error number of the kernel; 0 is success.
type Errno = syscall.Errno

// The error numbers that package sock distinguishes.
const (
	EADDRNOTAVAIL = unix.EADDRNOTAVAIL
	EAFNOSUPPORT  = unix.EAFNOSUPPORT
	EAGAIN        = unix.EAGAIN
	EALREADY      = unix.EALREADY
	EBADF         = unix.EBADF
	EBUSY         = unix.EBUSY
	ECONNABORTED  = unix.ECONNABORTED
	ECONNRESET    = unix.ECONNRESET
	EDESTADDRREQ  = unix.EDESTADDRREQ
	EEXIST        = unix.EEXIST
	EHOSTDOWN     = unix.EHOSTDOWN
	EHOSTUNREACH  = unix.EHOSTUNREACH
	EINPROGRESS   = unix.EINPROGRESS
	EINTR         = unix.EINTR
	EINVAL        = unix.EINVAL
	EISCONN       = unix.EISCONN
	EMFILE        = unix.EMFILE
	EMSGSIZE      = unix.EMSGSIZE
	ENAMETOOLONG  = unix.ENAMETOOLONG
	ENETDOWN      = unix.ENETDOWN
	ENETUNREACH   = unix.ENETUNREACH
	ENFILE        = unix.ENFILE
	ENOENT        = unix.ENOENT
	ENOSPC        = unix.ENOSPC
	ENOBUFS       = unix.ENOBUFS
	ENOMEM        = unix.ENOMEM
	ENOPROTOOPT   = unix.ENOPROTOOPT
	ENOSYS        = unix.ENOSYS
	ENOTCONN      = unix.ENOTCONN
	ENOTSUP       = unix.ENOTSUP
	EOPNOTSUPP    = unix.EOPNOTSUPP
	ENOTSOCK      = unix.ENOTSOCK
	EPERM         = unix.EPERM
	EPROTO        = unix.EPROTO
	ETIMEDOUT     = unix.ETIMEDOUT
)

// ErrnoName returns the C name of e, such as "EINVAL". ENOTSUP and EOPNOTSUPP share a
// number on some systems: it returns the name that the man pages of the calls have.
func ErrnoName(e Errno) string {
	switch e {
	case unix.EOPNOTSUPP:
		return "EOPNOTSUPP"
	case unix.EAGAIN:
		return "EAGAIN"
	}
	return unix.ErrnoName(e)
}
