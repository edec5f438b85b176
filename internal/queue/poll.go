//go:build sock_poll && (linux || freebsd || darwin || netbsd || openbsd || dragonfly)

package queue

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/berkeleysockets/sock/internal/sys"
)

const (
	// TokenBits is the size of a token.
	TokenBits = 64

	// Splits says whether one descriptor may have several events at once.
	Splits = false

	// Tells says whether the kernel answers EEXIST to one that is in already, and
	// forgets one that was closed.
	Tells = false
)

// Supported are the modes and interests there are.
var Supported = func() Ready {
	var r Ready = Readable | Writable | Priority | WriteClosed | Hangup | Failed | OneShot
	if sys.POLLRDHUP != 0 {
		r |= ReadClosed
	}
	return r
}()

// A Queue is a list for poll(2), with a pipe in it for Wake. Each wait looks at
// all of it, and holds a thread. A change while somebody waits makes him look
// anew.
type Queue struct {
	trail
	alarm alarm
	asked atomic.Bool // Wake was called, not only a change made

	mu      sync.Mutex
	list    []unix.PollFd
	tokens  []uint64
	modes   []Ready
	place   map[int]int // where a descriptor is in the list
	waiting bool
	looks   uint64    // that have ended
	ended   sync.Cond // a look has

	// These belong to who waits: copies, and what came of them.
	looked    []unix.PollFd
	lookedFor []uint64
	found     []found
	next      int // where to begin next time, so that all come to their turn
}

type found struct {
	token uint64
	ready Ready
}

// New makes a queue: pipe(2).
func New() (*Queue, sys.Errno) {
	q := &Queue{place: map[int]int{}}
	q.ended.L = &q.mu
	if e := q.alarm.open(&q.trail); e != 0 {
		return q, e
	}
	q.Add(q.alarm.r, Readable, WakeToken)
	return q, 0
}

