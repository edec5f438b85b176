package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/berkeleysockets/sock"
)

// demo runs a server and two clients in one process, and prints their steps.
func demo(ctx context.Context, how service) error {
	at, err := sock.ParseAddr("127.0.0.1:0")
	if err != nil {
		return err
	}
	l, err := listen(at, how.set...)
	if err != nil {
		return err
	}
	name, err := l.Sockname()
	if err != nil {
		l.Close()
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- how.serve(ctx, l) }()

	err = talk(ctx, name)
	stop()
	if serverErr := <-ended; !errors.Is(serverErr, net.ErrClosed) {
		err = errors.Join(err, serverErr)
	}
	return err
}

// talk is the conversation. The server has two clients at once, and does not mix them up:
// each has its own socket there.
func talk(ctx context.Context, server sock.Addr) error {
	alice, err := connect(ctx, server)
	if err != nil {
		return err
	}
	defer alice.Close()
	if err := say("alice", alice, "hello"); err != nil {
		return err
	}

	bob, err := connect(ctx, server)
	if err != nil {
		return err
	}
	defer bob.Close()
	if err := say("bob", bob, "good morning"); err != nil {
		return err
	}

	if err := say("alice", alice, "is anybody there?"); err != nil {
		return err
	}
	if err := end("alice", alice); err != nil {
		return err
	}
	if err := say("bob", bob, "only you and I"); err != nil {
		return err
	}
	return end("bob", bob)
}

// say sends a text, and waits until the same number of bytes has come back.
func say(name string, s *sock.Socket, text string) error {
	fmt.Printf("%s sends: %s\n", name, text)
	if err := sendAll(s, []byte(text)); err != nil {
		return err
	}
	answer := make([]byte, len(text))
	for got := 0; got < len(answer); { // they may come in pieces
		n, err := s.Recv(answer[got:], 0)
		if err != nil {
			return err
		}
		if n == 0 {
			return io.ErrUnexpectedEOF
		}
		got += n
	}
	fmt.Printf("%s receives: %s\n", name, answer)
	return nil
}

// end half-closes, and waits for it to end as well.
func end(name string, s *sock.Socket) error {
	fmt.Printf("%s sends no more: CloseWrite\n", name)
	if err := s.CloseWrite(); err != nil {
		return err
	}
	n, err := s.Recv(make([]byte, 1), 0)
	if err != nil {
		return err
	}
	if n != 0 {
		return fmt.Errorf("%s receives more than was sent", name)
	}
	fmt.Printf("%s: Recv gave 0, the server sends no more: Close\n", name)
	return nil
}
