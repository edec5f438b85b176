package main

import (
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/examples/internal/programtest"
)

// needsStates skips where the kernel does not tell them.
func needsStates(t *testing.T) {
	t.Helper()
	ask, err := newAsker()
	if err != nil {
		t.Fatal(err)
	}
	defer ask.Close()
	at, err := sock.ParseAddr("127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	if state, err := ask.between(at, at); err != nil {
		t.Fatal(err)
	} else if state == unknown {
		t.Skip("the kernel does not tell the states of closed ends here")
	}
}

// filterRefused returns the kernel's refusal to give this process a filter on a TCP
// socket.
var filterRefused = sync.OnceValue(func() error {
	s, err := sock.Open(sock.Inet, sock.Stream, 0)
	if err != nil {
		return err
	}
	defer s.Close()
	return s.AttachFilter(lost)
})

// needFilter matches the states that only last while segments are lost.
var needFilter = regexp.MustCompile(`FIN_WAIT_1|LAST_ACK|CLOSING|DetachFilter`)

// Without the privilege acts 2 and 3 say why they end early, and the others are
// played.
func TestDemoUnprivileged(t *testing.T) {
	t.Parallel()
	needsStates(t)
	p := programtest.Own(t)
	if filterRefused() == nil {
		without := programtest.Installed(t, "setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin")
		p.Cmd.Path, p.Cmd.Args = without.Cmd.Path, append(without.Cmd.Args, p.Cmd.Args...)
	}
	p.Start(strings.NewReader("")).Wait(0)
	if p.Err.String() != "" {
		t.Errorf("stderr: %s", p.Err.String())
	}
	out := p.Out.String()
	if strings.Count(out, errPrivilege.Error()) == 0 && !strings.Contains(out, "CLOSING") {
		t.Error("neither the states of act 3 nor a reason")
	}
	for n, act := range acts {
		if want := string(rune('1'+n)) + ". " + act.title + "\n"; !strings.Contains(out, want) {
			t.Errorf("no act %q", want)
		}
	}
}

// Every line of every act shows the states that the act names: else it says which
// were expected.
func TestDemo(t *testing.T) {
	t.Parallel()
	needsStates(t)
	for _, at := range []string{"127.0.0.1:0", "0.0.0.0:0", "[::1]:0", "[::]:0"} {
		t.Run(at, func(t *testing.T) {
			t.Parallel()
			if strings.HasPrefix(at, "[") {
				programtest.Place(t, "tcp6")
			}
			p := programtest.Own(t, "-at", at).Start(strings.NewReader(""))
			p.Wait(0)
			if p.Err.String() != "" {
				t.Errorf("stderr: %s", p.Err.String())
			}
			if strings.Contains(p.Out.String(), "expected") || strings.Contains(p.Out.String(), " ? ") {
				t.Error("not all states are as expected")
			}
			for n, act := range acts {
				if want := string(rune('1'+n)) + ". " + act.title + "\n"; !strings.Contains(p.Out.String(), want) {
					t.Errorf("no act %q", want)
				}
			}
			if n := strings.Count(p.Out.String(), errPrivilege.Error()); filterRefused() == nil && n != 0 || filterRefused() != nil && n != 2 {
				t.Errorf("%d acts say that the filter is refused; to us the kernel says: %v", n, filterRefused())
			}
			for _, want := range []string{ // the lines that the others are there for
				`client: Connect, port \d+ +ESTABLISHED +ESTABLISHED +SYN`,
				`client: CloseWrite +FIN_WAIT_2 +CLOSE_WAIT`,
				`server: Close +TIME_WAIT +forgotten`,
				`client: Close +TIME_WAIT +forgotten`,
				`client: Connect, port \d+ +ESTABLISHED +SYN_RECV`,
				`client: CloseWrite +FIN_WAIT_1 +ESTABLISHED`,
				`server: Close +FIN_WAIT_2 +LAST_ACK`,
				`server: CloseWrite +FIN_WAIT_1 +FIN_WAIT_1`,
				`server: DetachFilter +FIN_WAIT_1 +CLOSING`,
				`client: DetachFilter +TIME_WAIT +TIME_WAIT`,
				`3rd client: Connect, port \d+ +SYN_SENT +-`,
				`3rd client: waits +ESTABLISHED +ESTABLISHED`,
				`client: Close +forgotten +CLOSE +RST`,
				`server: Recv: ECONNRESET +forgotten +CLOSE`,
				`client: Connect: ECONNREFUSED +CLOSE +-`,
				`new server: Bind: EADDRINUSE +forgotten +TIME_WAIT`,
				`new client: Connect, port \d+ +ESTABLISHED +ESTABLISHED`,
			} {
				if filterRefused() != nil && needFilter.MatchString(want) {
					continue
				}
				if !regexp.MustCompile(`(?m)^  ` + want).MatchString(p.Out.String()) {
					t.Errorf("no line %s", want)
				}
			}
		})
	}
}

// One port for all acts, twice: what is left of one does not hinder the next.
func TestDemoOnePort(t *testing.T) {
	t.Parallel()
	needsStates(t)
	first := programtest.Own(t, "-act", "7").Start(strings.NewReader(""))
	first.Wait(0)
	at := "127.0.0.1:" + first.Out.Find(t, `server: Listen, port (\d+) `)
	second := programtest.Own(t, "-at", at).Start(strings.NewReader(""))
	second.Wait(0)
	if strings.Contains(second.Out.String(), "expected") {
		t.Error("not all states are as expected")
	}
}

// The trace has the calls of the act, and not those that ask for the states.
func TestLifecycleTrace(t *testing.T) {
	t.Parallel()
	p := programtest.Own(t, "-trace").Start(strings.NewReader(""))
	p.Wait(0)
	wants := []string{
		`bind\(\d+, 127\.0\.0\.1:0\) = 0`,
		`listen\(\d+, 1\) = 0`,
		`connect\(\d+, 127\.0\.0\.1:\d+\) = (0|-1 EINPROGRESS)`, // FreeBSD may be done at once
		`shutdown\(\d+, SHUT_WR\) = 0`,
		`setsockopt\(\d+, SOL_SOCKET, SO_LINGER, .*\) = 0`,
		`recvfrom\(\d+, .*\) = -1 ECONNRESET`,
	}
	if keepsTimeWait {
		wants = append(wants, `bind\(\d+, 127\.0\.0\.1:\d+\) = -1 EADDRINUSE`)
	}
	switch {
	case runtime.GOOS == "linux" && filterRefused() != nil:
		wants = append(wants, `setsockopt\(\d+, SOL_SOCKET, SO_ATTACH_FILTER, .*\) = -1 EPERM`)
	case runtime.GOOS == "linux":
		wants = append(wants, `setsockopt\(\d+, SOL_SOCKET, SO_ATTACH_FILTER, .*\) = 0`)
	}
	for _, want := range wants {
		if !regexp.MustCompile(`(?m)^` + want).MatchString(p.Err.String()) {
			t.Errorf("no %s in the trace:\n%s", want, p.Err.String())
		}
	}
	if strings.Contains(p.Err.String(), "TCP_INFO") || strings.Contains(p.Err.String(), "netlink") {
		t.Error("our own questions are in the trace")
	}
}
