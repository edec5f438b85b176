//go:build (freebsd || darwin || netbsd || openbsd || dragonfly) && !sock_poll

package selector

import (
	"fmt"
	"iter"
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
	kq    int
	waker waker

	// Serialized by the caller.
	change     sys.Kevents // the change of set
	fd         int         // the descriptor of makeChange
	changeFunc func(kchange, uint64) sys.Errno

	// Owned by the waiting goroutine.
	events sys.Kevents
	full   bool // the last fetch filled its room
}

// New creates a Selector: kqueue(2), pipe(2) and kevent(2).
func New() (*Selector, sys.Errno) {
	s := &Selector{change: sys.MakeKevents(1)}
	s.changeFunc = s.applyChange
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

// unreachableMark is a low-water mark that no buffer reaches.
const unreachableMark = 1<<31 - 1

// FD returns the kqueue descriptor, also after Close.
func (s *Selector) FD() int { return s.kq }

// MaySleep does nothing: every call releases the P.
func (s *Selector) MaySleep() {}

// Add registers fd. If fd is registered already it replaces the token: see Holds.
func (s *Selector) Add(fd int, want Ready, token uint64) sys.Errno {
	s.fd = fd
	return kchanges([numFilters]knote{}, knotes(want), 0, token, s.changeFunc)
}

// Holds reports whether the kqueue has a knote of fd, which the caller registered with
// want and token: close(2) ends them, and then the number may be another's. It cannot
// know of a OneShot registration that has fired. There is no call that asks: it deletes
// a knote, and adds it again if it was there.
func (s *Selector) Holds(fd int, want Ready, token uint64) bool {
	s.fd = fd
	for f, k := range knotes(want) {
		if k.on && s.makeChange(kchange{filter: f}, 0) == 0 {
			s.makeChange(kchange{filter: f, knote: k}, token)
			return true
		}
	}
	return false
}

// Modify changes the interest of fd. It arms a OneShot or Edge registration again. After
// an error the old interest is watched, with its token.
func (s *Selector) Modify(fd int, old, want Ready, was, token uint64) sys.Errno {
	s.fd = fd
	return kchanges(knotes(old), knotes(want), was, token, s.changeFunc)
}

// Remove ends the registration of fd. A registration that has already ended is no
// error.
func (s *Selector) Remove(fd int, want Ready) (first sys.Errno) {
	s.fd = fd
	for f, k := range knotes(want) {
		if !k.on {
			continue
		}
		if e := s.makeChange(kchange{filter: f}, 0); e != 0 && e != unix.ENOENT && e != unix.EBADF && first == 0 {
			first = e
		}
	}
	return first
}

// Rebuild does nothing: close(2) ends every registration of a number.
func (s *Selector) Rebuild(iter.Seq[Registration]) sys.Errno { return 0 }

// applyChange makes one change of kchanges. A knote that it deletes may have ended: with
// OneShot, or because its descriptor was closed.
func (s *Selector) applyChange(c kchange, token uint64) sys.Errno {
	e := s.makeChange(c, token)
	if !c.on && (e == unix.ENOENT || e == unix.EBADF) || c.optional && e == unix.EPIPE {
		return 0
	}
	return e
}

// makeChange makes one change of the descriptor fd.
func (s *Selector) makeChange(c kchange, token uint64) sys.Errno {
	filter := [numFilters]int{unix.EVFILT_READ, unix.EVFILT_WRITE, sys.EVFILT_EXCEPT}[c.filter]
	if !c.on {
		return s.set(s.fd, filter, unix.EV_DELETE, 0, 0, 0)
	}
	flags, fflags, data := unix.EV_ADD, 0, int64(0)
	if c.mode&Edge != 0 {
		flags |= unix.EV_CLEAR
	}
	if c.mode&OneShot != 0 {
		flags |= unix.EV_ONESHOT
	}
	switch {
	case c.closeOnly:
		fflags, data = unix.NOTE_LOWAT, unreachableMark
	case c.filter == exceptFilter:
		fflags = sys.NOTE_OOB
	}
	return s.set(s.fd, filter, flags, fflags, data, token)
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
	limit = min(limit, MaxEvents)
	if limit > s.events.Len() {
		s.events = sys.MakeKevents(limit)
	}
	start := trace.Start()
	n, e := sys.KeventWait(s.kq, s.events, limit, d)
	if (e == unix.EINTR || e == unix.ETIMEDOUT) && d == 0 {
		n, e = 0, 0
	}
	s.full = n == limit
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

// Full reports whether the last fetch filled its room, so that more may be ready.
func (s *Selector) Full() bool { return s.full }

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

// WakeAlways is Wake, whether one is pending or not.
func (s *Selector) WakeAlways() sys.Errno { return s.waker.wakeAlways(&s.callLog) }

// AckWake records that the event of Wake was received: the next Wake causes another.
func (s *Selector) AckWake() { s.waker.reset() }

// Close closes the descriptors. No goroutine may be waiting.
func (s *Selector) Close() sys.Errno {
	e := s.close(s.kq)
	s.waker.close(&s.callLog)
	return e
}
