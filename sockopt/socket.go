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

// Options of every socket (SOL_SOCKET), by C name.
//
// Source: socket(7), getsockopt(2).
var (
	// AcceptConn is SO_ACCEPTCONN: whether the socket listens. It is read-only. Systems: all.
	AcceptConn Option[bool]

	// AttachBPF is SO_ATTACH_BPF: attach an eBPF program as the socket's filter, by its
	// descriptor. It is write-only. Systems: Linux 3.19.
	AttachBPF Option[int]

	// AttachReusePortEBPF is SO_ATTACH_REUSEPORT_EBPF: attach an eBPF program, by its descriptor,
	// that chooses among the sockets of one port. It is write-only. Systems: Linux 4.5.
	AttachReusePortEBPF Option[int]

	// BindAny is SO_BINDANY: bind to an address that no interface has. It is privileged. Systems:
	// OpenBSD.
	BindAny Option[bool]

	// BindToDevice is SO_BINDTODEVICE: use one interface only, by name; "" is every interface.
	// Reading it needs Linux 3.8. Systems: Linux.
	BindToDevice Option[string]

	// BindToIfIndex is SO_BINDTOIFINDEX: use one interface only, by index; 0 is every interface.
	// Changing it or BindToDevice once one is set is privileged. Systems: Linux 5.1.
	BindToIfIndex Option[int]

	// BPFExtensions is SO_BPF_EXTENSIONS: the extensions that a classic filter may use. It is
	// read-only. Systems: Linux 3.14.
	BPFExtensions Option[int]

	// Broadcast is SO_BROADCAST: datagrams may be sent to a broadcast address. Systems: all.
	Broadcast Option[bool]

	// BufferLock is SO_BUF_LOCK: the buffers whose size the kernel must not adjust, as bits: 1 is
	// SendBuffer, 2 is RecvBuffer. Systems: Linux 5.15.
	BufferLock Option[int]

	// BusyPoll is SO_BUSY_POLL: how long a receive polls the device, in whole microseconds.
	// Raising it is privileged. Systems: Linux 3.11.
	BusyPoll Option[time.Duration]

	// BusyPollBudget is SO_BUSY_POLL_BUDGET: how many packets each busy poll may take. It is
	// write-only. Raising it is privileged. Systems: Linux 5.11.
	BusyPollBudget Option[int]

	// ConnAdvice is SO_CNX_ADVICE: 1 reports that the path is bad and asks for another one. It is
	// write-only. Systems: Linux 4.6.
	ConnAdvice Option[int]

	// Cookie is SO_COOKIE: the number of the socket, not used again until the machine restarts. It
	// is read-only. Systems: Linux 4.12.
	Cookie Option[uint64]

	// Debug is SO_DEBUG: record debugging information. It is privileged on Linux. Systems: all.
	Debug Option[bool]

	// Domain is SO_DOMAIN: the address family. It is read-only. Systems: Linux, FreeBSD, OpenBSD.
	Domain Option[sock.Domain]

	// DontRoute is SO_DONTROUTE: send only to hosts on a directly connected network. The flag
	// [sock.DontRoute] does it for one send. Systems: all.
	DontRoute Option[bool]

	// Error is SO_ERROR: the pending error, an errno or nil. Reading it clears it. It is
	// read-only. Systems: all.
	Error Option[error]

	// IncomingCPU is SO_INCOMING_CPU: the CPU that packets arrived on. A reuse-port group prefers
	// the socket whose value is the CPU of the packet; setting it needs Linux 4.4. Systems: Linux
	// 3.19.
	IncomingCPU Option[int]

	// IncomingNAPIID is SO_INCOMING_NAPI_ID: the device queue that packets arrived on; 0 is none.
	// It is read-only. Systems: Linux 4.12.
	IncomingNAPIID Option[int]

	// KeepAlive is SO_KEEPALIVE: probe an idle peer. TCPKeepIdle, TCPKeepInterval and TCPKeepCount
	// control the probes. Systems: all.
	KeepAlive Option[bool]

	// Linger is SO_LINGER: what Close does with unsent data. Systems: all.
	Linger Option[LingerValue]

	// ListenIncompleteQueueLen is SO_LISTENINCQLEN: how many connections are not complete yet. It
	// is read-only. Systems: FreeBSD.
	ListenIncompleteQueueLen Option[int]

	// ListenQueueLen is SO_LISTENQLEN: how many connections wait for Accept. It is read-only.
	// Systems: FreeBSD.
	ListenQueueLen Option[int]

	// ListenQueueLimit is SO_LISTENQLIMIT: the backlog. It is read-only. Systems: FreeBSD.
	ListenQueueLimit Option[int]

	// LockFilter is SO_LOCK_FILTER: forbid any further change of the filter and of this lock.
	// Systems: Linux 3.9.
	LockFilter Option[bool]

	// Mark is SO_MARK: the mark of sent packets, for routing and packet filters. It is privileged.
	// Systems: Linux.
	Mark Option[uint32]

	// MaxPacingRate is SO_MAX_PACING_RATE: the highest send rate, in bytes per second;
	// math.MaxUint64 is no limit. Rates above 32 bits need Linux 4.20; FreeBSD has none. Systems:
	// Linux 3.13, FreeBSD.
	MaxPacingRate Option[uint64]

	// MemInfo is SO_MEMINFO: the memory that the socket uses. It is read-only. Systems: Linux
	// 4.12.
	MemInfo Option[MemInfoValue]

	// NetNSCookie is SO_NETNS_COOKIE: the number of the socket's network namespace. It is
	// read-only. Systems: Linux 5.14.
	NetNSCookie Option[uint64]

	// NoFCS is SO_NOFCS: the device does not append a frame check sequence. It is an option of
	// packet sockets. Systems: Linux 3.4.
	NoFCS Option[bool]

	// NoSigPipe is SO_NOSIGPIPE: do not raise SIGPIPE. Open sets it where sends have no flag for
	// that. Systems: FreeBSD, NetBSD, DragonFly, macOS.
	NoSigPipe Option[bool]

	// NRead is SO_NREAD: how many bytes can be received; on a datagram socket, the size of the
	// first datagram. It is read-only. Systems: macOS.
	NRead Option[int]

	// NWrite is SO_NWRITE: how many bytes are not sent, or not acknowledged, yet. It is read-only.
	// Systems: macOS.
	NWrite Option[int]

	// OOBInline is SO_OOBINLINE: leave urgent data in the stream. Systems: all.
	OOBInline Option[bool]

	// PassCred is SO_PASSCRED: received messages carry the credentials of the sender. It is an
	// option of unix and netlink sockets. Systems: Linux.
	PassCred Option[bool]

	// PassPIDFD is SO_PASSPIDFD: received messages carry a pidfd of the sender. It is an option of
	// unix sockets. Systems: Linux 6.5.
	PassPIDFD Option[bool]

	// PassRights is SO_PASSRIGHTS: accept descriptors in received messages. It is on by default.
	// It is an option of unix sockets. Systems: Linux 6.16.
	PassRights Option[bool]

	// PassSec is SO_PASSSEC: received messages carry the security label of the sender. It is an
	// option of unix and netlink sockets. Systems: Linux.
	PassSec Option[bool]

	// PeekOffset is SO_PEEK_OFF: where the next receive with [sock.Peek] begins, in bytes; -1 is
	// always the beginning. UDP needs Linux 4.8, TCP Linux 6.9. Systems: Linux 3.4.
	PeekOffset Option[int]

	// PeerGroups is SO_PEERGROUPS: the supplementary groups of the peer. It is read-only. It is an
	// option of unix sockets. Systems: Linux 4.13.
	PeerGroups Option[[]int]

	// PeerPIDFD is SO_PEERPIDFD: a new pidfd of the peer, which the caller must close. It is
	// read-only. It is an option of unix sockets. Systems: Linux 6.5.
	PeerPIDFD Option[int]

	// PeerSec is SO_PEERSEC: the security label of the peer. It is read-only. A kernel without
	// security labels does not have it. Systems: Linux.
	PeerSec Option[string]

	// PreferBusyPoll is SO_PREFER_BUSY_POLL: poll the device rather than use interrupts. Setting
	// it is privileged. Systems: Linux 5.11.
	PreferBusyPoll Option[bool]

	// Priority is SO_PRIORITY: the priority of sent packets in the device queue. Values above 6
	// are privileged. [sock.Priority] is a readiness of the Poller. Systems: Linux.
	Priority Option[int]

	// Protocol is SO_PROTOCOL: the protocol. It is read-only. Systems: Linux, FreeBSD, OpenBSD.
	Protocol Option[sock.Protocol]

	// RecvBuffer is SO_RCVBUF: the size of the receive buffer, in bytes. Linux doubles the value
	// that is set, for its own overhead, and reads back the double. Systems: all.
	RecvBuffer Option[int]

	// RecvBufferForce is SO_RCVBUFFORCE: set RecvBuffer above the limit of the system. It is
	// write-only and privileged. Systems: Linux.
	RecvBufferForce Option[int]

	// RecvLowWater is SO_RCVLOWAT: from how many bytes on a stream is readable. Systems: all.
	RecvLowWater Option[int]

	// RecvMark is SO_RCVMARK: received messages carry the mark of their packet. It is privileged.
	// Systems: Linux 5.19.
	RecvMark Option[bool]

	// RecvPriority is SO_RCVPRIORITY: received messages carry the priority of their packet.
	// Systems: Linux 6.14.
	RecvPriority Option[bool]

	// ReserveMem is SO_RESERVE_MEM: how many bytes of memory to reserve, rounded to pages. It
	// works in a memory cgroup only. Systems: Linux 5.16.
	ReserveMem Option[int]

	// ReuseAddr is SO_REUSEADDR: bind although old connections of the address are in TIME_WAIT.
	// Systems: all.
	ReuseAddr Option[bool]

	// ReusePort is SO_REUSEPORT: several sockets may bind to one address. Linux and DragonFly
	// distribute packets and connections among them; on the other systems one of them receives
	// all. Systems: all.
	ReusePort Option[bool]

	// ReusePortLB is SO_REUSEPORT_LB: several sockets may bind to one address, and the kernel
	// distributes connections among them. Systems: FreeBSD.
	ReusePortLB Option[bool]

	// RTable is SO_RTABLE: the routing table. Changing it is privileged. Systems: OpenBSD.
	RTable Option[int]

	// RxQueueOverflow is SO_RXQ_OVFL: received messages carry the number of messages dropped so
	// far. Systems: Linux.
	RxQueueOverflow Option[bool]

	// SelectErrQueue is SO_SELECT_ERR_QUEUE: an entry in the error queue makes the socket ready
	// for [sock.Priority] too. Systems: Linux 3.10.
	SelectErrQueue Option[bool]

	// SetFIB is SO_SETFIB: the routing table. It is write-only. Systems: FreeBSD.
	SetFIB Option[int]

	// SendBuffer is SO_SNDBUF: the size of the send buffer, in bytes. Linux doubles the value that
	// is set, for its own overhead, and reads back the double. Systems: all.
	SendBuffer Option[int]

	// SendBufferForce is SO_SNDBUFFORCE: set SendBuffer above the limit of the system. It is
	// write-only and privileged. Systems: Linux.
	SendBufferForce Option[int]

	// SendLowWater is SO_SNDLOWAT: from how many bytes of room on the socket is writable. On Linux
	// it is 1 and read-only. Systems: all.
	SendLowWater Option[int]

	// Timestamp is SO_TIMESTAMP: received messages carry the time of their arrival. On Linux it
	// replaces TimestampNS. Systems: all.
	Timestamp Option[bool]

	// Timestamping is SO_TIMESTAMPING: received messages carry software or hardware timestamps,
	// and the error queue those of sent ones. Systems: Linux.
	Timestamping Option[TimestampingFlags]

	// TimestampNS is SO_TIMESTAMPNS: received messages carry the time of their arrival in
	// nanoseconds. It is Timestamp with another unit, and replaces it. Systems: Linux.
	TimestampNS Option[bool]

	// TimestampClock is SO_TS_CLOCK: the clock of Timestamp: 0 real time in microseconds, 1
	// bintime, 2 real time in nanoseconds, 3 monotonic. Systems: FreeBSD.
	TimestampClock Option[int]

	// TxRehash is SO_TXREHASH: 1: after a time-out choose another path; 0: do not; -1: the default
	// of the system. Systems: Linux 5.18.
	TxRehash Option[int]

	// TxTime is SO_TXTIME: sent messages may carry the time at which they leave: see
	// cmsg.AppendTxTime. A clock other than the monotonic one is privileged. Systems: Linux 4.19.
	TxTime Option[TxTimeValue]

	// Type is SO_TYPE: the socket type. It is read-only. Systems: all.
	Type Option[sock.Type]

	// UseLoopback is SO_USELOOPBACK: a routing socket receives a copy of what it sends. Systems:
	// FreeBSD, NetBSD, OpenBSD, DragonFly, macOS.
	UseLoopback Option[bool]

	// UserCookie is SO_USER_COOKIE: a number for packet filters. It is write-only. Systems:
	// FreeBSD.
	UserCookie Option[uint32]

	// WiFiStatus is SO_WIFI_STATUS: the error queue reports whether frames were acknowledged.
	// Systems: Linux 3.3.
	WiFiStatus Option[bool]

	// ZeroCopy is SO_ZEROCOPY: sends may have the flag [sock.ZeroCopy]. Systems: Linux 4.14.
	ZeroCopy Option[bool]
)

