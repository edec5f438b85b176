package sock

import (
	"errors"
	"net"
	"os"

	"github.com/berkeleysockets/sock/internal/sys"
)

// Close ends the Socket: close(2), exactly once. It wakes every call that waits
// on it, and those return an error that matches [net.ErrClosed], as does every
// later call, a second Close too.
//
// When Close returns the descriptor is closed, so that its address can be bound
// again at once: it waits for the calls that are still inside, which are brief. (A
// child that is being forked at that moment has a copy of it until it executes.)
// One case differs: while a callback of WithFD or SyscallConn runs on this
// Socket Close returns nil at once, and the callback's return closes. Close
// never calls shutdown(2): a copy of the descriptor, from [Socket.Dup] or in
// another process, keeps the connection alive.
//
// Errors: net.ErrClosed; those of close(2), although the descriptor is closed in
// every case: ECONNRESET on FreeBSD (the peer's reset arrived at that moment), EIO.
//
// Source: close(2).
func (s *Socket) Close() error {
	return fail("close", Addr{}, s.fd.Close(s.depart))
}

// FD returns the descriptor's number, to print and to pass down; -1 after
// Close. It stays the Socket's: another goroutine's Close can make the number a
// stranger's at any time. To use it, see [Socket.WithFD].
func (s *Socket) FD() int {
	if !s.fd.IsOpen() {
		return -1
	}
	s.fd.SetShared()
	return int(s.fd.Sysfd)
}

// WithFD calls f with the descriptor.
func (s *Socket) WithFD(f func(fd int) error) error {
	if f == nil {
		return invalid("withfd", "no function")
	}
	err, e := s.fd.Callback(f)
	if e != 0 {
		return fail("withfd", Addr{}, e)
	}
	return err
}

// Dup returns a second Socket on the same socket of the kernel: fcntl(2) with
// F_DUPFD_CLOEXEC. Mode and deadlines are its own: blocking, none. The
// connection ends when both are closed.
//
// Errors: EMFILE.
//
// Source: fcntl(2).
func (s *Socket) Dup() (*Socket, error) {
	fd, e := s.dup()
	if e != 0 {
		return nil, fail("dup", Addr{}, e)
	}
	c := newSocket(fd, s.Domain(), s.Type(), Protocol(s.proto))
	c.peer.Store(s.peer.Load())
	return c, nil
}

// Detach ends the Socket as Close does and returns a descriptor of the same
// socket, which is the caller's from now on: fcntl(2) with F_DUPFD_CLOEXEC,
// then close(2). Its number is another one: one that has waited in Go's poller
// cannot leave it, and a call of another goroutine may still hold the old. It
// is close-on-exec and non-blocking.
//
// Errors: net.ErrClosed; EMFILE, and the Socket stays whole.
//
// Source: fcntl(2), close(2).
func (s *Socket) Detach() (int, error) {
	fd, e := s.dup()
	if e != 0 {
		return -1, fail("detach", Addr{}, e)
	}
	if err := s.Close(); errors.Is(err, net.ErrClosed) { // another was faster
		closeCopy(fd)
		return -1, fail("detach", Addr{}, errnoClosed)
	}
	return fd, nil
}

// File returns a duplicate as an os.File, to hand to a child in
// exec.Cmd.ExtraFiles: fcntl(2) with F_DUPFD_CLOEXEC. Both are to be closed. The
// child's half is [Inherited].
//
// The copy is non-blocking, for O_NONBLOCK belongs to what both share. A child
// that clears it, as Python does for a socket without a time-out, makes our Accept
// and Connect wait in the kernel, where Close does not reach them; transfers
// never do.
//
// Errors: EMFILE.
//
// Source: fcntl(2).
func (s *Socket) File() (*os.File, error) {
	fd, e := s.dup()
	if e != 0 {
		return nil, fail("file", Addr{}, e)
	}
	return os.NewFile(uintptr(fd), "socket"), nil
}

const dupArgs = "F_DUPFD_CLOEXEC, 0"

func (s *Socket) dup() (int, sys.Errno) {
	s.fd.SetShared()
	return s.fd.Fcntl(dupArgs, sys.Dup)
}
