//go:build linux && !sock_poll

package selector

import (
	"fmt"
	"iter"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/berkeleysockets/sock/internal/netpoll"
	"github.com/berkeleysockets/sock/internal/sys"
	"github.com/berkeleysockets/sock/internal/trace"
)

const (
	// TokenBits is the size of a token.
	TokenBits = 64

	// SplitEvents reports whether one descriptor may have several events at once.
	SplitEvents = false

	// RemovesOnClose reports whether close(2) ends a registration, and Add of a
	// registered descriptor returns EEXIST.
	RemovesOnClose = true

	// Supported is the set of the interests and modes that this backend has.
	Supported = Readable | Writable | Priority | ReadClosed | WriteClosed | Hangup | Failed | Edge | OneShot | Exclusive
)

// A Selector is an epoll descriptor, with an eventfd for Wake and a timerfd for
// short timeouts registered in it. Wait waits for it in the runtime poller, and
// holds no thread.
type Selector struct {
	callLog
	desc  *netpoll.Desc
	ep    atomic.Int32 // Rebuild changes it
	waker int          // eventfd of Wake
	woken atomic.Bool  // Wake wrote to waker, and AckWake was not called since
	timer int          // timerfd

	// Owned by the waiting goroutine.
	events    []sys.EpollEvent
	limit     int  // most events of one fetch
	n         int  // events of the last fetch
	full      bool // the last fetch filled its room
	errno     sys.Errno
	fetchFunc func(uintptr) bool // the method fetch, bound once: a closure for each wait would allocate
	until     time.Time          // read deadline of desc
	slow      atomic.Bool        // see MaySleep

	armed   bool // the timer was set, and its event may come
	timed   bool // this wait ends with the timer
	expired bool // the timer's event came
}

// New creates a Selector: epoll_create1(2), eventfd2(2), timerfd_create(2) and
// epoll_ctl(2).
func New() (*Selector, sys.Errno) {
	s := &Selector{waker: -1, timer: -1}
	s.fetchFunc = s.fetch
	ep, e := s.create()
	s.ep.Store(int32(ep))
	if e != 0 {
		return s, e
	}
	if e = s.initWakers(); e != 0 {
		s.closeWakers()
		sys.Close(ep)
		return s, e
	}
	s.desc = netpoll.New(ep)
	if !s.desc.Pollable() { // the limit on watches, /proc/sys/fs/epoll/max_user_watches
		s.Close()
		return s, sys.ENOSPC
	}
	return s, 0
}

func (s *Selector) create() (ep int, e sys.Errno) {
	start := trace.Start()
	ep, e = sys.EpollCreate()
	s.add(start, "epoll_create1", -1, ep, e, func() string { return "EPOLL_CLOEXEC" })
	if e == 0 {
		if e = sys.SetStatusFlags(ep, sys.O_NONBLOCK); e != 0 { // the runtime poller requires it
			sys.Close(ep)
		}
	}
	return ep, e
}

// initWakers creates the eventfd and the timerfd. Both are edge-triggered and never
// read: each write and each expiry is an edge. To clear woken and read the eventfd
// after that could lose a wake for good.
func (s *Selector) initWakers() (e sys.Errno) {
	start := trace.Start()
	s.waker, e = sys.Eventfd()
	s.add(start, "eventfd2", -1, s.waker, e, func() string { return "0, EFD_CLOEXEC|EFD_NONBLOCK" })
	if e == 0 {
		e = s.ctl(unix.EPOLL_CTL_ADD, s.waker, wakerEvents, WakeToken)
	}
	if e != 0 {
		return e
	}
	start = trace.Start()
	s.timer, e = sys.Timerfd()
	s.add(start, "timerfd_create", -1, s.timer, e, func() string { return "CLOCK_MONOTONIC, TFD_CLOEXEC|TFD_NONBLOCK" })
	if e == 0 {
		e = s.ctl(unix.EPOLL_CTL_ADD, s.timer, wakerEvents, timerToken)
	}
	return e
}