// Level, number and codec of each option.
func init() {
	AcceptConn = option(sys.SOL_SOCKET, sys.SO_ACCEPTCONN, &boolRead)
	AttachBPF = option(sys.SOL_SOCKET, sys.SO_ATTACH_BPF, &intCodec)
	AttachReusePortEBPF = option(sys.SOL_SOCKET, sys.SO_ATTACH_REUSEPORT_EBPF, &intCodec)
	BindAny = option(sys.SOL_SOCKET, sys.SO_BINDANY, &boolCodec)
	BindToDevice = option(sys.SOL_SOCKET, sys.SO_BINDTODEVICE, &nameCodec)
	BindToIfIndex = option(sys.SOL_SOCKET, sys.SO_BINDTOIFINDEX, &intCodec)
	BPFExtensions = option(sys.SOL_SOCKET, sys.SO_BPF_EXTENSIONS, &intRead)
	Broadcast = option(sys.SOL_SOCKET, sys.SO_BROADCAST, &boolCodec)
	BufferLock = option(sys.SOL_SOCKET, sys.SO_BUF_LOCK, &intCodec)
	BusyPoll = option(sys.SOL_SOCKET, sys.SO_BUSY_POLL, &microsCodec)
	BusyPollBudget = option(sys.SOL_SOCKET, sys.SO_BUSY_POLL_BUDGET, &intCodec)
	ConnAdvice = option(sys.SOL_SOCKET, sys.SO_CNX_ADVICE, &intCodec)
	Cookie = option(sys.SOL_SOCKET, sys.SO_COOKIE, &uint64Read)
	Debug = option(sys.SOL_SOCKET, sys.SO_DEBUG, &boolCodec)
	Domain = option(sys.SOL_SOCKET, sys.SO_DOMAIN, &domainRead)
	DontRoute = option(sys.SOL_SOCKET, sys.SO_DONTROUTE, &boolCodec)
	Error = option(sys.SOL_SOCKET, sys.SO_ERROR, &errorCodec)
	IncomingCPU = option(sys.SOL_SOCKET, sys.SO_INCOMING_CPU, &intCodec)
	IncomingNAPIID = option(sys.SOL_SOCKET, sys.SO_INCOMING_NAPI_ID, &intRead)
	KeepAlive = option(sys.SOL_SOCKET, sys.SO_KEEPALIVE, &boolCodec)
	Linger = option(sys.SOL_SOCKET, sys.SO_LINGER, &lingerCodec)
	ListenIncompleteQueueLen = option(sys.SOL_SOCKET, sys.SO_LISTENINCQLEN, &intRead)
	ListenQueueLen = option(sys.SOL_SOCKET, sys.SO_LISTENQLEN, &intRead)
	ListenQueueLimit = option(sys.SOL_SOCKET, sys.SO_LISTENQLIMIT, &intRead)
	LockFilter = option(sys.SOL_SOCKET, sys.SO_LOCK_FILTER, &boolCodec)
	Mark = option(sys.SOL_SOCKET, sys.SO_MARK, &uint32Codec)
	MaxPacingRate = option(sys.SOL_SOCKET, sys.SO_MAX_PACING_RATE, &rateCodec)
	MemInfo = option(sys.SOL_SOCKET, sys.SO_MEMINFO, &memInfoCodec)
	NetNSCookie = option(sys.SOL_SOCKET, sys.SO_NETNS_COOKIE, &uint64Read)
	NoFCS = option(sys.SOL_SOCKET, sys.SO_NOFCS, &boolCodec)
	NoSigPipe = option(sys.SOL_SOCKET, sys.SO_NOSIGPIPE, &boolCodec)
	NRead = option(sys.SOL_SOCKET, sys.SO_NREAD, &intRead)
	NWrite = option(sys.SOL_SOCKET, sys.SO_NWRITE, &intRead)
	OOBInline = option(sys.SOL_SOCKET, sys.SO_OOBINLINE, &boolCodec)
	PassCred = option(sys.SOL_SOCKET, sys.SO_PASSCRED, &boolCodec)
	PassPIDFD = option(sys.SOL_SOCKET, sys.SO_PASSPIDFD, &boolCodec)
	PassRights = option(sys.SOL_SOCKET, sys.SO_PASSRIGHTS, &boolCodec)
	PassSec = option(sys.SOL_SOCKET, sys.SO_PASSSEC, &boolCodec)
	PeekOffset = option(sys.SOL_SOCKET, sys.SO_PEEK_OFF, &intCodec)
	PeerGroups = option(sys.SOL_SOCKET, sys.SO_PEERGROUPS, &groupsRead)
	PeerPIDFD = option(sys.SOL_SOCKET, sys.SO_PEERPIDFD, &intRead)
	PeerSec = option(sys.SOL_SOCKET, sys.SO_PEERSEC, &stringRead)
	PreferBusyPoll = option(sys.SOL_SOCKET, sys.SO_PREFER_BUSY_POLL, &boolCodec)
	Priority = option(sys.SOL_SOCKET, sys.SO_PRIORITY, &intCodec)
	Protocol = option(sys.SOL_SOCKET, sys.SO_PROTOCOL, &protocolRead)
	RecvBuffer = option(sys.SOL_SOCKET, sys.SO_RCVBUF, &intCodec)
	RecvBufferForce = option(sys.SOL_SOCKET, sys.SO_RCVBUFFORCE, &intCodec)
	RecvLowWater = option(sys.SOL_SOCKET, sys.SO_RCVLOWAT, &intCodec)
	RecvMark = option(sys.SOL_SOCKET, sys.SO_RCVMARK, &boolCodec)
	RecvPriority = option(sys.SOL_SOCKET, sys.SO_RCVPRIORITY, &boolCodec)
	ReserveMem = option(sys.SOL_SOCKET, sys.SO_RESERVE_MEM, &intCodec)
	ReuseAddr = option(sys.SOL_SOCKET, sys.SO_REUSEADDR, &boolCodec)
	ReusePort = option(sys.SOL_SOCKET, sys.SO_REUSEPORT, &boolCodec)
	ReusePortLB = option(sys.SOL_SOCKET, sys.SO_REUSEPORT_LB, &boolCodec)
	RTable = option(sys.SOL_SOCKET, sys.SO_RTABLE, &intCodec)
	RxQueueOverflow = option(sys.SOL_SOCKET, sys.SO_RXQ_OVFL, &boolCodec)
	SelectErrQueue = option(sys.SOL_SOCKET, sys.SO_SELECT_ERR_QUEUE, &boolCodec)
	SetFIB = option(sys.SOL_SOCKET, sys.SO_SETFIB, &intCodec)
	SendBuffer = option(sys.SOL_SOCKET, sys.SO_SNDBUF, &intCodec)
	SendBufferForce = option(sys.SOL_SOCKET, sys.SO_SNDBUFFORCE, &intCodec)
	SendLowWater = option(sys.SOL_SOCKET, sys.SO_SNDLOWAT, &intCodec)
	Timestamp = option(sys.SOL_SOCKET, sys.SO_TIMESTAMP, &boolCodec)
	Timestamping = option(sys.SOL_SOCKET, sys.SO_TIMESTAMPING, &timestampingCodec)
	TimestampNS = option(sys.SOL_SOCKET, sys.SO_TIMESTAMPNS, &boolCodec)
	TimestampClock = option(sys.SOL_SOCKET, sys.SO_TS_CLOCK, &intCodec)
	TxRehash = option(sys.SOL_SOCKET, sys.SO_TXREHASH, &intCodec)
	TxTime = option(sys.SOL_SOCKET, sys.SO_TXTIME, &txTimeCodec)
	Type = option(sys.SOL_SOCKET, sys.SO_TYPE, &typeRead)
	UseLoopback = option(sys.SOL_SOCKET, sys.SO_USELOOPBACK, &boolCodec)
	UserCookie = option(sys.SOL_SOCKET, sys.SO_USER_COOKIE, &uint32Codec)
	WiFiStatus = option(sys.SOL_SOCKET, sys.SO_WIFI_STATUS, &boolCodec)
	ZeroCopy = option(sys.SOL_SOCKET, sys.SO_ZEROCOPY, &boolCodec)
}

