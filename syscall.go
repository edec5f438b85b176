package sock

import (
	"github.com/berkeleysockets/sock/internal/sockfd"
	"github.com/berkeleysockets/sock/internal/sys"
)

// Each method here is one system call: in through the guard, the call, out
// again, and only then the tracer, which may itself use the Socket. They
// return an errno, errnoClosed or errnoTimeout.

// guarded makes a call that has no deadline and no hot path, while it holds a reference.
func (s *Socket) guarded(call func(fd int) sys.Errno, trace func() Call) sys.Errno {
	if e := s.fd.Acquire(0); e != 0 {
		return e
	}
	t, start := tracing()
	e := call(int(s.fd.Sysfd))
	last := s.fd.Release()
	if t != nil {
		t.emit(trace(), int(s.fd.Sysfd), resultOf(e), e, start)
	}
	if last {
		s.fd.Destroy()
	}
	return e
}

func resultOf(e sys.Errno) int {
	if e != 0 {
		return -1
	}
	return 0
}

// closeFD closes a descriptor that did not become a Socket's.
func closeFD(fd int) {
	t, start := tracing()
	e := sys.Close(fd)
	if t != nil {
		t.emit(Call{Name: "close"}, fd, resultOf(e), e, start)
	}
}

func (s *Socket) callAccept(name *sys.Name) (int, sys.Errno) {
	if e := s.fd.Acquire(sockfd.ReadDeadline); e != 0 {
		return -1, e
	}
	t, start := tracing()
	fd, e := -1, sys.Errno(0)
	if s.fd.IsExclusive() {
		fd, e = sys.AcceptNosched(int(s.fd.Sysfd), name)
	} else if s.fd.MayBlock() && !s.hasConnection() {
		e = sys.EAGAIN
	} else {
		fd, e = sys.Accept(int(s.fd.Sysfd), name)
	}
	last := s.fd.Release()
	if t != nil {
		t.accept(int(s.fd.Sysfd), name, fd, e, start)
	}
	if last {
		s.fd.Destroy()
	}
	return fd, e
}

// hasConnection asks poll(2) before an accept(2) that might wait in the kernel. The caller holds
// a reference.
func (s *Socket) hasConnection() bool {
	got, e := sys.Poll(int(s.fd.Sysfd), sys.POLLIN, false)
	return e != 0 || got != 0
}

func (s *Socket) callConnect(a *Addr) sys.Errno {
	if e := s.fd.Acquire(sockfd.WriteDeadline); e != 0 {
		return e
	}
	t, start := tracing()
	var e sys.Errno
	if s.fd.IsExclusive() {
		e = sys.ConnectNosched(int(s.fd.Sysfd), a.bytes())
	} else {
		e = sys.Connect(int(s.fd.Sysfd), a.bytes())
	}
	last := s.fd.Release()
	if t != nil {
		t.emit(Call{Name: "connect", Addr: *a, Args: a.String()}, int(s.fd.Sysfd), resultOf(e), e, start)
	}
	if last {
		s.fd.Destroy()
	}
	return e
}

func (s *Socket) callGetsockname(name *sys.Name) sys.Errno {
	if e := s.fd.Acquire(0); e != 0 {
		return e
	}
	t, start := tracing()
	e := sys.Getsockname(int(s.fd.Sysfd), name)
	last := s.fd.Release()
	if t != nil {
		t.name("getsockname", int(s.fd.Sysfd), s.Domain(), name, e, start)
	}
	if last {
		s.fd.Destroy()
	}
	return e
}

func (s *Socket) callGetpeername(name *sys.Name) sys.Errno {
	if e := s.fd.Acquire(0); e != 0 {
		return e
	}
	t, start := tracing()
	e := sys.Getpeername(int(s.fd.Sysfd), name)
	last := s.fd.Release()
	if t != nil {
		t.name("getpeername", int(s.fd.Sysfd), s.Domain(), name, e, start)
	}
	if last {
		s.fd.Destroy()
	}
	return e
}

func (s *Socket) callGetsockopt(level, name int, b []byte) (int, sys.Errno) {
	if e := s.fd.Acquire(0); e != 0 {
		return 0, e
	}
	t, start := tracing()
	n, e := sys.Getsockopt(int(s.fd.Sysfd), level, name, b)
	last := s.fd.Release()
	if t != nil {
		t.option("getsockopt", int(s.fd.Sysfd), s.Domain(), level, name, b[:min(n, len(b))], e, start)
	}
	if last {
		s.fd.Destroy()
	}
	return n, e
}

