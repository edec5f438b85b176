//go:build !linux || sock_loop

package sock

import "github.com/berkeleysockets/sock/internal/sys"

// sendMany sends the messages one by one, and keeps the error of one that is
// not the first for the next call.
func (s *Socket) sendMany(b *Batch, flags Flags) (int, sys.Errno) {
	if e := b.later; e != 0 && b.laterAt == b.first {
		b.later = 0
		return 0, e
	}
	for i := b.first; i < b.end; i++ {
		p := b.m.Data(i)
		to := kernelAddr(b.m.Name(i))
		n, e := s.callSendmsg([][]byte{p}, b.m.Control(i), &to, flags)
		switch {
		case e != 0 && i == b.first:
			return 0, e
		case e != 0:
			if e != sys.EAGAIN && e != errnoTimeout {
				b.later, b.laterAt = e, i
			}
			return i - b.first, 0
		case n < len(p): // on a stream
			b.m.Cut(i, n)
			return i - b.first, 0
		}
	}
	return b.Len(), 0
}

// recvMany receives one by one while there is something to receive.
func (s *Socket) recvMany(b *Batch, flags Flags) (int, sys.Errno) {
	for i := range b.m.Cap() {
		p, control, name := b.m.RecvBuffers(i)
		n, nc, got, e := s.callRecvmsg([][]byte{p}, control, name, flags)
		switch {
		case e != 0 && i == 0:
			return 0, e
		case e != 0:
			if e != sys.EAGAIN && e != errnoTimeout {
				b.later, b.laterAt = e, receivedLater
			}
			return i, 0
		}
		b.m.SetReceived(i, n, nc, got)
	}
	return b.m.Cap(), 0
}
