//go:build (freebsd || darwin || netbsd || openbsd || dragonfly) && !sock_poll

package queue

import (
	"fmt"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"github.com/berkeleysockets/sock/internal/sys"
)

const (
	// TokenBits is the size of a token: what fits a pointer.
	TokenBits = strconv.IntSize

	// Splits says whether one descriptor may have several events at once: one
	// of each filter.
	Splits = true

	// Tells says whether the kernel answers EEXIST to one that is in already, and
	// forgets one that was closed.
	Tells = false
)

// Supported are the modes and interests there are.
var Supported = func() Ready {
	var r Ready = Readable | Writable | ReadClosed | WriteClosed | Hangup | Failed | Edge | OneShot
	if sys.Has(sys.EVFILT_EXCEPT) {
		r |= Priority
	}
	return r
}()

// A Queue is a kqueue, and a pipe in it for Wake. Who waits holds a thread: Go's
// own poller registers a descriptor for writing too, which a kqueue refuses.
//
// Changes are made one a call, so that each has an errno of its own on every
// system.
type Queue struct {
	trail
	kq     int
	alarm  alarm
	change sys.Kevents
	events sys.Kevents // who waits has this
}

// New makes a queue: kqueue(2), pipe(2) and kevent(2).
func New() (*Queue, sys.Errno) {
	q := &Queue{change: sys.MakeKevents(1)}
	start := started()
	kq, e := sys.Kqueue()
	q.add(start, "kqueue", -1, kq, e, func() string { return "" })
	if e != 0 {
		return q, e
	}
	q.kq = kq
	if e := q.alarm.open(&q.trail); e != 0 {
		q.close(kq)
		return q, e
	}
	token := uint64(WakeToken)
	if e := q.set(q.alarm.r, unix.EVFILT_READ, unix.EV_ADD, 0, 0, token); e != 0 {
		q.Close()
		return q, e
	}
	return q, 0
}

// A filter is one of a registration's.
type filter struct {
	filter, flags, fflags int
	data                  int64
}

// never is a low-water mark that no buffer reaches: such a filter tells only of
// the end, and of errors.
const never = 1<<31 - 1

// filters are those that serve an interest, and how many they are.
func filters(want Ready) (f [3]filter, n int) {
	mode := 0
	if want&Edge != 0 {
		mode |= unix.EV_CLEAR
	}
	if want&OneShot != 0 {
		mode |= unix.EV_ONESHOT
	}
	put := func(x filter) {
		if x.fflags == 0 {
			x.flags = mode
		} else {
			// Such a filter may tell what nobody has asked: pipes and
			// listeners know no mark, macOS keeps it within the buffer, and a
			// datagram's error passes it. Level-triggered it would tell that
			// for ever, and with EV_ONESHOT be used up by it.
			x.flags = unix.EV_CLEAR
		}
		f[n] = x
		n++
	}
	switch {
	case want&Readable != 0:
		put(filter{filter: unix.EVFILT_READ})
	case want&ReadClosed != 0, want&(Writable|WriteClosed) == 0: // the latter for failures and hang-ups
		put(filter{filter: unix.EVFILT_READ, fflags: unix.NOTE_LOWAT, data: never})
	}
	switch {
	case want&Writable != 0:
		put(filter{filter: unix.EVFILT_WRITE})
	case want&WriteClosed != 0:
		put(filter{filter: unix.EVFILT_WRITE, fflags: unix.NOTE_LOWAT, data: never})
	}
	if want&Priority != 0 {
		put(filter{filter: sys.EVFILT_EXCEPT, fflags: sys.NOTE_OOB})
	}
	return f, n
}

// Add registers fd.
func (q *Queue) Add(fd int, want Ready, token uint64) sys.Errno {
	f, n := filters(want)
	for i := range n {
		// A pipe without a reader answers EPIPE for writing, and does not register
		// that: reading alone tells its end then.
		if e := q.set(fd, f[i].filter, unix.EV_ADD|f[i].flags, f[i].fflags, f[i].data, token); e != 0 && (e != unix.EPIPE || i == 0) {
			for j := range i {
				q.set(fd, f[j].filter, unix.EV_DELETE, 0, 0, 0)
			}
			return e
		}
	}
	return 0
}

