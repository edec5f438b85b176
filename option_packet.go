package sock

import (
	"github.com/berkeleysockets/sock/internal/sys"
)

// Options of packet sockets (SOL_PACKET), by C name. Source:
// packet(7).
var (
	PacketAddMembership  = Option[PacketMembershipValue]{sys.SOL_PACKET, sys.PACKET_ADD_MEMBERSHIP, &packetMembershipCodec}  // write: have an interface receive more than what is sent to it
	PacketAuxData        = Option[bool]{sys.SOL_PACKET, sys.PACKET_AUXDATA, &boolCodec}                                      // packets come with a struct tpacket_auxdata (Linux 2.6.21)
	PacketCopyThreshold  = Option[int]{sys.SOL_PACKET, sys.PACKET_COPY_THRESH, &intCodec}                                    // packets larger than a frame of the ring, up to this, are queued as well
	PacketDropMembership = Option[PacketMembershipValue]{sys.SOL_PACKET, sys.PACKET_DROP_MEMBERSHIP, &packetMembershipCodec} // write: end that
	PacketFanout         = Option[uint32]{sys.SOL_PACKET, sys.PACKET_FANOUT, &uint32Codec}                                   // sockets of one group share what is received: its number, and from bit 16 on how (Linux 3.1)
	PacketIgnoreOutgoing = Option[bool]{sys.SOL_PACKET, sys.PACKET_IGNORE_OUTGOING, &boolCodec}                              // what this machine sends is not seen (Linux 4.20)
	PacketLoss           = Option[bool]{sys.SOL_PACKET, sys.PACKET_LOSS, &boolCodec}                                         // of a transmit ring: skip what cannot be sent
	PacketOrigDev        = Option[bool]{sys.SOL_PACKET, sys.PACKET_ORIGDEV, &boolCodec}                                      // the address tells the interface beneath a bond or bridge
	PacketQdiscBypass    = Option[bool]{sys.SOL_PACKET, sys.PACKET_QDISC_BYPASS, &boolCodec}                                 // send past the queueing discipline (Linux 3.14)
	PacketReserve        = Option[int]{sys.SOL_PACKET, sys.PACKET_RESERVE, &intCodec}                                        // bytes in front of each packet in a ring
	PacketStatistics     = Option[PacketStatisticsValue]{sys.SOL_PACKET, sys.PACKET_STATISTICS, &packetStatisticsCodec}      // read, which sets it to zero: what was received and dropped
	PacketTimestamp      = Option[TimestampingFlags]{sys.SOL_PACKET, sys.PACKET_TIMESTAMP, &timestampingCodec}               // which timestamps packets in a ring have (Linux 2.6.36)
	PacketTxHasOff       = Option[bool]{sys.SOL_PACKET, sys.PACKET_TX_HAS_OFF, &boolCodec}                                   // of a transmit ring: each frame says where its data begins (Linux 3.8)
	PacketTxTimestamp    = Option[int]{sys.SOL_PACKET, sys.PACKET_TX_TIMESTAMP, &intCodec}                                   // has had no effect for long: Timestamping
	PacketVersion        = Option[int]{sys.SOL_PACKET, sys.PACKET_VERSION, &intCodec}                                        // the layout of a ring: 0 is TPACKET_V1
	PacketVNetHdr        = Option[bool]{sys.SOL_PACKET, sys.PACKET_VNET_HDR, &boolCodec}                                     // packets have a struct virtio_net_hdr in front (Linux 2.6.36)
	PacketVNetHdrSize    = Option[int]{sys.SOL_PACKET, sys.PACKET_VNET_HDR_SZ, &intCodec}                                    // the same with its size: 10 or 12 bytes (Linux 6.6)
)
