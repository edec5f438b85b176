//go:build freebsd || darwin || netbsd || openbsd || dragonfly

package sys

const (
	sunPath   = 104
	sizeVSock = 12

	// Abstract reports whether unix sockets have abstract names.
	Abstract = false
)

func family(b []byte) int { return int(b[1]) }

func putFamily(b []byte, family, size int) { b[0], b[1] = byte(size), byte(family) }

// SetLength writes the length byte of a sockaddr.
func SetLength(b []byte) { b[0] = byte(len(b)) }
