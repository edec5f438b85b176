package main

import (
	"context"
	"fmt"
	"time"
)

// run measures a task. Each round has all contenders and begins with a different one. A
// contender that fails twice is left out and reported, because a median of its successful
// runs only would be too good. At the context's deadline the rounds so far count, if they
// are enough.
func (t task) run(ctx context.Context, rounds int, done func(planned, taken time.Duration)) (*Point, error) {
	p := t.point
	p.rounds = rounds
	for _, c := range t.contenders {
		p.Series = append(p.Series, &Series{Name: c.name, Samples: map[string][]float64{}})
	}
	for round := range rounds {
		for i := range t.contenders {
			i = (i + round) % len(t.contenders)
			c, s := t.contenders[i], p.Series[i]
			start := time.Now()
			if s.Failed == "" {
				one, err := c.run(ctx)
				if err != nil && ctx.Err() == nil {
					one, err = c.run(ctx)
				}
				if ctx.Err() == context.DeadlineExceeded && round >= fewest {
					p.rounds = round
					p.summarize()
					return &p, nil
				}
				if ctx.Err() != nil {
					return nil, ctx.Err()
				}
				if err != nil {
					s.Failed, s.Samples, s.Dist = fmt.Sprintf("round %d: %v", round+1, err), nil, nil
				} else {
					s.add(one)
				}
			}
			done(t.each, time.Since(start))
		}
	}
	p.summarize()
	return &p, nil
}

func (s *Series) add(one sample) {
	for metric, v := range one.metrics {
		s.Samples[metric] = append(s.Samples[metric], v)
	}
	if one.dist != nil {
		s.Dist = append(s.Dist, one.dist)
	}
}
