package sock_test

import (
	"github.com/berkeleysockets/sock"
	"syscall"
	"time"
)

var vsockOptions = map[string]optionCase{
	"VSockBufferMaxSize":  {sock.VSockBufferMaxSize, "SO_VM_SOCKETS_BUFFER_MAX_SIZE", "vsock", changed(sock.VSockBufferMaxSize, 1<<19, 1<<40)},
	"VSockBufferMinSize":  {sock.VSockBufferMinSize, "SO_VM_SOCKETS_BUFFER_MIN_SIZE", "vsock", changed(sock.VSockBufferMinSize, 1<<12)},
	"VSockBufferSize":     {sock.VSockBufferSize, "SO_VM_SOCKETS_BUFFER_SIZE", "vsock", changed(sock.VSockBufferSize, 1<<16)},
	"VSockConnectTimeout": {sock.VSockConnectTimeout, "SO_VM_SOCKETS_CONNECT_TIMEOUT", "vsock", both(changed(sock.VSockConnectTimeout, time.Second, 100*time.Millisecond, time.Hour), refused(sock.VSockConnectTimeout, -1, syscall.EINVAL))},
	"VSockNonblockTxRx":   {sock.VSockNonblockTxRx, "SO_VM_SOCKETS_NONBLOCK_TXRX", "vsock", both(refused(sock.VSockNonblockTxRx, true, syscall.ENOPROTOOPT), notRead(sock.VSockNonblockTxRx, syscall.ENOPROTOOPT))},
	"VSockPeerHostVMID":   {sock.VSockPeerHostVMID, "SO_VM_SOCKETS_PEER_HOST_VM_ID", "vsock", untold(sock.VSockPeerHostVMID, syscall.ENOPROTOOPT)},
	"VSockTrusted":        {sock.VSockTrusted, "SO_VM_SOCKETS_TRUSTED", "vsock", untold(sock.VSockTrusted, syscall.ENOPROTOOPT)},
}
