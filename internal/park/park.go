// Package park lets a goroutine wait for a descriptor in Go's own poller, so
// that no thread is held. It reaches that poller through [os.NewFile] and
// [syscall.RawConn], which is all that Go promises.
//
// From [New] on the descriptor belongs to an os.File and ends with Close. Its
// user makes sure that no wait is under way then.
package park

import (
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/berkeleysockets/sock/internal/sys"
)

// What a wait may return besides 0 and what the kernel says.
const (
	Timeout     sys.Errno = 1<<16 + iota // a deadline passed
	Unavailable                          // Go's poller cannot wait for this now
)

// Go makes its poller when something first needs it, and ends the program if no
// descriptor is left for it then: just when a server with too many clients must
// wait for one to leave. A timer is what needs it from outside package os.
func init() {
	if sys.Supported {
		time.AfterFunc(time.Hour, func() {}).Stop()
	}
}

// An FD is a descriptor in Go's poller.
type FD struct {
	Read, Write Side

	file       *os.File
	conn       syscall.RawConn
	prev, next *FD // kept
}

// kept holds every FD until its Close: an os.File that is found unreachable
// closes its descriptor, behind the back of whoever still has the number.
var kept struct {
	sync.Mutex
	head *FD
}

// New puts fd, which is O_NONBLOCK, into Go's poller. Should the poller refuse
// it, waits are Unavailable.
func New(fd int) *FD {
	f := &FD{file: os.NewFile(uintptr(fd), "socket")}
	f.Read.init(sys.POLLIN | sys.POLLRDHUP)
	f.Write.init(sys.POLLOUT)
	kept.Lock()
	f.next = kept.head
	if f.next != nil {
		f.next.prev = f
	}
	kept.head = f
	kept.Unlock()
	if f.file.SetDeadline(time.Time{}) == nil {
		f.conn, _ = f.file.SyscallConn()
	}
	return f
}

// Parks reports whether Go's poller has taken the descriptor.
func (f *FD) Parks() bool { return f.conn != nil }

// WaitRead returns once a read may not block: 0, or why it waits no more.
func (f *FD) WaitRead() sys.Errno {
	if f.conn == nil {
		return Unavailable
	}
	return f.Read.result(f.conn.Read(f.Read.ready))
}

// WaitWrite returns once a write may not block: 0, or why it waits no more.
func (f *FD) WaitWrite() sys.Errno {
	if f.conn == nil {
		return Unavailable
	}
	return f.Write.result(f.conn.Write(f.Write.ready))
}

// WaitUntil returns once check, called after each event, returns true: 0, or why
// it waits no more. Check is bound once by its owner, and is told the descriptor.
func (f *FD) WaitUntil(check func(uintptr) bool) sys.Errno {
	if f.conn == nil {
		return Unavailable
	}
	return f.Read.result(f.conn.Read(check))
}

// SetReadDeadline ends the reading waits at t; zero is never.
func (f *FD) SetReadDeadline(t time.Time) { f.file.SetReadDeadline(t) }

// SetWriteDeadline ends the writing waits at t; zero is never.
func (f *FD) SetWriteDeadline(t time.Time) { f.file.SetWriteDeadline(t) }

// Wake ends all waits, those to come too, with Timeout.
func (f *FD) Wake() { f.file.SetDeadline(time.Unix(1, 0)) }

// Close closes the descriptor.
func (f *FD) Close() sys.Errno {
	kept.Lock()
	if f.prev != nil {
		f.prev.next = f.next
	} else {
		kept.head = f.next
	}
	if f.next != nil {
		f.next.prev = f.prev
	}
	f.prev, f.next = nil, nil
	kept.Unlock()
	err := f.file.Close()
	if pe, ok := err.(*os.PathError); ok {
		err = pe.Err
	}
	if e, ok := err.(sys.Errno); ok {
		return e
	}
	return 0
}

// A Side is one direction of an FD.
type Side struct {
	// ready is check, bound once: a closure for each wait would allocate.
	ready  func(uintptr) bool
	events int16

	// These belong to the wait that is under way: Go's poller lets one in at
	// a time for each direction.
	slept   bool // the last check found nothing
	failing bool // POLLERR alone has already been taken for ready

	failure atomic.Uintptr // an errno that a check had to take from the kernel
	sleeps  atomic.Uint32

	mu    sync.Mutex
	calls []Call
}

func (s *Side) init(events int16) {
	s.events = events
	s.ready = s.check
}

// Sleeps counts the waits that found nothing at first.
func (s *Side) Sleeps() uint32 { return s.sleeps.Load() }

// check tells whether to stop waiting. Go's poller shows edges, and forgets
// one that came before the wait began: so the first check asks the kernel.
// After a sleep the caller's own attempt is the better question. It touches no
// caller's buffer: one that a callback can reach would live on the heap.
func (s *Side) check(fd uintptr) bool {
	if s.slept {
		s.slept = false
		return true
	}
	got := s.poll(int(fd))
	if got&^sys.POLLERR != 0 {
		s.failing = false
		return true
	}
	if got == sys.POLLERR {
		// An error to report, or messages in the error queue? A filled queue
		// is no news to a reader, and stays: taken for ready it would spin.
		if !s.failing {
			s.failing = true
			return true
		}
		// What there is to receive hides an error, and is no news to a writer.
		if e := s.peek(int(fd)); e != sys.EAGAIN && (e != 0 || s.events&sys.POLLIN != 0) {
			s.failing = false
			s.failure.Store(uintptr(e))
			return true
		}
	}
	s.slept = true
	s.sleeps.Add(1)
	return false
}

func (s *Side) result(err error) sys.Errno {
	if err == nil {
		if s.failure.Load() != 0 {
			return sys.Errno(s.failure.Swap(0))
		}
		return 0
	}
	if err == os.ErrDeadlineExceeded {
		return Timeout
	}
	// After an event that was nothing but an error (the error queue again),
	// Go's poller refuses to wait for reading until another comes.
	return Unavailable
}

func (s *Side) poll(fd int) int16 {
	if !Recording.Load() {
		got, _ := sys.Poll(fd, s.events)
		return got
	}
	start := time.Now()
	got, e := sys.Poll(fd, s.events)
	s.record(Call{Start: start, Duration: time.Since(start), Events: s.events, Got: got, Errno: e})
	return got
}

// peek takes an error that waits to be reported: EAGAIN is none.
func (s *Side) peek(fd int) sys.Errno {
	start := time.Now()
	n, e := sys.Peek(fd)
	if Recording.Load() {
		s.record(Call{Start: start, Duration: time.Since(start), Peek: true, N: n, Errno: e})
	}
	return e
}

// Recording says whether waits note the calls they make, for a tracer.
var Recording atomic.Bool

// A Call is a system call that a wait made: poll(2), or a recv(2) that peeks.
type Call struct {
	Start       time.Time
	Duration    time.Duration
	Events, Got int16
	Peek        bool
	N           int
	Errno       sys.Errno
}

func (s *Side) record(c Call) {
	s.mu.Lock()
	s.calls = append(s.calls, c)
	s.mu.Unlock()
}

// Calls returns what was noted, and forgets it.
func (s *Side) Calls() []Call {
	s.mu.Lock()
	c := s.calls
	s.calls = nil
	s.mu.Unlock()
	return c
}
