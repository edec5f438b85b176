//go:build linux && !sock_poll

package queue

import (
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/berkeleysockets/sock/internal/park"
	"github.com/berkeleysockets/sock/internal/sys"
)

const (
	// TokenBits is the size of a token.
	TokenBits = 64

	// Splits says whether one descriptor may have several events at once.
	Splits = false

	// Tells says whether the kernel answers EEXIST to one that is in already, and
	// forgets one that was closed.
	Tells = true

	// Supported are the modes and interests there are.
	Supported = Readable | Writable | Priority | ReadClosed | WriteClosed | Hangup | Failed | Edge | OneShot | Exclusive
)

// A Queue is an epoll descriptor, and an eventfd in it for Wake. Who waits is
// parked in Go's own poller, and holds no thread.
type Queue struct {
	trail
	fd    *park.FD
	ep    int
	alarm int
	woken atomic.Bool // the alarm is raised, and not yet noticed
	timer int         // for short times

	// These belong to who waits.
	events []sys.EpollEvent
	most   int
	n      int
	failed sys.Errno
	fetch  func(uintptr) bool // bound once: a closure for each wait would allocate
	until  time.Time

	armed   bool // the timer has been set, and its event may come
	timed   bool // this wait ends with it
	expired bool // it has come
}

// New makes a queue: epoll_create1(2), eventfd2(2), timerfd_create(2) and
// epoll_ctl(2).
func New() (*Queue, sys.Errno) {
	q := &Queue{}
	start := started()
	ep, e := sys.EpollCreate()
	q.add(start, "epoll_create1", -1, ep, e, func() string { return "EPOLL_CLOEXEC" })
	if e != 0 {
		return q, e
	}
	q.ep, q.alarm, q.timer, q.fetch = ep, -1, -1, q.take
	if e = q.furnish(); e != 0 {
		q.closeRest()
		sys.Close(ep)
		return q, e
	}
	q.fd = park.New(ep)
	if !q.fd.Parks() { // the limit on watches, /proc/sys/fs/epoll/max_user_watches
		q.Close()
		return q, sys.ENOSPC
	}
	return q, 0
}

// furnish makes the alarm and the timer. Both are edge-triggered and never read:
// each write, each expiry is an edge. To clear the alarm's flag and drain it then
// would lose a wake for good.
func (q *Queue) furnish() (e sys.Errno) {
	start := started()
	q.alarm, e = sys.Eventfd()
	q.add(start, "eventfd2", -1, q.alarm, e, func() string { return "0, EFD_CLOEXEC|EFD_NONBLOCK" })
	if e == 0 {
		e = q.control(unix.EPOLL_CTL_ADD, q.alarm, unix.EPOLLIN|unix.EPOLLET, WakeToken)
	}
	if e != 0 {
		return e
	}
	start = started()
	q.timer, e = sys.Timerfd()
	q.add(start, "timerfd_create", -1, q.timer, e, func() string { return "CLOCK_MONOTONIC, TFD_CLOEXEC|TFD_NONBLOCK" })
	if e == 0 {
		e = q.control(unix.EPOLL_CTL_ADD, q.timer, unix.EPOLLIN|unix.EPOLLET, timerToken)
	}
	if e == 0 {
		e = sys.SetStatusFlags(q.ep, sys.O_NONBLOCK) // else Go's poller does not take it
	}
	return e
}

// Add registers fd.
func (q *Queue) Add(fd int, want Ready, token uint64) sys.Errno {
	return q.control(unix.EPOLL_CTL_ADD, fd, interest(want), token)
}

// Modify changes what fd is registered for, and arms it anew.
func (q *Queue) Modify(fd int, _, want Ready, token uint64) sys.Errno {
	return q.control(unix.EPOLL_CTL_MOD, fd, interest(want), token)
}

// Remove ends the registration. One that has ended by itself is no error.
func (q *Queue) Remove(fd int, _ Ready) sys.Errno {
	e := q.control(unix.EPOLL_CTL_DEL, fd, 0, 0)
	if e == unix.ENOENT || e == unix.EBADF {
		return 0
	}
	return e
}

var controls = [...]string{unix.EPOLL_CTL_ADD: "EPOLL_CTL_ADD", unix.EPOLL_CTL_DEL: "EPOLL_CTL_DEL", unix.EPOLL_CTL_MOD: "EPOLL_CTL_MOD"}

func (q *Queue) control(op, fd int, events uint32, token uint64) sys.Errno {
	start := started()
	e := sys.EpollControl(q.ep, op, fd, events, token)
	q.add(start, "epoll_ctl", q.ep, 0, e, func() string {
		s := controls[op] + ", " + strconv.Itoa(fd)
		if op == unix.EPOLL_CTL_DEL {
			return s + ", NULL"
		}
		return s + ", {events=" + names(events) + "}"
	})
	return e
}

