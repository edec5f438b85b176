package main

import (
	"context"
	"fmt"
	"time"

	"github.com/gdamore/tcell/v2"

	"github.com/berkeleysockets/sock"
)

// play plays on a terminal.
func play(ctx context.Context, at sock.Addr, stream bool) error {
	c, err := join(ctx, at, stream)
	if err != nil {
		return err
	}
	screen, err := tcell.NewScreen()
	if err == nil {
		err = screen.Init()
	}
	if err != nil {
		c.leave()
		return fmt.Errorf("no terminal to play on (%w): -bot 4s plays without one", err)
	}
	defer screen.Fini()
	return c.playOn(screen)
}

// playOn lets the library's goroutine read keys; this goroutine does the rest.
func (c *client) playOn(screen tcell.Screen) error {
	events := make(chan tcell.Event, 16)
	quit := make(chan struct{})
	go screen.ChannelEvents(events, quit)
	defer close(quit)
	smooth := false
	return c.frames(func(now time.Time) bool {
		for {
			select {
			case e, ok := <-events:
				if !ok {
					return false // the terminal is closed
				}
				switch e := e.(type) {
				case *tcell.EventResize:
					screen.Sync()
				case *tcell.EventKey:
					switch step := key(e); step {
					case 'q':
						return false
					case 'i':
						smooth = !smooth
					case 0:
					default:
						c.walk(step)
					}
				}
				continue
			default:
			}
			break
		}
		c.draw(screen, smooth, now)
		return true
	})
}

// key returns the meaning of a key: a step, i, q, or nothing.
func key(e *tcell.EventKey) byte {
	switch e.Key() {
	case tcell.KeyUp:
		return 'u'
	case tcell.KeyDown:
		return 'd'
	case tcell.KeyLeft:
		return 'l'
	case tcell.KeyRight:
		return 'r'
	case tcell.KeyCtrlC, tcell.KeyEscape:
		return 'q'
	case tcell.KeyRune:
		return map[rune]byte{'w': 'u', 's': 'd', 'a': 'l', 'd': 'r', 'i': 'i', 'q': 'q'}[e.Rune()]
	}
	return 0
}

// draw draws a frame: the wall, the things in the arena, and the state of the network.
// Parts that do not fit the terminal are left out, but never the last line.
func (c *client) draw(screen tcell.Screen, smooth bool, now time.Time) {
	c.mu.Lock()
	things, how, you := c.view.raw(), "raw", c.view.newest().you
	if smooth {
		things, how = c.view.smoothed(now), "interpolated"
	}
	behind := c.view.behind(now)
	c.mu.Unlock()

	plain := tcell.StyleDefault
	screen.Clear()
	for x := range width + 2 {
		screen.SetContent(x, 0, '-', nil, plain)
		screen.SetContent(x, height+1, '-', nil, plain)
	}
	for y := range height {
		screen.SetContent(0, y+1, '|', nil, plain)
		screen.SetContent(width+1, y+1, '|', nil, plain)
	}
	for _, t := range things {
		style := plain.Foreground(tcell.ColorYellow)
		if t.letter == you {
			style = plain.Reverse(true)
		}
		screen.SetContent(1+int(t.x+0.5), 1+int(t.y+0.5), rune(t.letter), nil, style)
	}
	_, rows := screen.Size()
	below := max(min(height+2, rows-3), 0)
	for y, text := range []string{
		c.status(),
		fmt.Sprintf("the picture is %s; its state %d ms behind the fastest one", how, behind.Milliseconds()),
		"arrows or WASD: walk   i: raw or interpolated   q: quit",
	} {
		for x, r := range text {
			screen.SetContent(x, below+y, r, nil, plain)
		}
	}
	screen.Show()
}
