package sock

import (
	"iter"
	"math"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/berkeleysockets/sock/internal/refcount"
	"github.com/berkeleysockets/sock/internal/selector"
	"github.com/berkeleysockets/sock/internal/sockfd"
	"github.com/berkeleysockets/sock/internal/sys"
	"github.com/berkeleysockets/sock/internal/trace"
)

// A Poller watches any number of Sockets for one goroutine: epoll(7) on Linux, kqueue(2) on
// the BSDs and macOS. Its cost grows with the number of ready Sockets, not with the number
// of registered ones.
//
// One goroutine may call Wait at a time. Any goroutine may call Add, Modify, Remove, Wake and
// Close, also during a Wait. A Socket may be in several Pollers; its Close removes it from
// all.
//
// An event belongs to a Socket, never to a descriptor's number: events of a Socket that was
// removed or closed are dropped. On Linux the kernel may go on to report a closed Socket if a
// copy of its descriptor is left that this package does not know, for example in a child that
// was forked and did not execute. Wait then replaces the epoll descriptor: an Edge
// registration that is ready is reported once more, and from then on Close calls
// epoll_ctl(2) for each Socket of this Poller.
type Poller struct {
	refs      refcount.Count // reference count and closed bit, as a Socket's
	waiting   atomic.Bool    // a Wait is under way
	lastSlept bool           // the last Wait slept; owned by the waiting goroutine
	selector  *selector.Selector
	closed    chan struct{} // closed once the selector is

	mu        sync.Mutex // guards the fields below, and each change of the selector; after a Socket's regMu
	ended     bool
	slab      slab
	byFD      map[int]uint32 // slots by number: AddFD's descriptors, and Sockets where the kernel has no EEXIST
	leftovers leftovers
}

// An Event reports the readiness of one Socket or descriptor.
type Event struct {
	Socket *Socket // nil for one of AddFD
	FD     int     // its descriptor, to print; of AddFD, the one
	Data   any     // as Add was given it
	Ready  Ready   // what is so

	slot uint32
}

// Ready is a set of bits: what a socket can do without waiting, the state of its connection,
// and, for a [Poller], how to watch it. Each bit comes from:
//
//	             epoll (Linux)         kqueue                     poll(2)
//	Readable     EPOLLIN               EVFILT_READ                POLLIN
//	Writable     EPOLLOUT              EVFILT_WRITE               POLLOUT
//	Priority     EPOLLPRI              EVFILT_EXCEPT, NOTE_OOB    POLLPRI
//	ReadClosed   EPOLLRDHUP, EPOLLHUP  EV_EOF of EVFILT_READ      POLLRDHUP, POLLHUP
//	WriteClosed  EPOLLHUP              EV_EOF of EVFILT_WRITE     POLLHUP
//	Hangup       EPOLLHUP              EV_EOF of both, or errno   POLLHUP
//	Failed       EPOLLERR              EV_EOF with an errno       POLLERR
//
// Readable and Writable are guaranteed: if one is watched and not reported, the call would
// have waited. Wait consumes nothing: another goroutine may use the readiness first, and the
// next call can still return ErrWouldBlock. On every system the end of a stream is Readable,
// and an error of a connection is both, so that a loop which reads and writes learns of
// everything; an error of a datagram socket is Failed alone on Linux. Priority is guaranteed
// where it exists (not on FreeBSD and NetBSD), and is never reported as Readable.
//
// The other four are hints. They come earlier or say more than reading does, and on some
// systems they do not come: kqueue knows only the half of a socket that is watched, and
// reports Priority, and ReadClosed or WriteClosed without Readable or Writable, once for each
// change. Data may still wait to be read behind each of them.
type Ready uint16

const (
	Readable    Ready = selector.Readable    // data, a connection or an end to receive
	Writable    Ready = selector.Writable    // room to send
	Priority    Ready = selector.Priority    // urgent data
	ReadClosed  Ready = selector.ReadClosed  // the peer has shut its writing half
	WriteClosed Ready = selector.WriteClosed // this side can send no more
	Hangup      Ready = selector.Hangup      // both halves are closed, or there never was a connection
	Failed      Ready = selector.Failed      // an error waits, or the error queue has something

	Edge      Ready = selector.Edge      // Poller: tell of changes only
	OneShot   Ready = selector.OneShot   // Poller: tell once, then stop
	Exclusive Ready = selector.Exclusive // Poller: of several Pollers on one socket, tell few (Linux 4.5); see Poller.Add
)

