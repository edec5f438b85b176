// An echo server on netpoll: one poller.
package main

import (
	"context"
	"log"
	"runtime"

	"github.com/cloudwego/netpoll"

	"github.com/berkeleysockets/sock/bench/internal/rules"
)

func main() {
	rules.Parse()
	log.Fatal(serve())
}

// serve does not set TCP_NODELAY, because netpoll does. netpoll has its own buffers.
func serve() error {
	if err := netpoll.Configure(netpoll.Config{PollerNum: runtime.GOMAXPROCS(0)}); err != nil {
		return err
	}
	l, err := netpoll.CreateListener("tcp4", rules.Addr)
	if err != nil {
		return err
	}
	loop, err := netpoll.NewEventLoop(echo)
	if err != nil {
		return err
	}
	return loop.Serve(l)
}

func echo(_ context.Context, c netpoll.Connection) error {
	r, w := c.Reader(), c.Writer()
	n := r.Len()
	p, err := r.Next(n)
	if err != nil {
		return err
	}
	q, err := w.Malloc(n)
	if err != nil {
		return err
	}
	copy(q, p)
	if err := w.Flush(); err != nil {
		return err
	}
	return r.Release()
}
