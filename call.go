package sock

import (
	"github.com/berkeleysockets/sock/internal/guard"
	"github.com/berkeleysockets/sock/internal/sys"
)

// Each method here is one system call: in through the guard, the call, out
// again, and only then the tracer, which may itself use the Socket. They
// return an errno, errnoClosed or errnoTimeout.

// The user bits of the guard's word, so that one atomic add tells all that a
// call wants to know.
const (
	opened        = guard.User << iota // not the zero Socket, which is as good as closed
	nonblock                           // calls do not wait
	readDeadline                       // a deadline is set
	writeDeadline                      //
	readWaited                         // the last call had to wait
	writeWaited                        //
	watched                            // has been in a Poller
	brief                              // see brief.go
	listens                            //
)

// enter takes a reference to the descriptor, and looks at the deadline named,
// if one is set. 0: the caller is in, and must leave.
func (s *Socket) enter(deadline uint32) sys.Errno {
	if state := s.word.Enter(); (state^opened)&(opened|guard.Closed|deadline) != 0 {
		return s.enterSlow(state, deadline)
	}
	return 0
}

func (s *Socket) enterSlow(state, deadline uint32) sys.Errno {
	switch {
	case state&guard.Closed != 0 || state&opened == 0:
		s.leave()
		return errnoClosed
	case s.rare.Load().passed(state & deadline):
		s.leave()
		return errnoTimeout
	}
	return 0
}

// leave gives the reference back. The last one out after Close ends the
// descriptor.
func (s *Socket) leave() {
	if s.word.Leave() {
		s.end()
	}
}

// plain runs a call that no deadline concerns and that has no hot path.
func (s *Socket) plain(call func(fd int) sys.Errno, trace func() Call) sys.Errno {
	if e := s.enter(0); e != 0 {
		return e
	}
	t, start := tracing()
	e := call(int(s.fd))
	last := s.word.Leave()
	if t != nil {
		t.emit(trace(), int(s.fd), resultOf(e), e, start)
	}
	if last {
		s.end()
	}
	return e
}

func resultOf(e sys.Errno) int {
	if e != 0 {
		return -1
	}
	return 0
}

// callFcntl is fcntl(2); args are its arguments, for a trace.
func (s *Socket) callFcntl(args string, call func(fd int) (int, sys.Errno)) (int, sys.Errno) {
	if e := s.enter(0); e != 0 {
		return -1, e
	}
	t, start := tracing()
	n, e := call(int(s.fd))
	last := s.word.Leave()
	if t != nil {
		t.emit(Call{Name: "fcntl", Args: args}, int(s.fd), n, e, start)
	}
	if last {
		s.end()
	}
	return n, e
}

// closeCopy closes a descriptor that has not become a Socket's after all.
func closeCopy(fd int) {
	t, start := tracing()
	e := sys.Close(fd)
	if t != nil {
		t.emit(Call{Name: "close"}, fd, resultOf(e), e, start)
	}
}

func (s *Socket) callAccept(name *sys.Name) (int, sys.Errno) {
	if e := s.enter(readDeadline); e != 0 {
		return -1, e
	}
	t, start := tracing()
	fd, e := -1, sys.Errno(0)
	if s.word.State()&brief != 0 {
		fd, e = sys.AcceptBriefly(int(s.fd), name)
	} else {
		fd, e = sys.Accept(int(s.fd), name)
	}
	last := s.word.Leave()
	if t != nil {
		t.accept(int(s.fd), name, fd, e, start)
	}
	if last {
		s.end()
	}
	return fd, e
}

func (s *Socket) callConnect(a *Addr) sys.Errno {
	if e := s.enter(writeDeadline); e != 0 {
		return e
	}
	t, start := tracing()
	var e sys.Errno
	if s.word.State()&brief != 0 {
		e = sys.ConnectBriefly(int(s.fd), a.bytes())
	} else {
		e = sys.Connect(int(s.fd), a.bytes())
	}
	last := s.word.Leave()
	if t != nil {
		t.emit(Call{Name: "connect", Addr: *a, Args: a.String()}, int(s.fd), resultOf(e), e, start)
	}
	if last {
		s.end()
	}
	return e
}

func (s *Socket) callGetsockname(name *sys.Name) sys.Errno {
	if e := s.enter(0); e != 0 {
		return e
	}
	t, start := tracing()
	e := sys.Getsockname(int(s.fd), name)
	last := s.word.Leave()
	if t != nil {
		t.name("getsockname", int(s.fd), s.Domain(), name, e, start)
	}
	if last {
		s.end()
	}
	return e
}

