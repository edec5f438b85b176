package main

import "time"

// fewest is the number of rounds below which a median says little. A point that
// cannot have them is left out.
const fewest = 3

// A pace keeps a run within its time: from what the runs so far have really taken it
// estimates the rest, and gives the points fewer rounds when that is too long.
type pace struct {
	limit   time.Duration // 0 is none
	began   time.Time
	planned time.Duration // of the runs so far
	taken   time.Duration // by them
	rounds  int           // of a point that has time enough
	rest    time.Duration // planned for the points that have not begun, with all rounds
}

func newPace(limit time.Duration, tasks []task, rounds int) *pace {
	return &pace{limit: limit, began: time.Now(), rounds: rounds, rest: length(tasks, rounds)}
}

// slowness is how much longer a run takes than planned.
func (p *pace) slowness() float64 {
	if p.planned < time.Second {
		return 1 // too little is known
	}
	return float64(p.taken) / float64(p.planned)
}

// left estimates how long all that has not begun will take.
func (p *pace) left() time.Duration {
	d := time.Duration(float64(p.rest) * p.slowness())
	if p.limit > 0 {
		d = min(d, p.remaining())
	}
	return d
}

// remaining is the time until the limit.
func (p *pace) remaining() time.Duration { return max(0, p.limit-time.Since(p.began)) }

// begin returns how many rounds a point has, 0 for none.
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

// ran notes one run of a contender.
func (p *pace) ran(planned, taken time.Duration) {
	p.planned += planned
	p.taken += taken
}
