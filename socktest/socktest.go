// Package socktest finds Sockets that tests leave open, and reports where they
// were opened. A Socket that is dropped without Close leaks its descriptor:
// nothing else would tell.
//
//	func TestMain(m *testing.M) { os.Exit(socktest.Main(m)) }
package socktest

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// grace is for a goroutine that is closing its Socket while the tests end.
const grace = time.Second

// Main runs the tests of a package, for its TestMain. If Sockets are still open
// a second after the last test it writes to standard error where each was
// opened, and what it returns is not 0.
//
// It locks a mutex and walks the stack at each open and each close, about a
// microsecond. Like any lock that can hide a data race from the race detector.
func Main(m *testing.M) int {
	record.start()
	code := m.Run()
	if left := record.left(0, grace); len(left) > 0 {
		fmt.Fprint(os.Stderr, "socktest: ", report(left))
		if code == 0 {
			code = 1
		}
	}
	return code
}

// NoLeaks fails t if Sockets that were opened from now on are still open a
// second after t has ended. Call it first: cleanups run last in, first out, and
// those registered later then close before it looks.
//
// Go does not record which test a goroutine belongs to, so all that is opened
// meanwhile counts as t's. Hence t must not run in parallel with other tests,
// and NoLeaks sees to it by [testing.T.Setenv], which panics if it does. Its own
// parallel subtests may: t ends after them. For parallel tests there is [Main].
func NoLeaks(t testing.TB) {
	t.Helper()
	t.Setenv("SOCKTEST_NOLEAKS", t.Name())
	record.start()
	mark := record.mark()
	t.Cleanup(func() {
		t.Helper()
		if left := record.left(mark, grace); len(left) > 0 {
			t.Error(report(left))
		}
	})
}

func report(left []opening) string {
	var b strings.Builder
	if len(left) == 1 {
		b.WriteString("a Socket was left open\n")
	} else {
		fmt.Fprintf(&b, "%d Sockets were left open\n", len(left))
	}
	for i := range left {
		left[i].describe(&b)
	}
	return b.String()
}