func (s *Socket) callGetpeername(name *sys.Name) sys.Errno {
	if e := s.enter(0); e != 0 {
		return e
	}
	t, start := tracing()
	e := sys.Getpeername(int(s.fd), name)
	last := s.word.Leave()
	if t != nil {
		t.name("getpeername", int(s.fd), s.Domain(), name, e, start)
	}
	if last {
		s.end()
	}
	return e
}

func (s *Socket) callPoll(events int16, deadline uint32) (int16, sys.Errno) {
	if e := s.enter(deadline); e != 0 {
		return 0, e
	}
	t, start := tracing()
	got, e := sys.Poll(int(s.fd), events)
	last := s.word.Leave()
	if t != nil {
		t.poll(int(s.fd), events, got, e, start)
	}
	if last {
		s.end()
	}
	return got, e
}

func (s *Socket) callGetsockopt(level, name int, b []byte) (int, sys.Errno) {
	if e := s.enter(0); e != 0 {
		return 0, e
	}
	t, start := tracing()
	n, e := sys.Getsockopt(int(s.fd), level, name, b)
	last := s.word.Leave()
	if t != nil {
		t.option("getsockopt", int(s.fd), s.Domain(), level, name, b[:min(n, len(b))], e, start)
	}
	if last {
		s.end()
	}
	return n, e
}

func (s *Socket) callSetsockopt(level, name int, b []byte) sys.Errno {
	if e := s.enter(0); e != 0 {
		return e
	}
	t, start := tracing()
	if lingers(level, name, b) {
		s.word.Clear(brief)
	}
	var e sys.Errno
	if s.word.State()&brief != 0 && isSmall(level, name) {
		e = sys.SetsockoptBriefly(int(s.fd), level, name, b)
	} else {
		e = sys.Setsockopt(int(s.fd), level, name, b)
	}
	last := s.word.Leave()
	if t != nil {
		t.option("setsockopt", int(s.fd), s.Domain(), level, name, b, e, start)
	}
	if last {
		s.end()
	}
	return e
}

// The data path. Every transfer is told not to wait, whatever has become of
// O_NONBLOCK: another process may share the description.

func (s *Socket) callSendto(p []byte, flags Flags, to *Addr) (int, sys.Errno) {
	if e := s.enter(writeDeadline); e != 0 {
		return 0, e
	}
	t, start := tracing()
	n, e := sys.Sendto(int(s.fd), p, int(flags|DontWait), to.bytes())
	last := s.word.Leave()
	if t != nil {
		t.sendto(int(s.fd), p, flags|DontWait, to, n, e, start)
	}
	if last {
		s.end()
	}
	return n, e
}

func (s *Socket) callRecvfrom(p []byte, flags Flags, from *sys.Name) (int, sys.Errno) {
	flags = flags&^sys.Sleeps | DontWait
	if e := s.enter(readDeadline); e != 0 {
		return 0, e
	}
	t, start := tracing()
	n, e := sys.Recvfrom(int(s.fd), p, int(flags), from)
	last := s.word.Leave()
	if t != nil {
		t.recvfrom(int(s.fd), p, flags, from, n, e, start)
	}
	if last {
		s.end()
	}
	return n, e
}

func (s *Socket) callSendmsg(bufs [][]byte, control []byte, to *Addr, flags Flags) (int, sys.Errno) {
	if e := s.enter(writeDeadline); e != 0 {
		return 0, e
	}
	t, start := tracing()
	n, e := sys.Sendmsg(int(s.fd), bufs, control, to.bytes(), int(flags|DontWait))
	last := s.word.Leave()
	if t != nil {
		t.sendmsg(int(s.fd), bufs, control, to, flags|DontWait, n, e, start)
	}
	if last {
		s.end()
	}
	return n, e
}

func (s *Socket) callRecvmsg(bufs [][]byte, control []byte, from *sys.Name, flags Flags) (n, nc, rflags int, e sys.Errno) {
	flags = s.closesOnExec(flags&^sys.Sleeps | DontWait)
	if e := s.enter(readDeadline); e != 0 {
		return 0, 0, 0, e
	}
	t, start := tracing()
	n, nc, rflags, e = sys.Recvmsg(int(s.fd), bufs, control, from, int(flags))
	last := s.word.Leave()
	if t != nil {
		t.recvmsg(int(s.fd), bufs, control[:min(nc, len(control))], from, flags, Flags(rflags), n, e, start)
	}
	if last {
		s.end()
	}
	return n, nc, rflags, e
}

// closesOnExec has descriptors that are received close-on-exec. A packet socket refuses
// the flag (packet_recvmsg in net/packet/af_packet.c).
func (s *Socket) closesOnExec(flags Flags) Flags {
	if s.Domain() == Packet {
		return flags
	}
	return flags | sys.RecvmsgFlags
}
