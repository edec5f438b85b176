package sockopt

import (
	"encoding/binary"
	"runtime"

	"github.com/berkeleysockets/sock/internal/sys"
)

// Options of raw ICMP sockets.
//
// Source: raw(7), RFC 3542.
var (
	// ICMP6Filter is ICMP6_FILTER: the types of ICMPv6 messages that are not received. Systems:
	// all.
	ICMP6Filter Option[ICMP6FilterValue]

	// ICMPFilter is ICMP_FILTER: the types of ICMP messages that are not received. Systems: Linux.
	ICMPFilter Option[ICMPFilterValue]
)

// Level, number and codec of each option.
func init() {
	ICMP6Filter = option(sys.IPPROTO_ICMPV6, sys.ICMP6_FILTER, &icmp6FilterCodec)
	ICMPFilter = option(sys.SOL_RAW, sys.ICMP_FILTER, &icmpFilterCodec)
}

// ICMPFilterValue is the value of [ICMPFilter]: bit 1<<type blocks an ICMP type from 0 to 31.
type ICMPFilterValue uint32

var icmpFilterCodec = codec[ICMPFilterValue]{
	size:   4,
	encode: func(v ICMPFilterValue) (value, error) { return uint32Value(uint32(v)), nil },
	decode: func(x value) ICMPFilterValue { return ICMPFilterValue(x.uint32(0)) },
}

// ICMP6FilterValue is the value of [ICMP6Filter]: a set of blocked types. The zero value
// blocks none, as on a new socket. Two values with the same types are equal with ==.
type ICMP6FilterValue struct {
	blocked [8]uint32
}

// Block adds a type to the blocked types.
func (v *ICMP6FilterValue) Block(typ uint8) { v.blocked[typ/32] |= 1 << (typ % 32) }

// BlockAll blocks every type.
func (v *ICMP6FilterValue) BlockAll() {
	for i := range v.blocked {
		v.blocked[i] = 1<<32 - 1
	}
}

// Pass removes a type from the blocked types.
func (v *ICMP6FilterValue) Pass(typ uint8) { v.blocked[typ/32] &^= 1 << (typ % 32) }

// WillBlock reports whether a type is blocked.
func (v ICMP6FilterValue) WillBlock(typ uint8) bool { return v.blocked[typ/32]&(1<<(typ%32)) != 0 }

// A bit of the kernel's set is a blocked type on Linux, and a passed type on the other
// systems.
var icmp6FilterCodec = codec[ICMP6FilterValue]{
	size: 32,
	encode: func(v ICMP6FilterValue) (x value, err error) {
		for i, word := range v.blocked {
			binary.NativeEndian.PutUint32(x.b[4*i:], word^icmp6Mask)
		}
		x.n = 32
		return x, nil
	},
	decode: func(x value) (v ICMP6FilterValue) {
		for i := range v.blocked {
			v.blocked[i] = x.uint32(4*i) ^ icmp6Mask
		}
		return v
	},
}

var icmp6Mask = func() uint32 {
	if runtime.GOOS == "linux" {
		return 0
	}
	return 1<<32 - 1
}()
