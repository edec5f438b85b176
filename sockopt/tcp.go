package sockopt

import (
	"encoding/binary"
	"strconv"
	"time"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/internal/sys"
)

// Options of TCP (IPPROTO_TCP), by C name.
//
// Source: tcp(7), tcp(4).
var (
	// TCPCCInfo is TCP_CC_INFO: the state of the congestion control: a tcpvegas_info,
	// tcp_dctcp_info or tcp_bbr_info, or nothing. It is read-only. Systems: Linux 4.1.
	TCPCCInfo Option[[]byte]

	// TCPCongestion is TCP_CONGESTION: the congestion control, such as "cubic". One that is not in
	// tcp_allowed_congestion_control is privileged. Systems: Linux, FreeBSD.
	TCPCongestion Option[string]

	// TCPConnectionTimeout is TCP_CONNECTIONTIMEOUT: how long Connect tries, in whole seconds.
	// Systems: macOS.
	TCPConnectionTimeout Option[time.Duration]

	// TCPCork is TCP_CORK: send full segments only, until it is off, for at most 200 ms. FreeBSD,
	// OpenBSD, DragonFly and macOS have TCPNoPush instead. Systems: Linux.
	TCPCork Option[bool]

	// TCPDeferAccept is TCP_DEFER_ACCEPT: how long a connection waits for data before Accept
	// returns it, in whole seconds. The kernel rounds to its retransmission times. Systems: Linux.
	TCPDeferAccept Option[time.Duration]

	// TCPDelAckMax is TCP_DELACK_MAX_US: the longest delay of an acknowledgement, in whole
	// microseconds. Systems: Linux 6.16.
	TCPDelAckMax Option[time.Duration]

	// TCPFastOpen is TCP_FASTOPEN: the limit of pending connections of a listener that carry data
	// in their first packet (TCP fast open). On other systems than Linux it is 1 or 0; FreeBSD
	// reads -2147483648 when it is on. Systems: Linux 3.7, FreeBSD, macOS.
	TCPFastOpen Option[int]

	// TCPFastOpenConnect is TCP_FASTOPEN_CONNECT: with a cookie for the peer, Connect only notes
	// the address and the first write connects. Systems: Linux 4.11.
	TCPFastOpenConnect Option[bool]

	// TCPFastOpenKey is TCP_FASTOPEN_KEY: the key of a listener's cookies, 16 bytes, or 32 for two
	// keys. Systems: Linux 4.15.
	TCPFastOpenKey Option[[]byte]

	// TCPFastOpenNoCookie is TCP_FASTOPEN_NO_COOKIE: do not require a cookie. Systems: Linux 4.15.
	TCPFastOpenNoCookie Option[bool]

	// TCPInfo is TCP_INFO: the state and statistics of the connection. It is read-only. Systems:
	// Linux.
	TCPInfo Option[TCPInfoValue]

	// TCPInq is TCP_INQ: received messages carry the number of bytes that remain to be received.
	// Systems: Linux 4.18.
	TCPInq Option[bool]

	// TCPIsMPTCP is TCP_IS_MPTCP: whether the connection has not fallen back to TCP. It is
	// read-only. Systems: Linux 6.10.
	TCPIsMPTCP Option[bool]

	// TCPKeepCount is TCP_KEEPCNT: how many unanswered probes end the connection. Systems: Linux,
	// FreeBSD, NetBSD, DragonFly, macOS.
	TCPKeepCount Option[int]

	// TCPKeepIdle is TCP_KEEPIDLE: how long the connection is idle before the first probe, in
	// whole seconds. DragonFly before 5.8 counts milliseconds. Systems: Linux, FreeBSD, NetBSD,
	// DragonFly, macOS.
	TCPKeepIdle Option[time.Duration]

	// TCPKeepInit is TCP_KEEPINIT: how long Connect tries, in whole seconds. Systems: FreeBSD,
	// NetBSD, DragonFly.
	TCPKeepInit Option[time.Duration]

	// TCPKeepInterval is TCP_KEEPINTVL: the time between probes, in whole seconds. DragonFly
	// before 5.8 counts milliseconds. Systems: Linux, FreeBSD, NetBSD, DragonFly, macOS.
	TCPKeepInterval Option[time.Duration]

	// TCPLinger2 is TCP_LINGER2: how long a closed connection waits for the peer's FIN, in whole
	// seconds; 0 is the default. Systems: Linux.
	TCPLinger2 Option[time.Duration]

	// TCPMaxSeg is TCP_MAXSEG: the size of the largest segment, in bytes. Set it before Connect.
	// FreeBSD accepts at most 536 before Connect. Systems: all.
	TCPMaxSeg Option[int]

	// TCPMaxUnackTime is TCP_MAXUNACKTIME: how long data may stay unacknowledged, in whole
	// seconds. Systems: FreeBSD.
	TCPMaxUnackTime Option[time.Duration]

	// TCPMD5Sig is TCP_MD5SIG: sign the segments to and from an address (RFC 2385). It is
	// write-only. Systems: Linux.
	TCPMD5Sig Option[TCPMD5SigValue]

	// TCPNoDelay is TCP_NODELAY: send small segments at once, without Nagle's algorithm. Systems:
	// all.
	TCPNoDelay Option[bool]

	// TCPNoPush is TCP_NOPUSH: send full segments only, until it is off. Linux has TCPCork
	// instead. Systems: FreeBSD, OpenBSD, DragonFly, macOS.
	TCPNoPush Option[bool]

	// TCPNotSentLowWater is TCP_NOTSENT_LOWAT: below how many unsent bytes the socket is writable;
	// math.MaxUint32 is always, 0 the default of the system. Systems: Linux 3.12, macOS.
	TCPNotSentLowWater Option[uint32]

	// TCPQuickAck is TCP_QUICKACK: acknowledge at once, for now: the kernel changes it again.
	// Systems: Linux.
	TCPQuickAck Option[bool]

	// TCPRepair is TCP_REPAIR: 1: the connection's state can be read and set, and Close sends
	// nothing to the peer; 0 ends that, -1 ends it without a probe. It is privileged. Systems:
	// Linux 3.5.
	TCPRepair Option[int]

	// TCPRTOMax is TCP_RTO_MAX_MS: the longest time before a retransmission, in whole
	// milliseconds, from 1 s to 120 s. Systems: Linux 6.15.
	TCPRTOMax Option[time.Duration]

	// TCPRTOMin is TCP_RTO_MIN_US: the shortest time before a retransmission, in whole
	// microseconds. Systems: Linux 6.16.
	TCPRTOMin Option[time.Duration]

	// TCPSavedSyn is TCP_SAVED_SYN: the headers of the first packet of the connection. It is
	// read-only, and only the first read returns them. Systems: Linux 4.3.
	TCPSavedSyn Option[[]byte]

	// TCPSaveSyn is TCP_SAVE_SYN: a listener keeps the headers of each connection's first packet:
	// 1 from the IP header on, 2 from the link layer on, which needs Linux 5.10. Systems: Linux
	// 4.3.
	TCPSaveSyn Option[int]

	// TCPSynCount is TCP_SYNCNT: how often Connect repeats its first packet, 1 to 127. Systems:
	// Linux.
	TCPSynCount Option[int]

	// TCPThinDupAck is TCP_THIN_DUPACK: no effect since Linux 4.12, where a read returns false.
	// Systems: Linux.
	TCPThinDupAck Option[bool]

	// TCPThinLinearTimeouts is TCP_THIN_LINEAR_TIMEOUTS: retransmit at even intervals while little
	// data is in flight. Systems: Linux.
	TCPThinLinearTimeouts Option[bool]

	// TCPTimestamp is TCP_TIMESTAMP: the clock of the timestamps of its segments. It can be set
	// with TCPRepair on. Systems: Linux 3.9.
	TCPTimestamp Option[uint32]

	// TCPTxDelay is TCP_TX_DELAY: the delay of each sent packet, in whole microseconds, for tests.
	// It needs the queueing discipline fq. Systems: Linux 5.3.
	TCPTxDelay Option[time.Duration]

	// TCPULP is TCP_ULP: the protocol above, such as "tls"; "" is none. It can be set once, on a
	// connected socket. Systems: Linux 4.13.
	TCPULP Option[string]

	// TCPUserTimeout is TCP_USER_TIMEOUT: how long data may stay unacknowledged, in whole
	// milliseconds; 0 is the default. Systems: Linux.
	TCPUserTimeout Option[time.Duration]

	// TCPWindowClamp is TCP_WINDOW_CLAMP: the largest window to advertise, in bytes. Systems:
	// Linux.
	TCPWindowClamp Option[int]
)

