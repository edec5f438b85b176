package cmsg

import "github.com/berkeleysockets/sock/internal/sys"

// AppendMark appends the mark of a packet, which routing and firewalls read: SO_MARK (Linux
// 4.19). It needs CAP_NET_RAW or CAP_NET_ADMIN.
//
// Source: socket(7).
func AppendMark(b []byte, mark uint32) []byte {
	if !sys.Has(sys.SO_MARK) {
		return appendUnsupported(b)
	}
	return appendUint32(b, sys.SOL_SOCKET, sys.SO_MARK, mark)
}

// Mark returns the mark of a packet, with the option sockopt.RecvMark (Linux 5.19).
//
// Source: socket(7).
func (m Message) Mark() (uint32, bool) {
	if !m.is(sys.SOL_SOCKET, sys.SO_MARK, 4) {
		return 0, false
	}
	return m.uint32(0), true
}

// Drops returns how many messages the socket has dropped since it was opened because its
// buffer was full, with the option sockopt.RxQueueOverflow (Linux 2.6.33).
//
// Source: socket(7).
func (m Message) Drops() (uint32, bool) {
	if !m.is(sys.SOL_SOCKET, sys.SO_RXQ_OVFL, 4) {
		return 0, false
	}
	return m.uint32(0), true
}
