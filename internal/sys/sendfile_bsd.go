//go:build freebsd || dragonfly || darwin

package sys

import "golang.org/x/sys/unix"

// HasSendfile reports whether Sendfile exists.
const HasSendfile = true

// Sendfile is sendfile(2), which takes an offset on these systems and never moves the
// offset of the file. For a nil off, lseek(2) before and after it does that.
func Sendfile(out, in int, off *int64, n int) (int, Errno) {
	if n == 0 { // 0 means the whole file to these kernels
		return 0, 0
	}
	var at int64
	if off != nil {
		at = *off
	} else {
		var err error
		if at, err = unix.Seek(in, 0, 1); err != nil {
			return 0, errno(err)
		}
	}
	for {
		k, err := unix.Sendfile(out, in, &at, n)
		e := errno(err)
		if e == EINTR && k <= 0 {
			continue
		}
		if k <= 0 {
			return 0, e
		}
		// With a count, EAGAIN or EINTR means that only a part was sent.
		at += int64(k)
		if off != nil {
			*off = at
		} else if _, err := unix.Seek(in, at, 0); err != nil {
			return k, errno(err)
		}
		return k, 0
	}
}
