//go:build !linux && !freebsd && !darwin && !netbsd && !openbsd && !dragonfly

package sys

func KindOf(fd int) (Kind, Errno) { return OtherKind, ENOSYS }
func Appends(fd int) bool         { return false }
