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

// A server is what all its clients share.
type server struct {
	site     site
	calls    *recorder
	patience time.Duration
	places   chan bool // has one for each client, and room for so many

	mu      sync.Mutex
	waiting list.List // clients of whom we await a request, first who came first
	wanted  bool      // a place, when nobody was waiting
}

func newServer(clients int, patience time.Duration) *server {
	mime.AddExtensionType(".txt", "text/plain; charset=utf-8") // package mime asks the system for it, which may have no list
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

// listen is as in examples/echo, but for NoDelay: the header and the page are two
// sends, and the second does not wait until the first has been acknowledged. The
// sockets that Accept makes inherit it.
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

// serve accepts clients until ctx ends: as in examples/echo a goroutine for each,
// but not for any number of them.
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
		default: // a full house: who has waited longest without asking goes
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

// full reports whether the next client would find no place. Then nobody keeps one
// between two requests.
func (s *server) full() bool { return len(s.places) == cap(s.places) }

// makeRoom ends the connection of the client that is slowest to ask. Those who only hold a
// place, with a byte every now and then, lose it to those who want something.
func (s *server) makeRoom() {
	s.mu.Lock()
	defer s.mu.Unlock()
	first := s.waiting.Front()
	if s.wanted = first == nil; s.wanted {
		return // all are being answered: the first of them who is done
	}
	s.waiting.Remove(first)
	first.Value.(*client).socket.Close() // which ends its Recv
}

// await puts a client into the list of those who may have to go.
func (s *server) await(c *client) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.place = s.waiting.PushBack(c)
}

// again does so between two requests, if its place is not wanted for another.
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

// asked takes a client out of that list: it has asked, or has closed.
func (s *server) asked(c *client) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting.Remove(c.place) // no harm if makeRoom has
}
