package sock

import (
	"time"

	"github.com/berkeleysockets/sock/internal/guard"
	"github.com/berkeleysockets/sock/internal/park"
	"github.com/berkeleysockets/sock/internal/sys"
)

// epoch is what deadlines count from, so that they compare as integers and are
// free of the wall clock's jumps.
var epoch = time.Now()

// SetDeadline sets both deadlines: see [Socket.SetReadDeadline].
//
// Errors: net.ErrClosed.
func (s *Socket) SetDeadline(t time.Time) error {
	return s.setDeadlines("setdeadline", readDeadline|writeDeadline, t)
}

// SetReadDeadline sets when Accept and the receiving calls stop waiting; they
// then return an error that matches [os.ErrDeadlineExceeded]. Once t has come
// they fail at once, in every mode, even if they could proceed. It counts for
// calls that wait already; zero means never. It makes no system call.
//
// Errors: net.ErrClosed.
func (s *Socket) SetReadDeadline(t time.Time) error {
	return s.setDeadlines("setreaddeadline", readDeadline, t)
}

// SetWriteDeadline sets when Connect and the sending calls stop waiting: see
// [Socket.SetReadDeadline]. A Write that stops has sent what it says it has.
//
// Errors: net.ErrClosed.
func (s *Socket) SetWriteDeadline(t time.Time) error {
	return s.setDeadlines("setwritedeadline", writeDeadline, t)
}

func (s *Socket) setDeadlines(op string, bits uint32, t time.Time) error {
	w := s.waiting()
	w.mu.Lock()
	defer w.mu.Unlock()
	// Close marks the word first and takes this lock then: a deadline set
	// after its waking would put those it woke to sleep again.
	if s.word.State()&(opened|guard.Closed) != opened {
		return fail(op, Addr{}, errnoClosed)
	}
	at := int64(0)
	if !t.IsZero() {
		at = max(1, int64(t.Sub(epoch))) // what is past is past
	}
	for d := reading; d <= writing; d++ {
		if bits&d.deadline() != 0 {
			w.deadlines[d].Store(at)
		}
	}
	if at != 0 {
		s.word.Set(bits)
	} else {
		s.word.Clear(bits)
	}
	if fd := w.fd.Load(); fd != nil {
		w.arm(fd, bits)
	}
	for _, x := range w.watches {
		x.fd.SetReadDeadline(w.earliest(x.deadlines))
	}
	w.kick()
	return nil
}

// arm tells Go's poller of the deadlines in bits.
func (w *waiting) arm(fd *park.FD, bits uint32) {
	if bits&readDeadline != 0 {
		fd.SetReadDeadline(w.earliest(readDeadline))
	}
	if bits&writeDeadline != 0 {
		fd.SetWriteDeadline(w.earliest(writeDeadline))
	}
}

// passed reports whether a deadline of those in bits has come.
func (w *waiting) passed(bits uint32) bool {
	if w == nil || bits&(readDeadline|writeDeadline) == 0 {
		return false
	}
	now := int64(time.Since(epoch))
	for d := reading; d <= writing; d++ {
		if at := w.deadlines[d].Load(); bits&d.deadline() != 0 && at != 0 && at <= now {
			return true
		}
	}
	return false
}

// earliest returns the first of the deadlines in bits, zero for none.
func (w *waiting) earliest(bits uint32) time.Time {
	first := int64(0)
	for d := reading; d <= writing; d++ {
		if at := w.deadlines[d].Load(); bits&d.deadline() != 0 && at != 0 && (first == 0 || at < first) {
			first = at
		}
	}
	if first == 0 {
		return time.Time{}
	}
	return epoch.Add(time.Duration(first))
}

// check is enter and leave: is the Socket open, and is there time?
func (s *Socket) check(deadline uint32) sys.Errno {
	e := s.enter(deadline)
	if e == 0 {
		s.leave()
	}
	return e
}
