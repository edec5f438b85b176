package sockfd

import (
	"github.com/berkeleysockets/sock/internal/leakcheck"
	"github.com/berkeleysockets/sock/internal/refcount"
	"github.com/berkeleysockets/sock/internal/sys"
	"github.com/berkeleysockets/sock/internal/trace"
)

// Close marks fd closed, wakes every wait, and returns once close(2) was called,
// by the call that released the last reference. beforeRelease runs first, with the
// descriptor still open, in the call that closes.
func (fd *FD) Close(beforeRelease func()) sys.Errno {
	if e := fd.Acquire(0); e != 0 {
		return e
	}
	first, _ := fd.refs.Close()
	if first && fd.refs.State()&Registered != 0 {
		beforeRelease()
	}
	switch last := fd.refs.Release(); {
	case last:
		if e := fd.Destroy(); first {
			return e
		}
	case first:
		return fd.wakeAndWait()
	}
	return ErrnoClosed
}

// Destroy calls close(2), once: for the caller whose Release returned true.
func (fd *FD) Destroy() sys.Errno {
	c := fd.cold.Load()
	c.beforeClose(int(fd.Sysfd))
	d := c.parked()
	start := trace.Start()
	var e sys.Errno
	if d != nil {
		e = d.Close()
	} else if fd.CloseCannotSleep() {
		e = sys.CloseNosched(int(fd.Sysfd))
	} else {
		e = sys.Close(int(fd.Sysfd))
	}
	leakcheck.Closed(fd)
	if !start.IsZero() { // before closed: when Close returns, the tracer has seen close(2)
		trace.Emit(trace.Call{Name: "close"}.Finish(int(fd.Sysfd), trace.Result(e), e, start))
	}
	fd.closed(e)
	return e
}

func (c *Cold) beforeClose(n int) {
	if c == nil {
		return
	}
	c.mu.Lock()
	f := c.BeforeClose
	c.mu.Unlock()
	if f != nil {
		f(n)
	}
}

// closed records what close(2) returned, and lets Close return.
func (fd *FD) closed(e sys.Errno) {
	if e != 0 {
		c := fd.Cold()
		c.mu.Lock()
		c.result = e
		c.mu.Unlock()
	}
	fd.refs.SetDestroyed() // before the lock: a Close that starts to wait now sees it
	if c := fd.cold.Load(); c != nil {
		c.mu.Lock()
		c.releaseClose()
		c.mu.Unlock()
	}
}

// wakeAndWait wakes every wait, and waits for the last release.
func (fd *FD) wakeAndWait() sys.Errno {
	c := fd.Cold()
	c.mu.Lock()
	if d := c.desc.Load(); d != nil && !fd.refs.Destroyed() {
		d.Evict()
	}
	for _, x := range c.waits {
		x.desc.Evict()
	}
	c.wakeAllWriters()
	if fd.refs.Destroyed() {
		defer c.mu.Unlock()
		return c.result
	}
	if c.callbacks > 0 {
		c.mu.Unlock()
		return 0
	}
	closing := make(chan struct{})
	c.closing = closing
	c.mu.Unlock()
	<-closing
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.result
}

func (c *Cold) releaseClose() {
	if c.closing != nil {
		close(c.closing)
		c.closing = nil
	}
}

// Callback calls f with the descriptor. Close does not wait for it, since f itself
// may have called Close.
func (fd *FD) Callback(f func(n int) error) (e sys.Errno, err error) {
	if e := fd.Acquire(0); e != 0 {
		return e, nil
	}
	defer fd.Done()
	fd.SetShared()
	fd.endBriefTCP()
	c := fd.Cold()
	c.countCallback(1)
	defer c.countCallback(-1)
	return 0, f(int(fd.Sysfd))
}

func (c *Cold) countCallback(n int) {
	c.mu.Lock()
	c.callbacks += n
	if n > 0 {
		c.releaseClose()
	}
	c.mu.Unlock()
}

// IsOpen reports whether fd is open.
func (fd *FD) IsOpen() bool { return fd.refs.State()&(Opened|refcount.Closed) == Opened }

// AddReferences takes n references at once, for tests.
func (fd *FD) AddReferences(n int) { fd.refs.Add(uint32(n)) }

// MarkClosed is the first half of Close, for tests.
func (fd *FD) MarkClosed() { fd.refs.Close() }
