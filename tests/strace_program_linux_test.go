package sock_test

import (
	"encoding/json"
	"errors"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/sockopt"
)

// A tracedCall is a Call as the session's process writes it down.
type tracedCall struct {
	Text   string // of String
	Name   string
	FD     int
	Addr   string
	Flags  string
	Len    int
	Data   []byte
	Result int
	Start  time.Time
}

func init() {
	children["session"] = func(args []string) error { return traceSession(args[0], args[1]) }
}

// mark shows in strace's output where a part of the session begins.
func mark(n int) { unix.Close(-100 - n) }

// traceSession runs the session, whose unix sockets have names in dir, and
// writes its calls to a file.
func traceSession(file, dir string) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = r.(error)
		}
	}()
	// What Go opens for itself is open before the session begins.
	r, w, err := os.Pipe()
	check(err)
	defer r.Close()
	defer w.Close()
	unregistered, err := net.Listen("tcp4", "127.0.0.1:0")
	check(err)
	defer unregistered.Close()

	var mu sync.Mutex
	var calls []tracedCall
	sock.SetTracer(func(c sock.Call) {
		mu.Lock()
		defer mu.Unlock()
		calls = append(calls, tracedCall{c.String(), c.Name, c.FD, c.Addr.String(), c.Flags.String(), c.Len, c.Data, c.Result, c.Start})
	})
	blocking := must1(unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM, 0))
	p := &play{dir, blocking, int(r.Fd())}
	mark(0)
	p.tcp(must1(sock.ParseAddr("127.0.0.1:0")))
	if a := must1(sock.ParseAddr("[::1]:0")); p.possible(a) {
		p.tcp(a)
		p.udp(a)
	}
	p.udp(must1(sock.ParseAddr("127.0.0.1:0")))
	p.unix()
	p.control()
	p.full()
	p.failures()
	f := p.ownership(unregistered)
	defer f.Close()
	p.parked()
	x, y := p.pair(sock.Stream)
	v, z := p.pair(sock.Stream)
	mark(1)
	p.crowd(x, y, v, z)
	mark(2)
	sock.SetTracer(nil)
	out, err := json.Marshal(calls)
	check(err)
	return os.WriteFile(file, out, 0o600)
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func must1[T any](v T, err error) T {
	check(err)
	return v
}

// fails checks that a call failed as it should.
func fails(err, want error) {
	if !errors.Is(err, want) {
		panic(errors.Join(errors.New("not as expected"), err, want))
	}
}

// A play is what the session does; each method is a scene.
type play struct {
	dir      string
	blocking int // a socket's descriptor, not ours
	file     int // one that is no socket's
}

func (p *play) possible(a sock.Addr) bool {
	s, err := sock.Open(a.Domain(), sock.Dgram, 0)
	if err != nil {
		return false
	}
	defer s.Close()
	return s.Bind(a) == nil
}

func (p *play) pair(t sock.Type) (a, b *sock.Socket) {
	a, b, err := sock.Pair(sock.Unix, t, 0)
	check(err)
	return a, b
}

func (p *play) say(a, b *sock.Socket, text string) {
	must1(a.Send([]byte(text), 0))
	buf := make([]byte, len(text)+10)
	must1(b.Recv(buf, 0))
}

