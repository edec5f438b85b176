//go:build sock_poll && (linux || freebsd || darwin || netbsd || openbsd || dragonfly)

package selector

import (
	"fmt"
	"iter"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

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
	RemovesOnClose = false
)

// Supported is the set of the interests and modes that this backend has.
var Supported = func() Ready {
	var r Ready = Readable | Writable | Priority | WriteClosed | Hangup | Failed | OneShot
	if sys.POLLRDHUP != 0 {
		r |= ReadClosed
	}
	return r
}()

// A Selector is a list for poll(2), with a pipe for Wake in it. Each wait polls the
// whole list, and holds a thread. A change during a wait interrupts it, and the wait
// polls the new list.
type Selector struct {
	callLog
	waker         waker
	wakeRequested atomic.Bool // Wake was called; a change alone leaves it false

	// mu guards the fields up to done. The lock of callLog comes after it.
	mu      sync.Mutex
	list    []unix.PollFd
	tokens  []uint64    // by index of list
	modes   []Ready     // by index of list: OneShot also for an interest in failures and hang-ups alone
	ids     []fileID    // by index of list
	index   map[int]int // index in list, by descriptor
	polling bool        // a poll(2) is in progress
	polls   uint64      // number of finished poll(2) calls
	done    sync.Cond   // signaled after each poll(2)

	// Owned by the waiting goroutine.
	polled       []unix.PollFd // copy of list, with the results
	polledTokens []uint64      // copy of tokens
	found        []found
	full         bool // collect filled its room
	next         int  // index in polled where the next collect begins, so that no descriptor starves
}

// A fileID is what a descriptor's number means: the device and the inode. It is zero
// where the system has no inode for a socket.
type fileID struct{ dev, ino uint64 }

func identify(fd int) (id fileID) {
	var st unix.Stat_t
	if unix.Fstat(fd, &st) == nil && st.Ino != 0 {
		id = fileID{uint64(st.Dev), uint64(st.Ino)}
	}
	return id
}

// found is one event.
type found struct {
	token uint64
	ready Ready
}

// New creates a Selector: pipe(2).
func New() (*Selector, sys.Errno) {
	s := &Selector{index: map[int]int{}}
	s.done.L = &s.mu
	if e := s.waker.open(&s.callLog); e != 0 {
		return s, e
	}
	s.Add(s.waker.r, Readable, WakeToken)
	return s, 0
}

// FD returns -1: poll(2) has no descriptor of its own.
func (s *Selector) FD() int { return -1 }

// MaySleep does nothing: every call releases the P.
func (s *Selector) MaySleep() {}

// Add registers fd.
func (s *Selector) Add(fd int, want Ready, token uint64) sys.Errno {
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
	s.mu.Lock()
	defer s.mu.Unlock()
	if i, ok := s.index[fd]; ok { // stale: fd was closed, and its number is reused
		s.list[i] = unix.PollFd{Fd: int32(fd), Events: interest(want)}
		s.tokens[i], s.modes[i], s.ids[i] = token, modeOf(want), identify(fd)
		return s.interrupt()
	}
	s.index[fd] = len(s.list)
	s.list = append(s.list, unix.PollFd{Fd: int32(fd), Events: interest(want)})
	s.tokens = append(s.tokens, token)
	s.modes = append(s.modes, modeOf(want))
	s.ids = append(s.ids, identify(fd))
	return s.interrupt()
}

// Holds reports whether the number fd means what was registered by it. It returns
// false if the system cannot say.
func (s *Selector) Holds(fd int, _ Ready, _ uint64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, ok := s.index[fd]
	return ok && s.ids[i] != fileID{} && s.ids[i] == identify(fd)
}

// Modify changes the interest of fd. It arms a OneShot registration again.
func (s *Selector) Modify(fd int, _, want Ready, _, token uint64) sys.Errno {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, ok := s.index[fd]
	if !ok {
		return unix.ENOENT
	}
	s.list[i] = unix.PollFd{Fd: int32(fd), Events: interest(want)}
	s.tokens[i], s.modes[i] = token, modeOf(want)
	return s.interrupt()
}

// modeOf returns want, with OneShot if it has no interest but failures and hang-ups: these are
// final, and level-triggered they would end every Wait.
func modeOf(want Ready) Ready {
	if interest(want) == 0 {
		want |= OneShot
	}
	return want
}

// Remove ends the registration of fd. It waits until a poll(2) in progress has
// returned: poll(2) holds a reference to each descriptor, so a close(2) in that time
// would not release it.
func (s *Selector) Remove(fd int, _ Ready) sys.Errno {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, ok := s.index[fd]
	if !ok {
		return 0
	}
	last := len(s.list) - 1
	s.list[i], s.tokens[i], s.modes[i], s.ids[i] = s.list[last], s.tokens[last], s.modes[last], s.ids[last]
	moved := s.list[i].Fd
	if moved < 0 {
		moved = ^moved
	}
	s.index[int(moved)] = i
	s.list, s.tokens, s.modes, s.ids = s.list[:last], s.tokens[:last], s.modes[:last], s.ids[:last]
	delete(s.index, fd)
	e := s.interrupt()
	for n := s.polls; e == 0 && s.polling && s.polls == n; {
		s.done.Wait()
	}
	return e
}

