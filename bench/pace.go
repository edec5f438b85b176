package main

import "time"

// fewest is the smallest number of rounds with a useful median. A point with time for
// fewer is left out.
const fewest = 3

// A pace keeps a run within its limit. It estimates the rest from the time that the runs so
// far took, and gives the points fewer rounds if the estimate is too long.
type pace struct {
	limit   time.Duration // 0: no limit
	began   time.Time
	planned time.Duration // of the runs so far
	taken   time.Duration // by the runs so far
	rounds  int           // of a point with enough time
	rest    time.Duration // planned for the points that have not begun, with all their rounds
}

func newPace(limit time.Duration, tasks []task, rounds int) *pace {
	return &pace{limit: limit, began: time.Now(), rounds: rounds, rest: length(tasks, rounds)}
}

// slowness is the ratio of the time taken to the time planned.
func (p *pace) slowness() float64 {
	if p.planned < time.Second {
		return 1 // no run has ended
	}
	return float64(p.taken) / float64(p.planned)
}

// left estimates the time of the points that have not begun.
func (p *pace) left() time.Duration {
	d := time.Duration(float64(p.rest) * p.slowness())
	if p.limit > 0 {
		d = min(d, p.remaining())
	}
	return d
}

// remaining is the time until the limit.
func (p *pace) remaining() time.Duration { return max(0, p.limit-time.Since(p.began)) }

// begin returns the number of rounds of the next point, 0 if it is left out.
func (p *pace) begin(t task) int {
	need := time.Duration(float64(p.rest) * p.slowness())
	p.rest -= t.length(p.rounds)
	if p.limit == 0 || need <= p.remaining() {
		return p.rounds
	}
	least := min(fewest, p.rounds)
	n := max(least, int(float64(p.rounds)*float64(p.remaining())/float64(need)))
	if float64(t.length(least))*p.slowness() > float64(p.remaining()) {
		return 0
	}
	return min(n, p.rounds)
}

// ran records the time of one run of a contender.
func (p *pace) ran(planned, taken time.Duration) {
	p.planned += planned
	p.taken += taken
}
