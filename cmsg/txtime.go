package cmsg

import (
	"encoding/binary"

	"github.com/berkeleysockets/sock/internal/sys"
)

// AppendTxTime appends the time at which a packet leaves, in nanoseconds of the clock that the
// option sockopt.TxTime selected: SCM_TXTIME (Linux 4.19). Only the queueing disciplines etf
// and fq use it.
//
// Source: tc-etf(8).
func AppendTxTime(b []byte, nanoseconds uint64) []byte {
	if !sys.Has(sys.SCM_TXTIME) {
		return appendUnsupported(b)
	}
	b, data := appendMessage(b, sys.SOL_SOCKET, sys.SCM_TXTIME, 8)
	binary.NativeEndian.PutUint64(data, nanoseconds)
	return b
}

// TxTime returns the time that [AppendTxTime] appended.
//
// Source: tc-etf(8).
func (m Message) TxTime() (nanoseconds uint64, ok bool) {
	if !m.is(sys.SOL_SOCKET, sys.SCM_TXTIME, 8) {
		return 0, false
	}
	return binary.NativeEndian.Uint64(m.Data), true
}
