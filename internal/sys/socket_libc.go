//go:build darwin || openbsd

package sys

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// These kernels accept system calls from libc only, and Go reaches libc through
// golang.org/x/sys/unix. It takes addresses as values of its own types, so each address is
// converted here, and that allocates. The calls are the same as elsewhere.

// maxTransfer is the largest transfer, in bytes: a larger one fails on macOS
// (golang.org/issue/7812).
const maxTransfer = 1 << 30

const (
	SendFlags     = unix.MSG_NOSIGNAL
	MayBlockFlags = unix.MSG_WAITALL // as on the other BSDs: see os_freebsd.go
	PollCall      = "poll"
	sizeInt       = 4
	sizeIPMreq    = 8
	sizeMTUInfo   = 32
)

// sockaddr converts the bytes of an address to x/sys' form.
func sockaddr(sa []byte) (unix.Sockaddr, Errno) {
	switch Family(sa) {
	case AF_INET:
		if a, p, ok := Inet4(sa); ok {
			return &unix.SockaddrInet4{Addr: a, Port: int(p)}, 0
		}
	case AF_INET6:
		if a, p, scope, ok := Inet6(sa); ok {
			return &unix.SockaddrInet6{Addr: a, Port: int(p), ZoneId: scope}, 0
		}
	case AF_UNIX:
		path := sa[pathAt:]
		for i, c := range path {
			if c == 0 {
				path = path[:i]
				break
			}
		}
		return &unix.SockaddrUnix{Name: string(path)}, 0
	}
	return vendorSockaddr(sa)
}

// put converts x/sys' form of an address to bytes.
func (n *Name) put(sa unix.Sockaddr) {
	n.n = 0
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		n.n = uint32(PutInet4(n.b[:], sa.Addr, uint16(sa.Port)))
	case *unix.SockaddrInet6:
		n.n = uint32(PutInet6(n.b[:], sa.Addr, uint16(sa.Port), sa.ZoneId))
	case *unix.SockaddrUnix:
		n.n = uint32(PutUnix(n.b[:], StringBytes(sa.Name)))
	default:
		n.putVendor(sa)
	}
}

func retry(f func() error) Errno {
	for {
		if e := errno(f()); e != EINTR {
			return e
		}
	}
}

// Bind is bind(2).
func Bind(fd int, sa []byte) Errno {
	a, e := sockaddr(sa)
	if e != 0 {
		return e
	}
	return retry(func() error { return unix.Bind(fd, a) })
}

// Listen is listen(2).
func Listen(fd, backlog int) Errno { return errno(unix.Listen(fd, backlog)) }

// Connect is connect(2). After EINTR the connection continues as after EINPROGRESS.
func Connect(fd int, sa []byte) Errno {
	a, e := sockaddr(sa)
	if Family(sa) == AF_UNSPEC {
		// x/sys has no address without a family. A connect to an address that is
		// not valid removes the peer of a datagram socket before the kernel returns
		// the error (soconnect in sys/kern/uipc_socket.c).
		a, e = &unix.SockaddrInet4{}, 0
	}
	if e != 0 {
		return e
	}
	raceRelease()
	return errno(unix.Connect(fd, a))
}

// Accept is accept4(2), or accept(2) on a system without it.
func Accept(fd int, from *Name) (int, Errno) {
	for {
		s, e := accept4(fd, from)
		if e == 0 {
			raceAcquire()
		}
		if e != EINTR {
			return s, e
		}
	}
}

// Shutdown is shutdown(2).
func Shutdown(fd, how int) Errno {
	raceRelease()
	return errno(unix.Shutdown(fd, how))
}

// Getsockname is getsockname(2).
func Getsockname(fd int, name *Name) Errno {
	sa, err := unix.Getsockname(fd)
	name.put(sa)
	return errno(err)
}

// Getpeername is getpeername(2).
func Getpeername(fd int, name *Name) Errno {
	sa, err := unix.Getpeername(fd)
	name.put(sa)
	return errno(err)
}

// Getsockopt is getsockopt(2): it fills b and returns its length. x/sys has no call for
// plain bytes, so this uses its structures of the same size.
func Getsockopt(fd, level, name int, b []byte) (int, Errno) {
	switch {
	case len(b) == sizeInt:
		v, err := unix.GetsockoptInt(fd, level, name)
		v32 := int32(v)
		return copy(b, (*[sizeInt]byte)(unsafe.Pointer(&v32))[:]), errno(err)
	case len(b) == sizeIPMreq:
		v, err := unix.GetsockoptIPMreq(fd, level, name)
		if err != nil {
			return 0, errno(err)
		}
		return copy(b, (*[sizeIPMreq]byte)(unsafe.Pointer(v))[:]), 0
	case len(b) <= sizeMTUInfo:
		v, err := unix.GetsockoptIPv6MTUInfo(fd, level, name)
		if err != nil {
			return 0, errno(err)
		}
		return copy(b, (*[sizeMTUInfo]byte)(unsafe.Pointer(v))[:]), 0
	}
	return 0, ENOSYS
}

