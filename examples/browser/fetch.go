package main

import (
	"bufio"
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/berkeleysockets/sock"
)

// A browser holds what stays the same between requests.
type browser struct {
	family  sock.Domain                    // Unspec: IPv4 and IPv6
	unix    string                         // connect to this path instead
	roots   *x509.CertPool                 // trusted certificates; nil: the system's
	timeout time.Duration                  // for each step
	say     func(format string, a ...any)  // prints one line about a step
	open    func() (io.WriteCloser, error) // receives the page
}

const (
	maxRedirects = 5
	maxHead      = 64 << 10 // limit for a response: a server may send without end
)

// browse fetches a page, and follows redirects.
func (b *browser) browse(ctx context.Context, u *url.URL) error {
	for range maxRedirects + 1 {
		next, err := b.fetch(ctx, u)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return fmt.Errorf("%w: it took longer than %v", err, b.timeout)
		}
		if err != nil || next == nil {
			return err
		}
		b.say("* we are sent to %s", next)
		u = next
	}
	return fmt.Errorf("more than %d redirects: the next is to %s", maxRedirects, u)
}

// fetch makes one connection, with one request and one response. It writes the page, or
// returns the redirect.
func (b *browser) fetch(ctx context.Context, u *url.URL) (next *url.URL, err error) {
	s, err := b.reach(ctx, u)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	defer context.AfterFunc(ctx, func() { s.Close() })() // which wakes every waiting call

	// The server has this much time until the end of the response's head.
	if err := s.SetDeadline(time.Now().Add(b.timeout)); err != nil {
		return nil, err
	}
	var conn net.Conn = s
	if u.Scheme == "https" {
		secret, err := b.secure(s, bare(u))
		if err != nil {
			return nil, err
		}
		defer secret.Close() // sends a close message, and closes s
		conn = secret
	}

	// This is the whole request. A line ends with CR LF, and an empty line is the end.
	// Host is for servers with several names. Connection: close asks the server to end
	// the stream after the response instead of waiting for another request.
	request := "GET " + target(u) + " HTTP/1.1\r\nHost: " + hostLine(u) + "\r\nConnection: close\r\n\r\n"
	if _, err := io.WriteString(conn, request); err != nil {
		return nil, err
	}
	for line := range strings.SplitSeq(strings.TrimSuffix(request, "\r\n"), "\r\n") {
		b.say("%s", strings.TrimSuffix("> "+line, " "))
	}

	bounded := &io.LimitedReader{R: conn, N: maxHead}
	in := bufio.NewReader(bounded)
	r, err := readResponse(in, b.say)
	if err != nil {
		if bounded.N <= 0 {
			err = fmt.Errorf("the head of the response is longer than %d bytes", maxHead)
		}
		return nil, err
	}
	if next, err := r.redirect(u); next != nil || err != nil {
		return next, err
	}

	// The page may take any time, as long as bytes arrive.
	bounded.R, bounded.N = patient{conn, b.timeout}, math.MaxInt64
	out, err := b.open()
	if err != nil {
		return nil, err
	}
	n, err := r.copyBody(out, in)
	if err := cmp.Or(err, out.Close()); err != nil {
		return nil, err
	}
	b.say("* %d bytes, %s; Close", n, r.ending)
	return nil, nil
}

// patient is a connection with a deadline for each Read, and none for all of them.
type patient struct {
	net.Conn
	timeout time.Duration
}

// Read may have to write as well: TLS answers when the server wants new keys.
func (p patient) Read(b []byte) (int, error) {
	if err := p.SetDeadline(time.Now().Add(p.timeout)); err != nil {
		return 0, err
	}
	return p.Conn.Read(b)
}
