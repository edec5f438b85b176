package sock

import (
	"time"

	"github.com/berkeleysockets/sock/internal/sys"
)

// Options of VSOCK (the level is AF_VSOCK), by C name. Source:
// vsock(7).
var (
	VSockBufferMaxSize  = Option[uint64]{sys.AF_VSOCK, sys.SO_VM_SOCKETS_BUFFER_MAX_SIZE, &uint64Codec}         // bytes
	VSockBufferMinSize  = Option[uint64]{sys.AF_VSOCK, sys.SO_VM_SOCKETS_BUFFER_MIN_SIZE, &uint64Codec}         // bytes
	VSockBufferSize     = Option[uint64]{sys.AF_VSOCK, sys.SO_VM_SOCKETS_BUFFER_SIZE, &uint64Codec}             // bytes
	VSockConnectTimeout = Option[time.Duration]{sys.AF_VSOCK, sys.SO_VM_SOCKETS_CONNECT_TIMEOUT, &timevalCodec} // how long Connect tries; 0 is the default, 2 s
	VSockNonblockTxRx   = Option[bool]{sys.AF_VSOCK, sys.SO_VM_SOCKETS_NONBLOCK_TXRX, &boolCodec}               // of sends to VMware's kernel
	VSockPeerHostVMID   = Option[int]{sys.AF_VSOCK, sys.SO_VM_SOCKETS_PEER_HOST_VM_ID, &readIntCodec}           // read: of VMware
	VSockTrusted        = Option[bool]{sys.AF_VSOCK, sys.SO_VM_SOCKETS_TRUSTED, &readBoolCodec}                 // read: of VMware
)
