//go:build !race && !386 && !s390x

package sys

import (
	"syscall"
	"unsafe"
)

// The transfers again, so small that the compiler puts them into their caller. A system
// call empties the processor's stack of return addresses, and each function that returns
// after it costs some 15 ns: two of them were half of what a call costs beyond C. What
// to do about EINTR is left to the caller.
//
// Not here where more has to be done: the race detector is told of each transfer, and
// old kernels have these calls under another number.

// Quick is the most that they carry; below 0 they are not there.
const Quick = rawLimit

// SendQuick is sendto(2); an empty to is no address. The flags have MSG_DONTWAIT.
func SendQuick(fd int32, p []byte, flags int, to []byte) (n uintptr, e Errno) {
	n, _, e = syscall.RawSyscall6(trapSendto, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), uintptr(flags),
		uintptr(unsafe.Pointer(unsafe.SliceData(to))), uintptr(len(to)))
	return
}

// RecvQuick is recvfrom(2); name and size are from Room. The flags have MSG_DONTWAIT.
func RecvQuick(fd int32, p []byte, flags int, name, size unsafe.Pointer) (n uintptr, e Errno) {
	n, _, e = syscall.RawSyscall6(trapRecvfrom, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), uintptr(flags),
		uintptr(name), uintptr(size))
	return
}

// Room is where the next call writes an address and its length.
func (n *Name) Room() (name, size unsafe.Pointer) {
	if n == nil {
		return nil, nil
	}
	n.n = uint32(len(n.b))
	return unsafe.Pointer(&n.b), unsafe.Pointer(&n.n)
}
