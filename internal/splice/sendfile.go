package splice

import (
	"strconv"
	"syscall"

	"github.com/berkeleysockets/sock/internal/sockfd"
	"github.com/berkeleysockets/sock/internal/sys"
	"github.com/berkeleysockets/sock/internal/trace"
)

// SendFile sends up to n bytes of a file: sendfile(2), after as many waits as it takes.
// open is false if the file is closed.
func SendFile(fd *sockfd.FD, file syscall.RawConn, off *int64, n int) (sent int, e sys.Errno, open bool) {
	for tries := 0; ; {
		k, e, open := sendfile(fd, file, off, n)
		if e == 0 || !open {
			return k, e, open
		}
		if e = fd.Retry(e, sockfd.Write, 0, &tries); e != 0 {
			return 0, e, true
		}
	}
}

// sendfile makes one call, if the file is open.
func sendfile(fd *sockfd.FD, file syscall.RawConn, off *int64, n int) (k int, e sys.Errno, open bool) {
	if e := fd.Acquire(sockfd.WriteDeadline); e != 0 {
		return 0, e, true
	}
	start := trace.Start()
	from, in := int64(-1), -1
	if off != nil {
		from = *off
	}
	err := file.Control(func(f uintptr) {
		in = int(f)
		k, e = sys.Sendfile(int(fd.Sysfd), in, off, n)
	})
	last := fd.Release()
	if !start.IsZero() && err == nil {
		at := "NULL"
		if off != nil {
			at = "[" + strconv.FormatInt(from, 10) + "]"
		}
		args := strconv.Itoa(in) + ", " + at + ", " + strconv.Itoa(n)
		trace.Emit(trace.Call{Name: "sendfile", Args: args, Len: n}.Finish(int(fd.Sysfd), k, e, start))
	}
	if last {
		fd.Destroy()
	}
	return k, e, err == nil
}

// fileChunk is the most that one call is asked to send: a length that every kernel takes.
const fileChunk = 1 << 30

// FromFile sends at most limit bytes of a file, and takes turns with Write, call by call.
func FromFile(fd *sockfd.FD, file syscall.RawConn, limit int64) (n int64, err error) {
	for limit > 0 {
		if e := fd.LockWrite(); e != 0 {
			return n, e
		}
		k, e, open := SendFile(fd, file, nil, int(min(limit, fileChunk)))
		fd.UnlockWrite()
		switch {
		case !open:
			return n, ErrFileClosed
		case e != 0 && n == 0 && Refused(e):
			return 0, ErrByHand
		case k == 0 || e != 0:
			return n, asError(e)
		}
		n, limit = n+int64(k), limit-int64(k)
	}
	return n, nil
}