func (s *Socket) callSetsockopt(level, name int, b []byte) sys.Errno {
	if e := s.fd.Acquire(0); e != 0 {
		return e
	}
	if level == sys.SOL_SOCKET && name == sys.SO_ZEROCOPY && (len(b) < 4 || [4]byte(b) == [4]byte{}) {
		s.own.And(^uint32(countable)) // sends with the flag are not counted then
	}
	t, start := tracing()
	var e sys.Errno
	if s.fd.SetsockoptNosched(level, name, b) && !slowMemory() {
		e = sys.SetsockoptNosched(int(s.fd.Sysfd), level, name, b)
	} else {
		e = sys.Setsockopt(int(s.fd.Sysfd), level, name, b)
	}
	last := s.fd.Release()
	if t != nil {
		t.option("setsockopt", int(s.fd.Sysfd), s.Domain(), level, name, b, e, start)
	}
	if last {
		s.fd.Destroy()
	}
	return e
}

// keepsP reports whether a transfer may keep the P.
func (s *Socket) keepsP() bool { return s.fd.IsBrief() && !slowMemory() }

// isPath reports whether a is a unix address with a path: to find the socket the kernel asks
// the file system, which may be slow.
func (a *Addr) isPath() bool {
	return a != nil && isPath(a.bytes())
}

func isPath(sa []byte) bool {
	if sys.Family(sa) != sys.AF_UNIX {
		return false
	}
	path := sys.UnixPath(sa)
	return len(path) > 0 && path[0] != 0
}

// passes reports whether a message may pass descriptors. Then the kernel may close some, or
// wait for those in flight to be counted, before the call returns.
func (s *Socket) passes(control []byte) bool { return len(control) > 0 && s.Domain() == Unix }

// The data path. Every transfer has the flag DontWait, whatever has become of
// O_NONBLOCK: another process may share the description.

func (s *Socket) callSendto(p []byte, flags Flags, to *Addr) (int, sys.Errno) {
	if e := s.fd.Acquire(sockfd.WriteDeadline); e != 0 {
		return 0, e
	}
	t, start := tracing()
	n, e := sys.Sendto(int(s.fd.Sysfd), p, int(flags|DontWait), to.bytes(), s.keepsP() && !to.isPath())
	last := s.fd.Release()
	if t != nil {
		t.sendto(int(s.fd.Sysfd), p, flags|DontWait, to, n, e, start)
	}
	if last {
		s.fd.Destroy()
	}
	return n, e
}

func (s *Socket) callRecvfrom(p []byte, flags Flags, from *sys.Name) (int, sys.Errno) {
	flags = flags&^sys.MayBlockFlags | DontWait
	if e := s.fd.Acquire(sockfd.ReadDeadline); e != 0 {
		return 0, e
	}
	t, start := tracing()
	n, e := sys.Recvfrom(int(s.fd.Sysfd), p, int(flags), from, s.keepsP())
	last := s.fd.Release()
	if t != nil {
		t.recvfrom(int(s.fd.Sysfd), p, flags, from, n, e, start)
	}
	if last {
		s.fd.Destroy()
	}
	return n, e
}

func (s *Socket) callSendmsg(bufs [][]byte, control []byte, to *Addr, flags Flags) (int, sys.Errno) {
	if e := s.fd.Acquire(sockfd.WriteDeadline); e != 0 {
		return 0, e
	}
	t, start := tracing()
	n, e := sys.Sendmsg(int(s.fd.Sysfd), bufs, control, to.bytes(), int(flags|DontWait), s.keepsP() && !to.isPath() && !s.passes(control))
	last := s.fd.Release()
	if t != nil {
		t.sendmsg(int(s.fd.Sysfd), bufs, control, to, flags|DontWait, n, e, start)
	}
	if last {
		s.fd.Destroy()
	}
	return n, e
}

func (s *Socket) callRecvmsg(bufs [][]byte, control []byte, from *sys.Name, flags Flags) (n, nc, rflags int, e sys.Errno) {
	flags = s.closesOnExec(flags&^sys.MayBlockFlags | DontWait)
	deadline := sockfd.ReadDeadline
	if flags&errQueueIfAny != 0 { // completions of sends, which a passed read deadline must not keep
		deadline = 0
	}
	if e := s.fd.Acquire(uint32(deadline)); e != 0 {
		return 0, 0, 0, e
	}
	t, start := tracing()
	n, nc, rflags, e = sys.Recvmsg(int(s.fd.Sysfd), bufs, control, from, int(flags), s.keepsP() && !s.passes(control))
	last := s.fd.Release()
	if t != nil {
		t.recvmsg(int(s.fd.Sysfd), bufs, control[:min(nc, len(control))], from, flags, Flags(rflags), n, e, start)
	}
	if last {
		s.fd.Destroy()
	}
	if e == 0 && rflags&int(errQueueIfAny) != 0 {
		s.receivedReports(control[:min(nc, len(control))])
	}
	return n, nc, rflags, e
}

// closesOnExec adds the flag that makes received descriptors close-on-exec, where they can
// arrive: at unix sockets. Others refuse what they do not know, among them packet sockets,
// ISO-TP and J1939 of CAN, AF_KEY and MCTP.
func (s *Socket) closesOnExec(flags Flags) Flags {
	if s.Domain() == Unix {
		flags |= sys.RecvmsgFlags
	}
	return flags
}
