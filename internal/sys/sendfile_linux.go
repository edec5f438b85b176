package sys

import "golang.org/x/sys/unix"

// HasSendfile reports whether Sendfile exists.
const HasSendfile = true

// Sendfile is sendfile(2). It may wait for a disk, even if the socket is non-blocking.
func Sendfile(out, in int, off *int64, n int) (int, Errno) {
	for {
		k, err := unix.Sendfile(out, in, off, n)
		if e := errno(err); e != EINTR {
			return max(k, 0), e
		}
	}
}
