package sock

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"runtime"
	"strconv"
	"strings"

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
func (o Option[T]) Get(s *Socket) (v T, err error) {
	const op = "getsockopt"
	if err := o.available(s, op); err != nil {
		return v, err
	}
	if o.codec.read != nil {
		v, err := o.codec.read(s, o.level, o.name)
		if err != nil {
			return v, &Error{Op: op + " " + o.String(), Err: err}
		}
		return v, nil
	}
	var r raw
	if r.n, err = readOption(s, o.level, o.name, r.b[:o.codec.size]); err != nil {
		return v, &Error{Op: op + " " + o.String(), Err: err}
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
func (o Option[T]) Set(s *Socket, v T) error {
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
		return &Error{Op: op + " " + o.String(), Err: err}
	}
	return nil
}

// writeOption is setsockopt(2) for a codec.
func writeOption(s *Socket, level, name int, b []byte) error {
	if e := s.callSetsockopt(level, name, b); e != 0 {
		return reason(e)
	}
	return nil
}

// readOption is getsockopt(2) for a codec: how much of b the kernel filled.
func readOption(s *Socket, level, name int, b []byte) (int, error) {
	n, e := s.callGetsockopt(level, name, b)
	if e != 0 {
		return 0, reason(e)
	}
	return min(n, len(b)), nil
}

// With returns the option and a value for [Open].
func (o Option[T]) With(v T) Setting {
	return Setting{func(s *Socket) error { return o.Set(s, v) }}
}

// String returns the C name, such as "SO_REUSEADDR".
func (o Option[T]) String() string {
	if o.codec != nil && o.codec.local {
		return optionName(Unix, o.level, o.name)
	}
	return optionName(Unspec, o.level, o.name)
}

func (o Option[T]) available(s *Socket, op string) error {
	switch {
	case o.codec == nil:
		return invalid(op, "no option")
	case !sys.Supported:
		return unsupported(op, "sockets")
	case !sys.Has(o.level) || !sys.Has(o.name) || o.codec.linux && runtime.GOOS != "linux":
		return s.lacks(op, o.String())
	}
	return nil
}

// optionName is the C name of an option, of whatever type. The domain tells apart
// the levels of one number.
func optionName(d Domain, level, name int) string {
	if n := sys.ConstName(optionGroup(d, level), name); n != strconv.Itoa(name) {
		return n
	}
	return fmt.Sprintf("option %d of level %d", name, level)
}

// optionGroup is the group of names.txt that has the options of a level.
func optionGroup(d Domain, level int) string {
	if d == Unix && level == sys.SOL_LOCAL {
		return "LOCAL" // IPPROTO_IP's number, where there is one
	}
	switch level {
	case sys.SOL_SOCKET:
		return "SO"
	case sys.IPPROTO_TCP:
		return "TCP"
	case sys.IPPROTO_IP:
		return "IP"
	case sys.IPPROTO_IPV6:
		return "IPV6"
	case sys.IPPROTO_ICMPV6:
		return "ICMPV6"
	case sys.IPPROTO_UDP:
		return "UDP"
	case sys.IPPROTO_UDPLITE:
		return "UDPLITE"
	case sys.SOL_RAW:
		return "ICMP"
	case sys.SOL_MPTCP:
		return "MPTCP"
	case sys.SOL_NETLINK:
		return "NETLINK"
	case sys.SOL_PACKET:
		return "PACKET"
	case sys.AF_VSOCK: // the level of its options, on Linux
		return "SO_VM"
	}
	return ""
}

// levelName is a level as strace writes it: SOL_ instead of IPPROTO_.
func levelName(d Domain, level int) string {
	switch {
	case d == Unix && level == sys.SOL_LOCAL:
		return "SOL_LOCAL"
	case level == sys.SOL_SOCKET: // which on Linux is IPPROTO_ICMP's number
		return "SOL_SOCKET"
	case level == sys.AF_VSOCK:
		return "AF_VSOCK"
	}
	if n := sys.ConstName("IPPROTO", level); n != strconv.Itoa(level) {
		return strings.Replace(n, "IPPROTO_", "SOL_", 1)
	}
	return sys.ConstName("SOL", level)
}

// optionValue writes a value for a trace, as strace does.
func optionValue(level, name int, b []byte) string {
	switch {
	case level == sys.SOL_SOCKET && name == sys.SO_LINGER && len(b) == 8:
		return fmt.Sprintf("{l_onoff=%d, l_linger=%d}", int32(binary.NativeEndian.Uint32(b)), int32(binary.NativeEndian.Uint32(b[4:])))
	case level == sys.SOL_SOCKET && (name == sys.SO_BINDTODEVICE || name == sys.SO_PEERSEC),
		level == sys.IPPROTO_TCP && (name == sys.TCP_CONGESTION || name == sys.TCP_ULP):
		return strconv.Quote(string(b))
	case level == sys.SOL_SOCKET && name == sys.SO_ERROR && len(b) == 4:
		if e := sys.Errno(binary.NativeEndian.Uint32(b)); e != 0 {
			return "[" + sys.ErrnoName(e) + "]"
		}
	case level == sys.SOL_SOCKET && (name == sys.SO_COOKIE || name == sys.SO_NETNS_COOKIE || name == sys.SO_MAX_PACING_RATE) && len(b) == 8:
		return fmt.Sprintf("[%d]", binary.NativeEndian.Uint64(b))
	}
	if len(b) == 4 {
		return fmt.Sprintf("[%d]", int32(binary.NativeEndian.Uint32(b)))
	}
	return "[" + hex.EncodeToString(b) + "]" // not with fmt, which would have b on the heap
}