// Level, number and codec of each option.
func init() {
	TCPCCInfo = option(sys.IPPROTO_TCP, sys.TCP_CC_INFO, &ccInfoRead)
	TCPCongestion = option(sys.IPPROTO_TCP, sys.TCP_CONGESTION, &nameCodec)
	TCPConnectionTimeout = option(sys.IPPROTO_TCP, sys.TCP_CONNECTIONTIMEOUT, &secondsCodec)
	TCPCork = option(sys.IPPROTO_TCP, sys.TCP_CORK, &boolCodec)
	TCPDeferAccept = option(sys.IPPROTO_TCP, sys.TCP_DEFER_ACCEPT, &secondsCodec)
	TCPDelAckMax = option(sys.IPPROTO_TCP, sys.TCP_DELACK_MAX_US, &microsCodec)
	TCPFastOpen = option(sys.IPPROTO_TCP, sys.TCP_FASTOPEN, &intCodec)
	TCPFastOpenConnect = option(sys.IPPROTO_TCP, sys.TCP_FASTOPEN_CONNECT, &boolCodec)
	TCPFastOpenKey = option(sys.IPPROTO_TCP, sys.TCP_FASTOPEN_KEY, &fastOpenKeyCodec)
	TCPFastOpenNoCookie = option(sys.IPPROTO_TCP, sys.TCP_FASTOPEN_NO_COOKIE, &boolCodec)
	TCPInfo = option(sys.IPPROTO_TCP, sys.TCP_INFO, &tcpInfoRead)
	TCPInq = option(sys.IPPROTO_TCP, sys.TCP_INQ, &boolCodec)
	TCPIsMPTCP = option(sys.IPPROTO_TCP, sys.TCP_IS_MPTCP, &boolRead)
	TCPKeepCount = option(sys.IPPROTO_TCP, sys.TCP_KEEPCNT, &intCodec)
	TCPKeepIdle = option(sys.IPPROTO_TCP, sys.TCP_KEEPIDLE, &secondsCodec)
	TCPKeepInit = option(sys.IPPROTO_TCP, sys.TCP_KEEPINIT, &secondsCodec)
	TCPKeepInterval = option(sys.IPPROTO_TCP, sys.TCP_KEEPINTVL, &secondsCodec)
	TCPLinger2 = option(sys.IPPROTO_TCP, sys.TCP_LINGER2, &secondsCodec)
	TCPMaxSeg = option(sys.IPPROTO_TCP, sys.TCP_MAXSEG, &intCodec)
	TCPMaxUnackTime = option(sys.IPPROTO_TCP, sys.TCP_MAXUNACKTIME, &secondsCodec)
	TCPMD5Sig = option(sys.IPPROTO_TCP, sys.TCP_MD5SIG, &md5SigCodec)
	TCPNoDelay = option(sys.IPPROTO_TCP, sys.TCP_NODELAY, &boolCodec)
	TCPNoPush = option(sys.IPPROTO_TCP, sys.TCP_NOPUSH, &boolCodec)
	TCPNotSentLowWater = option(sys.IPPROTO_TCP, sys.TCP_NOTSENT_LOWAT, &uint32Codec)
	TCPQuickAck = option(sys.IPPROTO_TCP, sys.TCP_QUICKACK, &boolCodec)
	TCPRepair = option(sys.IPPROTO_TCP, sys.TCP_REPAIR, &intCodec)
	TCPRTOMax = option(sys.IPPROTO_TCP, sys.TCP_RTO_MAX_MS, &millisCodec)
	TCPRTOMin = option(sys.IPPROTO_TCP, sys.TCP_RTO_MIN_US, &microsCodec)
	TCPSavedSyn = option(sys.IPPROTO_TCP, sys.TCP_SAVED_SYN, &savedSynRead)
	TCPSaveSyn = option(sys.IPPROTO_TCP, sys.TCP_SAVE_SYN, &intCodec)
	TCPSynCount = option(sys.IPPROTO_TCP, sys.TCP_SYNCNT, &intCodec)
	TCPThinDupAck = option(sys.IPPROTO_TCP, sys.TCP_THIN_DUPACK, &boolCodec)
	TCPThinLinearTimeouts = option(sys.IPPROTO_TCP, sys.TCP_THIN_LINEAR_TIMEOUTS, &boolCodec)
	TCPTimestamp = option(sys.IPPROTO_TCP, sys.TCP_TIMESTAMP, &uint32Codec)
	TCPTxDelay = option(sys.IPPROTO_TCP, sys.TCP_TX_DELAY, &microsCodec)
	TCPULP = option(sys.IPPROTO_TCP, sys.TCP_ULP, &nameCodec)
	TCPUserTimeout = option(sys.IPPROTO_TCP, sys.TCP_USER_TIMEOUT, &millisCodec)
	TCPWindowClamp = option(sys.IPPROTO_TCP, sys.TCP_WINDOW_CLAMP, &intCodec)
}

