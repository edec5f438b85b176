// An echo server on package net: a goroutine for each connection.
package main

import (
	"context"
	"log"
	"net"

	"github.com/berkeleysockets/sock/bench/internal/rules"
)

func main() {
	rules.Parse()
	log.Fatal(serve())
}

func serve() error {
	var config net.ListenConfig
	config.SetMultipathTCP(false) // the others have plain TCP, and no keep-alive
	config.KeepAlive = -1         // ...
	l, err := config.Listen(context.Background(), "tcp4", rules.Addr)
	if err != nil {
		return err
	}
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		go echo(c)
	}
}

// echo does not set TCP_NODELAY, because package net does.
func echo(c net.Conn) {
	defer c.Close()
	buf := make([]byte, rules.Buffer)
	for {
		n, err := c.Read(buf)
		if err != nil {
			return
		}
		if _, err := c.Write(buf[:n]); err != nil {
			return
		}
	}
}
