package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/sockopt"
)

// server runs a server at an address until ctx ends.
func server(ctx context.Context, at sock.Addr, how service) error {
	l, err := listen(at, how.set...)
	if err != nil {
		return err
	}
	if path := at.Path(); path != "" {
		defer os.Remove(path) // Bind made this file, and Close leaves it there
	}
	return how.serve(ctx, l)
}

// listen opens a socket that clients can connect to, and prints its address.
func listen(at sock.Addr, more ...sock.Setting) (*sock.Socket, error) {
	// A server that has just stopped leaves old connections behind, which keep its port
	// for a minute. ReuseAddr lets it start again at once.
	l, err := sock.Open(at.Domain(), sock.Stream, 0, append(more, sockopt.ReuseAddr.With(true))...)
	if err != nil {
		return nil, err
	}
	err = l.Bind(at)
	if err == nil {
		err = l.Listen(0) // 0: the largest backlog of the system
	}
	var name sock.Addr
	if err == nil {
		name, err = l.Sockname() // after Bind to port 0 the kernel has chosen one
	}
	if err != nil {
		l.Close()
		return nil, err
	}
	fmt.Println("server: listening on", name)
	return l, nil
}

// serve accepts clients, one after the other. Each gets a goroutine, so that all are
// served at once. It always returns an error: net.ErrClosed when ctx has ended.
func serve(ctx context.Context, l *sock.Socket) error {
	ctx, stop := context.WithCancel(ctx)
	var others sync.WaitGroup
	others.Go(func() {
		<-ctx.Done()
		l.Close()
	})
	defer others.Wait()
	defer stop() // the end of this loop closes the listener and all clients
	for {
		c, from, err := l.Accept()
		switch {
		case err == nil:
			others.Go(func() { serveClient(ctx, c, from) })
		case sock.AcceptRetryable(err):
			// This client was lost, or there is no descriptor for it now. The server goes
			// on with all others.
			fmt.Println("server:", err)
			time.Sleep(10 * time.Millisecond)
		default:
			return err
		}
	}
}

// serveClient serves one client, on the socket that Accept has made for it.
func serveClient(ctx context.Context, c *sock.Socket, from sock.Addr) {
	defer c.Close()
	defer context.AfterFunc(ctx, func() { c.Close() })()
	who := greet(c, from)
	n, err := echo(c)
	tell(who, n, err)
}

// greet and tell print what happens to a client.
func greet(c *sock.Socket, from sock.Addr) (who string) {
	who = fmt.Sprintf("server: socket %d", c.FD())
	fmt.Printf("%s is for the client at %s\n", who, from)
	return who
}

func tell(who string, n int, err error) {
	switch {
	case err == nil:
		fmt.Printf("%s: Recv gave 0, the client sends no more; %d bytes went back; Close\n", who, n)
	case errors.Is(err, net.ErrClosed):
		fmt.Printf("%s: closed by us after %d bytes\n", who, n)
	default:
		fmt.Printf("%s: after %d bytes: %v\n", who, n, err)
	}
}

// echo sends back everything that it receives, until the client sends no more.
func echo(c *sock.Socket) (total int, err error) {
	buf := make([]byte, 32<<10)
	for {
		// Recv waits until there are bytes. They may be fewer than the client sent at
		// once, or the end of one Send and the beginning of the next: a stream keeps the
		// order of the bytes, and no boundaries.
		n, err := c.Recv(buf, 0)
		if err != nil {
			return total, err
		}
		// 0 bytes and no error: the client sends no more. A loop that tests only err
		// would spin here without end. The other direction is still open, and everything
		// that the client sent has been answered by now.
		if n == 0 {
			return total, nil
		}
		if err := sendAll(c, buf[:n]); err != nil {
			return total, err
		}
		total += n
	}
}

// sendAll sends all of p. One Send may take less, if the kernel's buffer has no room for
// more; the program must send the rest again. (Socket.Write is this loop.)
func sendAll(s *sock.Socket, p []byte) error {
	for len(p) > 0 {
		n, err := s.Send(p, 0)
		if err != nil {
			return err
		}
		p = p[n:]
	}
	return nil
}