var (
	ccInfoRead       = readOnly(bytesCodec(64))
	fastOpenKeyCodec = bytesCodec(32)
	savedSynRead     = readOnly(bytesCodec(512))
)

// TCPMD5SigValue is the value of [TCPMD5Sig].
type TCPMD5SigValue struct {
	Addr sock.Addr // of the peer; its port is ignored
	Key  string    // at most 80 bytes; "" removes the key
}

// A struct tcp_md5sig: a sockaddr_storage, flags and prefix, length of the key, index of an
// interface, key.
var md5SigCodec = linuxOnly(codec[TCPMD5SigValue]{
	write: func(s *sock.Socket, level, name int, v TCPMD5SigValue) error {
		const addr, length, key = 0, 130, 136
		var b [216]byte
		switch d := v.Addr.Domain(); {
		case d != sock.Inet && d != sock.Inet6:
			return invalid("not an IP address")
		case len(v.Key) > len(b[key:]):
			return invalid("a key of " + strconv.Itoa(len(v.Key)) + " bytes")
		}
		copy(b[addr:length], v.Addr.Bytes())
		binary.NativeEndian.PutUint16(b[length:], uint16(len(v.Key)))
		copy(b[key:], v.Key)
		return s.Setsockopt(level, name, b[:])
	},
	read: func(s *sock.Socket, level, name int) (v TCPMD5SigValue, err error) {
		var b [216]byte
		_, err = s.Getsockopt(level, name, b[:]) // the kernel returns an error
		return v, err
	},
})

