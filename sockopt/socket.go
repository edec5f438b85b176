package sockopt

import (
	"encoding/binary"
	"math"
	"runtime"
	"strconv"
	"time"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/internal/sys"
)

// Options of every socket (SOL_SOCKET), by C name. A version is of Linux, and a
// system in brackets the only one. Source: socket(7), getsockopt(2).
var (
	AcceptConn          = Option[bool]{sys.SOL_SOCKET, sys.SO_ACCEPTCONN, &boolRead}                         // read: is it listening?
	AttachBPF           = Option[int]{sys.SOL_SOCKET, sys.SO_ATTACH_BPF, &intCodec}                          // write: the descriptor of an eBPF program that filters (Linux 3.19)
	AttachReusePortEBPF = Option[int]{sys.SOL_SOCKET, sys.SO_ATTACH_REUSEPORT_EBPF, &intCodec}               // write: the descriptor of one that chooses among sockets of one port (Linux 4.5)
	BindAny             = Option[bool]{sys.SOL_SOCKET, sys.SO_BINDANY, &boolCodec}                           // bind to any address, though no interface has it; privileged (OpenBSD)
	BindToDevice        = Option[string]{sys.SOL_SOCKET, sys.SO_BINDTODEVICE, &nameCodec}                    // one interface only, "" for all (Linux; read since 3.8)
	BindToIfIndex       = Option[int]{sys.SOL_SOCKET, sys.SO_BINDTOIFINDEX, &intCodec}                       // the same by index, 0 for all; to change either back is privileged (Linux 5.1)
	BPFExtensions       = Option[int]{sys.SOL_SOCKET, sys.SO_BPF_EXTENSIONS, &intRead}                       // read: which extensions a classic filter may use (Linux 3.14)
	Broadcast           = Option[bool]{sys.SOL_SOCKET, sys.SO_BROADCAST, &boolCodec}                         // datagrams may go to a broadcast address
	BufferLock          = Option[int]{sys.SOL_SOCKET, sys.SO_BUF_LOCK, &intCodec}                            // 1: the kernel leaves SendBuffer as it is; 2: RecvBuffer (Linux 5.15)
	BusyPoll            = Option[time.Duration]{sys.SOL_SOCKET, sys.SO_BUSY_POLL, &microsCodec}              // how long a receive polls the device; microseconds. To raise it is privileged (Linux 3.11)
	BusyPollBudget      = Option[int]{sys.SOL_SOCKET, sys.SO_BUSY_POLL_BUDGET, &intCodec}                    // write: packets each time. To raise it is privileged (Linux 5.11)
	ConnAdvice          = Option[int]{sys.SOL_SOCKET, sys.SO_CNX_ADVICE, &intCodec}                          // write, 1: the path is bad, look for another (Linux 4.6)
	Cookie              = Option[uint64]{sys.SOL_SOCKET, sys.SO_COOKIE, &uint64Read}                         // read: the socket's number, never used again while the machine is up (Linux 4.12)
	Debug               = Option[bool]{sys.SOL_SOCKET, sys.SO_DEBUG, &boolCodec}                             // privileged on Linux
	SocketDomain        = Option[sock.Domain]{sys.SOL_SOCKET, sys.SO_DOMAIN, &domainRead}                    // read (Linux, FreeBSD, OpenBSD)
	SocketDontRoute     = Option[bool]{sys.SOL_SOCKET, sys.SO_DONTROUTE, &boolCodec}                         // only to hosts on the same network; DontRoute is the flag
	PendingError        = Option[error]{sys.SOL_SOCKET, sys.SO_ERROR, &errorCodec}                           // read: the error that waits, an errno or nil; reading it forgets it
	IncomingCPU         = Option[int]{sys.SOL_SOCKET, sys.SO_INCOMING_CPU, &intCodec}                        // the CPU that packets came by; set, a reuse-port group prefers it (Linux 3.19, set 4.4)
	IncomingNAPIID      = Option[int]{sys.SOL_SOCKET, sys.SO_INCOMING_NAPI_ID, &intRead}                     // read: the device queue that packets came by, 0 for none (Linux 4.12)
	KeepAlive           = Option[bool]{sys.SOL_SOCKET, sys.SO_KEEPALIVE, &boolCodec}                         // ask an idle peer whether it is still there
	Linger              = Option[LingerValue]{sys.SOL_SOCKET, sys.SO_LINGER, &lingerCodec}                   // what Close does with unsent data
	ListenIncomplete    = Option[int]{sys.SOL_SOCKET, sys.SO_LISTENINCQLEN, &intRead}                        // read: connections not yet complete (FreeBSD)
	ListenQueue         = Option[int]{sys.SOL_SOCKET, sys.SO_LISTENQLEN, &intRead}                           // read: connections that wait to be accepted (FreeBSD)
	ListenLimit         = Option[int]{sys.SOL_SOCKET, sys.SO_LISTENQLIMIT, &intRead}                         // read: the backlog (FreeBSD)
	LockFilter          = Option[bool]{sys.SOL_SOCKET, sys.SO_LOCK_FILTER, &boolCodec}                       // the filter can no longer be changed, nor the lock (Linux 3.9)
	Mark                = Option[uint32]{sys.SOL_SOCKET, sys.SO_MARK, &uint32Codec}                          // for routing and packet filters; privileged (Linux)
	MaxPacingRate       = Option[uint64]{sys.SOL_SOCKET, sys.SO_MAX_PACING_RATE, &rateCodec}                 // bytes a second, math.MaxUint64 for no limit (Linux 3.13, above 32 bits 4.20; FreeBSD)
	MemInfo             = Option[MemInfoValue]{sys.SOL_SOCKET, sys.SO_MEMINFO, &memInfoCodec}                // read: the memory it uses (Linux 4.12)
	NetNSCookie         = Option[uint64]{sys.SOL_SOCKET, sys.SO_NETNS_COOKIE, &uint64Read}                   // read: the number of its network namespace (Linux 5.14)
	NoFCS               = Option[bool]{sys.SOL_SOCKET, sys.SO_NOFCS, &boolCodec}                             // the device adds no frame check sequence; packet sockets (Linux 3.4)
	NoSigPipe           = Option[bool]{sys.SOL_SOCKET, sys.SO_NOSIGPIPE, &boolCodec}                         // no SIGPIPE: Open sets it where sends have no flag for it (macOS, FreeBSD, NetBSD, DragonFly)
	UnreadBytes         = Option[int]{sys.SOL_SOCKET, sys.SO_NREAD, &intRead}                                // read: bytes to receive, of a datagram socket in the first one (macOS)
	UnsentBytes         = Option[int]{sys.SOL_SOCKET, sys.SO_NWRITE, &intRead}                               // read: bytes not yet sent, or not yet acknowledged (macOS)
	OOBInline           = Option[bool]{sys.SOL_SOCKET, sys.SO_OOBINLINE, &boolCodec}                         // urgent data stays in the stream
	PassCred            = Option[bool]{sys.SOL_SOCKET, sys.SO_PASSCRED, &boolCodec}                          // messages bring the sender's credentials; unix, netlink (Linux)
	PassPIDFD           = Option[bool]{sys.SOL_SOCKET, sys.SO_PASSPIDFD, &boolCodec}                         // messages bring a pidfd of the sender; unix (Linux 6.5)
	PassRights          = Option[bool]{sys.SOL_SOCKET, sys.SO_PASSRIGHTS, &boolCodec}                        // descriptors may come, as they do unless this is off; unix (Linux 6.16)
	PassSec             = Option[bool]{sys.SOL_SOCKET, sys.SO_PASSSEC, &boolCodec}                           // messages bring the sender's security label; unix, netlink (Linux)
	PeekOffset          = Option[int]{sys.SOL_SOCKET, sys.SO_PEEK_OFF, &intCodec}                            // where the next Peek begins, in bytes; -1 for the beginning, always (Linux 3.4, UDP 4.8, TCP 6.9)
	PeerGroups          = Option[[]int]{sys.SOL_SOCKET, sys.SO_PEERGROUPS, &groupsRead}                      // read: the peer's supplementary groups; unix (Linux 4.13)
	PeerPIDFD           = Option[int]{sys.SOL_SOCKET, sys.SO_PEERPIDFD, &intRead}                            // read: a new pidfd of the peer, the caller's to close; unix (Linux 6.5)
	PeerSec             = Option[string]{sys.SOL_SOCKET, sys.SO_PEERSEC, &stringRead}                        // read: the peer's security label; a kernel without such labels has no such option (Linux)
	PreferBusyPoll      = Option[bool]{sys.SOL_SOCKET, sys.SO_PREFER_BUSY_POLL, &boolCodec}                  // poll the device instead of interrupts; to set it is privileged (Linux 5.11)
	SendPriority        = Option[int]{sys.SOL_SOCKET, sys.SO_PRIORITY, &intCodec}                            // of its packets in the queue of the device; above 6 is privileged (Linux)
	SocketProtocol      = Option[sock.Protocol]{sys.SOL_SOCKET, sys.SO_PROTOCOL, &protocolRead}              // read (Linux, FreeBSD, OpenBSD)
	RecvBuffer          = Option[int]{sys.SOL_SOCKET, sys.SO_RCVBUF, &intCodec}                              // bytes; Linux doubles what is set, for its own use
	RecvBufferForce     = Option[int]{sys.SOL_SOCKET, sys.SO_RCVBUFFORCE, &intCodec}                         // write: RecvBuffer beyond the system's limit; privileged (Linux)
	RecvLowWater        = Option[int]{sys.SOL_SOCKET, sys.SO_RCVLOWAT, &intCodec}                            // bytes from which on a stream is Readable
	RecvMark            = Option[bool]{sys.SOL_SOCKET, sys.SO_RCVMARK, &boolCodec}                           // messages bring the mark of their packet; privileged (Linux 5.19)
	RecvPriority        = Option[bool]{sys.SOL_SOCKET, sys.SO_RCVPRIORITY, &boolCodec}                       // messages bring the priority of their packet (Linux 6.14)
	ReserveMem          = Option[int]{sys.SOL_SOCKET, sys.SO_RESERVE_MEM, &intCodec}                         // bytes of memory kept for it, in whole pages; in a memory cgroup only (Linux 5.16)
	ReuseAddr           = Option[bool]{sys.SOL_SOCKET, sys.SO_REUSEADDR, &boolCodec}                         // bind though old connections of the address linger
	ReusePort           = Option[bool]{sys.SOL_SOCKET, sys.SO_REUSEPORT, &boolCodec}                         // several sockets on one address: shared out on Linux and DragonFly; elsewhere one of them gets all
	ReusePortLB         = Option[bool]{sys.SOL_SOCKET, sys.SO_REUSEPORT_LB, &boolCodec}                      // several sockets on one address, shared out (FreeBSD)
	RTable              = Option[int]{sys.SOL_SOCKET, sys.SO_RTABLE, &intCodec}                              // the routing table; to change it is privileged (OpenBSD)
	RecvQueueOverflow   = Option[bool]{sys.SOL_SOCKET, sys.SO_RXQ_OVFL, &boolCodec}                          // messages bring how many were dropped before (Linux)
	SelectErrQueue      = Option[bool]{sys.SOL_SOCKET, sys.SO_SELECT_ERR_QUEUE, &boolCodec}                  // what waits in the error queue is Priority, too (Linux 3.10)
	SetFIB              = Option[int]{sys.SOL_SOCKET, sys.SO_SETFIB, &intCodec}                              // write: the routing table (FreeBSD)
	SendBuffer          = Option[int]{sys.SOL_SOCKET, sys.SO_SNDBUF, &intCodec}                              // bytes; Linux doubles what is set, for its own use
	SendBufferForce     = Option[int]{sys.SOL_SOCKET, sys.SO_SNDBUFFORCE, &intCodec}                         // write: SendBuffer beyond the system's limit; privileged (Linux)
	SendLowWater        = Option[int]{sys.SOL_SOCKET, sys.SO_SNDLOWAT, &intCodec}                            // bytes of room from which on it is Writable. Linux: 1, read-only
	Timestamp           = Option[bool]{sys.SOL_SOCKET, sys.SO_TIMESTAMP, &boolCodec}                         // messages bring when they arrived; on Linux in place of TimestampNS
	Timestamping        = Option[TimestampingFlags]{sys.SOL_SOCKET, sys.SO_TIMESTAMPING, &timestampingCodec} // time stamps of arrival and of sending, by hardware too (Linux)
	TimestampNS         = Option[bool]{sys.SOL_SOCKET, sys.SO_TIMESTAMPNS, &boolCodec}                       // the same as Timestamp, in nanoseconds (Linux)
	TimestampClock      = Option[int]{sys.SOL_SOCKET, sys.SO_TS_CLOCK, &intCodec}                            // the clock of Timestamp: 0 real time in microseconds, 1 bintime, 2 real time, 3 monotonic (FreeBSD)
	TxRehash            = Option[int]{sys.SOL_SOCKET, sys.SO_TXREHASH, &intCodec}                            // 1: after a time-out look for another path; 0: do not; -1: as the system does (Linux 5.18)
	TxTime              = Option[TxTimeValue]{sys.SOL_SOCKET, sys.SO_TXTIME, &txTimeCodec}                   // messages may say when they are to be sent; a clock other than monotonic is privileged (Linux 4.19)
	SocketType          = Option[sock.Type]{sys.SOL_SOCKET, sys.SO_TYPE, &typeRead}                          // read
	UseLoopback         = Option[bool]{sys.SOL_SOCKET, sys.SO_USELOOPBACK, &boolCodec}                       // a routing socket gets what it sends (the BSDs, macOS)
	UserCookie          = Option[uint32]{sys.SOL_SOCKET, sys.SO_USER_COOKIE, &uint32Codec}                   // write: for packet filters (FreeBSD)
	WiFiStatus          = Option[bool]{sys.SOL_SOCKET, sys.SO_WIFI_STATUS, &boolCodec}                       // the error queue tells whether frames were acknowledged (Linux 3.3)
	ZeroCopySend        = Option[bool]{sys.SOL_SOCKET, sys.SO_ZEROCOPY, &boolCodec}                          // sends may have the flag ZeroCopy (Linux 4.14)
)

