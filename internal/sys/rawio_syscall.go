//go:build linux && !race && !386 && !s390x

package sys

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The transfers a second time, small enough for the compiler to inline them. A system
// call empties the processor's stack of return addresses, so each function that returns
// after it costs some 15 ns. Two such returns were half of what a call costs beyond C.
// The caller must handle EINTR.
//
// They do not exist under the race detector, which must be informed of each transfer, nor
// on machines where old kernels have these calls under another number only.

// RawMax is the largest transfer, in bytes, of RawSendto and RawRecvfrom. It is negative
// if they do not exist.
const RawMax = rawLimit

// RawSendto is sendto(2); an empty to is no address. The flags must have MSG_DONTWAIT.
func RawSendto(fd int32, p []byte, flags int, to []byte) (n uintptr, e Errno) {
	n, _, e = syscall.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), uintptr(flags),
		uintptr(unsafe.Pointer(unsafe.SliceData(to))), uintptr(len(to)))
	return
}

// RawRecvfrom is recvfrom(2); name and size come from Room. The flags must have
// MSG_DONTWAIT.
func RawRecvfrom(fd int32, p []byte, flags int, name, size unsafe.Pointer) (n uintptr, e Errno) {
	n, _, e = syscall.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), uintptr(flags),
		uintptr(name), uintptr(size))
	return
}

// Room returns where the next call writes an address and its length. It is nil for a nil
// Name.
func (n *Name) Room() (name, size unsafe.Pointer) {
	if n == nil {
		return nil, nil
	}
	n.n = uint32(len(n.b))
	return unsafe.Pointer(&n.b), unsafe.Pointer(&n.n)
}
