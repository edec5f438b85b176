// Address shows what the two ends of a conversation are called, and who gives
// them their names.
//
// The idea: a socket talks from an endpoint to an endpoint. Of the internet an
// endpoint is an IP address, which says the machine, and a port, which says which
// of its sockets; within one machine it may be a path instead. A server binds its
// socket to an endpoint that its clients know. For a socket that is not bound, or binds
// to port 0, the kernel chooses.
//
//	ParseAddr  an endpoint from its text: no name is looked up
//	Resolve    all the endpoints that a name and a service stand for
//	Bind       this socket's own endpoint; port 0: any that is free
//	Name       which one it is now (getsockname)
//	Connect    the other end's endpoint
//	Peer       which one that is (getpeername)
//	Bytes      an endpoint as the kernel sees it (struct sockaddr)
//
// Read ports.go first, then families.go, paths.go and text.go: tour.go visits them
// in this order. explain.go and listen.go are for endpoints of your own.
//
// To try:
//
//	go run ./examples/address                                   the tour
//	go run ./examples/address -trace                            and its system calls
//	go run ./examples/address localhost:http [::1]:443 unix:/tmp/x
//	getent ahosts localhost                                     whom the system finds there
//	go run ./examples/address -listen localhost:0               then in another terminal:
//	ss -tlnp                                                    what the kernel says
//	nc 127.0.0.1 PORT                                           and who comes from where
//
// Then: a name of your own in /etc/hosts; -listen at an address that is not this
// machine's; at [::]:7000, and nc -4 and nc -6 to it; at port 80, not as root; at
// the same port twice; at unix:@course, and ss -xl.
package main

import (
	"context"
	"errors"
	"flag"
	"net"

	"github.com/berkeleysockets/sock/examples/internal/program"
)

const usage = `address: what an endpoint is, and who chooses it.

With no arguments: a short tour. With arguments such as localhost:http, 127.0.0.1:80,
[::1]:443 or unix:/path: which endpoints each stands for, and what they look like.`

func main() {
	listenAt := flag.String("listen", "", "listen at the endpoints of this `address` until Ctrl-C, and print who connects; names are looked up")
	program.Main(usage, func(ctx context.Context, args []string) error {
		switch {
		case *listenAt != "" && len(args) > 0:
			return program.Wrong("-listen, or addresses to explain, not both in one")
		case *listenAt == "" && len(args) == 0:
			return tour(ctx)
		case *listenAt == "":
			return explain(ctx, args)
		}
		err := listen(ctx, *listenAt)
		if ctx.Err() != nil && errors.Is(err, net.ErrClosed) {
			return nil // ctx has ended, which closes every socket: Close wakes every waiting call
		}
		return err
	})
}
