//go:build linux || freebsd || darwin || netbsd || openbsd || dragonfly

package sys

import "golang.org/x/sys/unix"

// CmsgLen is CMSG_LEN, the length of a message with n bytes of data.
func CmsgLen(n int) int { return unix.CmsgLen(n) }

// CmsgSpace is CMSG_SPACE, the space of a message with n bytes of data.
func CmsgSpace(n int) int { return unix.CmsgSpace(n) }