var readyNames = [...]string{"Readable", "Writable", "Priority", "ReadClosed", "WriteClosed", "Hangup", "Failed", "Edge", "OneShot", "Exclusive"}

// String returns the names of the bits, such as "Readable|Hangup".
func (r Ready) String() string {
	if r == 0 {
		return "0"
	}
	var s []string
	for i, n := range readyNames {
		if r&(1<<i) != 0 {
			s = append(s, n)
			r &^= 1 << i
		}
	}
	if r != 0 {
		s = append(s, "0x"+strconv.FormatUint(uint64(r), 16))
	}
	return strings.Join(s, "|")
}

// NewPoller makes a Poller: epoll_create1(2), eventfd2(2), timerfd_create(2) and epoll_ctl(2),
// or kqueue(2), pipe(2) and kevent(2). It holds three descriptors.
//
// Errors: EMFILE, ENFILE, ENOMEM, [errors.ErrUnsupported].
//
// Source: epoll(7), kqueue(2).
func NewPoller() (*Poller, error) {
	q, e := selector.New()
	p := &Poller{selector: q, closed: make(chan struct{})}
	p.refs.Set(sockfd.Opened)
	flush(p.calls())
	if e != 0 {
		return nil, opError("newpoller", Addr{}, e)
	}
	return p, nil
}

// Wait waits until a registered socket is ready, and writes the events, at most one for each
// Socket: epoll_pwait(2) or kevent(2). It returns how many, at most 4,096; further ones are
// returned by the next Wait. A Wake, a timeout and a stale event take no room: Wait fetches
// again if they did. With a timeout below 0 it waits without limit, with 0 not at all.
// It never returns early. Below 20 ms the timeout is as exact as the kernel's clock, above
// that at most a millisecond late: on Linux a timerfd measures short timeouts, the runtime
// poller long ones. (0, nil) means that the timeout has passed, or that Wake was called; if
// there are events as well, Wake does not show.
//
// Wait first asks without waiting; if nothing is ready the goroutine waits in the runtime
// poller and holds no thread (with kqueue it holds one).
//
// The events keep their Sockets and Data from being collected until they are overwritten.
//
// Errors: EINVAL (no room in events), EBUSY (another Wait is in progress), net.ErrClosed.
//
// Source: epoll_wait(2), kevent(2).
func (p *Poller) Wait(events []Event, timeout time.Duration) (int, error) {
	if len(events) == 0 {
		return 0, invalidInput("wait", "no room for events")
	}
	if e := p.acquire(); e != 0 {
		return 0, opError("wait", Addr{}, e)
	}
	if !p.waiting.CompareAndSwap(false, true) {
		p.release()
		return 0, &Error{Op: "wait", Err: &inputError{"another Wait is under way", sys.EBUSY}}
	}
	n, e := p.wait(events[:min(len(events), selector.MaxEvents)], timeout)
	p.waiting.Store(false)
	if p.refs.State()&refcount.Closed != 0 {
		n, e = 0, errnoClosed
	}
	p.releaseAndTrace()
	return n, opError("wait", Addr{}, e)
}

func (p *Poller) wait(events []Event, timeout time.Duration) (int, sys.Errno) {
	var until time.Time
	for {
		var n int
		var e sys.Errno
		if !p.lastSlept || timeout == 0 {
			n, e = p.selector.Poll(len(events))
		}
		p.lastSlept = false
		if n == 0 && e == 0 && timeout != 0 {
			if timeout > 0 && until.IsZero() {
				until = time.Now().Add(timeout)
			}
			p.lastSlept = true
			n, e = p.selector.Wait(len(events), until)
		}
		if n == 0 || e != 0 {
			return 0, e
		}
		got, woken := p.collect(events, n)
		if got > 0 || woken || timeout == 0 || p.refs.State()&refcount.Closed != 0 {
			return got, 0
		}
		// All were stale, and end no wait but by its timeout.
		pause := time.Duration(math.MaxInt64)
		if timeout > 0 {
			if until.IsZero() {
				until = time.Now().Add(timeout)
			}
			if pause = time.Until(until); pause <= 0 {
				return 0, 0
			}
		}
		if p.leftovers.repeated {
			time.Sleep(min(pause, leftoverPause))
		}
	}
}

