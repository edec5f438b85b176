package main

import (
	"context"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/gdamore/tcell/v2"
	"github.com/rivo/tview"

	"github.com/berkeleysockets/sock"
)

// onTerminal draws the conversation, and below it a line to type in. The screen belongs
// to the library: other goroutines queue their changes, and the library's goroutine makes
// them. A nil screen is the terminal of the process.
func onTerminal(ctx context.Context, s *sock.Socket, screen tcell.Screen) error {
	app := tview.NewApplication().SetScreen(screen)
	talk := tview.NewTextView().SetMaxLines(1000)
	input := tview.NewInputField().SetLabel("> ").SetFieldBackgroundColor(tcell.ColorDefault)
	app.SetRoot(tview.NewFlex().SetDirection(tview.FlexRow).AddItem(talk, 0, 1, false).AddItem(input, 1, 0, true), true)
	show := func(line string) { fmt.Fprintln(talk, line) }

	var leaves atomic.Bool // ended here, not by the room
	ended := make(chan error, 2)
	end := func(err error) {
		ended <- err
		app.QueueUpdate(app.Stop) // so that it is not before Run
	}
	go func() {
		end(hear(s, func(line string) { app.QueueUpdateDraw(func() { show(line) }) }))
	}()
	typed := make(chan string, 64)
	defer close(typed)
	go func() {
		for line := range typed {
			if _, err := io.WriteString(s, line+"\n"); err != nil {
				return // hear reports it too
			}
		}
	}()
	defer context.AfterFunc(ctx, func() { end(nil) })()

	input.SetAcceptanceFunc(func(text string, _ rune) bool { return len(text) < maxLine })
	app.SetInputCapture(func(key *tcell.EventKey) *tcell.EventKey {
		switch key.Key() {
		case tcell.KeyEnter:
			select {
			case typed <- input.GetText():
				show("> " + input.GetText())
				input.SetText("")
				talk.ScrollToEnd()
			default: // the screen must not wait for the room
				show("* the room does not listen: try again")
			}
		case tcell.KeyPgUp, tcell.KeyPgDn:
			talk.InputHandler()(key, nil)
		case tcell.KeyCtrlC, tcell.KeyCtrlD:
			leaves.Store(true)
			app.Stop()
		default:
			return key
		}
		return nil
	})
	if err := app.Run(); err != nil {
		return fmt.Errorf("no terminal to draw on (%w): | cat needs none", err)
	}
	if leaves.Load() || ctx.Err() != nil {
		return nil
	}
	if err := <-ended; err != nil {
		return err
	}
	return errEnded
}