var (
	domainRead        = readOnly(numberCodec[sock.Domain]())
	protocolRead      = readOnly(numberCodec[sock.Protocol]())
	typeRead          = readOnly(numberCodec[sock.Type]())
	timestampingCodec = numberCodec[TimestampingFlags]()
)

// LingerValue is the value of [Linger]: if On, Close of a stream with unsent
// data keeps trying to send it for Timeout, and with a Timeout of 0 it resets
// the connection. On Linux close(2) waits meanwhile, though the descriptor is
// non-blocking, and holds a thread. The kernel counts whole seconds: parts are
// rounded up.
type LingerValue struct {
	On      bool
	Timeout time.Duration
}

var lingerCodec = codec[LingerValue]{
	size: 8,
	put: func(v LingerValue) (raw, error) {
		seconds, err := inUnits(v.Timeout, time.Second)
		if v.On {
			return rawUint32(1, uint32(seconds)), err
		}
		return rawUint32(0, uint32(seconds)), err
	},
	get: func(r raw) LingerValue {
		return LingerValue{r.uint32(0) != 0, time.Duration(int32(r.uint32(4))) * time.Second}
	},
}

// A rate of 32 bits goes as such, which kernels of 32 bits, older ones and
// FreeBSD know alone. All ones are no limit, in both sizes.
var rateCodec = codec[uint64]{
	size: 8,
	put: func(v uint64) (raw, error) {
		switch {
		case v == math.MaxUint64:
			return rawUint32(math.MaxUint32), nil
		case v < math.MaxUint32:
			return rawUint32(uint32(v)), nil
		case runtime.GOOS != "linux":
			return raw{}, bad(strconv.FormatUint(v, 10) + " does not fit 32 bits")
		}
		return putUint64(v)
	},
	get: func(r raw) uint64 {
		switch {
		case r.n == 8:
			return r.uint64(0)
		case r.uint32(0) == math.MaxUint32:
			return math.MaxUint64
		}
		return uint64(r.uint32(0))
	},
}

