package sock

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"

	"github.com/berkeleysockets/sock/internal/sys"
)

// An Option is a socket option and the Go type of its value. The package's
// variables are all of them, each named after the C name: getsockopt(2) and
// setsockopt(2). One that has no variable has a number: [IntOption],
// [BoolOption], [BytesOption].
type Option[T any] struct {
	level, name int
	codec       *codec[T]
}

// IntOption returns the option of a level and a number, whose value is an int of 32
// bits.
func IntOption(level, name int) Option[int] { return Option[int]{level, name, &intCodec} }

// BoolOption returns the option of a level and a number, whose value is an int that is
// 0 or not.
func BoolOption(level, name int) Option[bool] { return Option[bool]{level, name, &boolCodec} }

// BytesOption returns the option of a level and a number, whose value is any bytes: Get
// reads as many as the kernel gives, size at most; Set writes those it is given.
func BytesOption(level, name, size int) Option[[]byte] {
	return Option[[]byte]{level, name, bytesOf(size)}
}

// Get reads the option: getsockopt(2).
//
// Errors: ENOPROTOOPT and EOPNOTSUPP (not an option of this socket, or one that is
// only written), [errors.ErrUnsupported] (nor of this system).
//
// Source: getsockopt(2), socket(7), ip(7), ipv6(7), tcp(7).
func (o Option[T]) Get(s *Socket) (v T, err error) {
	if err := o.available("getsockopt"); err != nil {
		return v, err
	}
	switch c := o.codec; {
	case c.fromBytes != nil:
		return o.getBytes(s)
	case c.wide != nil:
		return o.getWide(s)
	case c.get == nil:
		return v, &Error{Op: "getsockopt " + o.String(), Err: &misuse{"a write-only option", sys.ENOPROTOOPT}}
	}
	var r raw
	n, e := s.callGetsockopt(o.level, o.name, r.b[:o.codec.size])
	if e != 0 {
		return v, &Error{Op: "getsockopt " + o.String(), Err: reason(e)}
	}
	r.n = min(n, o.codec.size)
	return o.codec.get(r), nil
}

// getWide is Get of what does not fit raw: apart, for its array is cleared each time.
//
//go:noinline
func (o Option[T]) getWide(s *Socket) (v T, err error) {
	var w wide
	n, e := s.callGetsockopt(o.level, o.name, w.b[:o.codec.size])
	if e != 0 {
		return v, &Error{Op: "getsockopt " + o.String(), Err: reason(e)}
	}
	w.n = min(n, o.codec.size)
	return o.codec.wide(w), nil
}

func (o Option[T]) getBytes(s *Socket) (v T, err error) {
	if o.codec.size < 0 {
		return v, invalid("getsockopt "+o.String(), "a negative size")
	}
	b := make([]byte, o.codec.size)
	n, e := s.callGetsockopt(o.level, o.name, b)
	if e != 0 {
		return v, &Error{Op: "getsockopt " + o.String(), Err: reason(e)}
	}
	return o.codec.fromBytes(b[:min(n, len(b))]), nil
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
	if c := o.codec; c.bytes != nil {
		if e := s.callSetsockopt(o.level, o.name, c.bytes(v)); e != 0 {
			return &Error{Op: "setsockopt " + o.String(), Err: reason(e)}
		}
		return nil
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
	case int(int32(o.level)) != o.level || int(int32(o.name)) != o.name: // the kernel would look at 32 bits
		return invalid(op, "no option")
	}
	return nil
}

// optionName is the C name of an option, of whatever type.
func optionName(level, name int) string {
	if n := sys.ConstName(optionGroup(level), name); n != strconv.Itoa(name) {
		return n
	}
	return fmt.Sprintf("option %d of level %d", name, level)
}

// optionGroup is the group of internal/sys/names.txt in which a level's options are.
// Where SOL_LOCAL has the number of IPPROTO_IP, IPPROTO_IP it is.
func optionGroup(level int) string {
	for _, g := range [...]struct {
		level int
		group string
	}{
		{sys.SOL_SOCKET, "SO"}, {sys.IPPROTO_IP, "IP"}, {sys.IPPROTO_IPV6, "IPV6"}, {sys.IPPROTO_TCP, "TCP"},
		{sys.IPPROTO_UDP, "UDP"}, {sys.IPPROTO_UDPLITE, "UDPLITE"}, {sys.SOL_MPTCP, "MPTCP"}, {sys.SOL_LOCAL, "LOCAL"},
		{sys.AF_VSOCK, "SO_VM"}, {sys.SOL_NETLINK, "NETLINK"}, {sys.SOL_PACKET, "PACKET"}, {sys.SOL_RAW, "ICMP"}, {sys.IPPROTO_ICMPV6, "ICMPV6"},
	} {
		if g.level == level {
			return g.group
		}
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
