// An echo server on gnet: one event loop.
package main

import (
	"log"

	"github.com/panjf2000/gnet/v2"

	"github.com/berkeleysockets/sock/bench/internal/rules"
)

type server struct{ gnet.BuiltinEventEngine }

func (*server) OnTraffic(c gnet.Conn) gnet.Action {
	p, err := c.Next(-1)
	if err != nil {
		return gnet.Close
	}
	if _, err := c.Write(p); err != nil {
		return gnet.Close
	}
	return gnet.None
}

func main() {
	rules.Parse()
	log.Fatal(gnet.Run(new(server), "tcp4://"+rules.Addr,
		gnet.WithNumEventLoop(1),
		gnet.WithReuseAddr(true),
		gnet.WithTCPNoDelay(gnet.TCPNoDelay),
		gnet.WithReadBufferCap(rules.Buffer)))
}
