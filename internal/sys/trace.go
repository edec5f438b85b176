//go:build linux || freebsd || netbsd || dragonfly

package sys

// How socket(2) and accept(2) are told their flags, for a trace.
const (
	OpenFlags   = "|SOCK_CLOEXEC|SOCK_NONBLOCK"
	AcceptFlags = "SOCK_CLOEXEC|SOCK_NONBLOCK"
)
