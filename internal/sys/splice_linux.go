package sys

import "golang.org/x/sys/unix"

// HasSplice reports whether Splice exists.
const HasSplice = true

// Splice is splice(2) with SPLICE_F_NONBLOCK; one of in and out must be a pipe.
func Splice(out, in, n int) (int, Errno) {
	raceRelease()
	for {
		k, err := unix.Splice(in, nil, out, nil, n, unix.SPLICE_F_NONBLOCK|unix.SPLICE_F_MOVE)
		if e := errno(err); e != EINTR {
			raceAcquire()
			return max(int(k), 0), e
		}
	}
}

// Pipe2 is pipe2(2), both ends close-on-exec and non-blocking.
func Pipe2() (r, w int, e Errno) {
	var p [2]int
	err := unix.Pipe2(p[:], unix.O_CLOEXEC|unix.O_NONBLOCK)
	return p[0], p[1], errno(err)
}

// IsPacketPipe reports whether a pipe keeps the bounds of writes: O_DIRECT.
func IsPacketPipe(fd int) bool {
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	return err != nil || flags&unix.O_DIRECT != 0
}

// SetPipeSize is fcntl(2) with F_SETPIPE_SZ.
func SetPipeSize(fd, n int) (int, Errno) {
	n, err := unix.FcntlInt(uintptr(fd), unix.F_SETPIPE_SZ, n)
	return n, errno(err)
}

// Read is read(2).
func Read(fd int, p []byte) (int, Errno) {
	for {
		n, err := unix.Read(fd, p)
		if e := errno(err); e != EINTR {
			return max(n, 0), e
		}
	}
}