// collect makes Events of the n that the selector has fetched, without the stale ones. If
// Wakes and stale events have taken room, it fetches again into what is left.
func (p *Poller) collect(events []Event, n int) (got int, woken bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.leftovers.repeated = false
	got, woken, _ = p.convert(events, 0, n)
	if got < len(events) && p.selector.Full() {
		got, woken = p.refill(events, got, woken)
	}
	if selector.SplitEvents {
		got = p.reduce(events[:got])
	}
	if p.leftovers.due && !p.ended {
		p.rebuild()
	}
	return got, woken
}

// maxRefills bounds the fetches of one Wait: leftovers may come round without end.
const maxRefills = 100

// refill fetches until there is no room or nothing more is ready. The lock is held, so
// that no slot changes its owner between the fetches.
func (p *Poller) refill(events []Event, got int, woken bool) (int, bool) {
	indexed := 0
	for range maxRefills {
		if selector.SplitEvents {
			if got = p.reduce(events[:got]); got == len(events) {
				break
			}
			indexed = 0 // reduce has moved them
		}
		for ; indexed < got; indexed++ {
			p.slab.at(events[indexed].slot).event = uint32(indexed)
		}
		n, e := p.selector.Poll(len(events) - got)
		if n == 0 || e != 0 {
			break // of an error the next fetch learns again
		}
		var w, cycled bool
		got, w, cycled = p.convert(events, got, n)
		woken = woken || w
		if cycled || got == len(events) || !p.selector.Full() {
			break
		}
	}
	return got, woken
}

// convert appends the n fetched events to the first got. If a Socket has one among these it
// merges both; cycled reports that it did with one of an earlier fetch: the kernel has been
// through all that is ready.
func (p *Poller) convert(events []Event, got, n int) (all int, woken, cycled bool) {
	earlier := got
	for i := range n {
		token, what := p.selector.Event(i)
		if token == selector.WakeToken {
			p.selector.AckWake()
			woken = true
			continue
		}
		s := p.slab.find(token)
		if s == nil {
			p.leftovers.note(token)
			continue
		}
		at := uint32(token & slotMask)
		r := Ready(what)
		if !selector.SplitEvents {
			r &= s.want | Hangup | Failed
		}
		if selector.SplitEvents || earlier > 0 {
			if j := int(s.event); j < got && events[j].slot == at {
				events[j].Ready |= r
				cycled = cycled || j < earlier
				continue
			}
			s.event = uint32(got)
		}
		if s.want&fired != 0 || r == 0 {
			continue
		}
		if s.want&OneShot != 0 {
			s.want |= fired
		}
		events[got] = Event{s.socket, int(s.fd), s.data, r, at}
		got++
	}
	return got, woken, cycled
}

// reduce removes from merged events the bits that are not watched. Two closed halves are a
// hang-up.
func (p *Poller) reduce(events []Event) (got int) {
	for _, e := range events {
		if e.Ready&(ReadClosed|WriteClosed) == ReadClosed|WriteClosed {
			e.Ready |= Hangup
		}
		s := p.slab.at(e.slot)
		if e.Ready &= s.want | Hangup | Failed; e.Ready == 0 {
			s.want &^= fired
			continue
		}
		events[got] = e
		got++
	}
	return got
}

// Wake makes Wait return, the one in progress or else the next, as if its timeout had passed:
// write(2), unless an earlier Wake is still pending. It never waits.
//
// Errors: net.ErrClosed.
//
// Source: eventfd(2), pipe(7).
func (p *Poller) Wake() error {
	e := p.acquire()
	if e == 0 {
		e = p.selector.Wake()
		p.releaseAndTrace()
	}
	return opError("wake", Addr{}, e)
}

// Close ends the Poller: it wakes Wait, which returns an error that matches [net.ErrClosed],
// and calls close(2) when all calls have returned; then it returns. The Sockets stay open and
// are not registered any more.
//
// Errors: net.ErrClosed.
//
// Source: close(2).
func (p *Poller) Close() error {
	if e := p.acquire(); e != 0 { // holds the descriptor until all is done
		return opError("close", Addr{}, e)
	}
	if first, _ := p.refs.Close(); !first {
		p.release()
		return opError("close", Addr{}, errnoClosed)
	}
	for _, s := range p.empty() {
		s.pollerClosed(p)
	}
	p.selector.WakeAlways()
	p.release()
	<-p.closed // others are out in a moment: a Wait has been woken
	flush(p.selector.Calls())
	return nil
}

