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

// A client waits for one socket only, and needs no poller: one goroutine receives from
// the room, and another sends what is typed.

var errEnded = errors.New("the room has ended")

// client connects to a room, and runs on a terminal or between two pipes.
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

// enterRoom connects, like examples/echo.
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

// inPipe sends its input, and then half-closes: the room closes the connection, which
// ends the program. If the room closes it earlier, that also ends the program.
func inPipe(s *sock.Socket, in io.Reader, out io.Writer) error {
	var over atomic.Bool // end of the input
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

// hear prints each line from the room until the end of the stream. It does not rely on
// the room to remove control characters, since any program may be the room. A line of a
// stream may have no end, so it prints a long line in parts.
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
