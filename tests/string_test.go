package sock_test

import (
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/berkeleysockets/sock"
)

// printed compares what fmt.Println prints of v.
func printed(t *testing.T, v any, want string) {
	t.Helper()
	if got := strings.TrimSuffix(fmt.Sprintln(v), "\n"); !regexp.MustCompile("^(" + want + ")$").MatchString(got) {
		t.Errorf("prints %q, want %s", got, want)
	}
}

func TestString(t *testing.T) {
	t.Parallel()
	quoted := regexp.QuoteMeta
	l, at := listening(t, "tcp4")
	printed(t, l, `socket \d+: AF_INET, SOCK_STREAM, listening`)
	printed(t, sock.Listener(l), `socket \d+: AF_INET, SOCK_STREAM, listening, address `+quoted(at.String()))
	printed(t, sock.Listener(nil), `closed socket`)
	c := open(t, sock.Inet, sock.Stream)
	c.SetNonblock(true)
	printed(t, c, fmt.Sprintf(`socket %d: AF_INET, SOCK_STREAM, non-blocking`, c.FD()))
	c.SetNonblock(false)
	wantErr(t, c.Connect(at), nil)
	printed(t, c, fmt.Sprintf(`socket %d: AF_INET, SOCK_STREAM, peer %s`, c.FD(), quoted(at.String())))
	s, from, err := l.Accept()
	wantErr(t, err, nil)
	printed(t, s, `socket \d+: AF_INET, SOCK_STREAM, peer `+quoted(from.String()))
	wantErr(t, s.Close(), nil)
	printed(t, s, `closed socket: AF_INET, SOCK_STREAM, peer `+quoted(from.String()))

	u, err := sock.Open(sock.Inet, sock.Dgram, sock.UDP)
	wantErr(t, err, nil)
	defer u.Close()
	printed(t, u, `socket \d+: AF_INET, SOCK_DGRAM, IPPROTO_UDP`)
	loopback, err := sock.ParseAddr("127.0.0.1:0")
	wantErr(t, err, nil)
	wantErr(t, u.Bind(loopback), nil)
	printed(t, sock.PacketConn(u), `socket \d+: AF_INET, SOCK_DGRAM, IPPROTO_UDP, address 127\.0\.0\.1:\d+`)
	printed(t, sock.PacketConn(nil), `closed socket`)
	a, _ := streams(t, "pair")
	printed(t, a, `socket \d+: AF_UNIX, SOCK_STREAM.*`)
	printed(t, (*sock.Socket)(nil), `<nil>`)
	printed(t, new(sock.Socket), `closed socket`)

	printed(t, sock.NewBatch(8, 0, 0), `batch: 0 of 8 messages`)
	b := sock.NewBatch(8, 1500, 64)
	wantErr(t, b.Add([]byte("x"), nil, at), nil)
	printed(t, b, `batch: 1 of 8 messages, room for 1500 bytes and 64 of control messages in each`)
	printed(t, sock.NewBatch(1<<20, 1<<30, 0), `a batch of more than 2 GiB`)
	printed(t, (*sock.Batch)(nil), `<nil>`)
	printed(t, new(sock.Batch), `batch: 0 of 0 messages`)

	m := sock.Message{Bufs: [][]byte{make([]byte, 3), make([]byte, 4)}, Control: make([]byte, 24), Addr: at}
	want := `message: 7 bytes in 2 buffers, 24 of control messages, address ` + quoted(at.String())
	printed(t, m, want)
	printed(t, &m, want)
	m.N, m.NControl, m.Flags = 5, 16, sock.Trunc
	printed(t, &m, want+`; received 5 and 16, MSG_TRUNC`)
	printed(t, sock.Message{}, `message: 0 bytes in 0 buffers`)
	printed(t, (*sock.Message)(nil), `<nil>`)

	printed(t, sock.Group{Addr: netip.MustParseAddr("232.1.2.3"), Interface: 2, Source: netip.MustParseAddr("10.0.0.1")}, `232\.1\.2\.3, interface 2, source 10\.0\.0\.1`)
	printed(t, sock.Group{Addr: netip.MustParseAddr("ff02::1")}, `ff02::1`)
	printed(t, &sock.Error{}, ``)
	printed(t, &sock.Error{Op: "bind", Addr: at}, `bind `+quoted(at.String()))
}

func TestStringPoller(t *testing.T) {
	t.Parallel()
	p, err := sock.NewPoller()
	wantErr(t, err, nil)
	printed(t, p, `poller( \d+)?: 0 registered`)
	a, b := streams(t, "pair")
	for _, s := range []*sock.Socket{a, b} {
		s.SetNonblock(true)
		wantErr(t, p.Add(s, sock.Readable, nil), nil)
	}
	printed(t, p, `poller( \d+)?: 2 registered`)
	send(t, a, "x")
	events := make([]sock.Event, 2)
	n, err := p.Wait(events, time.Minute)
	if n != 1 || err != nil {
		t.Fatal(n, err)
	}
	printed(t, events[0], `socket \d+: AF_UNIX, SOCK_STREAM, non-blocking.*: Readable`)
	wantErr(t, p.Remove(a), nil)
	printed(t, p, `poller( \d+)?: 1 registered`)
	wantErr(t, b.Close(), nil)
	printed(t, p, `poller( \d+)?: 0 registered`)
	wantErr(t, p.Close(), nil)
	printed(t, p, `closed poller`)
	printed(t, (*sock.Poller)(nil), `<nil>`)
	printed(t, sock.Event{FD: 5, Ready: sock.Readable | sock.Hangup}, `descriptor 5: Readable\|Hangup`)
}

// What others do with a Socket meanwhile does not disturb, nor does a path that is
// meant to.
func TestStringBesides(t *testing.T) {
	t.Parallel()
	hostile, err := sock.UnixAddr(strings.Repeat("\x1b[2J", 20))
	wantErr(t, err, nil)
	printed(t, sock.Message{Addr: hostile}, `message: 0 bytes in 0 buffers, address unix:"(\\x1b\[2J){20}"`)
	for range 100 {
		a, b := streams(t, "tcp4")
		done := make(chan error, 1)
		go func() {
			a.SetNonblock(true)
			a.Send([]byte("x"), 0)
			done <- a.Close()
		}()
		for range 20 {
			if text := a.String(); len(text) > 300 || !strings.Contains(text, ": AF_INET, SOCK_STREAM") {
				t.Error(text)
			}
		}
		wantErr(t, recvTimeout(t, done), nil)
		wantErr(t, b.Close(), nil)
	}
}

// A tracer may print the Socket whose call it is shown, and what it prints makes no
// call. Not parallel: there is one tracer.
func TestStringTraced(t *testing.T) {
	a, _ := streams(t, "pair")
	p, err := sock.NewPoller()
	wantErr(t, err, nil)
	defer p.Close()
	var names []string
	sock.SetTracer(func(c sock.Call) {
		if c.FD == a.FD() {
			names = append(names, c.Name)
			_ = a.String() + p.String()
		}
	})
	defer sock.SetTracer(nil)
	send(t, a, "x")
	_ = a.String() + p.String()
	sock.SetTracer(nil)
	if len(names) != 1 || names[0] != "sendto" {
		t.Errorf("the calls were %v, want sendto alone", names)
	}
}
