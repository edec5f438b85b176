package sock_test

import (
	"strings"
	"syscall"
	"testing"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/sockopt"
)

var packetOptions = map[string]optionCase{
	"PacketAddMembership":  {sockopt.PacketAddMembership, "PACKET_ADD_MEMBERSHIP", "packet", written(sockopt.PacketAddMembership, sockopt.PacketMembershipValue{Index: 1, Type: 2}, syscall.ENOPROTOOPT)},
	"PacketAuxData":        {sockopt.PacketAuxData, "PACKET_AUXDATA", "packet", toggled(sockopt.PacketAuxData)},
	"PacketCopyThresh":     {sockopt.PacketCopyThresh, "PACKET_COPY_THRESH", "packet", written0(sockopt.PacketCopyThresh, 1)},
	"PacketDropMembership": {sockopt.PacketDropMembership, "PACKET_DROP_MEMBERSHIP", "packet", leavesPackets},
	"PacketFanout":         {sockopt.PacketFanout, "PACKET_FANOUT", "packet", fanout},
	"PacketHdrLen":         {sockopt.PacketHdrLen, "PACKET_HDRLEN", "packet", readOnly(sockopt.PacketHdrLen, func(v int) bool { return v > 0 })},
	"PacketIgnoreOutgoing": {sockopt.PacketIgnoreOutgoing, "PACKET_IGNORE_OUTGOING", "packet", toggled(sockopt.PacketIgnoreOutgoing)},
	"PacketLoss":           {sockopt.PacketLoss, "PACKET_LOSS", "packet", toggled(sockopt.PacketLoss)},
	"PacketOrigDev":        {sockopt.PacketOrigDev, "PACKET_ORIGDEV", "packet", toggled(sockopt.PacketOrigDev)},
	"PacketQdiscBypass":    {sockopt.PacketQdiscBypass, "PACKET_QDISC_BYPASS", "packet", toggled(sockopt.PacketQdiscBypass)},
	"PacketReserve":        {sockopt.PacketReserve, "PACKET_RESERVE", "packet", changed(sockopt.PacketReserve, 100)},
	"PacketRolloverStats":  {sockopt.PacketRolloverStats, "PACKET_ROLLOVER_STATS", "packet", cannotRead(sockopt.PacketRolloverStats, syscall.EINVAL)},
	"PacketStatistics":     {sockopt.PacketStatistics, "PACKET_STATISTICS", "packet", readOnlyAs(sockopt.PacketStatistics, sockopt.PacketStatisticsValue{})},
	"PacketTimestamp":      {sockopt.PacketTimestamp, "PACKET_TIMESTAMP", "packet", changed(sockopt.PacketTimestamp, sockopt.TimestampingRawHardware)},
	"PacketTxHasOffset":    {sockopt.PacketTxHasOffset, "PACKET_TX_HAS_OFF", "packet", toggled(sockopt.PacketTxHasOffset)},
	"PacketVNetHdr":        {sockopt.PacketVNetHdr, "PACKET_VNET_HDR", "packet", toggled(sockopt.PacketVNetHdr)},
	"PacketVNetHdrSize":    {sockopt.PacketVNetHdrSize, "PACKET_VNET_HDR_SZ", "packet", recent(sockopt.PacketVNetHdrSize, changed(sockopt.PacketVNetHdrSize, 10, 12))},
	"PacketVersion":        {sockopt.PacketVersion, "PACKET_VERSION", "packet", changed(sockopt.PacketVersion, 1, 2)},
}

func leavesPackets(t *testing.T, s *sock.Socket) {
	v := sockopt.PacketMembershipValue{Index: 1, Type: 0, Addr: "\x01\x00\x5e\x00\x00\x01"}
	wantErr(t, sockopt.PacketAddMembership.Set(s, v), nil)
	written(sockopt.PacketDropMembership, v, syscall.ENOPROTOOPT)(t, s)
	for _, v := range []sockopt.PacketMembershipValue{{Type: -1}, {Type: 1 << 16}, {Addr: strings.Repeat("x", 9)}} {
		misused(t, sockopt.PacketDropMembership.Set(s, v), "setsockopt PACKET_DROP_MEMBERSHIP", syscall.EINVAL)
	}
}

// fanout joins a group with a bound socket. Protocol 0 receives no frames.
func fanout(t *testing.T, s *sock.Socket) {
	o := sockopt.PacketFanout
	holds(t, o, s, sockopt.PacketFanoutValue{})
	v := sockopt.PacketFanoutValue{Group: 0x1234, Type: 1}
	wantErr(t, s.Bind(linkOf(t, 1)), nil)
	wantErr(t, o.Set(s, v), nil)
	holds(t, o, s, v)
	stats := sockopt.PacketRolloverStats
	_, err := stats.Get(s)
	wrong(t, err, "getsockopt PACKET_ROLLOVER_STATS", sock.Addr{}, syscall.EINVAL, nil)
	wrong(t, o.Set(s, v), "setsockopt PACKET_FANOUT", sock.Addr{}, syscall.EALREADY, syscall.EINVAL)
	with := kind(t, "packet")
	wantErr(t, with.Bind(linkOf(t, 1)), nil)
	wantErr(t, o.Set(with, sockopt.PacketFanoutValue{Group: 0x1235, Type: 3, MaxMembers: 300}), nil)
	holds(t, o, with, sockopt.PacketFanoutValue{Group: 0x1235, Type: 3})
	readOnly(stats, func(sockopt.PacketRolloverStatsValue) bool { return true })(t, with)
}

// linkOf is the address of an interface, for a protocol without users.
func linkOf(t *testing.T, index int) sock.Addr {
	t.Helper()
	a, err := sock.PacketAddr(0x88b5, index, nil)
	if err != nil {
		t.Fatal(err)
	}
	return a
}
