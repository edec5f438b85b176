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

// ballAt is where the ball is at a tick. It runs by itself, without end.
func ballAt(at float64) thing {
	return thing{'o', bounce(at/rate*40, width-1), bounce(at/rate*7, height-1)}
}

func bounce(way, wall float64) float64 {
	way = math.Mod(way, 2*wall)
	return min(way, 2*wall-way)
}

// A player is a letter, and what must be remembered of it.
type player struct {
	letter byte
	x, y   int
	heard  time.Time
	number uint32 // of its newest input
	done   uint32 // of the last step that was made
	steps  []byte // those that follow, one for each tick
}

// hear takes an input. Nothing in it depends on others having come before: those
// that were lost, or come later than this one, had the same steps.
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

// move makes one step. However many it is sent, nobody is faster than others.
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
