//go:build unix

package sockopt_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"log"
	"syscall"
	"time"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/sockopt"
)

func try(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// Options are variables. Open can set them before it returns the socket.
func ExampleOption() {
	s, err := sock.Open(sock.Inet, sock.Stream, 0,
		sockopt.TCPNoDelay.With(true),
		sockopt.Linger.With(sockopt.LingerValue{On: true, Timeout: 3 * time.Second}))
	try(err)
	defer s.Close()

	try(sockopt.IPTTL.Set(s, 12))
	noDelay, err := sockopt.TCPNoDelay.Get(s)
	try(err)
	linger, err := sockopt.Linger.Get(s)
	try(err)
	ttl, err := sockopt.IPTTL.Get(s)
	try(err)
	fmt.Println(noDelay, linger.On, linger.Timeout, ttl)
	// Output: true true 3s 12
}

// With makes a setting for Open. A setting that fails closes the socket.
func ExampleOption_With() {
	_, err := sock.Open(sock.Inet, sock.Stream, 0, sockopt.Linger.With(sockopt.LingerValue{On: true, Timeout: -time.Second}))
	fmt.Println(err)

	s, err := sock.Open(sock.Inet, sock.Stream, 0, sockopt.KeepAlive.With(true))
	try(err)
	defer s.Close()
	fmt.Println(sockopt.KeepAlive.Get(s))
	// Output:
	// setsockopt SO_LINGER: a time-out of -1s
	// true <nil>
}

// An option that the system lacks is an error, which names the option.
func ExampleOption_Set() {
	s, err := sock.Open(sock.Inet, sock.Stream, 0)
	try(err)
	defer s.Close()
	err = sockopt.TCPUserTimeout.Set(s, time.Minute) // exists on Linux
	fmt.Println(err == nil || errors.Is(err, errors.ErrUnsupported))
	// Output: true
}

// An option that the package does not have, by level and number.
func ExampleInt() {
	ttl := sockopt.Int(syscall.IPPROTO_IP, syscall.IP_TTL)
	s, err := sock.Open(sock.Inet, sock.Dgram, 0, ttl.With(7))
	try(err)
	defer s.Close()
	n, err := ttl.Get(s)
	try(err)
	fmt.Println(ttl, n)
	// Output: IP_TTL 7
}

// A codec for a type of the program: the six bits of DSCP in the TOS byte.
func ExampleNew() {
	type DSCP uint8
	dscp := sockopt.New(syscall.IPPROTO_IP, syscall.IP_TOS, sockopt.Codec[DSCP]{
		Size: 4,
		Encode: func(v DSCP) ([]byte, error) {
			if v > 63 {
				return nil, fmt.Errorf("a DSCP of %d", v)
			}
			return binary.NativeEndian.AppendUint32(nil, uint32(v)<<2), nil
		},
		Decode: func(b []byte) (DSCP, error) {
			if len(b) < 4 {
				return 0, fmt.Errorf("%d bytes", len(b))
			}
			return DSCP(binary.NativeEndian.Uint32(b) >> 2), nil
		},
	})
	s, err := sock.Open(sock.Inet, sock.Dgram, 0, dscp.With(46)) // expedited forwarding
	try(err)
	defer s.Close()
	fmt.Println(dscp.Get(s))
	fmt.Println(dscp.Set(s, 64))
	// Output:
	// 46 <nil>
	// setsockopt IP_TOS: a DSCP of 64
}
