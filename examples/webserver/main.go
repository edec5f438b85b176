// Webserver answers browsers, and its page shows the system calls that did it.
//
// The idea: a web page comes over a socket. The browser connects, sends a few lines
// of text, and receives a few lines and the page. All the rest of the web is what
// those lines say: HTTP is a way to talk, and the socket carries it.
//
//	browser                                    server
//	                                           Open, Bind, Listen
//	Connect ---------------------------------> Accept
//	Send    -- GET /index.html HTTP/1.1 -----> Recv      until an empty line
//	           Host: 127.0.0.1:8000
//	           (an empty line)
//	Recv    <- HTTP/1.1 200 OK --------------- Write     the header
//	           Content-Length: 66
//	           (an empty line)
//	        <- the page ---------------------- Write, or ReadFrom: sendfile(2)
//	Send    -- GET /picture.png HTTP/1.1 ----> Recv      the same connection
//	Close   ---------------------------------> Recv gives 0: Close
//
// Every client that can connect can send anything, at any speed, without end. So everything that
// a client may use has a limit: bytes, time, connections, and the files it may name.
//
// Read request.go first, then server.go, client.go, answer.go and files.go; calls.go
// and page.go are the page that shows the calls; demo.go is one request in one program.
//
// To try:
//
//	go run ./examples/webserver                              one request, and its calls
//	go run ./examples/webserver -server 127.0.0.1:8000       then in a browser:
//	                                                         http://127.0.0.1:8000/
//	go run ./examples/webserver -server 127.0.0.1:8000 -root examples/pictures
//	curl -v http://127.0.0.1:8000/webserver.svg
//
// Then: nc 127.0.0.1 8000, and type GET / HTTP/1.0 and an empty line, fast, and
// slowly; curl -v --path-as-is http://127.0.0.1:8000/../main.go; in the browser
// http://127.0.0.1:8000/.calls with a -root, after you have looked at a file there;
// https:// in place of http://; wrk -c 200 http://127.0.0.1:8000/; [::]:8000 as the
// address, and the browser of your telephone.
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

const usage = `webserver: answers browsers, and its page shows the system calls that did it.

With no arguments: a server and a client, one request, and the server's calls.`

func main() {
	serverAt := flag.String("server", "", "run a server at this `address`: "+program.Forms)
	root := flag.String("root", "", "serve the files in this `folder`; without it the page of calls, which is at /.calls with it")
	clients := flag.Int("clients", 512, "serve at most `N` connections at once")
	patience := flag.Duration("patience", 10*time.Second, "the `duration` that a client may take for a request, and for each 128 KiB of an answer")
	program.Main(usage, func(ctx context.Context, args []string) error {
		switch {
		case len(args) > 0:
			return program.Wrong("there are no arguments, only flags: -h lists them")
		case *serverAt == "" && *root != "":
			return program.Wrong("-root goes with -server")
		case *clients < 1:
			return program.Wrong("-clients: at least 1")
		case *patience <= 0:
			return program.Wrong("-patience: more than 0")
		}
		var at sock.Addr
		if *serverAt != "" {
			var err error
			if at, err = program.ParseAddr(*serverAt); err != nil {
				return program.Wrong("%w", err)
			}
		}
		s := newServer(*clients, *patience)
		trace := flag.Lookup("trace").Value.String() == "true"
		s.calls.start(trace)
		defer sock.SetTracer(nil)
		var err error
		if *serverAt == "" {
			err = demo(ctx, s)
		} else {
			err = s.run(ctx, at, *root)
		}
		if ctx.Err() != nil && errors.Is(err, net.ErrClosed) {
			return nil // ctx has ended, which closes every socket
		}
		return err
	})
}
