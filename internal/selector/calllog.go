package selector

import (
	"fmt"
	"sync"
	"time"

	"github.com/berkeleysockets/sock/internal/sys"
	"github.com/berkeleysockets/sock/internal/trace"
)

// A callLog collects the system calls of a Selector for a tracer, until Calls
// removes them. Several goroutines may add calls at once, as a trace.Log does not
// allow.
type callLog struct {
	mu    sync.Mutex // guards calls; a leaf
	calls []trace.Call
}

// add records a call that began at start, the result of trace.Start. It calls args
// only if tracing is on.
func (l *callLog) add(start time.Time, name string, fd, result int, e sys.Errno, args func() string) {
	if start.IsZero() {
		return
	}
	c := trace.Call{Name: name, Duration: time.Since(start)}
	c.Args = args()
	c = c.Finish(fd, result, e, start)
	l.mu.Lock()
	l.calls = append(l.calls, c)
	l.mu.Unlock()
}

// close calls close(2) and records it.
func (l *callLog) close(fd int) sys.Errno {
	start := trace.Start()
	e := sys.Close(fd)
	l.add(start, "close", fd, 0, e, func() string { return "" })
	return e
}

// Calls returns the recorded calls and removes them.
func (l *callLog) Calls() []trace.Call {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.calls
	l.calls = nil
	return c
}

// timespec formats a timeout as the kernel receives it. A negative d is no timeout.
func timespec(d time.Duration) string {
	if d < 0 {
		return "NULL"
	}
	return fmt.Sprintf("{%d.%09d}", d/time.Second, d%time.Second)
}
