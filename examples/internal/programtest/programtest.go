// Package programtest runs examples, and the programs that they talk to, as processes.
package programtest

import (
	"bytes"
	"errors"
	"io"
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

// asProgram in the environment makes the test binary run the program.
const asProgram = "EXAMPLE_TEST_AS_PROGRAM"

// Main is the TestMain of an example with this main function.
func Main(m *testing.M, main func()) {
	if os.Getenv(asProgram) != "" {
		main()
		os.Exit(0)
	}
	os.Exit(socktest.Main(m))
}

// A Process is a program that a test has started. The test's end kills it.
type Process struct {
	t        *testing.T
	Cmd      *exec.Cmd
	In       io.WriteCloser // its stdin, if Start got none
	Out, Err Output
}

// Own returns this program as a process that is not started yet.
func Own(t *testing.T, args ...string) *Process {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if by := os.Getenv("SOCK_TEST_EXEC"); by != "" { // the kernel cannot execute exe itself
		args = append([]string{exe}, args...)
		exe = by
	}
	p := Installed(t, exe, args...)
	// With the race detector each program would otherwise end a second later.
	p.Cmd.Env = append(os.Environ(), asProgram+"=1", "GORACE=atexit_sleep_ms=0 "+os.Getenv("GORACE"))
	return p
}

// Installed returns an installed program as a process that is not started yet. If it is
// not installed, the test is skipped.
func Installed(t *testing.T, name string, args ...string) *Process {
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
	if name == "script" {
		if version, _ := exec.Command(path, "--version").CombinedOutput(); !bytes.Contains(version, []byte("util-linux")) {
			t.Skip("script here is not util-linux's: another one knows other options")
		}
	}
	p := &Process{t: t, Cmd: exec.Command(path, args...)}
	p.Cmd.Stdout, p.Cmd.Stderr = &p.Out, &p.Err
	// Tests compare its messages, and it must use the loopback and no proxy.
	p.Cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "no_proxy=*", "NO_PROXY=*")
	p.Cmd.WaitDelay = 10 * time.Second
	return p
}

// Start starts it; with a nil stdin the test writes to p.In.
func (p *Process) Start(stdin io.Reader) *Process {
	p.t.Helper()
	var err error
	if stdin != nil {
		p.Cmd.Stdin = stdin
	} else if p.In, err = p.Cmd.StdinPipe(); err != nil {
		p.t.Fatal(err)
	}
	if err := p.Cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() {
		if p.Cmd.ProcessState == nil {
			p.Cmd.Process.Kill()
			p.Cmd.Wait()
		}
		if p.t.Failed() {
			p.t.Logf("%q\nstdout: %.2000q\nstderr:\n%.2000s", p.Cmd.Args, p.Out.String(), p.Err.String())
		}
	})
	return p
}

// Says writes text to its stdin, if Start got none.
func (p *Process) Says(text string) {
	p.t.Helper()
	if _, err := io.WriteString(p.In, text); err != nil {
		p.t.Fatal(err)
	}
}

// Wait waits for its end, and checks the exit status.
func (p *Process) Wait(status int) {
	p.t.Helper()
	timer := time.AfterFunc(Patience, func() {
		p.t.Errorf("%v does not end", p.Cmd.Args)
		p.Cmd.Process.Kill()
	})
	defer timer.Stop()
	err := p.Cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		p.t.Fatalf("%v: %v", p.Cmd.Args, err)
	}
	if got := p.Cmd.ProcessState.ExitCode(); got != status {
		p.t.Fatalf("%v: %v, want exit status %d; stderr:\n%.2000s", p.Cmd.Args, p.Cmd.ProcessState, status, p.Err.String())
	}
}

// Signal sends it a signal, and checks that it ends with status 0.
func (p *Process) Signal(s os.Signal) {
	p.t.Helper()
	if err := p.Cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
	p.Wait(0)
}

// Interrupted sends a signal after some lines of output, and checks that the program ends
// with status 0 and without a message.
func Interrupted(t *testing.T, args ...string) {
	for lines := 1; lines <= 13; lines += 3 {
		for _, sig := range Endings {
			p := Own(t, args...).Start(strings.NewReader(""))
			p.Out.Until(t, "some lines", func(b []byte) bool { return bytes.Count(b, []byte("\n")) >= lines })
			p.Signal(sig)
			if p.Err.String() != "" {
				t.Errorf("%v after %d lines: %s", sig, lines, p.Err.String())
			}
		}
	}
}

// Patience is a limit for steps that should take no time, on a very busy machine.
const Patience = time.Minute

// Output is the output of a process so far.
type Output struct {
	mu      sync.Mutex
	b       bytes.Buffer
	changed chan struct{} // closed by the next Write
}

func (o *Output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.changed != nil {
		close(o.changed)
		o.changed = nil
	}
	return o.b.Write(p)
}

func (o *Output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// Bytes returns a copy of it.
func (o *Output) Bytes() []byte { return []byte(o.String()) }

// Until waits until a condition on the Output holds.
func (o *Output) Until(t *testing.T, what string, wanted func([]byte) bool) {
	t.Helper()
	late := time.After(Patience)
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
			t.Fatalf("no Output like %s, but:\n%.2000s", what, o.String())
		}
	}
}

// Find waits until the Output matches, and returns the first group.
func (o *Output) Find(t *testing.T, pattern string) (group string) {
	t.Helper()
	re := regexp.MustCompile(pattern)
	o.Until(t, pattern, func(b []byte) bool {
		m := re.FindSubmatch(b)
		if m != nil {
			group = string(m[len(m)-1])
		}
		return m != nil
	})
	return group
}

// Place returns an address to listen at.
func Place(t *testing.T, network string) string {
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
	return "unix:" + UnixPath(t)
}

// UnixPath returns a path that fits into every sun_path.
func UnixPath(t *testing.T) string {
	t.Helper()
	return filepath.Join(ShortDir(t), "s")
}

// ShortDir returns a folder of the test for sockets, also if TMPDIR is too long for a
// sun_path.
func ShortDir(t *testing.T) string {
	t.Helper()
	in := os.TempDir()
	if runtime.GOOS != "windows" && len(in) > len("/tmp") {
		in = "/tmp"
	}
	dir, err := os.MkdirTemp(in, "e")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// Split splits a program's address into host and port, or returns the path.
func Split(t *testing.T, addr string) []string {
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

// Dial connects with package net.
func Dial(t *testing.T, addr string) net.Conn {
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
	c.SetDeadline(time.Now().Add(Patience))
	return c
}

// Endings lists the signals that ask a program to end.
var Endings = map[string]os.Signal{"SIGINT": os.Interrupt, "SIGTERM": syscall.SIGTERM}

// Usages lists arguments of an example, with the expected output.
type Usages []struct {
	Args   []string
	Status int
	Says   string // a pattern for stdout with status 0, otherwise for stderr
}

// Test runs the program with each of them.
func (usages Usages) Test(t *testing.T) {
	for _, u := range usages {
		p := Own(t, u.Args...).Start(strings.NewReader(""))
		p.Wait(u.Status)
		says := &p.Err
		if u.Status == 0 {
			says = &p.Out
		} else if n := strings.Count(p.Err.String(), "\n"); n != 1 {
			t.Errorf("%q: %d lines on stderr, want 1:\n%s", u.Args, n, p.Err.String())
		}
		if !regexp.MustCompile(u.Says).MatchString(says.String()) {
			t.Errorf("%q prints %q, want %q in it", u.Args, says.String(), u.Says)
		}
	}
}
