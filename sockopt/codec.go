package sockopt

import (
	"encoding/binary"
	"math"
	"math/bits"
	"net/netip"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/internal/sys"
)

// A codec converts the value of an option. Its functions pass a value of at most 32 bytes
// by value: a slice that goes through a function value escapes, so that each Get and Set
// would allocate. A longer value has read and write instead.
type codec[T any] struct {
	size   int                                              // bytes that Get provides for
	encode func(T) (value, error)                           // nil: read-only
	decode func(value) T                                    //
	read   func(s *sock.Socket, level, name int) (T, error) // in place of size and decode
	write  func(s *sock.Socket, level, name int, v T) error // in place of encode

	linux bool // elsewhere the option has another value, or does not exist
	local bool // the level is SOL_LOCAL
}

// A value is the value of an option in the kernel's layout.
type value struct {
	b [32]byte
	n int
}

// int returns the value as a C int. Some systems write only one byte of it.
func (x *value) int() int {
	if x.n == 1 {
		return int(x.b[0])
	}
	return int(int32(x.uint32(0)))
}

func (x *value) uint16(at int) uint16 { return binary.NativeEndian.Uint16(x.b[at:]) }
func (x *value) uint32(at int) uint32 { return binary.NativeEndian.Uint32(x.b[at:]) }
func (x *value) uint64(at int) uint64 { return binary.NativeEndian.Uint64(x.b[at:]) }

func intValue(n int) value { return uint32Value(uint32(int32(n))) }

// uint32Value returns a structure of 32-bit fields.
func uint32Value(fields ...uint32) (x value) {
	for _, f := range fields {
		binary.NativeEndian.PutUint32(x.b[x.n:], f)
		x.n += 4
	}
	return x
}

func invalid(text string) error { return &inputError{text, sys.EINVAL} }

// readOnly returns c without what sets the option.
func readOnly[T any](c codec[T]) codec[T] {
	c.encode, c.write = nil, nil
	return c
}

// linuxOnly returns c for an option that has another value on other systems, or does not
// exist there.
func linuxOnly[T any](c codec[T]) codec[T] {
	c.linux = true
	return c
}

// localOnly returns c for an option of SOL_LOCAL.
func localOnly[T any](c codec[T]) codec[T] {
	c.local = true
	return c
}

var (
	boolCodec     = codec[bool]{size: 4, encode: encodeBool, decode: func(x value) bool { return x.int() != 0 }}
	boolRead      = readOnly(boolCodec)
	intCodec      = numberCodec[int]()
	intRead       = readOnly(intCodec)
	errorCodec    = codec[error]{size: 4, decode: decodeError}
	secondsCodec  = durationCodec(time.Second)
	millisCodec   = durationCodec(time.Millisecond)
	microsCodec   = durationCodec(time.Microsecond)
	uint64Codec   = codec[uint64]{size: 8, encode: encodeUint64, decode: func(x value) uint64 { return x.uint64(0) }}
	uint64Read    = readOnly(uint64Codec)
	uint32Codec   = codec[uint32]{size: 4, encode: func(v uint32) (value, error) { return uint32Value(v), nil }, decode: func(x value) uint32 { return x.uint32(0) }}
	networkCodec  = codec[int]{size: 4, encode: encodeNetwork, decode: decodeNetwork}
	byteCodec     = codec[int]{size: byteSize, encode: encodeByte, decode: func(x value) int { return x.int() }}
	byteBoolCodec = codec[bool]{size: byteSize, encode: encodeByteBool, decode: func(x value) bool { return x.int() != 0 }}
	inet4Codec    = codec[netip.Addr]{size: 4, encode: encodeInet4, decode: func(x value) netip.Addr { return netip.AddrFrom4([4]byte(x.b[:4])) }}
	nameCodec     = codec[string]{read: readString, encode: encodeName}
	stringRead    = codec[string]{read: readString}
	stringCodec   = codec[string]{read: readString, write: writeString}
)

func encodeBool(v bool) (value, error) {
	if v {
		return intValue(1), nil
	}
	return intValue(0), nil
}

// numberCodec is the codec of a C int.
func numberCodec[T ~int]() codec[T] {
	return codec[T]{
		size: 4,
		encode: func(v T) (value, error) {
			if v > math.MaxInt32 || v < math.MinInt32 {
				return value{}, invalid(strconv.Itoa(int(v)) + " does not fit 32 bits")
			}
			return intValue(int(v)), nil
		},
		decode: func(x value) T { return T(x.int()) },
	}
}

func decodeError(x value) error {
	if e := sys.Errno(x.int()); e != 0 {
		return e
	}
	return nil
}

// durationCodec is the codec of a C int that counts units.
func durationCodec(unit time.Duration) codec[time.Duration] {
	return codec[time.Duration]{
		size: 4,
		encode: func(v time.Duration) (value, error) {
			n, err := inUnits(v, unit)
			return intValue(int(n)), err
		},
		decode: func(x value) time.Duration { return time.Duration(x.int()) * unit },
	}
}

// inUnits rounds up, so that a time-out is never shorter than v and one above zero does not
// become zero, which often means none.
func inUnits(v, unit time.Duration) (int32, error) {
	n := int64(v / unit)
	if v%unit != 0 {
		n++
	}
	if v < 0 || n > math.MaxInt32 {
		return 0, invalid("a time-out of " + v.String())
	}
	return int32(n), nil
}

