package main

import (
	"errors"
	"fmt"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/bench/internal/twin"
	"github.com/berkeleysockets/sock/sockopt"
)

// A pair is two connected sockets and their buffers.
type pair struct {
	a, b *sock.Socket
	p, q []byte
}

func (p *pair) Close() error { return twin.CloseAll(p.a, p.b) }

func loopback(typ sock.Type) (*sock.Socket, sock.Addr, error) {
	at, err := sock.ParseAddr("127.0.0.1:0")
	if err != nil {
		return nil, at, err
	}
	s, err := sock.Open(at.Domain(), typ, 0)
	if err != nil {
		return nil, at, err
	}
	if err := s.Bind(at); err != nil {
		return nil, at, errors.Join(err, s.Close())
	}
	at, err = s.Sockname()
	return s, at, err
}

func listen() (*sock.Socket, sock.Addr, error) {
	l, at, err := loopback(sock.Stream)
	if err != nil {
		return nil, at, err
	}
	return l, at, l.Listen(twin.Backlog)
}

func tcp(size int) (*pair, error) {
	l, at, err := listen()
	if err != nil {
		return nil, err
	}
	defer l.Close()
	a, err := sock.Open(at.Domain(), sock.Stream, 0, sockopt.TCPNoDelay.With(true))
	if err != nil {
		return nil, err
	}
	if err := a.Connect(at); err != nil {
		return nil, err
	}
	b, _, err := l.Accept()
	if err != nil {
		return nil, err
	}
	return &pair{a, b, twin.Filled(size), twin.Filled(size)}, sockopt.TCPNoDelay.Set(b, true)
}

// conns returns the pair of tcp as two net.Conns.
func conns(size int) (*twin.Pair, error) {
	p, err := tcp(size)
	if err != nil {
		return nil, err
	}
	return &twin.Pair{A: p.a, B: p.b, P: p.p, Q: p.q}, nil
}

// A sendrecv never waits.
type sendrecv struct{ *pair }

func (p *pair) nonblock() *pair {
	p.a.SetNonblock(true)
	p.b.SetNonblock(true)
	return p
}

func openPair(size int) (twin.Job, error) {
	a, b, err := sock.Pair(sock.Unix, sock.Stream, 0)
	if err != nil {
		return nil, err
	}
	return sendrecv{(&pair{a, b, twin.Filled(size), twin.Filled(size)}).nonblock()}, nil
}

func openTCP(size int) (twin.Job, error) {
	p, err := tcp(size)
	if err != nil {
		return nil, err
	}
	return sendrecv{p.nonblock()}, nil
}

func (p sendrecv) Do(n int) error {
	for range n {
		if k, err := p.a.Send(p.p, 0); err != nil || k < len(p.p) {
			return short("send", k, err)
		}
		k, err := p.b.Recv(p.q, 0)
		for err == sock.ErrWouldBlock { // the kernel delivers it a moment later
			k, err = p.b.Recv(p.q, 0)
		}
		if err != nil || k < len(p.q) {
			return short("recv", k, err)
		}
	}
	return nil
}

// soon receives data that was sent. It has normally arrived at once; sometimes the kernel
// delivers it a moment later.
func soon(s *sock.Socket, p []byte) (n int, err error) {
	for {
		if n, err = s.Recv(p, 0); err != sock.ErrWouldBlock {
			return n, err
		}
	}
}

func short(what string, n int, err error) error { return fmt.Errorf("%s: %d bytes: %w", what, n, err) }

// A poller is a client and a server under a Poller, in one goroutine.
type poller struct {
	*pair
	poller *sock.Poller
	events []sock.Event
}

func openPoller(size int) (twin.Job, error) {
	p, err := tcp(size)
	if err != nil {
		return nil, err
	}
	poll, err := sock.NewPoller()
	if err != nil {
		return nil, err
	}
	return &poller{p.nonblock(), poll, make([]sock.Event, 64)}, poll.Add(p.b, sock.Readable, nil)
}

func (p *poller) Close() error { return errors.Join(p.poller.Close(), p.pair.Close()) }

func (p *poller) Do(n int) error {
	for range n {
		if k, err := p.a.Send(p.p, 0); err != nil || k < len(p.p) {
			return short("send", k, err)
		}
		m, err := p.poller.Wait(p.events, -1)
		if err != nil {
			return err
		}
		for _, e := range p.events[:m] {
			k, err := soon(e.Socket, p.q)
			if err != nil {
				return err
			}
			if k, err := e.Socket.Send(p.q[:k], 0); err != nil || k < len(p.q) {
				return short("send", k, err)
			}
		}
		if k, err := soon(p.a, p.p); err != nil || k < len(p.p) {
			return short("recv", k, err)
		}
	}
	return nil
}

// A connect makes connections, both sides of each, and resets them.
type connect struct {
	l  *sock.Socket
	at sock.Addr
}

func openConnect(int) (twin.Job, error) {
	l, at, err := listen()
	if err == nil {
		l.SetNonblock(true)
	}
	return &connect{l, at}, err
}

func (c *connect) Close() error { return c.l.Close() }

func (c *connect) Do(n int) error {
	for range n {
		a, err := sock.Open(sock.Inet, sock.Stream, 0)
		if err != nil {
			return err
		}
		a.SetNonblock(true)
		if err := a.Connect(c.at); err != nil && err != sock.ErrInProgress {
			return err
		}
		b, _, err := c.l.Accept()
		for err == sock.ErrWouldBlock {
			b, _, err = c.l.Accept()
		}
		if err != nil {
			return err
		}
		if err := sockopt.TCPNoDelay.Set(b, true); err != nil {
			return err
		}
		if err := sockopt.Linger.Set(a, sockopt.LingerValue{On: true}); err != nil {
			return err
		}
		if err := twin.CloseAll(a, b); err != nil {
			return err
		}
	}
	return nil
}
