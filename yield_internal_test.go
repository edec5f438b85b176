package sock

import (
	"testing"
	"testing/synctest"
	"time"
)

// A receive yields once, then not before Go's poller has woken it; in vain it does so
// ever more seldom, and where it helps ever more often.
func TestYields(t *testing.T) {
	t.Parallel()
	var y yields
	quick := func() {}
	waits := func(want int, others func()) {
		t.Helper()
		for n := range want {
			if y.turn(others) {
				t.Fatalf("yields after %d waits, want %d", n, want)
			}
			y.rested()
		}
		if !y.turn(others) {
			t.Fatalf("does not yield after %d waits", want)
		}
	}
	for _, want := range []int{16, 8, 4, 2, 1, 1, 1} {
		waits(want, quick)
	}
	for _, want := range []int{32, 64, 128, 256, 256} {
		y.inVain()
		waits(want, quick)
	}
	for _, want := range []int{128, 64, 32, 16, 8, 4, 2, 1, 1} {
		waits(want, quick)
	}
	synctest.Test(t, func(t *testing.T) { // who computes has no part in time that passes so
		waits(1, func() { time.Sleep(longTurn + 1) })
		waits(32, func() { time.Sleep(longTurn) })
		waits(16, quick)
	})
}

// None where a deadline may pass meanwhile, and where nothing waits.
func TestYieldsNot(t *testing.T) {
	t.Parallel()
	a, b, err := Pair(Unix, Stream, 0)
	if err != nil {
		t.Skip(err)
	}
	defer b.Close()
	defer a.Close()
	for name, c := range map[string]struct {
		bits  uint32
		flags Flags
		want  bool
	}{
		"has waited":   {readWaited, 0, true},
		"has not":      {0, 0, false},
		"a deadline":   {readWaited | readDeadline, 0, false},
		"non-blocking": {readWaited | nonblock, 0, false},
		"this call":    {readWaited, DontWait, false},
	} {
		a.word.Clear(readWaited | readDeadline | nonblock)
		a.word.Set(c.bits)
		for range 16 {
			a.waiting().yields.rested()
		}
		if got := a.yield(c.flags); got != c.want {
			t.Errorf("%s: yields %v", name, got)
		}
	}
	a.word.Clear(readWaited | readDeadline | nonblock)
}
