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
// Read server.go first, then client.go; demo.go is both in one program.
//
// To try:
//
//	go run ./examples/echo                            both, one conversation
//	go run ./examples/echo -trace                     and its system calls
//	go run ./examples/echo -server 127.0.0.1:7000     then in another terminal:
//	go run ./examples/echo -client 127.0.0.1:7000     or nc 127.0.0.1 7000
//
// Then: take [::1]:7000 or unix:/tmp/echo as the address; port 0, to have the
// kernel choose one; two clients at once; a second server at the same address;
// a client where there is no server; Ctrl-D in the client, Ctrl-C in the server.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"

	"github.com/berkeleysockets/sock"
)

func main() {
	serverAt := flag.String("server", "", "run a server at this `address`: 127.0.0.1:7000, [::1]:7000, unix:/path")
	clientOf := flag.String("client", "", "connect to the server at this `address`; copy stdin to it, and its answers to stdout")
	trace := flag.Bool("trace", false, "print each system call on a socket to stderr")
	flag.Parse()
	if flag.NArg() > 0 || *serverAt != "" && *clientOf != "" {
		flag.Usage()
		os.Exit(2)
	}
	if *trace {
		sock.SetTracer(func(c sock.Call) { fmt.Fprintln(os.Stderr, c) })
	}

	// Ctrl-C ends ctx, and that closes every socket: Close wakes the calls
	// that wait. A second Ctrl-C ends the program on the spot.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)

	var err error
	switch {
	case *serverAt != "":
		err = withAddr(ctx, *serverAt, server)
	case *clientOf != "":
		err = withAddr(ctx, *clientOf, client)
	default:
		err = demo(ctx)
	}
	if ctx.Err() != nil && errors.Is(err, net.ErrClosed) {
		err = nil // we were told to end, and did
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "echo:", err)
		os.Exit(1)
	}
}

func withAddr(ctx context.Context, text string, run func(context.Context, sock.Addr) error) error {
	at, err := sock.ParseAddr(text)
	if err != nil {
		return err
	}
	return run(ctx, at)
}