func (p *play) tcp(at sock.Addr) {
	l := must1(sock.Open(at.Domain(), sock.Stream, 0, sockopt.ReuseAddr.With(true)))
	if at.Domain() == sock.Inet6 {
		check(sockopt.IPv6Only.Set(l, true))
	}
	check(l.Bind(at))
	check(l.Listen(7))
	name := must1(l.Sockname())
	must1(sockopt.AcceptConn.Get(l))

	l.SetNonblock(true)
	_, _, err := l.Accept()
	fails(err, sock.ErrWouldBlock)

	c := must1(sock.Open(at.Domain(), sock.Stream, sock.TCP))
	c.SetNonblock(true)
	if err := c.Connect(name); err != nil {
		fails(err, sock.ErrInProgress)
		must1(c.Wait(sock.Writable))
		check(c.ConnectResult())
	}
	must1(l.Wait(sock.Readable))
	s, _, err := l.Accept()
	check(err)
	must1(c.Peername())
	must1(s.Sockname())

	s.SetNonblock(false) // it is in the listener's mode
	check(sockopt.TCPNoDelay.Set(c, true))
	must1(sockopt.TCPNoDelay.Get(c))

	p.say(c, s, "hello")
	p.say(c, s, "\"quoted\" \\ \t\r\n\v\f\a\x00\x001\x007\x80\xff")
	p.say(s, c, strings.Repeat("0123456789", 4))
	p.say(s, c, strings.Repeat("x", 32))
	p.say(s, c, strings.Repeat("y", 33))
	_, err = c.Recv(make([]byte, 5), 0)
	fails(err, sock.ErrWouldBlock)
	_, err = s.Recv(make([]byte, 5), sock.DontWait)
	fails(err, sock.ErrWouldBlock)
	must1(c.Write([]byte("written")))
	must1(s.Recv(make([]byte, 7), sock.Peek))
	must1(s.Recv(make([]byte, 7), sock.WaitAll))
	must1(c.Writev([][]byte{[]byte("one"), {}, []byte("two"), []byte(strings.Repeat("z", 40))}))
	must1(s.Readv([][]byte{make([]byte, 4), make([]byte, 10), make([]byte, 100)}))
	must1(c.Send(nil, 0))
	must1(c.Send([]byte("!"), sock.OOB))
	must1(s.Wait(sock.Priority))
	must1(s.Recv(make([]byte, 1), sock.OOB))
	must1(s.AtMark())

	check(sockopt.KeepAlive.Set(c, true))
	check(sockopt.RecvBuffer.Set(c, 20_000))
	must1(sockopt.RecvBuffer.Get(c))
	must1(sockopt.Linger.Get(c))
	check(sockopt.Linger.Set(c, sockopt.LingerValue{On: true, Timeout: 3 * time.Second}))
	must1(sockopt.Error.Get(c))
	if at.Domain() == sock.Inet {
		check(sockopt.IPTTL.Set(c, 7))
		must1(sockopt.IPTTL.Get(c))
	}

	check(c.Shutdown(sock.ShutWrite))
	must1(s.Wait(sock.Readable))
	must1(s.Recv(make([]byte, 5), 0))
	_, err = c.Send([]byte("late"), 0)
	fails(err, unix.EPIPE)
	check(s.Close())
	check(c.Close())

	b := must1(sock.Open(at.Domain(), sock.Stream, 0))
	check(b.Connect(name))
	check(b.Shutdown(sock.ShutBoth))
	check(b.Close())
	check(l.Close())
}

func (p *play) udp(at sock.Addr) {
	a, b := must1(sock.Open(at.Domain(), sock.Dgram, 0)), must1(sock.Open(at.Domain(), sock.Dgram, sock.UDP))
	check(a.Bind(at))
	check(b.Bind(at))
	to := must1(b.Sockname())
	must1(a.SendTo([]byte("datagram"), 0, to))
	buf := make([]byte, 20)
	_, from, err := b.RecvFrom(buf, 0)
	check(err)
	must1(a.SendTo(nil, sock.DontRoute, to))
	must1(b.Recv(buf, 0))
	must1(a.SendMsg(&sock.Message{Bufs: [][]byte{[]byte("two "), []byte("pieces")}, Addr: to}, 0))
	must1(b.RecvMsg(&sock.Message{Bufs: [][]byte{make([]byte, 20)}, Control: make([]byte, 64)}, 0))
	must1(a.SendMsg(&sock.Message{Addr: to}, 0))
	must1(b.RecvMsg(&sock.Message{Bufs: [][]byte{make([]byte, 20)}}, 0))
	must1(a.SendTo([]byte("cut off"), 0, to))
	must1(b.RecvMsg(&sock.Message{Bufs: [][]byte{make([]byte, 3)}}, 0))
	must1(a.SendTo([]byte("measured"), 0, to))
	must1(b.Recv(make([]byte, 3), sock.Trunc))
	_, err = b.RecvMsg(&sock.Message{Bufs: [][]byte{make([]byte, 3)}}, sock.DontWait)
	fails(err, sock.ErrWouldBlock)
	_, _, err = b.RecvFrom(buf, sock.DontWait)
	fails(err, sock.ErrWouldBlock)
	_, err = b.Recv(buf, sock.ErrQueue)
	fails(err, sock.ErrWouldBlock)
	_, err = a.SendTo(make([]byte, 70_000), 0, to)
	fails(err, unix.EMSGSIZE)
	check(b.Connect(from))
	must1(b.Send([]byte("connected"), 0))
	must1(a.Recv(buf, 0))
	check(a.Close())
	must1(b.Send([]byte("to nobody"), 0))
	_, err = b.Recv(buf, 0)
	fails(err, unix.ECONNREFUSED)
	check(b.Connect(must1(sock.RawAddr([]byte{0, 0})))) // of no family: forgets its peer
	check(b.Close())
}

