// Package queue is the kernel's queue of events: it is told which descriptors
// matter and for what, and tells which are ready. It is epoll on Linux, kqueue on
// the BSDs and macOS, and with the build tag sock_poll poll(2) in their stead.
//
// It knows no Sockets and keeps no policy. What a descriptor is registered with
// is a token, a number of the user's, which comes back with each event. One
// goroutine waits at a time; Add, Modify and Remove are the user's to lock.
package queue

import (
	"fmt"
	"sync"
	"time"

	"github.com/berkeleysockets/sock/internal/park"
	"github.com/berkeleysockets/sock/internal/sys"
)

// Ready is what to watch for and what is so.
type Ready = uint16

// The bits of Ready, by which package sock's are numbered.
const (
	Readable = 1 << iota
	Writable
	Priority
	ReadClosed
	WriteClosed
	Hangup
	Failed
	Edge
	OneShot
	Exclusive
)

// WakeToken is the token of the event that Wake makes. The last two slots are not
// for the user.
const WakeToken = 1<<TokenBits - 1

// SlotBits are the lower bits of a token, which say where, as the user has it.
const SlotBits = TokenBits / 2

// Calls are the system calls made since, for a tracer.
type trail struct {
	mu    sync.Mutex
	calls []Call
}

// A Call is one of them.
type Call struct {
	Name, Args string
	FD, Result int
	Errno      sys.Errno
	Start      time.Time
	Duration   time.Duration
}

// started is the time if somebody wants to know.
func started() (t time.Time) {
	if park.Recording.Load() {
		t = time.Now()
	}
	return t
}

// add notes a call that began at start; args is not called unless it is wanted.
func (t *trail) add(start time.Time, name string, fd, result int, e sys.Errno, args func() string) {
	if start.IsZero() {
		return
	}
	if e != 0 {
		result = -1
	}
	took := time.Since(start)
	t.mu.Lock()
	t.calls = append(t.calls, Call{name, args(), fd, result, e, start, took})
	t.mu.Unlock()
}

// close is close(2), noted.
func (t *trail) close(fd int) sys.Errno {
	start := started()
	e := sys.Close(fd)
	t.add(start, "close", fd, 0, e, func() string { return "" })
	return e
}

// timespec writes a time-out as the kernel is given it; below 0 it is forever.
func timespec(d time.Duration) string {
	if d < 0 {
		return "NULL"
	}
	return fmt.Sprintf("{%d.%09d}", d/time.Second, d%time.Second)
}

// Calls returns what was noted, and forgets it.
func (t *trail) Calls() []Call {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.calls
	t.calls = nil
	return c
}
