package sock

import (
	"math"

	"github.com/berkeleysockets/sock/internal/sys"
)

// AddFD watches a descriptor that is no Socket's: a pipe, a terminal, a timerfd,
// signalfd or eventfd. It is as [Poller.Add], but the descriptor is yours, and so
// is its mode; Event.Socket is nil, and Event.FD says which. Call RemoveFD before
// you close it: its number may be another's next. An empty pipe without a writer is
// Hangup alone on Linux. A signalfd tells of signals to the process, blocked in all
// its threads; one to a thread it may lose.
//
// Errors: EBADF, EPERM (an ordinary file, which is always ready: on Linux), EEXIST,
// and those of [Poller.Add].
//
// Source: epoll_ctl(2), kqueue(2).
func (p *Poller) AddFD(fd int, want Ready, data any) error {
	if err := interest("addfd", want, func() sys.Errno { return p.inside(isOpen) }); err != nil {
		return err
	}
	if fd < 0 || fd > math.MaxInt32 { // the kernel would look at 32 bits of it
		return fail("addfd", Addr{}, sys.EBADF)
	}
	return fail("addfd", Addr{}, p.inside(func() sys.Errno {
		i, e := p.register(nil, fd, want, data)
		if e == 0 {
			if p.files == nil {
				p.files = make(map[int]uint32)
			}
			p.files[fd] = i
		}
		return e
	}))
}

// ModifyFD is [Poller.Modify] for a descriptor of AddFD.
//
// Errors: ENOENT (it is not in), and those of [Poller.Modify].
//
// Source: epoll_ctl(2), kqueue(2).
func (p *Poller) ModifyFD(fd int, want Ready) error {
	if err := interest("modifyfd", want, func() sys.Errno { return p.inside(isOpen) }); err != nil {
		return err
	}
	return changed("modifyfd", p.inside(func() sys.Errno {
		i, ok := p.files[fd]
		if !ok {
			return sys.ENOENT
		}
		return p.modify(i, want)
	}))
}

// RemoveFD is [Poller.Remove] for a descriptor of AddFD.
//
// Errors: ENOENT (it is not in), net.ErrClosed (the Poller).
//
// Source: epoll_ctl(2), kqueue(2).
func (p *Poller) RemoveFD(fd int) error {
	return fail("removefd", Addr{}, p.inside(func() sys.Errno {
		i, ok := p.files[fd]
		if !ok {
			return sys.ENOENT
		}
		delete(p.files, fd)
		return p.remove(i)
	}))
}

// inside runs f while p stays what it is.
func (p *Poller) inside(f func() sys.Errno) sys.Errno {
	e := p.enter()
	if e == 0 {
		e = p.locked(f)
		p.exit()
	}
	return e
}
