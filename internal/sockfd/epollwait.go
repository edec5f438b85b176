package sockfd

import (
	"slices"
	"strconv"
	"strings"

	"github.com/berkeleysockets/sock/internal/netpoll"
	"github.com/berkeleysockets/sock/internal/refcount"
	"github.com/berkeleysockets/sock/internal/sys"
	"github.com/berkeleysockets/sock/internal/trace"
)

// WaitEpoll waits on a temporary epoll descriptor, parked in the runtime poller,
// for events that the runtime poller cannot tell apart. Without epoll it sleeps
// briefly. newOnly ignores what was ready before: a filled error queue stays so.
func (fd *FD) WaitEpoll(events int16, newOnly bool, deadlines uint32, tries *int) sys.Errno {
	if e := fd.Acquire(deadlines); e != 0 {
		return e
	}
	log := trace.NewLog()
	e := netpoll.Unavailable
	ep := fd.openEpoll(events, &log)
	if ep >= 0 {
		wait, got := true, sys.Errno(0)
		if newOnly {
			wait, got = fd.discardFirst(ep, events, &log)
		}
		d := netpoll.New(ep)
		if e = got; wait {
			e = fd.parkEpoll(epollWait{d, deadlines})
			if d.Read.Sleeps() > 0 {
				*tries = 0
			}
			log.Append(parkedCalls(ep, &d.Read)...)
		}
		start := trace.Start()
		ce := d.Close()
		log.Add(trace.Call{Name: "close"}, ep, trace.Result(ce), ce, start)
	}
	last := fd.refs.Release()
	log.Flush()
	if last {
		fd.Destroy()
	}
	switch e {
	case netpoll.Timeout:
		return fd.timeoutCause()
	case netpoll.Unavailable:
		*tries++
		return fd.pause(*tries-1, noEpollPause, deadlines)
	}
	return e
}

// openEpoll creates the epoll descriptor, or returns -1.
func (fd *FD) openEpoll(events int16, log *trace.Log) int {
	start := trace.Start()
	ep, e := sys.EpollCreate()
	if e == sys.ENOSYS {
		return -1
	}
	log.Add(trace.Call{Name: "epoll_create1", Args: "EPOLL_CLOEXEC"}, -1, ep, e, start)
	if e != 0 {
		return -1
	}
	start = trace.Start()
	e = sys.EpollAdd(ep, int(fd.Sysfd), events)
	log.Add(trace.Call{Name: "epoll_ctl", Args: "EPOLL_CTL_ADD, " + strconv.Itoa(int(fd.Sysfd)) + ", " + epollEvents(events)}, ep, trace.Result(e), e, start)
	if e == 0 {
		start = trace.Start()
		e = sys.SetStatusFlags(ep, sys.O_NONBLOCK)
		log.Add(trace.Call{Name: "fcntl", Args: "F_SETFL, O_NONBLOCK"}, ep, trace.Result(e), e, start)
	}
	if e != 0 {
		start = trace.Start()
		ce := sys.Close(ep)
		log.Add(trace.Call{Name: "close"}, ep, trace.Result(ce), ce, start)
		return -1
	}
	return ep
}

// discardFirst takes the event that reports what was ready before.
func (fd *FD) discardFirst(ep int, events int16, log *trace.Log) (bool, sys.Errno) {
	start := trace.Start()
	got, e := sys.EpollFetchOne(ep)
	n := 0
	if got != 0 {
		n = 1
	}
	log.Add(trace.Call{Name: "epoll_pwait", Args: "revents=" + sys.FlagNames("POLL", int(got))}, ep, n, e, start)
	if got != sys.POLLERR {
		return got == 0, 0
	}
	start = trace.Start()
	n, e = sys.Peek(int(fd.Sysfd))
	log.Add(PeekCall(), int(fd.Sysfd), n, e, start)
	if e == sys.EAGAIN || e == 0 && events&sys.POLLIN == 0 {
		return true, 0
	}
	return false, e
}

// parkEpoll waits where Close and new deadlines find the wait.
func (fd *FD) parkEpoll(x epollWait) sys.Errno {
	c := fd.Cold()
	c.mu.Lock()
	if fd.refs.State()&refcount.Closed != 0 {
		c.mu.Unlock()
		return ErrnoClosed
	}
	c.waits = append(c.waits, x)
	x.desc.SetReadDeadline(c.earliest(x.deadlines))
	c.mu.Unlock()
	e := x.desc.WaitRead()
	c.mu.Lock()
	c.waits = slices.DeleteFunc(c.waits, func(y epollWait) bool { return y.desc == x.desc })
	c.mu.Unlock()
	return e
}

func epollEvents(events int16) string {
	return "{events=" + strings.ReplaceAll(sys.FlagNames("POLL", int(events)), "POLL", "EPOLL") + "|EPOLLET}"
}

func PeekCall() trace.Call {
	return trace.Call{Name: "recvfrom", Args: `"", 1, MSG_PEEK|MSG_DONTWAIT, NULL`}
}

// parkedCalls are the calls that a wait made.
func parkedCalls(n int, side *netpoll.Waiter) (calls []trace.Call) {
	for _, p := range side.Calls() {
		c, r := PollCall(p.Events, p.Got), 0
		if p.Got != 0 {
			r = 1
		}
		if p.Peek {
			c, r = PeekCall(), p.N
		}
		c.Duration = p.Duration
		calls = append(calls, c.Finish(n, r, p.Errno, p.Start))
	}
	return calls
}

func traceParked(n int, side *netpoll.Waiter) {
	if !netpoll.Recording.Load() {
		return
	}
	for _, c := range parkedCalls(n, side) {
		trace.Emit(c)
	}
}
