package sock

import (
	"bytes"
	"encoding/binary"
	"math"
	"net/netip"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/berkeleysockets/sock/internal/sys"
)

// A codec tells how a value lies in memory. Values go by value: through a pointer each
// would be an allocation. Without put an option is read-only, without get and wide
// write-only.
type codec[T any] struct {
	size int
	put  func(T) (raw, error)
	get  func(raw) T

	wide      func(wide) T   // in place of get, above 32 bytes
	bytes     func(T) []byte // in place of put and get, for bytes of any number
	fromBytes func([]byte) T
}

// raw is a value as the kernel has it.
type raw struct {
	b [32]byte
	n int
}

// wide is a larger one.
type wide struct {
	b [512]byte
	n int
}

// int is of a kernel that answers in a byte too.
func (r *raw) int() int {
	if r.n == 1 {
		return int(r.b[0])
	}
	return int(int32(binary.NativeEndian.Uint32(r.b[:])))
}

func (r *raw) uint32(at int) uint32 { return binary.NativeEndian.Uint32(r.b[at:]) }

func rawInt(n int) raw { return rawUint32(uint32(int32(n))) }

func rawUint32(n uint32) (r raw) {
	binary.NativeEndian.PutUint32(r.b[:], n)
	r.n = 4
	return r
}

func (w *wide) uint32(at int) uint32 { return binary.NativeEndian.Uint32(w.b[at:]) }
func (w *wide) uint64(at int) uint64 { return binary.NativeEndian.Uint64(w.b[at:]) }

func doesNotFit(v string, what string) error { return &misuse{v + " does not fit " + what, sys.EINVAL} }

// -- numbers -----------------------------------------------------------------

var boolCodec = codec[bool]{size: 4,
	put: func(v bool) (raw, error) {
		if v {
			return rawInt(1), nil
		}
		return rawInt(0), nil
	},
	get: func(r raw) bool { return r.int() != 0 },
}

var readBoolCodec = codec[bool]{size: 4, get: boolCodec.get}

var intCodec = codec[int]{size: 4,
	put: func(v int) (raw, error) {
		if v > math.MaxInt32 || v < math.MinInt32 {
			return raw{}, doesNotFit(strconv.Itoa(v), "32 bits")
		}
		return rawInt(v), nil
	},
	get: func(r raw) int { return r.int() },
}

var readIntCodec = codec[int]{size: 4, get: intCodec.get}

var uint32Codec = codec[uint32]{size: 4,
	put: func(v uint32) (raw, error) { return rawUint32(v), nil },
	get: func(r raw) uint32 { return r.uint32(0) },
}

var uint64Codec = codec[uint64]{size: 8,
	put: func(v uint64) (r raw, err error) {
		binary.NativeEndian.PutUint64(r.b[:], v)
		r.n = 8
		return r, nil
	},
	get: func(r raw) uint64 { return binary.NativeEndian.Uint64(r.b[:]) },
}

var readUint64Codec = codec[uint64]{size: 8, get: uint64Codec.get}

// The kernels before 4.20 answer with 32 bits, of which all set is no limit.
var pacingCodec = codec[uint64]{size: 8,
	put: uint64Codec.put,
	get: func(r raw) uint64 {
		switch {
		case r.n == 8:
			return uint64Codec.get(r)
		case r.uint32(0) == math.MaxUint32:
			return math.MaxUint64
		}
		return uint64(r.uint32(0))
	},
}

// swapped is a number in network order.
var swappedCodec = codec[int]{size: 4,
	put: func(v int) (r raw, err error) {
		if v > math.MaxInt32 || v < 0 {
			return r, doesNotFit(strconv.Itoa(v), "31 bits")
		}
		binary.BigEndian.PutUint32(r.b[:], uint32(v))
		r.n = 4
		return r, nil
	},
	get: func(r raw) int { return int(binary.BigEndian.Uint32(r.b[:])) },
}

