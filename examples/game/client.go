package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/sockopt"
)

// A client is one end of the conversation: one goroutine receives, and another sends and
// draws.
type client struct {
	ctx    context.Context
	socket *sock.Socket
	stream *bufio.Reader // nil: datagrams
	token  token
	end    func() bool   // cancels what the end of ctx does; false: it has begun
	ended  chan struct{} // closed when that is done

	mu     sync.Mutex
	view   view
	steps  []byte // steps that the server has not confirmed
	made   uint32 // number of the last step
	number uint32 // number of the last input
	sent   [256]time.Time
	echo   uint32
	trip   time.Duration // of the newest input that a state has confirmed
	missed int           // steps that were dropped, with too many unconfirmed
}

var (
	errFull   = errors.New("the arena is full")
	errBye    = errors.New("the server has ended")
	errSilent = errors.New("the server is silent")
)

const patience = 5 * time.Second

// join gets a place in the arena. The question or its answer may be lost, so it is sent
// again.
func join(ctx context.Context, at sock.Addr, stream bool) (*client, error) {
	c := &client{ctx: ctx, ended: make(chan struct{})}
	kind := sock.Dgram
	var set []sock.Setting
	if stream {
		kind, set = sock.Stream, append(set, sockopt.TCPNoDelay.With(true))
	}
	var err error
	if c.socket, err = sock.Open(at.Domain(), kind, 0, set...); err != nil {
		return nil, err
	}
	// The end of ctx wakes waiting calls. leave closes the socket.
	c.end = context.AfterFunc(ctx, func() { c.socket.SetDeadline(time.Now()); close(c.ended) })
	// A connected datagram socket receives only from this address. It also learns that no
	// socket has the port: ECONNREFUSED.
	c.socket.SetWriteDeadline(time.Now().Add(patience)) // no system call
	err = c.socket.Connect(at)
	c.socket.SetWriteDeadline(time.Time{})
	if stream {
		c.stream = bufio.NewReader(c.socket)
	}
	for end := time.Now().Add(patience); err == nil && ctx.Err() == nil; {
		wait := patience
		if !stream {
			wait = 50 * time.Millisecond
		}
		if time.Now().After(end) {
			err = errSilent
			break
		}
		if err = c.send(append([]byte{'J'}, c.token[:]...)); err != nil {
			break
		}
		c.socket.SetReadDeadline(time.Now().Add(wait))
		message := make([]byte, maxMessage+1)
		var n int
		n, err = c.receive(message)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			err = nil
		}
		if err == nil && n == 1+len(c.token) && message[0] == 'W' {
			copy(c.token[:], message[1:])
			return c, nil
		}
	}
	c.socket.Close()
	return nil, errors.Join(ctx.Err(), err)
}

// send sends a message. A datagram without room in the buffer is lost.
func (c *client) send(message []byte) error {
	if c.stream != nil {
		if c.ctx.Err() == nil {
			c.socket.SetWriteDeadline(time.Now().Add(patience))
		}
		_, err := c.socket.Write(frame(message))
		return err
	}
	_, err := c.socket.Send(message, sock.DontWait)
	if err == sock.ErrWouldBlock {
		return nil
	}
	return err
}

func (c *client) receive(message []byte) (int, error) {
	if c.stream == nil {
		return c.socket.Recv(message, 0)
	}
	var length [2]byte
	if _, err := io.ReadFull(c.stream, length[:]); err != nil {
		return 0, err
	}
	n := int(binary.BigEndian.Uint16(length[:]))
	if n > len(message) {
		return 0, errGarbage
	}
	return io.ReadFull(c.stream, message[:n])
}

// hear receives states until an error or the end. It ignores messages that make no sense,
// since anybody may have sent them.
func (c *client) hear() error {
	message := make([]byte, maxMessage+1)
	for {
		c.socket.SetReadDeadline(time.Now().Add(patience))
		n, err := c.receive(message)
		switch {
		case c.ctx.Err() != nil:
			return nil
		case errors.Is(err, os.ErrDeadlineExceeded):
			return errSilent
		case err == io.EOF:
			return errBye
		case err != nil:
			return err
		case n == 1 && message[0] == 'B':
			return errBye
		case n == 1 && message[0] == 'F':
			return errFull
		}
		if s, err := parseState(message[:n]); err == nil {
			c.take(s, time.Now())
		}
	}
}

func (c *client) take(s state, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.view.take(s, now) {
		return
	}
	if s.echo > c.echo && s.echo <= c.number && c.number-s.echo < uint32(len(c.sent)) {
		c.echo = s.echo
		c.trip = now.Sub(c.sent[s.echo%uint32(len(c.sent))])
	}
	if open := c.made - s.done; open < uint32(len(c.steps)) { // these the server has not made yet
		c.steps = c.steps[uint32(len(c.steps))-open:]
	}
}

// walk adds a step. It is sent again and again until the server has made it.
func (c *client) walk(step byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.steps) == maxSteps {
		c.missed++
		return
	}
	c.steps = append(c.steps, step)
	c.made++
}

// tell sends an input. Without a step it still shows that this client is present.
func (c *client) tell(now time.Time) error {
	c.mu.Lock()
	c.number++
	c.sent[c.number%uint32(len(c.sent))] = now
	in := appendInput(nil, c.token, input{c.number, c.made - uint32(len(c.steps)) + 1, c.steps})
	c.mu.Unlock()
	return c.send(in)
}

// leave sends a leave message three times, because there is no answer to wait for. The
// server also notices without it, after a while.
func (c *client) leave() {
	if !c.end() {
		<-c.ended // a deadline set later would end these sends
	}
	c.socket.SetWriteDeadline(time.Now().Add(patience / 50))
	for range 3 {
		_ = c.send(append([]byte{'L'}, c.token[:]...)) // the server may have closed first
	}
	c.socket.Close()
}

// status returns the line below the arena.
func (c *client) status() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	v := &c.view
	return fmt.Sprintf("received %d, lost %d, late %d, round trip %d ms", v.received, v.lost(), v.late, c.trip.Milliseconds())
}

// frames calls f 60 times a second, until f returns false or the client ends, and sends
// an input each time.
func (c *client) frames(f func(now time.Time) bool) error {
	heard := make(chan error, 1)
	go func() { heard <- c.hear() }()
	defer func() {
		c.leave()
		<-heard
	}()
	clock := time.NewTicker(tick)
	defer clock.Stop()
	for {
		select {
		case <-c.ctx.Done():
			return nil
		case err := <-heard:
			heard <- nil
			return err
		case <-clock.C:
			now := time.Now()
			err := c.tell(now)
			if c.ctx.Err() != nil {
				return nil
			}
			if errors.Is(err, os.ErrDeadlineExceeded) {
				return errSilent // the stream takes nothing any more
			}
			if err != nil {
				return err
			}
			if !f(now) {
				return nil
			}
		}
	}
}
