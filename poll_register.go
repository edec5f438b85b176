package sock

import (
	"slices"

	"github.com/berkeleysockets/sock/internal/guard"
	"github.com/berkeleysockets/sock/internal/queue"
	"github.com/berkeleysockets/sock/internal/sys"
)

// A Socket knows the Pollers that it is in, for its Close: one beside it, the
// others in its rare state. The lock of that comes before a Poller's.

// A membership is a Poller and the slot there.
type membership struct {
	poller *Poller
	slot   uint32
}

// Add watches s: epoll_ctl(2), or kevent(2) once or twice. Want is what for:
// Readable, Writable, Priority, ReadClosed, WriteClosed; Hangup and Failed are
// told unasked, and 0 is for them alone. Data comes back in each Event. The mode is
// level-triggered unless want has Edge, OneShot or Exclusive.
//
// Exclusive spares little here: the kernel wakes one of the threads that sleep in
// epoll_wait(2), and a Poller that waits is parked in Go's own.
//
// S must be non-blocking, or its calls would wait where the loop should not: see
// [Socket.SetNonblock]. What is so already is told by the next Wait.
//
// Errors: EINVAL (a blocking Socket; bits that do not fit together: Exclusive goes
// with Readable, Writable and Edge alone), EEXIST (it is in already), ENOSPC and
// ENOMEM (too many), net.ErrClosed (s or the Poller), [errors.ErrUnsupported]
// (Priority on FreeBSD and NetBSD, Exclusive on all but Linux).
//
// Source: epoll_ctl(2), kqueue(2).
func (p *Poller) Add(s *Socket, want Ready, data any) error {
	if err := interest("add", want, func() sys.Errno { return s.within(p, isOpen) }); err != nil {
		return err
	}
	e := s.within(p, func() sys.Errno { return p.add(s, want, data) })
	if e == errnoWaits {
		return invalid("add", "a blocking Socket, whose calls would wait: see SetNonblock")
	}
	return fail("add", Addr{}, e)
}

// Modify changes what s is watched for, and its mode; Data stays. A OneShot that
// has been told is armed again, and an Edge that is so now is told once more:
// epoll_ctl(2) or kevent(2).
//
// Errors: ENOENT (it is not in), EINVAL (Exclusive, before or after),
// net.ErrClosed, [errors.ErrUnsupported].
//
// Source: epoll_ctl(2), kqueue(2).
func (p *Poller) Modify(s *Socket, want Ready) error {
	if err := interest("modify", want, func() sys.Errno { return s.within(p, isOpen) }); err != nil {
		return err
	}
	e := s.within(p, func() sys.Errno {
		i, ok := s.memberOf(p)
		if !ok {
			return sys.ENOENT
		}
		return p.modify(i, want)
	})
	return changed("modify", e)
}

func changed(op string, e sys.Errno) error {
	if e == errnoExclusive {
		return invalid(op, "an Exclusive registration cannot be changed: remove it, and add it again")
	}
	return fail(op, Addr{}, e)
}

// Remove watches s no more: epoll_ctl(2) or kevent(2). A Wait that begins after it
// has returned tells nothing of s. A Socket that was closed has been removed, and
// to remove it is no error.
//
// Errors: ENOENT (it is not in), net.ErrClosed (the Poller).
//
// Source: epoll_ctl(2), kqueue(2).
func (p *Poller) Remove(s *Socket) error {
	if e := p.enter(); e != 0 {
		return fail("remove", Addr{}, e)
	}
	e := errnoClosed
	if s != nil {
		s.joining.Lock()
		e = p.locked(func() sys.Errno {
			// While it is in, its descriptor is open: Close takes it out first,
			// and may be just about to.
			if i, ok := s.memberOf(p); ok {
				s.drop(p)
				return p.remove(i)
			}
			if s.FD() < 0 {
				return 0
			}
			return sys.ENOENT
		})
		s.joining.Unlock()
	}
	p.exit()
	return fail("remove", Addr{}, e)
}

// interest refuses what cannot be watched for. That the Socket or the Poller is
// closed, which open reports, comes before what this system lacks.
func interest(op string, want Ready, open func() sys.Errno) error {
	const all = Readable | Writable | Priority | ReadClosed | WriteClosed | Hangup | Failed | Edge | OneShot | Exclusive
	switch {
	case want&^all != 0:
		return invalid(op, want.String()+": not something to watch for")
	case want&^Ready(queue.Supported) != 0:
		if e := open(); e != 0 {
			return fail(op, Addr{}, e)
		}
		return unsupported(op, (want &^ Ready(queue.Supported)).String())
	case want&Exclusive != 0 && want&(Priority|ReadClosed|OneShot) != 0:
		return invalid(op, want.String()+": Exclusive goes with Readable, Writable and Edge alone")
	}
	return nil
}

// isOpen is for within and inside, which return errnoClosed instead.
func isOpen() sys.Errno { return 0 }

