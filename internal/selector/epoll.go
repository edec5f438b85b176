//go:build linux && !sock_poll

package selector

import (
	"fmt"
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
	ep    int
	waker int         // eventfd of Wake
	woken atomic.Bool // Wake wrote to waker, and AckWake was not called since
	timer int         // timerfd

	// Owned by the waiting goroutine.
	events    []sys.EpollEvent
	limit     int // most events of one fetch
	n         int // events of the last fetch
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
	s := &Selector{}
	start := trace.Start()
	ep, e := sys.EpollCreate()
	s.add(start, "epoll_create1", -1, ep, e, func() string { return "EPOLL_CLOEXEC" })
	if e != 0 {
		return s, e
	}
	s.ep, s.waker, s.timer, s.fetchFunc = ep, -1, -1, s.fetch
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

// initWakers creates the eventfd and the timerfd. Both are edge-triggered and never
// read: each write and each expiry is an edge. To clear woken and read the eventfd
// after that could lose a wake for good.
func (s *Selector) initWakers() (e sys.Errno) {
	start := trace.Start()
	s.waker, e = sys.Eventfd()
	s.add(start, "eventfd2", -1, s.waker, e, func() string { return "0, EFD_CLOEXEC|EFD_NONBLOCK" })
	if e == 0 {
		e = s.ctl(unix.EPOLL_CTL_ADD, s.waker, unix.EPOLLIN|unix.EPOLLET, WakeToken)
	}
	if e != 0 {
		return e
	}
	start = trace.Start()
	s.timer, e = sys.Timerfd()
	s.add(start, "timerfd_create", -1, s.timer, e, func() string { return "CLOCK_MONOTONIC, TFD_CLOEXEC|TFD_NONBLOCK" })
	if e == 0 {
		e = s.ctl(unix.EPOLL_CTL_ADD, s.timer, unix.EPOLLIN|unix.EPOLLET, timerToken)
	}
	if e == 0 {
		e = sys.SetStatusFlags(s.ep, sys.O_NONBLOCK) // the runtime poller requires it
	}
	return e
}

// MaySleep records, before it is added, that a descriptor is not known to report its readiness
// without sleeping. From then on the calls of the Selector release the P.
func (s *Selector) MaySleep() {
	if !s.slow.Load() {
		s.slow.Store(true)
	}
}

// FD returns the epoll descriptor, also after Close.
func (s *Selector) FD() int { return s.ep }

// Add registers fd.
func (s *Selector) Add(fd int, want Ready, token uint64) sys.Errno {
	return s.ctl(unix.EPOLL_CTL_ADD, fd, interest(want), token)
}

// Modify changes the interest of fd. It arms a OneShot or Edge registration again.
func (s *Selector) Modify(fd int, _, want Ready, token uint64) sys.Errno {
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
	start := trace.Start()
	e := sys.EpollControl(s.ep, op, fd, events, token, !s.slow.Load())
	s.add(start, "epoll_ctl", s.ep, 0, e, func() string {
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
	s.limit = min(limit, maxEvents)
	if s.limit > len(s.events) {
		s.events = make([]sys.EpollEvent, s.limit)
	}
}

// maxEvents bounds the memory of a Selector: 12 or 16 bytes an event.
const maxEvents = 4096

// fetch calls epoll_pwait(2) once, and reports whether the wait ends. It must not
// touch the caller's buffer: a buffer that a callback can reach is allocated on the
// heap.
func (s *Selector) fetch(uintptr) bool {
	start := trace.Start()
	s.n, s.errno = sys.EpollFetch(s.ep, s.events[:s.limit], !s.slow.Load())
	s.add(start, "epoll_pwait", s.ep, s.n, s.errno, func() string {
		args := "["
		for i := range s.n {
			if i > 0 {
				args += ", "
			}
			args += fmt.Sprintf("{events=%s, data=%#x}", names(s.events[i].Events), sys.EpollData(&s.events[i]))
		}
		return args + "], " + strconv.Itoa(s.limit) + ", 0, NULL, 8"
	})
	if s.armed {
		s.dropTimerEvent()
	}
	return s.n != 0 || s.errno != 0 || s.timed && s.expired
}

// dropTimerEvent removes the timer's event, which is not for the caller.
func (s *Selector) dropTimerEvent() {
	for i := range s.n {
		if sys.EpollData(&s.events[i]) == timerToken {
			s.n--
			s.events[i] = s.events[s.n]
			s.armed, s.expired = false, true
			return
		}
	}
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
	s.add(start, "close", s.ep, 0, e, func() string { return "" })
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
