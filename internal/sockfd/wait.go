package sockfd

import (
	"github.com/berkeleysockets/sock/internal/netpoll"
	"github.com/berkeleysockets/sock/internal/refcount"
	"github.com/berkeleysockets/sock/internal/sys"
)

// Immediate are the MSG flags with which a call never waits.
const Immediate = sys.MSG_DONTWAIT | sys.MSG_OOB | errQueueIfAny

const errQueueIfAny = max(sys.MSG_ERRQUEUE, 0)

// connected reports whether the type is connection-oriented.
func (fd *FD) connected() bool {
	return fd.Type() == sys.SOCK_STREAM || fd.Type() == sys.SOCK_SEQPACKET
}

// Retry decides what follows errno e of a call: 0 is to retry it, EAGAIN that the
// caller does not wait.
func (fd *FD) Retry(e sys.Errno, d Direction, flags int, tries *int) sys.Errno {
	if *tries == Yielded {
		*tries = 0
		if e == sys.EAGAIN {
			fd.Cold().yields.failed()
		}
	}
	if e == sys.EINTR { // of sys.RawMax
		return 0
	}
	if e != sys.EAGAIN || flags&Immediate != 0 || fd.refs.State()&Nonblock != 0 {
		return e
	}
	return fd.Park(d, tries)
}

// Prepare waits before the first attempt if the last call had to wait.
func (fd *FD) Prepare(d Direction, flags int, tries *int) sys.Errno {
	if fd.refs.State()&(d.waited()|Nonblock) != d.waited() || flags&Immediate != 0 {
		return 0
	}
	return fd.Park(d, tries)
}

// Park waits in the runtime poller until d may not block.
func (fd *FD) Park(d Direction, tries *int) sys.Errno {
	if *tries++; *tries > 2 {
		if e := fd.backOff(d, *tries-3); e != 0 {
			return e
		}
	}
	if e := fd.Acquire(d.Deadline()); e != 0 {
		return e
	}
	desc, e := fd.pollDesc()
	if e != 0 {
		fd.Done()
		return e
	}
	side := &desc.Read
	if d == Write {
		side = &desc.Write
	}
	before := side.Sleeps()
	if d == Read {
		e = desc.WaitRead()
	} else {
		e = desc.WaitWrite()
	}
	slept := side.Sleeps() != before
	if slept {
		*tries = 0
		if e == 0 {
			fd.Cold().yields.woken()
		}
	}
	if slept != (fd.refs.State()&d.waited() != 0) {
		if slept {
			fd.refs.Set(d.waited())
		} else {
			fd.refs.Clear(d.waited())
		}
	}
	last := fd.refs.Release()
	traceParked(int(fd.Sysfd), side)
	if last {
		fd.Destroy()
	}
	switch e {
	case netpoll.Timeout:
		return fd.timeoutCause()
	case netpoll.Unavailable:
		events := int16(sys.POLLIN | sys.POLLRDHUP)
		if d == Write {
			events = sys.POLLOUT
		}
		return fd.WaitEpoll(events, true, d.Deadline(), tries)
	}
	return e
}

// backOff handles false readiness: poll(2) says ready and the call would block.
func (fd *FD) backOff(d Direction, n int) sys.Errno {
	if e := fd.pause(n, lyingPause, d.Deadline()); e != 0 || d == Write || fd.connected() {
		return e
	}
	got, e := fd.Poll(sys.POLLRDHUP, d.Deadline())
	if e == 0 && got&sys.POLLRDHUP != 0 {
		return ErrnoReadShut
	}
	return e
}

// timeoutCause returns which of Close and a deadline has ended a wait: both do it by a timeout.
func (fd *FD) timeoutCause() sys.Errno {
	if fd.refs.State()&refcount.Closed != 0 {
		return ErrnoClosed
	}
	return ErrnoTimeout
}

// pollDesc registers the descriptor with the runtime poller, once.
func (fd *FD) pollDesc() (*netpoll.Desc, sys.Errno) {
	c := fd.Cold()
	if d := c.desc.Load(); d != nil {
		return d, 0
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if fd.refs.State()&refcount.Closed != 0 {
		return nil, ErrnoClosed
	}
	d := c.desc.Load()
	if d == nil {
		d = netpoll.New(int(fd.Sysfd))
		if fd.refs.State()&Brief != 0 {
			d.KeepP()
		}
		c.arm(d, fd.refs.State())
		c.desc.Store(d)
	}
	return d, 0
}
