//go:build unix

package cmsg_test

import (
	"fmt"
	"net/netip"

	"github.com/berkeleysockets/sock/cmsg"
)

// A buffer of two control messages, and what a receiver reads from it.
func Example() {
	to := netip.MustParseAddr("2001:db8::1")
	b := make([]byte, 0, 2*cmsg.Space(4))
	b = cmsg.AppendTTL(b, to, 7)
	b = cmsg.AppendTOS(b, to, 46<<2|1) // DSCP 46, ECN 1

	for m, rest, ok := cmsg.Next(b); ok; m, rest, ok = cmsg.Next(rest) {
		if ttl, ok := m.TTL(); ok {
			fmt.Println("hops", ttl)
		}
		if tos, ok := m.TOS(); ok {
			fmt.Println("DSCP", tos>>2, "ECN", tos&3)
		}
	}
	// Output:
	// hops 7
	// DSCP 46 ECN 1
}

// Messages of any level and type, in a loop over all of them.
func ExampleAll() {
	b := cmsg.Append(nil, 1000, 1, []byte("one"))
	b = cmsg.Append(b, 1000, 2, []byte("two"))
	for m := range cmsg.All(b) {
		fmt.Println(m.Level, m.Type, string(m.Data))
	}
	// Output:
	// 1000 1 one
	// 1000 2 two
}