// MemInfoValue is the value of [MemInfo], all in bytes but Drops.
type MemInfoValue struct {
	RecvAlloc    uint32 // in the receive queue
	RecvBuffer   uint32
	SendAlloc    uint32 // in flight
	SendBuffer   uint32
	ForwardAlloc uint32 // allotted, and not used yet
	SendQueued   uint32 // in the send queue
	OptMem       uint32 // filters and the like
	Backlog      uint32 // received while the socket was in use
	Drops        uint32 // packets dropped
}

var memInfoCodec = codec[MemInfoValue]{read: readMemInfo}

func readMemInfo(s *sock.Socket, level, name int) (v MemInfoValue, err error) {
	var b [36]byte
	n, err := readOption(s, level, name, b[:])
	f := fields{b[:n]}
	return MemInfoValue{f.uint32(), f.uint32(), f.uint32(), f.uint32(), f.uint32(), f.uint32(), f.uint32(), f.uint32(), f.uint32()}, err
}

// maxGroups is how many groups Linux lets a process have.
const maxGroups = 1 << 16

var groupsRead = codec[[]int]{read: func(s *sock.Socket, level, name int) ([]int, error) {
	b := make([]byte, 4*maxGroups)
	n, err := readOption(s, level, name, b)
	if err != nil {
		return nil, err
	}
	groups := make([]int, n/4)
	for i := range groups {
		groups[i] = int(binary.NativeEndian.Uint32(b[4*i:]))
	}
	return groups, nil
}}

