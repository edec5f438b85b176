//go:build freebsd || netbsd || dragonfly || (linux && !386 && !s390x)

package sys

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// The direct system calls always exist on these systems: see socketcall_linux.go.
const socketcalls = false

func oldSocket(domain, typ, proto int) (uintptr, Errno)                 { return 0, ENOSYS }
func oldSocketpair(domain, typ, proto int, fds *[2]int32) Errno         { return ENOSYS }
func oldBind(fd int, sa []byte) Errno                                   { return ENOSYS }
func oldConnect(fd int, sa []byte) Errno                                { return ENOSYS }
func oldListen(fd, backlog int) Errno                                   { return ENOSYS }
func oldShutdown(fd, how int) Errno                                     { return ENOSYS }
func oldAccept4(fd int, from *Name, flags int) (uintptr, Errno)         { return 0, ENOSYS }
func oldGetsockname(fd int, name *Name) Errno                           { return ENOSYS }
func oldGetpeername(fd int, name *Name) Errno                           { return ENOSYS }
func oldGetsockopt(fd, level, name int, b []byte, n *uint32) Errno      { return ENOSYS }
func oldSetsockopt(fd, level, name int, b []byte) Errno                 { return ENOSYS }
func oldSendto(fd int, p []byte, flags int, to []byte) (uintptr, Errno) { return 0, ENOSYS }
func oldRecvfrom(fd int, p []byte, flags int, name, namelen unsafe.Pointer) (uintptr, Errno) {
	return 0, ENOSYS
}
func oldSendmsg(fd int, m *unix.Msghdr, flags int) (uintptr, Errno) { return 0, ENOSYS }
func oldRecvmsg(fd int, m *unix.Msghdr, flags int) (uintptr, Errno) { return 0, ENOSYS }
func oldSendmmsg(fd int, h unsafe.Pointer, n, flags int) (uintptr, Errno) {
	return 0, ENOSYS
}
func oldRecvmmsg(fd int, h unsafe.Pointer, n, flags int) (uintptr, Errno) {
	return 0, ENOSYS
}
