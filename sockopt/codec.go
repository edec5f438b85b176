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

// A codec tells how a value lies in memory. Values go by value: through a
// pointer each would be an allocation.
type codec[T any] struct {
	size  int                                              // what Get asks for
	put   func(T) (raw, error)                             // nil: read-only
	get   func(raw) T                                      //
	read  func(s *sock.Socket, level, name int) (T, error) // instead of size and get, with memory of its own
	write func(s *sock.Socket, level, name int, v T) error // instead of put

	linux bool // elsewhere the option is another thing, or its value is
	local bool // of the level SOL_LOCAL
}

// raw is a value as the kernel has it. A larger one has a codec that reads or
// writes itself.
type raw struct {
	b [32]byte
	n int
}

// int is the value, of which some systems give but one byte.
func (r *raw) int() int {
	if r.n == 1 {
		return int(r.b[0])
	}
	return int(int32(r.uint32(0)))
}

func (r *raw) uint16(at int) uint16 { return binary.NativeEndian.Uint16(r.b[at:]) }
func (r *raw) uint32(at int) uint32 { return binary.NativeEndian.Uint32(r.b[at:]) }
func (r *raw) uint64(at int) uint64 { return binary.NativeEndian.Uint64(r.b[at:]) }

func rawInt(n int) raw { return rawUint32(uint32(int32(n))) }

// rawUint32 is a structure of such fields.
func rawUint32(fields ...uint32) (r raw) {
	for _, f := range fields {
		binary.NativeEndian.PutUint32(r.b[r.n:], f)
		r.n += 4
	}
	return r
}

func bad(text string) error { return &misuse{text, sys.EINVAL} }

// readOnly is c for options that are read and not set.
func readOnly[T any](c codec[T]) codec[T] {
	c.put, c.write = nil, nil
	return c
}

// linuxOnly is c for an option that elsewhere has another value, if any.
func linuxOnly[T any](c codec[T]) codec[T] {
	c.linux = true
	return c
}

// ofLocal is c for an option of SOL_LOCAL.
func ofLocal[T any](c codec[T]) codec[T] {
	c.local = true
	return c
}

var (
	boolCodec     = codec[bool]{size: 4, put: putBool, get: func(r raw) bool { return r.int() != 0 }}
	boolRead      = readOnly(boolCodec)
	intCodec      = numberCodec[int]()
	intRead       = readOnly(intCodec)
	errorCodec    = codec[error]{size: 4, get: getError}
	secondsCodec  = durationCodec(time.Second)
	millisCodec   = durationCodec(time.Millisecond)
	microsCodec   = durationCodec(time.Microsecond)
	uint64Codec   = codec[uint64]{size: 8, put: putUint64, get: func(r raw) uint64 { return r.uint64(0) }}
	uint64Read    = readOnly(uint64Codec)
	uint32Codec   = codec[uint32]{size: 4, put: func(v uint32) (raw, error) { return rawUint32(v), nil }, get: func(r raw) uint32 { return r.uint32(0) }}
	networkCodec  = codec[int]{size: 4, put: putNetwork, get: getNetwork}
	byteCodec     = codec[int]{size: byteSize, put: putByte, get: func(r raw) int { return r.int() }}
	byteBoolCodec = codec[bool]{size: byteSize, put: putByteBool, get: func(r raw) bool { return r.int() != 0 }}
	inet4Codec    = codec[netip.Addr]{size: 4, put: putInet4, get: func(r raw) netip.Addr { return netip.AddrFrom4([4]byte(r.b[:4])) }}
	nameCodec     = codec[string]{read: readString, put: putString}
	stringRead    = codec[string]{read: readString}
)

func putBool(v bool) (raw, error) {
	if v {
		return rawInt(1), nil
	}
	return rawInt(0), nil
}

// numberCodec is for a C int.
func numberCodec[T ~int]() codec[T] {
	return codec[T]{
		size: 4,
		put: func(v T) (raw, error) {
			if v > math.MaxInt32 || v < math.MinInt32 {
				return raw{}, bad(strconv.Itoa(int(v)) + " does not fit 32 bits")
			}
			return rawInt(int(v)), nil
		},
		get: func(r raw) T { return T(r.int()) },
	}
}

