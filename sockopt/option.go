// Package sockopt has the socket options, each with the Go type of its value: getsockopt(2)
// and setsockopt(2). An option is a variable whose name is the C name in Go's words: SO_ is
// dropped, other levels are kept, and a unit such as _MS is dropped, since the value is a
// [time.Duration]. Every option exists on every system, and returns [errors.ErrUnsupported]
// where the system lacks it. The comment of an option lists its systems; a version is the
// first one that has it.
//
// A program must not assign the variables: they are constants, but Go has no constants of
// struct type.
//
// [New], [Int], [Bool], [Uint32], [String], [Bytes] and [Duration] make an option that is
// not among the variables.
//
// Source: socket(7), ip(7), ipv6(7), tcp(7).
package sockopt

import (
	"errors"
	"net"
	"runtime"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/internal/sys"
)

// An Option is a socket option and the Go type of its value. Get and Set return an error for
// the zero Option.
type Option[T any] struct {
	level, name int
	codec       *codec[T]
}

// option makes an Option of a level and name that this system may lack.
func option[T any](level, name int, c *codec[T]) Option[T] { return Option[T]{level, name, c} }

// Get reads the option: getsockopt(2).
//
// Errors: ENOPROTOOPT and EOPNOTSUPP (the socket does not have the option, or it is
// write-only), EINVAL (the zero Option), net.ErrClosed, [errors.ErrUnsupported] (this system
// does not have it).
//
// Source: getsockopt(2), socket(7), ip(7), ipv6(7), tcp(7).
func (o Option[T]) Get(s *sock.Socket) (v T, err error) {
	const op = "getsockopt"
	if err := o.available(s, op); err != nil {
		return v, err
	}
	if o.codec.read != nil {
		v, err := o.codec.read(s, o.level, o.name)
		if err != nil {
			return v, o.wrap(op, err)
		}
		return v, nil
	}
	var x value
	if x.n, err = s.Getsockopt(o.level, o.name, x.b[:o.codec.size]); err != nil {
		return v, o.wrap(op, err)
	}
	return o.codec.decode(x), nil
}

// Set sets the option: setsockopt(2). A value that does not fit is an error; it is never
// truncated.
//
// Errors: those of Get; EINVAL, EDOM (the value), EPERM (a privilege), ENOPROTOOPT
// (read-only).
//
// Source: setsockopt(2).
func (o Option[T]) Set(s *sock.Socket, v T) error {
	const op = "setsockopt"
	if err := o.available(s, op); err != nil {
		return err
	}
	var err error
	switch c := o.codec; {
	case c.write != nil:
		err = c.write(s, o.level, o.name, v)
	case c.encode != nil:
		var x value
		if x, err = c.encode(v); err == nil {
			err = s.Setsockopt(o.level, o.name, x.b[:x.n])
		}
	default:
		err = &inputError{"a read-only option", sys.ENOPROTOOPT}
	}
	if err != nil {
		return o.wrap(op, err)
	}
	return nil
}

// With returns a Setting for [sock.Open] that sets the option.
func (o Option[T]) With(v T) sock.Setting {
	return func(s *sock.Socket) error { return o.Set(s, v) }
}

// String returns the C name, such as "SO_REUSEADDR".
func (o Option[T]) String() string {
	switch {
	case o.codec == nil:
		return "the zero Option"
	case o.codec.local:
		return sys.OptionName(sys.AF_UNIX, o.level, o.name)
	}
	return sys.OptionName(sys.AF_UNSPEC, o.level, o.name)
}

// available returns the error of an option that cannot be passed to the kernel.
func (o Option[T]) available(s *sock.Socket, op string) error {
	switch {
	case o.codec == nil:
		return &sock.Error{Op: op, Err: invalid(o.String())}
	case !sys.Supported:
		return &sock.Error{Op: op, Err: &inputError{"sockets: not supported on this system", errors.ErrUnsupported}}
	case !sys.Has(o.level) || !sys.Has(o.name) || o.codec.linux && runtime.GOOS != "linux":
		// A closed Socket returns net.ErrClosed on every system, also for this option.
		if err := s.Setsockopt(sys.Missing, sys.Missing, nil); errors.Is(err, net.ErrClosed) {
			return &sock.Error{Op: op, Err: net.ErrClosed}
		}
		return &sock.Error{Op: op, Err: &inputError{o.String() + ": not supported on this system", errors.ErrUnsupported}}
	}
	return nil
}

// wrap adds the option's name to an error of its codec. An error of the call has it already.
func (o Option[T]) wrap(op string, err error) error {
	if _, ok := err.(*sock.Error); ok {
		return err
	}
	return &sock.Error{Op: op, Name: o.String(), Err: err}
}

// An inputError describes an option or a value that no call was made for.
type inputError struct {
	text string
	err  error
}

func (e *inputError) Error() string { return e.text }
func (e *inputError) Unwrap() error { return e.err }

// addrFromKernel returns the address in b, or the zero Addr if there is none.
func addrFromKernel(b []byte) sock.Addr {
	if sys.Family(b) == sys.AF_UNSPEC {
		return sock.Addr{}
	}
	a, _ := sock.RawAddr(b)
	return a
}
