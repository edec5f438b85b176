package sock

import (
	"sync"
	"sync/atomic"

	"github.com/berkeleysockets/sock/internal/park"
	"github.com/berkeleysockets/sock/internal/sys"
)

// waiting is what a Socket has besides once it has waited or has a deadline.
type waiting struct {
	deadlines [2]atomic.Int64         // nanoseconds since epoch; 0 is none
	fd        atomic.Pointer[park.FD] // set at the first wait
	yields    yields

	mu        sync.Mutex // what follows, and each change of what precedes
	watches   []watch
	queue     []*turn
	callbacks int           // of WithFD and SyscallConn, running
	closing   chan struct{} // a Close waits here for the last to leave
	result    sys.Errno     // of close(2)

	zero    *zeroCopy    // see zerocopy.go
	members []membership // in more than one Poller; under Socket.joining
}

// A watch is a second descriptor on which somebody waits for this Socket.
type watch struct {
	fd        *park.FD
	deadlines uint32
}

func (s *Socket) waiting() *waiting {
	if w := s.rare.Load(); w != nil {
		return w
	}
	s.rare.CompareAndSwap(nil, new(waiting))
	return s.rare.Load()
}

func (w *waiting) parked() *park.FD {
	if w == nil {
		return nil
	}
	return w.fd.Load()
}

// wakeAndWait wakes everybody for Close, and waits until the last is out.
func (s *Socket) wakeAndWait() sys.Errno {
	w := s.waiting()
	w.mu.Lock()
	if fd := w.fd.Load(); fd != nil && !s.word.Gone() {
		fd.Wake()
	}
	for _, x := range w.watches {
		x.fd.Wake()
	}
	w.kick()
	if s.word.Gone() {
		defer w.mu.Unlock()
		return w.result
	}
	if w.callbacks > 0 {
		w.mu.Unlock()
		return 0
	}
	closing := make(chan struct{})
	w.closing = closing
	w.mu.Unlock()
	<-closing
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.result
}

// callback counts the callbacks that run. Close does not wait for them, for it
// may be one of them that called it: a goroutine cannot be told from another.
func (w *waiting) callback(n int) {
	w.mu.Lock()
	w.callbacks += n
	if n > 0 {
		w.release()
	}
	w.mu.Unlock()
}

// gone notes what close(2) said, and lets Close return.
func (s *Socket) gone(e sys.Errno) {
	if e != 0 {
		w := s.waiting()
		w.mu.Lock()
		w.result = e
		w.mu.Unlock()
	}
	s.word.SetGone() // a Close that comes to wait from here on sees it
	if w := s.rare.Load(); w != nil {
		w.mu.Lock()
		w.release()
		w.mu.Unlock()
	}
}

func (w *waiting) release() {
	if w.closing != nil {
		close(w.closing)
		w.closing = nil
	}
}
