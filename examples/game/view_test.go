package main

import (
	"math"
	"testing"
	"time"
)

func at(number uint32) state {
	return state{number: number, tick: number, things: []thing{{'o', float64(number % 50), 1}}}
}

func TestView(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		come                 []uint32
		received, lost, late int
		newest               uint32
	}{
		"all":            {[]uint32{5, 6, 7, 8}, 4, 0, 0, 8},
		"one is lost":    {[]uint32{5, 7, 8}, 3, 1, 0, 8},
		"one is late":    {[]uint32{5, 7, 6, 8}, 3, 0, 1, 8},
		"one comes last": {[]uint32{5, 7, 8, 6}, 3, 0, 1, 8},
		"copies":         {[]uint32{5, 5, 7, 5, 7, 6, 6, 8}, 3, 0, 1, 8},
		"before us":      {[]uint32{5, 4, 3, 6}, 2, 0, 0, 6},
		"many are lost":  {[]uint32{5, 1005}, 2, 999, 0, 1005},
		"very late":      {[]uint32{5, 1005, 6}, 2, 999, 0, 1005},
		"one":            {[]uint32{5}, 1, 0, 0, 5},
		"none":           {nil, 0, 0, 0, 0},
		"the last":       {[]uint32{math.MaxUint32 - 1, math.MaxUint32}, 2, 0, 0, math.MaxUint32},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var v view
			var last uint32
			for _, n := range c.come {
				news := v.take(at(n), time.Now())
				if shown := v.newest().number; shown < last || news != (shown > last) {
					t.Errorf("%d after %d: news is %t", shown, last, news)
				}
				last = v.newest().number
			}
			if v.received != c.received || v.lost() != c.lost || v.late != c.late || last != c.newest {
				t.Errorf("received %d, lost %d, late %d, newest %d; want %v", v.received, v.lost(), v.late, last, c)
			}
			if _, ok := find(v.raw(), 'o'); ok != (len(c.come) > 0) {
				t.Error("what is shown: ", v.raw())
			}
		})
	}
}

// TestSmoothed asks for the picture at times between states that come unevenly, some
// of them never: the ball moves evenly all the same.
func TestSmoothed(t *testing.T) {
	t.Parallel()
	var v view
	start := time.Now()
	for n := uint32(1); n <= 40; n++ {
		if n%5 != 0 { // each fifth one is lost
			v.take(at(n), start.Add(time.Duration(n)*tick+time.Duration(n%3)*5*time.Millisecond))
		}
	}
	for ms := 150; ms < 600; ms++ { // until then there is nothing 100 ms before, and after that nothing newer
		now := start.Add(time.Duration(ms) * time.Millisecond)
		ball, ok := find(v.smoothed(now), 'o')
		want := float64(now.Sub(v.zero)-delay) / float64(tick)
		if !ok || math.Abs(ball.x-want) > 1e-6 {
			t.Fatalf("after %d ms at %v, want %v", ms, ball.x, want)
		}
	}
	if ball, _ := find(v.smoothed(start.Add(time.Hour)), 'o'); ball.x != 39 {
		t.Errorf("nothing new for an hour, and it is at %v", ball.x)
	}
	if ball, _ := find(v.smoothed(start), 'o'); ball.x != 1 {
		t.Errorf("before the first, and it is at %v", ball.x)
	}
	if got := v.behind(start.Add(41 * tick)); got.Round(time.Millisecond) != (2 * tick).Round(time.Millisecond) {
		t.Errorf("39 is the newest when 41 is due: %v behind, want two ticks", got)
	}
	for n := uint32(41); n < 1000; n++ {
		v.take(at(n), start)
	}
	if len(v.states) != kept {
		t.Errorf("%d states are kept, want %d", len(v.states), kept)
	}
	v.take(state{number: 1000, things: []thing{{'B', 1, 1}}}, start) // B was not there before
	_ = v.smoothed(start)
}
