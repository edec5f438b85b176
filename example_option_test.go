//go:build unix

package sock_test

import (
	"encoding/binary"
	"fmt"
	"syscall"

	"github.com/berkeleysockets/sock"
)

// Getsockopt and Setsockopt pass the bytes of an option as they are. A function that uses them
// is a setting for Open. Package sockopt has typed options.
func ExampleSocket_Setsockopt() {
	ttl := func(n uint32) sock.Setting {
		return func(s *sock.Socket) error {
			return s.Setsockopt(syscall.IPPROTO_IP, syscall.IP_TTL, binary.NativeEndian.AppendUint32(nil, n))
		}
	}
	s, err := sock.Open(sock.Inet, sock.Dgram, 0, ttl(12))
	try(err)
	defer s.Close()

	b := make([]byte, 4)
	n, err := s.Getsockopt(syscall.IPPROTO_IP, syscall.IP_TTL, b)
	try(err)
	fmt.Println(n, binary.NativeEndian.Uint32(b))
	// Output: 4 12
}
