package sys

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"testing"
)

// The layout of struct group_req and group_source_req, on 32-bit and 64-bit machines.
func TestMembership(t *testing.T) {
	at := bits.UintSize / 8
	put4 := func(ip byte) []byte {
		b := make([]byte, SizeInet4)
		PutInet4(b, [4]byte{239, 1, 2, ip}, 0)
		return b
	}
	put6 := func(ip byte) []byte {
		b := make([]byte, SizeInet6)
		PutInet6(b, [16]byte{0xff, 5, 15: ip}, 0, 0)
		return b
	}
	for _, c := range []struct {
		change        Change
		group, source []byte
		level, name   int
	}{
		{Join, put4(3), nil, IPPROTO_IP, MCAST_JOIN_GROUP},
		{Leave, put6(3), nil, IPPROTO_IPV6, MCAST_LEAVE_GROUP},
		{Join, put6(3), put6(4), IPPROTO_IPV6, MCAST_JOIN_SOURCE_GROUP},
		{Leave, put4(3), put4(4), IPPROTO_IP, MCAST_LEAVE_SOURCE_GROUP},
		{Block, put4(3), put4(4), IPPROTO_IP, MCAST_BLOCK_SOURCE},
		{Unblock, put6(3), put6(4), IPPROTO_IPV6, MCAST_UNBLOCK_SOURCE},
	} {
		m, e := NewMembership(c.change, 0x01020304, c.group, c.source)
		if e != 0 || m.Level != c.level || m.Name != c.name {
			t.Errorf("%v: level %d, name %d, %v", c.change, m.Level, m.Name, e)
		}
		want := binary.NativeEndian.AppendUint32(nil, 0x01020304)
		for i, a := range [][]byte{c.group, c.source} {
			if len(a) > 0 {
				want = append(want, make([]byte, at+i*sizeStorage-len(want))...)
				want = append(want, a...)
				want = append(want, make([]byte, sizeStorage-len(a))...)
			}
		}
		if !bytes.Equal(m.Arg(), want) {
			t.Errorf("%v:\n%x\nwant\n%x", c.change, m.Arg(), want)
		}
	}
}
