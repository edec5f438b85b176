package sock

import (
	"slices"

	"github.com/berkeleysockets/sock/internal/guard"
	"github.com/berkeleysockets/sock/internal/park"
	"github.com/berkeleysockets/sock/internal/sys"
)

// watch waits for what Go's poller cannot tell apart, or will not wait for, in
// an epoll descriptor of its own that is parked there. Where there is none to be
// had it sleeps a little and lets the caller look again. 0: something happened.
//
// Fresh says that only news count: the error queue may have been filled before,
// and stays so.
func (s *Socket) watch(events int16, fresh bool, deadlines uint32, tries *int) sys.Errno {
	if e := s.enter(deadlines); e != 0 {
		return e
	}
	var r trail
	r.t, _ = tracing()
	e := park.Unavailable
	ep := s.openWatch(events, &r)
	if ep >= 0 {
		wait, got := true, sys.Errno(0)
		if fresh {
			wait, got = s.nothingNew(ep, events, &r)
		}
		fd := park.New(ep)
		if e = got; wait {
			e = s.parkWatch(watch{fd, deadlines})
			if fd.Read.Sleeps() > 0 {
				*tries = 0
			}
			r.calls = append(r.calls, parkedCalls(ep, &fd.Read)...)
		}
		_, start := tracing()
		ce := fd.Close()
		r.add(Call{Name: "close"}, ep, resultOf(ce), ce, start)
	}
	last := s.word.Leave()
	r.show()
	if last {
		s.end()
	}
	switch e {
	case park.Timeout:
		return s.ended()
	case park.Unavailable:
		*tries++
		return s.pace(*tries-1, deadlines)
	}
	return e
}

// openWatch makes the epoll descriptor: epoll_create1(2), epoll_ctl(2) and
// fcntl(2). -1: there is none to be had.
func (s *Socket) openWatch(events int16, r *trail) int {
	_, start := tracing()
	ep, e := sys.EpollCreate()
	if e == sys.ENOSYS {
		return -1
	}
	r.add(Call{Name: "epoll_create1", Args: "EPOLL_CLOEXEC"}, -1, ep, e, start)
	if e != 0 {
		return -1
	}
	_, start = tracing()
	e = sys.EpollWatch(ep, int(s.fd), events)
	r.add(Call{Name: "epoll_ctl", Args: "EPOLL_CTL_ADD, " + decimal(int(s.fd)) + ", " + epollEvents(events)}, ep, resultOf(e), e, start)
	if e == 0 {
		_, start = tracing()
		e = sys.SetStatusFlags(ep, sys.O_NONBLOCK)
		r.add(Call{Name: "fcntl", Args: "F_SETFL, O_NONBLOCK"}, ep, resultOf(e), e, start)
	}
	if e != 0 {
		_, start = tracing()
		ce := sys.Close(ep)
		r.add(Call{Name: "close"}, ep, resultOf(ce), ce, start)
		return -1
	}
	return ep
}

// nothingNew takes the event that a new epoll descriptor begins with, which
// tells what was so already: epoll_pwait(2). An error alone is the error queue,
// unless peeking finds one to report.
func (s *Socket) nothingNew(ep int, events int16, r *trail) (bool, sys.Errno) {
	_, start := tracing()
	got, e := sys.EpollTake(ep)
	n := 0
	if got != 0 {
		n = 1
	}
	r.add(Call{Name: "epoll_pwait", Args: "revents=" + sys.FlagNames("POLL", int(got))}, ep, n, e, start)
	if got != sys.POLLERR {
		return got == 0, 0
	}
	_, start = tracing()
	n, e = sys.Peek(int(s.fd))
	r.add(peekCall(), int(s.fd), n, e, start)
	if e == sys.EAGAIN || e == 0 && events&sys.POLLIN == 0 {
		return true, 0
	}
	return false, e
}

// parkWatch waits, where Close and new deadlines find it.
func (s *Socket) parkWatch(x watch) sys.Errno {
	w := s.waiting()
	w.mu.Lock()
	if s.word.State()&guard.Closed != 0 {
		w.mu.Unlock()
		return errnoClosed
	}
	w.watches = append(w.watches, x)
	x.fd.SetReadDeadline(w.earliest(x.deadlines))
	w.mu.Unlock()
	e := x.fd.WaitRead()
	w.mu.Lock()
	w.watches = slices.DeleteFunc(w.watches, func(y watch) bool { return y.fd == x.fd })
	w.mu.Unlock()
	return e
}
