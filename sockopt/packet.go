package sockopt

import (
	"encoding/binary"
	"strconv"

	"github.com/berkeleysockets/sock/internal/sys"
)

// Options of packet sockets (SOL_PACKET), by C name. All are Linux's; those of
// rings are of use with mmap(2) only. Source: packet(7), the kernel's
// networking/packet_mmap.rst.
var (
	PacketAddMembership  = Option[PacketMembershipValue]{sys.SOL_PACKET, sys.PACKET_ADD_MEMBERSHIP, &packetMembershipCodec}  // write: receive what the interface would leave
	PacketAuxData        = Option[bool]{sys.SOL_PACKET, sys.PACKET_AUXDATA, &boolCodec}                                      // messages bring length, VLAN and more of the frame
	PacketCopyThresh     = Option[int]{sys.SOL_PACKET, sys.PACKET_COPY_THRESH, &intCodec}                                    // frames too long for the ring are also received as messages if not 0; write until 6.10
	PacketDropMembership = Option[PacketMembershipValue]{sys.SOL_PACKET, sys.PACKET_DROP_MEMBERSHIP, &packetMembershipCodec} // write: end that
	PacketFanout         = Option[PacketFanoutValue]{sys.SOL_PACKET, sys.PACKET_FANOUT, &packetFanoutCodec}                  // share frames out among the sockets of a group; after Bind, once (Linux 3.1)
	PacketHdrLen         = Option[int]{sys.SOL_PACKET, sys.PACKET_HDRLEN, &intRead}                                          // read: bytes before a frame in a ring of version 0
	PacketIgnoreOutgoing = Option[bool]{sys.SOL_PACKET, sys.PACKET_IGNORE_OUTGOING, &boolCodec}                              // not what this host sends (Linux 4.20)
	PacketLoss           = Option[bool]{sys.SOL_PACKET, sys.PACKET_LOSS, &boolCodec}                                         // malformed frames of a ring are left out, and not an error
	PacketOrigDev        = Option[bool]{sys.SOL_PACKET, sys.PACKET_ORIGDEV, &boolCodec}                                      // addresses have the interface itself, and not the bond it is in
	PacketQdiscBypass    = Option[bool]{sys.SOL_PACKET, sys.PACKET_QDISC_BYPASS, &boolCodec}                                 // send past the queue, to the driver (Linux 3.14)
	PacketReserve        = Option[int]{sys.SOL_PACKET, sys.PACKET_RESERVE, &intCodec}                                        // bytes left free before each frame of a ring
	PacketRolloverStats  = Option[PacketRolloverValue]{sys.SOL_PACKET, sys.PACKET_ROLLOVER_STATS, &packetRolloverRead}       // read: how frames went round a full socket; in a group (Linux 4.2)
	PacketStatistics     = Option[PacketStatisticsValue]{sys.SOL_PACKET, sys.PACKET_STATISTICS, &packetStatisticsRead}       // read: frames since it was read the last time
	PacketTimestamp      = Option[TimestampingFlags]{sys.SOL_PACKET, sys.PACKET_TIMESTAMP, &timestampingCodec}               // which time stamps a ring has
	PacketTxHasOff       = Option[bool]{sys.SOL_PACKET, sys.PACKET_TX_HAS_OFF, &boolCodec}                                   // frames to send say where in their slot they begin
	PacketVersion        = Option[int]{sys.SOL_PACKET, sys.PACKET_VERSION, &intCodec}                                        // of the ring: 0 TPACKET_V1, 1 V2, 2 V3
	PacketVNetHdr        = Option[bool]{sys.SOL_PACKET, sys.PACKET_VNET_HDR, &boolCodec}                                     // frames begin with a virtio_net_hdr; SOCK_RAW
	PacketVNetHdrSize    = Option[int]{sys.SOL_PACKET, sys.PACKET_VNET_HDR_SZ, &intCodec}                                    // its bytes: 10, 12 or 0 for none (Linux 6.5)
)

// PacketMembershipValue is the value of [PacketAddMembership].
type PacketMembershipValue struct {
	Index int    // of the interface
	Type  int    // 0 a multicast address, 1 all frames, 2 all multicast ones, 3 another address
	Addr  string // the bytes of the address, at most 8; for types 0 and 3
}

// A packet_mreq: index, type, length and address.
var packetMembershipCodec = codec[PacketMembershipValue]{
	size: 16,
	put: func(v PacketMembershipValue) (raw, error) {
		r, err := intCodec.put(v.Index)
		switch {
		case err != nil:
			return r, err
		case v.Type < 0 || v.Type > 1<<16-1:
			return r, bad("no type: " + strconv.Itoa(v.Type))
		case len(v.Addr) > 8:
			return r, bad("an address of " + strconv.Itoa(len(v.Addr)) + " bytes")
		}
		binary.NativeEndian.PutUint16(r.b[4:], uint16(v.Type))
		binary.NativeEndian.PutUint16(r.b[6:], uint16(len(v.Addr)))
		copy(r.b[8:], v.Addr)
		r.n = 16
		return r, nil
	},
	get: func(r raw) PacketMembershipValue { // which the kernel does not tell
		return PacketMembershipValue{Index: r.int(), Type: int(r.uint16(4)), Addr: string(r.b[8 : 8+min(8, r.uint16(6))])}
	},
}

// PacketFanoutValue is the value of [PacketFanout].
type PacketFanoutValue struct {
	Group      uint16 // its number
	Type       uint16 // how: 0 by flow, 1 in turns, 2 by CPU, 3 what fits, 4 at random, 5 by queue, 6 and 7 a program; with flags, as 0x8000: defragment
	MaxMembers uint32 // of the group, set by the first one; 0 for 256. It is not told (Linux 5.8)
}

// An int of two halves, or a fanout_args with room for more members: the group is
// in the half of lesser value, which is the first in that structure on machines of
// either order.
var packetFanoutCodec = codec[PacketFanoutValue]{
	size: 4,
	put: func(v PacketFanoutValue) (raw, error) {
		r := rawUint32(uint32(v.Type)<<16|uint32(v.Group), v.MaxMembers)
		if v.MaxMembers == 0 {
			r.n = 4
		}
		return r, nil
	},
	get: func(r raw) PacketFanoutValue {
		return PacketFanoutValue{Group: uint16(r.uint32(0)), Type: uint16(r.uint32(0) >> 16)}
	},
}

// PacketStatisticsValue is the value of [PacketStatistics].
type PacketStatisticsValue struct {
	Packets     uint32 // all that came, also those dropped
	Drops       uint32 // for want of room
	FreezeQueue uint32 // how often a ring of version 2 stood still
}

var packetStatisticsRead = codec[PacketStatisticsValue]{
	size: 12,
	get:  func(r raw) PacketStatisticsValue { return PacketStatisticsValue{r.uint32(0), r.uint32(4), r.uint32(8)} },
}

// PacketRolloverValue is the value of [PacketRolloverStats].
type PacketRolloverValue struct {
	All, Huge, Failed uint64 // frames
}

var packetRolloverRead = codec[PacketRolloverValue]{
	size: 24,
	get:  func(r raw) PacketRolloverValue { return PacketRolloverValue{r.uint64(0), r.uint64(8), r.uint64(16)} },
}
