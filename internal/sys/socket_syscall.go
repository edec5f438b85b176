//go:build linux || freebsd || netbsd || dragonfly

package sys

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ptr returns the address of b's first byte. The caller must convert it to uintptr in the
// argument list of the system call: only there does the compiler keep the memory alive.
func ptr(b []byte) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(b)) }

// Socket is socket(2). It keeps the P only for what every kernel has: for a family or
// protocol in a module it waits until a process has loaded that.
func Socket(domain, typ, proto int) (int, Errno) {
	keepP := HasNosched && domain != AF_INET6 && Brief(domain, typ, proto) && !descriptorsMayGrow()
	typ |= unix.SOCK_CLOEXEC | unix.SOCK_NONBLOCK
	var fd uintptr
	var e Errno
	if keepP {
		fd, _, e = syscall.RawSyscall6(unix.SYS_SOCKET, uintptr(domain), uintptr(typ), uintptr(proto), 0, 0, 0)
	} else {
		fd, _, e = syscall.Syscall(unix.SYS_SOCKET, uintptr(domain), uintptr(typ), uintptr(proto))
	}
	if socketcalls && e == ENOSYS {
		fd, e = oldSocket(domain, typ, proto)
	}
	if e == 0 {
		newDescriptor(int(fd))
	}
	return int(fd), e
}

// Socketpair is socketpair(2).
func Socketpair(domain, typ, proto int) (a, b int, e Errno) {
	var fds [2]int32
	typ |= unix.SOCK_CLOEXEC | unix.SOCK_NONBLOCK
	_, _, e = syscall.Syscall6(unix.SYS_SOCKETPAIR, uintptr(domain), uintptr(typ), uintptr(proto), uintptr(unsafe.Pointer(&fds)), 0, 0)
	if socketcalls && e == ENOSYS {
		e = oldSocketpair(domain, typ, proto, &fds)
	}
	return int(fds[0]), int(fds[1]), e
}

// DisableSIGPIPE disables SIGPIPE for a socket, on systems without MSG_NOSIGNAL.
func DisableSIGPIPE(int) Errno { return 0 }

// Bind is bind(2).
func Bind(fd int, sa []byte) Errno {
	for {
		_, _, e := syscall.Syscall(unix.SYS_BIND, uintptr(fd), uintptr(ptr(sa)), uintptr(len(sa)))
		if socketcalls && e == ENOSYS {
			e = oldBind(fd, sa)
		}
		if e != EINTR {
			return e
		}
	}
}

// Listen is listen(2).
func Listen(fd, backlog int) Errno {
	_, _, e := syscall.Syscall(unix.SYS_LISTEN, uintptr(fd), uintptr(backlog), 0)
	if socketcalls && e == ENOSYS {
		e = oldListen(fd, backlog)
	}
	return e
}

// Connect is connect(2). After EINTR the connection continues as after EINPROGRESS.
func Connect(fd int, sa []byte) Errno {
	raceRelease()
	_, _, e := syscall.Syscall(unix.SYS_CONNECT, uintptr(fd), uintptr(ptr(sa)), uintptr(len(sa)))
	if socketcalls && e == ENOSYS {
		e = oldConnect(fd, sa)
	}
	return e
}

// Accept is accept4(2).
func Accept(fd int, from *Name) (int, Errno) {
	for {
		from.n = uint32(len(from.b))
		s, e := accept4(fd, from)
		if e != EINTR {
			if e == 0 {
				raceAcquire()
			}
			return s, e
		}
	}
}

// Shutdown is shutdown(2).
func Shutdown(fd, how int) Errno {
	raceRelease()
	_, _, e := syscall.Syscall(unix.SYS_SHUTDOWN, uintptr(fd), uintptr(how), 0)
	if socketcalls && e == ENOSYS {
		e = oldShutdown(fd, how)
	}
	return e
}

// Getsockname is getsockname(2).
func Getsockname(fd int, name *Name) Errno {
	name.n = uint32(len(name.b))
	_, _, e := syscall.Syscall(unix.SYS_GETSOCKNAME, uintptr(fd), uintptr(unsafe.Pointer(&name.b)), uintptr(unsafe.Pointer(&name.n)))
	if socketcalls && e == ENOSYS {
		e = oldGetsockname(fd, name)
	}
	if e == 0 && name.n == 0 { // DragonFly, for a unix socket without a name (golang.org/issue/3349)
		name.n = uint32(PutUnix(name.b[:], nil))
	}
	return e
}

// Getpeername is getpeername(2).
func Getpeername(fd int, name *Name) Errno {
	name.n = uint32(len(name.b))
	_, _, e := syscall.Syscall(unix.SYS_GETPEERNAME, uintptr(fd), uintptr(unsafe.Pointer(&name.b)), uintptr(unsafe.Pointer(&name.n)))
	if socketcalls && e == ENOSYS {
		e = oldGetpeername(fd, name)
	}
	return e
}