const wakerEvents = unix.EPOLLIN | unix.EPOLLET

// Rebuild replaces the epoll descriptor by one that has the registrations of all
// and no others: epoll_create1(2), epoll_ctl(2) twice for each, and close(2). It ends
// the registrations of closed descriptors whose descriptions live on in a copy: no
// epoll_ctl(2) reaches them any more. A registration whose number means another
// description by now is not taken over.
//
// An Edge registration that is ready causes an event again. After an error all is
// as before. The caller is the waiting goroutine, and serializes Rebuild with Add,
// Modify and Remove.
func (s *Selector) Rebuild(all iter.Seq[Registration]) sys.Errno {
	ep, e := s.create()
	if e != 0 {
		return e
	}
	if e = s.fill(ep, all); e != 0 {
		s.close(ep)
		return e
	}
	desc := netpoll.New(ep)
	if !desc.Pollable() {
		desc.Close()
		return sys.ENOSPC
	}
	old := s.desc
	start := trace.Start()
	e = old.Close()
	s.add(start, "close", int(s.ep.Load()), 0, e, func() string { return "" })
	s.desc, s.until = desc, time.Time{}
	s.ep.Store(int32(ep))
	s.armed = true // an expiry of the past is an event of the new set
	if s.woken.Load() {
		sys.EventfdAdd(s.waker) // the event that is pending was the old set's
	}
	return 0
}

// fill registers in ep the wakers, and what is registered in the present set of all.
func (s *Selector) fill(ep int, all iter.Seq[Registration]) sys.Errno {
	if e := s.ctlOf(ep, unix.EPOLL_CTL_ADD, s.waker, wakerEvents, WakeToken); e != 0 {
		return e
	}
	// Earlier Wakes have left the eventfd readable: one event, which is no Wake.
	var one [1]sys.EpollEvent
	if _, e := sys.EpollFetch(ep, one[:], !s.slow.Load()); e != 0 {
		return e
	}
	if e := s.ctlOf(ep, unix.EPOLL_CTL_ADD, s.timer, wakerEvents, timerToken); e != 0 {
		return e
	}
	for r := range all {
		events := interest(r.Want)
		// The old set knows if the number has the same description still. Of an
		// Exclusive registration it says EINVAL.
		if e := s.ctl(unix.EPOLL_CTL_MOD, r.FD, events&^unix.EPOLLEXCLUSIVE, r.Token); e == unix.ENOENT || e == unix.EBADF {
			continue
		}
		if e := s.ctlOf(ep, unix.EPOLL_CTL_ADD, r.FD, events, r.Token); e != 0 {
			return e
		}
	}
	return 0
}

// MaySleep records, before it is added, that a descriptor is not known to report its readiness
// without sleeping. From then on the calls of the Selector release the P.
func (s *Selector) MaySleep() {
	if !s.slow.Load() {
		s.slow.Store(true)
	}
}

// FD returns the epoll descriptor, also after Close.
func (s *Selector) FD() int { return int(s.ep.Load()) }

// Add registers fd.
func (s *Selector) Add(fd int, want Ready, token uint64) sys.Errno {
	return s.ctl(unix.EPOLL_CTL_ADD, fd, interest(want), token)
}

// Holds returns false: Add itself knows if fd is registered.
func (s *Selector) Holds(fd int, want Ready, token uint64) bool { return false }

// Modify changes the interest of fd. It arms a OneShot or Edge registration again.
func (s *Selector) Modify(fd int, _, want Ready, _, token uint64) sys.Errno {
	return s.ctl(unix.EPOLL_CTL_MOD, fd, interest(want), token)
}

// Remove ends the registration of fd. A registration that has already ended is no
// error.
func (s *Selector) Remove(fd int, _ Ready) sys.Errno {
	e := s.ctl(unix.EPOLL_CTL_DEL, fd, 0, 0)
	if e == unix.ENOENT || e == unix.EBADF {
		return 0
	}
	return e
}