// The BSDs keep two options of multicast in one byte, and some take no int for them.
const multicastByte = runtime.GOOS != "linux"

var multicastBoolCodec = codec[bool]{size: 4,
	put: func(v bool) (raw, error) {
		r, err := boolCodec.put(v)
		return r.short(), err
	},
	get: boolCodec.get,
}

var multicastIntCodec = codec[int]{size: 4,
	put: func(v int) (raw, error) {
		if multicastByte && (v < 0 || v > math.MaxUint8) {
			return raw{}, doesNotFit(strconv.Itoa(v), "a byte")
		}
		r, err := intCodec.put(v)
		return r.short(), err
	},
	get: intCodec.get,
}

func (r raw) short() raw {
	if multicastByte {
		r.b[0], r.n = byte(r.int()), 1
	}
	return r
}

// A set of bits, which some options are.
var wordsCodec = codec[[]uint32]{size: 512, wide: func(w wide) (v []uint32) {
	for at := 0; at+4 <= w.n; at += 4 {
		v = append(v, w.uint32(at))
	}
	return v
}}

// -- words -------------------------------------------------------------------

var (
	readDomainCodec   = codec[Domain]{size: 4, get: func(r raw) Domain { return Domain(r.int()) }}
	readTypeCodec     = codec[Type]{size: 4, get: func(r raw) Type { return Type(r.int()) }}
	readProtocolCodec = codec[Protocol]{size: 4, get: func(r raw) Protocol { return Protocol(r.int()) }}
)

var mtuDiscoverCodec = codec[MTUDiscoverValue]{size: 4,
	put: func(v MTUDiscoverValue) (raw, error) { return intCodec.put(int(v)) },
	get: func(r raw) MTUDiscoverValue { return MTUDiscoverValue(r.int()) },
}

var timestampingCodec = codec[TimestampingFlags]{size: 4,
	put: func(v TimestampingFlags) (raw, error) { return rawUint32(uint32(v)), nil },
	get: func(r raw) TimestampingFlags { return TimestampingFlags(r.uint32(0)) },
}

var errorCodec = codec[error]{size: 4,
	get: func(r raw) error {
		if e := sys.Errno(r.int()); e != 0 {
			return e
		}
		return nil
	},
}

// -- time --------------------------------------------------------------------

var (
	secondsCodec      = durationOf(time.Second)
	millisecondsCodec = durationOf(time.Millisecond)
	microsecondsCodec = durationOf(time.Microsecond)
)

// durationOf is a time that the kernel counts in units: parts are rounded up.
func durationOf(unit time.Duration) codec[time.Duration] {
	return codec[time.Duration]{size: 4,
		put: func(v time.Duration) (raw, error) {
			n := v / unit
			if v%unit != 0 {
				n++
			}
			if v < 0 || n > math.MaxInt32 {
				return raw{}, &misuse{"a time of " + v.String(), sys.EINVAL}
			}
			return rawInt(int(n)), nil
		},
		get: func(r raw) time.Duration { return time.Duration(r.int()) * unit },
	}
}

// timeval has seconds and microseconds, each a word of the machine.
var timevalCodec = codec[time.Duration]{size: 2 * word,
	put: func(v time.Duration) (r raw, err error) {
		if v < 0 || word == 4 && v/time.Second > math.MaxInt32 {
			return r, &misuse{"a time of " + v.String(), sys.EINVAL}
		}
		if v%time.Microsecond != 0 {
			v += time.Microsecond
		}
		sec, usec := v/time.Second, v%time.Second/time.Microsecond
		if word == 8 {
			binary.NativeEndian.PutUint64(r.b[:], uint64(sec))
			binary.NativeEndian.PutUint64(r.b[8:], uint64(usec))
		} else {
			binary.NativeEndian.PutUint32(r.b[:], uint32(sec))
			binary.NativeEndian.PutUint32(r.b[4:], uint32(usec))
		}
		r.n = 2 * word
		return r, nil
	},
	get: func(r raw) time.Duration {
		if word == 8 {
			return time.Duration(binary.NativeEndian.Uint64(r.b[:]))*time.Second + time.Duration(binary.NativeEndian.Uint64(r.b[8:]))*time.Microsecond
		}
		return time.Duration(int32(r.uint32(0)))*time.Second + time.Duration(int32(r.uint32(4)))*time.Microsecond
	},
}