// Getsockopt is getsockopt(2): it fills b and returns the kernel's length.
func Getsockopt(fd, level, name int, b []byte) (int, Errno) {
	n := uint32(len(b))
	_, _, e := syscall.Syscall6(unix.SYS_GETSOCKOPT, uintptr(fd), uintptr(level), uintptr(name), uintptr(ptr(b)), uintptr(unsafe.Pointer(&n)), 0)
	if socketcalls && e == ENOSYS {
		e = oldGetsockopt(fd, level, name, b, &n)
	}
	return int(n), e
}

// Setsockopt is setsockopt(2).
func Setsockopt(fd, level, name int, b []byte) Errno {
	for {
		_, _, e := syscall.Syscall6(unix.SYS_SETSOCKOPT, uintptr(fd), uintptr(level), uintptr(name), uintptr(ptr(b)), uintptr(len(b)), 0)
		if socketcalls && e == ENOSYS {
			e = oldSetsockopt(fd, level, name, b)
		}
		if e != EINTR {
			return e
		}
	}
}

// Sendto is sendto(2); an empty to is no address. With keepP, MSG_DONTWAIT and up to
// rawLimit bytes it does not release the P. The caller of this and of the transfers below
// passes keepP only for a socket that is known not to sleep then: see sockfd.Brief.
func Sendto(fd int, p []byte, flags int, to []byte, keepP bool) (int, Errno) {
	raceRelease()
	flags |= SendFlags
	for {
		var n uintptr
		var e Errno
		if keepP && len(p) <= rawLimit && flags&MSG_DONTWAIT != 0 {
			n, _, e = syscall.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(ptr(p)), uintptr(len(p)), uintptr(flags), uintptr(ptr(to)), uintptr(len(to)))
		} else {
			n, _, e = syscall.Syscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(ptr(p)), uintptr(len(p)), uintptr(flags), uintptr(ptr(to)), uintptr(len(to)))
		}
		if socketcalls && e == ENOSYS {
			n, e = oldSendto(fd, p, flags, to)
		}
		if e == 0 {
			raceSent(ptr(p), int(n))
			return int(n), 0
		}
		if e != EINTR {
			return 0, e
		}
	}
}

// Recvfrom is recvfrom(2); from may be nil. It may return more than len(p) if the flags
// request that (MSG_TRUNC on Linux).
func Recvfrom(fd int, p []byte, flags int, from *Name, keepP bool) (int, Errno) {
	var name, namelen unsafe.Pointer
	if from != nil {
		name, namelen = unsafe.Pointer(&from.b), unsafe.Pointer(&from.n)
	}
	for {
		if from != nil {
			from.n = uint32(len(from.b))
		}
		var n uintptr
		var e Errno
		if keepP && len(p) <= rawLimit && flags&MSG_DONTWAIT != 0 {
			n, _, e = syscall.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(ptr(p)), uintptr(len(p)), uintptr(flags), uintptr(name), uintptr(namelen))
		} else {
			n, _, e = syscall.Syscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(ptr(p)), uintptr(len(p)), uintptr(flags), uintptr(name), uintptr(namelen))
		}
		if socketcalls && e == ENOSYS {
			n, e = oldRecvfrom(fd, p, flags, name, namelen)
		}
		if e == 0 {
			raceReceived(ptr(p), min(int(n), len(p)))
			raceAcquire()
			return int(n), 0
		}
		if e != EINTR {
			return 0, e
		}
	}
}

// Sendmsg is sendmsg(2) of at most MaxVectors buffers.
func Sendmsg(fd int, bufs [][]byte, control, to []byte, flags int, keepP bool) (int, Errno) {
	if len(bufs) > vectorsInline {
		return sendmsgMany(fd, bufs, control, to, flags, keepP)
	}
	var iov [vectorsInline]unix.Iovec // filled in this frame: through a pointer to it the buffers would escape
	size := 0
	for i, b := range bufs {
		iov[i].Base = unsafe.SliceData(b)
		iov[i].SetLen(len(b))
		size += len(b)
	}
	if keepP && size <= RawMax && flags&MSG_DONTWAIT != 0 {
		m := header(iov[:len(bufs)], control)
		m.Name, m.Namelen = (*byte)(ptr(to)), uint32(len(to))
		n, _, e := syscall.RawSyscall6(unix.SYS_SENDMSG, uintptr(fd), uintptr(unsafe.Pointer(&m)), uintptr(flags|SendFlags), 0, 0, 0)
		if e == 0 {
			return int(n), 0
		}
		if e != EINTR {
			return 0, e
		}
	}
	n, e := sendmsg(fd, iov[:len(bufs)], size, control, to, flags, keepP)
	raceSentVector(bufs, n)
	return n, e
}

