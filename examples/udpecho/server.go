package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"time"

	"github.com/berkeleysockets/sock"
)

// server runs a server at an address until ctx ends.
func server(ctx context.Context, at sock.Addr) error {
	s, name, err := bound(at)
	if err != nil {
		return err
	}
	defer s.Close()
	defer context.AfterFunc(ctx, func() { s.Close() })()
	if path := at.Path(); path != "" {
		defer os.Remove(path) // Bind made this file, and Close leaves it there
	}
	fmt.Println("server: waiting at", name)
	return serve(s)
}

// bound is a socket that datagrams can be sent to. There is nothing to listen for.
func bound(at sock.Addr) (s *sock.Socket, name sock.Addr, err error) {
	if s, err = sock.Open(at.Domain(), sock.Dgram, 0); err != nil {
		return nil, name, err
	}
	if err = s.Bind(at); err == nil {
		name, err = s.Sockname() // where Bind was given port 0, the kernel chose one
	}
	if err != nil {
		s.Close()
		return nil, name, err
	}
	return s, name, nil
}

// serve answers everybody, one datagram after the other. It always ends with an
// error: net.ErrClosed when it was asked to.
func serve(s *sock.Socket) error {
	// No datagram of UDP is longer than 65,507 bytes (65,527 with IPv6). Into a
	// smaller buffer a longer one would be cut.
	m := sock.Message{Bufs: [][]byte{make([]byte, 65527)}}
	for {
		err := answerOne(s, &m)
		if errors.Is(err, net.ErrClosed) {
			return err
		}
		if err != nil {
			// On this socket all clients are. What failed is of one of them, or of
			// this moment.
			fmt.Println("server:", err)
			time.Sleep(10 * time.Millisecond)
		}
	}
}

// answerOne receives one datagram, from whomever, and sends it back.
func answerOne(s *sock.Socket, m *sock.Message) error {
	if _, err := s.RecvMsg(m, 0); err != nil {
		return err
	}
	// 0 bytes and no error: an empty datagram. It is one like any other, for a
	// datagram socket has no end.
	what := fmt.Sprint(m.N, " bytes")
	if m.Flags&sock.Trunc != 0 {
		what += " of a longer datagram"
	}
	if !m.Addr.IsValid() {
		fmt.Printf("server: %s from nowhere: a unix socket that did not bind, so no answer\n", what)
		return nil
	}
	// DontWait: to wait for a client that does not read would stop all others. Its
	// answer is lost then, as any datagram may be. (Of a unix path that is not all.
	// What was not read yet lies in our send buffer, and a client that is connected
	// to us may fill it: until it reads or leaves there is no room for anybody's
	// answers. Linux limits only those that are not connected, to some ten each.)
	switch _, err := s.SendTo(m.Bufs[0][:m.N], sock.DontWait, m.Addr); {
	case err == sock.ErrWouldBlock, errors.Is(err, syscall.ENOBUFS): // Linux, FreeBSD
		fmt.Printf("server: %s from %v: no room, the answer is dropped\n", what, m.Addr)
	case errors.Is(err, net.ErrClosed):
		return err
	case err != nil:
		fmt.Printf("server: %s from %v: no answer: %v\n", what, m.Addr, err)
	default:
		fmt.Printf("server: %s from %v go back\n", what, m.Addr)
	}
	return nil
}
