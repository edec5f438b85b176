package sock_test

import (
	"github.com/berkeleysockets/sock"
	"testing"
)

var udpOptions = map[string]optionCase{
	"UDPCork":          {sock.UDPCork, "UDP_CORK", "udp4 udp6", toggled(sock.UDPCork)},
	"UDPEncap":         {sock.UDPEncap, "UDP_ENCAP", "udp4", settable(sock.UDPEncap, 2)},
	"UDPGRO":           {sock.UDPGRO, "UDP_GRO", "udp4 udp6", toggled(sock.UDPGRO)},
	"UDPLiteRecvCsCov": {sock.UDPLiteRecvCsCov, "UDPLITE_RECV_CSCOV", "udplite4 udplite6", changed(sock.UDPLiteRecvCsCov, 8, 100)},
	"UDPLiteSendCsCov": {sock.UDPLiteSendCsCov, "UDPLITE_SEND_CSCOV", "udplite4 udplite6", changed(sock.UDPLiteSendCsCov, 8, 100)},
	"UDPNoCheck6Rx":    {sock.UDPNoCheck6Rx, "UDP_NO_CHECK6_RX", "udp6", toggled(sock.UDPNoCheck6Rx)},
	"UDPNoCheck6Tx":    {sock.UDPNoCheck6Tx, "UDP_NO_CHECK6_TX", "udp6", toggled(sock.UDPNoCheck6Tx)},
	"UDPSegment":       {sock.UDPSegment, "UDP_SEGMENT", "udp4 udp6", changed(sock.UDPSegment, 1, 1200, 1<<16-1)},
}

func TestOptionUDPSegment(t *testing.T) {
	t.Parallel()
	s := kind(t, "udp4")
	if _, err := getAny(sock.UDPSegment, s); err != nil {
		t.Skip(err)
	}
	for _, v := range []int{-1, 1 << 16} {
		if sock.UDPSegment.Set(s, v) == nil {
			t.Errorf("segments of %d", v)
		}
	}
}