// within runs f while s and p stay what they are.
func (s *Socket) within(p *Poller, f func() sys.Errno) sys.Errno {
	e := p.enter()
	if e != 0 {
		return e
	}
	if s == nil {
		e = errnoClosed
	} else if e = s.enter(0); e == 0 {
		s.joining.Lock()
		e = p.locked(f)
		s.joining.Unlock()
		calls := p.calls()
		p.leave()
		last := s.word.Leave()
		show(calls) // a tracer may close both
		if last {
			s.end()
		}
		return e
	}
	p.leave()
	return e
}

// locked runs f with the Poller's lock, unless it has ended.
func (p *Poller) locked(f func() sys.Errno) sys.Errno {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return errnoClosed
	}
	return f()
}

// The caller of these holds joining.

func (s *Socket) memberOf(p *Poller) (slot uint32, ok bool) {
	if s.member.poller == p {
		return s.member.slot, true
	}
	if s.member.poller != nil {
		for _, m := range s.others() {
			if m.poller == p {
				return m.slot, true
			}
		}
	}
	return 0, false
}

func (s *Socket) others() []membership {
	if w := s.rare.Load(); w != nil {
		return w.members
	}
	return nil
}

func (s *Socket) enrol(p *Poller, slot uint32) {
	m := membership{p, slot}
	if s.member.poller == nil {
		s.member = m
		return
	}
	w := s.waiting()
	w.members = append(w.members, m)
}

// drop forgets p. The first place is never empty while another is taken.
func (s *Socket) drop(p *Poller) {
	w := s.rare.Load()
	if s.member.poller != p {
		if w != nil {
			w.members = slices.DeleteFunc(w.members, func(m membership) bool { return m.poller == p })
		}
		return
	}
	s.member = membership{}
	if w != nil && len(w.members) > 0 {
		last := len(w.members) - 1
		s.member = w.members[last]
		w.members = w.members[:last]
	}
}

// forget is drop for a Poller that has ended.
func (s *Socket) forget(p *Poller) {
	s.joining.Lock()
	defer s.joining.Unlock()
	s.drop(p)
}

// depart takes a Socket that is being closed out of its Pollers, while its
// descriptor is still its own: a copy of it would keep the registrations. Where there
// can be none, and nobody is left to make one, close(2) ends them and one call is saved.
func (s *Socket) depart() {
	ends := queue.Tells && s.closesBriefly() && s.word.Alone()
	s.joining.Lock()
	var calls []queue.Call
	for m := s.member; m.poller != nil; m = s.member {
		if m.poller.enter() == 0 {
			m.poller.locked(func() sys.Errno {
				if ends {
					m.poller.slots.give(m.slot)
					return 0
				}
				return m.poller.remove(m.slot)
			})
			calls = append(calls, m.poller.calls()...)
			m.poller.leave()
		}
		s.drop(m.poller)
	}
	s.joining.Unlock()
	show(calls)
}

// The Poller's side. The caller is inside, and holds its lock.

func (p *Poller) add(s *Socket, want Ready, data any) sys.Errno {
	if s.word.State()&nonblock == 0 {
		return errnoWaits
	}
	if _, ok := s.memberOf(p); ok {
		return sys.EEXIST
	}
	// Close marks the word first and looks at this bit then.
	s.word.Set(watched)
	if s.word.State()&guard.Closed != 0 {
		return errnoClosed
	}
	i, e := p.register(s, int(s.fd), want, data)
	if e == 0 {
		s.enrol(p, i)
	}
	return e
}

func (p *Poller) register(s *Socket, fd int, want Ready, data any) (uint32, sys.Errno) {
	old, stale := p.files[fd]
	if stale && s == nil && !queue.Tells {
		return 0, sys.EEXIST
	}
	i, ok := p.slots.take()
	if !ok {
		return 0, sys.ENOSPC
	}
	if e := p.queue.Add(fd, queue.Ready(want), p.slots.token(i)); e != 0 {
		p.slots.give(i)
		return 0, e
	}
	if stale { // closed without RemoveFD; its number is another's now
		p.slots.give(old)
		delete(p.files, fd)
	}
	at := p.slots.at(i)
	at.socket, at.data, at.fd, at.want = s, data, int32(fd), want|taken
	return i, 0
}

func (p *Poller) modify(i uint32, want Ready) sys.Errno {
	at := p.slots.at(i)
	if (want|at.want)&Exclusive != 0 {
		return errnoExclusive
	}
	at.gen++ // what has been fetched and not yet told is of the past
	old := at.want &^ (taken | spent)
	if e := p.queue.Modify(int(at.fd), queue.Ready(old), queue.Ready(want), p.slots.token(i)); e != 0 {
		at.gen--
		return e
	}
	at.want = want | taken
	return 0
}

func (p *Poller) remove(i uint32) sys.Errno {
	at := p.slots.at(i)
	e := p.queue.Remove(int(at.fd), queue.Ready(at.want&^(taken|spent)))
	p.slots.give(i)
	return e
}
