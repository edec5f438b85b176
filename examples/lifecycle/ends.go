package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/sockopt"
)

// These are the operations of the acts on the two ends, as in examples/echo.

// open opens a socket for this act. Ctrl-C closes it too, which wakes waiting calls.
func (s *session) open(set ...sock.Setting) (*sock.Socket, error) {
	o, err := sock.Open(s.at.Domain(), sock.Stream, 0, set...)
	if err != nil {
		return nil, err
	}
	s.opened = append(s.opened, o)
	context.AfterFunc(s.ctx, func() { o.Close() })
	return o, nil
}

// clear closes the sockets that are still open, and forgets the connection.
func (s *session) clear() {
	for _, o := range s.opened {
		o.Close() // most of them are closed already
	}
	s.opened = nil
	s.listener = end{}
	s.nextClient()
}

// nextClient is a client that is not connected yet.
func (s *session) nextClient() {
	s.client, s.server = new(end), &s.listener
}

// theClient is one of several clients.
func (s *session) theClient(which string) {
	s.nextClient()
	s.client.which = which + " "
}

func (s *session) openClient() (err error) {
	s.client.Socket, err = s.open()
	return err
}

// bind opens the server's socket and gives it the address.
func (s *session) bind(set ...sock.Setting) (err error) {
	if s.listener.Socket, err = s.open(append(set, sockopt.ReuseAddr.With(true))...); err != nil {
		return err
	}
	if err := s.listener.Bind(s.at); err != nil {
		return err
	}
	return s.isAt(s.listener.Socket)
}

func (s *session) listen(backlog int, set ...sock.Setting) error {
	if err := s.bind(set...); err != nil {
		return err
	}
	return s.listener.Listen(backlog)
}

// isAt records the address to which clients connect.
func (s *session) isAt(l *sock.Socket) (err error) {
	s.name, err = l.Sockname()
	if err != nil {
		return err
	}
	s.port = fmt.Sprintf(", port %d", s.name.Port())
	at := s.name.AddrPort()
	if !at.Addr().IsUnspecified() {
		return nil
	}
	// It listens at all addresses of this machine; this is one of them.
	here := netip.IPv6Loopback()
	if at.Addr().Is4() {
		here = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	s.name, err = sock.AddrFrom(netip.AddrPortFrom(here, at.Port()))
	return err
}

// connect connects the client. The server's end exists as soon as the kernel has made it;
// the two addresses identify it.
func (s *session) connect() error {
	s.server = new(end)
	err := s.client.Connect(s.name)
	if err != nil && err != sock.ErrInProgress {
		return err
	}
	name, nameErr := s.client.Sockname()
	if nameErr != nil {
		return nameErr
	}
	s.port = fmt.Sprintf(", port %d", name.Port())
	s.client.local, s.client.remote = name, s.name
	s.server.local, s.server.remote = s.name, name
	return err
}

// connectLater does not wait until the connection is made.
func (s *session) connectLater() error {
	s.client.SetNonblock(true)
	return s.connect()
}

// accept gives the server's end its socket. If another program has connected to the port
// meanwhile, its connection is closed.
func (s *session) accept() error {
	for {
		c, from, err := s.listener.Accept()
		if err != nil {
			return err
		}
		s.opened = append(s.opened, c)
		context.AfterFunc(s.ctx, func() { c.Close() })
		if from == s.client.local {
			s.server.Socket = c
			return nil
		}
		c.Close()
	}
}

// meet makes the whole connection.
func (s *session) meet() {
	s.nextClient()
	if s.listener.Socket == nil {
		s.call("server: Listen", func() error { return s.listen(0) }, "-", "LISTEN", "")
	}
	s.call("a new connection", func() error {
		for _, f := range []func() error{s.openClient, s.connect, s.accept} {
			if err := f(); err != nil {
				return err
			}
		}
		return nil
	}, "ESTABLISHED", "ESTABLISHED", "")
}

// send and recv print one line each.
func (s *session) send(from *end, text, client, server, why string) {
	s.call(fmt.Sprintf("%s: Send %q", s.who(from), text), func() error {
		_, err := from.Write([]byte(text)) // all of it
		return err
	}, client, server, why)
}

// recv expects a text, or with "" the end of the stream.
func (s *session) recv(to *end, text, client, server, why string) {
	what := fmt.Sprintf("%s: Recv %q", s.who(to), text)
	if text == "" {
		what = s.who(to) + ": Recv gives 0"
	}
	s.call(what, func() error {
		got := make([]byte, max(len(text), 1))
		n, err := io.ReadFull(to, got[:len(text)])
		if text == "" {
			n, err = to.Recv(got, 0)
		}
		if err == nil && string(got[:n]) != text {
			err = fmt.Errorf("%s: it was %q", what, got[:n])
		}
		return err
	}, client, server, why)
}

func (s *session) who(e *end) string {
	if e == s.client {
		return s.client.which + "client"
	}
	return "server"
}

// sends and receives are for calls that fail.
func (s *session) sends(e *end) func() error {
	return func() error {
		_, err := e.Send([]byte("more"), 0)
		return err
	}
}

func (s *session) receives(e *end) func() error {
	return func() error {
		n, err := e.Recv(make([]byte, 1), 0)
		if err == nil {
			err = errors.New("it gave " + fmt.Sprint(n))
		}
		return err
	}
}