// TxTimeValue is the value of [TxTime].
type TxTimeValue struct {
	Clock        int  // CLOCK_REALTIME 0, CLOCK_MONOTONIC 1, CLOCK_TAI 11
	Deadline     bool // the time is the latest, not the one
	ReportErrors bool // what missed its time is in the error queue
}

const (
	txTimeDeadline     = 1 << iota // SOF_TXTIME_DEADLINE_MODE
	txTimeReportErrors             // SOF_TXTIME_REPORT_ERRORS
)

var txTimeCodec = codec[TxTimeValue]{
	size: 8,
	put: func(v TxTimeValue) (raw, error) {
		r, err := intCodec.put(v.Clock)
		if err != nil {
			return r, err
		}
		var flags uint32
		if v.Deadline {
			flags |= txTimeDeadline
		}
		if v.ReportErrors {
			flags |= txTimeReportErrors
		}
		return rawUint32(r.uint32(0), flags), nil
	},
	get: func(r raw) TxTimeValue {
		flags := r.uint32(4)
		return TxTimeValue{int(int32(r.uint32(0))), flags&txTimeDeadline != 0, flags&txTimeReportErrors != 0}
	},
}

// TimestampingFlags is the value of [Timestamping], and of [PacketTimestamp]:
// which time stamps are made, and which are told (SOF_TIMESTAMPING_*).
type TimestampingFlags int

