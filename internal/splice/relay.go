package splice

import (
	"io"
	"syscall"

	"github.com/berkeleysockets/sock/internal/sockfd"
	"github.com/berkeleysockets/sock/internal/sys"
)

// A source lets bytes be moved from it into a pipe, and a sink from a pipe into it.
// Both wait; (0, nil) is the end of the stream.
type source interface {
	moveTo(pipe, n int) (int, error)
}
type sink interface {
	moveFrom(pipe, n int) (int, error)
}

// Socket returns a Socket as a source and sink.
func Socket(fd *sockfd.FD) socket { return socket{fd} }

// NetConn returns a stream of package net as a source and sink.
func NetConn(c syscall.RawConn) netConn { return netConn{c} }

// File returns a regular file as a sink.
func File(f syscall.RawConn) plainFile { return plainFile{f} }

// Relay moves at most limit bytes through a pipe. If the sink refuses after bytes were
// taken, these are written to rest, unless rest is nil.
func Relay(from source, to sink, limit int64, rest io.Writer) (done int64, err error) {
	r, w, e := openPipe()
	if e != 0 {
		return 0, ErrByHand // no descriptor is left, perhaps
	}
	defer closePipe(w)
	defer closePipe(r)
	for limit > 0 {
		held, err := from.moveTo(w, int(min(limit, pipeSize)))
		if err != nil && done == 0 && Refused(err) {
			return 0, ErrByHand
		}
		if held == 0 || err != nil {
			return done, err
		}
		for held > 0 {
			n, err := to.moveFrom(r, held)
			if err != nil && rest != nil && Refused(err) {
				k, err := flushPipe(rest, r, held)
				if done += int64(k); err != nil {
					return done, err
				}
				return done, ErrByHand
			}
			if err != nil {
				return done, err
			}
			held, done, limit = held-n, done+int64(n), limit-int64(n)
		}
	}
	return done, nil
}

// flushPipe writes the bytes that a pipe holds.
func flushPipe(w io.Writer, pipe, held int) (int, error) {
	p := make([]byte, held)
	for n := 0; n < held; {
		k, e := sys.Read(pipe, p[n:])
		if e != 0 || k == 0 {
			return 0, asError(e)
		}
		n += k
	}
	return w.Write(p)
}

type socket struct{ fd *sockfd.FD }

func (s socket) moveTo(pipe, n int) (int, error) {
	woken := false
	for tries := 0; ; {
		k, e := spliceSocket(s.fd, pipe, n, sockfd.Read)
		if k > 0 {
			return k, nil
		}
		hand, e := byHand(s.fd, e, woken)
		if hand {
			return 0, ErrByHand
		}
		if e == 0 {
			return 0, nil
		}
		if e = s.fd.Retry(e, sockfd.Read, 0, &tries); e != 0 {
			return 0, e
		}
		woken = true
	}
}

func (s socket) moveFrom(pipe, n int) (int, error) {
	for tries := 0; ; {
		if e := s.fd.LockWrite(); e != 0 {
			return 0, e
		}
		k, e := spliceSocket(s.fd, pipe, n, sockfd.Write)
		if e == ErrnoBlocks {
			k, e = s.sendFromPipe(pipe, n)
			s.fd.UnlockWrite()
			return k, asError(e)
		}
		s.fd.UnlockWrite()
		if e == 0 {
			return k, nil
		}
		if e = s.fd.Retry(e, sockfd.Write, 0, &tries); e != 0 {
			return 0, e
		}
	}
}

// sendFromPipe moves bytes through the program: splice(2) might wait in the kernel. The caller
// holds the write lock.
func (s socket) sendFromPipe(pipe, n int) (int, sys.Errno) {
	p := make([]byte, min(n, 64<<10))
	k, e := sys.Read(pipe, p)
	if e != 0 {
		return 0, e
	}
	tries := 0
	for rest := p[:k]; len(rest) > 0; {
		e := s.fd.Acquire(sockfd.WriteDeadline)
		if e == 0 {
			var sent int
			sent, e = sys.Sendto(int(s.fd.Sysfd), rest, sys.MSG_DONTWAIT, nil, false)
			rest = rest[max(sent, 0):]
			s.fd.Done()
		}
		if e == 0 {
			tries = 0
		} else if e = s.fd.Retry(e, sockfd.Write, 0, &tries); e != 0 {
			return 0, e
		}
	}
	return k, 0
}

type netConn struct{ conn syscall.RawConn }

func (c netConn) moveTo(pipe, n int) (k int, err error) {
	var e sys.Errno
	hand := false
	err = c.conn.Read(func(fd uintptr) bool {
		if k, e = splice(int(fd), pipe, n); e == sys.EAGAIN {
			if got, _ := sys.Poll(int(fd), sys.POLLIN|sys.POLLRDHUP, false); got == 0 {
				return false
			}
			k, e = splice(int(fd), pipe, n) // it may have come meanwhile
		}
		if k > 0 || e != 0 && e != sys.EAGAIN {
			return true
		}
		n, pe := peek(int(fd)) // see byHand
		hand = n > 0 || pe != 0 && (pe != sys.EAGAIN || e == 0)
		return hand || e == 0
	})
	switch {
	case err == nil && hand:
		err = ErrByHand
	case err == nil:
		err = asError(e)
	}
	return k, err
}

func (c netConn) moveFrom(pipe, n int) (k int, err error) {
	var e sys.Errno
	err = c.conn.Write(func(fd uintptr) bool {
		k, e = splice(pipe, int(fd), n)
		return e != sys.EAGAIN
	})
	if err == nil {
		err = asError(e)
	}
	return k, err
}

// A plainFile takes everything, unless its disk fails.
type plainFile struct{ file syscall.RawConn }

func (f plainFile) moveFrom(pipe, n int) (k int, err error) {
	var e sys.Errno
	err = f.file.Control(func(fd uintptr) { k, e = splice(pipe, int(fd), n) })
	if err == nil {
		err = asError(e)
	}
	return k, err
}
