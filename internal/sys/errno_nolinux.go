//go:build !linux

package sys

// ENONET is Linux's alone: no call returns this number here.
const ENONET Errno = 1 << 20
