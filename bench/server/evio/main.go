// An echo server on evio: one event loop. It can set neither TCP_NODELAY nor the size of its
// buffer, which is 64 KiB.
package main

import (
	"log"

	"github.com/tidwall/evio"

	"github.com/berkeleysockets/sock/bench/internal/rules"
)

func main() {
	rules.Parse()
	events := evio.Events{
		NumLoops: 1,
		Data:     func(_ evio.Conn, in []byte) (out []byte, action evio.Action) { return in, evio.None },
	}
	log.Fatal(evio.Serve(events, "tcp4://"+rules.Addr))
}