var ctlNames = [...]string{unix.EPOLL_CTL_ADD: "EPOLL_CTL_ADD", unix.EPOLL_CTL_DEL: "EPOLL_CTL_DEL", unix.EPOLL_CTL_MOD: "EPOLL_CTL_MOD"}

func (s *Selector) ctl(op, fd int, events uint32, token uint64) sys.Errno {
	return s.ctlOf(s.FD(), op, fd, events, token)
}

func (s *Selector) ctlOf(ep, op, fd int, events uint32, token uint64) sys.Errno {
	start := trace.Start()
	e := sys.EpollControl(ep, op, fd, events, token, !s.slow.Load())
	s.add(start, "epoll_ctl", ep, 0, e, func() string {
		args := ctlNames[op] + ", " + strconv.Itoa(fd)
		if op == unix.EPOLL_CTL_DEL {
			return args + ", NULL"
		}
		return args + ", {events=" + names(events) + "}"
	})
	return e
}

// Poll fetches the events that are ready now, at most limit: epoll_pwait(2) with a
// zero timeout.
func (s *Selector) Poll(limit int) (n int, e sys.Errno) {
	s.reserve(limit)
	s.fetch(0)
	return s.n, s.errno
}

// Wait fetches events as Poll does, and waits until there are some or until the time
// has come. The zero Time is no timeout.
func (s *Selector) Wait(limit int, until time.Time) (n int, e sys.Errno) {
	s.reserve(limit)
	s.expired, s.timed = false, s.armTimer(until)
	if s.timed {
		until = time.Time{}
	}
	if until != s.until {
		s.until = until
		s.desc.SetReadDeadline(until)
	}
	switch e := s.desc.WaitUntil(s.fetchFunc); e {
	case 0:
	case netpoll.Timeout:
		s.fetch(0) // a short timeout must not hide events that are ready
	default:
		return 0, e
	}
	return s.n, s.errno
}

// timerThreshold is the timeout below which the timerfd is used: the runtime poller
// counts milliseconds.
const timerThreshold = 20 * time.Millisecond

// timerToken is the token of the timer's event.
const timerToken = WakeToken - 1

// armTimer sets the timer if until is near, and reports whether it did:
// timerfd_settime(2).
func (s *Selector) armTimer(until time.Time) bool {
	if until.IsZero() {
		return false
	}
	d := max(time.Until(until), 1) // 0 would stop the timer
	if d >= timerThreshold {
		return false
	}
	start := trace.Start()
	e := sys.TimerfdSet(s.timer, d)
	s.add(start, "timerfd_settime", s.timer, 0, e, func() string { return "0, " + timespec(d) + ", NULL" })
	s.armed = true
	return e == 0
}

// reserve makes room for the events of a fetch.
func (s *Selector) reserve(limit int) {
	s.limit = min(limit, MaxEvents)
	if s.limit > len(s.events) {
		s.events = make([]sys.EpollEvent, s.limit)
	}
}

// fetch calls epoll_pwait(2), and reports whether the wait ends: again if the timer's
// event has taken the only place. It must not touch the caller's buffer: a buffer that
// a callback can reach is allocated on the heap.
func (s *Selector) fetch(uintptr) bool {
	for {
		start, ep := trace.Start(), s.FD()
		s.n, s.errno = sys.EpollFetch(ep, s.events[:s.limit], !s.slow.Load())
		s.full = s.n == s.limit
		s.add(start, "epoll_pwait", ep, s.n, s.errno, func() string {
			args := "["
			for i := range s.n {
				if i > 0 {
					args += ", "
				}
				args += fmt.Sprintf("{events=%s, data=%#x}", names(s.events[i].Events), sys.EpollData(&s.events[i]))
			}
			return args + "], " + strconv.Itoa(s.limit) + ", 0, NULL, 8"
		})
		if !s.armed || !s.dropTimerEvent() || !s.full || s.n > 0 {
			return s.n != 0 || s.errno != 0 || s.timed && s.expired
		}
	}
}

