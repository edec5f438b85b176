package sock

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/berkeleysockets/sock/internal/guard"
	"github.com/berkeleysockets/sock/internal/park"
	"github.com/berkeleysockets/sock/internal/sys"
)

// SetNonblock sets what a call does that cannot go on at once. Off, the
// default: the goroutine waits in Go's own poller, which costs no thread; Close
// and deadlines end the waiting. On: the call returns [ErrWouldBlock]. It
// changes nothing in the kernel, where every descriptor of ours is O_NONBLOCK,
// and wakes nobody who waits already.
func (s *Socket) SetNonblock(on bool) {
	if on {
		s.word.Set(nonblock)
	} else {
		s.word.Clear(nonblock)
	}
}

// A direction is one of the two that a call can wait for.
type direction int

const (
	reading direction = iota
	writing
)

func (d direction) deadline() uint32 { return readDeadline << d }
func (d direction) waited() uint32   { return readWaited << d }

// waiting is what a Socket has besides once it has waited or has a deadline.
type waiting struct {
	deadlines [2]atomic.Int64         // nanoseconds since epoch; 0 is none
	fd        atomic.Pointer[park.FD] // set at the first wait

	mu        sync.Mutex // what follows, and each change of what precedes
	watches   []watch
	queue     []*turn
	callbacks int           // of WithFD and SyscallConn, running
	closing   chan struct{} // a Close waits here for the last to leave
	result    sys.Errno     // of close(2)
}

// A watch is a second descriptor on which somebody waits for this Socket.
type watch struct {
	fd        *park.FD
	deadlines uint32
}

// epoch is what deadlines count from, so that they compare as integers and are
// free of the wall clock's jumps.
var epoch = time.Now()

