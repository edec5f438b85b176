package sock

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/berkeleysockets/sock/internal/sys"
)

// An Option is a socket option and the Go type of its value. The package's
// variables are all of them, each named after the C name: getsockopt(2) and
// setsockopt(2).
type Option[T any] struct {
	level, name int
	codec       *codec[T]
}

// A codec tells how a value lies in memory. Values go by value: through a
// pointer each would be an allocation.
type codec[T any] struct {
	size int
	put  func(T) (raw, error)
	get  func(raw) T
}

// raw is a value as the kernel has it.
type raw struct {
	b [32]byte
	n int
}

func (r *raw) int() int { return int(int32(binary.NativeEndian.Uint32(r.b[:]))) }

func rawInt(n int) (r raw) {
	binary.NativeEndian.PutUint32(r.b[:], uint32(int32(n)))
	r.n = 4
	return r
}

// Get reads the option: getsockopt(2).
//
// Errors: ENOPROTOOPT and EOPNOTSUPP (not an option of this socket),
// [errors.ErrUnsupported] (nor of this system).
//
// Source: getsockopt(2), socket(7), ip(7), ipv6(7), tcp(7).
func (o Option[T]) Get(s *Socket) (v T, err error) {
	if err := o.available("getsockopt"); err != nil {
		return v, err
	}
	var r raw
	n, e := s.callGetsockopt(o.level, o.name, r.b[:o.codec.size])
	if e != 0 {
		return v, &Error{Op: "getsockopt " + o.String(), Err: reason(e)}
	}
	r.n = n
	return o.codec.get(r), nil
}

// Set sets the option: setsockopt(2). A value that does not fit is an error,
// and never cut.
//
// Errors: those of Get; EINVAL, EDOM (the value), EPERM (a privilege), ENOPROTOOPT
// (read-only).
//
// Source: setsockopt(2).
func (o Option[T]) Set(s *Socket, v T) error {
	if err := o.available("setsockopt"); err != nil {
		return err
	}
	if o.codec.put == nil {
		return &Error{Op: "setsockopt " + o.String(), Err: &misuse{"a read-only option", sys.ENOPROTOOPT}}
	}
	r, err := o.codec.put(v)
	if err != nil {
		return &Error{Op: "setsockopt " + o.String(), Err: err}
	}
	if e := s.callSetsockopt(o.level, o.name, r.b[:r.n]); e != 0 {
		return &Error{Op: "setsockopt " + o.String(), Err: reason(e)}
	}
	return nil
}

// With returns the option and a value for [Open].
func (o Option[T]) With(v T) Setting {
	return Setting{func(s *Socket) error { return o.Set(s, v) }}
}

// String returns the C name, such as "SO_REUSEADDR".
func (o Option[T]) String() string { return optionName(o.level, o.name) }

func (o Option[T]) available(op string) error {
	switch {
	case o.codec == nil:
		return invalid(op, "no option")
	case !sys.Supported:
		return unsupported(op, "sockets")
	case !sys.Has(o.level) || !sys.Has(o.name):
		return unsupported(op, o.String())
	}
	return nil
}

var boolCodec = codec[bool]{4,
	func(v bool) (raw, error) {
		if v {
			return rawInt(1), nil
		}
		return rawInt(0), nil
	},
	func(r raw) bool { return r.int() != 0 },
}

var intCodec = codec[int]{4,
	func(v int) (raw, error) {
		if v > math.MaxInt32 || v < math.MinInt32 {
			return raw{}, &misuse{strconv.Itoa(v) + " does not fit 32 bits", sys.EINVAL}
		}
		return rawInt(v), nil
	},
	func(r raw) int { return r.int() },
}

var errorCodec = codec[error]{size: 4,
	get: func(r raw) error {
		if e := sys.Errno(r.int()); e != 0 {
			return e
		}
		return nil
	},
}

var lingerCodec = codec[LingerValue]{8,
	func(v LingerValue) (r raw, err error) {
		seconds := int64(v.Timeout / time.Second)
		if v.Timeout%time.Second != 0 {
			seconds++
		}
		if v.Timeout < 0 || seconds > math.MaxInt32 {
			return r, &misuse{"a time-out of " + v.Timeout.String(), sys.EINVAL}
		}
		if v.On {
			binary.NativeEndian.PutUint32(r.b[:], 1)
		}
		binary.NativeEndian.PutUint32(r.b[4:], uint32(seconds))
		r.n = 8
		return r, nil
	},
	func(r raw) LingerValue {
		on, seconds := r.int(), binary.NativeEndian.Uint32(r.b[4:])
		return LingerValue{on != 0, time.Duration(int32(seconds)) * time.Second}
	},
}

// LingerValue is the value of [Linger]: if On, Close of a stream with unsent
// data keeps trying to send it for Timeout, and with a Timeout of 0 it resets
// the connection. On Linux close(2) waits meanwhile, though the descriptor is
// non-blocking, and holds a thread. The kernel counts whole seconds: parts are
// rounded up.
type LingerValue struct {
	On      bool
	Timeout time.Duration
}

// optionName is the C name of an option, of whatever type.
func optionName(level, name int) string {
	if n := sys.ConstName(optionGroup(level), name); n != strconv.Itoa(name) {
		return n
	}
	return fmt.Sprintf("option %d of level %d", name, level)
}

func optionGroup(level int) string {
	switch level {
	case sys.SOL_SOCKET:
		return "SO"
	case sys.IPPROTO_TCP:
		return "TCP"
	case sys.IPPROTO_IP:
		return "IP"
	case sys.IPPROTO_IPV6:
		return "IPV6"
	}
	return ""
}

// optionValue writes a value for a trace, as strace does.
func optionValue(level, name int, b []byte) string {
	if level == sys.SOL_SOCKET && name == sys.SO_LINGER && len(b) == 8 {
		return fmt.Sprintf("{l_onoff=%d, l_linger=%d}", int32(binary.NativeEndian.Uint32(b)), int32(binary.NativeEndian.Uint32(b[4:])))
	}
	if len(b) == 4 && level == sys.SOL_SOCKET && name == sys.SO_ERROR {
		if e := sys.Errno(binary.NativeEndian.Uint32(b)); e != 0 {
			return "[" + sys.ErrnoName(e) + "]"
		}
	}
	if len(b) == 4 {
		return fmt.Sprintf("[%d]", int32(binary.NativeEndian.Uint32(b)))
	}
	return "[" + hex.EncodeToString(b) + "]" // not with fmt, which would have b on the heap
}
