package sock_test

import (
	"github.com/berkeleysockets/sock"
	"slices"
	"syscall"
	"testing"
)

var netlinkOptions = map[string]optionCase{
	"NetlinkAddMembership":   {sock.NetlinkAddMembership, "NETLINK_ADD_MEMBERSHIP", "netlink", joinsGroup},
	"NetlinkBroadcastError":  {sock.NetlinkBroadcastError, "NETLINK_BROADCAST_ERROR", "netlink", toggled(sock.NetlinkBroadcastError)},
	"NetlinkCapAck":          {sock.NetlinkCapAck, "NETLINK_CAP_ACK", "netlink", toggled(sock.NetlinkCapAck)},
	"NetlinkDropMembership":  {sock.NetlinkDropMembership, "NETLINK_DROP_MEMBERSHIP", "netlink", written(sock.NetlinkDropMembership, 1, syscall.ENOPROTOOPT)},
	"NetlinkExtAck":          {sock.NetlinkExtAck, "NETLINK_EXT_ACK", "netlink", toggled(sock.NetlinkExtAck)},
	"NetlinkGetStrictCheck":  {sock.NetlinkGetStrictCheck, "NETLINK_GET_STRICT_CHK", "netlink", toggled(sock.NetlinkGetStrictCheck)},
	"NetlinkListMemberships": {sock.NetlinkListMemberships, "NETLINK_LIST_MEMBERSHIPS", "netlink", told(sock.NetlinkListMemberships, func(v []int) bool { return len(v) == 0 })},
	"NetlinkListenAllNSID":   {sock.NetlinkListenAllNSID, "NETLINK_LISTEN_ALL_NSID", "netlink", privileged(both(written0(sock.NetlinkListenAllNSID, true), written0(sock.NetlinkListenAllNSID, false)))},
	"NetlinkNoENOBUFS":       {sock.NetlinkNoENOBUFS, "NETLINK_NO_ENOBUFS", "netlink", toggled(sock.NetlinkNoENOBUFS)},
	"NetlinkPktInfo":         {sock.NetlinkPktInfo, "NETLINK_PKTINFO", "netlink", toggled(sock.NetlinkPktInfo)},
}

func joinsGroup(t *testing.T, s *sock.Socket) {
	for _, group := range []int{1, 9, 33} { // RTNLGRP_LINK ...
		written(sock.NetlinkAddMembership, group, syscall.ENOPROTOOPT)(t, s)
	}
	is(t, sock.NetlinkDropMembership.Set(s, 9), nil)
	if v, err := sock.NetlinkListMemberships.Get(s); err != nil || !slices.Equal(v, []int{1, 33}) {
		t.Error(v, err)
	}
	wrong(t, sock.NetlinkAddMembership.Set(s, 100000), "setsockopt NETLINK_ADD_MEMBERSHIP", sock.Addr{}, syscall.EINVAL)
}
