//go:build !linux || sock_loop

package sys

// EmptyReceiveWaits: the BSDs and macOS answer a receive without room with 0 at
// once (soreceive in sys/kern/uipc_socket.c: nothing is left to copy). With the
// build tag sock_loop Linux is treated alike, so that its tests reach that path.
const EmptyReceiveWaits = false
