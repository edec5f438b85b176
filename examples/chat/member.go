package main

import (
	"bytes"
	"errors"
	"strings"
	"unicode"

	"github.com/berkeleysockets/sock"
)

// A member is a socket, and the state that the room keeps for it between two events.
type member struct {
	socket *sock.Socket
	poller *sock.Poller
	name   string // its first line
	part   []byte // the beginning of a line that has not ended yet
	queue  []byte // text that waits to be sent
	waits  bool   // the deadline for sending it
	telnet telnet // telnet commands between its lines
}

// These limits bound the cost of a member, however it behaves.
const (
	maxLine  = 1 << 10
	maxQueue = 64 << 10
)

var (
	errLeft = errors.New("goodbye")
	errSlow = errors.New("does not read")
)

// hear receives once, and returns the complete lines. A stream has no boundaries: one
// Recv may give half a line, or three. The error that ends the member comes with its last
// lines.
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
		if !ended && len(line) < maxLine { // a longer line is cut
			return lines, err
		}
		lines = append(lines, clean(line))
		g.part = append(g.part[:0], rest...)
	}
}

// clean removes everything from a line that could do harm on another member's terminal.
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

// tell queues a text for a member, and sends as much as it can. A member with a full
// queue does not read, or reads more slowly than the others write. Waiting for it would
// stop the room, and queueing more would fill the memory, so it must leave.
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

// flush sends from the queue what the kernel takes: all, a part, or nothing. While there
// is a rest, Wait watches for room. Otherwise it must not: a socket is nearly always
// Writable, and Wait would never wait.
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
