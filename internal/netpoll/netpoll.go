// Package netpoll lets a goroutine wait for a descriptor in the runtime poller,
// so that the wait holds no thread. It reaches the runtime poller through
// [os.NewFile] and [syscall.RawConn], the interface that Go guarantees.
//
// From [New] on an os.File owns the descriptor; Close closes it. The caller must
// ensure that no wait is in progress then.
package netpoll

import (
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/berkeleysockets/sock/internal/sys"
)

// Results of a wait, beside 0 and the kernel's errno values.
const (
	Timeout     sys.Errno = 1<<16 + iota // a deadline passed
	Unavailable                          // the runtime poller cannot wait for this descriptor now
)

// The runtime creates its poller at the first use, and ends the program if no
// descriptor is left for it: a server at its descriptor limit reaches this point
// when it must wait for a client to leave. So it is created at the start. A timer
// is the only way to do that without package os.
func init() {
	if sys.Supported {
		time.AfterFunc(time.Hour, func() {}).Stop()
	}
}

// A Desc is a descriptor in the runtime poller.
type Desc struct {
	Read, Write Waiter

	file       *os.File
	conn       syscall.RawConn // nil if the runtime poller refused the descriptor
	prev, next *Desc           // links of registry
}

// registry holds every Desc until its Close. It keeps the os.File reachable: the
// finalizer of an os.File closes the descriptor although a Socket still uses its
// number. The lock guards the list; it is a leaf.
var registry struct {
	sync.Mutex
	head *Desc
}

// New registers fd, which must be O_NONBLOCK, with the runtime poller. If the
// poller refuses it, every wait returns Unavailable.
func New(fd int) *Desc {
	d := &Desc{file: os.NewFile(uintptr(fd), "socket")}
	d.Read.init(sys.POLLIN | sys.POLLRDHUP)
	d.Write.init(sys.POLLOUT)
	registry.Lock()
	d.next = registry.head
	if d.next != nil {
		d.next.prev = d
	}
	registry.head = d
	registry.Unlock()
	if d.file.SetDeadline(time.Time{}) == nil {
		d.conn, _ = d.file.SyscallConn()
	}
	return d
}

// KeepP records, before the first wait, that poll(2) of the descriptor does not sleep.
func (d *Desc) KeepP() { d.Read.keepP, d.Write.keepP = true, true }

// Pollable reports whether the runtime poller accepted the descriptor.
func (d *Desc) Pollable() bool { return d.conn != nil }

// WaitRead waits until a read may not block. It returns 0, Timeout, Unavailable
// or an errno that the check took from the kernel.
func (d *Desc) WaitRead() sys.Errno {
	if d.conn == nil {
		return Unavailable
	}
	return d.Read.result(d.conn.Read(d.Read.ready))
}

// WaitWrite waits until a write may not block. It returns as WaitRead does.
func (d *Desc) WaitWrite() sys.Errno {
	if d.conn == nil {
		return Unavailable
	}
	return d.Write.result(d.conn.Write(d.Write.ready))
}

// WaitUntil waits until check, called after each event with the descriptor,
// returns true. It returns as WaitRead does. The caller must bind check once: a
// closure for each wait would allocate.
func (d *Desc) WaitUntil(check func(uintptr) bool) sys.Errno {
	if d.conn == nil {
		return Unavailable
	}
	return d.Read.result(d.conn.Read(check))
}

// SetReadDeadline makes read waits return Timeout at t; the zero Time is no
// deadline.
func (d *Desc) SetReadDeadline(t time.Time) { d.file.SetReadDeadline(t) }

// SetWriteDeadline makes write waits return Timeout at t; the zero Time is no
// deadline.
func (d *Desc) SetWriteDeadline(t time.Time) { d.file.SetWriteDeadline(t) }

// Evict makes all waits, present and future, return Timeout.
func (d *Desc) Evict() { d.file.SetDeadline(time.Unix(1, 0)) }

// Close closes the descriptor.
func (d *Desc) Close() sys.Errno {
	registry.Lock()
	if d.prev != nil {
		d.prev.next = d.next
	} else {
		registry.head = d.next
	}
	if d.next != nil {
		d.next.prev = d.prev
	}
	d.prev, d.next = nil, nil
	registry.Unlock()
	err := d.file.Close()
	if pe, ok := err.(*os.PathError); ok {
		err = pe.Err
	}
	if e, ok := err.(sys.Errno); ok {
		return e
	}
	return 0
}
