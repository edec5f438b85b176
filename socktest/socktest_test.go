package socktest_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
	"weak"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/sockopt"
	"github.com/berkeleysockets/sock/socktest"
	"github.com/google/go-cmp/cmp"
)

func TestMain(m *testing.M) { os.Exit(socktest.Main(m)) }

// A watched is a test that another test observes: it records what the test registers and
// reports.
type watched struct {
	testing.TB
	cleanups []func()
	errors   []string
}

func (w *watched) Cleanup(f func())  { w.cleanups = append(w.cleanups, f) }
func (w *watched) Error(args ...any) { w.errors = append(w.errors, fmt.Sprint(args...)) }
func (w *watched) end() []string {
	for len(w.cleanups) > 0 {
		last := w.cleanups[len(w.cleanups)-1]
		w.cleanups = w.cleanups[:len(w.cleanups)-1]
		last()
	}
	return w.errors
}

// above is the line before the caller's, as a report names it.
func above() string {
	_, file, n, _ := runtime.Caller(1)
	return fmt.Sprintf("%s:%d", file, n-1)
}

var atLine = regexp.MustCompile(`descriptor \d+, opened by\n\t.*\n\t\t(.*:\d+)\n`)

// reported lists where the Sockets of a report were opened.
func reported(report string) (lines []string) {
	for _, m := range atLine.FindAllStringSubmatch(report, -1) {
		lines = append(lines, m[1])
	}
	return lines
}

func must[T any](t testing.TB) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func udp(t testing.TB) *sock.Socket {
	t.Helper()
	return must[*sock.Socket](t)(sock.Open(sock.Inet, sock.Dgram, 0))
}

// The line that makes a Socket is reported if it stays open, and not if it is
// closed.
func TestEveryWayToOpen(t *testing.T) {
	tcp := must[net.Listener](t)(net.Listen("tcp", "127.0.0.1:0"))
	defer tcp.Close()

	ways := []struct {
		name string
		make func() (where string, made []*sock.Socket)
	}{
		{"Open", func() (string, []*sock.Socket) {
			s, err := sock.Open(sock.Inet, sock.Stream, 0)
			return above(), []*sock.Socket{must[*sock.Socket](t)(s, err)}
		}},
		{"Pair", func() (string, []*sock.Socket) {
			a, b, err := sock.Pair(sock.Unix, sock.Stream, 0)
			return above(), []*sock.Socket{must[*sock.Socket](t)(a, err), b}
		}},
		{"Accept", func() (string, []*sock.Socket) {
			l := must[*sock.Socket](t)(sock.FromConn(tcp.(*net.TCPListener)))
			defer l.Close()
			c := must[net.Conn](t)(net.Dial("tcp", tcp.Addr().String()))
			defer c.Close()
			s, _, err := l.Accept()
			return above(), []*sock.Socket{must[*sock.Socket](t)(s, err)}
		}},
		{"Dup", func() (string, []*sock.Socket) {
			first := udp(t)
			defer first.Close()
			s, err := first.Dup()
			return above(), []*sock.Socket{must[*sock.Socket](t)(s, err)}
		}},
		{"FromFD", func() (string, []*sock.Socket) {
			fd := must[int](t)(udp(t).Detach())
			s, err := sock.FromFD(fd)
			return above(), []*sock.Socket{must[*sock.Socket](t)(s, err)}
		}},
		{"FromConn", func() (string, []*sock.Socket) {
			s, err := sock.FromConn(tcp.(*net.TCPListener))
			return above(), []*sock.Socket{must[*sock.Socket](t)(s, err)}
		}},
	}

	leaky, tidy := &watched{TB: t}, &watched{TB: t}
	socktest.NoLeaks(leaky)
	var want []string
	for _, w := range ways {
		where, made := w.make()
		for _, s := range made {
			want = append(want, where)
			defer s.Close()
		}
	}
	got := leaky.end()
	if len(got) != 1 {
		t.Fatalf("%d reports, want 1: %q", len(got), got)
	}
	if d := cmp.Diff(want, reported(got[0])); d != "" {
		t.Errorf("left open where (-want +got):\n%s\n%s", d, got[0])
	}
	if strings.Contains(got[0], "sock.Open\n") || !strings.Contains(got[0], ".TestEveryWayToOpen.") {
		t.Errorf("the stack is to begin at the caller of sock:\n%s", got[0])
	}

	socktest.NoLeaks(tidy)
	for _, w := range ways {
		_, made := w.make()
		for _, s := range made {
			s.Close()
		}
	}
	if got := tidy.end(); len(got) != 0 {
		t.Errorf("all were closed, and yet: %s", got)
	}
}

