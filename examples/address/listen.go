package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/sockopt"
)

// listen listens at every endpoint of a text, until ctx ends.
func listen(ctx context.Context, text string) error {
	endpoints, err := lookup(ctx, text)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var listeners []*sock.Socket
	defer func() {
		for _, l := range listeners {
			l.Close()
		}
	}()
	for _, a := range endpoints {
		settings := []sock.Setting{sockopt.ReuseAddr.With(true)} // also while old connections still hold the port
		if len(endpoints) > 1 && a.Domain() == sock.Inet6 {
			settings = append(settings, sockopt.IPv6Only.With(true)) // IPv4 clients have their own socket
		}
		l, name, err := listening(a.String(), settings...)
		if err != nil {
			return err
		}
		listeners = append(listeners, l)
		if path := a.Path(); path != "" {
			defer os.Remove(path) // Bind made this file, and Close leaves it there
		}
		fmt.Println("listening at", name)
		describe(name)
	}

	ended := make(chan error, len(listeners))
	var loops sync.WaitGroup
	for _, l := range listeners {
		context.AfterFunc(ctx, func() { l.Close() })
		loops.Go(func() {
			defer stop() // the first failure ends all
			ended <- greet(l)
		})
	}
	loops.Wait()
	return <-ended // the first error
}

// greet accepts clients, prints their addresses, and closes them. It always returns an
// error: net.ErrClosed when ctx has ended.
func greet(l *sock.Socket) error {
	for {
		c, _, err := l.Accept()
		if err != nil {
			if !sock.AcceptRetryable(err) {
				return err
			}
			fmt.Println(err) // it concerns one client, or this moment
			time.Sleep(10 * time.Millisecond)
			continue
		}
		both, err := ends(c)
		if err = errors.Join(err, c.Close()); err != nil {
			fmt.Println("a client that has closed:", err)
			continue
		}
		fmt.Println("a client:", both)
	}
}
