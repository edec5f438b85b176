package main

import (
	"fmt"
	"time"

	"github.com/berkeleysockets/sock"
)

// A acceptor is the listening socket of a loop, in the poller like any other: it is
// readable when Accept has somebody.
type acceptor struct {
	listener *sock.Socket  // nil: the loop has none
	enter    func(*conn)   // what becomes of who comes in
	opens    time.Time     // when it is shut: until then
	delay    time.Duration // for how long it was shut last
}

func (l *loop) listen(s *sock.Socket, enter func(*conn)) error {
	s.SetNonblock(true) // and so are the sockets that it accepts
	l.listener, l.enter = s, enter
	return l.poller.Add(s, sock.Readable, nil)
}

// accept lets in who waits: not all in one go, for those inside wait as well.
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

// shut is for when there is no descriptor left for another client. Who waits at
// the acceptor goes on to wait there, so the acceptor stays readable: a level-triggered
// Wait would say so at once, again and again, and the loop would spin. A server
// that ends would serve nobody, and one that sleeps would not serve those inside.
// So we do not look at the acceptor for a while, and each time longer.
func (l *loop) shut(why error) error {
	if l.delay == 0 {
		fmt.Println("server:", why)
	}
	l.delay = min(max(2*l.delay, 5*time.Millisecond), 100*time.Millisecond)
	l.opens = l.now.Add(l.delay)
	return l.poller.Modify(l.listener, 0)
}

// spare says that a descriptor has become free: no need to wait for longer.
func (l *loop) spare() {
	if !l.opens.IsZero() {
		l.opens = l.now
	}
}

// reopen opens the acceptor when it is time.
func (l *loop) reopen() error {
	if l.opens.IsZero() || l.now.Before(l.opens) {
		return nil
	}
	l.opens = time.Time{}
	return l.poller.Modify(l.listener, sock.Readable)
}
