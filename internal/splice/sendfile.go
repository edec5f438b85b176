package splice

import (
	"os"
	"strconv"
	"sync"
	"syscall"

	"github.com/berkeleysockets/sock/internal/sockfd"
	"github.com/berkeleysockets/sock/internal/sys"
	"github.com/berkeleysockets/sock/internal/trace"
)

// SendFile sends up to n bytes of a file: sendfile(2), after as many waits as it takes.
// open is false if the file is closed. After ErrnoBlocks the caller sends by hand.
func SendFile(fd *sockfd.FD, f *os.File, off *int64, n int) (sent int, e sys.Errno, open bool) {
	c := fileCalls.Get().(*fileCall)
	defer fileCalls.Put(c)
	if c.file != f {
		conn, err := f.SyscallConn()
		if err != nil {
			return 0, 0, false
		}
		c.file, c.conn = f, conn
	}
	return c.sendAll(fd, off, n)
}

// A fileCall holds what sendfile(2) needs for a call, so that a call allocates nothing: the
// descriptor of an os.File is to be had only inside a callback. It stays with its file: the
// next call is likely to be of the same.
type fileCall struct {
	file *os.File
	conn syscall.RawConn
	call func(uintptr) // the method sendfile, bound once

	fd  *sockfd.FD
	off int64 // -1: the file's own offset
	n   int
	in  int
	k   int
	e   sys.Errno
}

var fileCalls = sync.Pool{New: func() any {
	c := new(fileCall)
	c.call = c.sendfile
	return c
}}

func (c *fileCall) sendfile(f uintptr) {
	var off *int64
	if c.off >= 0 {
		off = &c.off
	}
	c.in = int(f)
	c.k, c.e = sys.Sendfile(int(c.fd.Sysfd), c.in, off, c.n)
}

func (c *fileCall) sendAll(fd *sockfd.FD, off *int64, n int) (sent int, e sys.Errno, open bool) {
	for tries := 0; ; {
		k, e, open := c.send(fd, off, n)
		if e == 0 || !open {
			return k, e, open
		}
		if e = fd.Retry(e, sockfd.Write, 0, &tries); e != 0 {
			return 0, e, true
		}
	}
}

// send makes one call, if the file is open.
func (c *fileCall) send(fd *sockfd.FD, off *int64, n int) (k int, e sys.Errno, open bool) {
	if e := fd.Acquire(sockfd.WriteDeadline); e != 0 {
		return 0, e, true
	}
	if fd.MayBlock() {
		fd.Done()
		return 0, ErrnoBlocks, true
	}
	start := trace.Start()
	c.fd, c.off, c.n, c.in, c.k, c.e = fd, -1, n, -1, 0, 0
	if off != nil {
		c.off = *off
	}
	from := c.off
	err := c.conn.Control(c.call)
	if off != nil {
		*off = c.off
	}
	k, e = c.k, c.e
	in := c.in
	c.fd = nil
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
	c := fileCalls.Get().(*fileCall)
	defer fileCalls.Put(c)
	c.file, c.conn = nil, file
	for limit > 0 {
		if e := fd.LockWrite(); e != 0 {
			return n, e
		}
		k, e, open := c.sendAll(fd, nil, int(min(limit, fileChunk)))
		fd.UnlockWrite()
		switch {
		case !open:
			return n, ErrFileClosed
		case e == ErrnoBlocks, e != 0 && n == 0 && Refused(e):
			return n, ErrByHand
		case k == 0 || e != 0:
			return n, asError(e)
		}
		n, limit = n+int64(k), limit-int64(k)
	}
	return n, nil
}