func getError(r raw) error {
	if e := sys.Errno(r.int()); e != 0 {
		return e
	}
	return nil
}

// durationCodec is for a C int of a unit.
func durationCodec(unit time.Duration) codec[time.Duration] {
	return codec[time.Duration]{
		size: 4,
		put: func(v time.Duration) (raw, error) {
			n, err := inUnits(v, unit)
			return rawInt(int(n)), err
		},
		get: func(r raw) time.Duration { return time.Duration(r.int()) * unit },
	}
}

// inUnits rounds up: a time-out is never shorter than what was asked for, and
// what is more than nothing does not become nothing.
func inUnits(v, unit time.Duration) (int32, error) {
	n := int64(v / unit)
	if v%unit != 0 {
		n++
	}
	if v < 0 || n > math.MaxInt32 {
		return 0, bad("a time-out of " + v.String())
	}
	return int32(n), nil
}

func putUint64(v uint64) (r raw, err error) {
	binary.NativeEndian.PutUint64(r.b[:], v)
	r.n = 8
	return r, nil
}

// Some numbers are in network byte order.
func putNetwork(v int) (raw, error) {
	if v < 0 || v > math.MaxInt32 {
		return raw{}, bad(strconv.Itoa(v) + " is no index")
	}
	return rawUint32(toNetwork(uint32(v))), nil
}

func getNetwork(r raw) int { return int(int32(toNetwork(r.uint32(0)))) }

// toNetwork turns the bytes round on a little-endian machine; it is its own
// inverse.
func toNetwork(v uint32) uint32 {
	if bigEndian {
		return v
	}
	return bits.ReverseBytes32(v)
}

var bigEndian = binary.NativeEndian.Uint16([]byte{0, 1}) == 1

// byteSize is the size of what IPv4's multicast options are on the BSDs, one
// unsigned char, and an int on Linux.
var byteSize = func() int {
	if runtime.GOOS == "linux" {
		return 4
	}
	return 1
}()

func putByte(v int) (raw, error) {
	if byteSize == 1 {
		if v < 0 || v > math.MaxUint8 {
			return raw{}, bad(strconv.Itoa(v) + " does not fit 8 bits")
		}
		return raw{b: [32]byte{byte(v)}, n: 1}, nil
	}
	return intCodec.put(v)
}

func putByteBool(v bool) (raw, error) {
	if v {
		return putByte(1)
	}
	return putByte(0)
}

func putInet4(v netip.Addr) (r raw, err error) {
	if v = v.Unmap(); !v.Is4() {
		return r, bad("no IPv4 address: " + v.String())
	}
	a := v.As4()
	r.n = copy(r.b[:], a[:])
	return r, nil
}

// maxName is how long a name may be, of an interface or of an algorithm: 16
// bytes with its zero at the end.
const maxName = 15

func putString(v string) (r raw, err error) {
	if len(v) > maxName || strings.IndexByte(v, 0) >= 0 {
		return r, bad("no name: " + strconv.Quote(v))
	}
	r.n = copy(r.b[:], v)
	return r, nil
}

// readString ends the value at its first zero.
func readString(s *sock.Socket, level, name int) (string, error) {
	var b [256]byte
	n, err := readOption(s, level, name, b[:])
	v, _, _ := strings.Cut(string(b[:n]), "\x00")
	return v, err
}

// maxBytes bounds what BytesOption asks for; the longest known, iptables' rules,
// are shorter.
const maxBytes = 64 << 20

func bytesCodec(size int) codec[[]byte] {
	return codec[[]byte]{
		read: func(s *sock.Socket, level, name int) ([]byte, error) {
			if size < 0 || size > maxBytes {
				return nil, bad("a size of " + strconv.Itoa(size))
			}
			b := make([]byte, size)
			n, err := readOption(s, level, name, b)
			if err != nil {
				return nil, err
			}
			return b[:n], nil
		},
		write: writeOption,
	}
}

// fields reads a structure from its beginning; past its end there are zeros, so
// that the short answer of an older kernel leaves the rest zero.
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

// in is a field of a unit.
func (f *fields) in(unit time.Duration) time.Duration { return time.Duration(f.uint32()) * unit }

// in64 is one of 8 bytes.
func (f *fields) in64(unit time.Duration) time.Duration { return time.Duration(f.uint64()) * unit }
