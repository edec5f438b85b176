package main

import (
	"container/list"
	"context"
	"fmt"
	"mime"
	"net"
	"os"
	"sync"
	"time"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/sockopt"
)

// A server is the state that all its clients share.
type server struct {
	site     site
	calls    *recorder
	patience time.Duration
	places   chan bool // one entry for each client; its capacity is the limit

	mu      sync.Mutex
	waiting list.List // clients whose request is awaited, the oldest first
	wanted  bool      // a free place, when no client was waiting
}

func newServer(clients int, patience time.Duration) *server {
	mime.AddExtensionType(".txt", "text/plain; charset=utf-8") // package mime uses the system's list, which may be missing
	calls := newRecorder()
	return &server{site: site{calls: calls}, calls: calls, patience: patience, places: make(chan bool, clients)}
}

// run serves at an address until ctx ends.
func (s *server) run(ctx context.Context, at sock.Addr, folder string) error {
	if folder != "" {
		root, err := os.OpenRoot(folder)
		if err != nil {
			return err
		}
		defer root.Close()
		s.site.root = root
	}
	l, err := listen(at)
	if err != nil {
		return err
	}
	if path := at.Path(); path != "" {
		defer os.Remove(path)
	}
	return s.serve(ctx, l)
}

// listen works as in examples/echo, with NoDelay in addition: the head and the page are
// two sends, and the second does not wait until the first is acknowledged. Accepted
// sockets inherit it.
func listen(at sock.Addr) (*sock.Socket, error) {
	l, err := sock.Open(at.Domain(), sock.Stream, 0, sockopt.ReuseAddr.With(true))
	if err != nil {
		return nil, err
	}
	if at.Domain() != sock.Unix {
		err = sockopt.TCPNoDelay.Set(l, true)
	}
	if err == nil {
		err = l.Bind(at)
	}
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
	fmt.Println("server: listening on", name)
	return l, nil
}

// serve accepts clients until ctx ends: a goroutine for each, as in examples/echo, but
// with a limit.
func (s *server) serve(ctx context.Context, l *sock.Socket) error {
	ctx, stop := context.WithCancel(ctx)
	context.AfterFunc(ctx, func() { l.Close() })
	var all sync.WaitGroup
	defer all.Wait()
	defer stop()
	for {
		c, from, err := l.Accept()
		switch {
		case err == nil:
		case sock.AcceptRetryable(err):
			fmt.Println("server:", err)
			s.makeRoom() // one descriptor less
			time.Sleep(10 * time.Millisecond)
			continue
		default:
			return err
		}
		one := &client{socket: c, from: from, record: s.calls.of(c.FD()), server: s}
		select {
		case s.places <- true:
		default: // full: the client that has waited longest without a request is closed
			s.makeRoom()
			select {
			case s.places <- true:
			case <-ctx.Done():
				c.Close()
				return net.ErrClosed
			}
		}
		s.await(one)
		all.Go(func() {
			defer func() { <-s.places }()
			s.attend(ctx, one)
		})
	}
}

// full reports whether there is no place for the next client. Then no client keeps its
// place between two requests.
func (s *server) full() bool { return len(s.places) == cap(s.places) }

// makeRoom closes the client that is slowest to send a request. Clients that only hold a
// place, with a byte now and then, lose it to clients with requests.
func (s *server) makeRoom() {
	s.mu.Lock()
	defer s.mu.Unlock()
	first := s.waiting.Front()
	if s.wanted = first == nil; s.wanted {
		return // all are being answered: the first that is done
	}
	s.waiting.Remove(first)
	first.Value.(*client).socket.Close() // this ends its Recv
}

// await adds a client to the list of those that may be closed.
func (s *server) await(c *client) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.place = s.waiting.PushBack(c)
}

// again does so between two requests, if no other client needs the place.
func (s *server) again(c *client) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.wanted {
		s.wanted = false
		return false
	}
	c.place = s.waiting.PushBack(c)
	return true
}

// asked removes a client from that list: it has sent a request, or has closed.
func (s *server) asked(c *client) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting.Remove(c.place) // harmless if makeRoom has removed it
}
