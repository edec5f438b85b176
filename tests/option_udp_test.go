package sock_test

import (
	"testing"

	"github.com/berkeleysockets/sock/sockopt"
)

var udpOptions = map[string]optionCase{
	"UDPCork":          {sockopt.UDPCork, "UDP_CORK", "udp4 udp6", toggled(sockopt.UDPCork)},
	"UDPEncap":         {sockopt.UDPEncap, "UDP_ENCAP", "udp4", settable(sockopt.UDPEncap, 2)},
	"UDPGRO":           {sockopt.UDPGRO, "UDP_GRO", "udp4 udp6", toggled(sockopt.UDPGRO)},
	"UDPLiteRecvCsCov": {sockopt.UDPLiteRecvCsCov, "UDPLITE_RECV_CSCOV", "udplite4 udplite6", changed(sockopt.UDPLiteRecvCsCov, 8, 100)},
	"UDPLiteSendCsCov": {sockopt.UDPLiteSendCsCov, "UDPLITE_SEND_CSCOV", "udplite4 udplite6", changed(sockopt.UDPLiteSendCsCov, 8, 100)},
	"UDPNoCheck6Rx":    {sockopt.UDPNoCheck6Rx, "UDP_NO_CHECK6_RX", "udp6", toggled(sockopt.UDPNoCheck6Rx)},
	"UDPNoCheck6Tx":    {sockopt.UDPNoCheck6Tx, "UDP_NO_CHECK6_TX", "udp6", toggled(sockopt.UDPNoCheck6Tx)},
	"UDPSegment":       {sockopt.UDPSegment, "UDP_SEGMENT", "udp4 udp6", changed(sockopt.UDPSegment, 1, 1200, 1<<16-1)},
}

func TestOptionUDPSegment(t *testing.T) {
	t.Parallel()
	s := kind(t, "udp4")
	if _, err := getAny(sockopt.UDPSegment, s); err != nil {
		t.Skip(err)
	}
	for _, v := range []int{-1, 1 << 16} {
		if sockopt.UDPSegment.Set(s, v) == nil {
			t.Errorf("segments of %d", v)
		}
	}
}
