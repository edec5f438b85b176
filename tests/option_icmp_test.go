package sock_test

import (
	"testing"

	"github.com/berkeleysockets/sock/sockopt"
)

var icmpOptions = map[string]optionCase{
	"ICMP6Filter": {sockopt.ICMP6Filter, "ICMP6_FILTER", "icmp6", changed(sockopt.ICMP6Filter, filter6(128, 129), filter6(0, 31, 32, 255))},
	"ICMPFilter":  {sockopt.ICMPFilter, "ICMP_FILTER", "icmp4", changed(sockopt.ICMPFilter, 1<<8, 1<<32-1)},
}

// filter6 returns a filter that passes only these types.
func filter6(pass ...uint8) (v sockopt.ICMP6FilterValue) {
	v.BlockAll()
	for _, typ := range pass {
		v.Pass(typ)
	}
	return v
}

func TestICMP6FilterValue(t *testing.T) {
	t.Parallel()
	var v sockopt.ICMP6FilterValue
	for typ := range 256 {
		if v.WillBlock(uint8(typ)) {
			t.Errorf("%d is blocked from the beginning", typ)
		}
		v.Block(uint8(typ))
		if !v.WillBlock(uint8(typ)) {
			t.Errorf("%d is not blocked", typ)
		}
	}
	if v != filter6() {
		t.Error("all types are not all")
	}
	v.Pass(255)
	if v.WillBlock(255) || !v.WillBlock(254) || v != filter6(255) {
		t.Error(v)
	}
}
