package main

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/berkeleysockets/sock/socktest"
)

// The tests run this program as a process of its own: the test binary, with
// this variable set, is the program.
const asProgram = "ECHO_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		os.Exit(0)
	}
	os.Exit(socktest.Main(m))
}

// A process is a program that a test has started. The test's end kills it.
type process struct {
	t        *testing.T
	cmd      *exec.Cmd
	in       io.WriteCloser // its stdin, if none was given to start
	out, err output
}

// program is this program, not started yet.
func program(t *testing.T, args ...string) *process {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if by := os.Getenv("SOCK_TEST_EXEC"); by != "" { // the kernel cannot execute exe itself
		args = append([]string{exe}, args...)
		exe = by
	}
	p := stranger(t, exe, args...)
	// The race detector has each program linger for a second at its end.
	p.cmd.Env = append(os.Environ(), asProgram+"=1", "GORACE=atexit_sleep_ms=0 "+os.Getenv("GORACE"))
	return p
}

// stranger is somebody else's program, not started yet. Where it is not
// installed the test is skipped.
func stranger(t *testing.T, name string, args ...string) *process {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skip("no ", name, " here")
	}
	if name == "nc" {
		help, _ := exec.Command(path, "-h").CombinedOutput()
		if !regexp.MustCompile(`\[-\w*N\w*U`).Match(help) {
			t.Skip("nc here has no -N and -U: it is not OpenBSD's")
		}
	}
	p := &process{t: t, cmd: exec.Command(path, args...)}
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.err
	p.cmd.WaitDelay = 10 * time.Second
	return p
}

// start starts it; with a nil stdin the test writes to p.in.
func (p *process) start(stdin io.Reader) *process {
	p.t.Helper()
	var err error
	if stdin != nil {
		p.cmd.Stdin = stdin
	} else if p.in, err = p.cmd.StdinPipe(); err != nil {
		p.t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() {
		if p.cmd.ProcessState == nil {
			p.cmd.Process.Kill()
			p.cmd.Wait()
		}
		if p.t.Failed() {
			p.t.Logf("%q\nstdout: %.2000q\nstderr:\n%.2000s", p.cmd.Args, p.out.String(), p.err.String())
		}
	})
	return p
}

// wait waits for its end, and wants this exit status.
func (p *process) wait(status int) {
	p.t.Helper()
	timer := time.AfterFunc(patience, func() {
		p.t.Errorf("%v does not end", p.cmd.Args)
		p.cmd.Process.Kill()
	})
	defer timer.Stop()
	err := p.cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		p.t.Fatalf("%v: %v", p.cmd.Args, err)
	}
	if got := p.cmd.ProcessState.ExitCode(); got != status {
		p.t.Fatalf("%v: %v, want exit status %d; stderr:\n%.2000s", p.cmd.Args, p.cmd.ProcessState, status, p.err.String())
	}
}

// signal sends it a signal, and wants it to end well.
func (p *process) signal(s os.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
	p.wait(0)
}

// patience is for what should take no time, on a machine that is very busy.
const patience = time.Minute

// output is what a process has printed so far.
type output struct {
	mu      sync.Mutex
	b       bytes.Buffer
	changed chan struct{} // closed by the next Write
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.changed != nil {
		close(o.changed)
		o.changed = nil
	}
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// until waits until the output so far is as wanted.
func (o *output) until(t *testing.T, what string, wanted func([]byte) bool) {
	t.Helper()
	late := time.After(patience)
	for {
		o.mu.Lock()
		if o.changed == nil {
			o.changed = make(chan struct{})
		}
		ok, changed := wanted(o.b.Bytes()), o.changed
		o.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-changed:
		case <-late:
			t.Fatalf("no output like %s, but:\n%.2000s", what, o.String())
		}
	}
}

// find waits until the output matches, and returns the first group.
func (o *output) find(t *testing.T, pattern string) (group string) {
	t.Helper()
	re := regexp.MustCompile(pattern)
	o.until(t, pattern, func(b []byte) bool {
		m := re.FindSubmatch(b)
		if m != nil {
			group = string(m[len(m)-1])
		}
		return m != nil
	})
	return group
}

// startServer starts this program as a server and returns its address.
func startServer(t *testing.T, at string, more ...string) (*process, string) {
	t.Helper()
	p := program(t, append([]string{"-server", at}, more...)...).start(strings.NewReader(""))
	return p, p.out.find(t, `server: listening on (.*)\n`)
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

// place is an address to listen on.
func place(t *testing.T, network string) string {
	t.Helper()
	switch network {
	case "tcp4":
		return "127.0.0.1:0"
	case "tcp6":
		l, err := net.Listen("tcp6", "[::1]:0")
		if err != nil {
			t.Skip("no IPv6 here: ", err)
		}
		l.Close()
		return "[::1]:0"
	}
	return "unix:" + unixPath(t)
}

// unixPath is short enough for every sun_path.
func unixPath(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "e")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, "s")
}

// split takes an address of this program's apart: host and port, or the path.
func split(t *testing.T, addr string) []string {
	t.Helper()
	if path, ok := strings.CutPrefix(addr, "unix:"); ok {
		return []string{path}
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	return []string{host, port}
}

// dial is package net's client.
func dial(t *testing.T, addr string) net.Conn {
	t.Helper()
	network, at := "tcp", addr
	if path, ok := strings.CutPrefix(addr, "unix:"); ok {
		network, at = "unix", path
	}
	c, err := net.Dial(network, at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(patience))
	return c
}

// noise is n bytes, the same in every run.
func noise(n int) []byte {
	p := make([]byte, n)
	rand.NewChaCha8([32]byte{1}).Read(p)
	return p
}

func TestUsage(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args   []string
		status int
		says   string
	}{
		{[]string{"-server", "127.0.0.1:0", "-client", "127.0.0.1:1"}, 2, "Usage"},
		{[]string{"127.0.0.1:1"}, 2, "Usage"},
		{[]string{"-server", "localhost"}, 1, "echo: address"},
		{[]string{"-client", "unix:" + unixPath(t)}, 1, "no such file"},
		{[]string{"-idle", "1s", "-server", "127.0.0.1:0"}, 2, "echo: -idle, -loops and -acceptor go with -poller\n"},
		{[]string{"-loops", "2"}, 2, "echo: -idle, -loops and -acceptor go with -poller\n"},
		{[]string{"-poller", "-acceptor", "-client", "127.0.0.1:1"}, 2, "echo: -poller is for a server\n"},
		{[]string{"-poller", "-loops", "0"}, 2, "echo: -loops: at least 1\n"},
		{[]string{"-poller", "-idle", "-1s"}, 2, "echo: -idle: not below 0\n"},
		{[]string{"-poller", "-loops", "2", "-server", "unix:" + unixPath(t)}, 2, "echo: -loops: a path has one listening socket only: add -acceptor\n"},
	} {
		p := program(t, c.args...).start(strings.NewReader(""))
		p.wait(c.status)
		if !strings.Contains(p.err.String(), c.says) {
			t.Errorf("%v prints %q, want %q in it", c.args, p.err.String(), c.says)
		}
	}
}

var endings = map[string]os.Signal{"SIGINT": os.Interrupt, "SIGTERM": syscall.SIGTERM}
