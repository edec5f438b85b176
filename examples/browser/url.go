package main

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// parse reads a URL that this program can fetch.
func parse(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, err
	}
	if err := check(u); err != nil {
		return nil, fmt.Errorf("%q: %w", u.Redacted(), err)
	}
	return u, nil
}

var hostName = regexp.MustCompile(`^[0-9A-Za-z_.-]+$`)

// check returns the reason why a URL is refused. The rest becomes part of the request, so
// it must not contain the end of a line.
func check(u *url.URL) error {
	host := u.Hostname()
	_, notIP := netip.ParseAddr(host)
	number, notPort := strconv.ParseUint(port(u), 10, 16)
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return errors.New("a URL begins with http:// or https://")
	case host == "":
		return errors.New("there is no host in the URL")
	case u.User != nil:
		return errors.New("no user and password in a URL: they would be shown and kept")
	case notIP != nil && !hostName.MatchString(host):
		return errors.New("a host has letters, digits, dots and hyphens in it") // others are written xn--
	case notPort != nil || number == 0:
		return errors.New("a port is a number from 1 to 65535")
	}
	return nil
}

// port returns the service: the well-known port if the URL has none.
func port(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case u.Scheme == "https":
		return "443"
	}
	return "80"
}

// bare returns the host without a zone, which is the name of an interface of this machine
// only.
func bare(u *url.URL) string {
	host, _, _ := strings.Cut(u.Hostname(), "%")
	return host
}

// hostLine returns the host in the form of the request.
func hostLine(u *url.URL) string {
	host := bare(u)
	if strings.Contains(host, ":") {
		host = "[" + host + "]" // an IPv6 address has colons, so it is in brackets
	}
	if u.Port() != "" {
		host += ":" + u.Port()
	}
	return host
}

// target returns path and query, which the request names. The part after # is for the
// browser only.
func target(u *url.URL) string {
	var t strings.Builder
	for _, c := range []byte(u.RequestURI()) {
		if c > ' ' && c < 0x7f {
			t.WriteByte(c)
		} else {
			fmt.Fprintf(&t, "%%%02X", c)
		}
	}
	return t.String()
}
