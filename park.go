package sock

import (
	"time"

	"github.com/berkeleysockets/sock/internal/guard"
	"github.com/berkeleysockets/sock/internal/park"
	"github.com/berkeleysockets/sock/internal/sys"
)

// A direction is one of the two that a call can wait for.
type direction int

const (
	reading direction = iota
	writing
)

func (d direction) deadline() uint32 { return readDeadline << d }

func (d direction) waited() uint32 { return readWaited << d }

// await decides what follows the errno of a call. 0: try it again. EAGAIN: the
// caller does not wait.
func (s *Socket) await(e sys.Errno, d direction, flags Flags, tries *int) sys.Errno {
	if e != sys.EAGAIN || flags&immediate != 0 || s.word.State()&nonblock != 0 {
		return e
	}
	return s.park(d, tries)
}

// expect waits before the first attempt if the last call had to wait as well:
// an attempt in vain costs more than asking (measured: 5 % of a round trip).
func (s *Socket) expect(d direction, flags Flags, tries *int) sys.Errno {
	if s.word.State()&(d.waited()|nonblock) != d.waited() || flags&immediate != 0 {
		return 0
	}
	return s.park(d, tries)
}

// park waits until d may not block: 0, or why there is no more waiting.
func (s *Socket) park(d direction, tries *int) sys.Errno {
	if *tries++; *tries > 2 && s.lies(d) {
		return s.pace(*tries-3, d.deadline())
	}
	if e := s.enter(d.deadline()); e != 0 {
		return e
	}
	fd, e := s.join()
	if e != 0 {
		s.leave()
		return e
	}
	side := &fd.Read
	if d == writing {
		side = &fd.Write
	}
	before := side.Sleeps()
	if d == reading {
		e = fd.WaitRead()
	} else {
		e = fd.WaitWrite()
	}
	if slept := side.Sleeps() != before; slept != (s.word.State()&d.waited() != 0) {
		if slept {
			s.word.Set(d.waited())
		} else {
			s.word.Clear(d.waited())
		}
	}
	last := s.word.Leave()
	s.traceParked(int(s.fd), side)
	if last {
		s.end()
	}
	switch e {
	case park.Timeout:
		return s.ended()
	case park.Unavailable:
		events := int16(sys.POLLIN | sys.POLLRDHUP)
		if d == writing {
			events = sys.POLLOUT
		}
		return s.watch(events, d.deadline(), tries)
	}
	return e
}

// lies reports whether poll(2) may call ready what is not: an unconnected unix
// datagram socket is writable though the receiver it sends to is full.
func (s *Socket) lies(d direction) bool {
	return d == writing && s.Domain() == Unix && s.Type() == Dgram
}

// ended tells the two causes of a waiting's end apart: Close ends it with a
// deadline too.
func (s *Socket) ended() sys.Errno {
	if s.word.State()&guard.Closed != 0 {
		return errnoClosed
	}
	return errnoTimeout
}

// join puts the descriptor into Go's poller, once. The caller is inside.
func (s *Socket) join() (*park.FD, sys.Errno) {
	w := s.waiting()
	if fd := w.fd.Load(); fd != nil {
		return fd, 0
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if s.word.State()&guard.Closed != 0 {
		return nil, errnoClosed // Close looked for somebody to wake, and has gone by
	}
	fd := w.fd.Load()
	if fd == nil {
		fd = park.New(int(s.fd))
		w.arm(fd, s.word.State())
		w.fd.Store(fd)
	}
	return fd, 0
}

// watch waits for what Go's poller cannot tell apart, or will not wait for, in
// an epoll descriptor of its own that is parked there: epoll_create1(2),
// epoll_ctl(2), fcntl(2) and close(2). Where there is none it sleeps a little
// and lets the caller look again.
func (s *Socket) watch(events int16, deadlines uint32, tries *int) sys.Errno {
	if e := s.enter(deadlines); e != 0 {
		return e
	}
	ep := s.openWatch(events)
	if ep < 0 {
		s.leave()
		*tries++
		return s.pace(*tries-1, deadlines)
	}
	fd := park.New(ep)
	w := s.waiting()
	w.mu.Lock()
	closed := s.word.State()&guard.Closed != 0
	if !closed {
		w.watches = append(w.watches, watch{fd, deadlines})
		fd.SetReadDeadline(w.earliest(deadlines))
	}
	w.mu.Unlock()
	e := errnoClosed
	if !closed {
		e = fd.WaitRead()
		w.mu.Lock()
		for i := range w.watches {
			if w.watches[i].fd == fd {
				w.watches = append(w.watches[:i], w.watches[i+1:]...)
				break
			}
		}
		w.mu.Unlock()
	}
	t, start := tracing()
	ce := fd.Close()
	last := s.word.Leave()
	s.traceParked(ep, &fd.Read)
	if t != nil {
		t.emit(Call{Name: "close"}, ep, resultOf(ce), ce, start)
	}
	if last {
		s.end()
	}
	if e == park.Timeout {
		return s.ended()
	}
	if e == park.Unavailable {
		*tries++
		return s.pace(*tries-1, deadlines)
	}
	return e
}

// openWatch returns -1 if there is no such descriptor to be had.
func (s *Socket) openWatch(events int16) int {
	t, start := tracing()
	ep, e := sys.EpollCreate()
	if t != nil && e != sys.ENOSYS {
		t.emit(Call{Name: "epoll_create1", Args: "EPOLL_CLOEXEC"}, -1, ep, e, start)
	}
	if e != 0 {
		return -1
	}
	t, start = tracing()
	e = sys.EpollWatch(ep, int(s.fd), events)
	if t != nil {
		t.emit(Call{Name: "epoll_ctl", Args: "EPOLL_CTL_ADD, " + decimal(int(s.fd))}, ep, resultOf(e), e, start)
	}
	if e == 0 {
		t, start = tracing()
		e = sys.SetStatusFlags(ep, sys.O_NONBLOCK)
		if t != nil {
			t.emit(Call{Name: "fcntl", Args: "F_SETFL, O_NONBLOCK"}, ep, resultOf(e), e, start)
		}
	}
	if e != 0 {
		sys.Close(ep)
		return -1
	}
	return ep
}

// pace sleeps where nothing can wake it, longer each time, never above a
// millisecond: that is how late it may notice anything.
func (s *Socket) pace(n int, deadlines uint32) sys.Errno {
	time.Sleep(min(20*time.Microsecond<<min(n, 6), time.Millisecond))
	return s.check(deadlines)
}
