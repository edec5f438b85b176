package sock

import (
	"encoding/binary"
	"math"
	"runtime"
	"strconv"
	"time"

	"github.com/berkeleysockets/sock/internal/sys"
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

var lingerCodec = codec[LingerValue]{size: 8,
	put: func(v LingerValue) (r raw, err error) {
		seconds := int64(v.Timeout / time.Second)
		if v.Timeout%time.Second != 0 {
			seconds++
		}
		if v.Timeout < 0 || seconds > math.MaxInt32 {
			return r, &misuse{"a time-out of " + v.Timeout.String(), sys.EINVAL}
		}
		if v.On {
			binary.NativeEndian.PutUint32(r.b[:], 1)
		}
		binary.NativeEndian.PutUint32(r.b[4:], uint32(seconds))
		r.n = 8
		return r, nil
	},
	get: func(r raw) LingerValue {
		return LingerValue{r.int() != 0, time.Duration(int32(r.uint32(4))) * time.Second}
	},
}

// MemInfoValue is the value of [MemInfo]: bytes, but for Drops.
type MemInfoValue struct {
	RecvAlloc, RecvBuffer int // received and not yet taken, and the limit
	SendAlloc, SendBuffer int // given to the network, and the limit
	Forward               int // reserved
	SendQueue             int // to be sent
	Options, Backlog      int
	Drops                 int // packets
}

var memInfoCodec = codec[MemInfoValue]{size: 36, wide: func(w wide) MemInfoValue {
	n := func(i int) int { return int(int32(w.uint32(4 * i))) }
	return MemInfoValue{n(0), n(1), n(2), n(3), n(4), n(5), n(6), n(7), n(8)}
}}

// MTUDiscoverValue is the value of [IPMTUDiscover] and [IPv6MTUDiscover]. Source: ip(7).
type MTUDiscoverValue int

// What is done with a packet that is larger than the path takes.
const (
	MTUDont      MTUDiscoverValue = iota // it is cut
	MTUWant                              // it is cut if the path is known to be smaller
	MTUDo                                // it is never cut: EMSGSIZE
	MTUProbe                             // it is never cut, and sent whatever the path is known to be
	MTUInterface                         // what is known of the path is not heeded: safer against forged ICMP
	MTUOmit                              // the same, but it may be cut
)

// PortRangeValue is the value of [IPLocalPortRange]; 0 leaves an end to the system.
type PortRangeValue struct{ Low, High uint16 }

var portRangeCodec = codec[PortRangeValue]{size: 4,
	put: func(v PortRangeValue) (raw, error) { return rawUint32(uint32(v.High)<<16 | uint32(v.Low)), nil },
	get: func(r raw) PortRangeValue { return PortRangeValue{uint16(r.uint32(0)), uint16(r.uint32(0) >> 16)} },
}

// TxTimeValue is the value of [TxTime].
type TxTimeValue struct {
	Clock    int  // CLOCK_MONOTONIC is 1, CLOCK_TAI 11
	Deadline bool // the time is the latest at which a packet may leave
	Report   bool // what was dropped comes to the error queue
}

var txTimeCodec = codec[TxTimeValue]{size: 8,
	put: func(v TxTimeValue) (raw, error) {
		r, err := intCodec.put(v.Clock)
		if v.Deadline {
			r.b[4] |= 1
		}
		if v.Report {
			r.b[4] |= 2
		}
		binary.NativeEndian.PutUint32(r.b[4:], uint32(r.b[4]))
		r.n = 8
		return r, err
	},
	get: func(r raw) TxTimeValue {
		return TxTimeValue{r.int(), r.uint32(4)&1 != 0, r.uint32(4)&2 != 0}
	},
}

// TimestampingFlags are the value of [Timestamping] (SOF_TIMESTAMPING_*). Some ask for
// timestamps to be made, some for them to be told.
//
// Source: https://docs.kernel.org/networking/timestamping.html
type TimestampingFlags uint32

// The flags.
const (
	TimestampingTxHardware  TimestampingFlags = 1 << iota // make one when the network card sends
	TimestampingTxSoftware                                // when the kernel gives a packet to the card
	TimestampingRxHardware                                // when the card receives
	TimestampingRxSoftware                                // when the kernel receives
	TimestampingSoftware                                  // tell those of the kernel
	_                                                     // has no effect any more
	TimestampingRawHardware                               // tell those of the card
	TimestampingID                                        // with a number: Report.Timestamp
	TimestampingTxScheduled                               // make one before the packet scheduler
	TimestampingTxAcked                                   // when all of a stream's send is acknowledged
	TimestampingControl                                   // with control messages, of IPv4 too
	TimestampingAlone                                     // without the packet (Linux 4.0)
	TimestampingStats                                     // with statistics of TCP (Linux 4.10)
	TimestampingPktInfo                                   // with interface and length (Linux 4.13)
	TimestampingBoth                                      // tell the kernel's beside the card's (Linux 4.13)
	TimestampingBindPHC                                   // by one of the card's clocks (Linux 5.14)
	TimestampingIDTCP                                     // count a stream's bytes from now (Linux 6.2)
	TimestampingRxFilter                                  // not those that another asked for (Linux 6.12)
	TimestampingTxCompleted                               // make one when the completion is reported (Linux 6.14)
)

// PacketMembershipValue is the value of [PacketAddMembership] and [PacketDropMembership].
type PacketMembershipValue struct {
	Interface int     // its index
	Type      uint16  // 0 multicast, 1 all, 2 all multicast, 3 unicast
	Address   [8]byte // for multicast and unicast
	Len       int     // of Address
}

var packetMembershipCodec = codec[PacketMembershipValue]{size: 16,
	put: func(v PacketMembershipValue) (raw, error) {
		r, err := intCodec.put(v.Interface)
		if v.Len < 0 || v.Len > len(v.Address) {
			return r, doesNotFit(strconv.Itoa(v.Len)+" bytes", "an address")
		}
		binary.NativeEndian.PutUint16(r.b[4:], v.Type)
		binary.NativeEndian.PutUint16(r.b[6:], uint16(v.Len))
		copy(r.b[8:], v.Address[:])
		r.n = 16
		return r, err
	},
}

// PacketStatisticsValue is the value of [PacketStatistics], since it was last read.
type PacketStatisticsValue struct{ Packets, Drops uint32 }

var packetStatisticsCodec = codec[PacketStatisticsValue]{size: 8,
	get: func(r raw) PacketStatisticsValue { return PacketStatisticsValue{r.uint32(0), r.uint32(4)} },
}

// ICMP6FilterValue is the value of [ICMP6Filter]: the types of ICMPv6 that a raw socket
// receives. The zero value passes all.
type ICMP6FilterValue struct{ blocked [8]uint32 }

// Block has messages of a type not be received; BlockAll of all.
func (f *ICMP6FilterValue) Block(typ uint8) { f.blocked[typ/32] |= 1 << (typ % 32) }

// Pass has messages of a type be received.
func (f *ICMP6FilterValue) Pass(typ uint8) { f.blocked[typ/32] &^= 1 << (typ % 32) }

// BlockAll has no message be received: then Pass those that are wanted.
func (f *ICMP6FilterValue) BlockAll() {
	for i := range f.blocked {
		f.blocked[i] = math.MaxUint32
	}
}

// Blocks reports whether messages of a type are not received.
func (f ICMP6FilterValue) Blocks(typ uint8) bool { return f.blocked[typ/32]>>(typ%32)&1 != 0 }

// A bit that is set blocks on Linux, and passes elsewhere.
var icmp6Passes = func() uint32 {
	if runtime.GOOS == "linux" {
		return 0
	}
	return math.MaxUint32
}()

var icmp6FilterCodec = codec[ICMP6FilterValue]{size: 32,
	put: func(v ICMP6FilterValue) (r raw, err error) {
		for i, w := range v.blocked {
			binary.NativeEndian.PutUint32(r.b[4*i:], w^icmp6Passes)
		}
		r.n = 32
		return r, nil
	},
	get: func(r raw) (v ICMP6FilterValue) {
		for i := range v.blocked {
			v.blocked[i] = r.uint32(4*i) ^ icmp6Passes
		}
		return v
	},
}

var pathMTUCodec = codec[int]{size: 32, get: func(r raw) int { return int(r.uint32(28)) }} // struct ip6_mtuinfo
