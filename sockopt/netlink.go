package sockopt

import (
	"encoding/binary"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/internal/sys"
)

// Options of netlink (SOL_NETLINK), by C name. All are Linux's. Source:
// netlink(7).
var (
	NetlinkAddMembership   = Option[int]{sys.SOL_NETLINK, sys.NETLINK_ADD_MEMBERSHIP, &intCodec}            // write: join a group, by number
	NetlinkBroadcastError  = Option[bool]{sys.SOL_NETLINK, sys.NETLINK_BROADCAST_ERROR, &boolCodec}         // a sender to the group learns that this one's buffer was full
	NetlinkCapAck          = Option[bool]{sys.SOL_NETLINK, sys.NETLINK_CAP_ACK, &boolCodec}                 // acknowledgements do not repeat the request (Linux 4.3)
	NetlinkDropMembership  = Option[int]{sys.SOL_NETLINK, sys.NETLINK_DROP_MEMBERSHIP, &intCodec}           // write: leave a group
	NetlinkExtAck          = Option[bool]{sys.SOL_NETLINK, sys.NETLINK_EXT_ACK, &boolCodec}                 // acknowledgements say in words what was wrong (Linux 4.12)
	NetlinkGetStrictCheck  = Option[bool]{sys.SOL_NETLINK, sys.NETLINK_GET_STRICT_CHK, &boolCodec}          // requests are looked at closely, and filter (Linux 4.20)
	NetlinkListenAllNSID   = Option[bool]{sys.SOL_NETLINK, sys.NETLINK_LISTEN_ALL_NSID, &boolCodec}         // also what namespaces tell that have a number here; to set it is privileged (Linux 4.2)
	NetlinkListMemberships = Option[[]int]{sys.SOL_NETLINK, sys.NETLINK_LIST_MEMBERSHIPS, &membershipsRead} // read: the groups joined, in order (Linux 4.2)
	NetlinkNoENOBUFS       = Option[bool]{sys.SOL_NETLINK, sys.NETLINK_NO_ENOBUFS, &boolCodec}              // a full buffer is no error of a receive
	NetlinkPktInfo         = Option[bool]{sys.SOL_NETLINK, sys.NETLINK_PKTINFO, &boolCodec}                 // messages bring the group they were sent to
)

// Group n is bit n-1, in words of 32.
var membershipsRead = codec[[]int]{
	read: func(s *sock.Socket, level, name int) ([]int, error) {
		var b [512]byte // of 4096 groups; no protocol has as many
		n, err := readOption(s, level, name, b[:])
		if err != nil {
			return nil, err
		}
		var groups []int
		for i := range n / 4 {
			word := binary.NativeEndian.Uint32(b[4*i:])
			for bit := range 32 {
				if word&(1<<bit) != 0 {
					groups = append(groups, 32*i+bit+1)
				}
			}
		}
		return groups, nil
	},
}
