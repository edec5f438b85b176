package sockfd

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/berkeleysockets/sock/internal/sys"
)

// A receive yields once, and again only after the runtime poller has woken it. Each
// failure doubles the interval, and each success halves it.
func TestYields(t *testing.T) {
	t.Parallel()
	var y yieldPolicy
	quick := func() {}
	waits := func(want int, others func()) {
		t.Helper()
		for n := range want {
			if y.tryYield(others) {
				t.Fatalf("yields after %d waits, want %d", n, want)
			}
			y.woken()
		}
		if !y.tryYield(others) {
			t.Fatalf("does not yield after %d waits", want)
		}
	}
	for _, want := range []int{16, 8, 4, 2, 1, 1, 1} {
		waits(want, quick)
	}
	for _, want := range []int{32, 64, 128, 256, 256} {
		y.failed()
		waits(want, quick)
	}
	for _, want := range []int{128, 64, 32, 16, 8, 4, 2, 1, 1} {
		waits(want, quick)
	}
	synctest.Test(t, func(t *testing.T) { // goroutines that compute take no part in this time
		waits(1, func() { time.Sleep(longTurn + 1) })
		waits(32, func() { time.Sleep(longTurn) })
		waits(16, quick)
	})
}

// No call yields that has a deadline, or that does not wait.
func TestYieldsNot(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		bits  uint32
		flags int
		want  bool
	}{
		"has waited":   {ReadWaited, 0, true},
		"has not":      {0, 0, false},
		"a deadline":   {ReadWaited | ReadDeadline, 0, false},
		"non-blocking": {ReadWaited | Nonblock, 0, false},
		"this call":    {ReadWaited, sys.MSG_DONTWAIT, false},
	} {
		var fd FD
		fd.Set(c.bits)
		for range 16 {
			fd.Cold().yields.woken()
		}
		if got := fd.Yield(c.flags); got != c.want {
			t.Errorf("%s: yields %v", name, got)
		}
	}
}
