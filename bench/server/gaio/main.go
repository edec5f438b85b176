//go:build !windows

// An echo server on gaio: one watcher, a buffer for each connection.
package main

import (
	"context"
	"log"
	"net"

	"github.com/xtaci/gaio"

	"github.com/berkeleysockets/sock/bench/internal/rules"
)

func main() {
	rules.Parse()
	log.Fatal(serve())
}

// serve accepts with package net, as gaio's own examples do; that sets TCP_NODELAY.
func serve() error {
	w, err := gaio.NewWatcher()
	if err != nil {
		return err
	}
	go echo(w)
	var config net.ListenConfig
	config.SetMultipathTCP(false)
	config.KeepAlive = -1
	l, err := config.Listen(context.Background(), "tcp4", rules.Addr)
	if err != nil {
		return err
	}
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		if err := w.Read(nil, c, make([]byte, rules.Buffer)); err != nil {
			return err
		}
	}
}

func echo(w *gaio.Watcher) {
	for {
		results, err := w.WaitIO()
		if err != nil {
			log.Fatal(err)
		}
		for _, r := range results {
			switch {
			case r.Error != nil || r.Operation == gaio.OpRead && r.Size == 0:
				err = w.Free(r.Conn)
			case r.Operation == gaio.OpRead:
				err = w.Write(nil, r.Conn, r.Buffer[:r.Size])
			default:
				err = w.Read(nil, r.Conn, r.Buffer[:cap(r.Buffer)])
			}
			if err != nil {
				log.Fatal(err)
			}
		}
	}
}
