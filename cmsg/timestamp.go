package cmsg

import (
	"encoding/binary"
	"strconv"
	"time"

	"github.com/berkeleysockets/sock/internal/sys"
)

// A Moment is the point of a packet's way at which a transmit timestamp was taken
// (SCM_TSTAMP_*).
type Moment int

// The moments.
//
// Source: the kernel's networking/timestamping.rst.
const (
	MomentSent         Moment = sys.SCM_TSTAMP_SND        // the driver had the packet, or the card sent it
	MomentScheduled    Moment = sys.SCM_TSTAMP_SCHED      // it entered the packet scheduler
	MomentAcknowledged Moment = sys.SCM_TSTAMP_ACK        // the peer had acknowledged all of it
	MomentCompleted    Moment = sys.SCM_TSTAMP_COMPLETION // its completion was reported (Linux 6.14)
)

var momentNames = map[Moment]string{MomentSent: "sent", MomentScheduled: "scheduled", MomentAcknowledged: "acknowledged", MomentCompleted: "completed"}

// String returns the moment in a word, such as "sent".
func (m Moment) String() string {
	if name := momentNames[m]; name != "" {
		return name
	}
	return "moment " + strconv.Itoa(int(m))
}

// AppendTimestamping appends the transmit timestamps that this message shall have, as those
// flags of sockopt.Timestamping that generate them: SO_TIMESTAMPING (Linux 4.6).
//
// Source: https://docs.kernel.org/networking/timestamping.html
func AppendTimestamping(b []byte, flags int) []byte {
	if !sys.Has(sys.SO_TIMESTAMPING) {
		return appendUnsupported(b)
	}
	return appendInt(b, sys.SOL_SOCKET, sys.SO_TIMESTAMPING, flags)
}

// Timestamp returns when a packet was received, or sent, by the clock of the machine, with the
// options sockopt.Timestamp, sockopt.TimestampNS or sockopt.Timestamping (Linux).
//
// Source: socket(7).
func (m Message) Timestamp() (time.Time, bool) {
	switch {
	case m.is(sys.SOL_SOCKET, sys.SCM_TIMESTAMP, 8), m.is(sys.SOL_SOCKET, sys.SCM_TIMESTAMP_NEW, 16):
		return decodeTime(m.Data, 1000)
	case m.is(sys.SOL_SOCKET, sys.SCM_TIMESTAMPNS, 8), m.is(sys.SOL_SOCKET, sys.SCM_TIMESTAMPNS_NEW, 16), m.is(sys.SOL_SOCKET, sys.SCM_REALTIME, 8):
		return decodeTime(m.Data, 1)
	case m.is(sys.SOL_SOCKET, sys.SCM_BINTIME, 16) && len(m.Data) == 16:
		sec, frac := binary.NativeEndian.Uint64(m.Data), binary.NativeEndian.Uint64(m.Data[8:])
		return time.Unix(int64(sec), int64((frac>>32)*1e9>>32)), true
	}
	t, ok := m.Timestamps()
	return t.Software, ok && !t.Software.IsZero()
}

// Timestamps are when a packet passed the kernel and the network card. The zero Time is
// unknown. The clock of the card may have another zero than the clock of the machine.
type Timestamps struct {
	Software time.Time // in the kernel
	Hardware time.Time // in the network card
}

// Timestamps returns what the option sockopt.Timestamping requested (Linux 2.6.30).
//
// Source: https://docs.kernel.org/networking/timestamping.html
func (m Message) Timestamps() (t Timestamps, ok bool) {
	if !m.is(sys.SOL_SOCKET, sys.SCM_TIMESTAMPING, 24) && !m.is(sys.SOL_SOCKET, sys.SCM_TIMESTAMPING_NEW, 48) {
		return t, false
	}
	each := 8 // three struct timespec of a 32-bit machine; the second one is not used
	if len(m.Data) >= 48 {
		each = 16
	}
	t.Software, _ = decodeTime(m.Data[:each], 1)
	t.Hardware, _ = decodeTime(m.Data[2*each:3*each], 1)
	return t, true
}

// decodeTime decodes a struct timeval or timespec whose fractions are unit nanoseconds. Zero
// is no time.
func decodeTime(b []byte, unit int64) (time.Time, bool) {
	var sec, frac int64
	switch {
	case len(b) >= 16:
		sec, frac = int64(binary.NativeEndian.Uint64(b)), int64(binary.NativeEndian.Uint64(b[8:]))
		if frac < 0 || frac >= 1e9 { // an int with padding behind it
			frac = int64(int32(binary.NativeEndian.Uint32(b[8:])))
		}
	case len(b) >= 12: // NetBSD and OpenBSD on 32 bits
		sec, frac = int64(binary.NativeEndian.Uint64(b)), int64(int32(binary.NativeEndian.Uint32(b[8:])))
	default:
		sec, frac = int64(int32(binary.NativeEndian.Uint32(b))), int64(int32(binary.NativeEndian.Uint32(b[4:])))
	}
	if sec == 0 && frac == 0 {
		return time.Time{}, false
	}
	return time.Unix(sec, frac*unit), true
}