// What Open made and closed again, since a setting failed, is not left open.
func TestFailedSetting(t *testing.T) {
	w := &watched{TB: t}
	socktest.NoLeaks(w)
	if s, err := sock.Open(sock.Inet, sock.Stream, 0, sockopt.Linger.With(sockopt.LingerValue{Timeout: -1})); err == nil {
		s.Close()
		t.Fatal("a negative time-out was taken")
	}
	if got := w.end(); len(got) != 0 {
		t.Error(got)
	}
}

// Sockets from before NoLeaks do not count, nor one whose Close is in progress.
func TestNotLeaks(t *testing.T) {
	old := udp(t)
	defer old.Close()
	w := &watched{TB: t}
	socktest.NoLeaks(w)
	s := udp(t)
	inside, ending := make(chan bool), make(chan bool)
	go s.WithFD(func(int) error {
		close(inside)
		<-ending
		return nil
	})
	<-inside
	s.Close() // nil at once: the callback's return closes
	time.AfterFunc(50*time.Millisecond, func() { close(ending) })
	if got := w.end(); len(got) != 0 {
		t.Error(got)
	}
}

// Tests that may run together cannot be distinguished: NoLeaks refuses them.
func TestNoLeaksRefusesParallel(t *testing.T) {
	t.Run("parallel", func(t *testing.T) {
		t.Parallel()
		defer func() {
			if recover() == nil {
				t.Error("no panic")
			}
		}()
		socktest.NoLeaks(t)
	})
	t.Run("parent", func(t *testing.T) {
		socktest.NoLeaks(t)
		for range 4 {
			t.Run("child", func(t *testing.T) {
				t.Parallel()
				s := udp(t)
				t.Cleanup(func() { s.Close() })
			})
		}
	})
}

// A Socket that is closed is not kept in memory.
func TestForgets(t *testing.T) {
	s := udp(t)
	w := weak.Make(s)
	s.Close()
	for end := time.Now().Add(10 * time.Second); w.Value() != nil; runtime.GC() {
		if time.Now().After(end) {
			t.Fatal("still there after ten seconds")
		}
	}
}

// Open and Close from many goroutines at once; what is found then is right.
func TestManyGoroutines(t *testing.T) {
	w := &watched{TB: t}
	socktest.NoLeaks(w)
	var wg sync.WaitGroup
	kept := make([]*sock.Socket, 8)
	for i := range kept {
		wg.Go(func() {
			for range 50 {
				if s, err := sock.Open(sock.Inet, sock.Dgram, 0); err == nil {
					s.Close()
				}
			}
			kept[i], _ = sock.Open(sock.Inet, sock.Dgram, 0)
		})
	}
	wg.Wait()
	got := w.end()
	for _, s := range kept {
		if s == nil {
			t.Fatal("cannot open")
		}
		s.Close()
	}
	if len(got) != 1 || len(reported(got[0])) != len(kept) || !strings.Contains(got[0], "8 Sockets were left open") {
		t.Errorf("want %d: %q", len(kept), got)
	}
}

// A test that counts allocations does not see the record.
func TestRecordDoesNotAllocate(t *testing.T) {
	old := udp(t)
	defer old.Close()
	n := testing.AllocsPerRun(100, func() {
		s, err := old.Dup()
		if err != nil {
			t.Fatal(err)
		}
		s.Close()
	})
	if n > 1 { // the Socket
		t.Errorf("%v allocations, want 1", n)
	}
}

const leaveOpen = "SOCKTEST_TEST_LEAVE_OPEN"

// TestLeavesOpen leaks a Socket when TestMainReports asks for it.
func TestLeavesOpen(t *testing.T) {
	if os.Getenv(leaveOpen) == "" {
		t.Skip("a part of TestMainReports")
	}
	s, err := sock.Open(sock.Inet, sock.Dgram, 0)
	t.Logf("it is at %s, descriptor %d", above(), must[*sock.Socket](t)(s, err).FD())
}

// Main turns a leak of tests that pass into a failure that names the line.
func TestMainReports(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	args := []string{exe, "-test.run=^TestLeavesOpen$", "-test.v"}
	if emulator := os.Getenv("SOCK_TEST_EXEC"); emulator != "" { // the kernel cannot execute exe itself
		args = append([]string{emulator}, args...)
	}
	c := exec.CommandContext(t.Context(), args[0], args[1:]...)
	c.Env = append(os.Environ(), leaveOpen+"=1")
	out, err := c.CombinedOutput()
	if c.ProcessState == nil || c.ProcessState.ExitCode() != 1 {
		t.Fatalf("%v, want exit status 1\n%s", err, out)
	}
	if !strings.Contains(string(out), "--- PASS: TestLeavesOpen") {
		t.Errorf("the test itself is to pass:\n%s", out)
	}
	where := regexp.MustCompile(`it is at (\S+),`).FindSubmatch(out)
	if got := reported(string(out)); where == nil || len(got) != 1 || got[0] != string(where[1]) {
		t.Errorf("reported at %q, want %q\n%s", got, where, out)
	}
}
