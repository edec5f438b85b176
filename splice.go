package sock

import (
	"io"
	"syscall"

	"github.com/berkeleysockets/sock/internal/sys"
)

// splice(2) moves bytes between a descriptor and a pipe. Between two that are no
// pipe it takes one of our own, which is empty before and after each round.

// A taker lets bytes be moved from it into a pipe, and a giver from a pipe into
// it. Both wait; (0, nil) is the end.
type taker interface {
	take(pipe, n int) (int, error)
}
type giver interface {
	give(pipe, n int) (int, error)
}

// pipeSize is how much is moved at a time: what an ordinary user's pipe may hold
// (/proc/sys/fs/pipe-max-size).
const pipeSize = 1 << 20

// relay moves at most left bytes. Where the kernel finds after all that it cannot,
// what has been taken is written to rest, if there is one.
func relay(from taker, to giver, left int64, rest io.Writer) (done int64, err error) {
	r, w, e := openPipe()
	if e != 0 {
		return 0, errByHand // no descriptor is left, perhaps
	}
	defer closeCopy(w)
	defer closeCopy(r)
	for left > 0 {
		held, err := from.take(w, int(min(left, pipeSize)))
		if err != nil && done == 0 && refusesFile(err) {
			return 0, errByHand
		}
		if held == 0 || err != nil {
			return done, err
		}
		for held > 0 {
			n, err := to.give(r, held)
			if err != nil && rest != nil && refusesFile(err) {
				k, err := pour(rest, r, held)
				if done += int64(k); err != nil {
					return done, err
				}
				return done, errByHand
			}
			if err != nil {
				return done, err
			}
			held, done, left = held-n, done+int64(n), left-int64(n)
		}
	}
	return done, nil
}

// pour writes what is in a pipe.
func pour(w io.Writer, pipe, held int) (int, error) {
	p := make([]byte, held)
	for n := 0; n < held; {
		k, e := sys.Read(pipe, p[n:])
		if e != 0 || k == 0 {
			return 0, fail("read", Addr{}, e)
		}
		n += k
	}
	return w.Write(p)
}

func openPipe() (r, w int, e sys.Errno) {
	t, start := tracing()
	r, w, e = sys.Pipe2()
	if t != nil {
		t.emit(Call{Name: "pipe2", Args: "[" + decimal(r) + ", " + decimal(w) + "], O_CLOEXEC|O_NONBLOCK"}, -1, resultOf(e), e, start)
	}
	if e == 0 {
		_, start = tracing()
		n, e := sys.SetPipeSize(w, pipeSize) // refused, a smaller one does in more calls
		if t != nil {
			t.emit(Call{Name: "fcntl", Args: "F_SETPIPE_SZ, " + decimal(pipeSize)}, w, n, e, start)
		}
	}
	return r, w, e
}

// spliced is one splice(2).
func spliced(in, out, n int) (int, sys.Errno) {
	t, start := tracing()
	k, e := sys.Splice(out, in, n)
	if t != nil {
		args := "NULL, " + decimal(out) + ", NULL, " + decimal(n) + ", SPLICE_F_MOVE|SPLICE_F_NONBLOCK"
		t.emit(Call{Name: "splice", Args: args, Len: n}, in, k, e, start)
	}
	return k, e
}

// A Socket is both.

func (s *Socket) take(pipe, n int) (int, error) {
	for tries := 0; ; {
		k, e := s.spliceOnce(pipe, n, reading)
		if e == 0 {
			return k, nil
		}
		if e = s.fd.Await(e, reading, 0, &tries); e != 0 {
			return 0, verdict("splice", e)
		}
	}
}

func (s *Socket) give(pipe, n int) (int, error) {
	for tries := 0; ; {
		if e := s.fd.LockWrite(); e != 0 {
			return 0, verdict("splice", e)
		}
		k, e := s.spliceOnce(pipe, n, writing)
		s.fd.UnlockWrite()
		if e == 0 {
			return k, nil
		}
		if e = s.fd.Await(e, writing, 0, &tries); e != 0 {
			return 0, verdict("splice", e)
		}
	}
}

