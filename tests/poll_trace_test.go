//go:build linux || freebsd || darwin || netbsd || openbsd || dragonfly

package sock_test

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/internal/sys"
	"github.com/berkeleysockets/sock/internal/testhook"
)

// When Close returns a tracer has seen it all, whichever call was the last.
func TestPollTraceClose(t *testing.T) {
	p := newPoller(t)
	r := record(t)
	sock.SetTracer(func(c sock.Call) {
		time.Sleep(time.Millisecond) // the tracer is slow
		r.add(c)
	})
	waiting := beginWait(t, p, make([]sock.Event, 1), -1)
	wantErr(t, p.Close(), nil)
	calls := texts(r.take())
	isWaited(t, waiting, 0, net.ErrClosed)
	closes := map[pollerKind]int{byEpoll: 3, byKqueue: 3, byPoll: 2}[pollerHere]
	if n := len(calls) - closes; n < 1 || strings.HasPrefix(calls[n-1], "close(") || !strings.HasPrefix(calls[n], "close(") {
		t.Errorf("Close has returned, and of the calls %q were seen, with %d descriptors", calls, closes)
	}
	if late := texts(r.take()); len(late) > 0 {
		t.Errorf("seen when all was over: %q", late)
	}
}

// A descriptor that nobody else can have leaves the kernel's queue by its end.
func TestPollTraceEnd(t *testing.T) {
	if pollerHere != byEpoll {
		t.Skip("epoll's")
	}
	for name, c := range map[string]struct {
		before func(s *sock.Socket)
		want   []string
	}{
		"alone":               {func(*sock.Socket) {}, []string{"close"}},
		"copied":              {func(s *sock.Socket) { d, err := s.Dup(); wantErr(t, err, nil); t.Cleanup(func() { d.Close() }) }, []string{"epoll_ctl", "close"}},
		"a number given away": {func(s *sock.Socket) { s.FD() }, []string{"epoll_ctl", "close"}},
		"somebody inside": {func(s *sock.Socket) {
			s.SetNonblock(false)
			waiting := goBlocked(t, func() error { _, err := s.Wait(sock.Priority); return err })
			t.Cleanup(func() { wantErr(t, recvTimeout(t, waiting), net.ErrClosed) })
			s.SetNonblock(true)
		}, []string{"epoll_ctl", "close"}},
	} {
		t.Run(name, func(t *testing.T) {
			s, peer := streams(t, "tcp4")
			s.SetNonblock(true)
			p := newPoller(t)
			wantErr(t, p.Add(s, sock.Readable, nil), nil)
			c.before(s)
			r := record(t)
			wantErr(t, s.Close(), nil)
			var calls []string
			for _, c := range r.take() {
				if c.Name == "close" || c.Name == "epoll_ctl" {
					calls = append(calls, c.Name)
				}
			}
			sock.SetTracer(nil)
			if !slices.Equal(calls, c.want) {
				t.Errorf("%q, want %q", calls, c.want)
			}
			send(t, peer, "x") // to nobody
			nothing(t, p, "a Socket that is closed")
			if n := testhook.Registrations(p); n != 0 {
				t.Errorf("%d are registered", n)
			}
		})
	}
}

