package sockopt

import (
	"encoding/binary"
	"strconv"

	"github.com/berkeleysockets/sock/internal/sys"
)

// Options of packet sockets (SOL_PACKET), by C name. Those of rings are of use with mmap(2)
// only.
//
// Source: packet(7), the kernel's networking/packet_mmap.rst.
var (
	// PacketAddMembership is PACKET_ADD_MEMBERSHIP: receive frames that the interface would drop
	// otherwise. It is write-only. Systems: Linux.
	PacketAddMembership Option[PacketMembershipValue]

	// PacketAuxData is PACKET_AUXDATA: received messages carry length, VLAN and more of the frame.
	// Systems: Linux.
	PacketAuxData Option[bool]

	// PacketCopyThresh is PACKET_COPY_THRESH: if not 0, frames that are too long for the ring are
	// received as messages too. It is write-only before Linux 6.10. Systems: Linux.
	PacketCopyThresh Option[int]

	// PacketDropMembership is PACKET_DROP_MEMBERSHIP: end PacketAddMembership. It is write-only.
	// Systems: Linux.
	PacketDropMembership Option[PacketMembershipValue]

	// PacketFanout is PACKET_FANOUT: distribute frames among the sockets of a group. It can be set
	// once, after Bind. Systems: Linux.
	PacketFanout Option[PacketFanoutValue]

	// PacketHdrLen is PACKET_HDRLEN: how many bytes precede a frame in a ring of version 0. It is
	// read-only. Systems: Linux.
	PacketHdrLen Option[int]

	// PacketIgnoreOutgoing is PACKET_IGNORE_OUTGOING: do not receive frames that this host sends.
	// Systems: Linux 4.20.
	PacketIgnoreOutgoing Option[bool]

	// PacketLoss is PACKET_LOSS: drop malformed frames of a ring rather than report an error.
	// Systems: Linux.
	PacketLoss Option[bool]

	// PacketOrigDev is PACKET_ORIGDEV: addresses have the interface itself, not the bond that it
	// belongs to. Systems: Linux.
	PacketOrigDev Option[bool]

	// PacketQdiscBypass is PACKET_QDISC_BYPASS: send to the driver without the queue. Systems:
	// Linux 3.14.
	PacketQdiscBypass Option[bool]

	// PacketReserve is PACKET_RESERVE: how many bytes are left free before each frame of a ring.
	// Systems: Linux.
	PacketReserve Option[int]

	// PacketRolloverStats is PACKET_ROLLOVER_STATS: how many frames were sent on from a full
	// socket of a group. It is read-only. Systems: Linux 4.2.
	PacketRolloverStats Option[PacketRolloverStatsValue]

	// PacketStatistics is PACKET_STATISTICS: counts of frames since the last read. It is
	// read-only. Systems: Linux.
	PacketStatistics Option[PacketStatisticsValue]

	// PacketTimestamp is PACKET_TIMESTAMP: which timestamps a ring has. Systems: Linux.
	PacketTimestamp Option[TimestampingFlags]

	// PacketTxHasOffset is PACKET_TX_HAS_OFF: frames to send give their offset in the slot.
	// Systems: Linux.
	PacketTxHasOffset Option[bool]

	// PacketVersion is PACKET_VERSION: the version of the ring: 0 is TPACKET_V1, 1 is V2, 2 is V3.
	// Systems: Linux.
	PacketVersion Option[int]

	// PacketVNetHdr is PACKET_VNET_HDR: frames begin with a virtio_net_hdr. It is an option of
	// [sock.Raw] sockets. Systems: Linux.
	PacketVNetHdr Option[bool]

	// PacketVNetHdrSize is PACKET_VNET_HDR_SZ: the size of the virtio_net_hdr, in bytes: 10, 12,
	// or 0 for none. Systems: Linux 6.5.
	PacketVNetHdrSize Option[int]
)

