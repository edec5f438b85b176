package main

import (
	"fmt"
	"time"

	"github.com/berkeleysockets/sock"
)

// An acceptor is the listening socket of a loop. It is in the poller like any other
// socket: it is readable when Accept has a client.
type acceptor struct {
	listener *sock.Socket  // nil: the loop has none
	enter    func(*conn)   // receives the new clients
	opens    time.Time     // if it is closed for a time: until then
	delay    time.Duration // how long it was closed last
}

func (l *loop) listen(s *sock.Socket, enter func(*conn)) error {
	s.SetNonblock(true) // accepted sockets inherit the mode
	l.listener, l.enter = s, enter
	return l.poller.Add(s, sock.Readable, nil)
}

// accept accepts waiting clients, but not all at once, because the others wait too.
func (l *loop) accept() error {
	for range 16 {
		s, from, err := l.listener.Accept()
		switch {
		case err == nil:
			l.delay = 0
			l.enter(&conn{socket: s, from: from})
		case err == sock.ErrWouldBlock:
			return nil
		case sock.AcceptRetryable(err):
			return l.shut(err)
		default:
			return err
		}
	}
	return nil
}

// shut stops accepting when there is no descriptor left for another client. The clients
// stay in the backlog, so the listening socket stays readable: a level-triggered Wait
// would report it at once, again and again, and the loop would spin. A server that ended
// would serve no client, and one that slept would not serve the present ones. So the loop
// does not watch the listening socket for a while, and each time longer.
func (l *loop) shut(why error) error {
	if l.delay == 0 {
		fmt.Println("server:", why)
	}
	l.delay = min(max(2*l.delay, 5*time.Millisecond), 100*time.Millisecond)
	l.opens = l.now.Add(l.delay)
	return l.poller.Modify(l.listener, 0)
}

// spare reports that a descriptor has become free: the loop need not wait longer.
func (l *loop) spare() {
	if !l.opens.IsZero() {
		l.opens = l.now
	}
}

// reopen watches the listening socket again when it is time.
func (l *loop) reopen() error {
	if l.opens.IsZero() || l.now.Before(l.opens) {
		return nil
	}
	l.opens = time.Time{}
	return l.poller.Modify(l.listener, sock.Readable)
}