const word = strconv.IntSize / 8

// -- text and bytes ----------------------------------------------------------

var (
	deviceCodec    = textOf(16) // IFNAMSIZ
	algorithmCodec = textOf(16) // TCP_CA_NAME_MAX
	ulpCodec       = textOf(16) // TCP_ULP_NAME_MAX
)

// textOf is a name with a NUL, in so many bytes at most.
func textOf(size int) codec[string] {
	return codec[string]{size: size,
		put: func(v string) (r raw, err error) {
			if len(v) >= size || strings.IndexByte(v, 0) >= 0 {
				return r, &misuse{strconv.Quote(v) + " is no name", sys.EINVAL}
			}
			r.n = copy(r.b[:], v) + 1
			return r, nil
		},
		get: func(r raw) string { return untilNUL(r.b[:r.n]) },
	}
}

var readTextCodec = codec[string]{size: 512, wide: func(w wide) string { return untilNUL(w.b[:w.n]) }}

func untilNUL(b []byte) string {
	text, _, _ := bytes.Cut(b, []byte{0})
	return string(text)
}

var (
	optionsCodec     = *bytesOf(40)
	fastOpenKeyCodec = *bytesOf(32)
	md5SigCodec      = *bytesOf(0)
	ccInfoCodec      = *readBytesOf(64)
	savedSYNCodec    = *readBytesOf(1024)
)

func bytesOf(size int) *codec[[]byte] {
	same := func(b []byte) []byte { return b }
	return &codec[[]byte]{size: size, bytes: same, fromBytes: same}
}

func readBytesOf(size int) *codec[[]byte] {
	return &codec[[]byte]{size: size, fromBytes: func(b []byte) []byte { return b }}
}

// -- addresses ---------------------------------------------------------------

var ip4Codec = codec[netip.Addr]{size: 4,
	put: func(v netip.Addr) (r raw, err error) {
		if !v.Is4() {
			return r, &misuse{v.String() + " is no IPv4 address", sys.EINVAL}
		}
		ip := v.As4()
		r.n = copy(r.b[:], ip[:])
		return r, nil
	},
	get: func(r raw) netip.Addr { return netip.AddrFrom4([4]byte(r.b[:])) },
}

var addrCodec = codec[Addr]{size: 28, get: func(r raw) Addr { return kernelAddr(r.b[:r.n]) }}

// An interface is an ip_mreqn's last field; on macOS an int; on NetBSD and DragonFly an
// address below 1.0.0.0.
var multicastIfIndexCodec = codec[int]{size: 4,
	put: func(v int) (r raw, err error) {
		switch {
		case v < 0 || v > math.MaxInt32:
			return r, doesNotFit(strconv.Itoa(v), "an index")
		case runtime.GOOS == "darwin":
			return rawInt(v), nil
		case runtime.GOOS == "netbsd" || runtime.GOOS == "dragonfly":
			if v >= 1<<24 {
				return r, doesNotFit(strconv.Itoa(v), "24 bits")
			}
			binary.BigEndian.PutUint32(r.b[:], uint32(v))
			r.n = 4
			return r, nil
		}
		binary.NativeEndian.PutUint32(r.b[8:], uint32(v))
		r.n = 12
		return r, nil
	},
	get: multicastIfIndexGet,
}

var multicastIfIndexGet = func() func(raw) int {
	if runtime.GOOS == "darwin" {
		return func(r raw) int { return r.int() }
	}
	return nil // they answer with an address
}()
