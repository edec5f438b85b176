package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http/httputil"
	"net/textproto"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A response is its head. The page is still to be read.
type response struct {
	status int
	header textproto.MIMEHeader
	length int64  // length of the page; -1: unknown
	chunks bool   // the page comes in chunks, each with its length
	ending string // what marks its end
}

// readResponse reads the head of a response, and prints it line by line. A server may
// send others before it, with status 100 to 199, which ask the client to wait.
func readResponse(in *bufio.Reader, say func(string, ...any)) (*response, error) {
	for {
		head, err := readHead(in, say)
		if err != nil {
			return nil, err
		}
		r, err := parseHead(head)
		switch {
		case err != nil:
			return nil, err
		case r.status == 101:
			return nil, errors.New("the server changes to another protocol, which we did not ask for")
		case r.status >= 200:
			return r, r.frame()
		}
	}
}

// readHead reads up to the empty line.
func readHead(in *bufio.Reader, say func(string, ...any)) (string, error) {
	var head strings.Builder
	for {
		line, err := in.ReadString('\n')
		head.WriteString(line)
		switch {
		case err == io.EOF && head.Len() == 0:
			return "", errors.New("the server ends the connection, and has said nothing")
		case err == io.EOF:
			return "", fmt.Errorf("the server ends the connection within the head of its response: %.60q", head.String())
		case err != nil:
			return "", err
		case !strings.HasPrefix(head.String(), "HTTP/1."):
			return "", fmt.Errorf("that is no HTTP/1: %.60q", line)
		}
		line = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
		say("%s", strings.TrimSuffix("< "+shown(line), " "))
		if line == "" {
			return head.String(), nil
		}
	}
}

var statusLine = regexp.MustCompile(`^HTTP/1\.[01] ([1-5][0-9][0-9])( .*)?$`)

// parseHead parses a head. Its header lines have the form of mail headers.
func parseHead(head string) (*response, error) {
	text := textproto.NewReader(bufio.NewReader(strings.NewReader(head)))
	first, err := text.ReadLine()
	if err != nil {
		return nil, err
	}
	m := statusLine.FindStringSubmatch(first)
	if m == nil {
		return nil, fmt.Errorf("that is no status line: %.60q", first)
	}
	status, err := strconv.Atoi(m[1])
	if err != nil {
		return nil, err
	}
	header, err := text.ReadMIMEHeader()
	if err != nil {
		return nil, fmt.Errorf("a bad header: %.200s", err)
	}
	return &response{status: status, header: header}, nil
}

// frame finds the end of the page. A stream has no boundaries, so the head must give it:
// a length, or chunks. If it gives neither, the end of the stream is the end of the page,
// and a page that was cut short looks complete.
func (r *response) frame() error {
	coding, lengths := r.header.Values("Transfer-Encoding"), r.header.Values("Content-Length")
	switch {
	case r.status == 204 || r.status == 304:
		r.ending = "as the status says"
	case len(coding) == 1 && strings.EqualFold(coding[0], "chunked"):
		r.length, r.chunks = -1, true
		r.ending = "up to a chunk of none"
	case len(coding) > 0:
		return fmt.Errorf("Transfer-Encoding %.60q is none that we know", coding)
	case len(lengths) > 0:
		n, err := strconv.ParseUint(lengths[0], 10, 63)
		if err != nil || len(lengths) > 1 {
			return fmt.Errorf("Content-Length %.60q is no length", lengths)
		}
		r.length = int64(n)
		r.ending = "as Content-Length says"
	default:
		r.length = -1
		r.ending = "up to the end of the stream"
	}
	return nil
}

// redirect returns the URL to fetch instead, if there is one.
func (r *response) redirect(from *url.URL) (*url.URL, error) {
	to := r.header.Get("Location")
	switch r.status {
	case 301, 302, 303, 307, 308:
	default:
		return nil, nil
	}
	if to == "" {
		return nil, nil // the page has the reason
	}
	next, err := from.Parse(to) // it may be relative: /other
	if err == nil {
		err = check(next)
	}
	if err == nil && from.Scheme == "https" && next.Scheme == "http" {
		err = errors.New("it is no longer secret there")
	}
	if err != nil {
		return nil, fmt.Errorf("redirect to %.200q: %w", to, err)
	}
	return next, nil
}

// copyBody writes the page while it arrives.
func (r *response) copyBody(to io.Writer, in *bufio.Reader) (n int64, err error) {
	var page io.Reader = in
	switch {
	case r.chunks:
		page = httputil.NewChunkedReader(in)
	case r.length >= 0:
		page = io.LimitReader(in, r.length)
	}
	n, err = io.Copy(to, page)
	if err != nil {
		return n, fmt.Errorf("after %d bytes of the page: %w", n, err)
	}
	if n < r.length {
		return n, fmt.Errorf("the page ends after %d of %d bytes", n, r.length)
	}
	return n, nil
}

// shown returns text of a server for a terminal: unchanged, or quoted if it has control
// characters, which a terminal would obey.
func shown(text string) string {
	odd := func(c rune) bool { return !unicode.IsPrint(c) }
	if !utf8.ValidString(text) || strings.ContainsFunc(text, odd) {
		return strconv.Quote(text)
	}
	return text
}
