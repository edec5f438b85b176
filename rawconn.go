package sock

import (
	"syscall"

	"github.com/berkeleysockets/sock/internal/sys"
)

// SyscallConn returns the Socket as a [syscall.RawConn], for packages that want
// one. Its callbacks are as WithFD's; Read and Write wait, by the Socket's mode
// and deadlines, until their callback returns true.
//
// Errors: net.ErrClosed; of Read and Write also os.ErrDeadlineExceeded and
// [ErrWouldBlock].
func (s *Socket) SyscallConn() (syscall.RawConn, error) {
	if s.FD() < 0 {
		return nil, fail("syscallconn", Addr{}, errnoClosed)
	}
	return rawConn{s}, nil
}

type rawConn struct{ s *Socket }

func (c rawConn) Control(f func(fd uintptr)) error {
	if f == nil {
		return invalid("syscallconn", "no function")
	}
	return c.s.WithFD(func(fd int) error { f(uintptr(fd)); return nil })
}

func (c rawConn) Read(f func(fd uintptr) (done bool)) error { return c.until(f, reading) }

func (c rawConn) Write(f func(fd uintptr) (done bool)) error { return c.until(f, writing) }

func (c rawConn) until(f func(fd uintptr) bool, d direction) error {
	if f == nil {
		return invalid("syscallconn", "no function")
	}
	tries := 0
	for {
		if e := c.s.fd.Check(d.Deadline()); e != 0 {
			return fail("syscallconn", Addr{}, e)
		}
		done := false
		err := c.Control(func(fd uintptr) { done = f(fd) })
		if done || err != nil {
			return err
		}
		if e := c.s.fd.Await(sys.EAGAIN, d, 0, &tries); e != 0 && e != errnoShut {
			return verdict("syscallconn", e)
		}
	}
}
