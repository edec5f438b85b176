package sys

import "encoding/binary"

const (
	sunPath = 108
	// MaxPath is the longest unix path: Linux takes one that fills sun_path
	// and has no NUL.
	MaxPath   = sunPath
	sizeVSock = 16

	// Abstract says whether unix sockets have abstract names.
	Abstract = true
)

func family(b []byte) int { return int(binary.NativeEndian.Uint16(b)) }

func putFamily(b []byte, family, size int) { binary.NativeEndian.PutUint16(b, uint16(family)) }

// SetLength is for systems whose sockaddr tells its own length.
func SetLength([]byte) {}
