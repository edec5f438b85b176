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

// A browser is what stays the same from one request to the next.
type browser struct {
	family  sock.Domain                    // Unspec: IPv4 and IPv6
	unix    string                         // connect to this path instead
	roots   *x509.CertPool                 // whose certificates to trust; nil: the system's
	timeout time.Duration                  // for each step
	say     func(format string, a ...any)  // one line of what happens
	open    func() (io.WriteCloser, error) // where the page goes
}

const (
	maxRedirects = 5
	maxHead      = 64 << 10 // of a response: a server may never stop
)

// browse fetches a page, from wherever the server sends us for it.
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

// fetch is one connection, with one request and one response. It writes the page,
// or returns where else to look for it.
func (b *browser) fetch(ctx context.Context, u *url.URL) (next *url.URL, err error) {
	s, err := b.reach(ctx, u)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	defer context.AfterFunc(ctx, func() { s.Close() })() // which wakes every waiting call

	// From here to the end of the response's head the server has so much time.
	if err := s.SetDeadline(time.Now().Add(b.timeout)); err != nil {
		return nil, err
	}
	var conn net.Conn = s
	if u.Scheme == "https" {
		secret, err := b.secure(s, bare(u))
		if err != nil {
			return nil, err
		}
		defer secret.Close() // says goodbye, and closes s
		conn = secret
	}

	// All of the request. A line ends with CR LF, and an empty one is the end.
	// Host is for a server that has several names. Connection: close asks it to
	// end the stream after the response, and not to wait for another request.
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

	// The page may be as long as it likes, if only it comes.
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
