//go:build !linux && !freebsd && !dragonfly && !darwin

package sys

// HasSendfile reports whether Sendfile exists.
const HasSendfile = false

func Sendfile(out, in int, off *int64, n int) (int, Errno) { return 0, ENOSYS }