// A tracer sees the calls of the kernel's queue. Not parallel: it is for all.
func TestPollTrace(t *testing.T) {
	s, peer := streams(t, "pair")
	s.SetNonblock(true)
	fd := s.FD()
	r := record(t)
	p := newPoller(t)
	r.expect(t, "NewPoller", map[pollerKind][]string{
		byEpoll: {"epoll_create1(EPOLL_CLOEXEC) = %", "eventfd2(0, EFD_CLOEXEC|EFD_NONBLOCK) = %", "epoll_ctl(%, EPOLL_CTL_ADD, %, {events=EPOLLIN|EPOLLET}) = 0",
			"timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC|TFD_NONBLOCK) = %", "epoll_ctl(%, EPOLL_CTL_ADD, %, {events=EPOLLIN|EPOLLET}) = 0"},
		byKqueue: {"kqueue() = %", "pipe([%, %]) = 0", "kevent(%, [{%, EVFILT_READ, EV_ADD}], 1, NULL, 0, NULL) = 0"},
		byPoll:   {"pipe([%, %]) = 0"},
	})
	wantErr(t, p.Add(s, sock.Readable, nil), nil)
	r.expect(t, "Add", map[pollerKind][]string{
		byEpoll:  {fmt.Sprintf("epoll_ctl(%%, EPOLL_CTL_ADD, %d, {events=EPOLLIN}) = 0", fd)},
		byKqueue: {fmt.Sprintf("kevent(%%, [{%d, EVFILT_READ, EV_ADD}], 1, NULL, 0, NULL) = 0", fd)},
	})
	var events [3]sock.Event
	n, err := p.Wait(events[:], 0)
	must(t, n, err, 0)
	r.expect(t, "Wait for nothing", map[pollerKind][]string{
		byEpoll:  {"epoll_pwait(%, [], 3, 0, NULL, 8) = 0"},
		byKqueue: {"kevent(%, NULL, 0, [], 3, {0.000000000}) = 0"},
		byPoll:   {sys.PollCall + "(2 descriptors, {0.000000000}) = 0"},
	})
	send(t, peer, "x")
	r.take()
	n, err = p.Wait(events[:], -1)
	must(t, n, err, 1)
	r.expect(t, "Wait", map[pollerKind][]string{
		byEpoll:  {"epoll_pwait(%, [{events=EPOLLIN, data=0x%}], 3, 0, NULL, 8) = 1"},
		byKqueue: {fmt.Sprintf("kevent(%%, NULL, 0, [{%d, EVFILT_READ, %%}], 3, {0.000000000}) = 1", fd)},
		byPoll:   {sys.PollCall + "(2 descriptors, {0.000000000}) = 1"},
	})
	wantErr(t, p.Modify(s, sock.Writable|sock.OneShot), nil)
	r.expect(t, "Modify", map[pollerKind][]string{
		byEpoll: {fmt.Sprintf("epoll_ctl(%%, EPOLL_CTL_MOD, %d, {events=EPOLLOUT|EPOLLONESHOT}) = 0", fd)},
		byKqueue: {fmt.Sprintf("kevent(%%, [{%d, EVFILT_READ, EV_DELETE}], 1, NULL, 0, NULL) = 0", fd),
			fmt.Sprintf("kevent(%%, [{%d, EVFILT_WRITE, EV_ADD|EV_ONESHOT}], 1, NULL, 0, NULL) = 0", fd)},
	})
	wantErr(t, p.Remove(s), nil)
	r.expect(t, "Remove", map[pollerKind][]string{
		byEpoll:  {fmt.Sprintf("epoll_ctl(%%, EPOLL_CTL_DEL, %d, NULL) = 0", fd)},
		byKqueue: {fmt.Sprintf("kevent(%%, [{%d, EVFILT_WRITE, EV_DELETE}], 1, NULL, 0, NULL) = 0", fd)},
	})
	wantErr(t, p.Wake(), nil)
	wantErr(t, p.Wake(), nil)
	r.expect(t, "Wake", map[pollerKind][]string{
		byEpoll:  {`write(%, "\1\0\0\0\0\0\0\0", 8) = 8`},
		byKqueue: {`write(%, "\0", 1) = 1`},
		byPoll:   {`write(%, "\0", 1) = 1`},
	})
	n, err = p.Wait(events[:], 0)
	must(t, n, err, 0)
	r.take()
	wantErr(t, p.Add(s, sock.Readable, nil), nil)
	r.take()
	wantErr(t, s.Close(), nil)
	calls := texts(r.take())
	if pollerHere != byPoll && (len(calls) != 2 || !strings.Contains(calls[0], "DEL") || !strings.HasPrefix(calls[1], "close(")) {
		t.Errorf("a Socket is closed: %q, want that it leaves first", calls)
	}
	wantErr(t, p.Close(), nil)
	calls = texts(r.take())
	if i := slices.IndexFunc(calls, func(c string) bool { return strings.HasPrefix(c, "close(") }); pollerHere != byPoll && i < 0 {
		t.Errorf("the Poller is closed: %q", calls)
	}
}

// expect compares what was traced since with this backend's lines, where % is any
// text.
func (r *recorder) expect(t *testing.T, when string, by map[pollerKind][]string) {
	t.Helper()
	got := texts(r.take())
	want := by[pollerHere]
	if !slices.EqualFunc(got, want, alike) {
		t.Errorf("%s:\n%s\nwant\n%s", when, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func alike(s, pattern string) bool {
	parts := strings.Split(pattern, "%")
	if !strings.HasPrefix(s, parts[0]) {
		return false
	}
	for i, part := range parts {
		at := strings.Index(s, part)
		if at < 0 {
			return false
		}
		if s = s[at+len(part):]; i == len(parts)-1 {
			return s == "" || strings.HasSuffix(s, part)
		}
	}
	return true
}

// No Wait returns again and again for readiness that is not watched. Not parallel: it
// counts calls.
func TestPollNoSpin(t *testing.T) {
	half := func(t *testing.T) *sock.Socket {
		s, peer := streams(t, "tcp4")
		send(t, peer, "unread")
		wantErr(t, peer.CloseWrite(), nil)
		wantErr(t, readable(s, sock.Readable), nil)
		return s
	}
	for name, situation := range map[string]func(t *testing.T) *sock.Socket{
		"a client waits": func(t *testing.T) *sock.Socket {
			l, name := listening(t, "tcp4")
			wantErr(t, open(t, sock.Inet, sock.Stream).Connect(name), nil)
			wantErr(t, readable(l, sock.Readable), nil)
			return l
		},
		"half-closed": half,
		"half-closed, asked for writing": func(t *testing.T) *sock.Socket {
			s := half(t)
			fillBufferFirmly(t, s)
			return s
		},
		"reported once": half,
		"datagrams wait": func(t *testing.T) *sock.Socket {
			s, to := bound(t, "udp4", sock.Dgram)
			_, err := open(t, sock.Inet, sock.Dgram).SendTo([]byte("x"), 0, to)
			wantErr(t, err, nil)
			wantErr(t, readable(s, sock.Readable), nil)
			return s
		},
	} {
		for _, mode := range []sock.Ready{0, sock.OneShot} {
			t.Run(name+" "+mode.String(), func(t *testing.T) {
				s := situation(t)
				p := newPoller(t)
				want := mode
				if strings.Contains(name, "writing") {
					want |= sock.Writable
				}
				attend(t, p, s, want)
				if strings.Contains(name, "reported") {
					wantErr(t, p.Modify(s, sock.Readable|sock.OneShot), nil)
					wantEvent(t, p, s, sock.Readable, 0)
				}
				r := record(t)
				nothing(t, p, name)
				sock.SetTracer(nil)
				if calls := texts(r.take()); len(calls) > 10 {
					t.Errorf("%d calls in %v: %q ...", len(calls), quietFor, calls[:5])
				}
			})
		}
	}
}