// Level, number and codec of each option.
func init() {
	PacketAddMembership = option(sys.SOL_PACKET, sys.PACKET_ADD_MEMBERSHIP, &packetMembershipCodec)
	PacketAuxData = option(sys.SOL_PACKET, sys.PACKET_AUXDATA, &boolCodec)
	PacketCopyThresh = option(sys.SOL_PACKET, sys.PACKET_COPY_THRESH, &intCodec)
	PacketDropMembership = option(sys.SOL_PACKET, sys.PACKET_DROP_MEMBERSHIP, &packetMembershipCodec)
	PacketFanout = option(sys.SOL_PACKET, sys.PACKET_FANOUT, &packetFanoutCodec)
	PacketHdrLen = option(sys.SOL_PACKET, sys.PACKET_HDRLEN, &intRead)
	PacketIgnoreOutgoing = option(sys.SOL_PACKET, sys.PACKET_IGNORE_OUTGOING, &boolCodec)
	PacketLoss = option(sys.SOL_PACKET, sys.PACKET_LOSS, &boolCodec)
	PacketOrigDev = option(sys.SOL_PACKET, sys.PACKET_ORIGDEV, &boolCodec)
	PacketQdiscBypass = option(sys.SOL_PACKET, sys.PACKET_QDISC_BYPASS, &boolCodec)
	PacketReserve = option(sys.SOL_PACKET, sys.PACKET_RESERVE, &intCodec)
	PacketRolloverStats = option(sys.SOL_PACKET, sys.PACKET_ROLLOVER_STATS, &packetRolloverRead)
	PacketStatistics = option(sys.SOL_PACKET, sys.PACKET_STATISTICS, &packetStatisticsRead)
	PacketTimestamp = option(sys.SOL_PACKET, sys.PACKET_TIMESTAMP, &timestampingCodec)
	PacketTxHasOffset = option(sys.SOL_PACKET, sys.PACKET_TX_HAS_OFF, &boolCodec)
	PacketVersion = option(sys.SOL_PACKET, sys.PACKET_VERSION, &intCodec)
	PacketVNetHdr = option(sys.SOL_PACKET, sys.PACKET_VNET_HDR, &boolCodec)
	PacketVNetHdrSize = option(sys.SOL_PACKET, sys.PACKET_VNET_HDR_SZ, &intCodec)
}

// PacketMembershipValue is the value of [PacketAddMembership] and [PacketDropMembership].
type PacketMembershipValue struct {
	Index int    // of the interface
	Type  int    // 0 a multicast address, 1 all frames, 2 all multicast ones, 3 another address
	Addr  string // the bytes of the address, at most 8; for types 0 and 3
}

// A struct packet_mreq: index, type, length and address.
var packetMembershipCodec = codec[PacketMembershipValue]{
	size: 16,
	encode: func(v PacketMembershipValue) (value, error) {
		x, err := intCodec.encode(v.Index)
		switch {
		case err != nil:
			return x, err
		case v.Type < 0 || v.Type > 1<<16-1:
			return x, invalid("not a type of membership: " + strconv.Itoa(v.Type))
		case len(v.Addr) > 8:
			return x, invalid("an address of " + strconv.Itoa(len(v.Addr)) + " bytes")
		}
		binary.NativeEndian.PutUint16(x.b[4:], uint16(v.Type))
		binary.NativeEndian.PutUint16(x.b[6:], uint16(len(v.Addr)))
		copy(x.b[8:], v.Addr)
		x.n = 16
		return x, nil
	},
	decode: func(x value) PacketMembershipValue { // the kernel returns nothing
		return PacketMembershipValue{Index: x.int(), Type: int(x.uint16(4)), Addr: string(x.b[8 : 8+min(8, x.uint16(6))])}
	},
}

// PacketFanoutValue is the value of [PacketFanout].
type PacketFanoutValue struct {
	Group      uint16 // the number of the group
	Type       uint16 // 0 by flow, 1 round robin, 2 by CPU, 3 rollover, 4 random, 5 by queue, 6 and 7 a program; plus flags such as 0x8000, defragment
	MaxMembers uint32 // of the group, set by its first member; 0 is 256. A read returns 0 (Linux 5.8)
}

// An int of two halves, or a struct fanout_args with a number of members. The group is in the
// less significant half. The structure puts it there on machines of either byte order.
var packetFanoutCodec = codec[PacketFanoutValue]{
	size: 4,
	encode: func(v PacketFanoutValue) (value, error) {
		x := uint32Value(uint32(v.Type)<<16|uint32(v.Group), v.MaxMembers)
		if v.MaxMembers == 0 {
			x.n = 4
		}
		return x, nil
	},
	decode: func(x value) PacketFanoutValue {
		return PacketFanoutValue{Group: uint16(x.uint32(0)), Type: uint16(x.uint32(0) >> 16)}
	},
}

// PacketStatisticsValue is the value of [PacketStatistics].
type PacketStatisticsValue struct {
	Packets     uint32 // all that arrived, with the dropped ones
	Drops       uint32 // dropped because the buffer was full
	FreezeQueue uint32 // how often a ring of version 2 was frozen
}

var packetStatisticsRead = codec[PacketStatisticsValue]{
	size: 12,
	decode: func(x value) PacketStatisticsValue {
		return PacketStatisticsValue{x.uint32(0), x.uint32(4), x.uint32(8)}
	},
}

// PacketRolloverStatsValue is the value of [PacketRolloverStats], in frames.
type PacketRolloverStatsValue struct {
	All, Huge, Failed uint64
}

var packetRolloverRead = codec[PacketRolloverStatsValue]{
	size: 24,
	decode: func(x value) PacketRolloverStatsValue {
		return PacketRolloverStatsValue{x.uint64(0), x.uint64(8), x.uint64(16)}
	},
}
