package sock_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"weak"

	"github.com/google/go-cmp/cmp"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/internal/sys"
	"github.com/berkeleysockets/sock/sockopt"
)

// These tests are not parallel: there is one tracer for all Sockets.

// A recorder is a tracer that keeps what it sees.
type recorder struct {
	mu    sync.Mutex
	calls []sock.Call
}

func record(t *testing.T) *recorder {
	t.Helper()
	if !sys.Supported {
		t.Skip("no sockets on ", runtime.GOOS)
	}
	r := new(recorder)
	sock.SetTracer(r.add)
	t.Cleanup(func() { sock.SetTracer(nil) })
	return r
}

func (r *recorder) add(c sock.Call) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = append(r.calls, c)
}

// take returns the calls since the last time.
func (r *recorder) take() []sock.Call {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.calls
	r.calls = nil
	return c
}

func texts(calls []sock.Call) (s []string) {
	for _, c := range calls {
		s = append(s, c.String())
	}
	return s
}

// shows compares what was traced since the last time; %socket and so on in
// the wanted lines are this system's words.
func (r *recorder) shows(t *testing.T, want ...string) []sock.Call {
	t.Helper()
	calls := r.take()
	words := strings.NewReplacer("%socket", sys.OpenFlags, "%accept", sys.AcceptCall, "%poll", sys.PollCall)
	for i, w := range want {
		want[i] = words.Replace(w)
	}
	if d := cmp.Diff(want, texts(calls)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	return calls
}

// sends and recvs are the flags of a transfer, as really passed.
func sends(f sock.Flags) string { return (f | sock.DontWait | sys.SendFlags).String() }

func recvs(f sock.Flags) string { return (f | sock.DontWait).String() }

// recvmsgs are those of a unix socket, where descriptors can arrive.
func recvmsgs(f sock.Flags) string { return (f | sock.DontWait | sys.RecvmsgFlags).String() }

func TestTraceCallString(t *testing.T) {
	for _, c := range []struct {
		call sock.Call
		want string
	}{
		{sock.Call{Name: "bind", FD: 3, Args: "127.0.0.1:8080"}, "bind(3, 127.0.0.1:8080) = 0"},
		{sock.Call{Name: "close", FD: 3}, "close(3) = 0"},
		{sock.Call{Name: "socket", FD: -1, Args: "AF_INET, SOCK_STREAM, IPPROTO_IP", Result: 3}, "socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 3"},
		{sock.Call{Name: "close", FD: -1}, "close() = 0"},
		{sock.Call{Name: "recvfrom", FD: 4, Args: `"", 1, 0, NULL`, Result: -1, Err: sys.EAGAIN},
			`recvfrom(4, "", 1, 0, NULL) = -1 EAGAIN (` + sys.EAGAIN.Error() + ")"},
		{sock.Call{Name: "listen", FD: 4, Args: "1", Result: -1, Err: &sock.Error{Op: "listen", Err: sys.EINVAL}},
			"listen(4, 1) = -1 EINVAL (" + sys.EINVAL.Error() + ")"},
		{sock.Call{}, "(0) = 0"},
	} {
		if got := c.call.String(); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

func TestTraceShowsEachCall(t *testing.T) {
	r := record(t)
	place := addr(t, "127.0.0.1:0")
	l, err := sock.Open(sock.Inet, sock.Stream, 0, sockopt.ReuseAddr.With(true))
	if err != nil {
		t.Fatal(err)
	}
	closed(t, l)
	fd := l.FD()
	line := fmt.Sprintf
	r.shows(t, line("socket(AF_INET, SOCK_STREAM%%socket, IPPROTO_IP) = %d", fd),
		line("setsockopt(%d, SOL_SOCKET, SO_REUSEADDR, [1]) = 0", fd))

	wantErr(t, l.Bind(place), nil)
	wantErr(t, l.Listen(5), nil)
	name, err := l.Sockname()
	wantErr(t, err, nil)
	calls := r.shows(t, line("bind(%d, 127.0.0.1:0) = 0", fd), line("listen(%d, 5) = 0", fd), line("getsockname(%d, %v) = 0", fd, name))
	if len(calls) == 3 && (calls[0].Addr != place || calls[2].Addr != name) {
		t.Errorf("addresses %v, %v", calls[0].Addr, calls[2].Addr)
	}

	c := open(t, sock.Inet, sock.Stream)
	r.take()
	wantErr(t, c.Connect(name), nil)
	calls = r.take()
	if len(calls) == 0 || calls[0].Name != "connect" || calls[0].FD != c.FD() || calls[0].Addr != name {
		t.Errorf("connect: %v", texts(calls))
	}
	s, from, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	closed(t, s)
	args := from.String()
	if sys.AcceptFlags != "" {
		args += ", " + sys.AcceptFlags
	}
	calls = r.take()
	last := calls[len(calls)-1]
	if got, want := last.String(), line("%s(%d, %s) = %d", sys.AcceptCall, fd, args, s.FD()); got != want || last.Addr != from {
		t.Errorf("%s, want %s", got, want)
	}
	_, err = c.Peername()
	wantErr(t, err, nil)
	_, err = sockopt.TCPNoDelay.Get(c)
	wantErr(t, err, nil)
	calls = r.take()
	if len(calls) != 2 || calls[0].String() != line("getpeername(%d, %v) = 0", c.FD(), name) ||
		!strings.HasPrefix(calls[1].String(), line("getsockopt(%d, SOL_TCP, TCP_NODELAY, [", c.FD())) {
		t.Errorf("%v", texts(calls))
	}

	at, err := s.AtMark()
	wantErr(t, err, nil)
	r.shows(t, line("ioctl(%d, SIOCATMARK, [%d]) = 0", s.FD(), map[bool]int{true: 1}[at]))
	wantErr(t, c.Shutdown(sock.ShutWrite), nil)
	r.shows(t, line("shutdown(%d, SHUT_WR) = 0", c.FD()))
	_, err = s.Wait(sock.Readable)
	wantErr(t, err, nil)
	calls = r.take()
	if len(calls) == 0 || calls[0].Name != sys.PollCall || !strings.HasPrefix(calls[0].Args, "events=POLLIN") {
		t.Errorf("Wait: %v", texts(calls))
	}
	d, err := c.Dup()
	wantErr(t, err, nil)
	closed(t, d)
	fd, dup := c.FD(), d.FD()
	wantErr(t, c.Close(), nil)
	r.shows(t, line("fcntl(%d, F_DUPFD_CLOEXEC, 0) = %d", fd, dup), line("close(%d) = 0", fd))
}

func TestTraceShowsTransfers(t *testing.T) {
	r := record(t)
	line := fmt.Sprintf
	a, b, err := sock.Pair(sock.Unix, sock.Stream, 0)
	if err != nil {
		t.Fatal(err)
	}
	closed(t, a)
	closed(t, b)
	x, y := a.FD(), b.FD()
	r.shows(t, line("socketpair(AF_UNIX, SOCK_STREAM%%socket, 0, [%d, %d]) = 0", x, y))

	p := make([]byte, 100)
	long := strings.Repeat("0123456789", 4)
	for _, c := range []struct{ sent, quoted string }{
		{"hello", `"hello"`},
		{"", `""`},
		{"\"\\\n\t\r\v\f", `"\"\\\n\t\r\v\f"`},
		{"\x00\x001\x009\xff", `"\0\0001\09\377"`},
		{long[:32], `"` + long[:32] + `"`},
		{long[:33], `"` + long[:32] + `"...`},
	} {
		n, err := a.Send([]byte(c.sent), 0)
		wantErr(t, err, nil)
		calls := r.shows(t, line("sendto(%d, %s, %d, %s, NULL) = %d", x, c.quoted, len(c.sent), sends(0), n))
		if len(calls) == 1 && (string(calls[0].Data) != c.sent[:min(32, n)] || calls[0].Len != n || calls[0].Flags.String() != sends(0)) {
			t.Errorf("%+v", calls[0])
		}
		if c.sent == "" {
			continue
		}
		n, err = b.Recv(p, 0)
		wantErr(t, err, nil)
		calls = r.shows(t, line("recvfrom(%d, %s, 100, %s, NULL) = %d", y, c.quoted, recvs(0), n))
		if len(calls) == 1 && (string(calls[0].Data) != c.sent[:min(32, n)] || calls[0].Len != 100) {
			t.Errorf("%+v", calls[0])
		}
	}

	_, err = a.Writev([][]byte{[]byte(long[:20]), nil, []byte(long[:20])})
	wantErr(t, err, nil)
	calls := r.shows(t, line(`sendmsg(%d, {NULL, "%s"... in 3}, %s) = 40`, x, long[:20]+long[:12], sends(0)))
	if len(calls) == 1 && (string(calls[0].Data) != long[:20]+long[:12] || calls[0].Len != 40) {
		t.Errorf("%+v", calls[0])
	}
	_, err = b.Readv([][]byte{p[:15], p[15:25]})
	wantErr(t, err, nil)
	r.shows(t, line(`recvmsg(%d, {NULL, "%s" in 2, 0}, %s) = 25`, y, long[:20]+long[:5], recvmsgs(0)))
	_, err = b.Read(p)
	wantErr(t, err, nil)
	_, err = b.Recv(p, sock.DontWait)
	wantErr(t, err, sock.ErrWouldBlock)
	calls = r.take()
	if last := calls[len(calls)-1]; last.Result != -1 || !errors.Is(last.Err, sys.EAGAIN) || len(last.Data) != 0 {
		t.Errorf("%+v", last)
	}
}

func TestTraceShowsDatagrams(t *testing.T) {
	r := record(t)
	line := fmt.Sprintf
	a, from, b, to := datagrams(t, "udp4")
	x, y := a.FD(), b.FD()
	r.take()
	p := make([]byte, 9)
	_, err := a.SendTo([]byte("datagram"), 0, to)
	wantErr(t, err, nil)
	_, _, err = b.RecvFrom(p, 0)
	wantErr(t, err, nil)
	calls := r.take()
	want := []string{line(`sendto(%d, "datagram", 8, %s, %v) = 8`, x, sends(0), to), line(`recvfrom(%d, "datagram", 9, %s, %v) = 8`, y, recvs(0), from)}
	got := []sock.Call{calls[0], calls[len(calls)-1]} // it may have had to wait
	if d := cmp.Diff(want, texts(got)); d != "" || got[0].Addr != to || got[1].Addr != from {
		t.Errorf("%v\n%s", texts(calls), d)
	}
	_, err = a.SendMsg(&sock.Message{Bufs: [][]byte{[]byte("too long by 1")}, Addr: to}, 0)
	wantErr(t, err, nil)
	m := sock.Message{Bufs: [][]byte{p, make([]byte, 3)}, Control: make([]byte, 10)}
	_, err = b.RecvMsg(&m, 0)
	wantErr(t, err, nil)
	calls = r.take()
	want = []string{line(`sendmsg(%d, {%v, "too long by 1"}, %s) = 13`, x, to, sends(0)),
		line(`recvmsg(%d, {%v, "too long by " in 2, MSG_TRUNC}, %s) = 12`, y, from, recvs(0))}
	got = []sock.Call{calls[0], calls[len(calls)-1]}
	if d := cmp.Diff(want, texts(got)); d != "" || got[0].Addr != to || got[1].Addr != from || got[1].Len != 12 {
		t.Errorf("%v\n%s", texts(calls), d)
	}
}

// What makes a Socket of a descriptor, and what gives one away.
func TestTraceShowsAdoption(t *testing.T) {
	a, _ := streams(t, "pair")
	fd, err := a.Detach()
	if err != nil {
		t.Fatal(err)
	}
	r := record(t)
	s, err := sock.FromFD(fd)
	if err != nil {
		t.Fatal(err)
	}
	closed(t, s)
	got := strings.Join(texts(r.take()), "\n")
	for _, want := range []string{"getsockopt(%d, SOL_SOCKET, SO_TYPE, [", "fcntl(%d, F_GETFL) = ", "fcntl(%d, F_SETFD, FD_CLOEXEC) = 0"} {
		if want = fmt.Sprintf(want, fd); !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := sock.FromConn(l.(*net.TCPListener))
	if err != nil {
		t.Fatal(err)
	}
	closed(t, c)
	if first := r.take()[0].String(); !strings.HasSuffix(first, fmt.Sprintf(", F_DUPFD_CLOEXEC, 0) = %d", c.FD())) {
		t.Error(first)
	}
	_, err = sock.FromFD(-5)
	if err == nil {
		t.Error("FromFD(-5)")
	}
}

// A tracer has the errno by name and by number.
func TestTraceErrno(t *testing.T) {
	a, _ := streams(t, "pair")
	r := record(t)
	_, err := a.Recv(make([]byte, 1), sock.DontWait)
	wantErr(t, err, sock.ErrWouldBlock)
	_, err = a.Send([]byte("x"), 0)
	wantErr(t, err, nil)
	var names []string
	for _, c := range r.take() {
		if c.FD == a.FD() {
			names = append(names, c.Name+" "+c.ErrnoName())
			var e syscall.Errno
			if errors.As(c.Err, &e) != (c.ErrnoName() != "") {
				t.Errorf("%v has no number", c)
			}
		}
	}
	if got, want := strings.Join(names, ", "), "recvfrom EAGAIN, sendto "; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// A call that waits shows what it asked the kernel meanwhile, in order, and the
// close(2) that Go's os.File makes.
func TestTraceShowsWaiting(t *testing.T) {
	a, b := streams(t, "pair")
	r := record(t)
	fd := b.FD()
	done := goBlocked(t, func() error { _, err := b.Recv(make([]byte, 5), 0); return err })
	_, err := a.Send([]byte("x"), 0)
	wantErr(t, err, nil)
	wantErr(t, recvTimeout(t, done), nil)
	wantErr(t, b.Close(), nil)
	var mine []string
	for _, c := range r.take() {
		if c.FD == fd {
			mine = append(mine, c.String())
			if c.Start.IsZero() || c.Duration < 0 {
				t.Errorf("%v began %v and took %v", c, c.Start, c.Duration)
			}
		}
	}
	if len(mine) != 4 || !strings.Contains(mine[0], "EAGAIN") || !strings.HasPrefix(mine[1], sys.PollCall) ||
		!strings.HasPrefix(mine[2], fmt.Sprintf(`recvfrom(%d, "x"`, fd)) || mine[3] != fmt.Sprintf("close(%d) = 0", fd) {
		t.Error(strings.Join(mine, "\n"))
	}
}

// The tracer runs outside of everything: it may use and close the Socket that
// it is shown a call of.
func TestTraceTracerUsesSocket(t *testing.T) {
	if !sys.Supported {
		t.Skip("no sockets on ", runtime.GOOS)
	}
	t.Cleanup(func() { sock.SetTracer(nil) })
	var p [4]byte
	for name, call := range map[string]func(s *sock.Socket) error{
		"bind":        func(s *sock.Socket) error { return s.Bind(sock.Addr{}) },
		"listen":      func(s *sock.Socket) error { return s.Listen(1) },
		"accept":      func(s *sock.Socket) error { _, _, err := s.Accept(); return err },
		"connect":     func(s *sock.Socket) error { a, _ := sock.UnixAddr("/nowhere"); return s.Connect(a) },
		"shutdown":    func(s *sock.Socket) error { return s.CloseWrite() },
		"getsockname": func(s *sock.Socket) error { _, err := s.Sockname(); return err },
		"getpeername": func(s *sock.Socket) error { _, err := s.Peername(); return err },
		"getsockopt":  func(s *sock.Socket) error { _, err := sockopt.RecvBuffer.Get(s); return err },
		"setsockopt":  func(s *sock.Socket) error { return sockopt.RecvBuffer.Set(s, 9999) },
		"sendto":      func(s *sock.Socket) error { _, err := s.Send(p[:], 0); return err },
		"write":       func(s *sock.Socket) error { _, err := s.Write(p[:]); return err },
		"recvfrom":    func(s *sock.Socket) error { _, err := s.Recv(p[:], 0); return err },
		"sendmsg":     func(s *sock.Socket) error { _, err := s.Writev([][]byte{p[:]}); return err },
		"recvmsg":     func(s *sock.Socket) error { _, err := s.Readv([][]byte{p[:]}); return err },
		"poll":        func(s *sock.Socket) error { _, err := s.Wait(sock.Readable); return err },
		"wait":        func(s *sock.Socket) error { _, err := s.Wait(sock.Readable | sock.Priority); return err },
		"fcntl":       func(s *sock.Socket) error { d, err := s.Dup(); d.Close(); return err },
		"ioctl":       func(s *sock.Socket) error { _, err := s.AtMark(); return err },
		"close":       func(s *sock.Socket) error { return s.Close() },
	} {
		for _, closes := range []bool{false, true} {
			sock.SetTracer(nil)
			a, b := streams(t, "pair")
			if name != "wait" && name != "poll" {
				wantErr(t, first(b.Send([]byte("word"), 0)), nil)
			} else if !closes {
				wantErr(t, b.Close(), nil)
			}
			busy, shown := false, 0
			sock.SetTracer(func(c sock.Call) {
				if busy { // what the tracer itself calls
					return
				}
				busy = true
				defer func() { busy = false }()
				shown++
				a.Sockname()
				a.Send(p[:], 0)
				if closes {
					a.Close()
				}
			})
			done := make(chan bool)
			go func() {
				defer close(done)
				call(a)
			}()
			recvTimeout(t, done)
			sock.SetTracer(nil)
			if shown == 0 && name != "bind" {
				t.Errorf("%s: nothing shown", name)
			}
			if wasClosed := a.FD() < 0; wasClosed != (closes && name != "bind" || name == "close") {
				t.Errorf("%s: closed %v", name, wasClosed)
			}
			a.Close()
		}
	}
}

func first[T any](_ T, err error) error { return err }

// A Call has of a buffer no more than a copy of its beginning.
func TestTraceKeepsNoBuffer(t *testing.T) {
	a, b := streams(t, "pair")
	r := record(t)
	var dropped []weak.Pointer[[4096]byte]
	func() {
		use := func(f func(p []byte)) {
			p := new([4096]byte)
			copy(p[:], strings.Repeat("a", 100))
			dropped = append(dropped, weak.Make(p))
			f(p[:])
			clear(p[:])
		}
		use(func(p []byte) { a.Send(p, 0) })
		use(func(p []byte) { b.Recv(p, 0) })
		use(func(p []byte) { a.Writev([][]byte{p[:10], p[10:]}) })
		use(func(p []byte) { b.Readv([][]byte{p[:7], p[7:]}) })
		use(func(p []byte) { a.SendMsg(&sock.Message{Bufs: [][]byte{p}}, 0) })
		use(func(p []byte) { b.RecvMsg(&sock.Message{Bufs: [][]byte{p}, Control: p[4000:]}, 0) })
	}()
	calls := r.take()
	if len(calls) < 6 {
		t.Fatal(texts(calls))
	}
	for _, c := range calls {
		if c.Err == nil && c.Len > 0 && string(c.Data) != strings.Repeat("a", sock.TracePrefix) {
			t.Errorf("%s: %q", c, c.Data)
		}
		if cap(c.Data) > sock.TracePrefix {
			t.Errorf("%s: room for %d bytes", c, cap(c.Data))
		}
	}
	runtime.GC()
	for i, p := range dropped {
		if p.Value() != nil {
			t.Errorf("buffer %d is still kept", i)
		}
	}
	runtime.KeepAlive(calls)
}

// Of all the fields only Data, strings and Err could hold something of the
// caller's; a new one is to be thought about.
func TestTraceCallIsValue(t *testing.T) {
	t.Parallel()
	want := []string{"string", "int", "string", "sock.Addr", "sock.Flags", "int", "[]uint8", "int", "error", "time.Time", "time.Duration"}
	var got []string
	for i := range reflect.TypeFor[sock.Call]().NumField() {
		got = append(got, reflect.TypeFor[sock.Call]().Field(i).Type.String())
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// On, off, and exchanged while calls are made and wait.
func TestTraceExchanged(t *testing.T) {
	if !sys.Supported {
		t.Skip("no sockets on ", runtime.GOOS)
	}
	t.Cleanup(func() { sock.SetTracer(nil) })
	done := make(chan error)
	const talkers, rounds = 4, 300
	for range talkers {
		a, b := streams(t, "pair")
		go func() { answer(b) }()
		go func() {
			for range rounds {
				var p [1]byte
				if _, err := a.Send(p[:], 0); err != nil {
					done <- err
					return
				}
				if _, err := a.Recv(p[:], 0); err != nil {
					done <- err
					return
				}
			}
			done <- a.Close()
		}()
	}
	for left := talkers; left > 0; {
		n := 0
		sock.SetTracer(func(sock.Call) { _ = n })
		runtime.Gosched()
		sock.SetTracer(nil)
		select {
		case err := <-done:
			wantErr(t, err, nil)
			left--
		default:
		}
	}
}

// Off again it costs what it cost before: nothing that allocates.
func TestTraceOffCostsNothing(t *testing.T) {
	switch runtime.GOOS {
	case "darwin", "openbsd":
		t.Skip(runtime.GOOS, " is called through golang.org/x/sys, which allocates")
	}
	if raceDetector {
		t.Skip("the race detector is measured with the rest")
	}
	a, b := streams(t, "pair")
	r := record(t)
	talk := func() {
		var p [8]byte
		a.Send(p[:], 0)
		b.Recv(p[:], 0)
	}
	talk()
	if len(r.take()) != 2 {
		t.Error("the tracer saw nothing")
	}
	sock.SetTracer(nil)
	if n := testing.AllocsPerRun(100, talk); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if c := r.take(); c != nil {
		t.Error("still traced: ", texts(c))
	}
}

// Time and order: a Call's Start is before the next one's, and Close's is last.
func TestTraceTimes(t *testing.T) {
	a, b := streams(t, "tcp4")
	r := record(t)
	before := time.Now()
	a.Send([]byte("x"), 0)
	b.Wait(sock.Readable)
	b.Recv(make([]byte, 1), 0)
	b.Close()
	after := time.Now()
	last := before
	for _, c := range r.take() {
		if c.Start.Before(last) || c.Duration < 0 || c.Start.Add(c.Duration).After(after) {
			t.Errorf("%v: %v, %v", c, c.Start, c.Duration)
		}
		last = c.Start
	}
	if last.Equal(before) {
		t.Error("nothing was shown")
	}
	if _, err := a.Recv(make([]byte, 1), 0); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Log(err)
	}
}

// A batch is one call on Linux, and is shown with its first messages.
func TestTraceBatch(t *testing.T) {
	if !sys.HasMmsg {
		t.Skip("here every message is a call of its own")
	}
	r := record(t)
	a, from, b, to := datagrams(t, "udp4")
	out, in := sock.NewBatch(5, 0, 0), sock.NewBatch(8, 4, 16)
	adds(t, out, to, "one", "", "three!", "4", "5")
	r.take()
	if n, err := a.SendBatch(out, 0); n != 5 || err != nil {
		t.Fatal(n, err)
	}
	calls := r.shows(t, fmt.Sprintf(`sendmmsg(%d, [{%v, "one"}, {%v, ""}, {%v, "three!"}, ...], 5, %s) = 5`, a.FD(), to, to, to, sends(0)))
	if c := calls[0]; c.Len != 11 || string(c.Data) != "one" {
		t.Errorf("%d bytes, %q", c.Len, c.Data)
	}
	if n, err := b.RecvBatch(in, 0); n != 5 || err != nil {
		t.Fatal(n, err)
	}
	r.shows(t, fmt.Sprintf(`recvmmsg(%d, [{%v, "one", 0}, {%v, "", 0}, {%v, "thre", MSG_TRUNC}, ...], 8, %s, NULL) = 5`, b.FD(), from, from, from, recvs(0)))
	_, err := b.RecvBatch(in, sock.DontWait)
	wantErr(t, err, sock.ErrWouldBlock)
	r.shows(t, fmt.Sprintf(`recvmmsg(%d, [], 8, %s, NULL) = -1 EAGAIN (%v)`, b.FD(), recvs(0), sys.EAGAIN))
}
