//go:build linux || freebsd || darwin || netbsd || openbsd || dragonfly

package sock_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/berkeleysockets/sock"
)

// These tests run in children, because environment and descriptors belong to a process.

// heirOf returns child with files, from descriptor 3 on, and with environment variables
// for them.
func heirOf(t testing.TB, name string, files []*os.File, env []string, args ...string) *exec.Cmd {
	t.Helper()
	c := child(t, name, args...)
	c.ExtraFiles = files
	c.Env = append(c.Env, env...)
	return c
}

// fileOf is s.File, closed at the test's end.
func fileOf(t testing.TB, s *sock.Socket) *os.File {
	t.Helper()
	f, err := s.File()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// blockingPair returns a pair of sockets in blocking mode, as in another program.
func blockingPair(t testing.TB) (a, b *os.File) {
	t.Helper()
	syscall.ForkLock.RLock()
	p, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err == nil {
		syscall.CloseOnExec(p[0])
		syscall.CloseOnExec(p[1])
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		t.Fatal(err)
	}
	a, b = os.NewFile(uintptr(p[0]), "a"), os.NewFile(uintptr(p[1]), "b")
	t.Cleanup(func() { a.Close(); b.Close() })
	return a, b
}

// A child inherits a listener, a datagram socket and a connection, and answers over each;
// without LISTEN_PID, and with its own.
func TestInherited(t *testing.T) {
	t.Parallel()
	for _, pid := range []string{"no PID", "own PID"} {
		t.Run(pid, func(t *testing.T) {
			t.Parallel()
			l, lName := listening(t, "tcp4")
			u, uName := bound(t, "udp4", sock.Dgram)
			mine, others := streams(t, "pair")
			c := heirOf(t, "heir of three", []*os.File{fileOf(t, l), fileOf(t, u), fileOf(t, others)},
				[]string{"LISTEN_FDS=3", "LISTEN_FDNAMES=web:dns:control", "LISTEN_PIDFDID=1"}, pid)
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			for _, s := range []*sock.Socket{l, u, others} { // the child has what it needs
				wantErr(t, s.Close(), nil)
			}
			client := open(t, sock.Inet, sock.Stream)
			wantErr(t, client.Connect(lName), nil)
			asker := open(t, sock.Inet, sock.Dgram)
			wantErr(t, asker.Connect(uName), nil)
			for _, s := range []*sock.Socket{client, mine, asker} {
				wantErr(t, s.SetDeadline(time.Now().Add(10*time.Second)), nil)
				talksBack(t, s)
			}
			if err := c.Wait(); err != nil {
				t.Error(err)
			}
		})
	}
}

// talksBack fails the test unless the peer of s sends the same bytes back.
func talksBack(t testing.TB, s *sock.Socket) {
	t.Helper()
	if _, err := s.Write([]byte("hello")); err != nil {
		t.Error(err)
		return
	}
	p := make([]byte, 9)
	if n, err := s.Read(p); string(p[:n]) != "hello" || err != nil {
		t.Errorf("%q, %v", p[:n], err)
	}
}

func init() {
	children["heir of three"] = func(args []string) error {
		if args[0] == "own PID" {
			os.Setenv("LISTEN_PID", strconv.Itoa(os.Getpid()))
		}
		given, err := sock.Inherited()
		if err != nil || len(given) != 3 {
			return fmt.Errorf("%v, %w", given, err)
		}
		l, u, c := given[0], given[1], given[2]
		if env := listenEnvironment(); env != "" {
			return errors.New("the environment has " + env)
		}
		for i, s := range given {
			if s.FD() != 3+i || descriptorState(s.FD()) != "non-blocking, close-on-exec" {
				return fmt.Errorf("socket %d is descriptor %d, %s", i, s.FD(), descriptorState(s.FD()))
			}
		}
		if l.Domain() != sock.Inet || l.Type() != sock.Stream || u.Type() != sock.Dgram || c.Domain() != sock.Unix || c.RemoteAddr() == nil {
			return fmt.Errorf("they are %v %v, %v, %v %v", l.Domain(), l.Type(), u.Type(), c.Domain(), c.RemoteAddr())
		}
		if again, err := sock.Inherited(); again != nil || err != nil {
			return fmt.Errorf("the second time: %v, %w", again, err)
		}
		if out, err := self("heir of nothing").CombinedOutput(); err != nil {
			return fmt.Errorf("the grandchild: %w %s", err, out)
		}

		for _, s := range given {
			s.SetDeadline(time.Now().Add(10 * time.Second))
		}
		client, _, err := l.Accept()
		if err != nil {
			return err
		}
		p := make([]byte, 9)
		for _, s := range []*sock.Socket{client, c} {
			n, err := s.Read(p)
			if err != nil {
				return err
			}
			if _, err := s.Write(p[:n]); err != nil {
				return err
			}
		}
		n, from, err := u.RecvFrom(p, 0)
		if err != nil {
			return err
		}
		_, err = u.SendTo(p[:n], 0, from)
		return errors.Join(err, client.Close(), l.Close(), u.Close(), c.Close())
	}

	// A child of a process that has adopted its sockets has none of them.
	children["heir of nothing"] = func([]string) error {
		for fd := 3; fd < 6; fd++ {
			if _, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE); err == nil {
				return fmt.Errorf("descriptor %d is a socket", fd)
			}
		}
		if given, err := sock.Inherited(); given != nil || err != nil {
			return fmt.Errorf("%v, %w", given, err)
		}
		return nil
	}
}

