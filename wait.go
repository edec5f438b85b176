package sock

import (
	"time"

	"github.com/berkeleysockets/sock/internal/sockfd"
	"github.com/berkeleysockets/sock/internal/sys"
)

// SetNonblock selects what a call does that cannot proceed at once. Off, the default: the
// goroutine waits in the runtime poller and holds no thread; Close and deadlines end the wait.
// On: the call returns [ErrWouldBlock]. It changes nothing in the kernel, where every
// descriptor is O_NONBLOCK, and wakes no call that waits already.
func (s *Socket) SetNonblock(on bool) {
	if on {
		s.fd.Set(sockfd.Nonblock)
	} else {
		s.fd.Clear(sockfd.Nonblock)
	}
}

// SetDeadline sets the read and the write deadline: see [Socket.SetReadDeadline]. It makes no
// system call.
//
// Errors: net.ErrClosed.
func (s *Socket) SetDeadline(t time.Time) error {
	return opError("setdeadline", Addr{}, s.fd.SetDeadlines(sockfd.ReadDeadline|sockfd.WriteDeadline, t))
}

// SetReadDeadline sets the time from which receives and Accept fail with
// [os.ErrDeadlineExceeded], those that wait already and those that could proceed; the zero
// Time is none. [Socket.Wait] uses it for reading. It makes no system call.
//
// Errors: net.ErrClosed.
func (s *Socket) SetReadDeadline(t time.Time) error {
	return opError("setreaddeadline", Addr{}, s.fd.SetDeadlines(sockfd.ReadDeadline, t))
}

// SetWriteDeadline sets the time from which sends and Connect fail, as
// [Socket.SetReadDeadline]. A Write that fails may have sent a part.
//
// Errors: net.ErrClosed.
func (s *Socket) SetWriteDeadline(t time.Time) error {
	return opError("setwritedeadline", Addr{}, s.fd.SetDeadlines(sockfd.WriteDeadline, t))
}

// Wait waits until the socket can do one of the things in want, has failed or hung up, and
// returns what is ready; it needs no buffer. It calls poll(2), and waits in the runtime
// poller, in every mode. The bits are those of want, and always Hangup and Failed.
// Wait(Failed) waits for an error or, on Linux, an entry of the error queue; Wait(0) does the
// same. Consume it before the next Wait: by [Socket.RecvErr], or without an error queue by
// sockopt.Error. A Hangup is final, and every later Wait reports it. The read deadline applies to Readable, Priority, ReadClosed and Failed, the write
// deadline to the others.
//
// Wait consumes nothing: another goroutine may use the readiness first. Waiting for anything
// but Readable or Writable alone takes a temporary epoll descriptor (about five calls);
// systems without epoll look again after growing pauses of at most 20 ms instead.
//
// The results of poll(2) differ by system. ReadClosed without a hang-up is reported on Linux
// and FreeBSD 13 and later; a failure with nothing to read or write, and that a TCP socket
// was never connected (Hangup), on Linux alone. Readable and Writable are reported
// everywhere, also for an end or an error.
//
// Errors: EINVAL (Edge, OneShot, Exclusive, unknown bits), net.ErrClosed,
// os.ErrDeadlineExceeded.
//
// Source: poll(2).
func (s *Socket) Wait(want Ready) (Ready, error) {
	if bad := want &^ (Edge - 1); bad != 0 { // from Edge on they say how to watch
		return 0, invalidInput("wait", bad.String()+": nothing to wait for")
	}
	var deadlines uint32
	if want&(Readable|Priority|ReadClosed|Failed) != 0 || want == 0 {
		deadlines |= sockfd.ReadDeadline
	}
	if want&(Writable|WriteClosed|Hangup) != 0 {
		deadlines |= sockfd.WriteDeadline
	}
	events := pollEvents(want)
	for tries := 0; ; {
		got, e := s.fd.Poll(events, deadlines)
		if r := readyOf(events, got) & (want | Hangup | Failed); e == 0 && r != 0 {
			return r, nil
		}
		if e == 0 {
			switch want {
			case Readable:
				e = s.fd.Park(sockfd.Read, &tries)
			case Writable:
				e = s.fd.Park(sockfd.Write, &tries)
			default:
				e = s.fd.WaitEpoll(events, false, deadlines, &tries)
			}
		}
		if e != 0 {
			return 0, opError("wait", Addr{}, e)
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

// readyOf reads what poll(2) returned. A hang-up has closed both halves. FreeBSD
// reports no POLLOUT then, although a send would not wait: it fails.
func readyOf(asked, got int16) (r Ready) {
	for _, b := range readyBits {
		if got&b.poll != 0 {
			r |= b.ready
		}
	}
	if got&sys.POLLHUP != 0 {
		r |= Hangup | ReadClosed | WriteClosed
		if asked&sys.POLLOUT != 0 {
			r |= Writable
		}
	}
	if got&(sys.POLLERR|sys.POLLNVAL) != 0 {
		r |= Failed
	}
	return r
}