// Modify changes what fd is registered for, and arms it anew. A filter that is
// there keeps its mode, whatever is added: so it is removed first.
func (q *Queue) Modify(fd int, old, want Ready, token uint64) sys.Errno {
	if e := q.Remove(fd, old); e != 0 {
		return e
	}
	return q.Add(fd, want, token)
}

// Remove ends the registration. One that has ended by itself is no error.
func (q *Queue) Remove(fd int, want Ready) (first sys.Errno) {
	f, n := filters(want)
	for i := range n {
		e := q.set(fd, f[i].filter, unix.EV_DELETE, 0, 0, 0)
		if e != 0 && e != unix.ENOENT && e != unix.EBADF && first == 0 {
			first = e
		}
	}
	return first
}

func (q *Queue) set(fd, filter, flags, fflags int, data int64, token uint64) sys.Errno {
	q.change.Set(0, fd, filter, flags, fflags, data, uintptr(token))
	start := started()
	e := sys.KeventChange(q.kq, q.change)
	q.add(start, "kevent", q.kq, 0, e, func() string { return "[" + change(fd, filter, flags, fflags) + "], 1, NULL, 0, NULL" })
	return e
}

func change(fd, filter, flags, fflags int) string {
	s := fmt.Sprintf("{%d, %s, %s", fd, sys.ConstName("EVFILT", filter), sys.FlagNames("EV", flags))
	if fflags != 0 {
		s += fmt.Sprintf(", %#x", fflags)
	}
	return s + "}"
}

// Now fetches what is ready, at most so many events: kevent(2) with no time-out.
func (q *Queue) Now(most int) (n int, e sys.Errno) { return q.wait(most, 0) }

// Wait is Now that waits until there is something, or until the time; zero is
// forever.
func (q *Queue) Wait(most int, until time.Time) (n int, e sys.Errno) {
	for {
		d := time.Duration(-1)
		if !until.IsZero() {
			d = max(0, time.Until(until))
		}
		if n, e = q.wait(most, d); e == unix.EINTR || e == unix.ETIMEDOUT || e == 0 && n == 0 && d != 0 {
			continue // a signal, a time-out that was cut, macOS (go.dev/issue/59679)
		}
		return n, e
	}
}

func (q *Queue) wait(most int, d time.Duration) (int, sys.Errno) {
	most = min(most, maxEvents)
	if most > q.events.Len() {
		q.events = sys.MakeKevents(most)
	}
	start := started()
	n, e := sys.KeventWait(q.kq, q.events, most, d)
	if (e == unix.EINTR || e == unix.ETIMEDOUT) && d == 0 {
		n, e = 0, 0
	}
	q.add(start, "kevent", q.kq, n, e, func() string {
		s := "NULL, 0, ["
		for i := range n {
			if i > 0 {
				s += ", "
			}
			fd, filter, flags, fflags, _ := q.events.Get(i)
			s += change(fd, filter, flags, fflags)
		}
		return s + "], " + strconv.Itoa(most) + ", " + timespec(d)
	})
	return n, e
}

// maxEvents bounds the memory of a queue.
const maxEvents = 4096

// Event returns one of those that were fetched.
func (q *Queue) Event(i int) (token uint64, ready Ready) {
	_, filter, flags, fflags, t := q.events.Get(i)
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
	default: // EVFILT_EXCEPT, which on macOS and DragonFly has more to tell
		if fflags&sys.NOTE_OOB != 0 {
			ready = Priority
		}
		return uint64(t), ready
	}
	if flags&unix.EV_EOF != 0 && fflags != 0 { // the socket's error: it is dead
		ready |= Failed | Hangup
	}
	return uint64(t), ready
}

// Wake makes an event, WakeToken's, unless one is on its way.
func (q *Queue) Wake() sys.Errno { return q.alarm.raise(&q.trail) }

// Noticed says that the event of Wake has come; from now on Wake makes another.
func (q *Queue) Noticed() { q.alarm.drain() }

// Close closes the descriptors. Nobody may be waiting.
func (q *Queue) Close() sys.Errno {
	e := q.close(q.kq)
	q.alarm.close(&q.trail)
	return e
}
