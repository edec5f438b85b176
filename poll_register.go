package sock

import (
	"math"
	"slices"

	"github.com/berkeleysockets/sock/internal/refcount"
	"github.com/berkeleysockets/sock/internal/selector"
	"github.com/berkeleysockets/sock/internal/sockfd"
	"github.com/berkeleysockets/sock/internal/sys"
	"github.com/berkeleysockets/sock/internal/trace"
)

// A Socket knows the Pollers that it is in, for its Close: one beside it, the
// others in its cold state. Lock order: Socket.regMu, then Poller.mu; Cold.mu is innermost.

// A registration is a Poller and the slot in it.
type registration struct {
	poller *Poller
	slot   uint32
}

// Add registers s: epoll_ctl(2), or kevent(2) once or twice. want selects what to watch for:
// Readable, Writable, Priority, ReadClosed, WriteClosed. Hangup and Failed are always
// reported. 0 watches for them alone, and reports each once, until Modify: a loop that wants
// nothing of a socket, because the other side of a proxy is full, is not woken again and again
// by its hang-up. Each Event carries data. The mode is level-triggered
// unless want has Edge, OneShot or Exclusive.
//
// Exclusive saves little here: the kernel wakes one of the threads that sleep in
// epoll_wait(2), and a waiting Poller is parked in the runtime poller.
//
// s must be non-blocking, since otherwise its calls would stop the loop: see
// [Socket.SetNonblock]. If it is ready already the next Wait reports it.
//
// Errors: EINVAL (a blocking Socket; bits that do not fit together: Exclusive goes with
// Readable, Writable and Edge alone), EEXIST (registered already), ENOSPC and ENOMEM (too
// many), net.ErrClosed (s or the Poller), [errors.ErrUnsupported] (Priority on FreeBSD and
// NetBSD, Exclusive on all but Linux).
//
// Source: epoll_ctl(2), kqueue(2).
func (p *Poller) Add(s *Socket, want Ready, data any) error {
	if err := interest("add", want, func() sys.Errno { return s.withRegistration(p, isOpen) }); err != nil {
		return err
	}
	e := s.withRegistration(p, func() sys.Errno { return p.add(s, want, data) })
	if e == errnoWaits {
		return invalidInput("add", "a blocking Socket, whose calls would wait: see SetNonblock")
	}
	return opError("add", Addr{}, e)
}

// Modify changes what s is watched for, and its mode: epoll_ctl(2) or kevent(2). Data stays.
// It arms a OneShot registration again, and an Edge registration that is ready is reported
// once more. After an error s is watched as before.
//
// Errors: ENOENT (not registered), EINVAL (Exclusive, before or after), net.ErrClosed,
// [errors.ErrUnsupported].
//
// Source: epoll_ctl(2), kqueue(2).
func (p *Poller) Modify(s *Socket, want Ready) error {
	if err := interest("modify", want, func() sys.Errno { return s.withRegistration(p, isOpen) }); err != nil {
		return err
	}
	e := s.withRegistration(p, func() sys.Errno {
		i, ok := s.registrationWith(p)
		if !ok {
			return sys.ENOENT
		}
		return p.modify(i, want)
	})
	return changed("modify", e)
}

func changed(op string, e sys.Errno) error {
	if e == errnoExclusive {
		return invalidInput(op, "an Exclusive registration cannot be changed: remove it, and add it again")
	}
	return opError(op, Addr{}, e)
}

// Remove ends the registration of s: epoll_ctl(2) or kevent(2). A Wait that begins after
// Remove has returned reports no event of s. Closing a Socket removes it, and to remove it
// then is no error.
//
// Errors: ENOENT (not registered), net.ErrClosed (the Poller).
//
// Source: epoll_ctl(2), kqueue(2).
func (p *Poller) Remove(s *Socket) error {
	if e := p.acquire(); e != 0 {
		return opError("remove", Addr{}, e)
	}
	e := errnoClosed
	if s != nil {
		s.regMu.Lock()
		e = p.withLock(func() sys.Errno {
			// While it is in, its descriptor is open: Close takes it out first,
			// and may be just about to.
			if i, ok := s.registrationWith(p); ok {
				s.removeRegistration(p)
				return p.remove(i)
			}
			if !s.fd.IsOpen() {
				return 0
			}
			return sys.ENOENT
		})
		s.regMu.Unlock()
	}
	p.releaseAndTrace()
	return opError("remove", Addr{}, e)
}

