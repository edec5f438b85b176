package sock_test

import (
	"syscall"
	"time"

	"github.com/berkeleysockets/sock/sockopt"
)

var vsockOptions = map[string]optionCase{
	"VSockBufferMaxSize":  {sockopt.VSockBufferMaxSize, "SO_VM_SOCKETS_BUFFER_MAX_SIZE", "vsock", changed(sockopt.VSockBufferMaxSize, 1<<19, 1<<40)},
	"VSockBufferMinSize":  {sockopt.VSockBufferMinSize, "SO_VM_SOCKETS_BUFFER_MIN_SIZE", "vsock", changed(sockopt.VSockBufferMinSize, 1<<12)},
	"VSockBufferSize":     {sockopt.VSockBufferSize, "SO_VM_SOCKETS_BUFFER_SIZE", "vsock", changed(sockopt.VSockBufferSize, 1<<16)},
	"VSockConnectTimeout": {sockopt.VSockConnectTimeout, "SO_VM_SOCKETS_CONNECT_TIMEOUT", "vsock", both(changed(sockopt.VSockConnectTimeout, time.Second, 100*time.Millisecond, time.Hour), refused(sockopt.VSockConnectTimeout, -1, syscall.EINVAL))},
	"VSockNonblockTxRx":   {sockopt.VSockNonblockTxRx, "SO_VM_SOCKETS_NONBLOCK_TXRX", "vsock", both(refused(sockopt.VSockNonblockTxRx, true, syscall.ENOPROTOOPT), notRead(sockopt.VSockNonblockTxRx, syscall.ENOPROTOOPT))},
	"VSockPeerHostVMID":   {sockopt.VSockPeerHostVMID, "SO_VM_SOCKETS_PEER_HOST_VM_ID", "vsock", cannotRead(sockopt.VSockPeerHostVMID, syscall.ENOPROTOOPT)},
	"VSockTrusted":        {sockopt.VSockTrusted, "SO_VM_SOCKETS_TRUSTED", "vsock", cannotRead(sockopt.VSockTrusted, syscall.ENOPROTOOPT)},
}
