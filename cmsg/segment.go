package cmsg

import (
	"encoding/binary"
	"math"

	"github.com/berkeleysockets/sock/internal/sys"
)

// AppendSegmentSize appends the size of the datagrams into which the kernel or the network
// card splits the data, in bytes: UDP_SEGMENT, generic segmentation offload (Linux 4.18). The
// last datagram may be shorter. One send has at most 64 datagrams (128 since Linux 6.9) and
// 65,507 bytes. If the send fails with EIO the device cannot split: send the datagrams one by
// one.
//
// Source: udp(7).
func AppendSegmentSize(b []byte, size int) []byte {
	if !sys.Has(sys.UDP_SEGMENT) {
		return appendUnsupported(b)
	}
	if size < 1 || size > math.MaxUint16 {
		return appendInvalid(b)
	}
	b, data := appendMessage(b, sys.IPPROTO_UDP, sys.UDP_SEGMENT, 2)
	binary.NativeEndian.PutUint16(data, uint16(size))
	return b
}

// SegmentSize returns the size of the datagrams that were received as one, in bytes, with the
// option sockopt.UDPGRO (Linux 5.0). The last one may be shorter. Data without such a message
// is one datagram.
//
// Source: udp(7).
func (m Message) SegmentSize() (int, bool) {
	switch {
	case m.is(sys.IPPROTO_UDP, sys.UDP_GRO, 4):
		return int(int32(m.uint32(0))), true
	case m.is(sys.IPPROTO_UDP, sys.UDP_SEGMENT, 2):
		return int(binary.NativeEndian.Uint16(m.Data)), true
	}
	return 0, false
}
