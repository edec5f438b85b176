package main

import (
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/berkeleysockets/sock/examples/internal/programtest"
)

func TestDemo(t *testing.T) {
	t.Parallel()
	onServers(t, "tcp4", demonstrate)
}

func demonstrate(t *testing.T, flags ...string) {
	p := programtest.Own(t, flags...).Start(strings.NewReader(""))
	p.Wait(0)
	out := p.Out.String()
	if p.Err.String() != "" {
		t.Errorf("stderr: %s", p.Err.String())
	}
	// What the server says of two clients, and each client of itself, comes in
	// order; whose line comes first is not said.
	for who, want := range map[string][]string{
		"alice": {"alice sends: hello", "alice receives: hello", "alice sends: is anybody there?", "alice receives: is anybody there?",
			"alice sends no more: CloseWrite", "alice: Recv gave 0, the server sends no more: Close"},
		"bob": {"bob sends: good morning", "bob receives: good morning", "bob sends: only you and I", "bob receives: only you and I",
			"bob sends no more: CloseWrite", "bob: Recv gave 0, the server sends no more: Close"},
		"server": {"server: listening on 127.0.0.1:PORT", "server: socket N is for the client at 127.0.0.1:PORT", "server: socket N is for the client at 127.0.0.1:PORT",
			"server: socket N: Recv gave 0, the client sends no more; 22 bytes went back; Close",
			"server: socket N: Recv gave 0, the client sends no more; 26 bytes went back; Close"},
	} {
		var got []string
		for line := range strings.Lines(out) {
			if strings.HasPrefix(line, who) {
				line = regexp.MustCompile(`socket \d+`).ReplaceAllString(strings.TrimSpace(line), "socket N")
				got = append(got, regexp.MustCompile(`:\d+$`).ReplaceAllString(line, ":PORT"))
			}
		}
		for len(got) > 1 && got[1] == "server: listening on 127.0.0.1:PORT" { // each loop does
			got = got[1:]
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%s:\n%s\nwant\n%s", who, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

func TestDemoTrace(t *testing.T) {
	t.Parallel()
	p := programtest.Own(t, "-trace").Start(strings.NewReader(""))
	p.Wait(0)
	for _, want := range []string{
		`socket\(AF_INET, SOCK_STREAM.*\) = \d+`,
		`setsockopt\(\d+, SOL_SOCKET, SO_REUSEADDR, \[1\]\) = 0`,
		`bind\(\d+, 127\.0\.0\.1:0\) = 0`,
		`listen\(\d+, \d+\) = 0`,
		`connect\(\d+, 127\.0\.0\.1:\d+\) = `,
		acceptCall() + `\(\d+, 127\.0\.0\.1:\d+.*\) = \d+`,
		`sendto\(\d+, "hello", 5, .*\) = 5`,
		`recvfrom\(\d+, "hello", \d+, .*\) = 5`,
		`recvfrom\(\d+, "", \d+, .*\) = 0`,
		`shutdown\(\d+, SHUT_WR\) = 0`,
		`close\(\d+\) = 0`,
	} {
		if !regexp.MustCompile(`(?m)^` + want).MatchString(p.Err.String()) {
			t.Errorf("no %s in the trace:\n%s", want, p.Err.String())
		}
	}
	// Listener, two clients, and the server's two sockets for them.
	if n := len(regexp.MustCompile(`(?m)^close\(\d+\) = 0`).FindAllString(p.Err.String(), -1)); n != 5 {
		t.Errorf("%d sockets were closed, want 5:\n%s", n, p.Err.String())
	}
	if strings.Contains(p.Out.String(), "sendto(") {
		t.Error("the trace is on stdout")
	}
}

func acceptCall() string {
	if runtime.GOOS == "darwin" {
		return "accept"
	}
	return "accept4"
}

// On a terminal the names of the calls and what failed have a colour, for who wants
// colours.
func TestDemoTraceColour(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		env    string
		colour bool
	}{{"TERM=xterm", true}, {"NO_COLOR=1", false}, {"TERM=dumb", false}} {
		own := programtest.Own(t, "-trace")
		p := programtest.Installed(t, "script", "-qec", "'"+strings.Join(own.Cmd.Args, "' '")+"'", "/dev/null")
		p.Cmd.Env = append(own.Cmd.Env, "TERM=xterm", "NO_COLOR=", c.env)
		p.Start(strings.NewReader(""))
		p.Wait(0)
		for _, want := range []string{"\x1b[36mbind\x1b[0m(", "\x1b[31m = -1 EAGAIN"} {
			if got := strings.Contains(p.Out.String(), want); got != c.colour {
				t.Errorf("%s: %q in the trace: %v, want %v", c.env, want, got, c.colour)
			}
		}
	}
}
