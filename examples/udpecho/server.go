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

// bound opens a socket that can receive datagrams. It does not listen.
func bound(at sock.Addr) (s *sock.Socket, name sock.Addr, err error) {
	if s, err = sock.Open(at.Domain(), sock.Dgram, 0); err != nil {
		return nil, name, err
	}
	if err = s.Bind(at); err == nil {
		name, err = s.Sockname() // after Bind to port 0 the kernel has chosen one
	}
	if err != nil {
		s.Close()
		return nil, name, err
	}
	return s, name, nil
}

// serve answers all clients, one datagram after the other. It always returns an error:
// net.ErrClosed when ctx has ended.
func serve(s *sock.Socket) error {
	// A UDP datagram has at most 65,507 bytes (65,527 with IPv6). A smaller buffer would
	// cut a longer one.
	m := sock.Message{Bufs: [][]byte{make([]byte, 65527)}}
	for {
		err := answerOne(s, &m)
		if errors.Is(err, net.ErrClosed) {
			return err
		}
		if err != nil {
			// All clients share this socket. The error concerns one of them, or this
			// moment.
			fmt.Println("server:", err)
			time.Sleep(10 * time.Millisecond)
		}
	}
}

// answerOne receives one datagram from any client, and sends it back.
func answerOne(s *sock.Socket, m *sock.Message) error {
	if _, err := s.RecvMsg(m, 0); err != nil {
		return err
	}
	// 0 bytes and no error: an empty datagram. It is a datagram like any other: a
	// datagram socket has no end.
	what := fmt.Sprint(m.N, " bytes")
	if m.Flags&sock.Trunc != 0 {
		what += " of a longer datagram"
	}
	if !m.Addr.IsValid() {
		fmt.Printf("server: %s from nowhere: a unix socket that did not bind, so no answer\n", what)
		return nil
	}
	// DontWait: waiting for a client that does not read would stop all others. Its answer
	// is then lost, like any datagram. (With unix paths there is one more limit. Unread
	// answers stay in this socket's send buffer, and a client that is connected to this
	// socket may fill it: until it reads or closes there is no room for any answer. Linux
	// limits only clients that are not connected, to about ten datagrams each.)
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
