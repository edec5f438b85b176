//go:build (freebsd || darwin || netbsd || openbsd || dragonfly) && !sock_poll

package selector

import (
	"fmt"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"github.com/berkeleysockets/sock/internal/sys"
	"github.com/berkeleysockets/sock/internal/trace"
)

const (
	// TokenBits is the size of a token: that of a pointer.
	TokenBits = strconv.IntSize

	// SplitEvents reports whether one descriptor may have several events at once:
	// one of each filter.
	SplitEvents = true

	// RemovesOnClose reports whether close(2) ends a registration, and Add of a
	// registered descriptor returns EEXIST.
	RemovesOnClose = false
)

// Supported is the set of the interests and modes that this backend has.
var Supported = func() Ready {
	var r Ready = Readable | Writable | ReadClosed | WriteClosed | Hangup | Failed | Edge | OneShot
	if sys.Has(sys.EVFILT_EXCEPT) {
		r |= Priority
	}
	return r
}()

// A Selector is a kqueue, with a pipe for Wake registered in it. Wait holds a
// thread: the runtime poller registers each descriptor for writing too, which a
// kqueue refuses.
//
// Each kevent(2) makes one change, so that every change has an errno of its own on
// every system.
type Selector struct {
	callLog
	kq     int
	waker  waker
	change sys.Kevents // the change of set; serialized by the caller
	events sys.Kevents // owned by the waiting goroutine
}

// New creates a Selector: kqueue(2), pipe(2) and kevent(2).
func New() (*Selector, sys.Errno) {
	s := &Selector{change: sys.MakeKevents(1)}
	start := trace.Start()
	kq, e := sys.Kqueue()
	s.add(start, "kqueue", -1, kq, e, func() string { return "" })
	if e != 0 {
		return s, e
	}
	s.kq = kq
	if e := s.waker.open(&s.callLog); e != 0 {
		s.close(kq)
		return s, e
	}
	token := uint64(WakeToken)
	if e := s.set(s.waker.r, unix.EVFILT_READ, unix.EV_ADD, 0, 0, token); e != 0 {
		s.Close()
		return s, e
	}
	return s, 0
}

// A filter is one kevent filter of a registration.
type filter struct {
	filter, flags, fflags int
	data                  int64
}

// unreachableMark is a low-water mark that no buffer reaches: a filter with it
// reports only the close and errors.
const unreachableMark = 1<<31 - 1

// filters returns the n filters of an interest.
func filters(want Ready) (f [3]filter, n int) {
	mode := 0
	if want&Edge != 0 {
		mode |= unix.EV_CLEAR
	}
	if want&OneShot != 0 {
		mode |= unix.EV_ONESHOT
	}
	add := func(x filter) {
		if x.fflags == 0 {
			x.flags = mode
		} else {
			// A filter with fflags may report readiness that was not requested:
			// pipes and listeners have no low-water mark, macOS limits the mark
			// to the size of the buffer, and the error of a datagram passes it.
			// Level-triggered it would report that in each wait, and with
			// EV_ONESHOT it would be consumed by it.
			x.flags = unix.EV_CLEAR
		}
		f[n] = x
		n++
	}
	switch {
	case want&Readable != 0:
		add(filter{filter: unix.EVFILT_READ})
	case want&ReadClosed != 0, want&(Writable|WriteClosed) == 0: // the second for failures and hang-ups
		add(filter{filter: unix.EVFILT_READ, fflags: unix.NOTE_LOWAT, data: unreachableMark})
	}
	switch {
	case want&Writable != 0:
		add(filter{filter: unix.EVFILT_WRITE})
	case want&WriteClosed != 0:
		add(filter{filter: unix.EVFILT_WRITE, fflags: unix.NOTE_LOWAT, data: unreachableMark})
	}
	if want&Priority != 0 {
		add(filter{filter: sys.EVFILT_EXCEPT, fflags: sys.NOTE_OOB})
	}
	return f, n
}

// FD returns the kqueue descriptor, also after Close.
func (s *Selector) FD() int { return s.kq }

// MaySleep does nothing: every call releases the P.
func (s *Selector) MaySleep() {}

// Add registers fd.
func (s *Selector) Add(fd int, want Ready, token uint64) sys.Errno {
	f, n := filters(want)
	for i := range n {
		// A pipe without a reader returns EPIPE for EVFILT_WRITE, which is then not
		// registered: EVFILT_READ alone reports its close.
		if e := s.set(fd, f[i].filter, unix.EV_ADD|f[i].flags, f[i].fflags, f[i].data, token); e != 0 && (e != unix.EPIPE || i == 0) {
			for j := range i {
				s.set(fd, f[j].filter, unix.EV_DELETE, 0, 0, 0)
			}
			return e
		}
	}
	return 0
}

