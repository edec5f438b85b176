//go:build freebsd || darwin || netbsd || openbsd || dragonfly

package sys

const (
	sunPath   = 104
	sizeVSock = 12

	// Abstract says whether unix sockets have abstract names.
	Abstract = false
)

func family(b []byte) int { return int(b[1]) }

func putFamily(b []byte, family, size int) { b[0], b[1] = byte(size), byte(family) }

// SetLength makes a sockaddr tell its own length.
func SetLength(b []byte) { b[0] = byte(len(b)) }
