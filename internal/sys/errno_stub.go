//go:build !linux && !freebsd && !darwin && !netbsd && !openbsd && !dragonfly

package sys

import "errors"

// Supported reports whether sockets work on this system.
const Supported = false

// Errno is an error number; 0 is success. The numbers are defined by this package.
type Errno uintptr

// The error numbers that package sock distinguishes.
const (
	ENOSYS Errno = iota + 1
	EADDRNOTAVAIL
	EAFNOSUPPORT
	EAGAIN
	EALREADY
	EBADF
	EBUSY
	ECONNABORTED
	ECONNRESET
	EDESTADDRREQ
	EHOSTDOWN
	EHOSTUNREACH
	EINPROGRESS
	EINTR
	EEXIST
	EINVAL
	EISCONN
	EMFILE
	EMSGSIZE
	ENAMETOOLONG
	ENETDOWN
	ENETUNREACH
	ENFILE
	ENOENT
	ENOSPC
	ENOBUFS
	ENOMEM
	ENOPROTOOPT
	ENOTCONN
	ENOTSOCK
	ENOTSUP
	EOPNOTSUPP
	EPERM
	EPROTO
	ETIMEDOUT
)

func (e Errno) Error() string {
	if e == ENOSYS {
		return "function not implemented"
	}
	return ErrnoName(e)
}

func (e Errno) Is(target error) bool { return e == ENOSYS && target == errors.ErrUnsupported }

// ErrnoName returns a name for e.
func ErrnoName(e Errno) string {
	switch e {
	case ENOSYS:
		return "ENOSYS"
	case EAFNOSUPPORT:
		return "EAFNOSUPPORT"
	case EINVAL:
		return "EINVAL"
	}
	return "errno"
}
