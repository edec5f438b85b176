// Browser fetches one page, as a web browser does before it draws anything: the
// client half of the web.
//
// The idea: a URL says whom to talk to, where, and what to ask for. The name
// becomes addresses, one of them answers, and then it is text over a stream: a
// request, and a response that says itself where it ends. https is the same
// text, through a second layer that makes the stream secret, and proves who is
// at the other end. That layer is crypto/tls; it needs a net.Conn beneath it,
// and a *sock.Socket is one.
//
//	https://localhost:8443/page?q=1
//	scheme  name      port target
//
//	Resolve        localhost -> [::1]:8443, 127.0.0.1:8443
//	Open, Connect  to the first; Close, and to the next if that one fails
//	tls.Client     https only: handshake, certificate
//	Write          GET /page?q=1 HTTP/1.1, Host: localhost:8443
//	Read           HTTP/1.1 200 OK, header lines, an empty line, the page
//	Close          and for a redirect all of it again
//
// Read fetch.go first, then connect.go, secure.go and response.go; url.go is what
// may be asked for. demo.go has a server as well: net/http's, served through a
// Socket.
//
// To try:
//
//	go run ./examples/browser                         a server and its pages
//	go run ./examples/browser -trace                  and its system calls
//	python3 -m http.server -b 127.0.0.1 8000          then in another terminal:
//	go run ./examples/browser -v http://localhost:8000/
//	go run ./examples/browser -v https://HOST/        a server of yours
//
// Then: a port where nobody listens; http to an https port, and https to an http
// one; -6 where the server has 127.0.0.1 only; -timeout 1s and nc -l 8000 for a
// server; -trace with https, and look for your request in it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/examples/internal/program"
)

const usage = `browser: fetch a page, as a web browser does, and print it.

  browser [flags] http://HOST[:PORT]/PATH     or https://

With no arguments: a server in the same program, its pages, and what happens.`

func main() {
	b := browser{say: func(string, ...any) {}}
	only4 := flag.Bool("4", false, "only IPv4 addresses of the host")
	only6 := flag.Bool("6", false, "only IPv6 addresses of the host")
	flag.StringVar(&b.unix, "unix", "", "connect to the unix socket at this `path`, whatever the host")
	flag.DurationVar(&b.timeout, "timeout", 30*time.Second, "the `duration` that each step may take: the name, each address, the head of the response, the next bytes of the page")
	cacert := flag.String("cacert", "", "trust the certificates in this `file`, and no others")
	verbose := flag.Bool("v", false, "print what happens to stderr: * a step, > the request, < the response")
	file := flag.String("o", "", "write the page to this `file`")
	program.Main(usage, func(ctx context.Context, args []string) error {
		switch {
		case len(args) > 1:
			return program.Wrong("one URL, and the flags before it: -h lists them")
		case len(args) == 0 && flag.NFlag() > 0 && !onlyTrace():
			return program.Wrong("no URL: -h says how to give one")
		case *only4 && *only6:
			return program.Wrong("-4 or -6, not both")
		case b.timeout <= 0:
			return program.Wrong("-timeout is longer than 0")
		case len(args) == 0:
			return demo(ctx)
		case *only4:
			b.family = sock.Inet
		case *only6:
			b.family = sock.Inet6
		}
		u, err := parse(args[0])
		if err != nil {
			return program.Wrong("%w", err)
		}
		if *cacert != "" {
			if b.roots, err = authorities(*cacert); err != nil {
				return err
			}
		}
		if *verbose {
			b.say = func(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
		}
		b.open = func() (io.WriteCloser, error) { return kept{os.Stdout}, nil }
		if *file != "" {
			b.open = func() (io.WriteCloser, error) { return os.Create(*file) }
		}
		if err := b.browse(ctx, u); err != nil {
			return errors.New(shown(err.Error())) // it may contain text of the server
		}
		return nil
	})
}

func onlyTrace() bool {
	return flag.NFlag() == 1 && flag.Lookup("trace").Value.String() == "true"
}

// kept is a file that another function closes.
type kept struct{ io.Writer }

func (kept) Close() error { return nil }
