//go:build linux

package main

import (
	"errors"
	"net"
	"sync"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/sockopt"
)

// Clients send messages of this size. The server sends them back, or closes the connection
// if the first byte asks for it.
const (
	messageSize = 64
	echoIt      = 'e'
	closeIt     = 'c'
)

// A server is one goroutine and one Poller. It keeps no list of its connections; only the
// Poller holds them.
type server struct {
	listener *sock.Socket
	poller   *sock.Poller
	at       sock.Addr
	ended    chan struct{} // closed when it has ended
	failed   chan struct{} // closed when it has ended with an error

	mu   sync.Mutex
	news sync.Cond // signalled when one of the fields below changes
	held int       // connections
	err  error     // the reason why it accepts no more
}

func newServer() (*server, error) {
	l, err := sock.Open(sock.Inet, sock.Stream, 0)
	if err != nil {
		return nil, err
	}
	at, err := sock.ParseAddr("0.0.0.0:0")
	if err != nil {
		return nil, err
	}
	if err := errors.Join(l.Bind(at), l.Listen(0)); err != nil {
		return nil, err
	}
	l.SetNonblock(true)
	p, err := sock.NewPoller()
	if err != nil {
		return nil, err
	}
	if err := p.Add(l, sock.Readable, nil); err != nil {
		return nil, err
	}
	s := &server{listener: l, poller: p, ended: make(chan struct{}), failed: make(chan struct{})}
	s.news.L = &s.mu
	if s.at, err = l.Sockname(); err != nil {
		return nil, err
	}
	go func() {
		defer close(s.ended)
		if err := s.serve(); !errors.Is(err, net.ErrClosed) {
			s.tell(0, err)
			close(s.failed)
		}
	}()
	return s, nil
}

func (s *server) serve() error {
	events := make([]sock.Event, 256)
	buf := make([]byte, messageSize)
	for {
		n, err := s.poller.Wait(events, -1)
		if err != nil {
			return err
		}
		change := 0
		for _, e := range events[:n] {
			var more int
			if e.Socket == s.listener {
				more, err = s.accept()
			} else {
				more, err = answer(e.Socket, buf)
			}
			if err != nil {
				return err
			}
			change += more
		}
		clear(events[:n]) // releases the last ones
		if change != 0 {
			s.tell(change, nil)
		}
	}
}

func (s *server) accept() (n int, err error) {
	for {
		c, _, err := s.listener.Accept()
		if err == sock.ErrWouldBlock {
			return n, nil
		}
		if err != nil {
			return n, err
		}
		if err := s.poller.Add(c, sock.Readable, nil); err != nil {
			return n, err
		}
		n++
	}
}

// answer serves a client. The change is -1 if it has closed the connection.
func answer(c *sock.Socket, buf []byte) (change int, err error) {
	n, err := c.Recv(buf, 0)
	switch {
	case err == sock.ErrWouldBlock:
		return 0, nil
	case err == nil && n > 0 && buf[0] == closeIt:
		// A reset: a normal close would leave a port in TIME_WAIT.
		if err := sockopt.Linger.Set(c, sockopt.LingerValue{On: true}); err != nil {
			return 0, err
		}
		return -1, c.Close()
	case err != nil || n == 0:
		return -1, c.Close()
	}
	_, err = c.Send(buf[:n], sock.NoSignal)
	return 0, err
}

func (s *server) tell(change int, err error) {
	s.mu.Lock()
	s.held += change
	s.err = errors.Join(s.err, err)
	s.mu.Unlock()
	s.news.Broadcast()
}

// await waits until the server holds n connections.
func (s *server) await(n int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.held != n && s.err == nil {
		s.news.Wait()
	}
	return s.err
}

// close ends the Poller and the listener.
func (s *server) close() error {
	err := s.poller.Close()
	<-s.ended
	return errors.Join(err, s.listener.Close())
}
