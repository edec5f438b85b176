//go:build !linux && !freebsd && !darwin && !netbsd && !openbsd && !dragonfly

package sys

import "encoding/binary"

// No kernel reads these; addresses can still be made and parsed. The layout
// is Linux's.
const (
	sunPath   = 108
	MaxPath   = sunPath
	sizeVSock = 16
	Abstract  = false
)

func family(b []byte) int { return int(int16(binary.NativeEndian.Uint16(b))) }

func putFamily(b []byte, family, size int) { binary.NativeEndian.PutUint16(b, uint16(family)) }

func SetLength([]byte) {}
