package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/examples/internal/program"
)

// A session is the stage of an act. The first error ends the act: from then on its calls
// do nothing.
type session struct {
	ctx            context.Context
	ask            *asker
	at             sock.Addr
	pause          func(context.Context)
	began          time.Time
	err            error
	port           string         // printed with the call: the address of Listen or of Connect
	listener       end            //
	name           sock.Addr      // the address to which clients connect
	client, server *end           // the two ends; before Connect the server's is the listener
	opened         []*sock.Socket // closed when the act is over
}

func (s *session) title(number int, title string) {
	fmt.Printf("%d. %s\n", number, title)
	row("call", "client", "server", "")
	s.nextClient()
}

// call makes one call, waits until both ends are in the expected states, prints a line
// and pauses.
func (s *session) call(what string, f func() error, client, server, why string) {
	if s.err != nil {
		return
	}
	for _, o := range s.opened { // every wait has a limit
		o.SetDeadline(time.Now().Add(patience))
	}
	if f != nil {
		s.err = f()
	}
	if s.err == nil {
		client, server, why, s.err = s.look(client, server, why)
	}
	if s.err != nil {
		return
	}
	row(what+s.port, client, server, why)
	s.port = ""
	s.pause(s.ctx)
	s.err = s.ctx.Err()
}

func row(what, client, server, why string) {
	line := fmt.Sprintf("  %-34s %-12s %-12s %s", what, client, server, why)
	fmt.Println(strings.TrimRight(line, " "))
}

// fails is for a call that is expected to fail.
func (s *session) fails(what string, f func() error, want error, client, server, why string) {
	s.call(what, func() error {
		err := f()
		switch {
		case errors.Is(err, want):
			return nil
		case err == nil:
			return fmt.Errorf("%s: it did not fail", what)
		}
		return err
	}, client, server, why)
}

// patience is the limit for states that should be reached at once, or after a
// retransmission in the next second.
const patience = 10 * time.Second

// look asks until the states are as expected. A segment takes some time, and a lost
// segment is sent again after about as long as it has been lost.
func (s *session) look(client, server, why string) (string, string, string, error) {
	if flag.Lookup("trace").Value.String() == "true" { // these calls are no part of the act
		sock.SetTracer(nil)
		defer program.Trace()
	}
	late := time.Now().Add(patience + time.Since(s.began))
	for wait := time.Millisecond; ; wait = min(2*wait, 20*time.Millisecond) {
		c, err := s.ask.state(s.client)
		if err != nil {
			return "", "", "", err
		}
		v, err := s.ask.state(s.server)
		switch {
		case err != nil:
			return "", "", "", err
		case reached(c, client) && reached(v, server):
			return c, v, why, nil
		case time.Now().After(late):
			return c, v, fmt.Sprintf("(expected: %s, %s)", client, server), nil
		}
		select {
		case <-time.After(wait):
		case <-s.ctx.Done():
			return "", "", "", s.ctx.Err()
		}
	}
}

// pauses returns the pause after each line: a time, a wait for Enter, or none.
func pauses(slow time.Duration, step bool) func(context.Context) {
	var enter chan struct{} // a nil channel is never ready
	if step {
		enter = make(chan struct{})
		go func() {
			defer close(enter) // no more input: no more waiting
			for in := bufio.NewReader(os.Stdin); ; enter <- struct{}{} {
				if _, err := in.ReadString('\n'); err != nil {
					return
				}
			}
		}()
	}
	return func(ctx context.Context) {
		var over <-chan time.Time
		if !step {
			over = time.After(slow)
		}
		select {
		case <-enter:
		case <-over:
		case <-ctx.Done():
		}
	}
}
