package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/sockopt"
)

// A room is a listening socket, the members, and the poller that watches all of them.
type room struct {
	listener *sock.Socket
	poller   *sock.Poller
	members  map[*member]bool
}

// server runs a room at an address until ctx ends.
func server(ctx context.Context, at sock.Addr) error {
	l, err := listen(at)
	if err != nil {
		return err
	}
	defer l.Close()
	if path := at.Path(); path != "" {
		defer os.Remove(path) // Bind made this file, and Close leaves it there
	}
	return serve(ctx, l)
}

// listen works as in examples/echo.
func listen(at sock.Addr) (*sock.Socket, error) {
	l, err := sock.Open(at.Domain(), sock.Stream, 0, sockopt.ReuseAddr.With(true))
	if err != nil {
		return nil, err
	}
	err = l.Bind(at)
	if err == nil {
		err = l.Listen(0)
	}
	var name sock.Addr
	if err == nil {
		name, err = l.Sockname()
	}
	if err != nil {
		l.Close()
		return nil, err
	}
	fmt.Println("room: listening on", name)
	return l, nil
}

// serve is one goroutine for all members: it waits until some of them are ready, does
// what it can do at once, and waits again.
func serve(ctx context.Context, l *sock.Socket) error {
	p, err := sock.NewPoller()
	if err != nil {
		return err
	}
	defer p.Close()
	l.SetNonblock(true) // its calls, and those of accepted sockets, do not wait
	if err := p.Add(l, sock.Readable, nil); err != nil {
		return err
	}
	r := &room{l, p, map[*member]bool{}}
	defer r.empty()
	defer context.AfterFunc(ctx, func() { p.Wake() })()

	events := make([]sock.Event, 64)
	for ctx.Err() == nil {
		n, err := p.Wait(events, -1)
		if err != nil {
			return err
		}
		for _, e := range events[:n] {
			if g, ok := e.Data.(*member); !ok { // the value that Add got as Data
				err = r.welcome()
			} else if why := r.attend(g, e.Ready); why != nil {
				r.leave(g, why)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// welcome accepts one member. If more clients wait, the next Wait reports it: the poller
// is level-triggered, so it reports what is ready, not what has changed.
func (r *room) welcome() error {
	s, _, err := r.listener.Accept()
	if err == sock.ErrWouldBlock {
		return nil // closed again
	}
	if sock.AcceptRetryable(err) {
		// There may be no descriptor left. The client still waits in the backlog, and
		// Wait would report it at once, again and again. So the room does not watch the
		// listener for a moment.
		time.AfterFunc(100*time.Millisecond, func() { r.poller.Modify(r.listener, sock.Readable) })
		return r.poller.Modify(r.listener, 0)
	}
	if err != nil {
		return err
	}
	g := &member{socket: s, poller: r.poller, part: make([]byte, 0, maxLine)}
	r.members[g] = true
	why := r.poller.Add(s, sock.Readable, g)
	if why == nil {
		why = g.tell("What is your name?\n")
	}
	if why != nil {
		r.leave(g, why)
	}
	return nil
}

// attend does for a member what is ready, and returns the reason why it must leave.
func (r *room) attend(g *member, ready sock.Ready) error {
	if ready&sock.Writable != 0 {
		if err := g.flush(); err != nil {
			return err
		}
	}
	if ready&^sock.Writable == 0 {
		return nil
	}
	lines, err := g.hear() // Recv also returns the error behind Hangup or Failed
	for _, line := range lines {
		switch {
		case line == "":
		case g.name == "":
			g.name = fmt.Sprintf("%.20s", line)
			r.announce(g.name + " comes in")
		default:
			r.say(g, g.name+": "+line)
		}
	}
	return err
}

// leave removes a member. Close takes the socket out of the poller; an event that Wait
// has already reported may still come, and finds it closed.
func (r *room) leave(g *member, why error) {
	if !r.members[g] {
		return
	}
	delete(r.members, g)
	g.socket.Close()
	if g.name != "" {
		r.announce(g.name + " leaves: " + why.Error())
	}
}

func (r *room) announce(what string) {
	fmt.Println("room:", what)
	r.say(nil, "* "+what)
}

// say sends a line of a member, or of the room, to all others.
func (r *room) say(from *member, text string) {
	for g := range r.members {
		if g == from || g.name == "" {
			continue
		}
		if err := g.tell(text + "\n"); err != nil {
			defer r.leave(g, err) // after all have got this line
		}
	}
}

// empty ends the room.
func (r *room) empty() {
	for g := range r.members {
		g.socket.Close()
	}
}
