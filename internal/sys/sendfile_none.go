//go:build !linux && !freebsd && !dragonfly && !darwin

package sys

// HasSendfile tells whether Sendfile is there.
const HasSendfile = false

func Sendfile(out, in int, off *int64, n int) (int, Errno) { return 0, ENOSYS }
