package main

import (
	"math"
	"slices"
	"time"
)

// The arena, and its clock.
const (
	width, height = 60, 16
	rate          = 60 // ticks a second
	tick          = time.Second / rate
)

// ballAt returns the position of the ball at a tick. It moves by itself, without end.
func ballAt(at float64) thing {
	return thing{'o', bounce(at/rate*40, width-1), bounce(at/rate*7, height-1)}
}

func bounce(way, wall float64) float64 {
	way = math.Mod(way, 2*wall)
	return min(way, 2*wall-way)
}

// A player is a letter, and the state that the server keeps for it.
type player struct {
	letter byte
	x, y   int
	heard  time.Time
	number uint32 // number of its newest input
	done   uint32 // number of the last step that was made
	steps  []byte // the following steps, one for each tick
}

// hear takes an input. It does not depend on earlier inputs: those that were lost, or
// that come later than this one, carry the same steps.
func (p *player) hear(in input, now time.Time) {
	p.heard = now
	p.number = max(p.number, in.number)
	for i, step := range in.steps {
		next := p.done + uint32(len(p.steps)) + 1
		if in.first+uint32(i) == next && len(p.steps) < maxSteps {
			p.steps = append(p.steps, step)
		}
	}
}

// move makes one step, however many were sent, so that no player is faster than the
// others.
func (p *player) move() {
	if len(p.steps) == 0 {
		return
	}
	switch p.steps[0] {
	case 'u':
		p.y = max(p.y-1, 0)
	case 'd':
		p.y = min(p.y+1, height-1)
	case 'l':
		p.x = max(p.x-1, 0)
	case 'r':
		p.x = min(p.x+1, width-1)
	}
	p.steps = slices.Delete(p.steps, 0, 1)
	p.done++
}