// TCPInfoValue is the value of [TCPInfo]: Linux's struct tcp_info. Fields that an older kernel
// does not have are zero. Sizes are in bytes unless a comment names another unit, rates in
// bytes per second.
type TCPInfoValue struct {
	State                TCPState
	CAState              uint8 // state of the congestion control: 0 open, 1 disorder, 2 CWR, 3 recovery, 4 loss
	Retransmits          uint8 // consecutive time-outs
	Probes               uint8 // unanswered probes
	Backoff              uint8 // exponent of the time-out's backoff
	Options              uint8 // bits: 1 timestamps, 2 SACK, 4 window scaling, 8 ECN, 16 ECN seen, 32 data in the SYN was acknowledged ...
	SendWindowScale      uint8
	RecvWindowScale      uint8
	DeliveryRateAppLimit bool  // DeliveryRate was limited by the data to send
	FastOpenClientFail   uint8 // why fast open failed; 0 is no failure (Linux 5.5)

	RTO, ATO                                time.Duration // time-outs of retransmissions and of delayed acknowledgements
	SendMSS, RecvMSS                        uint32
	Unacked, Sacked, Lost, Retrans, Fackets uint32        // segments; on a listener, Unacked is the queue and Sacked the backlog
	LastDataSent, LastAckSent               time.Duration // time since then; Linux does not maintain LastAckSent
	LastDataRecv, LastAckRecv               time.Duration
	PathMTU, RecvSSThresh                   uint32
	RTT, RTTVar                             time.Duration
	SendSSThresh, SendCwnd                  uint32 // segments
	AdvMSS, Reordering                      uint32
	RecvRTT                                 time.Duration
	RecvSpace                               uint32
	TotalRetrans                            uint32 // segments

	PacingRate, MaxPacingRate uint64 // (Linux 3.15)
	BytesAcked, BytesReceived uint64 // (Linux 4.1)
	SegsOut, SegsIn           uint32 // (Linux 4.2)
	NotSentBytes              uint32 // (Linux 4.6)
	MinRTT                    time.Duration
	DataSegsIn, DataSegsOut   uint32
	DeliveryRate              uint64        // (Linux 4.9)
	BusyTime                  time.Duration // time with data to send (Linux 4.10)
	RecvWindowLimited         time.Duration
	SendBufferLimited         time.Duration
	Delivered, DeliveredCE    uint32 // segments (Linux 4.18)
	BytesSent, BytesRetrans   uint64 // (Linux 4.19)
	DSACKDups, ReordSeen      uint32
	RecvOutOfOrder            uint32 // segments (Linux 5.4)
	SendWindow                uint32
	RecvWindow, Rehash        uint32 // (Linux 6.2)
	TotalRTO                  uint16 // time-outs (Linux 6.7)
	TotalRTORecoveries        uint16
	TotalRTOTime              time.Duration

	// Accurate ECN (Linux 6.18)
	ReceivedCE                                           uint32 // segments
	DeliveredE1Bytes, DeliveredE0Bytes, DeliveredCEBytes uint32
	ReceivedE1Bytes, ReceivedE0Bytes, ReceivedCEBytes    uint32
	AccECNFailMode, AccECNOptSeen                        uint16
}

