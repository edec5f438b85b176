package main

import (
	"bytes"
	"container/list"
	"context"
	"net"
	"time"

	"github.com/berkeleysockets/sock"
)

// A loop is the server of server.go turned inside out: one goroutine for all
// clients. It asks the kernel which of its sockets are ready, does for each what
// can be done at once, and never waits for a single one: they are non-blocking.
type loop struct {
	poller   *sock.Poller
	acceptor            // where clients come in: acceptor.go
	quiet    quiet      // all clients: idle.go
	mail     chan *conn // from another loop's acceptor: loops.go
	now      time.Time
	buf      []byte // for one client after the other
}

func newLoop(idle time.Duration) (*loop, error) {
	p, err := sock.NewPoller()
	if err != nil {
		return nil, err
	}
	return &loop{poller: p, quiet: quiet{limit: idle}, mail: make(chan *conn, 64), buf: make([]byte, 16<<10)}, nil
}

// A conn is what the loop must remember of a client until its next event. In
// server.go all this is on the stack of the client's own goroutine.
type conn struct {
	socket *sock.Socket
	from   sock.Addr
	who    string
	rest   []byte        // received, and not sent back yet
	total  int           // sent back
	moved  time.Time     // when that was
	place  *list.Element // in quiet
}

// run serves until ctx ends, and returns net.ErrClosed then.
func (l *loop) run(ctx context.Context) error {
	defer context.AfterFunc(ctx, func() { l.poller.Wake() })()
	events := make([]sock.Event, 256)
	for ctx.Err() == nil {
		n, err := l.poller.Wait(events, l.timeout())
		if err != nil {
			return err
		}
		l.now = time.Now()
		for _, e := range events[:n] {
			if c, ok := e.Data.(*conn); ok {
				l.serve(c)
			} else if err := l.accept(); err != nil {
				return err
			}
		}
		for range len(l.mail) {
			l.add(<-l.mail)
		}
		l.dropQuiet()
		if err := l.reopen(); err != nil {
			return err
		}
	}
	return net.ErrClosed
}

// serve does for a client what can be done now: one Recv, one Send. The poller is
// level-triggered: where that was not all, the next Wait says so again, and until
// then it is the turn of the others.
func (l *loop) serve(c *conn) {
	p := c.rest
	if len(p) == 0 {
		n, err := c.socket.Recv(l.buf, 0)
		if err == sock.ErrWouldBlock {
			return
		}
		if n == 0 { // an error, or the client sends no more: all it sent was sent back
			l.drop(c, err)
			return
		}
		p = l.buf[:n]
	}
	n, err := c.socket.Send(p, 0)
	if err != nil && err != sock.ErrWouldBlock {
		l.drop(c, err)
		return
	}
	if n > 0 {
		c.total += n
		l.quiet.moved(c, l.now)
	}
	if err := l.owe(c, p[n:]); err != nil {
		l.drop(c, err)
	}
}

// owe keeps what a Send did not take. Back-pressure: from who does not take what
// we send we receive no more, until all of that was sent. Then our receive buffer
// in the kernel fills, then the client's send buffer, and then its sends wait. A
// server that goes on receiving has to keep it all, as much as the client likes.
func (l *loop) owe(c *conn, rest []byte) error {
	switch before := c.rest; {
	case before != nil && len(rest) > 0:
		c.rest = rest
	case before != nil:
		c.rest = nil
		return l.poller.Modify(c.socket, sock.Readable)
	case len(rest) > 0:
		c.rest = bytes.Clone(rest) // buf is for the next
		return l.poller.Modify(c.socket, sock.Writable)
	}
	return nil
}

func (l *loop) add(c *conn) {
	c.who = greet(c.socket, c.from)
	l.quiet.add(c, l.now)
	if err := l.poller.Add(c.socket, sock.Readable, c); err != nil {
		l.drop(c, err)
	}
}

// drop ends a client. Close takes its socket out of the poller.
func (l *loop) drop(c *conn, why error) {
	l.quiet.remove(c)
	tell(c.who, c.total, why)
	c.socket.Close()
	l.spare()
}

// timeout is how long Wait may wait: until somebody has been quiet for too long,
// or a acceptor that was shut opens again.
func (l *loop) timeout() time.Duration {
	next := l.quiet.next()
	if next.IsZero() || !l.opens.IsZero() && l.opens.Before(next) {
		next = l.opens
	}
	if next.IsZero() {
		return -1
	}
	return max(0, next.Sub(l.now))
}
