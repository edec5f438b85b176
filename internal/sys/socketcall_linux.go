//go:build 386 || s390x

package sys

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// On these two machines a kernel before 4.3 has one system call for all socket calls:
// socketcall(2), with a number and the address of the arguments. The direct system calls
// return ENOSYS there, and the functions below replace them then.

const socketcalls = true

// The numbers. Source: linux/net.h.
const (
	multiSocket = 1 + iota
	multiBind
	multiConnect
	multiListen
	_ // accept
	multiGetsockname
	multiGetpeername
	multiSocketpair
	_ // send
	_ // recv
	multiSendto
	multiRecvfrom
	multiShutdown
	multiSetsockopt
	multiGetsockopt
	multiSendmsg
	multiRecvmsg
	multiAccept4
	multiRecvmmsg
	multiSendmmsg
)

// socketcall passes the address of a struct whose fields have the types of the arguments:
// the garbage collector, and a stack that moves, recognize an address only in a field of a
// pointer type.
func socketcall(call uintptr, args unsafe.Pointer) (uintptr, Errno) {
	n, _, e := syscall.Syscall(unix.SYS_SOCKETCALL, call, uintptr(args), 0)
	return n, e
}

func oldSocket(domain, typ, proto int) (uintptr, Errno) {
	args := [3]uintptr{uintptr(domain), uintptr(typ), uintptr(proto)}
	return socketcall(multiSocket, unsafe.Pointer(&args))
}

func oldSocketpair(domain, typ, proto int, fds *[2]int32) Errno {
	args := struct {
		domain, typ, proto uintptr
		fds                unsafe.Pointer
	}{uintptr(domain), uintptr(typ), uintptr(proto), unsafe.Pointer(fds)}
	_, e := socketcall(multiSocketpair, unsafe.Pointer(&args))
	return e
}

// toAddress are the arguments of bind and connect.
type toAddress struct {
	fd  uintptr
	sa  unsafe.Pointer
	len uintptr
}

func oldBind(fd int, sa []byte) Errno {
	args := toAddress{uintptr(fd), ptr(sa), uintptr(len(sa))}
	_, e := socketcall(multiBind, unsafe.Pointer(&args))
	return e
}

func oldConnect(fd int, sa []byte) Errno {
	args := toAddress{uintptr(fd), ptr(sa), uintptr(len(sa))}
	_, e := socketcall(multiConnect, unsafe.Pointer(&args))
	return e
}

func oldListen(fd, backlog int) Errno {
	args := [2]uintptr{uintptr(fd), uintptr(backlog)}
	_, e := socketcall(multiListen, unsafe.Pointer(&args))
	return e
}

func oldShutdown(fd, how int) Errno {
	args := [2]uintptr{uintptr(fd), uintptr(how)}
	_, e := socketcall(multiShutdown, unsafe.Pointer(&args))
	return e
}

// fromAddress are the arguments of the calls that return an address. Flags are for accept4
// only.
type fromAddress struct {
	fd    uintptr
	sa    unsafe.Pointer
	len   unsafe.Pointer
	flags uintptr
}

func oldAccept4(fd int, from *Name, flags int) (uintptr, Errno) {
	args := fromAddress{uintptr(fd), unsafe.Pointer(&from.b), unsafe.Pointer(&from.n), uintptr(flags)}
	return socketcall(multiAccept4, unsafe.Pointer(&args))
}

func oldGetsockname(fd int, name *Name) Errno {
	args := fromAddress{fd: uintptr(fd), sa: unsafe.Pointer(&name.b), len: unsafe.Pointer(&name.n)}
	_, e := socketcall(multiGetsockname, unsafe.Pointer(&args))
	return e
}

func oldGetpeername(fd int, name *Name) Errno {
	args := fromAddress{fd: uintptr(fd), sa: unsafe.Pointer(&name.b), len: unsafe.Pointer(&name.n)}
	_, e := socketcall(multiGetpeername, unsafe.Pointer(&args))
	return e
}

func oldGetsockopt(fd, level, name int, b []byte, n *uint32) Errno {
	args := struct {
		fd, level, name uintptr
		value, len      unsafe.Pointer
	}{uintptr(fd), uintptr(level), uintptr(name), ptr(b), unsafe.Pointer(n)}
	_, e := socketcall(multiGetsockopt, unsafe.Pointer(&args))
	return e
}

func oldSetsockopt(fd, level, name int, b []byte) Errno {
	args := struct {
		fd, level, name uintptr
		value           unsafe.Pointer
		len             uintptr
	}{uintptr(fd), uintptr(level), uintptr(name), ptr(b), uintptr(len(b))}
	_, e := socketcall(multiSetsockopt, unsafe.Pointer(&args))
	return e
}

func oldSendto(fd int, p []byte, flags int, to []byte) (uintptr, Errno) {
	args := struct {
		fd         uintptr
		p          unsafe.Pointer
		len, flags uintptr
		to         unsafe.Pointer
		tolen      uintptr
	}{uintptr(fd), ptr(p), uintptr(len(p)), uintptr(flags), ptr(to), uintptr(len(to))}
	return socketcall(multiSendto, unsafe.Pointer(&args))
}

func oldRecvfrom(fd int, p []byte, flags int, name, namelen unsafe.Pointer) (uintptr, Errno) {
	args := struct {
		fd            uintptr
		p             unsafe.Pointer
		len, flags    uintptr
		name, namelen unsafe.Pointer
	}{uintptr(fd), ptr(p), uintptr(len(p)), uintptr(flags), name, namelen}
	return socketcall(multiRecvfrom, unsafe.Pointer(&args))
}

// aMessage are the arguments of sendmsg and recvmsg.
type aMessage struct {
	fd    uintptr
	m     unsafe.Pointer
	flags uintptr
}

func oldSendmsg(fd int, m *unix.Msghdr, flags int) (uintptr, Errno) {
	args := aMessage{uintptr(fd), unsafe.Pointer(m), uintptr(flags)}
	return socketcall(multiSendmsg, unsafe.Pointer(&args))
}

func oldRecvmsg(fd int, m *unix.Msghdr, flags int) (uintptr, Errno) {
	args := aMessage{uintptr(fd), unsafe.Pointer(m), uintptr(flags)}
	return socketcall(multiRecvmsg, unsafe.Pointer(&args))
}

// manyMessages are the arguments of sendmmsg and recvmmsg. Sendmmsg has no timeout.
type manyMessages struct {
	fd       uintptr
	headers  unsafe.Pointer
	n, flags uintptr
	timeout  unsafe.Pointer
}

func oldSendmmsg(fd int, h unsafe.Pointer, n, flags int) (uintptr, Errno) {
	args := manyMessages{fd: uintptr(fd), headers: h, n: uintptr(n), flags: uintptr(flags)}
	return socketcall(multiSendmmsg, unsafe.Pointer(&args))
}

func oldRecvmmsg(fd int, h unsafe.Pointer, n, flags int) (uintptr, Errno) {
	args := manyMessages{fd: uintptr(fd), headers: h, n: uintptr(n), flags: uintptr(flags)}
	return socketcall(multiRecvmmsg, unsafe.Pointer(&args))
}