func (s *Socket) waiting() *waiting {
	if w := s.rare.Load(); w != nil {
		return w
	}
	s.rare.CompareAndSwap(nil, new(waiting))
	return s.rare.Load()
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

func (w *waiting) parked() *park.FD {
	if w == nil {
		return nil
	}
	return w.fd.Load()
}

// SetDeadline sets both deadlines: see [Socket.SetReadDeadline].
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
func (s *Socket) SetWriteDeadline(t time.Time) error {
	return s.setDeadlines("setwritedeadline", writeDeadline, t)
}

func (s *Socket) setDeadlines(op string, bits uint32, t time.Time) error {
	w := s.waiting()
	w.mu.Lock()
	defer w.mu.Unlock()
	// Close marks the word first and takes this lock then: a deadline set
	// after its waking would put those it woke to sleep again.
	if s.word.State()&guard.Closed != 0 {
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

// check is enter and leave: is the Socket open, and is there time?
func (s *Socket) check(deadline uint32) sys.Errno {
	e := s.enter(deadline)
	if e == 0 {
		s.leave()
	}
	return e
}

// await decides what follows the errno of a call. 0: try it again. EAGAIN: the
// caller does not wait.
func (s *Socket) await(e sys.Errno, d direction, flags Flags, tries *int) sys.Errno {
	if e != sys.EAGAIN || flags&immediate != 0 || s.word.State()&nonblock != 0 {
		return e
	}
	return s.park(d, tries)
}

// hadToWait reports whether to wait before the first attempt, since the last
// call found nothing at its first: what an attempt in vain costs is saved.
func (s *Socket) hadToWait(d direction, flags Flags) bool {
	return s.word.State()&(d.waited()|nonblock) == d.waited() && flags&immediate == 0
}

// park waits until d may not block: 0, or why there is no more waiting.
func (s *Socket) park(d direction, tries *int) sys.Errno {
	if *tries++; *tries > 2 && s.lies(d) {
		return s.pace(*tries-3, d.deadline())
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
	if slept := side.Sleeps() != before; slept != (s.word.State()&d.waited() != 0) {
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
		return s.watch(events, d.deadline(), tries)
	}
	return e
}

// lies reports whether poll(2) may call ready what is not: an unconnected unix
// datagram socket is writable though the receiver it sends to is full.
func (s *Socket) lies(d direction) bool {
	return d == writing && s.Domain() == Unix && s.Type() == Dgram
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

// watch waits for what Go's poller cannot tell apart, or will not wait for, in
// an epoll descriptor of its own that is parked there: epoll_create1(2),
// epoll_ctl(2), fcntl(2) and close(2). Where there is none it sleeps a little
// and lets the caller look again.
func (s *Socket) watch(events int16, deadlines uint32, tries *int) sys.Errno {
	if e := s.enter(deadlines); e != 0 {
		return e
	}
	ep := s.openWatch(events)
	if ep < 0 {
		s.leave()
		*tries++
		return s.pace(*tries-1, deadlines)
	}
	fd := park.New(ep)
	w := s.waiting()
	w.mu.Lock()
	closed := s.word.State()&guard.Closed != 0
	if !closed {
		w.watches = append(w.watches, watch{fd, deadlines})
		fd.SetReadDeadline(w.earliest(deadlines))
	}
	w.mu.Unlock()
	e := errnoClosed
	if !closed {
		e = fd.WaitRead()
		w.mu.Lock()
		for i := range w.watches {
			if w.watches[i].fd == fd {
				w.watches = append(w.watches[:i], w.watches[i+1:]...)
				break
			}
		}
		w.mu.Unlock()
	}
	t, start := tracing()
	ce := fd.Close()
	last := s.word.Leave()
	s.traceParked(ep, &fd.Read)
	if t != nil {
		t.emit(Call{Name: "close"}, ep, resultOf(ce), ce, start)
	}
	if last {
		s.end()
	}
	if e == park.Timeout {
		return s.ended()
	}
	if e == park.Unavailable {
		*tries++
		return s.pace(*tries-1, deadlines)
	}
	return e
}

// openWatch returns -1 if there is no such descriptor to be had.
func (s *Socket) openWatch(events int16) int {
	t, start := tracing()
	ep, e := sys.EpollCreate()
	if t != nil && e != sys.ENOSYS {
		t.emit(Call{Name: "epoll_create1", Args: "EPOLL_CLOEXEC"}, -1, ep, e, start)
	}
	if e != 0 {
		return -1
	}
	t, start = tracing()
	e = sys.EpollWatch(ep, int(s.fd), events)
	if t != nil {
		t.emit(Call{Name: "epoll_ctl", Args: "EPOLL_CTL_ADD, " + decimal(int(s.fd))}, ep, resultOf(e), e, start)
	}
	if e == 0 {
		t, start = tracing()
		e = sys.SetStatusFlags(ep, sys.O_NONBLOCK)
		if t != nil {
			t.emit(Call{Name: "fcntl", Args: "F_SETFL, O_NONBLOCK"}, ep, resultOf(e), e, start)
		}
	}
	if e != 0 {
		sys.Close(ep)
		return -1
	}
	return ep
}

// pace sleeps where nothing can wake it, longer each time, never above a
// millisecond: that is how late it may notice anything.
func (s *Socket) pace(n int, deadlines uint32) sys.Errno {
	time.Sleep(min(20*time.Microsecond<<min(n, 6), time.Millisecond))
	return s.check(deadlines)
}

// Wait waits until the socket can do one of the things in want, or has failed
// or hung up, and returns what is so, with no buffer needed: poll(2), then it
// waits in Go's poller, in every mode. The bits are those of want and, unasked,
// Hangup and Failed. Wait(Failed) waits for an error or, on Linux, something in
// the error queue; Wait(0) the same. Deadlines apply: the read deadline to
// Readable, Priority, ReadClosed and Failed, the write deadline to the others.
//
// It takes nothing away: what was ready may be gone when another goroutine is
// faster. To wait for anything but Readable or Writable alone takes an epoll
// descriptor for the time (about five calls); systems without epoll look again
// every millisecond instead.
//
// Errors: EINVAL (Edge, OneShot, Exclusive), net.ErrClosed,
// os.ErrDeadlineExceeded.
//
// Source: poll(2).
func (s *Socket) Wait(want Ready) (Ready, error) {
	if want&modes != 0 {
		return 0, invalid("wait", (want&modes).String()+": a Poller's mode")
	}
	var deadlines uint32
	if want&(Readable|Priority|ReadClosed|Failed) != 0 || want == 0 {
		deadlines |= readDeadline
	}
	if want&(Writable|WriteClosed|Hangup) != 0 {
		deadlines |= writeDeadline
	}
	events := pollEvents(want)
	for tries := 0; ; {
		got, e := s.callPoll(events, deadlines)
		if r := readyOf(got) & (want | Hangup | Failed); e == 0 && r != 0 {
			return r, nil
		}
		if e == 0 {
			switch want {
			case Readable:
				e = s.park(reading, &tries)
			case Writable:
				e = s.park(writing, &tries)
			default:
				e = s.watch(events, deadlines, &tries)
			}
		}
		if e != 0 {
			return 0, fail("wait", Addr{}, e)
		}
	}
}

var readyBits = [...]struct {
	ready Ready
	poll  int16
}{
	{Readable, sys.POLLIN}, {Writable, sys.POLLOUT}, {Priority, sys.POLLPRI}, {ReadClosed, sys.POLLRDHUP},
}

func pollEvents(r Ready) (events int16) {
	for _, b := range readyBits {
		if r&b.ready != 0 {
			events |= b.poll
		}
	}
	return events
}

// readyOf reads what poll(2) returned. A hang-up has closed both halves.
func readyOf(got int16) (r Ready) {
	for _, b := range readyBits {
		if got&b.poll != 0 {
			r |= b.ready
		}
	}
	if got&sys.POLLHUP != 0 {
		r |= Hangup | ReadClosed | WriteClosed
	}
	if got&(sys.POLLERR|sys.POLLNVAL) != 0 {
		r |= Failed
	}
	return r
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
func (w *waiting) gone(e sys.Errno) {
	if w == nil {
		return
	}
	w.mu.Lock()
	w.result = e
	w.release()
	w.mu.Unlock()
}

func (w *waiting) release() {
	if w.closing != nil {
		close(w.closing)
		w.closing = nil
	}
}