// AddFD registers a descriptor that is no Socket's: a pipe, a terminal, a timerfd, signalfd
// or eventfd. It works as [Poller.Add], but the caller owns the descriptor and sets its mode;
// Event.Socket is nil, and Event.FD is the descriptor. Call RemoveFD before closing it: its
// number may be reused. A descriptor is registered once: a number that an added Socket has is
// EEXIST, and so is Add of a Socket whose number was added. An empty pipe without a writer is Hangup alone on Linux. A signalfd
// reports signals to the process that all threads block, and may lose one to a thread.
//
// Errors: EBADF, EPERM (an ordinary file, which is always ready: on Linux), EEXIST, and those
// of [Poller.Add].
//
// Source: epoll_ctl(2), kqueue(2).
func (p *Poller) AddFD(fd int, want Ready, data any) error {
	if err := interest("addfd", want, func() sys.Errno { return p.withPoller(isOpen) }); err != nil {
		return err
	}
	if fd < 0 || fd > math.MaxInt32 { // the kernel would look at 32 bits of it
		return opError("addfd", Addr{}, sys.EBADF)
	}
	return opError("addfd", Addr{}, p.withPoller(func() sys.Errno {
		_, e := p.register(nil, fd, want, data)
		return e
	}))
}

// ModifyFD is [Poller.Modify] for a descriptor of AddFD.
//
// Errors: ENOENT (not registered), and those of [Poller.Modify].
//
// Source: epoll_ctl(2), kqueue(2).
func (p *Poller) ModifyFD(fd int, want Ready) error {
	if err := interest("modifyfd", want, func() sys.Errno { return p.withPoller(isOpen) }); err != nil {
		return err
	}
	return changed("modifyfd", p.withPoller(func() sys.Errno {
		i, ok := p.file(fd)
		if !ok {
			return sys.ENOENT
		}
		return p.modify(i, want)
	}))
}

// RemoveFD is [Poller.Remove] for a descriptor of AddFD.
//
// Errors: ENOENT (not registered), net.ErrClosed (the Poller).
//
// Source: epoll_ctl(2), kqueue(2).
func (p *Poller) RemoveFD(fd int) error {
	return opError("removefd", Addr{}, p.withPoller(func() sys.Errno {
		i, ok := p.file(fd)
		if !ok {
			return sys.ENOENT
		}
		return p.remove(i)
	}))
}

// interest checks the bits to watch for. That the Socket or the Poller is closed, which open
// reports, comes before what this system lacks.
func interest(op string, want Ready, open func() sys.Errno) error {
	const all = Readable | Writable | Priority | ReadClosed | WriteClosed | Hangup | Failed | Edge | OneShot | Exclusive
	switch {
	case want&^all != 0:
		return invalidInput(op, want.String()+": not something to watch for")
	case want&^Ready(selector.Supported) != 0:
		if e := open(); e != 0 {
			return opError(op, Addr{}, e)
		}
		return unsupported(op, (want &^ Ready(selector.Supported)).String())
	case want&Exclusive != 0 && want&(Priority|ReadClosed|OneShot) != 0:
		return invalidInput(op, want.String()+": Exclusive goes with Readable, Writable and Edge alone")
	}
	return nil
}

// isOpen does nothing: withRegistration and withPoller return errnoClosed in its place.
func isOpen() sys.Errno { return 0 }

// withRegistration runs f with the locks of s and p, in this order, while both are open.
func (s *Socket) withRegistration(p *Poller, f func() sys.Errno) sys.Errno {
	e := p.acquire()
	if e != 0 {
		return e
	}
	if s == nil {
		e = errnoClosed
	} else if e = s.fd.Acquire(0); e == 0 {
		s.regMu.Lock()
		e = p.withLock(f)
		s.regMu.Unlock()
		calls := p.calls()
		p.release()
		last := s.fd.Release()
		flush(calls) // a tracer may close both
		if last {
			s.fd.Destroy()
		}
		return e
	}
	p.release()
	return e
}

// withPoller runs f with the lock of p, while p is open.
func (p *Poller) withPoller(f func() sys.Errno) sys.Errno {
	e := p.acquire()
	if e == 0 {
		e = p.withLock(f)
		p.releaseAndTrace()
	}
	return e
}

// withLock runs f with the lock of p, unless p has ended.
func (p *Poller) withLock(f func() sys.Errno) sys.Errno {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return errnoClosed
	}
	return f()
}

// ownState is what package sock keeps in the Cold of an FD: few Sockets need it.
type ownState struct {
	members []registration
	zero    *zeroCopy
}

func ownedState(c *sockfd.Cold) *ownState {
	if c.Owner == nil {
		c.Owner = new(ownState)
	}
	return c.Owner.(*ownState)
}

// The caller of these holds regMu.

func (s *Socket) registrationWith(p *Poller) (slot uint32, ok bool) {
	if s.reg.poller == p {
		return s.reg.slot, true
	}
	if s.reg.poller != nil {
		for _, m := range s.moreRegistrations() {
			if m.poller == p {
				return m.slot, true
			}
		}
	}
	return 0, false
}

func (s *Socket) moreRegistrations() []registration {
	if c := s.fd.ColdIfAny(); c != nil {
		c.Lock()
		defer c.Unlock()
		if r, ok := c.Owner.(*ownState); ok {
			return r.members
		}
	}
	return nil
}

func (s *Socket) addRegistration(p *Poller, slot uint32) {
	m := registration{p, slot}
	if s.reg.poller == nil {
		s.reg = m
		return
	}
	c := s.fd.Cold()
	c.Lock()
	w := ownedState(c)
	w.members = append(w.members, m)
	c.Unlock()
}

