package main

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

func TestBall(t *testing.T) {
	t.Parallel()
	last := ballAt(0)
	for at := 1.0; at < 1e5; at++ {
		b := ballAt(at)
		if b.x < 0 || b.x > width-1 || b.y < 0 || b.y > height-1 {
			t.Fatalf("at tick %v: %v", at, b)
		}
		if math.Abs(b.x-last.x) > 0.67 || math.Abs(b.y-last.y) > 0.12 {
			t.Fatalf("at tick %v: from %v to %v", at, last, b)
		}
		last = b
	}
}

func TestMove(t *testing.T) {
	t.Parallel()
	p := &player{x: 1, y: 1}
	first := uint32(1)
	for _, c := range []struct {
		steps string
		x, y  int
	}{{"ll", 0, 1}, {"uuu", 0, 0}, {"rd", 1, 1}, {"dddddddddddddddddddddd", 1, height - 1}, {"rrrrrrrrrrrrrrrrrrrrrrrrrrrrrr", 31, height - 1}, {"rrrrrrrrrrrrrrrrrrrrrrrrrrrrrr", width - 1, height - 1}} {
		p.hear(input{0, first, []byte(c.steps)}, time.Now())
		first += uint32(len(c.steps))
		for n := len(c.steps); n > 0; n-- {
			if len(p.steps) != n {
				t.Fatalf("%s: %d steps are left, want %d: one a tick", c.steps, len(p.steps), n)
			}
			p.move()
		}
		p.move() // none is left
		if p.x != c.x || p.y != c.y || p.done != first-1 {
			t.Errorf("%s: %d, %d after %d steps; want %d, %d after %d", c.steps, p.x, p.y, p.done, c.x, c.y, first-1)
		}
	}
}

// TestSteps has inputs lost, doubled and overtaken: each step is made once, in order.
func TestSteps(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		random := rand.New(rand.NewPCG(seed, 0))
		p := &player{x: width / 2, y: height / 2}
		var c client
		var flying [][]byte
		x, y := p.x, p.y
		for now := 0; now < 2000 || len(c.steps) > 0; now++ {
			if now < 2000 && random.IntN(3) == 0 && len(c.steps) < maxSteps {
				step := "udlr"[random.IntN(4)]
				c.walk(step)
				q := &player{x: x, y: y, steps: []byte{step}}
				q.move()
				x, y = q.x, q.y
			}
			c.number++
			flying = append(flying, appendInput(nil, token{}, input{c.number, c.made - uint32(len(c.steps)) + 1, c.steps}))
			for range random.IntN(3) { // any of the last ones, again or late or never
				at := max(0, len(flying)-1-random.IntN(10))
				_, in, err := parseInput(flying[at])
				if err != nil {
					t.Fatal(err)
				}
				p.hear(in, time.Now())
			}
			p.move()
			if random.IntN(2) == 0 {
				c.take(state{number: uint32(now) + 1, tick: uint32(now), echo: p.number, done: p.done}, time.Now())
			}
			if now > 10000 {
				t.Fatalf("%d steps are never made", len(c.steps))
			}
		}
		if p.x != x || p.y != y || p.done != c.made || c.missed > 0 {
			t.Errorf("at %d, %d after %d steps, want %d, %d after %d", p.x, p.y, p.done, x, y, c.made)
		}
	}
}

// TestStepsOfNobody has a client that makes up numbers.
func TestStepsOfNobody(t *testing.T) {
	t.Parallel()
	p := &player{}
	for _, first := range []uint32{0, 2, 1000, math.MaxUint32} {
		p.hear(input{1, first, []byte("r")}, time.Now())
	}
	if len(p.steps) != 0 {
		t.Errorf("%d steps out of nowhere", len(p.steps))
	}
	for first := uint32(1); first < 1000; first++ {
		p.hear(input{1, first, []byte("r")}, time.Now())
	}
	if len(p.steps) != maxSteps {
		t.Errorf("%d steps are kept, want %d", len(p.steps), maxSteps)
	}
}
