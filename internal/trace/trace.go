// Package trace is where the internal packages report their system calls.
package trace

import (
	"sync/atomic"
	"time"

	"github.com/berkeleysockets/sock/internal/sys"
)

// A Call is one system call that has returned.
type Call struct {
	Name, Args string
	FD, Result int // Result is -1 with an Errno
	Len        int // bytes asked for, of a transfer
	Errno      sys.Errno
	Start      time.Time
	Duration   time.Duration
}

var hook atomic.Pointer[func(Call)]

// Set installs the function that receives each Call; nil turns tracing off.
func Set(f func(Call)) {
	if f == nil {
		hook.Store(nil)
		return
	}
	hook.Store(&f)
}

// Start returns the time if tracing is on, else the zero Time.
func Start() (t time.Time) {
	if hook.Load() != nil {
		t = time.Now()
	}
	return t
}

// Finish completes c with the outcome of a call that began at start.
func (c Call) Finish(fd, result int, e sys.Errno, start time.Time) Call {
	c.FD, c.Result, c.Errno, c.Start = fd, result, e, start
	if c.Duration == 0 {
		c.Duration = time.Since(start)
	}
	if e != 0 {
		c.Result = -1
	}
	return c
}

// Emit reports c.
func Emit(c Call) {
	if f := hook.Load(); f != nil {
		(*f)(c)
	}
}

// Result is 0, or -1 with an errno.
func Result(e sys.Errno) int {
	if e != 0 {
		return -1
	}
	return 0
}

// A Log collects calls made while a reference is held, to be reported after its release.
type Log struct {
	on    bool
	calls []Call
}

// NewLog returns a Log that collects if tracing is on.
func NewLog() Log { return Log{on: hook.Load() != nil} }

// Add appends a call.
func (l *Log) Add(c Call, fd, result int, e sys.Errno, start time.Time) {
	if l.on {
		l.calls = append(l.calls, c.Finish(fd, result, e, start))
	}
}

// Append appends finished calls.
func (l *Log) Append(c ...Call) { l.calls = append(l.calls, c...) }

// Flush reports them.
func (l *Log) Flush() {
	for _, c := range l.calls {
		Emit(c)
	}
}
