package sys

import "unsafe"

// Since FreeBSD 13 xucred has cr_pid, in the place, and so with the alignment, of
// a pointer that was 0.
const (
	SizePeerCred = peerPIDAt + 4
	peerPIDAt    = (76 + pointer - 1) &^ (pointer - 1)
	pointer      = int(unsafe.Sizeof(uintptr(0)))
)
