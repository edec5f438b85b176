package sock

import (
	"github.com/berkeleysockets/sock/internal/sys"
)

// Options of ICMP on raw sockets, by C name. Source:
// raw(7), RFC 3542.
var (
	ICMPFilter  = Option[uint32]{sys.SOL_RAW, sys.ICMP_FILTER, &uint32Codec}                        // bits of the types that are not received (Linux)
	ICMP6Filter = Option[ICMP6FilterValue]{sys.IPPROTO_ICMPV6, sys.ICMP6_FILTER, &icmp6FilterCodec} // the types of ICMPv6 that are received
)
