//go:build darwin || dragonfly

package sys

const (
	SizePeerCred = 16
	peerPIDAt    = SizePeerCred // beyond: xucred has no process here
)
