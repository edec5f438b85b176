//go:build !sock_loop

package sock

import "github.com/berkeleysockets/sock/internal/sys"

func (s *Socket) sendMany(b *Batch, flags Flags) (int, sys.Errno) {
	n, last, e := s.callSendmmsg(b, flags)
	if n > 0 {
		if i := b.first + n - 1; last < len(b.m.Data(i)) { // on a stream
			b.m.Cut(i, last)
			n--
		}
	}
	return n, e
}

func (s *Socket) recvMany(b *Batch, flags Flags) (int, sys.Errno) { return s.callRecvmmsg(b, flags) }

func (s *Socket) callSendmmsg(b *Batch, flags Flags) (n, last int, e sys.Errno) {
	if e := s.fd.Acquire(writeDeadline); e != 0 {
		return 0, 0, e
	}
	t, start := tracing()
	n, last, e = sys.Sendmmsg(int(s.fd.Sysfd), &b.m, b.first, b.end, int(flags|DontWait))
	left := s.fd.Release()
	if t != nil {
		t.batch("sendmmsg", int(s.fd.Sysfd), b, b.first, b.end, b.Len(), flags|DontWait|sys.SendFlags, n, e, start)
	}
	if left {
		s.fd.Destroy()
	}
	return n, last, e
}

func (s *Socket) callRecvmmsg(b *Batch, flags Flags) (int, sys.Errno) {
	flags = s.closesOnExec(flags | DontWait)
	if e := s.fd.Acquire(readDeadline); e != 0 {
		return 0, e
	}
	t, start := tracing()
	n, e := sys.Recvmmsg(int(s.fd.Sysfd), &b.m, int(flags))
	left := s.fd.Release()
	if t != nil {
		t.batch("recvmmsg", int(s.fd.Sysfd), b, 0, n, b.Cap(), flags, n, e, start)
	}
	if left {
		s.fd.Destroy()
	}
	return n, e
}
