package main

import (
	"regexp"
	"strings"
	"testing"

	"github.com/berkeleysockets/sock/examples/internal/programtest"
)

func TestMain(m *testing.M) { programtest.Main(m, main) }

// startServer starts this program as a server and returns its address.
func startServer(t *testing.T, at string, more ...string) (*programtest.Process, string) {
	t.Helper()
	p := programtest.Own(t, append([]string{"-server", at}, more...)...).Start(strings.NewReader(""))
	return p, p.Out.Find(t, `server: listening on (.*)\n`)
}

func TestUsage(t *testing.T) {
	t.Parallel()
	programtest.Usages{
		{[]string{"127.0.0.1:1"}, 2, `^game: there are no arguments, only flags: -h lists them\n$`},
		{[]string{"-server", "127.0.0.1:0", "-client", "127.0.0.1:1"}, 2, `^game: -server, -client or -link: one of them\n`},
		{[]string{"-server", "localhost"}, 2, `^game: address`},
		{[]string{"-server", "unix:/tmp/x"}, 2, `^game: unix:/tmp/x: not an IP address and a port\n`},
		{[]string{"-bot", "1s"}, 2, `^game: -stream and -bot go with -client\n`},
		{[]string{"-stream", "-server", "127.0.0.1:0"}, 2, `^game: -stream and -bot go with -client\n`},
		{[]string{"-drop", "1"}, 2, `^game: -drop, -delay and -jitter go with -link\n`},
		{[]string{"-link", "127.0.0.1:0"}, 2, `^game: -link: listen,server: two addresses\n`},
		{[]string{"-link", "127.0.0.1:0,x"}, 2, `^game: address`},
		{[]string{"-link", "127.0.0.1:0,127.0.0.1:1", "-drop", "101"}, 2, `^game: -drop: from 0 to 100\n`},
		{[]string{"-link", "127.0.0.1:0,127.0.0.1:1", "-drop", "NaN"}, 2, `^game: -drop: from 0 to 100\n`},
		{[]string{"-link", "127.0.0.1:0,127.0.0.1:1", "-delay", "-1s"}, 2, `^game: a time is not below 0`},
		{[]string{"-servant", "x"}, 2, `^game: flag provided but not defined`},
		{[]string{"-h"}, 0, `(?s)^game: .*-bot.*-client.*-link.*-server.*-trace`},
	}.Test(t)
}

func TestDemo(t *testing.T) {
	t.Parallel()
	p := programtest.Own(t).Start(strings.NewReader(""))
	p.Wait(0)
	if p.Err.String() != "" {
		t.Errorf("stderr: %s", p.Err.String())
	}
	out := p.Out.String()
	if n := len(regexp.MustCompile(`(?m)^ \d\.\d s \|[ ods]{60}\|$`).FindAllString(out, -1)); n != 7+25 {
		t.Errorf("%d lines of pictures, want %d:\n%s", n, 7+25, out)
	}
	good, bad, ok := strings.Cut(out, "A bad link: of 100 packets 10 are lost, one takes 50ms, 30ms more or less:\n")
	for _, part := range []string{good, bad} {
		for _, who := range []string{"datagrams", "stream"} {
			if !ok || !regexp.MustCompile(`(?m)^`+who+` +\d+ +\d+ +\d+ +\d+ ms +\d+\.\d cells +\d+\.\d cells$`).MatchString(part) {
				t.Errorf("no counts of %s in:\n%s", who, part)
			}
		}
	}
	if !regexp.MustCompile(`(?m)^datagrams +\d+ +[1-9]`).MatchString(bad) || !regexp.MustCompile(`(?m)^stream +\d+ +0 +0 `).MatchString(bad) {
		t.Errorf("datagrams must be lost there, and nothing of a stream:\n%s", bad)
	}
}

func TestDemoTrace(t *testing.T) {
	t.Parallel()
	p := programtest.Own(t, "-trace").Start(strings.NewReader(""))
	p.Wait(0)
	for _, want := range []string{
		`socket\(AF_INET, SOCK_DGRAM.*\) = \d+`,
		`bind\(\d+, 127\.0\.0\.1:0\) = 0`,
		`connect\(\d+, 127\.0\.0\.1:\d+\) = `,
		`sendto\(\d+, "J.*", 9, .*\) = 9`,
		`recvfrom\(\d+, "W.*", \d+, .*\) = 9`,
		`sendto\(\d+, "S.*, \d+, .*127\.0\.0\.1:\d+\) = \d+`,
		`recvfrom\(\d+, "S.*, \d+, .*\) = \d+`,
		`close\(\d+\) = 0`,
	} {
		if !regexp.MustCompile(`(?m)^` + want).MatchString(p.Err.String()) {
			t.Errorf("no %s in the trace:\n%.3000s", want, p.Err.String())
		}
	}
	if strings.Contains(p.Out.String(), "sendto(") {
		t.Error("the trace is on stdout")
	}
}

// TestInterrupt ends each half while it is at work.
func TestInterrupt(t *testing.T) {
	t.Parallel()
	for name, sig := range programtest.Endings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, addr := startServer(t, "127.0.0.1:0")
			link, through := startLink(t, addr)
			for _, how := range [][]string{nil, {"-stream"}} {
				bot := programtest.Own(t, append([]string{"-client", through, "-bot", "1m"}, how...)...).Start(strings.NewReader(""))
				letter := server.Out.Find(t, `server: (\w) joins from [^\n]*\n$`)
				bot.Out.Find(t, `bot: plays in the arena`) // before that it has no token to leave with
				bot.Signal(sig)
				server.Out.Find(t, `server: `+letter+` leaves\n`) // it has said so
			}
			waits := programtest.Own(t, "-client", through, "-bot", "1m").Start(strings.NewReader(""))
			server.Out.Find(t, `(?s)joins.*joins.*joins`)
			waits.Out.Find(t, `bot: plays in the arena`)
			server.Signal(sig)
			waits.Wait(1)
			if want := "game: the server has ended\n"; waits.Err.String() != want {
				t.Errorf("the client says %q, want %q", waits.Err.String(), want)
			}
			link.Signal(sig)
			if link.Err.String() != "" {
				t.Errorf("the link complains: %s", link.Err.String())
			}

			demo := programtest.Own(t).Start(strings.NewReader(""))
			demo.Out.Find(t, `s \|`)
			demo.Signal(sig)
			if demo.Err.String() != "" {
				t.Errorf("the demo complains: %s", demo.Err.String())
			}
		})
	}
}

func TestDemoInterrupted(t *testing.T) {
	t.Parallel()
	programtest.Interrupted(t)
}
