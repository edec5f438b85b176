package main

import (
	"encoding/binary"
	"time"

	"github.com/berkeleysockets/sock"
)

// These are the same messages over a stream, to compare. A stream has no boundaries, so
// two bytes before each message give its length.

// A conn is the server's end of a stream.
type conn struct {
	socket *sock.Socket
	addr   sock.Addr
	since  time.Time
	in     []byte // part of a message that has not arrived completely
	out    []byte // part of a message that the kernel has not taken completely
}

func (c *conn) peer() peer { return peer{c.addr, c} }

// accept accepts one client.
func (a *arena) accept() error {
	s, from, err := a.listener.Accept()
	switch {
	case err == sock.ErrWouldBlock:
		return nil
	case sock.AcceptRetryable(err):
		return a.poller.Modify(a.listener, 0) // no descriptor left: until the next tick
	case err != nil:
		return err
	case len(a.conns) == crowd:
		s.Close()
		return nil
	}
	c := &conn{socket: s, addr: from, since: time.Now(), in: make([]byte, 0, 4*maxMessage)}
	a.conns[c] = true
	if err := a.poller.Add(s, sock.Readable, c); err != nil {
		a.drop(c)
	}
	return nil
}

func (a *arena) drop(c *conn) {
	delete(a.conns, c)
	c.socket.Close()
	a.leave(c.peer(), "has no connection any more")
}

// hearStream receives once, and handles the messages that are complete.
func (a *arena) hearStream(c *conn) {
	if !a.conns[c] {
		return // an event from before it was dropped
	}
	n, err := c.socket.Recv(c.in[len(c.in):cap(c.in)], 0)
	if err == sock.ErrWouldBlock {
		return
	}
	if n == 0 {
		a.drop(c)
		return
	}
	c.in = c.in[:len(c.in)+n]
	for a.conns[c] && len(c.in) >= 2 {
		end := 2 + int(binary.BigEndian.Uint16(c.in))
		if end > 2+maxMessage {
			a.drop(c) // the rest would make no sense either
			return
		}
		if len(c.in) < end {
			break
		}
		a.hear(c.peer(), c.in[2:end])
		c.in = append(c.in[:0], c.in[end:]...)
	}
}

func frame(message []byte) []byte {
	return append(binary.BigEndian.AppendUint16(nil, uint16(len(message))), message...)
}

// send gives the kernel a message, unless the previous one is not completely sent: its
// rest must follow first, and a new message can be left out.
func (c *conn) send(message []byte) error {
	if len(c.out) == 0 {
		c.out = frame(message)
	}
	n, err := c.socket.Send(c.out, 0)
	if err == sock.ErrWouldBlock {
		return nil
	}
	c.out = c.out[n:]
	return err
}
