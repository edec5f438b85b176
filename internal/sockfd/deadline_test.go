package sockfd

import (
	"math"
	"testing"
	"time"
	"unsafe"
)

// TestDeadlineAfter shows that a deadline is as far from now as it was asked for, that times
// beyond the range saturate, and that a passed one is never 0, which means none.
func TestDeadlineAfter(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		now, left time.Duration
		want      int64
	}{
		{time.Hour, time.Minute, int64(time.Hour + time.Minute)},
		{time.Hour, 0, int64(time.Hour)},
		{time.Hour, -time.Minute, int64(time.Hour - time.Minute)},
		{time.Hour, -time.Hour, 1},
		{time.Hour, -2 * time.Hour, 1},
		{time.Hour, math.MinInt64, 1},
		{time.Hour, math.MaxInt64, math.MaxInt64},
		{time.Hour, math.MaxInt64 - time.Hour, math.MaxInt64},
		{0, math.MinInt64, 1},
	} {
		if got := deadlineAfter(c.now, c.left); got != c.want {
			t.Errorf("%v after %v: %d, want %d", c.left, c.now, got, c.want)
		}
	}
}

// TestDeadlineClockSet shows that a time without a monotonic reading counts from the wall
// clock's present: epoch stands for a program whose clock was set since it began.
func TestDeadlineClockSet(t *testing.T) {
	old := epoch
	defer func() { epoch = old }()
	for _, set := range []time.Duration{-time.Hour, time.Hour} {
		epoch = clockSet(old, set)
		for name, deadline := range map[string]time.Time{
			"monotonic": time.Now().Add(time.Minute),
			"wall":      time.Now().Add(time.Minute).Round(0),
			"unix":      time.Unix(time.Now().Unix()+60, 0),
		} {
			var fd FD
			fd.InitUntracked(-1)
			if e := fd.SetDeadlines(ReadDeadline, deadline); e != 0 {
				t.Fatal(e)
			}
			left := time.Duration(fd.Cold().deadlines[Read].Load()) - time.Since(epoch)
			if left < 50*time.Second || left > 70*time.Second {
				t.Errorf("clock set by %v, %s: %v are left, want a minute", set, name, left)
			}
			if until := time.Until(fd.Cold().earliest(ReadDeadline)); until < 50*time.Second || until > 70*time.Second {
				t.Errorf("clock set by %v, %s: the runtime poller waits %v", set, name, until)
			}
		}
	}
}

// clockSet returns t, from time.Now, as a program has it whose wall clock was set by d since:
// its wall reading is off by -d, its monotonic reading is right. Package time makes no such
// value, so this changes the seconds that a Time holds above the 30 bits of its nanoseconds.
func clockSet(t time.Time, d time.Duration) time.Time {
	*(*uint64)(unsafe.Pointer(&t)) -= uint64(d/time.Second) << 30
	return t
}
