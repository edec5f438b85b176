//go:build linux || freebsd || darwin || netbsd || openbsd || dragonfly

package sys

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// errno is the number inside an error of x/sys.
func errno(err error) Errno {
	if err == nil {
		return 0
	}
	if e, ok := err.(Errno); ok {
		return e
	}
	return EINVAL
}

// Close is close(2), once: after EINTR the descriptor is gone on some systems,
// and its number may be a stranger's.
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

// O_NONBLOCK is the status flag every descriptor of ours has.
const O_NONBLOCK = syscall.O_NONBLOCK

// AtMark is ioctl(2) with SIOCATMARK.
func AtMark(fd int) (bool, Errno) {
	n, err := unix.IoctlGetInt(fd, SIOCATMARK)
	return n != 0, errno(err)
}