// spliceOnce is one call: reading from the Socket into a pipe, or writing from there.
func (s *Socket) spliceOnce(pipe, n int, d direction) (int, sys.Errno) {
	if e := s.fd.Acquire(d.Deadline()); e != 0 {
		return 0, e
	}
	in, out := int(s.fd.Sysfd), pipe
	if d == writing {
		in, out = out, in
	}
	k, e := spliced(in, out, n)
	s.fd.Done()
	return k, e
}

// A stranger is a stream of package net.
type stranger struct{ conn syscall.RawConn }

func (c stranger) take(pipe, n int) (k int, err error) {
	var e sys.Errno
	err = c.conn.Read(func(fd uintptr) bool {
		k, e = spliced(int(fd), pipe, n)
		return e != sys.EAGAIN
	})
	return k, spliceError(err, e)
}

func (c stranger) give(pipe, n int) (k int, err error) {
	var e sys.Errno
	err = c.conn.Write(func(fd uintptr) bool {
		k, e = spliced(pipe, int(fd), n)
		return e != sys.EAGAIN
	})
	return k, spliceError(err, e)
}

// A plainFile takes all, if its disk does.
type plainFile struct{ file syscall.RawConn }

func (f plainFile) give(pipe, n int) (k int, err error) {
	var e sys.Errno
	err = f.file.Control(func(fd uintptr) { k, e = spliced(pipe, int(fd), n) })
	return k, spliceError(err, e)
}

func spliceError(err error, e sys.Errno) error {
	if err != nil {
		return &Error{Op: "splice", Err: err}
	}
	return fail("splice", Addr{}, e)
}

// fillPipe sends what a pipe has, with none of ours between. EAGAIN may be of
// either: the pipe is asked whether it has something.
func (s *Socket) fillPipe(pipe syscall.RawConn, left int64) (done int64, err error) {
	tries := 0
	for left > 0 {
		var k int
		var e sys.Errno
		err := pipe.Read(func(fd uintptr) bool {
			if e = s.fd.LockWrite(); e != 0 {
				return true
			}
			k, e = s.spliceOnce(int(fd), int(min(left, pipeSize)), writing)
			s.fd.UnlockWrite()
			if e != sys.EAGAIN {
				return true
			}
			got, _ := sys.Poll(int(fd), sys.POLLIN)
			return got != 0
		})
		switch {
		case err != nil && done == 0, e != 0 && done == 0 && refusesFile(e):
			return 0, errByHand // one that Go's poller does not take
		case err != nil:
			return done, errByHand
		case e != 0:
			if e = s.fd.Await(e, writing, 0, &tries); e != 0 {
				return done, verdict("splice", e)
			}
			continue
		case k == 0:
			return done, nil
		}
		done, left, tries = done+int64(k), left-int64(k), 0
	}
	return done, nil
}

// drainPipe receives into a pipe, as fillPipe sends.
func (s *Socket) drainPipe(pipe syscall.RawConn) (done int64, err error) {
	tries := 0
	for {
		var k int
		var e sys.Errno
		err := pipe.Write(func(fd uintptr) bool {
			k, e = s.spliceOnce(int(fd), pipeSize, reading)
			if e != sys.EAGAIN {
				return true
			}
			got, _ := sys.Poll(int(fd), sys.POLLOUT) // not the Socket: it may have got something since
			return got != 0
		})
		switch {
		case err != nil, e != 0 && done == 0 && refusesFile(e):
			return done, errByHand
		case e != 0:
			if e = s.fd.Await(e, reading, 0, &tries); e != 0 {
				return done, verdict("splice", e)
			}
			continue
		case k == 0:
			return done, nil
		}
		done, tries = done+int64(k), 0
	}
}
