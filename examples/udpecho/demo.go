package main

import (
	"context"
	"fmt"
	"time"

	"github.com/berkeleysockets/sock"
)

// demo runs server and clients in one program, one step after the other.
func demo(ctx context.Context) error {
	for i, part := range []struct {
		title string
		show  func() error
	}{
		{"Boundaries are kept", boundaries},
		{"One socket, many clients", clients},
		{"A buffer that is full: loss", burst},
		{"Two roads: what is overtaken, lost, or there twice", roads},
		{"A port where nobody listens", nobody},
	} {
		if ctx.Err() != nil {
			return nil
		}
		fmt.Printf("%d. %s\n", i+1, part.title)
		if err := part.show(); err != nil {
			return err
		}
	}
	return nil
}

// receiver opens a socket of this machine at a port that the kernel chooses. Datagrams
// may be lost, so nothing here waits for one without end.
func receiver() (*sock.Socket, sock.Addr, error) {
	at, err := sock.ParseAddr("127.0.0.1:0")
	if err != nil {
		return nil, at, err
	}
	s, name, err := bound(at)
	if err != nil {
		return nil, at, err
	}
	return s, name, s.SetReadDeadline(time.Now().Add(10 * time.Second))
}

// connected opens a socket that sends to one address. Connect sends nothing, so the
// server does not notice it.
func connected(to sock.Addr) (*sock.Socket, error) {
	s, err := sock.Open(to.Domain(), sock.Dgram, 0)
	if err != nil {
		return nil, err
	}
	if err := s.Connect(to); err != nil {
		s.Close()
		return nil, err
	}
	return s, s.SetReadDeadline(time.Now().Add(10 * time.Second))
}