// empty removes all registrations, and returns the Sockets. No other can be added.
func (p *Poller) empty() (all []*Socket) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended = true
	all = p.slab.sockets()
	p.slab, p.byFD = slab{}, nil
	return all
}

// All returns an iterator over the events of one Wait after another, without limit. It yields
// the zero Event when Wake has ended a Wait without an event, and an error once, as the last:
//
//	for e, err := range p.All(events) {
//		if err != nil {
//			return err // net.ErrClosed after Close
//		}
//		serve(e)
//	}
//
// events is the room for one Wait. It calls [Poller.Wait], and allocates nothing.
//
// Errors: those of Wait.
func (p *Poller) All(events []Event) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		for {
			n, err := p.Wait(events, -1)
			if err != nil {
				yield(Event{}, err)
				return
			}
			if n == 0 && !yield(Event{}, nil) {
				return
			}
			for i := range n {
				if !yield(events[i], nil) {
					return
				}
			}
		}
	}
}

// FD returns the descriptor of epoll(7) or kqueue(2), to watch the Poller in another event
// loop: it is readable while Wait has events. After it has become readable call Wait with a
// timeout of 0 until it returns fewer events than there is room for. FD is -1 after Close, and
// where the Poller has no descriptor. It makes no system call. The descriptor stays the
// Poller's.
//
// Source: epoll(7), "Q3"; kqueue(2).
func (p *Poller) FD() int {
	if p == nil {
		return -1
	}
	if p.refs.State()&(sockfd.Opened|refcount.Closed) != sockfd.Opened {
		return -1
	}
	return p.selector.FD()
}

// Len returns the number of registered Sockets and descriptors. It makes no system call.
func (p *Poller) Len() int { return int(p.slab.count.Load()) }

// String describes the Poller: its descriptor, if it has one (epoll, kqueue), and the
// number of registered Sockets and descriptors. It makes no system call and takes no
// lock.
func (p *Poller) String() string {
	switch {
	case p == nil:
		return "<nil>"
	case p.refs.State()&(sockfd.Opened|refcount.Closed) != sockfd.Opened:
		return "closed poller"
	}
	text := "poller"
	if fd := p.selector.FD(); fd >= 0 {
		text += " " + strconv.Itoa(fd)
	}
	return text + ": " + strconv.Itoa(int(p.slab.count.Load())) + " registered"
}

// String describes the event: its Socket or descriptor, and its bits.
func (e Event) String() string {
	if e.Socket != nil {
		return e.Socket.String() + ": " + e.Ready.String()
	}
	return "descriptor " + strconv.Itoa(e.FD) + ": " + e.Ready.String()
}

// acquire and release count references as a Socket does: after Close the last release ends
// the selector.
func (p *Poller) acquire() sys.Errno {
	if p == nil {
		return errnoClosed
	}
	if state := p.refs.Acquire(); state&(sockfd.Opened|refcount.Closed|refcount.Overflow) != sockfd.Opened {
		p.release()
		if state&(sockfd.Opened|refcount.Closed) == sockfd.Opened {
			panic(sockfd.TooMany)
		}
		return errnoClosed
	}
	return 0
}

func (p *Poller) release() {
	if p.refs.Release() {
		p.selector.Close()
		close(p.closed)
	}
}

// releaseAndTrace is release, and then shows the calls that were made to the tracer.
func (p *Poller) releaseAndTrace() {
	calls := p.calls()
	p.release()
	flush(calls)
}

// calls returns the calls that no tracer has seen yet, if tracing is on. The caller holds a
// reference. When the Poller is closed they are left for Close, which waits for the others.
func (p *Poller) calls() []trace.Call {
	if current.Load() == nil || p.refs.State()&refcount.Closed != 0 {
		return nil
	}
	return p.selector.Calls()
}

func flush(calls []trace.Call) {
	if t := current.Load(); t != nil {
		for _, c := range calls {
			t.f(Call{Name: c.Name, Args: c.Args, Duration: c.Duration}.finish(c.FD, c.Result, c.Errno, c.Start))
		}
	}
}