// interrupt makes a wait in progress poll the new list. The caller holds mu.
func (s *Selector) interrupt() sys.Errno {
	if !s.polling {
		return 0
	}
	return s.waker.wake(&s.callLog)
}

// Poll fetches the events that are ready now, at most limit: poll(2) with a zero
// timeout.
func (s *Selector) Poll(limit int) (n int, e sys.Errno) {
	for e = sys.EINTR; e == sys.EINTR; {
		e = s.pollOnce(0)
	}
	return s.collect(limit), e
}

// Wait fetches events as Poll does, and waits until there are some or until the time
// has come. The zero Time is no timeout.
func (s *Selector) Wait(limit int, until time.Time) (n int, e sys.Errno) {
	for {
		d := time.Duration(-1)
		if !until.IsZero() {
			d = max(0, time.Until(until))
		}
		if e = s.pollOnce(d); e != 0 && e != sys.EINTR {
			return 0, e
		}
		if n = s.collect(limit); n > 0 || d == 0 {
			return n, 0
		}
	}
}

// pollOnce calls poll(2) on a copy of the list.
func (s *Selector) pollOnce(d time.Duration) sys.Errno {
	s.mu.Lock()
	s.polled = append(s.polled[:0], s.list...)
	s.polledTokens = append(s.polledTokens[:0], s.tokens...)
	s.polling = true
	s.mu.Unlock()
	start := trace.Start()
	n, e := sys.PollMany(s.polled, d)
	s.add(start, sys.PollCall, -1, n, e, func() string { return fmt.Sprintf("%d descriptors, %s", len(s.polled), timespec(d)) })
	s.mu.Lock()
	s.polling = false
	s.polls++
	s.done.Broadcast()
	s.mu.Unlock()
	return e
}

// collect converts at most limit results of pollOnce to events.
func (s *Selector) collect(limit int) int {
	s.found = s.found[:0]
	s.mu.Lock()
	defer s.mu.Unlock()
	for range s.polled {
		if len(s.found) == limit {
			break
		}
		s.next++
		if s.next >= len(s.polled) {
			s.next = 0
		}
		p := &s.polled[s.next]
		if p.Revents == 0 {
			continue
		}
		token := s.polledTokens[s.next]
		if token == WakeToken && !s.ackWaker() {
			continue
		}
		if i, ok := s.index[int(p.Fd)]; ok && s.tokens[i] == token && s.modes[i]&OneShot != 0 {
			s.list[i].Fd = ^s.list[i].Fd // poll(2) ignores a negative descriptor
		}
		s.found = append(s.found, found{token, readiness(p.Events, p.Revents)})
	}
	s.full = len(s.found) == limit
	return len(s.found)
}

// Full reports whether the last fetch filled its room, so that more may be ready.
func (s *Selector) Full() bool { return s.full }

// Rebuild does nothing: the list has what was registered, and no more.
func (s *Selector) Rebuild(iter.Seq[Registration]) sys.Errno { return 0 }

// ackWaker empties the pipe, and reports whether Wake filled it.
func (s *Selector) ackWaker() bool {
	s.waker.reset()
	return s.wakeRequested.Swap(false)
}

// Event returns event i of the last Poll or Wait.
func (s *Selector) Event(i int) (token uint64, ready Ready) {
	return s.found[i].token, s.found[i].ready
}

// Wake causes an event with WakeToken, unless one is pending.
func (s *Selector) Wake() sys.Errno {
	s.wakeRequested.Store(true)
	return s.waker.wake(&s.callLog)
}

// WakeAlways is Wake, whether one is pending or not.
func (s *Selector) WakeAlways() sys.Errno {
	s.wakeRequested.Store(true)
	return s.waker.wakeAlways(&s.callLog)
}

// AckWake does nothing: collect has emptied the pipe.
func (s *Selector) AckWake() {}

// Close closes the descriptors. No goroutine may be waiting.
func (s *Selector) Close() sys.Errno {
	s.waker.close(&s.callLog)
	return 0
}

var readyBits = [...]struct {
	ready Ready
	poll  int16
}{{Readable, unix.POLLIN}, {Writable, unix.POLLOUT}, {Priority, unix.POLLPRI}, {ReadClosed, sys.POLLRDHUP}}

func interest(want Ready) (events int16) {
	for _, b := range readyBits {
		if want&b.ready&Supported != 0 {
			events |= b.poll
		}
	}
	return events
}

// readiness translates the result of poll(2). FreeBSD reports no POLLOUT after a
// hang-up, although a send would not wait: it fails.
func readiness(asked, got int16) (r Ready) {
	for _, b := range readyBits {
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
