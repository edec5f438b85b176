//go:build unix

package main

import (
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/berkeleysockets/sock"
)

// TestServerStopped has a server that is stopped for a while and goes on: the picture
// stands still, and then it is that of now, not of what was missed.
func TestServerStopped(t *testing.T) {
	t.Parallel()
	server, addr := startServer(t, "127.0.0.1:0")
	at, err := sock.ParseAddr(addr)
	if err != nil {
		t.Fatal(err)
	}
	c, err := join(t.Context(), at, false)
	if err != nil {
		t.Fatal(err)
	}
	var w watcher
	stopped, resumed, more := false, 0, 0
	err = c.frames(func(now time.Time) bool {
		w.look(c, now)
		switch {
		case !stopped && w.frames > rate:
			stopped = true
			err = server.Cmd.Process.Signal(syscall.SIGSTOP)
		case stopped && resumed == 0 && w.worst > time.Second/2:
			resumed = c.received()
			err = server.Cmd.Process.Signal(syscall.SIGCONT)
		case resumed > 0:
			more = c.received() - resumed
		}
		return err == nil && more < 10
	})
	if err != nil {
		t.Fatal(err)
	}
	if c.view.lost() > 0 || w.back > 0 || w.jump < 5 {
		t.Errorf("%d are lost, of those it did not send; %d times back; the ball jumps %.1f", c.view.lost(), w.back, w.jump)
	}
	server.Signal(os.Interrupt)
}
