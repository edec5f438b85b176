package cmsg

import (
	"net/netip"
	"strconv"

	"github.com/berkeleysockets/sock/internal/sys"
)

// An Origin is the source of an [ExtendedError] (SO_EE_ORIGIN_*).
type Origin int

// The origins.
//
// Source: ip(7), IP_RECVERR.
const (
	OriginNone         Origin = sys.SO_EE_ORIGIN_NONE         // unknown
	OriginLocal        Origin = sys.SO_EE_ORIGIN_LOCAL        // this machine: a packet too large, no route
	OriginICMP         Origin = sys.SO_EE_ORIGIN_ICMP         // an ICMP message
	OriginICMP6        Origin = sys.SO_EE_ORIGIN_ICMP6        // an ICMPv6 message
	OriginTimestamping Origin = sys.SO_EE_ORIGIN_TIMESTAMPING // no error: a transmit timestamp
	OriginZeroCopy     Origin = sys.SO_EE_ORIGIN_ZEROCOPY     // no error: sends with MSG_ZEROCOPY are complete
	OriginTxTime       Origin = sys.SO_EE_ORIGIN_TXTIME       // a packet was later than its transmit time
)

var originNames = map[Origin]string{
	OriginNone: "none", OriginLocal: "local", OriginICMP: "ICMP", OriginICMP6: "ICMPv6",
	OriginTimestamping: "timestamping", OriginZeroCopy: "zero copy", OriginTxTime: "transmit time",
}

// String returns the origin in words, such as "ICMPv6".
func (o Origin) String() string {
	if name := originNames[o]; name != "" {
		return name
	}
	return "origin " + strconv.Itoa(int(o))
}

// An ExtendedError is an entry of a socket's error queue: the error of a packet that was
// sent and its source, or a report that is no error (Linux).
//
// Source: ip(7), IP_RECVERR.
type ExtendedError struct {
	Err      error          // an errno, such as ECONNREFUSED or EMSGSIZE; nil for a report
	Origin   Origin         // its source
	Type     int            // of the ICMP message
	Code     int            // of the ICMP message; flags of a completion
	Info     uint32         // the MTU with EMSGSIZE; the Moment of a timestamp; the first send of a completion
	Data     uint32         // the id of a timestamp; the last send of a completion
	Offender netip.AddrPort // the sender of the ICMP message, port 0; the zero AddrPort if unknown
}

// String returns, for example, "ICMP type 3 code 3 from 10.0.0.1:0: connection refused".
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
		text = "sends " + strconv.FormatUint(uint64(e.Info), 10) + " to " + strconv.FormatUint(uint64(e.Data), 10) + " are complete"
	case OriginTxTime:
		text = "transmit time: " + text
	}
	return text
}

// ExtendedError returns an entry of the error queue, which RecvErr of a sock.Socket also
// decodes.
//
// Source: ip(7), ipv6(7).
func (m Message) ExtendedError() (e ExtendedError, ok bool) {
	const size = 16 // of struct sock_extended_err; the offender follows
	if !m.is(sys.IPPROTO_IP, sys.IP_RECVERR, size) && !m.is(sys.IPPROTO_IPV6, sys.IPV6_RECVERR, size) && !m.is(sys.SOL_PACKET, sys.PACKET_TX_TIMESTAMP, size) {
		return e, false
	}
	e.Origin, e.Type, e.Code = Origin(m.Data[4]), int(m.Data[5]), int(m.Data[6])
	e.Info, e.Data = m.uint32(8), m.uint32(12)
	if n := sys.Errno(m.uint32(0)); n != 0 && e.Origin != OriginTimestamping {
		e.Err = n
	}
	if e.Origin == OriginICMP || e.Origin == OriginICMP6 {
		e.Offender = addrPort(m.Data[size:])
	}
	return e, true
}
