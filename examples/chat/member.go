package main

import (
	"bytes"
	"errors"
	"strings"
	"unicode"

	"github.com/berkeleysockets/sock"
)

// A member is a socket, and what must be remembered of it between two events.
type member struct {
	socket *sock.Socket
	poller *sock.Poller
	name   string // its first line
	part   []byte // of a line that has not ended yet
	queue  []byte // what it is to hear
	waits  bool   // until there is room for that
	telnet telnet // what it says between its lines
}

// What a member may cost us, however it behaves.
const (
	maxLine  = 1 << 10
	maxQueue = 64 << 10
)

var (
	errLeft = errors.New("goodbye")
	errSlow = errors.New("does not read")
)

// hear receives once, and returns the lines that end by it. A stream has no
// boundaries: one Recv may give half a line, or three. With the member's last lines
// comes the error that ends it.
func (g *member) hear() (lines []string, err error) {
	n, err := g.socket.Recv(g.part[len(g.part):cap(g.part)], 0)
	if err == sock.ErrWouldBlock {
		return nil, nil
	}
	if n == 0 {
		if err == nil {
			err = errLeft
		}
		return []string{clean(g.part)}, err
	}
	text, answer := g.telnet.strip(g.part[len(g.part) : len(g.part)+n])
	g.part = g.part[:len(g.part)+len(text)]
	if len(answer) > 0 {
		err = g.tell(string(answer))
	}
	for {
		line, rest, ended := bytes.Cut(g.part, []byte("\n"))
		if !ended && len(line) < maxLine { // a longer one is cut
			return lines, err
		}
		lines = append(lines, clean(line))
		g.part = append(g.part[:0], rest...)
	}
}

// clean leaves of a line what can do no harm on somebody else's terminal.
func clean(line []byte) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsPrint(r):
			return r
		}
		return '?'
	}, string(line)))
}

// tell queues a text for a member, and sends what can be sent. A member whose queue
// is full does not read, or not as fast as the others talk. To wait for it would
// stop the room, and to go on queueing would fill the memory: it has to leave.
func (g *member) tell(text string) error {
	if len(g.queue)+len(text) > maxQueue {
		return errSlow
	}
	g.queue = append(g.queue, text...)
	if g.waits {
		return nil
	}
	return g.flush()
}

// flush sends of the queue what the kernel takes: all, a part, or nothing. While
// there is a rest, Wait is to tell when there is room. Not otherwise: a socket is
// nearly always Writable, and Wait would never wait.
func (g *member) flush() error {
	n, err := g.socket.Send(g.queue, 0)
	if err != nil && err != sock.ErrWouldBlock {
		return err
	}
	g.queue = g.queue[n:]
	if waits := len(g.queue) > 0; waits != g.waits {
		g.waits = waits
		if waits {
			return g.poller.Modify(g.socket, sock.Readable|sock.Writable)
		}
		return g.poller.Modify(g.socket, sock.Readable)
	}
	return nil
}
