package sock_test

import (
	"github.com/berkeleysockets/sock"
	"strings"
	"syscall"
	"testing"
)

var packetOptions = map[string]optionCase{
	"PacketAddMembership":  {sock.PacketAddMembership, "PACKET_ADD_MEMBERSHIP", "packet", written(sock.PacketAddMembership, sock.PacketMembershipValue{Index: 1, Type: 2}, syscall.ENOPROTOOPT)},
	"PacketAuxData":        {sock.PacketAuxData, "PACKET_AUXDATA", "packet", toggled(sock.PacketAuxData)},
	"PacketCopyThresh":     {sock.PacketCopyThresh, "PACKET_COPY_THRESH", "packet", written0(sock.PacketCopyThresh, 1)},
	"PacketDropMembership": {sock.PacketDropMembership, "PACKET_DROP_MEMBERSHIP", "packet", leavesPackets},
	"PacketFanout":         {sock.PacketFanout, "PACKET_FANOUT", "packet", fanout},
	"PacketHdrLen":         {sock.PacketHdrLen, "PACKET_HDRLEN", "packet", told(sock.PacketHdrLen, func(v int) bool { return v > 0 })},
	"PacketIgnoreOutgoing": {sock.PacketIgnoreOutgoing, "PACKET_IGNORE_OUTGOING", "packet", toggled(sock.PacketIgnoreOutgoing)},
	"PacketLoss":           {sock.PacketLoss, "PACKET_LOSS", "packet", toggled(sock.PacketLoss)},
	"PacketOrigDev":        {sock.PacketOrigDev, "PACKET_ORIGDEV", "packet", toggled(sock.PacketOrigDev)},
	"PacketQdiscBypass":    {sock.PacketQdiscBypass, "PACKET_QDISC_BYPASS", "packet", toggled(sock.PacketQdiscBypass)},
	"PacketReserve":        {sock.PacketReserve, "PACKET_RESERVE", "packet", changed(sock.PacketReserve, 100)},
	"PacketRolloverStats":  {sock.PacketRolloverStats, "PACKET_ROLLOVER_STATS", "packet", untold(sock.PacketRolloverStats, syscall.EINVAL)},
	"PacketStatistics":     {sock.PacketStatistics, "PACKET_STATISTICS", "packet", toldAs(sock.PacketStatistics, sock.PacketStatisticsValue{})},
	"PacketTimestamp":      {sock.PacketTimestamp, "PACKET_TIMESTAMP", "packet", changed(sock.PacketTimestamp, sock.TimestampingRawHardware)},
	"PacketTxHasOff":       {sock.PacketTxHasOff, "PACKET_TX_HAS_OFF", "packet", toggled(sock.PacketTxHasOff)},
	"PacketVNetHdr":        {sock.PacketVNetHdr, "PACKET_VNET_HDR", "packet", toggled(sock.PacketVNetHdr)},
	"PacketVNetHdrSize":    {sock.PacketVNetHdrSize, "PACKET_VNET_HDR_SZ", "packet", recent(sock.PacketVNetHdrSize, changed(sock.PacketVNetHdrSize, 10, 12))},
	"PacketVersion":        {sock.PacketVersion, "PACKET_VERSION", "packet", changed(sock.PacketVersion, 1, 2)},
}

func leavesPackets(t *testing.T, s *sock.Socket) {
	v := sock.PacketMembershipValue{Index: 1, Type: 0, Addr: "\x01\x00\x5e\x00\x00\x01"}
	is(t, sock.PacketAddMembership.Set(s, v), nil)
	written(sock.PacketDropMembership, v, syscall.ENOPROTOOPT)(t, s)
	for _, v := range []sock.PacketMembershipValue{{Type: -1}, {Type: 1 << 16}, {Addr: strings.Repeat("x", 9)}} {
		misused(t, sock.PacketDropMembership.Set(s, v), "setsockopt PACKET_DROP_MEMBERSHIP", syscall.EINVAL)
	}
}

// fanout: a group wants a bound socket, whose frames of no protocol are none.
func fanout(t *testing.T, s *sock.Socket) {
	o := sock.PacketFanout
	holds(t, o, s, sock.PacketFanoutValue{})
	v := sock.PacketFanoutValue{Group: 0x1234, Type: 1}
	is(t, s.Bind(linkOf(t, 1)), nil)
	is(t, o.Set(s, v), nil)
	holds(t, o, s, v)
	stats := sock.PacketRolloverStats
	_, err := stats.Get(s)
	wrong(t, err, "getsockopt PACKET_ROLLOVER_STATS", sock.Addr{}, syscall.EINVAL, nil)
	wrong(t, o.Set(s, v), "setsockopt PACKET_FANOUT", sock.Addr{}, syscall.EALREADY, syscall.EINVAL)
	with := kind(t, "packet")
	is(t, with.Bind(linkOf(t, 1)), nil)
	is(t, o.Set(with, sock.PacketFanoutValue{Group: 0x1235, Type: 3, MaxMembers: 300}), nil)
	holds(t, o, with, sock.PacketFanoutValue{Group: 0x1235, Type: 3})
	told(stats, func(sock.PacketRolloverValue) bool { return true })(t, with)
}

// linkOf is an interface, for frames of a protocol that nobody speaks.
func linkOf(t *testing.T, index int) sock.Addr {
	t.Helper()
	a, err := sock.PacketAddr(0x88b5, index, nil)
	if err != nil {
		t.Fatal(err)
	}
	return a
}