// Now fetches what is ready, at most so many events: epoll_pwait(2) with no
// time-out.
func (q *Queue) Now(most int) (n int, e sys.Errno) {
	q.room(most)
	q.take(0)
	return q.n, q.failed
}

// Wait is Now that waits until there is something, or until the time; zero is
// forever.
func (q *Queue) Wait(most int, until time.Time) (n int, e sys.Errno) {
	q.room(most)
	q.expired, q.timed = false, q.soon(until)
	if q.timed {
		until = time.Time{}
	}
	if until != q.until {
		q.until = until
		q.fd.SetReadDeadline(until)
	}
	switch e := q.fd.WaitUntil(q.fetch); e {
	case 0:
	case park.Timeout:
		q.take(0) // a time-out that is short must not hide what is ready
	default:
		return 0, e
	}
	return q.n, q.failed
}

// fine is the time below which a millisecond matters: Go's poller counts those.
const fine = 20 * time.Millisecond

// timerToken is that of the timer's event.
const timerToken = WakeToken - 1

// soon sets the timer for a time that is near: timerfd_settime(2).
func (q *Queue) soon(until time.Time) bool {
	if until.IsZero() {
		return false
	}
	d := max(time.Until(until), 1) // 0 would stop it
	if d >= fine {
		return false
	}
	start := started()
	e := sys.TimerfdSet(q.timer, d)
	q.add(start, "timerfd_settime", q.timer, 0, e, func() string { return "0, " + timespec(d) + ", NULL" })
	q.armed = true
	return e == 0
}

func (q *Queue) room(most int) {
	q.most = min(most, maxEvents)
	if q.most > len(q.events) {
		q.events = make([]sys.EpollEvent, q.most)
	}
}

// maxEvents bounds the memory of a queue: 12 or 16 bytes each.
const maxEvents = 4096

// take is one look. It touches no caller's buffer: one that a callback can reach
// would live on the heap.
func (q *Queue) take(uintptr) bool {
	start := started()
	q.n, q.failed = sys.EpollNow(q.ep, q.events[:q.most])
	q.add(start, "epoll_pwait", q.ep, q.n, q.failed, func() string {
		s := "["
		for i := range q.n {
			if i > 0 {
				s += ", "
			}
			s += fmt.Sprintf("{events=%s, data=%#x}", names(q.events[i].Events), sys.EpollData(&q.events[i]))
		}
		return s + "], " + strconv.Itoa(q.most) + ", 0, NULL, 8"
	})
	if q.armed {
		q.withoutTimer()
	}
	return q.n != 0 || q.failed != 0 || q.timed && q.expired
}

// withoutTimer takes the timer's event out: it is nobody's but ours.
func (q *Queue) withoutTimer() {
	for i := range q.n {
		if sys.EpollData(&q.events[i]) == timerToken {
			q.n--
			q.events[i] = q.events[q.n]
			q.armed, q.expired = false, true
			return
		}
	}
}

// Event returns one of those that were fetched.
func (q *Queue) Event(i int) (token uint64, ready Ready) {
	ev := &q.events[i]
	return sys.EpollData(ev), readiness(ev.Events)
}

// Wake makes an event, WakeToken's, unless one is on its way.
func (q *Queue) Wake() sys.Errno {
	if q.woken.Swap(true) {
		return 0
	}
	start := started()
	e := sys.EventfdAdd(q.alarm)
	q.add(start, "write", q.alarm, 8, e, func() string { return `"\1\0\0\0\0\0\0\0", 8` })
	return e
}

// Noticed says that the event of Wake has come; from now on Wake makes another.
func (q *Queue) Noticed() { q.woken.Store(false) }

// Close closes the descriptors. Nobody may be waiting.
func (q *Queue) Close() sys.Errno {
	start := started()
	e := q.fd.Close()
	q.add(start, "close", q.ep, 0, e, func() string { return "" })
	q.closeRest()
	return e
}

func (q *Queue) closeRest() {
	for _, fd := range [...]int{q.alarm, q.timer} {
		if fd >= 0 {
			q.close(fd)
		}
	}
}

var bits = [...]struct {
	ready Ready
	epoll uint32
}{
	{Readable, unix.EPOLLIN}, {Writable, unix.EPOLLOUT}, {Priority, unix.EPOLLPRI}, {ReadClosed, unix.EPOLLRDHUP},
	{Edge, unix.EPOLLET}, {OneShot, unix.EPOLLONESHOT}, {Exclusive, unix.EPOLLEXCLUSIVE},
}

func interest(want Ready) (events uint32) {
	for _, b := range bits {
		if want&b.ready != 0 {
			events |= b.epoll
		}
	}
	return events
}

func readiness(events uint32) (r Ready) {
	// The usual two without a loop: 30 ns of an event.
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
	s := sys.FlagNames("EPOLL", int(events&^unix.EPOLLET))
	if events&unix.EPOLLET != 0 { // the sign, where an int has 32 bits
		s += "|EPOLLET"
	}
	return s
}
