package sockopt

import (
	"encoding/binary"
	"strconv"
	"time"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/internal/sys"
)

// Options of TCP (IPPROTO_TCP), by C name. A version is of Linux, and a system in
// brackets the only one. Source: tcp(7), tcp(4).
var (
	TCPCCInfo             = Option[[]byte]{sys.IPPROTO_TCP, sys.TCP_CC_INFO, &ccInfoRead}                    // read: what the congestion control tells of itself, a tcpvegas_info, tcp_dctcp_info or tcp_bbr_info, or nothing (Linux 4.1)
	TCPCongestion         = Option[string]{sys.IPPROTO_TCP, sys.TCP_CONGESTION, &nameCodec}                  // the congestion control, such as "cubic"; one not in tcp_allowed_congestion_control is privileged (Linux, FreeBSD)
	TCPConnectionTimeout  = Option[time.Duration]{sys.IPPROTO_TCP, sys.TCP_CONNECTIONTIMEOUT, &secondsCodec} // how long Connect tries; seconds (macOS)
	TCPCork               = Option[bool]{sys.IPPROTO_TCP, sys.TCP_CORK, &boolCodec}                          // send full segments only, until it is off, at most 200 ms (Linux); on the BSDs TCPNoPush
	TCPDeferAccept        = Option[time.Duration]{sys.IPPROTO_TCP, sys.TCP_DEFER_ACCEPT, &secondsCodec}      // a connection waits this long for data before it is accepted; seconds, and the kernel rounds to its retransmissions (Linux)
	TCPDelAckMax          = Option[time.Duration]{sys.IPPROTO_TCP, sys.TCP_DELACK_MAX_US, &microsCodec}      // the longest delay of an acknowledgement; microseconds (Linux 6.16)
	TCPFastOpen           = Option[int]{sys.IPPROTO_TCP, sys.TCP_FASTOPEN, &intCodec}                        // of a listener: how many connections with data in their first packet may wait (Linux 3.7); 1 or 0 on the other systems; when on FreeBSD reads -2147483648
	TCPFastOpenConnect    = Option[bool]{sys.IPPROTO_TCP, sys.TCP_FASTOPEN_CONNECT, &boolCodec}              // Connect only notes the address, if it has a cookie, and the first write connects (Linux 4.11)
	TCPFastOpenKey        = Option[[]byte]{sys.IPPROTO_TCP, sys.TCP_FASTOPEN_KEY, &fastOpenKeyCodec}         // the key of a listener's cookies, 16 bytes, or 32 for two (Linux 4.15)
	TCPFastOpenNoCookie   = Option[bool]{sys.IPPROTO_TCP, sys.TCP_FASTOPEN_NO_COOKIE, &boolCodec}            // no cookie is asked for (Linux 4.15)
	TCPInfo               = Option[TCPInfoValue]{sys.IPPROTO_TCP, sys.TCP_INFO, &tcpInfoRead}                // read: all about the connection (Linux)
	TCPInq                = Option[bool]{sys.IPPROTO_TCP, sys.TCP_INQ, &boolCodec}                           // messages bring how many bytes are left to receive (Linux 4.18)
	TCPIsMPTCP            = Option[bool]{sys.IPPROTO_TCP, sys.TCP_IS_MPTCP, &boolRead}                       // read: has it not fallen back to TCP? (Linux 6.10)
	TCPKeepCount          = Option[int]{sys.IPPROTO_TCP, sys.TCP_KEEPCNT, &intCodec}                         // how many unanswered probes end the connection
	TCPKeepIdle           = Option[time.Duration]{sys.IPPROTO_TCP, sys.TCP_KEEPIDLE, &secondsCodec}          // how long it is idle before the first probe; seconds. DragonFly before 5.8: milliseconds
	TCPKeepInit           = Option[time.Duration]{sys.IPPROTO_TCP, sys.TCP_KEEPINIT, &secondsCodec}          // how long Connect tries; seconds (FreeBSD, NetBSD, DragonFly)
	TCPKeepInterval       = Option[time.Duration]{sys.IPPROTO_TCP, sys.TCP_KEEPINTVL, &secondsCodec}         // between probes; seconds. DragonFly before 5.8: milliseconds
	TCPLinger2            = Option[time.Duration]{sys.IPPROTO_TCP, sys.TCP_LINGER2, &secondsCodec}           // how long a closed connection waits for the peer's end, 0 for the usual; seconds (Linux)
	TCPMaxSeg             = Option[int]{sys.IPPROTO_TCP, sys.TCP_MAXSEG, &intCodec}                          // bytes of the largest segment; set before Connect
	TCPMaxUnackTime       = Option[time.Duration]{sys.IPPROTO_TCP, sys.TCP_MAXUNACKTIME, &secondsCodec}      // how long data may stay unacknowledged; seconds (FreeBSD)
	TCPMD5Sig             = Option[TCPMD5SigValue]{sys.IPPROTO_TCP, sys.TCP_MD5SIG, &md5SigCodec}            // write: segments to and from an address are signed, RFC 2385 (Linux)
	TCPNoDelay            = Option[bool]{sys.IPPROTO_TCP, sys.TCP_NODELAY, &boolCodec}                       // send at once, however little (no Nagle)
	TCPNoPush             = Option[bool]{sys.IPPROTO_TCP, sys.TCP_NOPUSH, &boolCodec}                        // send full segments only, until it is off (FreeBSD, OpenBSD, DragonFly, macOS)
	TCPNotSentLowWater    = Option[uint32]{sys.IPPROTO_TCP, sys.TCP_NOTSENT_LOWAT, &uint32Codec}             // bytes not yet sent below which it is Writable, math.MaxUint32 for any, 0 for the system's (Linux 3.12, macOS)
	TCPQuickAck           = Option[bool]{sys.IPPROTO_TCP, sys.TCP_QUICKACK, &boolCodec}                      // acknowledge at once, for now: the kernel changes it again (Linux)
	TCPRepair             = Option[int]{sys.IPPROTO_TCP, sys.TCP_REPAIR, &intCodec}                          // 1: its state can be read and set, and Close says nothing to the peer; 0: end, -1: end without a probe; privileged (Linux 3.5)
	TCPRTOMax             = Option[time.Duration]{sys.IPPROTO_TCP, sys.TCP_RTO_MAX_MS, &millisCodec}         // the longest time before a retransmission, 1 s to 120 s; milliseconds (Linux 6.15)
	TCPRTOMin             = Option[time.Duration]{sys.IPPROTO_TCP, sys.TCP_RTO_MIN_US, &microsCodec}         // the shortest; microseconds (Linux 6.16)
	TCPSavedSyn           = Option[[]byte]{sys.IPPROTO_TCP, sys.TCP_SAVED_SYN, &savedSynRead}                // read, once: the headers of the connection's first packet (Linux 4.3)
	TCPSaveSyn            = Option[int]{sys.IPPROTO_TCP, sys.TCP_SAVE_SYN, &intCodec}                        // of a listener, keep them: 1 from IP on, 2 from the link layer on (Linux 4.3, 2 since 5.10)
	TCPSynCount           = Option[int]{sys.IPPROTO_TCP, sys.TCP_SYNCNT, &intCodec}                          // how often Connect repeats its first packet, 1 to 127 (Linux)
	TCPThinDupAck         = Option[bool]{sys.IPPROTO_TCP, sys.TCP_THIN_DUPACK, &boolCodec}                   // no longer does anything, and is off when read, since 4.12 (Linux)
	TCPThinLinearTimeouts = Option[bool]{sys.IPPROTO_TCP, sys.TCP_THIN_LINEAR_TIMEOUTS, &boolCodec}          // with little in flight, retransmit at even intervals (Linux)
	TCPTimestamp          = Option[uint32]{sys.IPPROTO_TCP, sys.TCP_TIMESTAMP, &uint32Codec}                 // the clock of its time stamps; set in repair (Linux 3.9)
	TCPTxDelay            = Option[time.Duration]{sys.IPPROTO_TCP, sys.TCP_TX_DELAY, &microsCodec}           // each packet waits, for tests; microseconds, needs the queue fq (Linux 5.3)
	TCPULP                = Option[string]{sys.IPPROTO_TCP, sys.TCP_ULP, &nameCodec}                         // the protocol above, such as "tls", "" for none; connected, and once (Linux 4.13)
	TCPUserTimeout        = Option[time.Duration]{sys.IPPROTO_TCP, sys.TCP_USER_TIMEOUT, &millisCodec}       // how long data may stay unacknowledged, 0 for the usual; milliseconds (Linux)
	TCPWindowClamp        = Option[int]{sys.IPPROTO_TCP, sys.TCP_WINDOW_CLAMP, &intCodec}                    // bytes of the largest window to advertise (Linux)
)

