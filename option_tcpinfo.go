package sock

import (
	"encoding/binary"
	"runtime"
	"time"
)

// TCPInfoValue is the value of [TCPInfo]. What the kernel is too old to tell is zero; other
// systems than Linux tell what stands before PacingRate, and count windows in bytes.
//
// Source: linux/tcp.h, tcp(4).
type TCPInfoValue struct {
	State       int   // 1 established ... 10 listening, 11 closing
	CAState     int   // of congestion control: 0 open, 1 disorder, 2 reduced, 3 recovery, 4 loss
	Retransmits int   // of the first segment not acknowledged, in a row
	Probes      int   // of a window of zero, or of an idle peer
	Backoff     int   // how often RTO was doubled
	Options     uint8 // 1 timestamps, 2 SACK, 4 window scale, 8 ECN, 16 ECN seen, 32 data in SYN

	SendWindowScale, RecvWindowScale int
	AppLimited                       bool // DeliveryRate was the application's fault
	FastOpenFailed                   int  // why

	RTO, ATO                                         time.Duration // until a retransmission, an acknowledgement
	SendMSS, RecvMSS                                 int           // bytes
	Unacked, Sacked, Lost, Retrans, Fackets          int           // segments in flight
	LastDataSent, LastAckSent, LastDataRecv, LastAck time.Duration // ago
	PathMTU                                          int
	RecvSlowStart                                    int
	RTT, RTTVar                                      time.Duration
	SendSlowStart, CongestionWindow, AdvertisedMSS   int
	Reordering                                       int
	RecvRTT                                          time.Duration
	RecvSpace                                        int
	TotalRetrans                                     int

	PacingRate, MaxPacingRate          uint64 // bytes per second
	BytesAcked, BytesReceived          uint64
	SegmentsOut, SegmentsIn            int
	NotSent                            int // bytes
	MinRTT                             time.Duration
	DataSegmentsIn, DataSegmentsOut    int
	DeliveryRate                       uint64 // bytes per second
	Busy, WindowLimited, BufferLimited time.Duration
	Delivered, DeliveredCE             int
	BytesSent, BytesRetrans            uint64
	DSACKDups, ReorderingSeen          int
	RecvOutOfOrder                     int
	SendWindow, RecvWindow             int // bytes
	Rehash                             int
	TotalRTO, TotalRTORecoveries       int
	TotalRTOTime                       time.Duration
}

// bigEndian machines number bits from the other end.
var bigEndian = binary.NativeEndian.Uint16([]byte{0, 1}) == 1

// sizeTCPInfo is that of the largest we know.
const (
	sizeTCPInfo       = 248
	sizeTCPInfoCommon = 104 // what FreeBSD has in common with Linux
)

var tcpInfoCodec = codec[TCPInfoValue]{size: sizeTCPInfo, wide: func(w wide) TCPInfoValue {
	if runtime.GOOS != "linux" {
		clear(w.b[sizeTCPInfoCommon:])
	}
	clear(w.b[w.n:])
	n := func(at int) int { return int(int32(w.uint32(at))) }
	micro := func(at int) time.Duration { return time.Duration(w.uint32(at)) * time.Microsecond }
	milli := func(at int) time.Duration { return time.Duration(w.uint32(at)) * time.Millisecond }
	micro64 := func(at int) time.Duration { return time.Duration(w.uint64(at)) * time.Microsecond }
	half := func(at int) int { return int(binary.NativeEndian.Uint16(w.b[at:])) }
	first, second := w.b[6]&0xf, w.b[6]>>4 // fields of bits begin where the machine's bytes do
	limited, failed := w.b[7]&1 != 0, w.b[7]>>1&3
	if bigEndian {
		first, second = second, first
		limited, failed = w.b[7]>>7 != 0, w.b[7]>>5&3
	}
	return TCPInfoValue{
		State: int(w.b[0]), CAState: int(w.b[1]), Retransmits: int(w.b[2]), Probes: int(w.b[3]), Backoff: int(w.b[4]), Options: w.b[5],
		SendWindowScale: int(first), RecvWindowScale: int(second), AppLimited: limited, FastOpenFailed: int(failed),
		RTO: micro(8), ATO: micro(12), SendMSS: n(16), RecvMSS: n(20),
		Unacked: n(24), Sacked: n(28), Lost: n(32), Retrans: n(36), Fackets: n(40),
		LastDataSent: milli(44), LastAckSent: milli(48), LastDataRecv: milli(52), LastAck: milli(56),
		PathMTU: n(60), RecvSlowStart: n(64), RTT: micro(68), RTTVar: micro(72),
		SendSlowStart: n(76), CongestionWindow: n(80), AdvertisedMSS: n(84), Reordering: n(88),
		RecvRTT: micro(92), RecvSpace: n(96), TotalRetrans: n(100),
		PacingRate: w.uint64(104), MaxPacingRate: w.uint64(112), BytesAcked: w.uint64(120), BytesReceived: w.uint64(128),
		SegmentsOut: n(136), SegmentsIn: n(140), NotSent: n(144), MinRTT: micro(148), DataSegmentsIn: n(152), DataSegmentsOut: n(156),
		DeliveryRate: w.uint64(160), Busy: micro64(168), WindowLimited: micro64(176), BufferLimited: micro64(184),
		Delivered: n(192), DeliveredCE: n(196), BytesSent: w.uint64(200), BytesRetrans: w.uint64(208),
		DSACKDups: n(216), ReorderingSeen: n(220), RecvOutOfOrder: n(224), SendWindow: n(228), RecvWindow: n(232), Rehash: n(236),
		TotalRTO: half(240), TotalRTORecoveries: half(242), TotalRTOTime: milli(244),
	}
}}

// MPTCPInfoValue is the value of [MPTCPInfo].
//
// Source: linux/mptcp.h.
type MPTCPInfoValue struct {
	Subflows, AddAddrSignal, AddAddrAccepted           int // now
	SubflowsMax, AddAddrSignalMax, AddAddrAcceptedMax  int
	Flags, Token                                       uint32
	WriteSeq, SendUnacked, RecvNext                    uint64
	LocalAddrUsed, LocalAddrMax                        int
	Checksum                                           bool
	Retransmits                                        int
	BytesRetrans, BytesSent, BytesReceived, BytesAcked uint64
	SubflowsTotal                                      int
	LastDataSent, LastDataRecv, LastAckRecv            time.Duration // ago
}

var mptcpInfoCodec = codec[MPTCPInfoValue]{size: 96, wide: func(w wide) MPTCPInfoValue {
	clear(w.b[w.n:])
	milli := func(at int) time.Duration { return time.Duration(w.uint32(at)) * time.Millisecond }
	return MPTCPInfoValue{
		Subflows: int(w.b[0]), AddAddrSignal: int(w.b[1]), AddAddrAccepted: int(w.b[2]),
		SubflowsMax: int(w.b[3]), AddAddrSignalMax: int(w.b[4]), AddAddrAcceptedMax: int(w.b[5]),
		Flags: w.uint32(8), Token: w.uint32(12), WriteSeq: w.uint64(16), SendUnacked: w.uint64(24), RecvNext: w.uint64(32),
		LocalAddrUsed: int(w.b[40]), LocalAddrMax: int(w.b[41]), Checksum: w.b[42] != 0, Retransmits: int(w.uint32(44)),
		BytesRetrans: w.uint64(48), BytesSent: w.uint64(56), BytesReceived: w.uint64(64), BytesAcked: w.uint64(72),
		SubflowsTotal: int(w.b[80]), LastDataSent: milli(84), LastDataRecv: milli(88), LastAckRecv: milli(92),
	}
}}
