package sys

// Peek is recv(2) of one byte that stays. It takes and returns an error that
// waits to be reported; EAGAIN is none.
func Peek(fd int) (int, Errno) {
	var b [1]byte
	return Recvfrom(fd, b[:], MSG_PEEK|MSG_DONTWAIT, nil)
}
