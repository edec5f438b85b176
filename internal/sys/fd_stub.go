//go:build !linux && !freebsd && !darwin && !netbsd && !openbsd && !dragonfly

package sys

const O_NONBLOCK = 0

func Close(fd int) Errno                         { return ENOSYS }
func Dup(fd int) (int, Errno)                    { return -1, ENOSYS }
func SetCloexec(fd int) Errno                    { return ENOSYS }
func Cloexec(fd int) (bool, Errno)               { return false, ENOSYS }
func StatusFlags(fd int) (int, Errno)            { return 0, ENOSYS }
func SetStatusFlags(fd, flags int) Errno         { return ENOSYS }
func IsStream(fd int) bool                       { return false }
func AtMark(fd int) (bool, Errno)                { return false, ENOSYS }
func KindOf(fd int) (Kind, Errno)                { return OtherKind, ENOSYS }
func Appends(fd int) bool                        { return false }
func IoctlInt(fd int, request uint) (int, Errno) { return 0, ENOSYS }
