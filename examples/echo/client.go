package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/berkeleysockets/sock"
)

// client connects to a server, sends it the bytes of stdin, and writes the answer to
// stdout.
func client(ctx context.Context, at sock.Addr) error {
	s, err := connect(ctx, at)
	if err != nil {
		return err
	}
	defer s.Close()

	// Two directions, two loops. With one loop that first sends everything and then
	// receives, both sides could wait without end: each with full buffers, for the other
	// to receive.
	sent := make(chan error, 1)
	go func() { sent <- sendInput(s, os.Stdin) }()
	if err := receive(s, os.Stdout); err != nil {
		return err
	}

	// The server sends no more. It may still receive the rest.
	select {
	case err := <-sent:
		return err
	default:
		fmt.Fprintln(os.Stderr, "client: the server sends no more; Ctrl-D ends")
	}
	select {
	case err := <-sent:
		return err
	case <-ctx.Done():
		return nil
	}
}

// connect opens a socket and connects it. The kernel gives it its own address, with TCP a
// free port. The end of ctx closes it.
func connect(ctx context.Context, at sock.Addr) (*sock.Socket, error) {
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

// sendInput sends all of in, and then half-closes.
func sendInput(s *sock.Socket, in io.Reader) error {
	buf := make([]byte, 32<<10)
	for {
		n, readErr := in.Read(buf)
		if err := sendAll(s, buf[:n]); err != nil {
			return err
		}
		if readErr == io.EOF {
			// A half-close: the server's Recv returns 0 now, and this side still receives
			// its answers. Close would end both directions.
			return s.CloseWrite()
		}
		if readErr != nil {
			return errors.Join(readErr, s.CloseWrite())
		}
	}
}

// receive writes everything from the server to out, until the end of the stream.
func receive(s *sock.Socket, out io.Writer) error {
	buf := make([]byte, 32<<10)
	for {
		n, err := s.Recv(buf, 0)
		if err != nil || n == 0 {
			return err
		}
		if _, err := out.Write(buf[:n]); err != nil {
			return err
		}
	}
}
