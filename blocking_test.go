package sock_test

import (
	"errors"
	"runtime"
	"strings"
	"testing"

	"github.com/berkeleysockets/sock"
)

// begin runs f in a goroutine, and returns once that waits for something. The
// channel gives what f returns.
func begin(t testing.TB, f func() error) <-chan error {
	t.Helper()
	id := make(chan string, 1)
	result := make(chan error, 1)
	go func() {
		var b [64]byte
		id <- strings.Fields(string(b[:runtime.Stack(b[:], false)]))[1]
		result <- f()
	}()
	mine := "goroutine " + soon(t, id) + " ["
	eventually(t, "waiting", func() bool {
		if len(result) > 0 {
			t.Fatal("it did not wait, and returned ", <-result)
		}
		return waits(goroutineState(mine))
	})
	return result
}

// goroutineState is what the runtime says of the goroutine whose stack begins
// with head.
func goroutineState(head string) string {
	for b := make([]byte, 1<<20); ; b = make([]byte, 2*len(b)) {
		n := runtime.Stack(b, true)
		if n == len(b) {
			continue
		}
		_, state, ok := strings.Cut("\n"+string(b[:n]), "\n"+head)
		if !ok {
			return ""
		}
		return state[:strings.IndexByte(state, ']')]
	}
}

// waits tells the states in which a call of ours waits: in Go's poller, behind
// another call there, in the queue of Writes, between two looks.
func waits(state string) bool {
	for _, s := range []string{"IO wait", "semacquire", "chan receive", "select", "sleep"} {
		if strings.HasPrefix(state, s) {
			return true
		}
	}
	return false
}

// stuff sends until there is no more room.
func stuff(t testing.TB, s *sock.Socket) (n int) {
	t.Helper()
	p := make([]byte, 4096)
	for {
		k, err := s.Send(p, sock.DontWait)
		if errors.Is(err, sock.ErrWouldBlock) {
			return n
		}
		if err != nil {
			t.Fatal(err)
		}
		n += k
	}
}