// removeRegistration removes p. The first place is never empty while another is in use.
func (s *Socket) removeRegistration(p *Poller) {
	var w *ownState
	if c := s.fd.ColdIfAny(); c != nil {
		c.Lock()
		w, _ = c.Owner.(*ownState)
		c.Unlock()
	}
	if s.reg.poller != p {
		if w != nil {
			w.members = slices.DeleteFunc(w.members, func(m registration) bool { return m.poller == p })
		}
		return
	}
	s.reg = registration{}
	if w != nil && len(w.members) > 0 {
		last := len(w.members) - 1
		s.reg = w.members[last]
		w.members = w.members[:last]
	}
}

// pollerClosed is removeRegistration for a Poller that has ended.
func (s *Socket) pollerClosed(p *Poller) {
	s.regMu.Lock()
	defer s.regMu.Unlock()
	s.removeRegistration(p)
}

// leavePollers removes a closing Socket from its Pollers while its descriptor is still open: a
// copy of the descriptor would keep the registrations. If this package knows of no copy, close(2)
// ends them and one call is saved; see leftovers for a copy that it does not know. The order
// matters: once this goroutine is the sole user no other makes a copy, and the second look has
// them all.
func (s *Socket) leavePollers() {
	ends := selector.RemovesOnClose && s.fd.SoleUser() && s.fd.CloseCannotSleep()
	s.regMu.Lock()
	var calls []trace.Call
	for m := s.reg; m.poller != nil; m = s.reg {
		if m.poller.acquire() == 0 {
			m.poller.withLock(func() sys.Errno {
				if ends && !m.poller.leftovers.found {
					m.poller.slab.free(m.slot)
					return 0
				}
				return m.poller.remove(m.slot)
			})
			calls = append(calls, m.poller.calls()...)
			m.poller.release()
		}
		s.removeRegistration(m.poller)
	}
	s.regMu.Unlock()
	flush(calls)
}

// The Poller's side. The caller is inside, and holds its lock.

func (p *Poller) add(s *Socket, want Ready, data any) sys.Errno {
	if s.fd.State()&sockfd.Nonblock == 0 {
		return errnoWaits
	}
	if _, ok := s.registrationWith(p); ok {
		return sys.EEXIST
	}
	// Close marks the word first and looks at this bit then.
	s.fd.Set(sockfd.Registered)
	if s.fd.State()&refcount.Closed != 0 {
		return errnoClosed
	}
	i, e := p.register(s, int(s.fd.Sysfd), want, data)
	if e == 0 {
		s.addRegistration(p, i)
	}
	return e
}

func (p *Poller) register(s *Socket, fd int, want Ready, data any) (uint32, sys.Errno) {
	old, stale := p.byFD[fd]
	if stale && !selector.RemovesOnClose {
		// The kernel would replace the other registration, and say nothing.
		if at := p.slab.at(old); at.socket != nil || p.selector.Holds(fd, selector.Ready(at.want&^(inUse|fired)), p.slab.key(old)) {
			return 0, sys.EEXIST
		}
	}
	i, ok := p.slab.alloc()
	if !ok {
		return 0, sys.ENOSPC
	}
	if s == nil || !s.fd.IsBrief() {
		p.selector.MaySleep()
	}
	if e := p.selector.Add(fd, selector.Ready(want), p.slab.key(i)); e != 0 {
		p.slab.free(i)
		return 0, e
	}
	if stale { // closed without RemoveFD; its number is another's now
		p.free(old)
	}
	at := p.slab.at(i)
	at.socket, at.data, at.fd, at.want = s, data, int32(fd), want|inUse
	if s == nil || !selector.RemovesOnClose {
		if p.byFD == nil {
			p.byFD = make(map[int]uint32)
		}
		p.byFD[fd] = i
	}
	return i, 0
}

// file returns the slot of a descriptor of AddFD.
func (p *Poller) file(fd int) (slot uint32, ok bool) {
	i, ok := p.byFD[fd]
	return i, ok && p.slab.at(i).socket == nil
}

// free releases a slot, and the number that leads to it.
func (p *Poller) free(i uint32) {
	if at := p.slab.at(i); at.socket == nil || !selector.RemovesOnClose {
		delete(p.byFD, int(at.fd))
	}
	p.slab.free(i)
}

func (p *Poller) modify(i uint32, want Ready) sys.Errno {
	at := p.slab.at(i)
	if (want|at.want)&Exclusive != 0 {
		return errnoExclusive
	}
	was := p.slab.key(i)
	at.gen++ // events that were fetched and not yet returned are stale
	old := at.want &^ (inUse | fired)
	if e := p.selector.Modify(int(at.fd), selector.Ready(old), selector.Ready(want), was, p.slab.key(i)); e != 0 {
		at.gen--
		return e
	}
	at.want = want | inUse
	return 0
}

func (p *Poller) remove(i uint32) sys.Errno {
	at := p.slab.at(i)
	e := p.selector.Remove(int(at.fd), selector.Ready(at.want&^(inUse|fired)))
	p.free(i)
	return e
}