var (
	ccInfoRead       = readOnly(bytesCodec(64))
	fastOpenKeyCodec = bytesCodec(32)
	savedSynRead     = readOnly(bytesCodec(512))
)

// TCPMD5SigValue is the value of [TCPMD5Sig].
type TCPMD5SigValue struct {
	Addr sock.Addr // of the peer; its port is not looked at
	Key  string    // at most 80 bytes; "" ends it
}

// A tcp_md5sig: a sockaddr_storage, flags and prefix, length of the key, index of
// an interface, key.
var md5SigCodec = linuxOnly(codec[TCPMD5SigValue]{
	write: func(s *sock.Socket, level, name int, v TCPMD5SigValue) error {
		const addr, length, key = 0, 130, 136
		var b [216]byte
		switch d := v.Addr.Domain(); {
		case d != sock.Inet && d != sock.Inet6:
			return bad("no IP address")
		case len(v.Key) > len(b[key:]):
			return bad("a key of " + strconv.Itoa(len(v.Key)) + " bytes")
		}
		copy(b[addr:length], v.Addr.Bytes())
		binary.NativeEndian.PutUint16(b[length:], uint16(len(v.Key)))
		copy(b[key:], v.Key)
		return writeOption(s, level, name, b[:])
	},
	read: func(s *sock.Socket, level, name int) (v TCPMD5SigValue, err error) {
		var b [216]byte
		_, err = readOption(s, level, name, b[:]) // which the kernel does not tell
		return v, err
	},
})

