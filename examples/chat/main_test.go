package main

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/berkeleysockets/sock/socktest"
)

// The tests run this program as a process of its own: the test binary, with
// this variable set, is the program.
const asProgram = "CHAT_TEST_AS_PROGRAM"

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

// startRoom starts this program as a server and returns its address.
func startRoom(t *testing.T, at string, more ...string) (*process, string) {
	t.Helper()
	p := program(t, append([]string{"-server", at}, more...)...).start(strings.NewReader(""))
	return p, p.out.find(t, `room: listening on (.*)\n`)
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
	dir, err := os.MkdirTemp("", "c")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, "s")
}

// joined is a guest of package net's, that has given its name.
func joined(t *testing.T, addr, name string) *guestConn {
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
	g := &guestConn{t, c, bufio.NewReader(c)}
	g.hears("What is your name?")
	g.says(name + "\n")
	g.hears("* " + name + " comes in")
	return g
}

type guestConn struct {
	t *testing.T
	net.Conn
	lines *bufio.Reader
}

func (g *guestConn) says(bytes string) {
	g.t.Helper()
	if _, err := io.WriteString(g, bytes); err != nil {
		g.t.Fatal(err)
	}
}

func (g *guestConn) line() string {
	g.t.Helper()
	line, err := g.lines.ReadString('\n')
	if err != nil {
		g.t.Fatalf("%q, %v", line, err)
	}
	return strings.TrimSuffix(line, "\n")
}

func (g *guestConn) hears(want ...string) {
	g.t.Helper()
	for _, want := range want {
		if got := g.line(); got != want {
			g.t.Fatalf("hears %q, want %q", got, want)
		}
	}
}

func TestUsage(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args   []string
		status int
		says   string
	}{
		{[]string{"127.0.0.1:1"}, 2, `^chat: there are no arguments, only flags: -h lists them\n$`},
		{[]string{"-server", "localhost"}, 2, `^chat: address .*\n$`},
		{[]string{"-server", "unix:/nowhere/at/all"}, 1, `^chat: bind unix:/nowhere/at/all: .*\n$`},
		{[]string{"-servant", "x"}, 2, `^flag provided but not defined`},
		{[]string{"-h"}, 0, `(?s)-server.*-trace`},
	} {
		p := program(t, c.args...).start(strings.NewReader(""))
		p.wait(c.status)
		if !regexp.MustCompile(c.says).MatchString(p.err.String()) {
			t.Errorf("%v prints %q, want %q in it", c.args, p.err.String(), c.says)
		}
	}
}
