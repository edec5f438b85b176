//go:build !linux

package sys

// HasSplice reports whether Splice exists.
const HasSplice = false

func IsPacketPipe(fd int) bool           { return false }
func Splice(out, in, n int) (int, Errno) { return 0, ENOSYS }
func Pipe2() (r, w int, e Errno)         { return -1, -1, ENOSYS }
func SetPipeSize(fd, n int) (int, Errno) { return -1, ENOSYS }
func Read(fd int, p []byte) (int, Errno) { return 0, ENOSYS }
