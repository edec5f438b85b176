package sockopt

import (
	"time"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/internal/sys"
)

// Options that the package does not have. The level is SOL_SOCKET or the number of a
// protocol, and the name a number of that level, both of this system.

// A Codec converts the value of an option that [New] makes. Get and Set allocate: the bytes
// escape, since they go through a function value. The options of this package, and those
// that [Int], [Bool], [Uint32] and [Duration] make, do not.
type Codec[T any] struct {
	Size   int                       // bytes that Get provides for, at most 64 MiB
	Encode func(v T) ([]byte, error) // returns the kernel's bytes of v; nil: the option is read-only
	Decode func(b []byte) (T, error) // returns the value of the bytes that the kernel wrote, at most Size; nil: the option is write-only
}

// New returns an option with a codec. The errors of the codec are returned in a
// [sock.Error] that names the option.
func New[T any](level, name int, c Codec[T]) Option[T] {
	internal := codec[T]{
		read: func(s *sock.Socket, level, name int) (v T, err error) {
			if c.Decode == nil {
				return v, &inputError{"a write-only option", sys.ENOPROTOOPT}
			}
			b, err := readBytes(s, level, name, c.Size)
			if err != nil {
				return v, err
			}
			return c.Decode(b)
		},
	}
	if c.Encode != nil {
		internal.write = func(s *sock.Socket, level, name int, v T) error {
			b, err := c.Encode(v)
			if err != nil {
				return err
			}
			return s.Setsockopt(level, name, b)
		}
	}
	return option(level, name, &internal)
}

// Int returns an option whose value is a C int.
func Int(level, name int) Option[int] { return option(level, name, &intCodec) }

// Bool returns an option whose value is a C int that is 0 or 1.
func Bool(level, name int) Option[bool] { return option(level, name, &boolCodec) }

// Uint32 returns an option whose value is an unsigned number of 32 bits.
func Uint32(level, name int) Option[uint32] { return option(level, name, &uint32Codec) }

// String returns an option whose value is a string of at most 255 bytes. Get ends it at its
// first zero byte, and does not work on macOS and OpenBSD, where Getsockopt of a Socket
// reads at most 32 bytes. Set allocates.
func String(level, name int) Option[string] { return option(level, name, &stringCodec) }

// Bytes returns an option whose value is a sequence of bytes. Get returns what the kernel
// wrote, at most size bytes. Set passes its value as it is, of any length. For a size below
// 0 or above 64 MiB Get returns EINVAL. On macOS and OpenBSD Get works for sizes from 1 to
// 32 only, and returns all of them. Get allocates.
func Bytes(level, name, size int) Option[[]byte] {
	c := bytesCodec(size)
	return option(level, name, &c)
}

// Duration returns an option whose value is a C int that counts units, such as
// [time.Millisecond]. Set rounds up to the next unit. For a unit below 1 Get and Set return
// EINVAL.
func Duration(level, name int, unit time.Duration) Option[time.Duration] {
	c := durationCodec(unit)
	if unit < 1 {
		err := invalid("a unit of " + unit.String())
		c.read = func(*sock.Socket, int, int) (time.Duration, error) { return 0, err }
		c.encode = func(time.Duration) (value, error) { return value{}, err }
	}
	return option(level, name, &c)
}
