// Echo is a server that sends back whatever it receives, and a client that
// talks to it: the smallest whole conversation over sockets.
//
// The idea: a server waits at an address that clients know. Each client that
// connects gets a new socket of its own on the server's side; the listening
// socket only ever makes more of them. A connection carries bytes in order, in
// both directions, until each side has said that it sends no more.
//
//	server                        client
//	Open   make a socket          Open
//	Bind   give it an address
//	Listen let clients come
//	Accept  <-------------------- Connect
//	Recv    <-------------------- Send
//	Send    --------------------> Recv
//	Recv gives 0 <--------------- CloseWrite
//	Close   --------------------> Recv gives 0
//	                              Close
//
// Read server.go first, then client.go; demo.go is both in one program. With
// -poller another server does the same: one goroutine for all clients. Read
// poller.go, then idle.go, acceptor.go and loops.go: each is one more idea.
//
// To try:
//
//	go run ./examples/echo                            both, one conversation
//	go run ./examples/echo -trace                     and its system calls
//	go run ./examples/echo -server 127.0.0.1:7000     then in another terminal:
//	go run ./examples/echo -client 127.0.0.1:7000     or nc 127.0.0.1 7000
//	go run ./examples/echo -poller -trace             where the other server waits
//	go run ./examples/echo -poller -server 127.0.0.1:7000 -idle 10s
//
// Then: take [::1]:7000 or unix:/tmp/echo as the address; port 0, to have the
// kernel choose one; two clients at once; a second server at the same address;
// a client where there is no server; Ctrl-D in the client, Ctrl-C in the server;
// -poller and a client that never reads, socat -u /dev/zero TCP:127.0.0.1:7000;
// ulimit -n 20 before the server, and thirty clients; -loops 4 -trace, and ten.
package main

import (
	"context"
	"errors"
	"flag"
	"net"
	"time"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/examples/internal/program"
)

const usage = `echo: a server sends back whatever it receives; a client talks to it.

With no arguments: both, one conversation.`

func main() {
	serverAt := flag.String("server", "", "run a server at this `address`: "+program.Forms)
	clientOf := flag.String("client", "", "connect to the server at this `address`; copy stdin to it, and its answers to stdout")
	poller := flag.Bool("poller", false, "serve all clients from one goroutine")
	var p polled
	flag.DurationVar(&p.idle, "idle", time.Minute, "with -poller: drop a client to which nothing could be sent for this `duration`; 0: never")
	flag.IntVar(&p.loops, "loops", 1, "with -poller: serve from `N` goroutines, each with a listening socket of its own")
	flag.BoolVar(&p.acceptor, "acceptor", false, "with -loops: one goroutine accepts, and hands the clients to the others in turn")
	program.Main(usage, func(ctx context.Context, args []string) error {
		how := service{serve: serve}
		switch usual := (polled{loops: 1, idle: time.Minute}); {
		case len(args) > 0:
			return program.Wrong("there are no arguments, only flags: -h lists them")
		case *serverAt != "" && *clientOf != "":
			return program.Wrong("-server or -client, not both in one")
		case *poller && *clientOf != "":
			return program.Wrong("-poller is for a server")
		case !*poller && p != usual:
			return program.Wrong("-idle, -loops and -acceptor go with -poller")
		case *poller:
			if err := p.check(*serverAt); err != nil {
				return program.Wrong("%w", err)
			}
			how = service{p.serve, p.settings()}
		}
		err := run(ctx, *serverAt, *clientOf, how)
		if ctx.Err() != nil && errors.Is(err, net.ErrClosed) {
			return nil // ctx has ended, which closes every socket: Close wakes every waiting call
		}
		return err
	})
}

func run(ctx context.Context, serverAt, clientOf string, how service) error {
	if serverAt+clientOf == "" {
		return demo(ctx, how)
	}
	at, err := program.ParseAddr(serverAt + clientOf)
	if err != nil {
		return err
	}
	if serverAt != "" {
		return server(ctx, at, how)
	}
	return client(ctx, at)
}

// A service is one of the two servers: the one of server.go, with a goroutine for each
// client, or the one of poller.go.
type service struct {
	serve func(context.Context, *sock.Socket) error
	set   []sock.Setting // the address of its listening socket
}
