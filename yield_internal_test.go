package sock

import "testing"

// A call yields once, then not before Go's poller has woken it; in vain it does so
// ever more seldom, and where it helps again as often as before.
func TestYields(t *testing.T) {
	t.Parallel()
	var y yields
	waits := func(want int) {
		t.Helper()
		for n := 0; n < want; n++ {
			if y.yield() {
				t.Fatalf("yields after %d waits, want %d", n, want)
			}
			y.rested()
		}
		if !y.yield() {
			t.Fatalf("does not yield after %d waits", want)
		}
	}
	waits(0)
	for range 100 { // each with success
		waits(1)
	}
	for _, want := range []int{16, 32, 64, 128, 256, 256, 256} {
		y.inVain()
		waits(want)
	}
	for range 8 {
		waits(1)
	}
	y.inVain()
	waits(16)
}
