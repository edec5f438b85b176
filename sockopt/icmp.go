package sockopt

import (
	"encoding/binary"
	"runtime"

	"github.com/berkeleysockets/sock/internal/sys"
)

// Options of raw ICMP sockets. Source: raw(7), RFC 3542.
var (
	ICMPFilter  = Option[ICMPFilterValue]{sys.SOL_RAW, sys.ICMP_FILTER, &icmpFilterCodec}           // which types are received (Linux)
	ICMP6Filter = Option[ICMP6FilterValue]{sys.IPPROTO_ICMPV6, sys.ICMP6_FILTER, &icmp6FilterCodec} // which types are received
)

// ICMPFilterValue is the value of [ICMPFilter]: of IPv4's types 0 to 31 those that
// are blocked, each a bit, 1<<type.
type ICMPFilterValue uint32

var icmpFilterCodec = codec[ICMPFilterValue]{
	size: 4,
	put:  func(v ICMPFilterValue) (raw, error) { return rawUint32(uint32(v)), nil },
	get:  func(r raw) ICMPFilterValue { return ICMPFilterValue(r.uint32(0)) },
}

// ICMP6FilterValue is the value of [ICMP6Filter]: a set of types. All pass in the
// zero value, as on a new socket. Two of the same types are equal with ==.
type ICMP6FilterValue struct {
	blocked [8]uint32
}

// Block adds a type to those that are not received.
func (v *ICMP6FilterValue) Block(typ uint8) { v.blocked[typ/32] |= 1 << (typ % 32) }

// BlockAll blocks every type.
func (v *ICMP6FilterValue) BlockAll() {
	for i := range v.blocked {
		v.blocked[i] = 1<<32 - 1
	}
}

// Pass takes a type from those that are not received.
func (v *ICMP6FilterValue) Pass(typ uint8) { v.blocked[typ/32] &^= 1 << (typ % 32) }

// WillBlock reports whether a type is not received.
func (v ICMP6FilterValue) WillBlock(typ uint8) bool { return v.blocked[typ/32]&(1<<(typ%32)) != 0 }

// A bit of the kernel's set is a type blocked on Linux, and a type passed
// elsewhere.
var icmp6FilterCodec = codec[ICMP6FilterValue]{
	size: 32,
	put: func(v ICMP6FilterValue) (r raw, err error) {
		for i, word := range v.blocked {
			binary.NativeEndian.PutUint32(r.b[4*i:], word^icmp6Turned)
		}
		r.n = 32
		return r, nil
	},
	get: func(r raw) (v ICMP6FilterValue) {
		for i := range v.blocked {
			v.blocked[i] = r.uint32(4*i) ^ icmp6Turned
		}
		return v
	},
}

var icmp6Turned = func() uint32 {
	if runtime.GOOS == "linux" {
		return 0
	}
	return 1<<32 - 1
}()
