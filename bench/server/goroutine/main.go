// An echo server on blocking Sockets: a goroutine for each connection.
package main

import (
	"log"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/bench/internal/rules"
	"github.com/berkeleysockets/sock/sockopt"
)

func main() {
	rules.Parse()
	log.Fatal(serve())
}

func serve() error {
	at, err := sock.ParseAddr(rules.Addr)
	if err != nil {
		return err
	}
	l, err := sock.Open(at.Domain(), sock.Stream, 0, sockopt.ReuseAddr.With(true))
	if err != nil {
		return err
	}
	if err := l.Bind(at); err != nil {
		return err
	}
	if err := l.Listen(rules.Backlog); err != nil {
		return err
	}
	for {
		s, _, err := l.Accept()
		switch {
		case sock.AcceptRetryable(err):
		case err != nil:
			return err
		default:
			go echo(s)
		}
	}
}

func echo(s *sock.Socket) {
	defer s.Close()
	if err := sockopt.TCPNoDelay.Set(s, true); err != nil {
		return
	}
	buf := make([]byte, rules.Buffer)
	for {
		n, err := s.Recv(buf, 0)
		if err != nil || n == 0 {
			return
		}
		if _, err := s.Write(buf[:n]); err != nil {
			return
		}
	}
}
