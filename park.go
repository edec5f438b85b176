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
	if *tries == yielded {
		*tries = 0
		if e == sys.EAGAIN {
			s.waiting().yields.inVain()
		}
	}
	if e == sys.EINTR { // of sys.Quick
		return 0
	}
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
	if *tries++; *tries > 2 {
		if e := s.doubt(d, *tries-3); e != 0 {
			return e
		}
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
	slept := side.Sleeps() != before
	if slept {
		*tries = 0
		if e == 0 {
			s.waiting().yields.rested()
		}
	}
	if slept != (s.word.State()&d.waited() != 0) {
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
		return s.watch(events, true, d.deadline(), tries)
	}
	return e
}

// doubt is for readiness that lies: again and again poll(2) says ready, and the
// call that it would block. A datagram socket that was shut for reading does so
// on Linux, where a call that blocks returns 0: errnoShut. Else it is paced: an
// unconnected unix datagram socket is writable though its receiver is full.
func (s *Socket) doubt(d direction, n int) sys.Errno {
	if e := s.pace(n, d.deadline()); e != 0 || d == writing || s.Type().connected() {
		return e
	}
	got, e := s.callPoll(sys.POLLRDHUP, d.deadline())
	if e == 0 && got&sys.POLLRDHUP != 0 {
		return errnoShut
	}
	return e
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

// pace sleeps where nothing can wake it, longer each time, never above a
// millisecond: that is how late it may notice anything.
func (s *Socket) pace(n int, deadlines uint32) sys.Errno {
	time.Sleep(min(20*time.Microsecond<<min(n, 6), time.Millisecond))
	return s.check(deadlines)
}