func (p *play) unix() {
	for _, at := range []sock.Addr{
		must1(sock.UnixAddr(p.dir + "/plain")),
		must1(sock.UnixAddr(p.dir + "/a \"b\"\t\\c\x01\xff")),
		must1(sock.AbstractAddr(strings.ReplaceAll(p.dir, "/", "-"))),
		must1(sock.AbstractAddr(strings.ReplaceAll(p.dir, "/", "\x00") + "\x00")),
	} {
		l := must1(sock.Open(sock.Unix, sock.Stream, 0))
		check(l.Bind(at))
		check(l.Listen(0))
		must1(l.Sockname())
		c := must1(sock.Open(sock.Unix, sock.Stream, 0))
		check(c.Connect(at))
		s, _, err := l.Accept()
		check(err)
		must1(c.Peername())
		must1(s.Peername())
		must1(c.Sockname())
		check(s.Close())
		check(c.Close())
		check(l.Close())

		a, b := must1(sock.Open(sock.Unix, sock.Dgram, 0)), must1(sock.Open(sock.Unix, sock.Dgram, 0))
		other := must1(sock.UnixAddr(p.dir + "/other"))
		os.Remove(at.Path())
		check(b.Bind(at))
		must1(a.SendTo([]byte("from nobody"), 0, at))
		_, _, err = b.RecvFrom(make([]byte, 20), 0)
		check(err)
		check(a.Bind(other))
		must1(a.SendTo([]byte("from somebody"), 0, at))
		must1(b.RecvMsg(&sock.Message{Bufs: [][]byte{make([]byte, 20)}}, 0))
		check(a.Close())
		check(b.Close())
		os.Remove(other.Path())
	}
	s := must1(sock.Open(sock.Unix, sock.Dgram, 0))
	check(s.Bind(must1(sock.ParseAddr("unix:")))) // the kernel picks a name
	must1(s.Sockname())
	check(s.Close())
}

func (p *play) control() {
	a, b := p.pair(sock.SeqPacket)
	var rights []byte
	check(a.WithFD(func(fd int) error { rights = unix.UnixRights(fd); return nil }))
	must1(a.SendMsg(&sock.Message{Bufs: [][]byte{[]byte("rights")}, Control: rights}, sock.EOR))
	m := sock.Message{Bufs: [][]byte{make([]byte, 10)}, Control: make([]byte, 100)}
	must1(b.RecvMsg(&m, 0))
	for _, c := range must1(unix.ParseSocketControlMessage(m.Control[:m.NControl])) {
		for _, fd := range must1(unix.ParseUnixRights(&c)) {
			unix.Close(fd)
		}
	}
	must1(a.SendMsg(&sock.Message{Bufs: [][]byte{[]byte("cut")}, Control: rights}, 0))
	must1(b.RecvMsg(&sock.Message{Bufs: [][]byte{make([]byte, 10)}}, 0))
	check(a.Close())
	must1(b.Recv(make([]byte, 10), 0))
	check(b.Close())
}

func (p *play) full() {
	a, b := p.pair(sock.Stream)
	check(sockopt.SendBuffer.Set(a, 1))
	a.SetNonblock(true)
	var err error
	for err == nil {
		_, err = a.Send(make([]byte, 3000), 0)
	}
	fails(err, sock.ErrWouldBlock)
	check(a.Close())
	check(b.Close())
}

