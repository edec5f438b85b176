package cmsg

import (
	"net/netip"
	"strconv"

	"github.com/berkeleysockets/sock/internal/sys"
)

// Where an [ExtendedError] comes from.
const (
	OriginNone         = sys.SO_EE_ORIGIN_NONE         //
	OriginLocal        = sys.SO_EE_ORIGIN_LOCAL        // this machine: a packet too large, no route
	OriginICMP         = sys.SO_EE_ORIGIN_ICMP         // an ICMP message
	OriginICMP6        = sys.SO_EE_ORIGIN_ICMP6        // an ICMPv6 message
	OriginTimestamping = sys.SO_EE_ORIGIN_TIMESTAMPING // no error: a transmit timestamp
	OriginZeroCopy     = sys.SO_EE_ORIGIN_ZEROCOPY     // no error: SendZeroCopy is done
	OriginTxTime       = sys.SO_EE_ORIGIN_TXTIME       // a packet came too late for its AppendTxTime
)

// An ExtendedError is what the kernel tells of a packet that was sent: an error, with
// who found it, or news of another kind (Linux).
//
// Source: ip(7), IP_RECVERR.
type ExtendedError struct {
	Err      error      // an errno, such as ECONNREFUSED or EMSGSIZE; nil for mere news
	Origin   int        // OriginICMP ...
	Type     int        // of the ICMP message
	Code     int        // of the ICMP message; of a completion
	Info     uint32     // with EMSGSIZE the MTU; of a timestamp its kind
	Data     uint32     // of a timestamp and a completion an id
	Offender netip.Addr // who sent the ICMP message; zero if unknown
}

// String returns for example "ICMP type 3 code 3 from 10.0.0.1:0: connection refused".
func (e ExtendedError) String() string {
	text := "no error"
	if e.Err != nil {
		text = e.Err.Error()
	}
	switch e.Origin {
	case OriginLocal:
		text = "local: " + text
	case OriginICMP, OriginICMP6:
		name := "ICMP"
		if e.Origin == OriginICMP6 {
			name = "ICMPv6"
		}
		if e.Offender.IsValid() {
			text = "from " + e.Offender.String() + ": " + text
		}
		text = name + " type " + strconv.Itoa(e.Type) + " code " + strconv.Itoa(e.Code) + " " + text
	case OriginTimestamping:
		text = "timestamp " + strconv.FormatUint(uint64(e.Data), 10)
	case OriginZeroCopy:
		text = "sends " + strconv.FormatUint(uint64(e.Info), 10) + " to " + strconv.FormatUint(uint64(e.Data), 10) + " are done"
	case OriginTxTime:
		text = "transmit time: " + text
	}
	return text
}

// ExtendedError returns why a packet is in the error queue. See [Socket.RecvErr].
//
// Source: ip(7), ipv6(7).
func (m Message) ExtendedError() (e ExtendedError, ok bool) {
	const size = 16 // struct sock_extended_err, and the offender behind it
	if !m.is(sys.IPPROTO_IP, sys.IP_RECVERR, size) && !m.is(sys.IPPROTO_IPV6, sys.IPV6_RECVERR, size) && !m.is(sys.SOL_PACKET, sys.PACKET_TX_TIMESTAMP, size) {
		return e, false
	}
	e.Origin, e.Type, e.Code = int(m.Data[4]), int(m.Data[5]), int(m.Data[6])
	e.Info, e.Data = m.uint32(8), m.uint32(12)
	if n := sys.Errno(m.uint32(0)); n != 0 && e.Origin != OriginTimestamping {
		e.Err = n
	}
	if e.Origin == OriginICMP || e.Origin == OriginICMP6 {
		e.Offender = addrPort(m.Data[size:]).Addr()
	}
	return e, true
}