// sizeTCPInfo is the size of the structure in Linux 6.18. Later fields are ignored.
const sizeTCPInfo = 280

var tcpInfoRead = linuxOnly(codec[TCPInfoValue]{read: readTCPInfo})

func readTCPInfo(s *sock.Socket, level, name int) (v TCPInfoValue, err error) {
	var b [sizeTCPInfo]byte
	n, err := s.Getsockopt(level, name, b[:])
	v.decode(b[:n])
	return v, err
}

// decode reads the fields in the order of the structure.
func (v *TCPInfoValue) decode(b []byte) {
	const us, ms = time.Microsecond, time.Millisecond
	f := fields{b}
	v.State, v.CAState, v.Retransmits, v.Probes, v.Backoff, v.Options = TCPState(f.uint8()), f.uint8(), f.uint8(), f.uint8(), f.uint8(), f.uint8()
	scales, more := f.uint8(), f.uint8()
	if bigEndian { // bit fields begin at the most significant bit
		v.SendWindowScale, v.RecvWindowScale = scales>>4, scales&15
		v.DeliveryRateAppLimit, v.FastOpenClientFail = more>>7 != 0, more>>5&3
	} else {
		v.SendWindowScale, v.RecvWindowScale = scales&15, scales>>4
		v.DeliveryRateAppLimit, v.FastOpenClientFail = more&1 != 0, more>>1&3
	}
	v.RTO, v.ATO = f.duration(us), f.duration(us)
	v.SendMSS, v.RecvMSS = f.uint32(), f.uint32()
	v.Unacked, v.Sacked, v.Lost, v.Retrans, v.Fackets = f.uint32(), f.uint32(), f.uint32(), f.uint32(), f.uint32()
	v.LastDataSent, v.LastAckSent, v.LastDataRecv, v.LastAckRecv = f.duration(ms), f.duration(ms), f.duration(ms), f.duration(ms)
	v.PathMTU, v.RecvSSThresh = f.uint32(), f.uint32()
	v.RTT, v.RTTVar = f.duration(us), f.duration(us)
	v.SendSSThresh, v.SendCwnd = f.uint32(), f.uint32()
	v.AdvMSS, v.Reordering = f.uint32(), f.uint32()
	v.RecvRTT = f.duration(us)
	v.RecvSpace, v.TotalRetrans = f.uint32(), f.uint32()
	v.PacingRate, v.MaxPacingRate = f.uint64(), f.uint64()
	v.BytesAcked, v.BytesReceived = f.uint64(), f.uint64()
	v.SegsOut, v.SegsIn = f.uint32(), f.uint32()
	v.NotSentBytes, v.MinRTT = f.uint32(), f.duration(us)
	v.DataSegsIn, v.DataSegsOut = f.uint32(), f.uint32()
	v.DeliveryRate = f.uint64()
	v.BusyTime, v.RecvWindowLimited, v.SendBufferLimited = f.duration64(us), f.duration64(us), f.duration64(us)
	v.Delivered, v.DeliveredCE = f.uint32(), f.uint32()
	v.BytesSent, v.BytesRetrans = f.uint64(), f.uint64()
	v.DSACKDups, v.ReordSeen = f.uint32(), f.uint32()
	v.RecvOutOfOrder, v.SendWindow = f.uint32(), f.uint32()
	v.RecvWindow, v.Rehash = f.uint32(), f.uint32()
	v.TotalRTO, v.TotalRTORecoveries, v.TotalRTOTime = f.uint16(), f.uint16(), f.duration(ms)
	v.ReceivedCE = f.uint32()
	v.DeliveredE1Bytes, v.DeliveredE0Bytes, v.DeliveredCEBytes = f.uint32(), f.uint32(), f.uint32()
	v.ReceivedE1Bytes, v.ReceivedE0Bytes, v.ReceivedCEBytes = f.uint32(), f.uint32(), f.uint32()
	v.AccECNFailMode, v.AccECNOptSeen = f.uint16(), f.uint16()
}
