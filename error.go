package sock

import (
	"context"
	"errors"
	"net"
	"os"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/berkeleysockets/sock/internal/sockfd"
	"github.com/berkeleysockets/sock/internal/sys"
)

// An Error is a failed call: its name, what it was made for, and the reason. It is a
// [net.Error].
type Error struct {
	Op   string // the method, one word in lower case: "bind", "recvfrom", "setsockopt"
	Name string // the option, "TCP_NODELAY", or a text that is no address, if any
	Addr Addr   // the address given to the call, if any
	Err  error  // the reason: an errno, net.ErrClosed, os.ErrDeadlineExceeded ...
}

// Error returns, for example, "bind 127.0.0.1:80: permission denied". Characters that do not
// print appear as Go escapes them.
func (e *Error) Error() string {
	text := e.Op
	if e.Name != "" {
		text += " " + e.Name
	}
	if e.Addr.IsValid() {
		text += " " + e.Addr.String()
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return printable(text)
}

// printable escapes what does not print: it can come from a caller, a peer or a name server,
// and must not change the terminal or the log that shows it.
func printable(text string) string {
	plain := func(r rune) bool { return r != utf8.RuneError && strconv.IsPrint(r) }
	if strings.IndexFunc(text, func(r rune) bool { return !plain(r) }) < 0 {
		return text
	}
	var b []byte
	for text != "" {
		r, n := utf8.DecodeRuneInString(text)
		if plain(r) {
			b = append(b, text[:n]...)
		} else {
			quoted := strconv.Quote(text[:n])
			b = append(b, quoted[1:len(quoted)-1]...)
		}
		text = text[n:]
	}
	return string(b)
}

// Unwrap returns the reason.
func (e *Error) Unwrap() error { return e.Err }

// As finds an errno as an [os.SyscallError], which package net's errors contain: quic-go asks
// for one to learn that a device cannot segment.
func (e *Error) As(target any) bool {
	errno, is := e.Err.(sys.Errno)
	p, wanted := target.(**os.SyscallError)
	if is && wanted {
		*p = &os.SyscallError{Syscall: e.Op, Err: errno}
	}
	return is && wanted
}

// Timeout reports whether the reason is a timeout: a deadline, a context's too, the kernel's
// ETIMEDOUT, or a name server that did not answer.
func (e *Error) Timeout() bool {
	for _, t := range [...]error{os.ErrDeadlineExceeded, context.DeadlineExceeded, sys.ETIMEDOUT} {
		if errors.Is(e.Err, t) {
			return true
		}
	}
	var dns *net.DNSError
	return errors.As(e.Err, &dns) && dns.Timeout()
}

// Temporary is Timeout; for Accept it is also [AcceptRetryable], which net/http asks to learn
// if it may continue.
func (e *Error) Temporary() bool { return e.Timeout() || e.Op == "accept" && AcceptRetryable(e.Err) }

// Two answers of a call that does not wait. They are no failures, and carry
// neither call nor address: returning them allocates nothing.
var (
	// ErrWouldBlock: there is nothing to receive, no connection to accept or
	// no room to send now. It matches EAGAIN with errors.Is. It has no
	// Timeout method: would-block is not a time-out.
	ErrWouldBlock error = &sentinel{"operation would block", sys.EAGAIN}

	// ErrInProgress: Connect has begun. Once the Socket is writable,
	// ConnectResult returns the result. It matches EINPROGRESS.
	ErrInProgress error = &sentinel{"connection in progress", sys.EINPROGRESS}
)

// AcceptRetryable reports whether err, from Accept, concerns one connection or this moment,
// so that the listener is still good: the connection was aborted or its network failed
// (accept again at once), or descriptors or memory ran out (accept again when some are free;
// at once would spin). It is false for [ErrWouldBlock], which is no failure.
//
// Source: accept(2), "Error handling".
func AcceptRetryable(err error) bool {
	var e sys.Errno
	if !errors.As(err, &e) {
		return false
	}
	switch e {
	case sys.ECONNABORTED, sys.ECONNRESET, sys.EPROTO, sys.EPERM, sys.EINTR,
		sys.ENETDOWN, sys.ENETUNREACH, sys.EHOSTDOWN, sys.EHOSTUNREACH, sys.ENONET, sys.ENOPROTOOPT, sys.ETIMEDOUT,
		sys.EMFILE, sys.ENFILE, sys.ENOBUFS, sys.ENOMEM:
		return true
	}
	return false
}

type sentinel struct {
	text  string
	errno sys.Errno
}

func (c *sentinel) Error() string { return c.text }

func (c *sentinel) Is(target error) bool { return target == error(c.errno) }

// Outcomes that are no errno of the kernel's, passed as one inside.
const (
	errnoClosed              = sockfd.ErrnoClosed
	errnoShut                = sockfd.ErrnoReadShut
	errnoTimeout             = sockfd.ErrnoTimeout
	errnoWaits     sys.Errno = sockfd.ErrnoNext + iota - 3 // a blocking Socket for a Poller
	errnoExclusive                                         // a registration that cannot be changed
)

// errnoError returns the error that an errno stands for.
func errnoError(e sys.Errno) error {
	switch e {
	case errnoClosed:
		return net.ErrClosed
	case errnoTimeout:
		return os.ErrDeadlineExceeded
	}
	return e
}

// opError makes the error of a call; nil for 0.
func opError(op string, a Addr, e sys.Errno) error {
	if e == 0 {
		return nil
	}
	return &Error{Op: op, Addr: a, Err: errnoError(e)}
}

// addrError is opError for a call with an address. If that is of another family the error
// says so: the kernel may return a bare EINVAL.
func (s *Socket) addrError(op string, a Addr, e sys.Errno) error {
	if (e == sys.EINVAL || e == sys.EAFNOSUPPORT) && a.IsValid() && a.Domain() != s.Domain() {
		text := "an " + a.Domain().String() + " address for an " + s.Domain().String() + " socket: " + e.Error()
		return &Error{Op: op, Addr: a, Err: &inputError{text, e}}
	}
	return opError(op, a, e)
}

// addrResult is opResult for a call with an address, or nil for none.
func (s *Socket) addrResult(op string, a *Addr, e sys.Errno) error {
	switch e {
	case sys.EAGAIN:
		return ErrWouldBlock
	case sys.EINPROGRESS: // of FastOpen
		return ErrInProgress
	}
	return s.addrError(op, a.clone(), e)
}

// opResult returns the result of a call that could not proceed: would-block is no failure, and
// allocates nothing.
func opResult(op string, e sys.Errno) error {
	switch e {
	case sys.EAGAIN:
		return ErrWouldBlock
	case errnoShut:
		return nil
	}
	return opError(op, Addr{}, e)
}

// An inputError is a bad input that no call was made for: a text, and the errno that the
// kernel has for it.
type inputError struct {
	text string
	err  error
}

func (m *inputError) Error() string { return m.text }

func (m *inputError) Unwrap() error { return m.err }

func invalidInput(op, text string) error {
	return &Error{Op: op, Err: &inputError{text, sys.EINVAL}}
}

func unsupported(op, what string) error {
	return &Error{Op: op, Err: &inputError{what + ": not supported on this system", errors.ErrUnsupported}}
}

// unsupportedOrClosed is unsupported for a method of s: that s is closed comes first.
func (s *Socket) unsupportedOrClosed(op, what string) error {
	return s.orClosed(op, unsupported(op, what))
}

// orClosed returns err, unless s is closed: that comes first, so that a closed Socket
// returns the same error on every system.
func (s *Socket) orClosed(op string, err error) error {
	if e := s.fd.Check(0); e != 0 {
		return opError(op, Addr{}, e)
	}
	return err
}
