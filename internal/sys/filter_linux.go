package sys

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// AttachFilter is setsockopt(2) with a struct sock_fprog, which has the length of
// the program and its address.
func AttachFilter(fd, name int, program []FilterInstruction) Errno {
	p := unix.SockFprog{
		Len:    uint16(len(program)),
		Filter: (*unix.SockFilter)(unsafe.Pointer(unsafe.SliceData(program))),
	}
	return Setsockopt(fd, SOL_SOCKET, name, unsafe.Slice((*byte)(unsafe.Pointer(&p)), unsafe.Sizeof(p)))
}

// GetFilter is getsockopt(2) with SO_GET_FILTER, which has SO_ATTACH_FILTER's
// number. Alone of all options its length does not count bytes: nor does that of
// the slice made here, which has a byte for each instruction there is room for.
func GetFilter(fd int, program []FilterInstruction) (int, Errno) {
	room := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(program))), len(program))
	n, e := Getsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, room)
	raceReceived(unsafe.Pointer(unsafe.SliceData(program)), min(n, len(program))*int(unsafe.Sizeof(FilterInstruction{})))
	return n, e
}