// Full reports whether the last fetch filled its room, so that more may be ready. The
// timer's event may have taken a place that is free now.
func (s *Selector) Full() bool { return s.full }

// dropTimerEvent removes the timer's event, which is not for the caller, and reports
// whether there was one.
func (s *Selector) dropTimerEvent() bool {
	for i := range s.n {
		if sys.EpollData(&s.events[i]) == timerToken {
			s.n--
			s.events[i] = s.events[s.n]
			s.armed, s.expired = false, true
			return true
		}
	}
	return false
}

// Event returns event i of the last Poll or Wait.
func (s *Selector) Event(i int) (token uint64, ready Ready) {
	ev := &s.events[i]
	return sys.EpollData(ev), readiness(ev.Events)
}

// Wake causes an event with WakeToken, unless one is pending.
func (s *Selector) Wake() sys.Errno {
	if s.woken.Swap(true) {
		return 0
	}
	return s.wake()
}

// WakeAlways is Wake, whether one is pending or not.
func (s *Selector) WakeAlways() sys.Errno {
	s.woken.Store(true)
	return s.wake()
}

func (s *Selector) wake() sys.Errno {
	start := trace.Start()
	e := sys.EventfdAdd(s.waker)
	s.add(start, "write", s.waker, 8, e, func() string { return `"\1\0\0\0\0\0\0\0", 8` })
	return e
}

// AckWake records that the event of Wake was received: the next Wake causes another.
func (s *Selector) AckWake() { s.woken.Store(false) }

// Close closes the descriptors. No goroutine may be waiting.
func (s *Selector) Close() sys.Errno {
	start := trace.Start()
	e := s.desc.Close()
	s.add(start, "close", s.FD(), 0, e, func() string { return "" })
	s.closeWakers()
	return e
}

func (s *Selector) closeWakers() {
	for _, fd := range [...]int{s.waker, s.timer} {
		if fd >= 0 {
			s.close(fd)
		}
	}
}

var readyBits = [...]struct {
	ready Ready
	epoll uint32
}{
	{Readable, unix.EPOLLIN}, {Writable, unix.EPOLLOUT}, {Priority, unix.EPOLLPRI}, {ReadClosed, unix.EPOLLRDHUP},
	{Edge, unix.EPOLLET}, {OneShot, unix.EPOLLONESHOT}, {Exclusive, unix.EPOLLEXCLUSIVE},
}

func interest(want Ready) (events uint32) {
	for _, b := range readyBits {
		if want&b.ready != 0 {
			events |= b.epoll
		}
	}
	if events&(unix.EPOLLIN|unix.EPOLLOUT|unix.EPOLLPRI|unix.EPOLLRDHUP) == 0 {
		events |= unix.EPOLLET // a hang-up is final, and level-triggered it would end every Wait
	}
	return events
}

func readiness(events uint32) (r Ready) {
	// The two common bits without a loop, which would cost 30 ns an event.
	r = Ready(events&unix.EPOLLIN) | Ready(events&unix.EPOLLOUT)>>1
	if events&^(unix.EPOLLIN|unix.EPOLLOUT) == 0 {
		return r
	}
	if events&unix.EPOLLPRI != 0 {
		r |= Priority
	}
	if events&unix.EPOLLRDHUP != 0 {
		r |= ReadClosed
	}
	if events&unix.EPOLLHUP != 0 {
		r |= Hangup | ReadClosed | WriteClosed
	}
	if events&unix.EPOLLERR != 0 {
		r |= Failed
	}
	return r
}

func names(events uint32) string {
	text := sys.FlagNames("EPOLL", int(events&^unix.EPOLLET))
	if events&unix.EPOLLET != 0 { // the sign bit, if an int has 32 bits
		text += "|EPOLLET"
	}
	return text
}
