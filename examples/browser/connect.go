package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/berkeleysockets/sock"
)

// reach connects to the server of a URL.
func (b *browser) reach(ctx context.Context, u *url.URL) (*sock.Socket, error) {
	found, err := b.resolve(ctx, u)
	if err != nil {
		return nil, err
	}
	return b.connect(ctx, found)
}

// resolve finds the addresses of a name, like getaddrinfo: in /etc/hosts, or from a name
// server. It returns a text that is an address as it is.
func (b *browser) resolve(ctx context.Context, u *url.URL) ([]sock.Addr, error) {
	if b.unix != "" {
		at, err := sock.UnixAddr(b.unix)
		return []sock.Addr{at}, err
	}
	ctx, cancel := context.WithTimeout(ctx, b.timeout)
	defer cancel()
	found, err := sock.Resolve(ctx, b.family, net.JoinHostPort(u.Hostname(), port(u)))
	if err != nil {
		return nil, err
	}
	for _, at := range found {
		if d := at.Domain(); d != sock.Inet && d != sock.Inet6 { // Resolve takes unix:80 for a path
			return nil, fmt.Errorf("%q is no name of a host", u.Hostname())
		}
		b.say("* %s is at %s", u.Hostname(), at)
	}
	return found, nil
}

// connect tries one address after the other. A name often has several, of both families,
// and some of them may be unreachable. (A browser waits less: after 250 ms it tries the
// next address as well, and uses the first that answers. RFC 8305 calls that happy
// eyeballs.)
func (b *browser) connect(ctx context.Context, found []sock.Addr) (*sock.Socket, error) {
	var failures []string
	var last error
	for _, at := range found {
		s, err := b.attempt(ctx, at)
		if err == nil {
			return s, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		b.say("* %v", err)
		failures = append(failures, err.Error())
		last = err
	}
	if len(failures) == 1 {
		return nil, last
	}
	return nil, errors.New(strings.Join(failures, "; "))
}

// attempt opens a socket of the address's family, and connects it. A failed socket cannot
// be used again, so the next address gets a new one.
func (b *browser) attempt(ctx context.Context, at sock.Addr) (*sock.Socket, error) {
	b.say("* try %s", at)
	s, err := sock.Open(at.Domain(), sock.Stream, 0)
	if err != nil {
		return nil, err
	}
	defer context.AfterFunc(ctx, func() { s.Close() })()
	err = s.SetWriteDeadline(time.Now().Add(b.timeout)) // the kernel would try for minutes
	if err == nil {
		err = s.Connect(at)
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	if name, err := s.Sockname(); err == nil && at.Path() == "" {
		b.say("* connected: we are %s", name)
	}
	return s, nil
}
