package sys

// Peek is recv(2) of one byte that stays. It takes and returns an error that
// waits to be reported; EAGAIN is none. To a listener, which has nothing to
// receive, ENOTCONN is none either.
func Peek(fd int) (int, Errno) {
	var b [1]byte
	n, e := Recvfrom(fd, b[:], MSG_PEEK|MSG_DONTWAIT, nil)
	if e == ENOTCONN {
		e = EAGAIN
	}
	return n, e
}
