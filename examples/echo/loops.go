package main

import (
	"context"
	"errors"
	"net"
	"runtime"
	"strings"
	"time"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/sockopt"
)

// polled is the server on pollers: one loop, or several, for a loop uses one core.
//
// There are two ways to share out the clients. Either each loop has a listening
// socket of its own, all at one address, and the kernel chooses one for each
// client by a hash (ReusePort). Nothing is handed over, but the shares are uneven,
// nobody asks which loop is busy, and the end of a loop loses who waits for it. Or
// one more loop, the acceptor, has the only listening socket, and hands the
// clients to the others in turn. The shares are even, and each client costs a Wake:
// one at a time 57 us of CPU time for a connection against 53 (and 45 with one
// loop), in a storm none to speak of. Requests cost the same both ways. The figures
// are in examples/README.md.
type polled struct {
	loops    int
	acceptor bool
	idle     time.Duration
}

func (p polled) reusePort() bool { return p.loops > 1 && !p.acceptor }

// check returns an error for an address that cannot be served.
func (p polled) check(at string) error {
	switch {
	case p.loops < 1:
		return errors.New("-loops: at least 1")
	case p.idle < 0:
		return errors.New("-idle: not below 0")
	case p.reusePort() && strings.HasPrefix(at, "unix:"):
		return errors.New("-loops: a path has one listening socket only: add -acceptor")
	case p.reusePort() && runtime.GOOS != "linux" && runtime.GOOS != "dragonfly":
		return errors.New("-loops: " + runtime.GOOS + " gives all clients to one listening socket: add -acceptor")
	}
	return nil
}

// settings returns the settings of the listening socket.
func (p polled) settings() (set []sock.Setting) {
	if p.reusePort() {
		set = append(set, sockopt.ReusePort.With(true))
	}
	return set
}

// serve works as in server.go. Its listening socket belongs to the first loop, or to the
// acceptor.
func (p polled) serve(ctx context.Context, l *sock.Socket) error {
	defer l.Close()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	loops, err := p.start(ctx, l)
	defer func() {
		for _, l := range loops {
			l.close()
		}
	}()
	if err != nil {
		return err
	}
	ended := make(chan error)
	for _, l := range loops {
		go func() { ended <- l.run(ctx) }()
	}
	err = <-ended
	stop() // the end of one loop ends all
	for range loops[1:] {
		<-ended
	}
	return err
}

// start makes the loops. With an error it returns the loops that it has made.
func (p polled) start(ctx context.Context, first *sock.Socket) (loops []*loop, err error) {
	for i := range p.loops {
		l, err := newLoop(p.idle)
		if err != nil {
			return loops, err
		}
		loops = append(loops, l)
		if p.acceptor {
			continue
		}
		listener := first
		if i > 0 {
			listener, err = again(first, p.settings()...)
		}
		if err == nil {
			err = l.listen(listener, l.add)
		}
		if err != nil {
			return loops, err
		}
	}
	if !p.acceptor {
		return loops, nil
	}
	a, err := newLoop(0)
	if err != nil {
		return loops, err
	}
	return append(loops, a), a.listen(first, deal(ctx, loops))
}

// again listens at the address of another socket.
func again(first *sock.Socket, set ...sock.Setting) (*sock.Socket, error) {
	at, err := first.Sockname()
	if err != nil {
		return nil, err
	}
	return listen(at, set...)
}

// deal gives each client to the next loop in turn: it puts the client into the loop's
// queue, and Wake makes the loop look there.
func deal(ctx context.Context, loops []*loop) func(*conn) {
	next := 0
	return func(c *conn) {
		to := loops[next]
		next = (next + 1) % len(loops)
		select {
		case to.mail <- c:
			to.poller.Wake()
		case <-ctx.Done():
			c.socket.Close()
		}
	}
}

// close closes the sockets of a loop that has ended.
func (l *loop) close() {
	for l.quiet.Len() > 0 {
		l.drop(l.quiet.first(), net.ErrClosed)
	}
	for range len(l.mail) {
		(<-l.mail).socket.Close()
	}
	if l.listener != nil {
		l.listener.Close()
	}
	l.poller.Close()
}
