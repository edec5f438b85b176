package sys

import "unsafe"

// A FilterInstruction is a struct sock_filter (linux/filter.h).
type FilterInstruction struct {
	Op     uint16
	Jt, Jf uint8
	K      uint32
}

// sockFprog is a struct sock_fprog: the length of a program and its address.
type sockFprog struct {
	Len    uint16
	Filter *FilterInstruction
}

// AttachFilter is setsockopt(2) with a struct sock_fprog. It returns ENOSYS on systems
// other than Linux.
func AttachFilter(fd, name int, program []FilterInstruction) Errno {
	if !Has(SO_ATTACH_FILTER) {
		return ENOSYS
	}
	p := sockFprog{Len: uint16(len(program)), Filter: unsafe.SliceData(program)}
	return Setsockopt(fd, SOL_SOCKET, name, unsafe.Slice((*byte)(unsafe.Pointer(&p)), unsafe.Sizeof(p)))
}

// GetFilter is getsockopt(2) with SO_GET_FILTER, which has the number of
// SO_ATTACH_FILTER. The length of this option alone does not count bytes but
// instructions, so the slice made here has a byte for each instruction of program. It
// returns ENOSYS on systems other than Linux.
func GetFilter(fd int, program []FilterInstruction) (int, Errno) {
	if !Has(SO_ATTACH_FILTER) {
		return 0, ENOSYS
	}
	room := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(program))), len(program))
	n, e := Getsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, room)
	raceReceived(unsafe.Pointer(unsafe.SliceData(program)), min(n, len(program))*int(unsafe.Sizeof(FilterInstruction{})))
	return n, e
}
