package sockopt

import (
	"encoding/binary"
	"strconv"
	"time"

	"github.com/berkeleysockets/sock/internal/sys"
)

// Options of vsock (AF_VSOCK is the level), by C name. All are Linux's; which of
// them a socket has depends on its transport. Source: vsock(7).
var (
	VSockBufferMaxSize  = Option[uint64]{sys.AF_VSOCK, sys.SO_VM_SOCKETS_BUFFER_MAX_SIZE, &uint64Codec}         // bytes that VSockBufferSize can be
	VSockBufferMinSize  = Option[uint64]{sys.AF_VSOCK, sys.SO_VM_SOCKETS_BUFFER_MIN_SIZE, &uint64Codec}         // bytes that it must be
	VSockBufferSize     = Option[uint64]{sys.AF_VSOCK, sys.SO_VM_SOCKETS_BUFFER_SIZE, &uint64Codec}             // bytes that are received ahead; kept within those two
	VSockConnectTimeout = Option[time.Duration]{sys.AF_VSOCK, sys.SO_VM_SOCKETS_CONNECT_TIMEOUT, &timevalCodec} // how long Connect tries; microseconds
	VSockNonblockTxRx   = Option[bool]{sys.AF_VSOCK, sys.SO_VM_SOCKETS_NONBLOCK_TXRX, &boolCodec}               // only in the headers: no kernel has it for programs
	VSockPeerHostVMID   = Option[int]{sys.AF_VSOCK, sys.SO_VM_SOCKETS_PEER_HOST_VM_ID, &intRead}                // read: the peer's machine as its host counts (VMware's own module)
	VSockTrusted        = Option[bool]{sys.AF_VSOCK, sys.SO_VM_SOCKETS_TRUSTED, &boolRead}                      // read: is the peer privileged? (VMware's own module)
)

// A timeval of the C language: two longs.
const sizeLong = strconv.IntSize / 8

var timevalCodec = codec[time.Duration]{
	size: 2 * sizeLong,
	put: func(v time.Duration) (r raw, err error) {
		if v < 0 || sizeLong == 4 && v/time.Second > 1<<31-1 {
			return r, bad("a time-out of " + v.String())
		}
		us := int64(v / time.Microsecond)
		if v%time.Microsecond != 0 {
			us++
		}
		putLong(r.b[:], us/1e6)
		putLong(r.b[sizeLong:], us%1e6)
		r.n = 2 * sizeLong
		return r, nil
	},
	get: func(r raw) time.Duration {
		return time.Duration(getLong(r.b[:]))*time.Second + time.Duration(getLong(r.b[sizeLong:]))*time.Microsecond
	},
}

func putLong(b []byte, v int64) {
	if sizeLong == 4 {
		binary.NativeEndian.PutUint32(b, uint32(v))
	} else {
		binary.NativeEndian.PutUint64(b, uint64(v))
	}
}

func getLong(b []byte) int64 {
	if sizeLong == 4 {
		return int64(int32(binary.NativeEndian.Uint32(b)))
	}
	return int64(binary.NativeEndian.Uint64(b))
}
