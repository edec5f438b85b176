package sockopt

import (
	"encoding/binary"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/internal/sys"
)

// Options of netlink (SOL_NETLINK), by C name.
//
// Source: netlink(7).
var (
	// NetlinkAddMembership is NETLINK_ADD_MEMBERSHIP: join a group, by number. It is write-only.
	// Systems: Linux.
	NetlinkAddMembership Option[int]

	// NetlinkBroadcastError is NETLINK_BROADCAST_ERROR: a sender to the group receives an error if
	// the buffer of this socket is full. Systems: Linux.
	NetlinkBroadcastError Option[bool]

	// NetlinkCapAck is NETLINK_CAP_ACK: acknowledgements do not repeat the request. Systems: Linux
	// 4.3.
	NetlinkCapAck Option[bool]

	// NetlinkDropMembership is NETLINK_DROP_MEMBERSHIP: leave a group, by number. It is
	// write-only. Systems: Linux.
	NetlinkDropMembership Option[int]

	// NetlinkExtAck is NETLINK_EXT_ACK: acknowledgements describe an error in words. Systems:
	// Linux 4.12.
	NetlinkExtAck Option[bool]

	// NetlinkGetStrictCheck is NETLINK_GET_STRICT_CHK: requests are validated strictly, and their
	// filters apply. Systems: Linux 4.20.
	NetlinkGetStrictCheck Option[bool]

	// NetlinkListenAllNSID is NETLINK_LISTEN_ALL_NSID: receive from all network namespaces that
	// have a number in this one. Setting it is privileged. Systems: Linux 4.2.
	NetlinkListenAllNSID Option[bool]

	// NetlinkListMemberships is NETLINK_LIST_MEMBERSHIPS: the groups joined, in ascending order.
	// It is read-only. Systems: Linux 4.2.
	NetlinkListMemberships Option[[]int]

	// NetlinkNoENOBUFS is NETLINK_NO_ENOBUFS: a receive does not report a full buffer as an error.
	// Systems: Linux.
	NetlinkNoENOBUFS Option[bool]

	// NetlinkPktInfo is NETLINK_PKTINFO: received messages carry the group that they were sent to.
	// Systems: Linux.
	NetlinkPktInfo Option[bool]
)

// Level, number and codec of each option.
func init() {
	NetlinkAddMembership = option(sys.SOL_NETLINK, sys.NETLINK_ADD_MEMBERSHIP, &intCodec)
	NetlinkBroadcastError = option(sys.SOL_NETLINK, sys.NETLINK_BROADCAST_ERROR, &boolCodec)
	NetlinkCapAck = option(sys.SOL_NETLINK, sys.NETLINK_CAP_ACK, &boolCodec)
	NetlinkDropMembership = option(sys.SOL_NETLINK, sys.NETLINK_DROP_MEMBERSHIP, &intCodec)
	NetlinkExtAck = option(sys.SOL_NETLINK, sys.NETLINK_EXT_ACK, &boolCodec)
	NetlinkGetStrictCheck = option(sys.SOL_NETLINK, sys.NETLINK_GET_STRICT_CHK, &boolCodec)
	NetlinkListenAllNSID = option(sys.SOL_NETLINK, sys.NETLINK_LISTEN_ALL_NSID, &boolCodec)
	NetlinkListMemberships = option(sys.SOL_NETLINK, sys.NETLINK_LIST_MEMBERSHIPS, &membershipsRead)
	NetlinkNoENOBUFS = option(sys.SOL_NETLINK, sys.NETLINK_NO_ENOBUFS, &boolCodec)
	NetlinkPktInfo = option(sys.SOL_NETLINK, sys.NETLINK_PKTINFO, &boolCodec)
}

// Group n is bit n-1, in words of 32 bits.
var membershipsRead = codec[[]int]{
	read: func(s *sock.Socket, level, name int) ([]int, error) {
		var b [512]byte // for 4096 groups; every protocol has fewer
		n, err := s.Getsockopt(level, name, b[:])
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
