package main

import (
	"bytes"
	"container/list"
	"context"
	"net"
	"time"

	"github.com/berkeleysockets/sock"
)

// A loop is the server of server.go turned inside out: one goroutine for all clients. It
// asks the kernel which sockets are ready, does for each what it can do at once, and
// never waits for a single one, because they are non-blocking.
type loop struct {
	poller   *sock.Poller
	acceptor            // accepts clients: acceptor.go
	quiet    quiet      // all clients: idle.go
	mail     chan *conn // clients from another loop's acceptor: loops.go
	now      time.Time
	buf      []byte // used for one client after the other
}

func newLoop(idle time.Duration) (*loop, error) {
	p, err := sock.NewPoller()
	if err != nil {
		return nil, err
	}
	return &loop{poller: p, quiet: quiet{limit: idle}, mail: make(chan *conn, 64), buf: make([]byte, 16<<10)}, nil
}

// A conn is the state of a client between two events. In server.go it is on the stack of
// the client's goroutine.
type conn struct {
	socket *sock.Socket
	from   sock.Addr
	who    string
	rest   []byte        // received, and not sent back yet
	total  int           // sent back
	moved  time.Time     // time of the last activity
	place  *list.Element // its place in quiet
}

// run serves until ctx ends, and then returns net.ErrClosed.
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

// serve does for a client what it can do now: one Recv, one Send. The poller is
// level-triggered: if there is more, the next Wait reports it again, and the others have
// their turn first.
func (l *loop) serve(c *conn) {
	p := c.rest
	if len(p) == 0 {
		n, err := c.socket.Recv(l.buf, 0)
		if err == sock.ErrWouldBlock {
			return
		}
		if n == 0 { // an error, or the end of the stream: everything was sent back
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

// owe keeps the bytes that a Send did not take. Back-pressure: the loop receives nothing
// more from a client that does not receive, until all of its bytes are sent. Then the
// receive buffer in this kernel fills, then the client's send buffer, and then the
// client's sends wait. A server that went on receiving would have to keep everything, as
// much as the client likes.
func (l *loop) owe(c *conn, rest []byte) error {
	switch before := c.rest; {
	case before != nil && len(rest) > 0:
		c.rest = rest
	case before != nil:
		c.rest = nil
		return l.poller.Modify(c.socket, sock.Readable)
	case len(rest) > 0:
		c.rest = bytes.Clone(rest) // buf is for the next client
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

// drop closes a client. Close takes its socket out of the poller.
func (l *loop) drop(c *conn, why error) {
	l.quiet.remove(c)
	tell(c.who, c.total, why)
	c.socket.Close()
	l.spare()
}

// timeout returns how long Wait may wait: until a client has been quiet for too long, or
// until a closed acceptor opens again.
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