func encodeUint64(v uint64) (x value, err error) {
	binary.NativeEndian.PutUint64(x.b[:], v)
	x.n = 8
	return x, nil
}

// Some numbers are in network byte order.
func encodeNetwork(v int) (value, error) {
	if v < 0 || v > math.MaxInt32 {
		return value{}, invalidIndex(v)
	}
	return uint32Value(toNetwork(uint32(v))), nil
}

func decodeNetwork(x value) int { return int(int32(toNetwork(x.uint32(0)))) }

func invalidIndex(v int) error { return invalid(strconv.Itoa(v) + " is not an interface index") }

// toNetwork reverses the bytes on a little-endian machine; it is its own inverse.
func toNetwork(v uint32) uint32 {
	if bigEndian {
		return v
	}
	return bits.ReverseBytes32(v)
}

var bigEndian = binary.NativeEndian.Uint16([]byte{0, 1}) == 1

// byteSize is the size of IPv4's multicast options: an int on Linux, an unsigned char on
// the other systems.
var byteSize = func() int {
	if runtime.GOOS == "linux" {
		return 4
	}
	return 1
}()

func encodeByte(v int) (value, error) {
	if byteSize == 1 {
		if v < 0 || v > math.MaxUint8 {
			return value{}, invalid(strconv.Itoa(v) + " does not fit 8 bits")
		}
		return value{b: [32]byte{byte(v)}, n: 1}, nil
	}
	return intCodec.encode(v)
}

func encodeByteBool(v bool) (value, error) {
	if v {
		return encodeByte(1)
	}
	return encodeByte(0)
}

func encodeInet4(v netip.Addr) (x value, err error) {
	if v = v.Unmap(); !v.Is4() {
		return x, invalid("not an IPv4 address: " + v.String())
	}
	a := v.As4()
	x.n = copy(x.b[:], a[:])
	return x, nil
}

// maxName is the length of the longest name of an interface or of an algorithm: 16 bytes
// with the terminating zero.
const maxName = 15

func encodeName(v string) (x value, err error) {
	if len(v) > maxName || strings.IndexByte(v, 0) >= 0 {
		return x, invalid("not a name: " + strconv.Quote(v))
	}
	x.n = copy(x.b[:], v)
	return x, nil
}

// maxString is the size of the longest string read, with the terminating zero.
const maxString = 256

// readString ends the value at its first zero.
func readString(s *sock.Socket, level, name int) (string, error) {
	var b [maxString]byte
	n, err := s.Getsockopt(level, name, b[:])
	v, _, _ := strings.Cut(string(b[:n]), "\x00")
	return v, err
}

func writeString(s *sock.Socket, level, name int, v string) error {
	if len(v) >= maxString || strings.IndexByte(v, 0) >= 0 {
		return invalid("a string of " + strconv.Itoa(len(v)) + " bytes, or with a zero byte")
	}
	return s.Setsockopt(level, name, []byte(v))
}

// maxBytes bounds the size of a value; the longest known, the rules of iptables, are
// shorter.
const maxBytes = 64 << 20

func bytesCodec(size int) codec[[]byte] {
	return codec[[]byte]{
		read:  func(s *sock.Socket, level, name int) ([]byte, error) { return readBytes(s, level, name, size) },
		write: func(s *sock.Socket, level, name int, v []byte) error { return s.Setsockopt(level, name, v) },
	}
}

// readBytes returns a value of at most size bytes.
func readBytes(s *sock.Socket, level, name, size int) ([]byte, error) {
	if size < 0 || size > maxBytes {
		return nil, invalid("a size of " + strconv.Itoa(size))
	}
	b := make([]byte, size)
	n, err := s.Getsockopt(level, name, b)
	if err != nil {
		return nil, err
	}
	return b[:n], nil
}

// fields reads a structure field by field. Fields behind the end of b are zero: an older
// kernel writes a shorter structure.
type fields struct{ b []byte }

func (f *fields) bytes(n int) []byte {
	if n > len(f.b) {
		f.b = nil
		return nil
	}
	v := f.b[:n]
	f.b = f.b[n:]
	return v
}

func (f *fields) uint8() uint8 {
	if b := f.bytes(1); b != nil {
		return b[0]
	}
	return 0
}

func (f *fields) uint16() uint16 {
	if b := f.bytes(2); b != nil {
		return binary.NativeEndian.Uint16(b)
	}
	return 0
}

func (f *fields) uint32() uint32 {
	if b := f.bytes(4); b != nil {
		return binary.NativeEndian.Uint32(b)
	}
	return 0
}

func (f *fields) uint64() uint64 {
	if b := f.bytes(8); b != nil {
		return binary.NativeEndian.Uint64(b)
	}
	return 0
}

// duration reads a field of 4 bytes that counts units.
func (f *fields) duration(unit time.Duration) time.Duration { return time.Duration(f.uint32()) * unit }

// duration64 reads one of 8 bytes.
func (f *fields) duration64(unit time.Duration) time.Duration {
	return time.Duration(f.uint64()) * unit
}
