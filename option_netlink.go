package sock

import (
	"github.com/berkeleysockets/sock/internal/sys"
)

// Options of netlink (SOL_NETLINK), by C name. Source:
// netlink(7).
var (
	NetlinkAddMembership   = Option[int]{sys.SOL_NETLINK, sys.NETLINK_ADD_MEMBERSHIP, &intCodec}          // write: join a group, by its number
	NetlinkBroadcastError  = Option[bool]{sys.SOL_NETLINK, sys.NETLINK_BROADCAST_ERROR, &boolCodec}       // tell who sends to a group that a member had no room
	NetlinkCapAck          = Option[bool]{sys.SOL_NETLINK, sys.NETLINK_CAP_ACK, &boolCodec}               // an acknowledgement does not repeat the request (Linux 4.3)
	NetlinkDropMembership  = Option[int]{sys.SOL_NETLINK, sys.NETLINK_DROP_MEMBERSHIP, &intCodec}         // write: leave a group
	NetlinkExtAck          = Option[bool]{sys.SOL_NETLINK, sys.NETLINK_EXT_ACK, &boolCodec}               // an error says why (Linux 4.12)
	NetlinkGetStrictCheck  = Option[bool]{sys.SOL_NETLINK, sys.NETLINK_GET_STRICT_CHK, &boolCodec}        // dumps heed what was asked for (Linux 4.20)
	NetlinkListenAllNSID   = Option[bool]{sys.SOL_NETLINK, sys.NETLINK_LISTEN_ALL_NSID, &boolCodec}       // hear other network namespaces that have an id here (Linux 4.2)
	NetlinkListMemberships = Option[[]uint32]{sys.SOL_NETLINK, sys.NETLINK_LIST_MEMBERSHIPS, &wordsCodec} // read: the groups, as bits (Linux 4.2)
	NetlinkNoENOBUFS       = Option[bool]{sys.SOL_NETLINK, sys.NETLINK_NO_ENOBUFS, &boolCodec}            // what there was no room for is lost without ENOBUFS (Linux 2.6.30)
	NetlinkPktInfo         = Option[bool]{sys.SOL_NETLINK, sys.NETLINK_PKTINFO, &boolCodec}               // messages come with their group
)
