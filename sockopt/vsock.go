package sockopt

import (
	"encoding/binary"
	"strconv"
	"time"

	"github.com/berkeleysockets/sock/internal/sys"
)

// Options of vsock (the level is AF_VSOCK), by C name. The transport of a socket decides which
// of them it has.
//
// Source: vsock(7).
var (
	// VSockBufferMaxSize is SO_VM_SOCKETS_BUFFER_MAX_SIZE: the upper bound of VSockBufferSize, in
	// bytes. Systems: Linux.
	VSockBufferMaxSize Option[uint64]

	// VSockBufferMinSize is SO_VM_SOCKETS_BUFFER_MIN_SIZE: the lower bound of VSockBufferSize, in
	// bytes. Systems: Linux.
	VSockBufferMinSize Option[uint64]

	// VSockBufferSize is SO_VM_SOCKETS_BUFFER_SIZE: the size of the receive buffer, in bytes, kept
	// between VSockBufferMinSize and VSockBufferMaxSize. Systems: Linux.
	VSockBufferSize Option[uint64]

	// VSockConnectTimeout is SO_VM_SOCKETS_CONNECT_TIMEOUT: how long Connect tries, in whole
	// microseconds. Systems: Linux.
	VSockConnectTimeout Option[time.Duration]

	// VSockNonblockTxRx is SO_VM_SOCKETS_NONBLOCK_TXRX: not available to programs: the headers
	// define it, and no kernel accepts it. Systems: Linux.
	VSockNonblockTxRx Option[bool]

	// VSockPeerHostVMID is SO_VM_SOCKETS_PEER_HOST_VM_ID: the number of the peer's virtual machine
	// on its host. It is read-only. Only VMware's own module has it. Systems: Linux.
	VSockPeerHostVMID Option[int]

	// VSockTrusted is SO_VM_SOCKETS_TRUSTED: whether the peer is privileged. It is read-only. Only
	// VMware's own module has it. Systems: Linux.
	VSockTrusted Option[bool]
)

// Level, number and codec of each option.
func init() {
	VSockBufferMaxSize = option(sys.AF_VSOCK, sys.SO_VM_SOCKETS_BUFFER_MAX_SIZE, &uint64Codec)
	VSockBufferMinSize = option(sys.AF_VSOCK, sys.SO_VM_SOCKETS_BUFFER_MIN_SIZE, &uint64Codec)
	VSockBufferSize = option(sys.AF_VSOCK, sys.SO_VM_SOCKETS_BUFFER_SIZE, &uint64Codec)
	VSockConnectTimeout = option(sys.AF_VSOCK, sys.SO_VM_SOCKETS_CONNECT_TIMEOUT, &timevalCodec)
	VSockNonblockTxRx = option(sys.AF_VSOCK, sys.SO_VM_SOCKETS_NONBLOCK_TXRX, &boolCodec)
	VSockPeerHostVMID = option(sys.AF_VSOCK, sys.SO_VM_SOCKETS_PEER_HOST_VM_ID, &intRead)
	VSockTrusted = option(sys.AF_VSOCK, sys.SO_VM_SOCKETS_TRUSTED, &boolRead)
}

// A struct timeval has two C longs.
const sizeLong = strconv.IntSize / 8

var timevalCodec = codec[time.Duration]{
	size: 2 * sizeLong,
	encode: func(v time.Duration) (x value, err error) {
		if v < 0 || sizeLong == 4 && v/time.Second > 1<<31-1 {
			return x, invalid("a time-out of " + v.String())
		}
		us := int64(v / time.Microsecond)
		if v%time.Microsecond != 0 {
			us++
		}
		putLong(x.b[:], us/1e6)
		putLong(x.b[sizeLong:], us%1e6)
		x.n = 2 * sizeLong
		return x, nil
	},
	decode: func(x value) time.Duration {
		return time.Duration(getLong(x.b[:]))*time.Second + time.Duration(getLong(x.b[sizeLong:]))*time.Microsecond
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
