//go:build linux || freebsd || darwin || netbsd || openbsd || dragonfly

package sys

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// errno returns the number in an error of x/sys.
func errno(err error) Errno {
	if err == nil {
		return 0
	}
	if e, ok := err.(Errno); ok {
		return e
	}
	return EINVAL
}

// Close is close(2), and does not retry after EINTR: on some systems the descriptor is
// closed then, and its number may be reused.
func Close(fd int) Errno {
	raceRelease()
	return errno(unix.Close(fd))
}

// Dup is fcntl(2) with F_DUPFD_CLOEXEC.
func Dup(fd int) (int, Errno) {
	n, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	return n, errno(err)
}

// SetCloexec is fcntl(2) with F_SETFD.
func SetCloexec(fd int) Errno {
	_, err := unix.FcntlInt(uintptr(fd), unix.F_SETFD, unix.FD_CLOEXEC)
	return errno(err)
}

// Cloexec is fcntl(2) with F_GETFD.
func Cloexec(fd int) (bool, Errno) {
	n, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	return n&unix.FD_CLOEXEC != 0, errno(err)
}

// StatusFlags is fcntl(2) with F_GETFL.
func StatusFlags(fd int) (int, Errno) {
	n, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	return n, errno(err)
}

// SetStatusFlags is fcntl(2) with F_SETFL.
func SetStatusFlags(fd, flags int) Errno {
	_, err := unix.FcntlInt(uintptr(fd), unix.F_SETFL, flags)
	return errno(err)
}

// O_NONBLOCK is a status flag, which each descriptor of this module has.
const O_NONBLOCK = syscall.O_NONBLOCK

// AtMark is ioctl(2) with SIOCATMARK.
func AtMark(fd int) (bool, Errno) {
	n, err := unix.IoctlGetInt(fd, SIOCATMARK)
	return n != 0, errno(err)
}

// IsStream reports whether a socket is a stream that is known to carry bytes alone: of TCP or
// a unix stream.
func IsStream(fd int) bool {
	if t, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE); err != nil || t != unix.SOCK_STREAM {
		return false
	}
	if !Has(SO_DOMAIN) {
		return true
	}
	switch d, _ := unix.GetsockoptInt(fd, unix.SOL_SOCKET, SO_DOMAIN); d {
	case unix.AF_UNIX:
		return true
	case unix.AF_INET, unix.AF_INET6:
		p, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, SO_PROTOCOL)
		return err != nil || p == unix.IPPROTO_TCP
	}
	return false
}

// IoctlInt is ioctl(2) with a request that writes a C int, of four bytes also where a Go int
// has eight.
func IoctlInt(fd int, request uint) (int, Errno) {
	n, err := unix.IoctlGetInt(fd, request)
	return int(*(*int32)(unsafe.Pointer(&n))), errno(err)
}

// KindOf returns the kind of the file that a descriptor refers to: fstat(2).
func KindOf(fd int) (Kind, Errno) {
	var st unix.Stat_t
	for {
		err := unix.Fstat(fd, &st)
		if e := errno(err); e == EINTR {
			continue
		} else if e != 0 {
			return OtherKind, e
		}
		break
	}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		return RegularKind, 0
	case unix.S_IFIFO:
		return PipeKind, 0
	case unix.S_IFSOCK:
		return SocketKind, 0
	}
	return OtherKind, 0
}

// Appends reports whether writes append to the file: fcntl(2) with F_GETFL and
// O_APPEND.
func Appends(fd int) bool {
	flags, e := StatusFlags(fd)
	return e == 0 && flags&unix.O_APPEND != 0
}
