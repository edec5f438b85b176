// An echo server on sock's Poller: one goroutine for all connections.
package main

import (
	"bytes"
	"log"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/bench/internal/rules"
	"github.com/berkeleysockets/sock/sockopt"
)

func main() {
	rules.Parse()
	log.Fatal(serve())
}

// rest holds the bytes that a connection could not take yet. Most connections never have
// any, and need no memory here.
var rest = map[*sock.Socket][]byte{}

func serve() error {
	l, err := listen()
	if err != nil {
		return err
	}
	p, err := sock.NewPoller()
	if err != nil {
		return err
	}
	if err := p.Add(l, sock.Readable, nil); err != nil {
		return err
	}
	events := make([]sock.Event, 256)
	buf := make([]byte, rules.Buffer)
	for {
		n, err := p.Wait(events, -1)
		if err != nil {
			return err
		}
		for _, e := range events[:n] {
			if e.Socket == l {
				err = accept(p, l)
			} else {
				err = echo(p, e.Socket, buf)
			}
			if err != nil {
				return err
			}
		}
	}
}

func listen() (*sock.Socket, error) {
	at, err := sock.ParseAddr(rules.Addr)
	if err != nil {
		return nil, err
	}
	l, err := sock.Open(at.Domain(), sock.Stream, 0, sockopt.ReuseAddr.With(true))
	if err != nil {
		return nil, err
	}
	l.SetNonblock(true)
	if err := l.Bind(at); err != nil {
		return nil, err
	}
	return l, l.Listen(rules.Backlog)
}

func accept(p *sock.Poller, l *sock.Socket) error {
	for {
		s, _, err := l.Accept()
		switch {
		case err == sock.ErrWouldBlock:
			return nil
		case sock.AcceptRetryable(err):
			continue
		case err != nil:
			return err
		}
		if err := sockopt.TCPNoDelay.Set(s, true); err != nil {
			s.Close()
		} else if err := p.Add(s, sock.Readable, nil); err != nil {
			return err
		}
	}
}

// echo makes one receive and one send on a connection. It returns errors of the Poller; an
// error of the connection closes it.
func echo(p *sock.Poller, s *sock.Socket, buf []byte) error {
	if len(rest) > 0 && rest[s] != nil {
		return flush(p, s)
	}
	n, err := s.Recv(buf, 0)
	if err == sock.ErrWouldBlock {
		return nil
	}
	if err != nil || n == 0 {
		s.Close()
		return nil
	}
	k, err := s.Send(buf[:n], 0)
	if err != nil && err != sock.ErrWouldBlock {
		s.Close()
		return nil
	}
	if k == n {
		return nil
	}
	rest[s] = bytes.Clone(buf[k:n])
	return p.Modify(s, sock.Writable)
}

func flush(p *sock.Poller, s *sock.Socket) error {
	n, err := s.Send(rest[s], 0)
	switch {
	case err == sock.ErrWouldBlock:
	case err != nil:
		delete(rest, s)
		s.Close()
	case n < len(rest[s]):
		rest[s] = rest[s][n:]
	default:
		delete(rest, s)
		return p.Modify(s, sock.Readable)
	}
	return nil
}