// self is child, for use in a child.
func self(name string, args ...string) *exec.Cmd {
	exe, err := os.Executable()
	if err != nil {
		panic(err)
	}
	c := exec.Command(exe, args...)
	if emulator := os.Getenv("SOCK_TEST_EXEC"); emulator != "" {
		c = exec.Command(emulator, append([]string{exe}, args...)...)
	}
	c.Env = append(os.Environ(), "SOCK_TEST_CHILD="+name)
	return c
}

// descriptorState returns the flags that fcntl(2) reports for a descriptor.
func descriptorState(fd int) string {
	status, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	if err != nil {
		return err.Error()
	}
	own, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	if err != nil {
		return err.Error()
	}
	said := "blocking"
	if status&unix.O_NONBLOCK != 0 {
		said = "non-blocking"
	}
	if own&unix.FD_CLOEXEC != 0 {
		said += ", close-on-exec"
	}
	return said
}

// listenEnvironment returns the environment variables about inherited sockets.
func listenEnvironment() string {
	var s []string
	for _, v := range os.Environ() {
		if strings.HasPrefix(v, "LISTEN_") {
			s = append(s, v)
		}
	}
	return strings.Join(s, " ")
}

// An error is reported, and then nothing has changed.
func TestInheritedRefused(t *testing.T) {
	t.Parallel()
	a, b := blockingPair(t)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	if out, err := heirOf(t, "heir of trouble", []*os.File{a, r, b, b}, nil).Output(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func init() { children["heir of trouble"] = troubled }

// troubled has a socket as descriptors 3, 5 and 6, and a pipe as 4.
func troubled([]string) error {
	// Go's poller opens descriptors of its own, late: let it be now.
	x, y, err := os.Pipe()
	if err != nil {
		return err
	}
	x.Close()
	y.Close()

	var bad []error
	state := func() string {
		s := listenEnvironment()
		for fd := 3; fd <= 6; fd++ {
			s += fmt.Sprintf("; %d %s", fd, descriptorState(fd))
		}
		return s
	}
	own := strconv.Itoa(os.Getpid())
	try := func(fds, pid string, want error, text string) {
		os.Setenv("LISTEN_FDS", fds)
		os.Setenv("LISTEN_FDNAMES", "a:b")
		os.Unsetenv("LISTEN_PID")
		if pid != "none" {
			os.Setenv("LISTEN_PID", pid)
		}
		before := state()
		given, err := sock.Inherited()
		var e *sock.Error
		if given != nil || !errors.Is(err, want) || !errors.As(err, &e) || !strings.Contains(err.Error(), text) {
			bad = append(bad, fmt.Errorf("LISTEN_FDS=%s LISTEN_PID=%s: %v, %w, want %w %q", fds, pid, given, err, want, text))
		}
		if after := state(); after != before {
			bad = append(bad, fmt.Errorf("LISTEN_FDS=%s LISTEN_PID=%s: %s\nthen %s", fds, pid, before, after))
		}
	}
	if s := state(); s != "; 3 blocking; 4 blocking; 5 blocking; 6 blocking" {
		bad = append(bad, errors.New("at first"+s))
	}
	for _, fds := range []string{"x", "-1", "70000", " 1", "1 ", "+1", "0x1", "1.0", "99999999999999999999"} {
		for _, pid := range []string{"none", own} {
			try(fds, pid, syscall.EINVAL, "LISTEN_FDS="+strconv.Quote(fds))
		}
	}
	for _, pid := range []string{"", "x", "-1", own + " ", "99999999999999999999"} {
		try("1", pid, syscall.EINVAL, "LISTEN_PID="+strconv.Quote(pid))
	}
	for _, pid := range []string{"none", own} {
		try("2", pid, syscall.ENOTSOCK, "inherited descriptor 4: ")
		try("3", pid, syscall.ENOTSOCK, "inherited descriptor 4: ")
	}

	// The pipe gives way to a socket, but of four there are three, whether
	// descriptor 6 is free or is taken by a socket of our own.
	unix.Close(4)
	if fd, err := unix.Dup(3); fd != 4 || err != nil {
		return errors.Join(append(bad, fmt.Errorf("a duplicate is %d, %w", fd, err))...)
	}
	unix.Close(6)
	try("4", "none", syscall.EBADF, "inherited descriptor 6: ")
	try("65535", own, syscall.EBADF, "inherited descriptor 6: ")
	s, err := sock.Open(sock.Inet, sock.Dgram, 0)
	if err != nil || s.FD() != 6 {
		return errors.Join(append(bad, fmt.Errorf("a socket opened is %d, %w", s.FD(), err))...)
	}
	try("4", own, syscall.EINVAL, "inherited descriptor 6: opened by this process")
	bad = append(bad, s.Close())

	// Nothing is inherited, which is no error: then the descriptors stay unchanged too.
	for _, none := range []struct{ fds, pid, left string }{
		{"", own, "LISTEN_FDS= LISTEN_FDNAMES=a:b LISTEN_PID=" + own},
		{"0", own, ""},
		{"0", "none", ""},
		{"1", "1", ""}, // meant for another
		{"x", "1", ""},
		{"1", strconv.Itoa(os.Getppid()), ""},
	} {
		for _, v := range []string{"LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PID"} {
			os.Unsetenv(v)
		}
		os.Setenv("LISTEN_FDS", none.fds)
		os.Setenv("LISTEN_FDNAMES", "a:b")
		if none.pid != "none" {
			os.Setenv("LISTEN_PID", none.pid)
		}
		given, err := sock.Inherited()
		want := none.left + "; 3 blocking; 4 blocking; 5 blocking; 6 " + syscall.EBADF.Error()
		if got := state(); given != nil || err != nil || got != want {
			bad = append(bad, fmt.Errorf("LISTEN_FDS=%s LISTEN_PID=%s: %v, %w\n%s, want\n%s", none.fds, none.pid, given, err, got, want))
		}
	}

	// After all that the sockets still work.
	os.Setenv("LISTEN_FDS", "3")
	given, err := sock.Inherited()
	if err != nil || len(given) != 3 {
		return errors.Join(append(bad, fmt.Errorf("at last %v, %w", given, err))...)
	}
	if got := state(); !strings.HasPrefix(got, "; 3 non-blocking, close-on-exec; 4 non-blocking, close-on-exec; 5 non-blocking, close-on-exec; ") {
		bad = append(bad, errors.New("at last "+got))
	}
	if _, err := given[0].Write([]byte("x")); err != nil {
		bad = append(bad, err)
	}
	given[2].SetDeadline(time.Now().Add(10 * time.Second))
	if n, err := given[2].Read(make([]byte, 9)); n != 1 || err != nil {
		bad = append(bad, fmt.Errorf("at last %d, %w", n, err))
	}
	return errors.Join(bad...)
}

// A server is replaced by its next version, twice, while clients connect. No client is
// refused, because the socket listens all the time.
func TestInheritedRestart(t *testing.T) {
	t.Parallel()
	l, name := listening(t, "tcp4")
	in, orders, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer orders.Close() // at which the last ends
	reports, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer reports.Close()
	f := fileOf(t, l)
	c := heirOf(t, "server", []*os.File{f}, []string{"LISTEN_FDS=1"}, "1")
	c.Stdin, c.Stdout = in, out
	err = c.Start()
	in.Close()
	out.Close()
	if err != nil {
		t.Fatal(err)
	}
	wantErr(t, f.Close(), nil)
	wantErr(t, l.Close(), nil) // from now on it is the other process's alone

	answered := map[string]int{}
	for began := time.Now(); answered["3"] < 20; {
		if time.Since(began) > 30*time.Second {
			t.Fatal("it does not go on: ", answered)
		}
		s := open(t, sock.Inet, sock.Stream)
		wantErr(t, s.SetDeadline(time.Now().Add(10*time.Second)), nil)
		if err := s.Connect(name); err != nil {
			t.Fatalf("after %v: %v", answered, err)
		}
		p := make([]byte, 9)
		n, err := s.Read(p)
		if err != nil {
			t.Fatalf("after %v: %v", answered, err)
		}
		who := string(p[:n])
		answered[who]++
		if who < "3" && answered[who] == 20 {
			if _, err := io.WriteString(orders, "go\n"); err != nil {
				t.Fatal(err)
			}
		}
		wantErr(t, s.Close(), nil)
	}
	t.Log(answered)
	if err := c.Wait(); err != nil {
		t.Error(err)
	}
	orders.Close()
	// All have ended when no process has this open.
	ended := make(chan string, 1)
	go func() {
		all, err := io.ReadAll(reports)
		lines := strings.Fields(string(all))
		slices.Sort(lines)
		ended <- fmt.Sprint(lines, err)
	}()
	if said := recvTimeout(t, ended); said != "[1 2 3] <nil>" {
		t.Errorf("those who ended well, and the reader: %s", said)
	}
}

func init() { children["server"] = versionedServer }

// versionedServer reports each client its version. At each line that it reads it is
// replaced, and at the end of its orders it ends.
func versionedServer(args []string) error {
	version, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	given, err := sock.Inherited()
	if err != nil || len(given) != 1 {
		return fmt.Errorf("%v, %w", given, err)
	}
	l := given[0]
	served := make(chan error, 1)
	go func() {
		for {
			c, _, err := l.Accept()
			if errors.Is(err, net.ErrClosed) {
				served <- nil
				return
			}
			if err != nil {
				served <- err
				return
			}
			c.Write([]byte(args[0]))
			c.Close()
		}
	}()
	if _, err := bufio.NewReader(os.Stdin).ReadString('\n'); err == nil {
		f, err := l.File()
		if err != nil {
			return err
		}
		next := self("server", strconv.Itoa(version+1))
		next.Env = append(next.Env, "LISTEN_FDS=1")
		next.ExtraFiles = []*os.File{f}
		next.Stdin, next.Stdout, next.Stderr = os.Stdin, os.Stdout, os.Stderr
		if err := next.Start(); err != nil {
			return err
		}
		f.Close()
	}
	err = errors.Join(l.Close(), <-served)
	if err == nil {
		fmt.Println(version)
	}
	return err
}

// The leak finder sees the inherited ones: this test executes itself.
func TestInheritedLeak(t *testing.T) {
	const mark = "SOCK_TEST_INHERITED"
	if what := os.Getenv(mark); what != "" {
		given, err := sock.Inherited()
		if err != nil || len(given) != 1 {
			t.Fatal(given, err)
		}
		if what == "close" {
			wantErr(t, given[0].Close(), nil)
		}
		return
	}
	t.Parallel()
	for what, fails := range map[string]bool{"close": false, "leave": true} {
		_, s := streams(t, "pair")
		c := heirOf(t, "", []*os.File{fileOf(t, s)}, []string{"LISTEN_FDS=1", mark + "=" + what}, "-test.run=^TestInheritedLeak$")
		c.Stderr = nil
		out, err := c.CombinedOutput()
		reported := strings.Contains(string(out), "a Socket was left open") && strings.Contains(string(out), "activation_test.go:")
		if (err != nil) != fails || reported != fails {
			t.Errorf("%s: %v\n%s", what, err, out)
		}
	}
}
