//go:build !linux || race || 386 || s390x

package sys

import "unsafe"

// Quick is below any size: there are no calls for the compiler to put into others.
const Quick = -1

func SendQuick(fd int32, p []byte, flags int, to []byte) (uintptr, Errno) { return 0, ENOSYS }
func RecvQuick(fd int32, p []byte, flags int, name, size unsafe.Pointer) (uintptr, Errno) {
	return 0, ENOSYS
}
func (*Name) Room() (name, size unsafe.Pointer) { return nil, nil }
