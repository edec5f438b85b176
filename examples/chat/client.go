package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"

	"golang.org/x/term"

	"github.com/berkeleysockets/sock"
)

// A client waits for one socket only, and needs no poller: one goroutine hears what
// the room says, and another one says what is typed.

var errEnded = errors.New("the room has ended")

// client is a member of the room at an address: on a terminal, or between two pipes.
func client(ctx context.Context, at sock.Addr) error {
	s, err := enterRoom(ctx, at)
	if err != nil {
		return err
	}
	defer s.Close()
	if isTerminal(os.Stdin) && isTerminal(os.Stdout) {
		return onTerminal(ctx, s, nil)
	}
	return inPipe(s, os.Stdin, os.Stdout)
}

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

// enterRoom connects, as in examples/echo.
func enterRoom(ctx context.Context, at sock.Addr) (*sock.Socket, error) {
	s, err := sock.Open(at.Domain(), sock.Stream, 0)
	if err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, func() { s.Close() })
	if err := s.Connect(at); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// inPipe says what comes in, and then no more: the room lets us go, and that is the
// end. If it ends before, that is one too.
func inPipe(s *sock.Socket, in io.Reader, out io.Writer) error {
	var over atomic.Bool // we have said all
	said := make(chan error, 1)
	go func() {
		_, err := io.Copy(s, in)
		over.Store(true)
		said <- errors.Join(err, s.CloseWrite())
	}()
	var printed error
	err := hear(s, func(line string) {
		if _, err := fmt.Fprintln(out, line); err != nil {
			printed = err
			s.Close()
		}
	})
	switch {
	case printed != nil:
		return printed
	case err != nil:
		return err
	case !over.Load():
		return errEnded
	}
	return <-said
}

// hear prints each line that the room says, until it says no more. The room's own clean
// is not relied on: it may be anybody's. Nor is there any end to a line of a stream,
// if the other side sends none: one that is too long is shown in parts.
func hear(s *sock.Socket, tell func(line string)) error {
	lines := bufio.NewReaderSize(s, 4*maxLine)
	for {
		line, err := lines.ReadSlice('\n')
		if len(line) > 0 {
			tell(clean(line))
		}
		if err == io.EOF {
			return nil
		}
		if err != nil && err != bufio.ErrBufferFull {
			return err
		}
	}
}
