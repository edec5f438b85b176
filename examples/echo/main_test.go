package main

import (
	"math/rand/v2"
	"runtime"
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

var networks = []string{"tcp4", "tcp6", "unix"}

// servers are the ways to serve, and their flags.
var servers = map[string][]string{
	"goroutines": nil,
	"poller":     {"-poller"},
	"loops":      {"-poller", "-loops", "2"},
	"acceptor":   {"-poller", "-loops", "2", "-acceptor"},
}

// onServers runs a test of each way there is to serve a network.
func onServers(t *testing.T, network string, test func(t *testing.T, flags ...string)) {
	for name, flags := range servers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if name == "loops" && network == "unix" {
				t.Skip("a path has one listening socket")
			}
			if name == "loops" && runtime.GOOS != "linux" && runtime.GOOS != "dragonfly" {
				t.Skip(runtime.GOOS, " does not share clients out")
			}
			test(t, flags...)
		})
	}
}

// noise is n bytes, the same in every run.
func noise(n int) []byte {
	p := make([]byte, n)
	rand.NewChaCha8([32]byte{1}).Read(p)
	return p
}

func TestUsage(t *testing.T) {
	t.Parallel()
	programtest.Usages{
		{[]string{"-server", "127.0.0.1:0", "-client", "127.0.0.1:1"}, 2, `^echo: -server or -client`},
		{[]string{"127.0.0.1:1"}, 2, `^echo: there are no arguments`},
		{[]string{"-server", "localhost"}, 2, `^echo: address`},
		{[]string{"-servant", "x"}, 2, `^echo: flag provided but not defined`},
		{[]string{"-h"}, 0, `(?s)^echo: .*-client.*-trace`},
		{[]string{"-client", "unix:" + programtest.UnixPath(t)}, 1, "no such file"},
		{[]string{"-idle", "1s", "-server", "127.0.0.1:0"}, 2, "^echo: -idle, -loops and -acceptor go with -poller\n"},
		{[]string{"-loops", "2"}, 2, "^echo: -idle, -loops and -acceptor go with -poller\n"},
		{[]string{"-poller", "-acceptor", "-client", "127.0.0.1:1"}, 2, "^echo: -poller is for a server\n"},
		{[]string{"-poller", "-loops", "0"}, 2, "^echo: -loops: at least 1\n"},
		{[]string{"-poller", "-idle", "-1s"}, 2, "^echo: -idle: not below 0\n"},
		{[]string{"-poller", "-loops", "2", "-server", "unix:" + programtest.UnixPath(t)}, 2, "^echo: -loops: a path has one listening socket only: add -acceptor\n"},
	}.Test(t)
}

func TestDemoInterrupted(t *testing.T) {
	t.Parallel()
	programtest.Interrupted(t)
}
