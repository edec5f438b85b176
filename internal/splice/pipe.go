package splice

import (
	"errors"
	"strconv"
	"syscall"

	"github.com/berkeleysockets/sock/internal/sockfd"
	"github.com/berkeleysockets/sock/internal/sys"
	"github.com/berkeleysockets/sock/internal/trace"
)

// ErrFileClosed says that the file is closed.
var ErrFileClosed = errors.New("the file is closed")

// pipeSize is the most that is moved at a time: what an ordinary user's pipe may hold
// (/proc/sys/fs/pipe-max-size).
const pipeSize = 1 << 20

func openPipe() (r, w int, e sys.Errno) {
	start := trace.Start()
	r, w, e = sys.Pipe2()
	if !start.IsZero() {
		args := "[" + strconv.Itoa(r) + ", " + strconv.Itoa(w) + "], O_CLOEXEC|O_NONBLOCK"
		trace.Emit(trace.Call{Name: "pipe2", Args: args}.Finish(-1, trace.Result(e), e, start))
	}
	if e == 0 {
		start = trace.Start()
		n, e := sys.SetPipeSize(w, pipeSize) // if it is refused, a smaller one does, in more calls
		if !start.IsZero() {
			trace.Emit(trace.Call{Name: "fcntl", Args: "F_SETPIPE_SZ, " + strconv.Itoa(pipeSize)}.Finish(w, n, e, start))
		}
	}
	return r, w, e
}

func closePipe(fd int) {
	start := trace.Start()
	e := sys.Close(fd)
	if !start.IsZero() {
		trace.Emit(trace.Call{Name: "close"}.Finish(fd, trace.Result(e), e, start))
	}
}

// splice makes one call.
func splice(in, out, n int) (int, sys.Errno) {
	start := trace.Start()
	k, e := sys.Splice(out, in, n)
	if !start.IsZero() {
		args := "NULL, " + strconv.Itoa(out) + ", NULL, " + strconv.Itoa(n) + ", SPLICE_F_MOVE|SPLICE_F_NONBLOCK"
		trace.Emit(trace.Call{Name: "splice", Args: args, Len: n}.Finish(in, k, e, start))
	}
	return k, e
}

// spliceSocket makes one call: from the Socket into a pipe, or from there into the Socket.
func spliceSocket(fd *sockfd.FD, pipe, n int, d sockfd.Direction) (int, sys.Errno) {
	if e := fd.Acquire(d.Deadline()); e != 0 {
		return 0, e
	}
	if fd.MayBlock() {
		fd.Done()
		return 0, ErrnoBlocks
	}
	in, out := int(fd.Sysfd), pipe
	if d == sockfd.Write {
		in, out = out, in
	}
	k, e := splice(in, out, n)
	fd.Done()
	return k, e
}

// ErrnoBlocks is the errno of a call that was not made, because it might wait in the kernel: see
// sockfd.FD.MayBlock. It is outside the kernel's range.
const ErrnoBlocks sys.Errno = 1 << 18

// peekSocket is recv(2) of one byte that stays: (0, 0) is the end of the stream, and EAGAIN
// means that there is nothing.
func peekSocket(fd *sockfd.FD) (int, sys.Errno) {
	if e := fd.Acquire(sockfd.ReadDeadline); e != 0 {
		return 0, e
	}
	n, e := peek(int(fd.Sysfd))
	fd.Done()
	return n, e
}

func peek(fd int) (int, sys.Errno) {
	start := trace.Start()
	n, e := sys.Peek(fd)
	if !start.IsZero() {
		trace.Emit(sockfd.PeekCall().Finish(fd, n, e, start))
	}
	return n, e
}

// byHand decides what follows a splice(2) from a socket that has moved nothing, with errno e
// or 0. At a mark of urgent data splice(2) stops: it returns EAGAIN although poll(2) reports
// data, and 0 although there is more before the end of the stream. A peer chooses where the
// mark is. byHand returns true if the socket has bytes, which only a receive gets; woken
// reports that poll(2) has said so.
func byHand(fd *sockfd.FD, e sys.Errno, woken bool) (bool, sys.Errno) {
	switch {
	case e == ErrnoBlocks:
		return true, 0
	case e == sys.EAGAIN && !woken:
		return false, e
	case e == 0 || e == sys.EAGAIN:
		n, pe := peekSocket(fd)
		if pe == sys.EAGAIN {
			return e == 0, e // not the end, but nothing to receive now: a receive waits for it
		}
		return n > 0 || pe != 0, e
	}
	return false, e
}

// FromPipe sends what a pipe holds, with no other pipe between. EAGAIN may be of either
// side, so the pipe is asked if it holds something. A non-blocking fd waits for neither.
func FromPipe(fd *sockfd.FD, pipe syscall.RawConn, limit int64) (done int64, err error) {
	tries := 0
	for limit > 0 {
		var k int
		var e sys.Errno
		err := pipe.Read(func(p uintptr) bool {
			if e = fd.LockWrite(); e != 0 {
				return true
			}
			k, e = spliceSocket(fd, int(p), int(min(limit, pipeSize)), sockfd.Write)
			fd.UnlockWrite()
			if e != sys.EAGAIN || fd.State()&sockfd.Nonblock != 0 {
				return true
			}
			got, _ := sys.Poll(int(p), sys.POLLIN, true)
			return got != 0
		})
		switch {
		case e == ErrnoBlocks:
			return done, ErrByHand
		case err != nil && done == 0, e != 0 && done == 0 && Refused(e):
			return 0, ErrByHand // the runtime poller does not take it
		case err != nil:
			return done, ErrByHand
		case e != 0:
			if e = fd.Retry(e, sockfd.Write, 0, &tries); e != 0 {
				return done, e
			}
			continue
		case k == 0:
			return done, nil
		}
		done, limit, tries = done+int64(k), limit-int64(k), 0
	}
	return done, nil
}

// ToPipe receives into a pipe, as FromPipe sends from one.
func ToPipe(fd *sockfd.FD, pipe syscall.RawConn) (done int64, err error) {
	tries, woken := 0, false
	for {
		var k int
		var e sys.Errno
		err := pipe.Write(func(p uintptr) bool {
			k, e = spliceSocket(fd, int(p), pipeSize, sockfd.Read)
			if e != sys.EAGAIN {
				return true
			}
			got, _ := sys.Poll(int(p), sys.POLLOUT, true) // not the Socket: data may have arrived since
			return got != 0
		})
		if err != nil || e == ErrnoBlocks || e != 0 && done == 0 && Refused(e) {
			return done, ErrByHand
		}
		if k == 0 {
			hand, e := byHand(fd, e, woken)
			if hand {
				return done, ErrByHand
			}
			if e == 0 {
				return done, nil
			}
			if e = fd.Retry(e, sockfd.Read, 0, &tries); e != 0 {
				return done, e
			}
			woken = true
			continue
		}
		done, tries, woken = done+int64(k), 0, false
	}
}
