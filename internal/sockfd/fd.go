// Package sockfd is a socket's descriptor as the calls of package sock share it:
// reference counting, waiting, deadlines, the write lock and the close protocol.
// It makes no transfers: those are inlined into the methods of package sock.
package sockfd

import (
	"sync/atomic"

	"github.com/berkeleysockets/sock/internal/leakcheck"
	"github.com/berkeleysockets/sock/internal/netpoll"
	"github.com/berkeleysockets/sock/internal/refcount"
	"github.com/berkeleysockets/sock/internal/sys"
	"github.com/berkeleysockets/sock/internal/trace"
)

// An FD is a socket's descriptor. The zero FD is a closed one.
type FD struct {
	refs      refcount.Count // reference count and state bits
	Sysfd     int32
	cold      atomic.Pointer[Cold] // nil until the FD waits or has a deadline
	writeLock atomic.Uint32
	kind      atomic.Uint32 // family, type and flags that no transfer needs: see below
}

// The parts of FD.kind.
const (
	exclusive   = 1 << iota // nobody else has the descriptor, and close(2) does not sleep: see nosched.go
	listening               //
	shared                  // others may have a copy: see MayBlock
	typeShift   = 8
	familyShift = 16
)

// Family and Type return what Init was given.
func (fd *FD) Family() int { return int(fd.kind.Load() >> familyShift) }
func (fd *FD) Type() int   { return int(fd.kind.Load() >> typeShift & 0xff) }

// IsListening reports whether SetListening was called.
func (fd *FD) IsListening() bool { return fd.kind.Load()&listening != 0 }
func (fd *FD) SetListening()     { fd.kind.Or(listening) }

// State bits, beside the reference count in one word: a call learns all it needs
// from one atomic add.
const (
	Opened        = refcount.User << iota // not the zero FD
	Nonblock                              // calls do not wait
	ReadDeadline                          // a deadline is set
	WriteDeadline                         //
	ReadWaited                            // the last call had to wait
	WriteWaited                           //
	Registered                            // has been in a Poller
	Brief                                 // transfers do not sleep: see nosched.go
)

// ClosedBit is set once Close was called.
const ClosedBit = refcount.Closed

// Errno values of our own, outside the kernel's range.
const (
	ErrnoClosed   sys.Errno = 1<<17 + iota
	ErrnoReadShut           // a receive returns 0
	ErrnoNotBrief           // of AcquireBrief
	ErrnoNext               // the first for package sock
	ErrnoTimeout  = netpoll.Timeout
)

// Init makes fd the owner of descriptor n.
func (fd *FD) Init(n int, family, typ int) {
	fd.Sysfd = int32(n)
	fd.kind.Store(uint32(uint16(family))<<familyShift | uint32(typ&0xff)<<typeShift)
	fd.refs.Set(Opened)
	leakcheck.Opened(fd, n)
}

// InitUntracked is Init for a descriptor that is not ours yet.
func (fd *FD) InitUntracked(n int) {
	fd.Sysfd = int32(n)
	fd.refs.Set(Opened)
}

// State returns the state bits.
func (fd *FD) State() uint32 { return fd.refs.State() }

// Set and Clear change state bits.
func (fd *FD) Set(bits uint32)   { fd.refs.Set(bits) }
func (fd *FD) Clear(bits uint32) { fd.refs.Clear(bits) }

// SoleUser reports whether the caller's reference is the last, and no other can be inUse.
func (fd *FD) SoleUser() bool { return fd.refs.Unique() }

// Acquire takes a reference, unless fd is closed or the deadline named has passed.
// After 0 the caller must Release.
func (fd *FD) Acquire(deadline uint32) sys.Errno {
	if state := fd.refs.Acquire(); (state^Opened)&(Opened|refcount.Closed|refcount.Overflow|deadline) != 0 {
		return fd.acquireSlow(state, deadline)
	}
	return 0
}

// AcquireBrief is Acquire for a transfer that keeps the P. It returns ErrnoNotBrief, without
// a reference, if a transfer of this descriptor may sleep.
func (fd *FD) AcquireBrief(deadline uint32) sys.Errno {
	const need = Opened | Brief
	state := fd.refs.Acquire()
	if (state^need)&(need|refcount.Closed|refcount.Overflow|deadline) == 0 {
		return 0
	}
	e := fd.acquireSlow(state, deadline)
	if e == 0 && state&Brief == 0 {
		fd.Done()
		e = ErrnoNotBrief
	}
	return e
}

// TooMany is the panic of more references than are counted, in the words of package net. The
// count stays right, as for a caller that recovers.
const TooMany = "sock: too many concurrent operations on a single Socket or Poller (max 1048575)"

func (fd *FD) acquireSlow(state, deadline uint32) sys.Errno {
	switch {
	case state&refcount.Closed != 0 || state&Opened == 0:
		fd.Done()
		return ErrnoClosed
	case state&refcount.Overflow != 0:
		fd.Done()
		panic(TooMany)
	case fd.cold.Load().passed(state & deadline):
		fd.Done()
		return ErrnoTimeout
	}
	return 0
}

// Release gives a reference back, and reports whether the caller must Destroy fd.
// It is inlined into the transfers; elsewhere use Done.
func (fd *FD) Release() (last bool) { return fd.refs.Release() }

// Done is Release, and Destroy if it was the last reference.
func (fd *FD) Done() {
	if fd.refs.Release() {
		fd.Destroy()
	}
}

// Check is Acquire and Done.
func (fd *FD) Check(deadline uint32) sys.Errno {
	e := fd.Acquire(deadline)
	if e == 0 {
		fd.Done()
	}
	return e
}

// Poll is poll(2) with no timeout.
func (fd *FD) Poll(events int16, deadline uint32) (int16, sys.Errno) {
	if e := fd.Acquire(deadline); e != 0 {
		return 0, e
	}
	start := trace.Start()
	got, e := sys.Poll(int(fd.Sysfd), events, fd.refs.State()&Brief != 0)
	last := fd.refs.Release()
	if !start.IsZero() {
		n := 0
		if got != 0 {
			n = 1
		}
		trace.Emit(PollCall(events, got).Finish(int(fd.Sysfd), n, e, start))
	}
	if last {
		fd.Destroy()
	}
	return got, e
}

// PollCall describes poll(2).
func PollCall(events, got int16) trace.Call {
	args := "events=" + sys.FlagNames("POLL", int(events))
	if got != 0 {
		args += ", revents=" + sys.FlagNames("POLL", int(got))
	}
	return trace.Call{Name: sys.PollCall, Args: args}
}

// Fcntl is fcntl(2).
func (fd *FD) Fcntl(args string, call func(n int) (int, sys.Errno)) (int, sys.Errno) {
	if e := fd.Acquire(0); e != 0 {
		return -1, e
	}
	start := trace.Start()
	n, e := call(int(fd.Sysfd))
	last := fd.refs.Release()
	if !start.IsZero() {
		trace.Emit(trace.Call{Name: "fcntl", Args: args}.Finish(int(fd.Sysfd), n, e, start))
	}
	if last {
		fd.Destroy()
	}
	return n, e
}
