package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/berkeleysockets/sock"
)

// demo runs an arena with two players, one with datagrams and one with a stream, first on
// a good network, then on a bad one.
func demo(ctx context.Context) error {
	at, err := sock.ParseAddr("127.0.0.1:0")
	if err != nil {
		return err
	}
	a, err := newArena(at, io.Discard)
	if err != nil {
		return err
	}
	name, err := a.socket.Sockname()
	if err != nil {
		a.close()
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- a.run(ctx) }()
	err = show(ctx, a.start, name)
	stop()
	return errors.Join(err, <-ended)
}

func show(ctx context.Context, start time.Time, server sock.Addr) error {
	fmt.Println("Each line is 0.1 s: where the ball is (o), where it is seen over datagrams (d) and over a stream (s).")
	fmt.Println("\nA good link:")
	if err := watch(ctx, start, server, 7); err != nil || ctx.Err() != nil {
		return err
	}

	l := newLink(10, 50*time.Millisecond, 30*time.Millisecond, 3)
	any, err := sock.ParseAddr("127.0.0.1:0")
	if err != nil {
		return err
	}
	socket, listener, err := bindBoth(any)
	if err != nil {
		return err
	}
	name, err := socket.Sockname()
	if err != nil {
		return errors.Join(err, socket.Close(), listener.Close())
	}
	ctx, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- l.carry(ctx, socket, listener, server) }()
	fmt.Printf("\nA bad link: of 100 packets %.0f are lost, one takes %v, %v more or less:\n", l.drop, l.delay, l.jitter)
	err = watch(ctx, start, name, 25)
	stop()
	return errors.Join(err, <-ended)
}

// watch lets two players join, and draws what they see.
func watch(ctx context.Context, start time.Time, at sock.Addr, lines int) error {
	byDatagrams, err := join(ctx, at, false)
	if err != nil {
		return err
	}
	byStream, err := join(ctx, at, true)
	if err != nil {
		byDatagrams.leave()
		return err
	}
	var datagrams, stream watcher
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	other := make(chan error, 1)
	go func() {
		other <- byStream.frames(func(now time.Time) bool {
			stream.look(byStream, now)
			return ctx.Err() == nil
		})
	}()
	var begun time.Time
	drawn := 0
	err = byDatagrams.frames(func(now time.Time) bool {
		datagrams.look(byDatagrams, now)
		if begun.IsZero() {
			if datagrams.frames == 0 || byStream.received() == 0 {
				return now.Sub(start) < time.Minute
			}
			begun = now
		}
		if now.Sub(begun) >= time.Duration(drawn)*time.Second/10 {
			fmt.Printf("%4.1f s |%s|\n", float64(drawn)/10, strip(now.Sub(start), byDatagrams, byStream))
			drawn++
		}
		return drawn < lines
	})
	stop()
	err = errors.Join(err, <-other)
	if err == nil && drawn == lines {
		fmt.Println("             arrived   lost   late   at worst behind   largest jump   the same, smoothed")
		summary("datagrams", byDatagrams, datagrams)
		summary("stream", byStream, stream)
	}
	return err
}

func (c *client) received() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.view.received
}

// strip draws the position of the ball, and the positions that the two players see.
func strip(since time.Duration, byDatagrams, byStream *client) []byte {
	line := make([]byte, width)
	for i := range line {
		line[i] = ' '
	}
	put := func(t thing, letter byte) { line[int(t.x+0.5)] = letter }
	for _, c := range []struct {
		*client
		letter byte
	}{{byStream, 's'}, {byDatagrams, 'd'}} {
		c.mu.Lock()
		if t, ok := find(c.view.raw(), 'o'); ok {
			put(t, c.letter)
		}
		c.mu.Unlock()
	}
	put(ballAt(float64(since/tick)), 'o')
	return line
}

func summary(name string, c *client, w watcher) {
	v := &c.view
	fmt.Printf("%-12s %7d %6d %6d %14d ms %8.1f cells %14.1f cells\n", name, v.received+v.late, v.lost(), v.late, w.worst.Milliseconds(), w.jump, w.jumpSmoothed)
}
