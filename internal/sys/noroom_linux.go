//go:build !sock_loop

package sys

// EmptyReceiveWaits: a receive without room finds out whether there is data.
const EmptyReceiveWaits = true
