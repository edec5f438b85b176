package interop

import (
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/berkeleysockets/sock/socktest"
)

// children are the programs that tests run as processes of their own: the test
// binary executes itself with SOCK_TEST_CHILD set to one of the names.
var children = map[string]func() error{}

func TestMain(m *testing.M) {
	if name := os.Getenv("SOCK_TEST_CHILD"); name != "" {
		f := children[name]
		if f == nil {
			fmt.Fprintln(os.Stderr, "no child", name)
			os.Exit(2)
		}
		if err := f(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(socktest.Main(m))
}

// self is the path of the test binary.
func self(t testing.TB) string {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return exe
}

// asChild is the environment that makes the test binary one of children. The race
// detector would have it linger for a second at its end.
func asChild(name string) []string {
	return []string{"SOCK_TEST_CHILD=" + name, "GORACE=atexit_sleep_ms=0 " + os.Getenv("GORACE")}
}

// installed is somebody else's program, not started yet. Where it is not
// installed the test is skipped. It is killed with the test.
func installed(t *testing.T, name string, args ...string) *exec.Cmd {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skip("no ", name, " here")
	}
	c := exec.CommandContext(t.Context(), path, args...)
	// Tests compare its words, and it shall reach the loopback and not a proxy.
	c.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "no_proxy=*", "NO_PROXY=*")
	c.WaitDelay = 10 * time.Second
	return c
}
