package interop

import (
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/berkeleysockets/sock/socktest"
)

// children are the programs that tests run in separate processes: the test binary executes
// itself with SOCK_TEST_CHILD set to one of the names.
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

// self returns the path of the test binary.
func self(t testing.TB) string {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return exe
}

// asChild returns the environment that makes the test binary run one of children. Without
// the option the race detector would delay its end by a second.
func asChild(name string) []string {
	return []string{"SOCK_TEST_CHILD=" + name, "GORACE=atexit_sleep_ms=0 " + os.Getenv("GORACE")}
}

// installed returns a command that is not started yet. If the program is not installed the
// test is skipped. The end of the test kills it.
func installed(t *testing.T, name string, args ...string) *exec.Cmd {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skip("no ", name, " here")
	}
	c := exec.CommandContext(t.Context(), path, args...)
	// Tests compare its messages, and it must use the loopback and no proxy.
	c.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "no_proxy=*", "NO_PROXY=*")
	c.WaitDelay = 10 * time.Second
	return c
}
