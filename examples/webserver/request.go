package main

import (
	"bytes"
	"net/url"
	"strconv"
	"strings"
)

// A request is what a client asks for.
//
//	GET /hello%20there.txt?x=1 HTTP/1.1      method, target, version
//	Host: 127.0.0.1:8000                     fields, a line each
//	Connection: close
//	                                         an empty line is the end
type request struct {
	method  string
	path    string // of the target, decoded: /hello there.txt
	query   string // the part after the question mark, unchanged
	keep    bool   // the client may send another request on this connection
	body    int64  // length of the body, which this server ignores
	expects bool   // the client waits for permission to send it
}

// These limits apply before a request is parsed.
const (
	maxLine = 4 << 10  // the first line
	maxHead = 8 << 10  // the first line and the fields
	maxBody = 64 << 10 // bytes that are discarded to reach the next request
)

// A refusal is an answer that reports an error, by its number.
type refusal int

func (r refusal) Error() string { return strconv.Itoa(int(r)) + " " + reasons[int(r)] }

// headEnd returns how long the head at the beginning of b is, its empty line
// included: 0 if that is still to come. A refusal says that it never will do.
//
// Lines end with CR LF; LF alone will do, so that one can type a request by hand.
func headEnd(b []byte) (int, error) {
	start := len(b) - len(bytes.TrimLeft(b, "\r\n")) // some clients send an additional empty line
	if start < len(b) && !isToken(b[start:start+1]) {
		return 0, refusal(400) // no character of a method: TLS begins with 0x16
	}
	line := bytes.IndexByte(b[start:], '\n')
	if line > maxLine || line < 0 && len(b)-start > maxLine {
		return 0, refusal(414)
	}
	if line >= 0 {
		for at := start + line + 1; at < len(b); {
			next := bytes.IndexByte(b[at:], '\n')
			if next < 0 {
				break
			}
			if len(bytes.TrimSuffix(b[at:at+next], []byte("\r"))) == 0 {
				return at + next + 1, nil
			}
			at += next + 1
		}
	}
	if len(b) >= maxHead {
		return 0, refusal(431)
	}
	return 0, nil
}

// parse reads a head. Two programs that read the same bytes differently can be used
// against each other, so it refuses everything that is not exactly right. With a refusal
// the request has the parts that could be read.
func parse(head []byte) (r request, err error) {
	lines := strings.Split(strings.TrimLeft(string(head), "\r\n"), "\n")
	for i := range lines {
		lines[i] = strings.TrimSuffix(lines[i], "\r")
	}
	words := strings.Split(lines[0], " ")
	if len(words) != 3 || !isToken([]byte(words[0])) {
		return r, refusal(400)
	}
	r.method = words[0]
	newer := words[2] == "HTTP/1.1"
	if !newer && words[2] != "HTTP/1.0" {
		if v := words[2]; len(v) == 8 && strings.HasPrefix(v, "HTTP/") && digit(v[5]) && v[6] == '.' && digit(v[7]) && v[5] != '1' {
			return r, refusal(505)
		} else if !(len(v) == 8 && strings.HasPrefix(v, "HTTP/1.") && digit(v[7])) {
			return r, refusal(400)
		}
		newer = true // HTTP/1.7 includes HTTP/1.1
	}
	switch r.method {
	case "GET", "HEAD":
		if r.path, r.query, err = target(words[1]); err != nil {
			return r, err
		}
	}
	f, err := fields(lines[1:])
	if err != nil {
		return r, err
	}
	if n := len(f["host"]); n > 1 || n == 0 && newer {
		return r, refusal(400)
	}
	if r.body, err = bodyLength(f, newer); err != nil {
		return r, err
	}
	says := tokens(f["connection"])
	r.keep = (newer || says["keep-alive"]) && !says["close"]
	r.expects = newer && tokens(f["expect"])["100-continue"]
	switch r.method {
	case "GET", "HEAD":
		return r, nil
	case "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "CONNECT", "TRACE":
		return r, refusal(405) // not supported here
	}
	return r, refusal(501)
}

// target splits the second word of a request. Proxies get a whole URL; this server is
// none, and answers for itself whatever host the URL names.
func target(s string) (path, query string, err error) {
	for _, c := range []byte(s) {
		if c <= ' ' || c >= 0x7f {
			return "", "", refusal(400)
		}
	}
	if len(s) > 7 && strings.EqualFold(s[:7], "http://") {
		s = s[7:]
		at := strings.IndexAny(s, "/?")
		switch {
		case at == 0:
			return "", "", refusal(400) // no host
		case at < 0:
			s = "/"
		case s[at] == '?':
			s = "/" + s[at:]
		default:
			s = s[at:]
		}
	}
	s, query, _ = strings.Cut(s, "?")
	if !strings.HasPrefix(s, "/") || strings.Contains(s, "#") {
		return "", "", refusal(400)
	}
	path, bad := url.PathUnescape(s)
	if bad != nil {
		return "", "", refusal(400)
	}
	return path, query, nil
}

// fields reads the lines "Name: value". One name may have several lines.
func fields(lines []string) (map[string][]string, error) {
	f := map[string][]string{}
	for _, line := range lines {
		if line == "" {
			break
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok || !isToken([]byte(name)) {
			return nil, refusal(400) // spaces before the colon or in front had a meaning once
		}
		value = strings.Trim(value, " \t")
		for _, c := range []byte(value) {
			if c < ' ' && c != '\t' || c == 0x7f {
				return nil, refusal(400)
			}
		}
		name = strings.ToLower(name)
		f[name] = append(f[name], value)
	}
	return f, nil
}

// bodyLength returns the number of bytes after the head. If two sides disagree on it, one
// takes for a request what the other has sent as a body.
func bodyLength(f map[string][]string, newer bool) (n int64, err error) {
	if coding := f["transfer-encoding"]; coding != nil {
		switch {
		case f["content-length"] != nil || !newer:
			return 0, refusal(400)
		case len(coding) == 1 && strings.EqualFold(coding[0], "chunked"):
			return 0, refusal(411) // the length must be given in advance
		}
		return 0, refusal(501)
	}
	for i, s := range f["content-length"] {
		for _, c := range []byte(s) {
			if !digit(c) {
				return 0, refusal(400)
			}
		}
		switch k, bad := strconv.ParseInt(s, 10, 64); {
		case s == "":
			return 0, refusal(400)
		case bad != nil || k > maxBody:
			return 0, refusal(413)
		case i > 0 && k != n:
			return 0, refusal(400)
		default:
			n = k
		}
	}
	return n, nil
}

// tokens returns the words of a list: "keep-alive, Upgrade".
func tokens(values []string) map[string]bool {
	set := map[string]bool{}
	for _, v := range values {
		for w := range strings.SplitSeq(v, ",") {
			set[strings.ToLower(strings.Trim(w, " \t"))] = true
		}
	}
	return set
}

// isToken reports whether b is a token of HTTP.
func isToken(b []byte) bool {
	for _, c := range b {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || digit(c)
		if !letter && strings.IndexByte("!#$%&'*+-.^_`|~", c) < 0 {
			return false
		}
	}
	return len(b) > 0
}

func digit(c byte) bool { return c >= '0' && c <= '9' }
