package sock_test

import (
	"runtime"
	"strings"
	"testing"
)

// goBlocked runs f in a goroutine, and returns when that goroutine waits. The channel has
// the result of f.
func goBlocked(t testing.TB, f func() error) <-chan error {
	t.Helper()
	id := make(chan string, 1)
	result := make(chan error, 1)
	go func() {
		var b [64]byte
		id <- strings.Fields(string(b[:runtime.Stack(b[:], false)]))[1]
		result <- f()
	}()
	mine := "goroutine " + recvTimeout(t, id) + " ["
	eventually(t, "waiting", func() bool {
		if len(result) > 0 {
			t.Fatal("it did not wait, and returned ", <-result)
		}
		_, state, _ := strings.Cut("\n"+stacks(), "\n"+mine)
		return waits(state)
	})
	return result
}

// stacks is what the runtime says of every goroutine.
func stacks() string {
	for b := make([]byte, 1<<20); ; b = make([]byte, 2*len(b)) {
		if n := runtime.Stack(b, true); n < len(b) {
			return string(b[:n])
		}
	}
}

// waits reports whether a goroutine state is that of a waiting call: in the runtime
// poller, behind another call there, in the queue of Writes, or between two polls.
func waits(state string) bool {
	for _, s := range []string{"IO wait", "semacquire", "chan receive", "select", "sleep"} {
		if strings.HasPrefix(state, s) {
			return true
		}
	}
	return false
}