// Modify changes the interest of fd. It arms a OneShot or Edge registration again. A
// registered filter keeps its mode when EV_ADD names another, so Modify removes it
// first.
func (s *Selector) Modify(fd int, old, want Ready, token uint64) sys.Errno {
	if e := s.Remove(fd, old); e != 0 {
		return e
	}
	return s.Add(fd, want, token)
}

// Remove ends the registration of fd. A registration that has already ended is no
// error.
func (s *Selector) Remove(fd int, want Ready) (first sys.Errno) {
	f, n := filters(want)
	for i := range n {
		e := s.set(fd, f[i].filter, unix.EV_DELETE, 0, 0, 0)
		if e != 0 && e != unix.ENOENT && e != unix.EBADF && first == 0 {
			first = e
		}
	}
	return first
}

func (s *Selector) set(fd, filter, flags, fflags int, data int64, token uint64) sys.Errno {
	s.change.Set(0, fd, filter, flags, fflags, data, uintptr(token))
	start := trace.Start()
	e := sys.KeventChange(s.kq, s.change)
	s.add(start, "kevent", s.kq, 0, e, func() string { return "[" + change(fd, filter, flags, fflags) + "], 1, NULL, 0, NULL" })
	return e
}

// change formats a struct kevent.
func change(fd, filter, flags, fflags int) string {
	text := fmt.Sprintf("{%d, %s, %s", fd, sys.ConstName("EVFILT", filter), sys.FlagNames("EV", flags))
	if fflags != 0 {
		text += fmt.Sprintf(", %#x", fflags)
	}
	return text + "}"
}

// Poll fetches the events that are ready now, at most limit: kevent(2) with a zero
// timeout.
func (s *Selector) Poll(limit int) (n int, e sys.Errno) { return s.fetch(limit, 0) }

// Wait fetches events as Poll does, and waits until there are some or until the time
// has come. The zero Time is no timeout.
func (s *Selector) Wait(limit int, until time.Time) (n int, e sys.Errno) {
	for {
		d := time.Duration(-1)
		if !until.IsZero() {
			d = max(0, time.Until(until))
		}
		if n, e = s.fetch(limit, d); e == unix.EINTR || e == unix.ETIMEDOUT || e == 0 && n == 0 && d != 0 {
			continue // a signal, a timeout that sys.KeventWait limited, macOS (go.dev/issue/59679)
		}
		return n, e
	}
}

// fetch calls kevent(2) once.
func (s *Selector) fetch(limit int, d time.Duration) (int, sys.Errno) {
	limit = min(limit, maxEvents)
	if limit > s.events.Len() {
		s.events = sys.MakeKevents(limit)
	}
	start := trace.Start()
	n, e := sys.KeventWait(s.kq, s.events, limit, d)
	if (e == unix.EINTR || e == unix.ETIMEDOUT) && d == 0 {
		n, e = 0, 0
	}
	s.add(start, "kevent", s.kq, n, e, func() string {
		args := "NULL, 0, ["
		for i := range n {
			if i > 0 {
				args += ", "
			}
			fd, filter, flags, fflags, _ := s.events.Get(i)
			args += change(fd, filter, flags, fflags)
		}
		return args + "], " + strconv.Itoa(limit) + ", " + timespec(d)
	})
	return n, e
}

// maxEvents bounds the memory of a Selector.
const maxEvents = 4096

// Event returns event i of the last Poll or Wait.
func (s *Selector) Event(i int) (token uint64, ready Ready) {
	_, filter, flags, fflags, t := s.events.Get(i)
	switch filter {
	case unix.EVFILT_READ:
		ready = Readable
		if flags&unix.EV_EOF != 0 {
			ready |= ReadClosed
		}
	case unix.EVFILT_WRITE:
		ready = Writable
		if flags&unix.EV_EOF != 0 {
			ready |= WriteClosed
		}
	default: // EVFILT_EXCEPT, which on macOS and DragonFly reports other conditions too
		if fflags&sys.NOTE_OOB != 0 {
			ready = Priority
		}
		return uint64(t), ready
	}
	if flags&unix.EV_EOF != 0 && fflags != 0 { // fflags is the error of the socket, which is unusable
		ready |= Failed | Hangup
	}
	return uint64(t), ready
}

// Wake causes an event with WakeToken, unless one is pending.
func (s *Selector) Wake() sys.Errno { return s.waker.wake(&s.callLog) }

// AckWake records that the event of Wake was received: the next Wake causes another.
func (s *Selector) AckWake() { s.waker.reset() }

// Close closes the descriptors. No goroutine may be waiting.
func (s *Selector) Close() sys.Errno {
	e := s.close(s.kq)
	s.waker.close(&s.callLog)
	return e
}
