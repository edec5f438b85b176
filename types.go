package sock

import (
	"math"

	"github.com/berkeleysockets/sock/internal/sys"
)

// A Domain is an address family (AF_*), the first argument of socket(2). Every family has a
// name on every system; [Open] returns [errors.ErrUnsupported] if the system lacks it.
type Domain int

// The families. Source: address_families(7).
const (
	Unspec  Domain = sys.AF_UNSPEC  // no family: the zero Addr's
	Unix    Domain = sys.AF_UNIX    // within one machine, named by paths
	Inet    Domain = sys.AF_INET    // IPv4
	Inet6   Domain = sys.AF_INET6   // IPv6
	Netlink Domain = sys.AF_NETLINK // the kernel itself (Linux)
	Packet  Domain = sys.AF_PACKET  // frames of a network interface (Linux)
	VSock   Domain = sys.AF_VSOCK   // a virtual machine and its host (Linux, macOS)
)

// String returns the C name, such as "AF_INET".
func (d Domain) String() string { return sys.ConstName("AF", int(d)) }

// A Type is the way a socket carries data (SOCK_*), the second argument of socket(2).
type Type int

// The types. Source: socket(2).
const (
	Stream    Type = sys.SOCK_STREAM    // bytes in order, both ways, over a connection
	Dgram     Type = sys.SOCK_DGRAM     // single messages, each to its address
	SeqPacket Type = sys.SOCK_SEQPACKET // messages in order over a connection
	Raw       Type = sys.SOCK_RAW       // beneath the transport layer
)

// String returns the C name, such as "SOCK_STREAM".
func (t Type) String() string { return sys.ConstName("SOCK", int(t)) }

// connected reports whether the type is connection-oriented, so that there is an end.
func (t Type) connected() bool { return t == Stream || t == SeqPacket }

// A Protocol is one of a family's protocols (IPPROTO_*), the third argument of socket(2); 0
// is the default of the type.
type Protocol int

// String returns the C name, such as "IPPROTO_TCP".
func (p Protocol) String() string { return sys.ConstName("IPPROTO", int(p)) }

// The protocols of IPv4 and IPv6. Source: ip(7), protocols(5).
const (
	ICMP    Protocol = sys.IPPROTO_ICMP
	TCP     Protocol = sys.IPPROTO_TCP
	UDP     Protocol = sys.IPPROTO_UDP
	ICMPv6  Protocol = sys.IPPROTO_ICMPV6
	SCTP    Protocol = sys.IPPROTO_SCTP
	UDPLite Protocol = sys.IPPROTO_UDPLITE
	RawIP   Protocol = sys.IPPROTO_RAW
	MPTCP   Protocol = sys.IPPROTO_MPTCP
)

// How selects the halves of a connection that [Socket.Shutdown] ends.
type How int

// The halves. Source: shutdown(2).
const (
	ShutRead  How = sys.SHUT_RD
	ShutWrite How = sys.SHUT_WR
	ShutBoth  How = sys.SHUT_RDWR
)

// String returns the C name, such as "SHUT_WR".
func (h How) String() string { return sys.ConstName("SHUT", int(h)) }

// Flags change one send or receive, or report about one (MSG_*). A flag that a system lacks
// is negative there, and a call with it returns [errors.ErrUnsupported].
type Flags int

// The flags. Source: send(2), recv(2).
const (
	OOB       Flags = sys.MSG_OOB       // urgent data; never waits
	Peek      Flags = sys.MSG_PEEK      // receive, and leave it there
	DontRoute Flags = sys.MSG_DONTROUTE // only to hosts on the same network
	CTrunc    Flags = sys.MSG_CTRUNC    // received: control messages were cut
	Trunc     Flags = sys.MSG_TRUNC     // received: the datagram was cut. Given to a receive: return its true length (Linux)
	DontWait  Flags = sys.MSG_DONTWAIT  // this call does not wait
	EOR       Flags = sys.MSG_EOR       // the end of a record
	WaitAll   Flags = sys.MSG_WAITALL   // wait until the buffer is full
	Confirm   Flags = sys.MSG_CONFIRM   // the neighbour is known to be there (Linux)
	ErrQueue  Flags = sys.MSG_ERRQUEUE  // receive from the error queue; never waits (Linux)
	NoSignal  Flags = sys.MSG_NOSIGNAL  // no SIGPIPE: every send has it
	More      Flags = sys.MSG_MORE      // more follows: do not send a short packet yet (Linux)
	ZeroCopy  Flags = sys.MSG_ZEROCOPY  // the kernel uses the buffer itself: SendZeroCopy has it, and no other call takes it (Linux 4.14)
	FastOpen  Flags = sys.MSG_FASTOPEN  // connect, and send in the first packet if the server's cookie is known; else blocking mode connects first, and another answers ErrInProgress and has sent nothing (Linux 3.7)
)

// String returns the C names, such as "MSG_PEEK|MSG_DONTWAIT".
func (f Flags) String() string { return sys.FlagNames("MSG", int(f)) }

// immediate are the flags with which a call never waits: readiness does not report urgent
// data or the error queue.
const immediate = DontWait | OOB | errQueueIfAny

const errQueueIfAny = max(ErrQueue, 0) // a flag that this system lacks is not tested for

// unsendable are the flags that no send accepts: a buffer that the kernel uses after the call
// must not be on a stack. A flag that this system lacks is negative.
const unsendable = ZeroCopy | math.MinInt

func (s *Socket) refusedFlags(op string, flags Flags) error {
	if flags < 0 {
		return s.unsupportedOrClosed(op, "a flag")
	}
	return invalidInput(op, ZeroCopy.String()+" is SendZeroCopy's, which keeps the buffer")
}