// Add registers fd.
func (q *Queue) Add(fd int, want Ready, token uint64) sys.Errno {
	var p = []unix.PollFd{{Fd: int32(fd)}}
	_, e := sys.PollMany(p, 0)
	for e == sys.EINTR {
		_, e = sys.PollMany(p, 0)
	}
	if e != 0 {
		return e
	}
	if p[0].Revents&unix.POLLNVAL != 0 {
		return unix.EBADF
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if i, ok := q.place[fd]; ok { // closed, and its number another's now
		q.list[i] = unix.PollFd{Fd: int32(fd), Events: interest(want)}
		q.tokens[i], q.modes[i] = token, want
		return q.changed()
	}
	q.place[fd] = len(q.list)
	q.list = append(q.list, unix.PollFd{Fd: int32(fd), Events: interest(want)})
	q.tokens = append(q.tokens, token)
	q.modes = append(q.modes, want)
	return q.changed()
}

// Modify changes what fd is registered for, and arms it anew.
func (q *Queue) Modify(fd int, _, want Ready, token uint64) sys.Errno {
	q.mu.Lock()
	defer q.mu.Unlock()
	i, ok := q.place[fd]
	if !ok {
		return unix.ENOENT
	}
	q.list[i] = unix.PollFd{Fd: int32(fd), Events: interest(want)}
	q.tokens[i], q.modes[i] = token, want
	return q.changed()
}

// Remove ends the registration. It waits until a look that is under way has
// ended: poll(2) holds what it looks at, and close(2) would not be the end of it.
func (q *Queue) Remove(fd int, _ Ready) sys.Errno {
	q.mu.Lock()
	defer q.mu.Unlock()
	i, ok := q.place[fd]
	if !ok {
		return 0
	}
	last := len(q.list) - 1
	q.list[i], q.tokens[i], q.modes[i] = q.list[last], q.tokens[last], q.modes[last]
	moved := q.list[i].Fd
	if moved < 0 {
		moved = ^moved
	}
	q.place[int(moved)] = i
	q.list, q.tokens, q.modes = q.list[:last], q.tokens[:last], q.modes[:last]
	delete(q.place, fd)
	e := q.changed()
	for n := q.looks; e == 0 && q.waiting && q.looks == n; {
		q.ended.Wait()
	}
	return e
}

// changed makes who waits look at the new list.
func (q *Queue) changed() sys.Errno {
	if !q.waiting {
		return 0
	}
	return q.alarm.raise(&q.trail)
}

// Now fetches what is ready, at most so many events: poll(2) with no time-out.
func (q *Queue) Now(most int) (n int, e sys.Errno) {
	for e = sys.EINTR; e == sys.EINTR; {
		e = q.look(0)
	}
	return q.collect(most), e
}

// Wait is Now that waits until there is something, or until the time; zero is
// forever.
func (q *Queue) Wait(most int, until time.Time) (n int, e sys.Errno) {
	for {
		d := time.Duration(-1)
		if !until.IsZero() {
			d = max(0, time.Until(until))
		}
		if e = q.look(d); e != 0 && e != sys.EINTR {
			return 0, e
		}
		if n = q.collect(most); n > 0 || d == 0 {
			return n, 0
		}
	}
}

// look is poll(2) of a copy of the list.
func (q *Queue) look(d time.Duration) sys.Errno {
	q.mu.Lock()
	q.looked = append(q.looked[:0], q.list...)
	q.lookedFor = append(q.lookedFor[:0], q.tokens...)
	q.waiting = true
	q.mu.Unlock()
	start := started()
	n, e := sys.PollMany(q.looked, d)
	q.add(start, sys.PollCall, -1, n, e, func() string { return fmt.Sprintf("%d descriptors, %s", len(q.looked), timespec(d)) })
	q.mu.Lock()
	q.waiting = false
	q.looks++
	q.ended.Broadcast()
	q.mu.Unlock()
	return e
}

// collect takes at most so many of what was found.
func (q *Queue) collect(most int) int {
	q.found = q.found[:0]
	q.mu.Lock()
	defer q.mu.Unlock()
	for range q.looked {
		if len(q.found) == most {
			break
		}
		q.next++
		if q.next >= len(q.looked) {
			q.next = 0
		}
		p := &q.looked[q.next]
		if p.Revents == 0 {
			continue
		}
		token := q.lookedFor[q.next]
		if token == WakeToken && !q.answered() {
			continue
		}
		if i, ok := q.place[int(p.Fd)]; ok && q.tokens[i] == token && q.modes[i]&OneShot != 0 {
			q.list[i].Fd = ^q.list[i].Fd // below 0: poll(2) passes over it
		}
		q.found = append(q.found, found{token, readiness(p.Events, p.Revents)})
	}
	return len(q.found)
}

// answered empties the pipe, and reports whether it was Wake that filled it.
func (q *Queue) answered() bool {
	q.alarm.drain()
	return q.asked.Swap(false)
}

// Event returns one of those that were fetched.
func (q *Queue) Event(i int) (token uint64, ready Ready) { return q.found[i].token, q.found[i].ready }

// Wake makes an event, WakeToken's, unless one is on its way.
func (q *Queue) Wake() sys.Errno {
	q.asked.Store(true)
	return q.alarm.raise(&q.trail)
}

// Noticed says that the event of Wake has come; from now on Wake makes another.
func (q *Queue) Noticed() {}

// Close closes the descriptors. Nobody may be waiting.
func (q *Queue) Close() sys.Errno {
	q.alarm.close(&q.trail)
	return 0
}

var bits = [...]struct {
	ready Ready
	poll  int16
}{{Readable, unix.POLLIN}, {Writable, unix.POLLOUT}, {Priority, unix.POLLPRI}, {ReadClosed, sys.POLLRDHUP}}

func interest(want Ready) (events int16) {
	for _, b := range bits {
		if want&b.ready&Supported != 0 {
			events |= b.poll
		}
	}
	return events
}

// readiness translates what poll(2) found. FreeBSD reports no POLLOUT after a
// hang-up, though a send would not wait: it fails.
func readiness(asked, got int16) (r Ready) {
	for _, b := range bits {
		if got&b.poll != 0 {
			r |= b.ready
		}
	}
	if got&unix.POLLHUP != 0 {
		r |= Hangup | ReadClosed | WriteClosed
		if asked&unix.POLLOUT != 0 {
			r |= Writable
		}
	}
	if got&(unix.POLLERR|unix.POLLNVAL) != 0 {
		r |= Failed
	}
	return r
}
