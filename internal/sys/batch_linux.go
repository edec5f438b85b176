//go:build !sock_loop

package sys

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// HasBatches: one call takes many messages.
const HasBatches = true

// MaxBatch is the most messages one call takes (UIO_MAXIOV).
const MaxBatch = 1024

// A Batch is the memory of many messages, as sendmmsg(2) and recvmmsg(2) want
// it: for each a header, one vector, an address, and room for control messages
// and to receive.
type Batch struct {
	headers []mmsghdr
	vectors []unix.Iovec
	names   [][sizeName]byte
	control []byte
	bytes   []byte
	perCtl  int // of control, a message
	perMsg  int // of bytes
}

type mmsghdr struct {
	unix.Msghdr
	n uint32
}

// NewBatch makes a Batch of messages; control is a multiple of 8.
func NewBatch(messages, bytes, control int) Batch {
	b := Batch{
		headers: make([]mmsghdr, messages),
		vectors: make([]unix.Iovec, messages),
		names:   make([][sizeName]byte, messages),
		control: make([]byte, messages*control),
		bytes:   make([]byte, messages*bytes),
		perCtl:  control, perMsg: bytes,
	}
	for i := range b.headers {
		b.headers[i].Iov = &b.vectors[i]
		b.headers[i].SetIovlen(1)
	}
	return b
}

// Cap is how many messages there is memory for.
func (b *Batch) Cap() int { return len(b.headers) }

// Room is how much of a message can be received, and of its control messages.
func (b *Batch) Room() (bytes, control int) { return b.perMsg, b.perCtl }

// Put makes a message to send: p is kept, control and to are copied.
func (b *Batch) Put(i int, p, control, to []byte) {
	h := &b.headers[i]
	b.vectors[i].Base = unsafe.SliceData(p)
	b.vectors[i].SetLen(len(p))
	h.Name, h.Namelen = nil, uint32(copy(b.names[i][:], to))
	if h.Namelen > 0 {
		h.Name = &b.names[i][0]
	}
	h.Control = nil
	if len(control) > 0 {
		h.Control = &b.control[i*b.perCtl]
	}
	h.SetControllen(copy(b.control[i*b.perCtl:], control))
}

// Move makes message i of another.
func (b *Batch) Move(i, from int) {
	b.Put(i, b.Data(from), b.Control(from), b.Name(from))
	b.headers[i].Flags = b.headers[from].Flags
}

// Cut takes the first n bytes, which have been sent, off a message, and the
// control messages that went with them.
func (b *Batch) Cut(i, n int) {
	p := b.Data(i)[n:]
	b.vectors[i].Base = unsafe.SliceData(p)
	b.vectors[i].SetLen(len(p))
	b.Uncontrol(i)
}

// Uncontrol forgets a message's control messages.
func (b *Batch) Uncontrol(i int) { b.headers[i].SetControllen(0) }

// Forget lets go of a message's buffer.
func (b *Batch) Forget(i int) { b.vectors[i].Base = nil; b.vectors[i].SetLen(0) }

// Data is a message's bytes.
func (b *Batch) Data(i int) []byte { return unsafe.Slice(b.vectors[i].Base, int(b.vectors[i].Len)) }

// Name is a message's address.
func (b *Batch) Name(i int) []byte { return b.names[i][:min(b.headers[i].Namelen, sizeName)] }

// Control is a message's control messages.
func (b *Batch) Control(i int) []byte {
	at := i * b.perCtl
	return b.control[at : at+int(b.headers[i].Controllen) : at+b.perCtl]
}

// Flags are those of a received message.
func (b *Batch) Flags(i int) int { return int(b.headers[i].Flags) }

// short reports whether a call may keep its processor: 64 datagrams of 64 bytes
// take 90 us. With the scheduler told they take 3 % longer.
func short(messages, size, flags int) bool {
	return messages <= 64 && size <= 2*rawLimit && flags&MSG_DONTWAIT != 0
}

// Sendmmsg is sendmmsg(2) of the messages from one to before another. It
// returns how many went, and of the last of them how many bytes.
func Sendmmsg(fd int, b *Batch, from, to, flags int) (n, last int, e Errno) {
	raceRelease()
	flags |= SendFlags
	h, size := b.headers[from:to], 0
	for i := range h {
		size += int(b.vectors[from+i].Len)
	}
	raw := short(len(h), size, flags)
	for {
		var r uintptr
		if raw {
			r, _, e = syscall.RawSyscall6(unix.SYS_SENDMMSG, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(h))), uintptr(len(h)), uintptr(flags), 0, 0)
		} else {
			r, _, e = syscall.Syscall6(unix.SYS_SENDMMSG, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(h))), uintptr(len(h)), uintptr(flags), 0, 0)
		}
		if socketcalls && e == ENOSYS {
			r, e = oldSendmmsg(fd, unsafe.Pointer(unsafe.SliceData(h)), len(h), flags)
		}
		if e == 0 {
			n = min(int(r), len(h))
			for i := range h[:n] {
				raceSent(unsafe.Pointer(b.vectors[from+i].Base), int(h[i].n))
			}
			if n > 0 {
				last = int(h[n-1].n)
			}
			return n, last, 0
		}
		if e != EINTR {
			return 0, 0, e
		}
	}
}

// Recvmmsg is recvmmsg(2) into all of b. It returns how many messages came.
func Recvmmsg(fd int, b *Batch, flags int) (int, Errno) {
	raw := short(len(b.headers), len(b.bytes), flags)
	for {
		for i := range b.headers {
			h, v := &b.headers[i], &b.vectors[i]
			v.Base = &b.bytes[i*b.perMsg]
			v.SetLen(b.perMsg)
			h.Name, h.Namelen = &b.names[i][0], sizeName
			if b.perCtl > 0 {
				h.Control = &b.control[i*b.perCtl]
			}
			h.SetControllen(b.perCtl)
		}
		var r uintptr
		var e Errno
		if raw {
			r, _, e = syscall.RawSyscall6(unix.SYS_RECVMMSG, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b.headers))), uintptr(len(b.headers)), uintptr(flags), 0, 0)
		} else {
			r, _, e = syscall.Syscall6(unix.SYS_RECVMMSG, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b.headers))), uintptr(len(b.headers)), uintptr(flags), 0, 0)
		}
		if socketcalls && e == ENOSYS {
			r, e = oldRecvmmsg(fd, unsafe.Pointer(unsafe.SliceData(b.headers)), len(b.headers), flags)
		}
		if e == 0 {
			n := min(int(r), len(b.headers))
			for i := range b.headers[:n] {
				h, v := &b.headers[i], &b.vectors[i]
				v.SetLen(min(int(h.n), b.perMsg))
				h.Flags = int32(told(int(h.Flags), flags))
				raceReceived(unsafe.Pointer(v.Base), int(v.Len))
				raceReceived(unsafe.Pointer(h.Control), int(h.Controllen))
			}
			raceAcquire()
			return n, 0
		}
		if e != EINTR {
			return 0, e
		}
	}
}