func (p *play) failures() {
	at := must1(sock.ParseAddr("127.0.0.1:0"))
	s := must1(sock.Open(sock.Inet, sock.Stream, 0))
	fails(s.Bind(must1(sock.ParseAddr("192.0.2.1:7"))), unix.EADDRNOTAVAIL)
	fails(s.Bind(must1(sock.ParseAddr("unix:/nowhere"))), unix.EINVAL)
	check(s.Bind(at))
	name := must1(s.Sockname())
	fails(s.Bind(at), unix.EINVAL)
	_, _, err := s.Accept()
	fails(err, unix.EINVAL)
	_, err = s.Peername()
	fails(err, unix.ENOTCONN)
	_, err = s.Recv(make([]byte, 1), 0)
	fails(err, unix.ENOTCONN)
	fails(s.Shutdown(sock.ShutRead), unix.ENOTCONN)
	fails(s.Shutdown(77), unix.EINVAL)
	_, err = s.Send([]byte("?"), 0)
	fails(err, unix.EPIPE)
	fails(sockopt.IPTTL.Set(s, 999), unix.EINVAL)
	fails(sockopt.IPv6Only.Set(s, true), unix.ENOPROTOOPT)
	_, err = sockopt.IPv6Only.Get(s)
	fails(err, unix.EOPNOTSUPP)
	t := must1(sock.Open(sock.Inet, sock.Stream, 0))
	fails(t.Bind(name), unix.EADDRINUSE)
	fails(t.Connect(must1(sock.ParseAddr("[::1]:9"))), unix.EAFNOSUPPORT)
	fails(t.Connect(name), unix.ECONNREFUSED)
	check(t.Close())
	t = must1(sock.Open(sock.Inet, sock.Stream, 0))
	t.SetNonblock(true)
	if err := t.Connect(name); errors.Is(err, sock.ErrInProgress) {
		must1(t.Wait(sock.Writable))
		fails(t.ConnectResult(), unix.ECONNREFUSED)
	}
	check(t.Close())
	check(s.Close())

	u := must1(sock.Open(sock.Unix, sock.Dgram, 0))
	fails(u.Connect(must1(sock.UnixAddr(p.dir+"/nobody"))), unix.ENOENT)
	fails(u.Listen(1), unix.EOPNOTSUPP)
	_, err = u.Send([]byte("?"), 0)
	fails(err, unix.ENOTCONN)
	_, err = u.AtMark()
	if err == nil {
		panic(errors.New("AtMark of a datagram socket"))
	}
	check(u.Close())

	_, _, err = sock.Pair(sock.Inet, sock.Stream, 0)
	fails(err, unix.EOPNOTSUPP)
	_, err = sock.Open(sock.Unix, sock.Stream, 77)
	fails(err, unix.EPROTONOSUPPORT)
	_, err = sock.Open(sock.Inet, sock.Stream, sock.UDP)
	fails(err, unix.EPROTONOSUPPORT)
	_, err = sock.Open(sock.Inet, sock.Dgram, 0, sockopt.IPTTL.With(-5))
	fails(err, unix.EINVAL)
}

func (p *play) ownership(l net.Listener) *os.File {
	a, b := p.pair(sock.Stream)
	d := must1(a.Dup())
	check(a.Close())
	d = must1(sock.FromFD(must1(d.Detach())))
	p.say(b, d, "again")
	check(must1(sock.FromFD(p.blocking)).Close())
	_, err := sock.FromFD(p.file)
	fails(err, unix.ENOTSOCK)
	s := must1(sock.FromConn(l.(*net.TCPListener)))
	must1(s.Sockname())
	check(s.Close())
	f := must1(b.File())
	check(b.Close())
	check(d.Close())
	return f
}

// asleep waits until n goroutines are parked in Go's poller.
func asleep(n int) {
	buf := make([]byte, 1<<16)
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if strings.Count(string(buf[:runtime.Stack(buf, true)]), "[IO wait") >= n {
			return
		}
	}
	panic(errors.New("nobody waits"))
}

func (p *play) parked() {
	a, b := p.pair(sock.Stream)
	done := make(chan error)
	for _, wait := range []func() error{
		func() error { _, err := b.Recv(make([]byte, 9), 0); return err },
		func() error { _, err := b.Recv(make([]byte, 9), 0); return err }, // which asks first
		func() error { _, err := b.Read(make([]byte, 9)); return err },
		func() error {
			if _, err := b.Wait(sock.Readable); err != nil {
				return err
			}
			_, err := b.Recv(make([]byte, 9), 0)
			return err
		},
		func() error {
			if _, err := b.Wait(sock.Readable | sock.Priority); err != nil {
				return err
			}
			_, err := b.Recv(make([]byte, 9), 0)
			return err
		},
	} {
		go func() { done <- wait() }()
		asleep(1)
		must1(a.Send([]byte("wake up"), 0))
		check(<-done)
	}
	// A deadline, and Close.
	check(b.SetReadDeadline(time.Now().Add(time.Millisecond)))
	_, err := b.Recv(make([]byte, 9), 0)
	fails(err, os.ErrDeadlineExceeded)
	check(b.SetReadDeadline(time.Time{}))
	go func() { _, err := b.Recv(make([]byte, 9), 0); done <- err }()
	asleep(1)
	check(b.Close())
	fails(<-done, net.ErrClosed)
	check(a.Close())
}

// crowd has four goroutines talk at once, each on a descriptor of its own.
func (p *play) crowd(a, b, c, d *sock.Socket) {
	done := make(chan error)
	for _, x := range [][2]*sock.Socket{{a, b}, {c, d}} {
		go func() {
			_, err := x[0].Write(make([]byte, 1<<20))
			x[0].Close()
			done <- err
		}()
		go func() {
			var err error
			buf := make([]byte, 50_000)
			for n := 1; n > 0 && err == nil; {
				n, err = x[1].Recv(buf, 0)
			}
			x[1].Close()
			done <- err
		}()
	}
	for range 4 {
		check(<-done)
	}
}
