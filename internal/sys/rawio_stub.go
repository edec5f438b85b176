//go:build !linux || race || 386 || s390x

package sys

import "unsafe"

// RawMax is negative: RawSendto and RawRecvfrom do not exist.
const RawMax = -1

func RawSendto(fd int32, p []byte, flags int, to []byte) (uintptr, Errno) { return 0, ENOSYS }
func RawRecvfrom(fd int32, p []byte, flags int, name, size unsafe.Pointer) (uintptr, Errno) {
	return 0, ENOSYS
}
func (*Name) Room() (name, size unsafe.Pointer) { return nil, nil }
