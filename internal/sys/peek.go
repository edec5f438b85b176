package sys

// Peek is recv(2) of one byte with MSG_PEEK. It takes a pending error from the socket and
// returns it; EAGAIN means that there is none. So does ENOTCONN, which a listener returns:
// Peek returns EAGAIN for it.
func Peek(fd int) (int, Errno) {
	var b [1]byte
	n, e := Recvfrom(fd, b[:], MSG_PEEK|MSG_DONTWAIT, nil, false)
	if e == ENOTCONN {
		e = EAGAIN
	}
	return n, e
}