// Setsockopt is setsockopt(2).
func Setsockopt(fd, level, name int, b []byte) Errno {
	return retry(func() error { return unix.SetsockoptString(fd, level, name, string(b)) })
}

// Sendto is sendmsg(2) of one buffer: x/sys' sendto loses the count.
func Sendto(fd int, p []byte, flags int, to []byte, _ bool) (int, Errno) {
	return Sendmsg(fd, [][]byte{p}, nil, to, flags, false)
}

// Recvfrom is recvfrom(2); from may be nil.
func Recvfrom(fd int, p []byte, flags int, from *Name, _ bool) (int, Errno) {
	p = p[:min(len(p), maxTransfer)]
	for {
		n, sa, err := unix.Recvfrom(fd, p, flags)
		if err == nil || n >= 0 { // with a count the error means only that x/sys does not know the address
			raceReceived(unsafe.Pointer(unsafe.SliceData(p)), min(n, len(p)))
			raceAcquire()
			if from != nil {
				from.put(sa)
			}
			return n, 0
		}
		if e := errno(err); e != EINTR {
			return 0, e
		}
	}
}

// checkBuffers limits bufs to maxTransfer bytes, and returns at least one buffer: macOS
// returns EMSGSIZE for none (sendmsg in bsd/kern/uipc_syscalls.c). Control messages without
// room for data are EOPNOTSUPP: x/sys would send or receive an additional byte with them.
func checkBuffers(bufs [][]byte, control []byte) ([][]byte, Errno) {
	if len(control) > 0 && !hasRoom(bufs) {
		return nil, unix.EOPNOTSUPP
	}
	if len(bufs) == 0 {
		return make([][]byte, 1), 0
	}
	return limit(bufs), 0
}

func hasRoom(bufs [][]byte) bool {
	for _, b := range bufs {
		if len(b) > 0 {
			return true
		}
	}
	return false
}

// limit cuts bufs to maxTransfer bytes.
func limit(bufs [][]byte) [][]byte {
	left := maxTransfer
	for i, b := range bufs {
		if len(b) > left {
			cut := append([][]byte(nil), bufs[:i+1]...)
			cut[i] = b[:left]
			return cut
		}
		left -= len(b)
	}
	return bufs
}

// Sendmsg is sendmsg(2) of at most MaxVectors buffers.
func Sendmsg(fd int, bufs [][]byte, control, to []byte, flags int, _ bool) (int, Errno) {
	var a unix.Sockaddr
	if len(to) > 0 {
		var e Errno
		if a, e = sockaddr(to); e != 0 {
			return 0, e
		}
	}
	bufs, e := checkBuffers(bufs, control)
	if e != 0 {
		return 0, e
	}
	raceRelease()
	for {
		n, err := unix.SendmsgBuffers(fd, bufs, control, a, flags|SendFlags)
		if err == nil {
			raceSentVector(bufs, n)
			return n, 0
		}
		if e := errno(err); e != EINTR {
			return 0, e
		}
	}
}

// Recvmsg is recvmsg(2) into at most MaxVectors buffers; from may be nil. It
// returns the numbers of bytes of data and of control messages, and the flags of the
// message.
func Recvmsg(fd int, bufs [][]byte, control []byte, from *Name, flags int, _ bool) (n, nc, rflags int, e Errno) {
	if bufs, e = checkBuffers(bufs, control); e != 0 {
		return 0, 0, 0, e
	}
	for {
		n, nc, rflags, sa, err := unix.RecvmsgBuffers(fd, bufs, control, flags)
		if err == nil || n >= 0 {
			raceReceivedVector(bufs, n)
			raceReceived(unsafe.Pointer(unsafe.SliceData(control)), nc)
			raceAcquire()
			if from != nil {
				from.put(sa)
			}
			return n, nc, returnedFlags(rflags, flags), 0
		}
		if e := errno(err); e != EINTR {
			return 0, 0, 0, e
		}
	}
}

// poll is poll(2) of one descriptor with a zero timeout.
func poll(fd int, events int16) (int16, Errno) {
	p := []unix.PollFd{{Fd: int32(fd), Events: events}}
	e := retry(func() error { _, err := unix.Poll(p, 0); return err })
	raceAcquire() // another goroutine may have caused the event
	return p[0].Revents, e
}
