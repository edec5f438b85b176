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

// listen listens at every endpoint that a text stands for, until ctx ends.
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
		settings := []sock.Setting{sockopt.ReuseAddr.With(true)} // though old connections of it linger
		if len(endpoints) > 1 && a.Domain() == sock.Inet6 {
			settings = append(settings, sockopt.IPv6Only.With(true)) // the IPv4 ones have a socket of their own
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
			defer stop() // one that fails ends them all
			ended <- greet(l)
		})
	}
	loops.Wait()
	return <-ended // that of the first
}

// greet accepts clients, says who they are, and lets them go. It always ends with
// an error: net.ErrClosed when it was asked to.
func greet(l *sock.Socket) error {
	for {
		c, _, err := l.Accept()
		if err != nil {
			if !sock.AcceptRetryable(err) {
				return err
			}
			fmt.Println(err) // of one client, or of this moment
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