var (
	domainRead        = readOnly(numberCodec[sock.Domain]())
	protocolRead      = readOnly(numberCodec[sock.Protocol]())
	typeRead          = readOnly(numberCodec[sock.Type]())
	timestampingCodec = numberCodec[TimestampingFlags]()
)

// LingerValue is the value of [Linger]. If On is set, Close of a stream with unsent data tries
// to send it for Timeout; with a Timeout of 0 it resets the connection. On Linux close(2) waits
// that long and holds a thread, although the descriptor is non-blocking. The kernel counts
// whole seconds; Set rounds up.
//
// Source: socket(7).
type LingerValue struct {
	On      bool
	Timeout time.Duration
}

var lingerCodec = codec[LingerValue]{
	size: 8,
	encode: func(v LingerValue) (value, error) {
		seconds, err := inUnits(v.Timeout, time.Second)
		if v.On {
			return uint32Value(1, uint32(seconds)), err
		}
		return uint32Value(0, uint32(seconds)), err
	},
	decode: func(x value) LingerValue {
		return LingerValue{x.uint32(0) != 0, time.Duration(int32(x.uint32(4))) * time.Second}
	},
}

// A rate that fits 32 bits is passed in 32 bits: older kernels, those of 32 bits and FreeBSD
// accept no other size. All ones are no limit in both sizes.
var rateCodec = codec[uint64]{
	size: 8,
	encode: func(v uint64) (value, error) {
		switch {
		case v == math.MaxUint64:
			return uint32Value(math.MaxUint32), nil
		case v < math.MaxUint32:
			return uint32Value(uint32(v)), nil
		case runtime.GOOS != "linux":
			return value{}, invalid(strconv.FormatUint(v, 10) + " does not fit 32 bits")
		}
		return encodeUint64(v)
	},
	decode: func(x value) uint64 {
		switch {
		case x.n == 8:
			return x.uint64(0)
		case x.uint32(0) == math.MaxUint32:
			return math.MaxUint64
		}
		return uint64(x.uint32(0))
	},
}

