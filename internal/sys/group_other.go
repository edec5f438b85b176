//go:build !linux && !freebsd && !darwin && !netbsd && !openbsd && !dragonfly

package sys

// NewMembership has no kernel to ask.
func NewMembership(Change, uint32, []byte, []byte) (Membership, Errno) { return Membership{}, ENOSYS }