// TCPInfoValue is the value of [TCPInfo]: Linux's tcp_info. What an older kernel
// does not tell is zero. Sizes are in bytes if nothing is said, and rates in bytes
// a second.
type TCPInfoValue struct {
	State                TCPState
	CAState              uint8 // of the congestion control: 0 open, 1 disorder, 2 CWR, 3 recovery, 4 loss
	Retransmits          uint8 // time-outs in a row
	Probes               uint8 // unanswered ones
	Backoff              uint8 // of the time-outs
	Options              uint8 // bits: 1 time stamps, 2 SACK, 4 window scaling, 8 ECN, 16 ECN seen, 32 data in the SYN was acknowledged ...
	SendWindowScale      uint8
	RecvWindowScale      uint8
	DeliveryRateAppLimit bool  // DeliveryRate was bounded by what there was to send
	FastOpenClientFail   uint8 // why fast open failed, 0 for nothing (Linux 5.5)

	RTO, ATO                                time.Duration // time-out of a retransmission, of a delayed acknowledgement
	SendMSS, RecvMSS                        uint32
	Unacked, Sacked, Lost, Retrans, Fackets uint32        // segments; of a listener, Unacked wait and Sacked is the backlog
	LastDataSent, LastAckSent               time.Duration // so long ago; LastAckSent is not kept
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
	BusyTime                  time.Duration // with data to send (Linux 4.10)
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

// sizeTCPInfo is that of Linux 6.18; what comes after is left.
const sizeTCPInfo = 280

var tcpInfoRead = linuxOnly(codec[TCPInfoValue]{read: readTCPInfo})

func readTCPInfo(s *sock.Socket, level, name int) (v TCPInfoValue, err error) {
	var b [sizeTCPInfo]byte
	n, err := readOption(s, level, name, b[:])
	v.decode(b[:n])
	return v, err
}

// The order is the structure's.
func (v *TCPInfoValue) decode(b []byte) {
	const us, ms = time.Microsecond, time.Millisecond
	f := fields{b}
	v.State, v.CAState, v.Retransmits, v.Probes, v.Backoff, v.Options = TCPState(f.uint8()), f.uint8(), f.uint8(), f.uint8(), f.uint8(), f.uint8()
	scales, more := f.uint8(), f.uint8()
	if bigEndian { // bit fields begin at the other end
		v.SendWindowScale, v.RecvWindowScale = scales>>4, scales&15
		v.DeliveryRateAppLimit, v.FastOpenClientFail = more>>7 != 0, more>>5&3
	} else {
		v.SendWindowScale, v.RecvWindowScale = scales&15, scales>>4
		v.DeliveryRateAppLimit, v.FastOpenClientFail = more&1 != 0, more>>1&3
	}
	v.RTO, v.ATO = f.in(us), f.in(us)
	v.SendMSS, v.RecvMSS = f.uint32(), f.uint32()
	v.Unacked, v.Sacked, v.Lost, v.Retrans, v.Fackets = f.uint32(), f.uint32(), f.uint32(), f.uint32(), f.uint32()
	v.LastDataSent, v.LastAckSent, v.LastDataRecv, v.LastAckRecv = f.in(ms), f.in(ms), f.in(ms), f.in(ms)
	v.PathMTU, v.RecvSSThresh = f.uint32(), f.uint32()
	v.RTT, v.RTTVar = f.in(us), f.in(us)
	v.SendSSThresh, v.SendCwnd = f.uint32(), f.uint32()
	v.AdvMSS, v.Reordering = f.uint32(), f.uint32()
	v.RecvRTT = f.in(us)
	v.RecvSpace, v.TotalRetrans = f.uint32(), f.uint32()
	v.PacingRate, v.MaxPacingRate = f.uint64(), f.uint64()
	v.BytesAcked, v.BytesReceived = f.uint64(), f.uint64()
	v.SegsOut, v.SegsIn = f.uint32(), f.uint32()
	v.NotSentBytes, v.MinRTT = f.uint32(), f.in(us)
	v.DataSegsIn, v.DataSegsOut = f.uint32(), f.uint32()
	v.DeliveryRate = f.uint64()
	v.BusyTime, v.RecvWindowLimited, v.SendBufferLimited = f.in64(us), f.in64(us), f.in64(us)
	v.Delivered, v.DeliveredCE = f.uint32(), f.uint32()
	v.BytesSent, v.BytesRetrans = f.uint64(), f.uint64()
	v.DSACKDups, v.ReordSeen = f.uint32(), f.uint32()
	v.RecvOutOfOrder, v.SendWindow = f.uint32(), f.uint32()
	v.RecvWindow, v.Rehash = f.uint32(), f.uint32()
	v.TotalRTO, v.TotalRTORecoveries, v.TotalRTOTime = f.uint16(), f.uint16(), f.in(ms)
	v.ReceivedCE = f.uint32()
	v.DeliveredE1Bytes, v.DeliveredE0Bytes, v.DeliveredCEBytes = f.uint32(), f.uint32(), f.uint32()
	v.ReceivedE1Bytes, v.ReceivedE0Bytes, v.ReceivedCEBytes = f.uint32(), f.uint32(), f.uint32()
	v.AccECNFailMode, v.AccECNOptSeen = f.uint16(), f.uint16()
}
