package sock_test

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"time"

	"github.com/berkeleysockets/sock"
)

// One goroutine serves all clients. This loop drops a client that does not read its
// answers; examples/echo waits until it is Writable.
func ExamplePoller() {
	l, server := local()
	l.SetNonblock(true)
	p, err := sock.NewPoller()
	try(err)
	try(p.Add(l, sock.Readable, nil))

	go func() {
		events, buf := make([]sock.Event, 64), make([]byte, 4096)
		for {
			n, err := p.Wait(events, -1) // epoll_pwait(2)
			if err != nil {
				return // p was closed
			}
			for _, e := range events[:n] {
				s := e.Socket
				if s == l {
					if c, _, err := l.Accept(); err == nil { // as non-blocking as l
						try(p.Add(c, sock.Readable, nil))
					}
					continue
				}
				n, err := s.Recv(buf, 0)
				if err == sock.ErrWouldBlock {
					continue // level-triggered: the next Wait reports it
				}
				if sent, _ := s.Send(buf[:n], 0); n == 0 || sent < n {
					s.Close() // which leaves the Poller too
				}
			}
		}
	}()

	for _, word := range []string{"hello", "again"} {
		s, err := sock.Open(sock.Inet, sock.Stream, 0)
		try(err)
		try(s.Connect(server))
		_, err = s.Write([]byte(word))
		try(err)
		try(s.CloseWrite())
		answer, err := io.ReadAll(s)
		try(err)
		fmt.Println(string(answer))
		try(s.Close())
	}
	try(p.Close())
	try(l.Close())
	// Output:
	// hello
	// again
}

// Wake ends the Wait of another goroutine, to give it work.
func ExamplePoller_Wake() {
	p, err := sock.NewPoller()
	try(err)
	defer p.Close()
	work := make(chan string, 1)
	go func() {
		work <- "a message"
		p.Wake()
	}()
	n, err := p.Wait(make([]sock.Event, 1), time.Minute)
	try(err)
	fmt.Println(n, <-work)
	// Output: 0 a message
}

// A descriptor that is no socket, here a pipe of a child, in a loop with sockets.
func ExamplePoller_AddFD() {
	r, w, err := os.Pipe()
	try(err)
	defer r.Close()
	defer w.Close()
	p, err := sock.NewPoller()
	try(err)
	defer p.Close()
	fd := int(r.Fd())
	try(p.AddFD(fd, sock.Readable, "the pipe"))

	_, err = w.WriteString("news")
	try(err)
	events := make([]sock.Event, 1)
	if _, err := p.Wait(events, -1); err != nil {
		log.Fatal(err)
	}
	fmt.Println(events[0].Data, events[0].Ready, events[0].FD == fd)
	try(p.RemoveFD(fd))
	// Output: the pipe Readable true
}

// All gives the events of one Wait after another.
func ExamplePoller_All() {
	p, err := sock.NewPoller()
	try(err)
	a, b, err := sock.Pair(sock.Unix, sock.Stream, 0)
	try(err)
	defer a.Close()
	defer b.Close()
	b.SetNonblock(true)
	try(p.Add(b, sock.Readable, "b"))
	_, err = a.Send([]byte("hello"), 0)
	try(err)
	for e, err := range p.All(make([]sock.Event, 16)) {
		if err != nil {
			fmt.Println(errors.Is(err, net.ErrClosed))
			return
		}
		n, _ := e.Socket.RecvQueue()
		fmt.Println(e.Data, e.Ready, n)
		p.Close()
	}
	// Output:
	// b Readable 5
	// true
}
