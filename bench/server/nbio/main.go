// An echo server on nbio: one poller.
package main

import (
	"log"
	"runtime"

	"github.com/lesismal/nbio"

	"github.com/berkeleysockets/sock/bench/internal/rules"
)

func main() {
	rules.Parse()
	engine := nbio.NewEngine(nbio.Config{
		Network:        "tcp4",
		Addrs:          []string{rules.Addr},
		NPoller:        runtime.GOMAXPROCS(0),
		ReadBufferSize: rules.Buffer,
	})
	engine.OnOpen(func(c *nbio.Conn) {
		if err := c.SetNoDelay(true); err != nil {
			c.Close()
		}
	})
	engine.OnData(func(c *nbio.Conn, p []byte) {
		if _, err := c.Write(p); err != nil {
			c.Close()
		}
	})
	if err := engine.Start(); err != nil {
		log.Fatal(err)
	}
	select {}
}