// The flags. A stamp is made by one of the first six that begin with Tx or Rx,
// and told by TimestampingSoftware or TimestampingRawHardware. Source: the kernel's
// networking/timestamping.rst.
const (
	TimestampingTxHardware   TimestampingFlags = sys.SOF_TIMESTAMPING_TX_HARDWARE   // made when the device has sent
	TimestampingTxSoftware   TimestampingFlags = sys.SOF_TIMESTAMPING_TX_SOFTWARE   // made when the driver sends
	TimestampingRxHardware   TimestampingFlags = sys.SOF_TIMESTAMPING_RX_HARDWARE   // made when the device receives
	TimestampingRxSoftware   TimestampingFlags = sys.SOF_TIMESTAMPING_RX_SOFTWARE   // made when the kernel receives
	TimestampingSoftware     TimestampingFlags = sys.SOF_TIMESTAMPING_SOFTWARE      // tell software's
	TimestampingRawHardware  TimestampingFlags = sys.SOF_TIMESTAMPING_RAW_HARDWARE  // tell hardware's
	TimestampingOptID        TimestampingFlags = sys.SOF_TIMESTAMPING_OPT_ID        // each sent message, or byte of a stream, has a number (Linux 3.17)
	TimestampingTxSched      TimestampingFlags = sys.SOF_TIMESTAMPING_TX_SCHED      // made when the packet enters the queue of the device (Linux 3.17)
	TimestampingTxAck        TimestampingFlags = sys.SOF_TIMESTAMPING_TX_ACK        // made when the peer has acknowledged; TCP (Linux 3.17)
	TimestampingOptCmsg      TimestampingFlags = sys.SOF_TIMESTAMPING_OPT_CMSG      // sent ones bring packet info as well (Linux 3.19)
	TimestampingOptTSOnly    TimestampingFlags = sys.SOF_TIMESTAMPING_OPT_TSONLY    // sent ones come without the packet (Linux 4.0)
	TimestampingOptStats     TimestampingFlags = sys.SOF_TIMESTAMPING_OPT_STATS     // sent ones bring statistics; TCP, with TimestampingOptTSOnly (Linux 4.10)
	TimestampingOptPktInfo   TimestampingFlags = sys.SOF_TIMESTAMPING_OPT_PKTINFO   // hardware's bring device and length (Linux 4.13)
	TimestampingOptTxSwHw    TimestampingFlags = sys.SOF_TIMESTAMPING_OPT_TX_SWHW   // both for one packet sent (Linux 4.13)
	TimestampingBindPHC      TimestampingFlags = sys.SOF_TIMESTAMPING_BIND_PHC      // by a clock of its own, which BytesOption can name (Linux 5.14)
	TimestampingOptIDTCP     TimestampingFlags = sys.SOF_TIMESTAMPING_OPT_ID_TCP    // TimestampingOptID counts from this call on (Linux 6.2)
	TimestampingOptRxFilter  TimestampingFlags = sys.SOF_TIMESTAMPING_OPT_RX_FILTER // only such received ones as were asked for (Linux 6.12)
	TimestampingTxCompletion TimestampingFlags = sys.SOF_TIMESTAMPING_TX_COMPLETION // made when the device reports; Bluetooth (Linux 6.15)
)

// String returns the C names, joined by "|".
func (f TimestampingFlags) String() string { return sys.FlagNames("SOF", int(f)) }