// MemInfoValue is the value of [MemInfo]. Drops counts packets, the other fields are in bytes.
type MemInfoValue struct {
	RecvAlloc    uint32 // in the receive queue
	RecvBuffer   uint32
	SendAlloc    uint32 // in flight
	SendBuffer   uint32
	ForwardAlloc uint32 // allocated and not used yet
	SendQueued   uint32 // in the send queue
	OptMem       uint32 // filters and other options
	Backlog      uint32 // received while the socket was locked
	Drops        uint32 // dropped packets
}

var memInfoCodec = codec[MemInfoValue]{read: readMemInfo}

func readMemInfo(s *sock.Socket, level, name int) (v MemInfoValue, err error) {
	var b [36]byte
	n, err := s.Getsockopt(level, name, b[:])
	f := fields{b[:n]}
	return MemInfoValue{f.uint32(), f.uint32(), f.uint32(), f.uint32(), f.uint32(), f.uint32(), f.uint32(), f.uint32(), f.uint32()}, err
}

// maxGroups is the largest number of groups of a process on Linux.
const maxGroups = 1 << 16

var groupsRead = codec[[]int]{read: func(s *sock.Socket, level, name int) ([]int, error) {
	b := make([]byte, 4*maxGroups)
	n, err := s.Getsockopt(level, name, b)
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
	Deadline     bool // the time is a deadline: the packet may leave earlier
	ReportErrors bool // a packet that missed its time is reported in the error queue
}

const (
	txTimeDeadline     = 1 << iota // SOF_TXTIME_DEADLINE_MODE
	txTimeReportErrors             // SOF_TXTIME_REPORT_ERRORS
)

var txTimeCodec = codec[TxTimeValue]{
	size: 8,
	encode: func(v TxTimeValue) (value, error) {
		x, err := intCodec.encode(v.Clock)
		if err != nil {
			return x, err
		}
		var flags uint32
		if v.Deadline {
			flags |= txTimeDeadline
		}
		if v.ReportErrors {
			flags |= txTimeReportErrors
		}
		return uint32Value(x.uint32(0), flags), nil
	},
	decode: func(x value) TxTimeValue {
		flags := x.uint32(4)
		return TxTimeValue{int(int32(x.uint32(0))), flags&txTimeDeadline != 0, flags&txTimeReportErrors != 0}
	},
}

// TimestampingFlags is the value of [Timestamping] and of [PacketTimestamp]: which timestamps
// the kernel generates and which it reports (SOF_TIMESTAMPING_*).
type TimestampingFlags int

// The flags. Those of Tx and Rx generate timestamps. TimestampingSoftware and
// TimestampingRawHardware report them.
//
// Source: the kernel's networking/timestamping.rst.
const (
	TimestampingTxHardware   TimestampingFlags = sys.SOF_TIMESTAMPING_TX_HARDWARE   // generate when the device has sent
	TimestampingTxSoftware   TimestampingFlags = sys.SOF_TIMESTAMPING_TX_SOFTWARE   // generate when the driver sends
	TimestampingRxHardware   TimestampingFlags = sys.SOF_TIMESTAMPING_RX_HARDWARE   // generate when the device receives
	TimestampingRxSoftware   TimestampingFlags = sys.SOF_TIMESTAMPING_RX_SOFTWARE   // generate when the kernel receives
	TimestampingSoftware     TimestampingFlags = sys.SOF_TIMESTAMPING_SOFTWARE      // report software timestamps
	TimestampingRawHardware  TimestampingFlags = sys.SOF_TIMESTAMPING_RAW_HARDWARE  // report hardware timestamps
	TimestampingOptID        TimestampingFlags = sys.SOF_TIMESTAMPING_OPT_ID        // number each sent message, or each byte of a stream (Linux 3.17)
	TimestampingTxSched      TimestampingFlags = sys.SOF_TIMESTAMPING_TX_SCHED      // generate when the packet enters the device queue (Linux 3.17)
	TimestampingTxAck        TimestampingFlags = sys.SOF_TIMESTAMPING_TX_ACK        // generate when the peer has acknowledged; TCP (Linux 3.17)
	TimestampingOptCmsg      TimestampingFlags = sys.SOF_TIMESTAMPING_OPT_CMSG      // transmit timestamps carry the packet info too (Linux 3.19)
	TimestampingOptTSOnly    TimestampingFlags = sys.SOF_TIMESTAMPING_OPT_TSONLY    // transmit timestamps come without the packet (Linux 4.0)
	TimestampingOptStats     TimestampingFlags = sys.SOF_TIMESTAMPING_OPT_STATS     // transmit timestamps carry statistics; TCP, with TimestampingOptTSOnly (Linux 4.10)
	TimestampingOptPktInfo   TimestampingFlags = sys.SOF_TIMESTAMPING_OPT_PKTINFO   // hardware timestamps carry device and length (Linux 4.13)
	TimestampingOptTxSwHw    TimestampingFlags = sys.SOF_TIMESTAMPING_OPT_TX_SWHW   // report both kinds for one sent packet (Linux 4.13)
	TimestampingBindPHC      TimestampingFlags = sys.SOF_TIMESTAMPING_BIND_PHC      // use a clock of the device, which an option made by Bytes selects (Linux 5.14)
	TimestampingOptIDTCP     TimestampingFlags = sys.SOF_TIMESTAMPING_OPT_ID_TCP    // TimestampingOptID counts from this call on; TCP (Linux 6.2)
	TimestampingOptRxFilter  TimestampingFlags = sys.SOF_TIMESTAMPING_OPT_RX_FILTER // report only those receive timestamps that the flags generate (Linux 6.12)
	TimestampingTxCompletion TimestampingFlags = sys.SOF_TIMESTAMPING_TX_COMPLETION // generate when the device reports completion; Bluetooth (Linux 6.15)
)

// String returns the C names, joined by "|".
func (f TimestampingFlags) String() string { return sys.FlagNames("SOF", int(f)) }
