package sock_test

import (
	"slices"
	"syscall"
	"testing"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/sockopt"
)

var netlinkOptions = map[string]optionCase{
	"NetlinkAddMembership":   {sockopt.NetlinkAddMembership, "NETLINK_ADD_MEMBERSHIP", "netlink", joinsGroup},
	"NetlinkBroadcastError":  {sockopt.NetlinkBroadcastError, "NETLINK_BROADCAST_ERROR", "netlink", toggled(sockopt.NetlinkBroadcastError)},
	"NetlinkCapAck":          {sockopt.NetlinkCapAck, "NETLINK_CAP_ACK", "netlink", toggled(sockopt.NetlinkCapAck)},
	"NetlinkDropMembership":  {sockopt.NetlinkDropMembership, "NETLINK_DROP_MEMBERSHIP", "netlink", written(sockopt.NetlinkDropMembership, 1, syscall.ENOPROTOOPT)},
	"NetlinkExtAck":          {sockopt.NetlinkExtAck, "NETLINK_EXT_ACK", "netlink", toggled(sockopt.NetlinkExtAck)},
	"NetlinkGetStrictCheck":  {sockopt.NetlinkGetStrictCheck, "NETLINK_GET_STRICT_CHK", "netlink", toggled(sockopt.NetlinkGetStrictCheck)},
	"NetlinkListMemberships": {sockopt.NetlinkListMemberships, "NETLINK_LIST_MEMBERSHIPS", "netlink", readOnly(sockopt.NetlinkListMemberships, func(v []int) bool { return len(v) == 0 })},
	"NetlinkListenAllNSID":   {sockopt.NetlinkListenAllNSID, "NETLINK_LISTEN_ALL_NSID", "netlink", privileged(both(written0(sockopt.NetlinkListenAllNSID, true), written0(sockopt.NetlinkListenAllNSID, false)))},
	"NetlinkNoENOBUFS":       {sockopt.NetlinkNoENOBUFS, "NETLINK_NO_ENOBUFS", "netlink", toggled(sockopt.NetlinkNoENOBUFS)},
	"NetlinkPktInfo":         {sockopt.NetlinkPktInfo, "NETLINK_PKTINFO", "netlink", toggled(sockopt.NetlinkPktInfo)},
}

func joinsGroup(t *testing.T, s *sock.Socket) {
	for _, group := range []int{1, 9, 33} { // RTNLGRP_LINK ...
		written(sockopt.NetlinkAddMembership, group, syscall.ENOPROTOOPT)(t, s)
	}
	wantErr(t, sockopt.NetlinkDropMembership.Set(s, 9), nil)
	if v, err := sockopt.NetlinkListMemberships.Get(s); err != nil || !slices.Equal(v, []int{1, 33}) {
		t.Error(v, err)
	}
	wrong(t, sockopt.NetlinkAddMembership.Set(s, 100000), "setsockopt NETLINK_ADD_MEMBERSHIP", sock.Addr{}, syscall.EINVAL)
}
