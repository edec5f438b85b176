//go:build linux || freebsd || darwin || netbsd || openbsd || dragonfly

package sys

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// Pipe is pipe(2), both ends close-on-exec and non-blocking.
func Pipe() (r, w int, e Errno) {
	var p [2]int
	syscall.ForkLock.RLock()
	err := unix.Pipe(p[:])
	if err == nil {
		unix.CloseOnExec(p[0])
		unix.CloseOnExec(p[1])
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return -1, -1, errno(err)
	}
	for _, fd := range p {
		if err := unix.SetNonblock(fd, true); err != nil {
			unix.Close(p[0])
			unix.Close(p[1])
			return -1, -1, errno(err)
		}
	}
	return p[0], p[1], 0
}

var oneByte = []byte{0}

// PipeWrite is write(2) of one byte.
func PipeWrite(w int) Errno {
	raceRelease()
	for {
		_, err := unix.Write(w, oneByte)
		if e := errno(err); e != EINTR {
			return e
		}
	}
}

// PipeRead is read(2) of one byte. The caller provides the buffer, so that it does not
// allocate.
func PipeRead(r int, buf []byte) Errno {
	for {
		_, err := unix.Read(r, buf[:1])
		if e := errno(err); e != EINTR {
			raceAcquire()
			return e
		}
	}
}
