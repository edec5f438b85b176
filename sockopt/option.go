// Package sockopt has the socket options, each with the Go type of its value: getsockopt(2)
// and setsockopt(2). An option is a variable that is named after its C name; SO_ is dropped,
// other levels are kept. Every option exists on every system, and returns
// [errors.ErrUnsupported] where the system lacks it. The variables must not be assigned: Go
// has no constants of struct type.
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

// An Option is a socket option and the Go type of its value. The package's
// variables are all of them, each named after the C name: getsockopt(2) and
// setsockopt(2). For one that is not among them there are [IntOption],
// [BoolOption] and [BytesOption].
type Option[T any] struct {
	level, name int
	codec       *codec[T]
}

// IntOption is an option of 4 bytes that the package does not know. The level is
// SOL_SOCKET or a protocol's, and the name a number of that level, both this
// system's.
func IntOption(level, name int) Option[int] { return Option[int]{level, name, &intCodec} }

// BoolOption is an option of 4 bytes that is on or off, and that the package
// does not know: see [IntOption].
func BoolOption(level, name int) Option[bool] { return Option[bool]{level, name, &boolCodec} }

// BytesOption is any option: Get returns what the kernel gives, at most size
// bytes, and Set passes on what it is given, of whatever length. A size below 0
// or above 64 MiB is EINVAL to Get. On macOS and OpenBSD Get has sizes of 1 to 32
// only, all of which it fills.
func BytesOption(level, name, size int) Option[[]byte] {
	c := bytesCodec(size)
	return Option[[]byte]{level, name, &c}
}

// Get reads the option: getsockopt(2).
//
// Errors: ENOPROTOOPT and EOPNOTSUPP (not an option of this socket, or it cannot
// be read), [errors.ErrUnsupported] (nor of this system).
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
	var r raw
	if r.n, err = readOption(s, o.level, o.name, r.b[:o.codec.size]); err != nil {
		return v, o.wrap(op, err)
	}
	return o.codec.get(r), nil
}

// Set sets the option: setsockopt(2). A value that does not fit is an error,
// and never cut.
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
	case c.put != nil:
		var r raw
		if r, err = c.put(v); err == nil {
			err = writeOption(s, o.level, o.name, r.b[:r.n])
		}
	default:
		err = &misuse{"a read-only option", sys.ENOPROTOOPT}
	}
	if err != nil {
		return o.wrap(op, err)
	}
	return nil
}

func writeOption(s *sock.Socket, level, name int, b []byte) error {
	return s.Setsockopt(level, name, b)
}

func readOption(s *sock.Socket, level, name int, b []byte) (int, error) {
	return s.Getsockopt(level, name, b)
}

// With returns a Setting for [sock.Open] that sets the option.
func (o Option[T]) With(v T) sock.Setting {
	return func(s *sock.Socket) error { return o.Set(s, v) }
}

// String returns the C name, such as "SO_REUSEADDR".
func (o Option[T]) String() string {
	if o.codec != nil && o.codec.local {
		return sys.OptionName(sys.AF_UNIX, o.level, o.name)
	}
	return sys.OptionName(sys.AF_UNSPEC, o.level, o.name)
}

func (o Option[T]) available(s *sock.Socket, op string) error {
	switch {
	case o.codec == nil:
		return &sock.Error{Op: op, Err: &misuse{"no option", sys.EINVAL}}
	case !sys.Supported:
		return &sock.Error{Op: op, Err: &misuse{"sockets: not supported on this system", errors.ErrUnsupported}}
	case !sys.Has(o.level) || !sys.Has(o.name) || o.codec.linux && runtime.GOOS != "linux":
		if err := s.Setsockopt(sys.Missing, sys.Missing, nil); errors.Is(err, net.ErrClosed) {
			return &sock.Error{Op: op, Err: net.ErrClosed} // that comes first
		}
		return &sock.Error{Op: op, Err: &misuse{o.String() + ": not supported on this system", errors.ErrUnsupported}}
	}
	return nil
}

// wrap names the option in an error of its codec; one of the call has the name already.
func (o Option[T]) wrap(op string, err error) error {
	if _, ok := err.(*sock.Error); ok {
		return err
	}
	return &sock.Error{Op: op + " " + o.String(), Err: err}
}

type misuse struct {
	text string
	err  error
}

func (m *misuse) Error() string { return m.text }
func (m *misuse) Unwrap() error { return m.err }

// addr is the address in b, the zero Addr for none.
func addr(b []byte) sock.Addr {
	if sys.Family(b) == sys.AF_UNSPEC {
		return sock.Addr{}
	}
	a, _ := sock.RawAddr(b)
	return a
}
