package main

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/berkeleysockets/sock"
)

// A client is a connection that sends requests.
type client struct {
	socket *sock.Socket
	from   sock.Addr
	record *record       // its recorded calls
	place  *list.Element // in server.waiting
	server *server
	buf    [maxHead]byte
	got    int // bytes of buf that have arrived and are not read yet
}

// attend answers a client's requests, one after the other.
func (s *server) attend(ctx context.Context, c *client) {
	defer c.socket.Close()
	defer context.AfterFunc(ctx, func() { c.socket.Close() })()
	for asks := true; asks; asks = s.again(c) {
		r, err := c.ask()
		var a answer
		var no refusal
		switch {
		case err == nil:
			a = s.site.find(c, r)
		case errors.As(err, &no):
			a = refused(no)
		default:
			return // closed, or no request in time
		}
		keep := r.keep && !s.full() && ctx.Err() == nil
		c.record.note("answers: " + a.summary())
		fmt.Printf("server: socket %d: %.200q: %s\n", c.socket.FD(), r.method+" "+r.path, a.summary())
		err = c.send(a, r.method == "HEAD", keep)
		a.close()
		switch {
		case err != nil:
			return
		case !keep && (no != 0 || r.expects):
			c.linger()
			return
		case !keep:
			return
		}
	}
}

// ask waits for the next request and its body. The bytes may arrive in any pieces: all at
// once, one by one, or together with the next request.
func (c *client) ask() (r request, err error) {
	n, err := c.head()
	c.server.asked(c)
	if err != nil {
		return r, err
	}
	r, err = parse(c.buf[:n])
	c.drop(n)
	if err != nil && err != refusal(405) {
		c.record.note("cannot take this request")
		r.keep = false // the start of the next request is unknown
		return r, err
	}
	c.record.note("reads the request: " + r.method + " " + r.path)
	if r.expects && r.body > 0 {
		r.keep = false // the client waits for the answer, or sends the body now
		return r, err
	}
	why := c.discard(r.body)
	if errors.Is(why, os.ErrDeadlineExceeded) {
		why, r.keep = refusal(408), false
	}
	if why != nil {
		err = why
	}
	return r, err
}

// head receives until the whole head has arrived, and returns its length. There is one
// deadline for all of it: with one for each Recv, a byte now and then would be enough.
func (c *client) head() (int, error) {
	began := c.got > 0
	c.socket.SetReadDeadline(time.Now().Add(c.server.patience))
	for {
		if n, err := headEnd(c.buf[:c.got]); n > 0 || err != nil {
			return n, err
		}
		n, err := c.socket.Recv(c.buf[c.got:], 0)
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded) && began:
			return 0, refusal(408)
		case err != nil:
			return 0, err
		case n == 0 && c.got > 0:
			return 0, io.ErrUnexpectedEOF
		case n == 0:
			return 0, io.EOF
		}
		if !began {
			began = true
			c.socket.SetReadDeadline(time.Now().Add(c.server.patience))
		}
		c.got += n
	}
}

// drop removes the first n bytes of buf.
func (c *client) drop(n int) {
	c.got = copy(c.buf[:], c.buf[n:c.got])
}

// discard receives a body, which this server does not use.
func (c *client) discard(n int64) error {
	for n > 0 {
		if c.got == 0 {
			k, err := c.socket.Recv(c.buf[:], 0)
			if err != nil || k == 0 {
				return errors.Join(err, io.ErrUnexpectedEOF)
			}
			c.got = k
		}
		k := min(n, int64(c.got))
		c.drop(int(k))
		n -= k
	}
	return nil
}

// linger ends a connection whose client may still be sending. A Close with unreceived
// bytes is a reset, which would destroy the answer. So the server half-closes, and
// receives for a while what is in flight.
func (c *client) linger() {
	c.socket.SetReadDeadline(time.Now().Add(min(c.server.patience, time.Second)))
	if c.socket.CloseWrite() != nil {
		return
	}
	for left := 4 * maxBody; left > 0; {
		n, err := c.socket.Recv(c.buf[:], 0)
		if err != nil || n == 0 {
			return
		}
		left -= n
	}
}
