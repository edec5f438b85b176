// Udpecho is a server that sends back each datagram to where it came from, and a
// client that counts what comes back: the datagram, and what nobody promises of it.
//
// The idea: there is no connection. Each datagram has its receiver's address on it
// and travels by itself. It arrives whole, with its sender's address, or it does
// not arrive; it may be overtaken, and it may arrive twice. No call reports it. A program that wants
// to know puts numbers into them.
//
//	server                        client
//	Open   SOCK_DGRAM             Open   SOCK_DGRAM
//	Bind   give it an address     Connect  remember an address: nothing is sent
//	RecvFrom <------------------- Send      one datagram
//	SendTo ---------------------> Recv      one datagram
//	                              SendTo    and one without Connect
//
// One socket serves all clients, so there is nothing to accept, and nothing to
// end: no call says that a client has closed.
//
// Read server.go first, then boundaries.go, burst.go, roads.go and nobody.go, which
// are what the program shows without flags (demo.go), and client.go.
//
// To try:
//
//	go run ./examples/udpecho                           what a datagram is, and is not
//	go run ./examples/udpecho -trace                    and its system calls
//	go run ./examples/udpecho -server 127.0.0.1:7000    then in another terminal:
//	go run ./examples/udpecho -client 127.0.0.1:7000    or nc -u 127.0.0.1 7000
//	seq 100000 | go run ./examples/udpecho -client 127.0.0.1:7000
//
// Then: a client where there is no server; the same over [::1]:7000, and over
// unix:/tmp/udpecho, where the kernel drops nothing and Send waits instead; stop the
// server while the client runs, and start it again; a datagram of 65507 bytes, and
// one of 65508; socat -u OPEN:/dev/zero UDP:127.0.0.1:7000 beside your client.
package main

import (
	"context"
	"errors"
	"flag"
	"net"
	"time"

	"github.com/berkeleysockets/sock/examples/internal/program"
)

const usage = `udpecho: a server sends back each datagram; a client numbers them, and counts.

With no arguments: both, and what becomes of datagrams in between.`

func main() {
	serverAt := flag.String("server", "", "run a server at this `address`: "+program.Forms)
	clientOf := flag.String("client", "", "send to the server at this `address`: each line of stdin is a datagram, with a number; print what comes back")
	patience := flag.Duration("wait", time.Second, "with -client: count a datagram as lost that has not come back within this `duration`")
	program.Main(usage, func(ctx context.Context, args []string) error {
		switch {
		case len(args) > 0:
			return program.Wrong("there are no arguments, only flags: -h lists them")
		case *serverAt != "" && *clientOf != "":
			return program.Wrong("-server or -client, not both in one")
		case *patience <= 0:
			return program.Wrong("-wait: above 0")
		case *clientOf == "" && *patience != time.Second:
			return program.Wrong("-wait goes with -client")
		case *serverAt+*clientOf == "":
			return demo(ctx)
		}
		at, err := program.ParseAddr(*serverAt + *clientOf)
		if err != nil {
			return err
		}
		if *serverAt != "" {
			err = server(ctx, at)
		} else {
			err = client(ctx, at, *patience)
		}
		if ctx.Err() != nil && errors.Is(err, net.ErrClosed) {
			return nil // ctx has ended, which closes the socket: Close wakes every waiting call
		}
		return err
	})
}