//go:noinline
func sendmsgMany(fd int, bufs [][]byte, control, to []byte, flags int, keepP bool) (int, Errno) {
	var iov [MaxVectors]unix.Iovec
	size := 0
	for i, b := range bufs {
		iov[i].Base = unsafe.SliceData(b)
		iov[i].SetLen(len(b))
		size += len(b)
	}
	n, e := sendmsg(fd, iov[:len(bufs)], size, control, to, flags, keepP)
	raceSentVector(bufs, n)
	return n, e
}

func sendmsg(fd int, iov []unix.Iovec, size int, control, to []byte, flags int, keepP bool) (int, Errno) {
	m := header(iov, control)
	m.Name, m.Namelen = (*byte)(ptr(to)), uint32(len(to))
	raceRelease()
	flags |= SendFlags
	for {
		var n uintptr
		var e Errno
		if keepP && size <= rawLimit && flags&MSG_DONTWAIT != 0 {
			n, _, e = syscall.RawSyscall(unix.SYS_SENDMSG, uintptr(fd), uintptr(unsafe.Pointer(&m)), uintptr(flags))
		} else {
			n, _, e = syscall.Syscall(unix.SYS_SENDMSG, uintptr(fd), uintptr(unsafe.Pointer(&m)), uintptr(flags))
		}
		if socketcalls && e == ENOSYS {
			n, e = oldSendmsg(fd, &m, flags)
		}
		if e == 0 {
			return int(n), 0
		}
		if e != EINTR {
			return 0, e
		}
	}
}

func header(iov []unix.Iovec, control []byte) (m unix.Msghdr) {
	m.Iov = unsafe.SliceData(iov)
	m.SetIovlen(len(iov))
	if len(control) > 0 {
		m.Control = (*byte)(ptr(control))
		m.SetControllen(len(control))
	}
	return m
}

// Recvmsg is recvmsg(2) into at most MaxVectors buffers; from may be nil. It
// returns the numbers of bytes of data and of control messages, and the flags of the
// message.
func Recvmsg(fd int, bufs [][]byte, control []byte, from *Name, flags int, keepP bool) (n, nc, rflags int, e Errno) {
	if len(bufs) > vectorsInline {
		return recvmsgMany(fd, bufs, control, from, flags, keepP)
	}
	var iov [vectorsInline]unix.Iovec
	size := 0
	for i, b := range bufs {
		iov[i].Base = unsafe.SliceData(b)
		iov[i].SetLen(len(b))
		size += len(b)
	}
	if keepP && size <= RawMax && flags&MSG_DONTWAIT != 0 && from != nil {
		m := header(iov[:len(bufs)], control)
		m.Name, m.Namelen = &from.b[0], uint32(len(from.b))
		r, _, e := syscall.RawSyscall6(unix.SYS_RECVMSG, uintptr(fd), uintptr(unsafe.Pointer(&m)), uintptr(flags), 0, 0, 0)
		if e == 0 {
			from.n = uint32(m.Namelen)
			return int(r), int(m.Controllen), returnedFlags(int(m.Flags), flags), 0
		}
		if e != EINTR {
			return 0, 0, 0, e
		}
	}
	n, nc, rflags, e = recvmsg(fd, iov[:len(bufs)], size, control, from, flags, keepP)
	raceReceivedVector(bufs, n)
	return n, nc, rflags, e
}

//go:noinline
func recvmsgMany(fd int, bufs [][]byte, control []byte, from *Name, flags int, keepP bool) (n, nc, rflags int, e Errno) {
	var iov [MaxVectors]unix.Iovec
	size := 0
	for i, b := range bufs {
		iov[i].Base = unsafe.SliceData(b)
		iov[i].SetLen(len(b))
		size += len(b)
	}
	n, nc, rflags, e = recvmsg(fd, iov[:len(bufs)], size, control, from, flags, keepP)
	raceReceivedVector(bufs, n)
	return n, nc, rflags, e
}

func recvmsg(fd int, iov []unix.Iovec, size int, control []byte, from *Name, flags int, keepP bool) (n, nc, rflags int, e Errno) {
	for {
		m := header(iov, control)
		if from != nil {
			m.Name, m.Namelen = &from.b[0], uint32(len(from.b))
		}
		var r uintptr
		if keepP && size <= rawLimit && flags&MSG_DONTWAIT != 0 {
			r, _, e = syscall.RawSyscall(unix.SYS_RECVMSG, uintptr(fd), uintptr(unsafe.Pointer(&m)), uintptr(flags))
		} else {
			r, _, e = syscall.Syscall(unix.SYS_RECVMSG, uintptr(fd), uintptr(unsafe.Pointer(&m)), uintptr(flags))
		}
		if socketcalls && e == ENOSYS {
			r, e = oldRecvmsg(fd, &m, flags)
		}
		if e == 0 {
			if from != nil {
				from.n = uint32(m.Namelen)
			}
			raceReceived(ptr(control), int(m.Controllen))
			raceAcquire()
			return int(r), int(m.Controllen), returnedFlags(int(m.Flags), flags), 0
		}
		if e != EINTR {
			return 0, 0, 0, e
		}
	}
}
