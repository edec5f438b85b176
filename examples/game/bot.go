package main

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/berkeleysockets/sock"
)

// playBot plays without a terminal: it walks in a square, one step each fourth tick. At
// the end it prints what a player would have seen.
func playBot(ctx context.Context, at sock.Addr, stream bool, long time.Duration) error {
	c, err := join(ctx, at, stream)
	if err != nil {
		return err
	}
	fmt.Println("bot: plays in the arena at", at)
	var seen watcher
	start, walked := time.Now(), 0
	err = c.frames(func(now time.Time) bool {
		n := int(now.Sub(start) / (4 * tick))
		if now.Sub(start) < long {
			for ; walked < n; walked++ {
				c.walk("rdlu"[walked/8%4])
			}
		}
		seen.look(c, now)
		over := now.Sub(start) - long
		return over < 0 || over < patience && c.unconfirmed() > 0
	})
	fmt.Println("bot:", c.status())
	fmt.Printf("bot: at worst %d ms behind; went back in time %d times; the ball jumped %.1f cells at most, %.1f smoothed\n",
		seen.worst.Milliseconds(), seen.back, seen.jump, seen.jumpSmoothed)
	fmt.Printf("bot: %d steps, of which the server has made %d\n", c.made, c.view.newest().done)
	return err
}

func (c *client) unconfirmed() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.steps)
}

// A watcher examines each frame of a client, and remembers the worst.
type watcher struct {
	frames             int
	worst              time.Duration // delay behind the fastest state
	back               int           // frames that show an older moment than the frame before
	jump, jumpSmoothed float64       // movement of the ball between two frames
	tick               uint32
	ball, smoothed     thing
}

// look is called 60 times a second.
func (w *watcher) look(c *client, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	v := &c.view
	ball, ok := find(v.raw(), 'o')
	if !ok {
		return
	}
	smoothed, _ := find(v.smoothed(now), 'o')
	if w.frames++; w.frames > rate/2 { // by then it knows the smallest delay
		w.worst = max(w.worst, v.behind(now))
		w.jump = max(w.jump, math.Abs(ball.x-w.ball.x))
		w.jumpSmoothed = max(w.jumpSmoothed, math.Abs(smoothed.x-w.smoothed.x))
		if v.newest().tick < w.tick {
			w.back++
		}
	}
	w.ball, w.smoothed, w.tick = ball, smoothed, v.newest().tick
}
