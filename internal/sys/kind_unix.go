//go:build linux || freebsd || darwin || netbsd || openbsd || dragonfly

package sys

import "golang.org/x/sys/unix"

// KindOf is fstat(2): what sort of file a descriptor is.
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

// Appends reports whether writes go to the end of the file: fcntl(2) with
// F_GETFL and O_APPEND.
func Appends(fd int) bool {
	flags, e := StatusFlags(fd)
	return e == 0 && flags&unix.O_APPEND != 0
}
