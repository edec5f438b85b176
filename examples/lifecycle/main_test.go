package main

import (
	"net"
	"os"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/examples/internal/programtest"
)

func TestMain(m *testing.M) { programtest.Main(m, main) }

func TestUsage(t *testing.T) {
	t.Parallel()
	programtest.Usages{
		{[]string{"127.0.0.1:1"}, 2, `^lifecycle: there are no arguments, only flags: -h lists them\n$`},
		{[]string{"-at", "localhost"}, 2, `^lifecycle: address .*\n$`},
		{[]string{"-at", "unix:/tmp/x"}, 2, `^lifecycle: unix:/tmp/x is no address of TCP\n$`},
		{[]string{"-at", "192.0.2.1:0", "-act", "1"}, 1, `^lifecycle: bind 192\.0\.2\.1:0: .*\n$`},
		{[]string{"-act", "8"}, 2, `^lifecycle: there is no act 8: they are 1 to 7\n$`},
		{[]string{"-act", "-1"}, 2, `^lifecycle: there is no act -1: they are 1 to 7\n$`},
		{[]string{"-act", "one"}, 2, `^lifecycle: invalid value "one"`},
		{[]string{"-slow", "-1s"}, 2, `^lifecycle: a pause of -1s is none\n$`},
		{[]string{"-slow", "1s", "-step"}, 2, `^lifecycle: -slow or -step, not both in one\n$`},
		{[]string{"-client", "x"}, 2, `^lifecycle: flag provided but not defined`},
		{[]string{"-h"}, 0, `(?s)-act.*-at.*-slow.*-step.*-trace`},
	}.Test(t)
}

// A port that somebody else listens at is one line, and no state.
func TestPortInUse(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, act := range []string{"1", "4", "6"} {
		p := programtest.Own(t, "-act", act, "-at", l.Addr().String()).Start(strings.NewReader(""))
		p.Wait(1)
		if want := "lifecycle: bind " + l.Addr().String() + ": "; !strings.HasPrefix(p.Err.String(), want) || strings.Count(p.Err.String(), "\n") != 1 {
			t.Errorf("act %s: stderr is %q, want %q and why", act, p.Err.String(), want)
		}
	}
}

// Ctrl-C ends both kinds of pause at once, and is no failure.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		for _, pause := range []string{"-step", "-slow=1h"} {
			p := programtest.Own(t, pause).Start(nil)
			p.Out.Find(t, `server: Open.*\n`)
			p.Signal(signal)
			if p.Err.String() != "" || strings.Contains(p.Out.String(), "Bind") {
				t.Errorf("%v, %s: went on, or said %q", signal, pause, p.Err.String())
			}
		}
	}
}

// Enter goes on by one line, and the end of the input to the end.
func TestStepEndOfInput(t *testing.T) {
	t.Parallel()
	p := programtest.Own(t, "-step", "-act", "1").Start(nil)
	p.Out.Find(t, `server: Open.*\n`)
	p.Says("\n")
	p.Out.Find(t, `server: Bind.*\n`)
	if strings.Contains(p.Out.String(), "Listen") {
		t.Error("one Enter was two lines")
	}
	if err := p.In.Close(); err != nil {
		t.Fatal(err)
	}
	p.Wait(0)
	if !regexp.MustCompile(`\n  client: Close .*\n$`).MatchString(p.Out.String()) {
		t.Errorf("it ends with %q", p.Out.String())
	}
}

func TestSlow(t *testing.T) {
	t.Parallel()
	p := programtest.Own(t, "-slow", "1ms", "-act", "6").Start(strings.NewReader(""))
	p.Wait(0)
	if n := strings.Count(p.Out.String(), "\n"); n < 5 {
		t.Errorf("%d lines", n)
	}
}

// Other clients that come before ours are sent away.
func TestOthersFirst(t *testing.T) {
	t.Parallel()
	p := programtest.Own(t, "-step", "-act", "1").Start(nil)
	p.Out.Find(t, `server: Open.*\n`)
	p.Says("\n")
	port := p.Out.Find(t, `server: Bind, port (\d+) .*\n`)
	p.Says("\n")
	p.Out.Find(t, `server: Listen.*\n`)
	for range 3 {
		c, err := net.Dial("tcp4", "127.0.0.1:"+port)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := c.Write([]byte("GET / HTTP/1.1\r\n\r\n")); err != nil {
			t.Fatal(err)
		}
	}
	p.In.Close()
	p.Wait(0)
	if !strings.Contains(p.Out.String(), `server: Recv "hello"`) || strings.Contains(p.Out.String(), "expected") {
		t.Error("the act went another way")
	}
}

// Other clients that fill the backlog, so that our client cannot connect, are a failure
// and no hang.
func TestOthersFillBacklog(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("how many may wait differs by system")
	}
	p := programtest.Own(t, "-step", "-act", "4").Start(nil)
	port := p.Out.Find(t, `server: Listen\(1\), port (\d+) .*\n`)
	for range 2 {
		c, err := net.Dial("tcp4", "127.0.0.1:"+port)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	p.In.Close()
	p.Wait(1)
	if want := "lifecycle: connect 127.0.0.1:" + port + ": i/o timeout\n"; p.Err.String() != want {
		t.Errorf("stderr is %q, want %q", p.Err.String(), want)
	}
}

// An end is known by both addresses; a listener is no end.
func TestBetween(t *testing.T) {
	t.Parallel()
	needsStates(t)
	ask, err := newAsker()
	if err != nil {
		t.Fatal(err)
	}
	defer ask.Close()
	for _, network := range []string{"tcp4", "tcp6"} {
		l, err := net.Listen(network, programtest.Place(t, network))
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		c, err := net.Dial(network, l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		listener, client := parsed(t, l.Addr()), parsed(t, c.LocalAddr())
		for _, want := range []struct {
			local, remote sock.Addr
			state         string
		}{
			{client, listener, "ESTABLISHED"},
			{listener, client, "ESTABLISHED"},
			{listener, listener, ""}, // there is the listener only
			{client, client, ""},
		} {
			if state, err := ask.between(want.local, want.remote); err != nil || state != want.state {
				t.Errorf("between %v and %v: %q, %v, want %q", want.local, want.remote, state, err, want.state)
			}
		}
	}
}

func parsed(t *testing.T, a net.Addr) sock.Addr {
	t.Helper()
	addr, err := sock.ParseAddr(a.String())
	if err != nil {
		t.Fatal(err)
	}
	return addr
}

func TestDemoInterrupted(t *testing.T) {
	t.Parallel()
	programtest.Interrupted(t, "-act", "1")
}
