package main

import (
	"bufio"
	"bytes"
	"errors"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

// requests are heads, and the status that parse or headEnd refuses them with: 0 for
// a good one.
var requests = map[string]int{
	"GET / HTTP/1.1\r\nHost: x\r\n\r\n":                                                0,
	"HEAD /a%20b?c=%zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n":               0,
	"GET / HTTP/1.0\n\n":                                                               0,
	"\r\n\r\nGET / HTTP/1.1\r\nHost:\r\n\r\n":                                          0,
	"GET / HTTP/1.1\r\nhOST: x\r\nX:\ta b \r\nContent-Length: 5\r\n\r\nhello":          0,
	"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello": 0,
	"GET http://x:80/?y HTTP/1.1\r\nHost: z\r\n\r\n":                                   0,
	"GET / HTTP/1.9\r\nHost: z\r\n\r\n":                                                0,
	"GET / HTTP/1.1\r\n\r\n":                                                           400,
	"GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n":                                     400,
	"GET /\r\n\r\n":                                                                        400,
	"GET\r\n\r\n":                                                                          400,
	"GET  / HTTP/1.1\r\nHost: x\r\n\r\n":                                                   400,
	"GET / HTTP/1.1 \r\nHost: x\r\n\r\n":                                                   400,
	"GET\t/ HTTP/1.1\r\nHost: x\r\n\r\n":                                                   400,
	"GET / http/1.1\r\nHost: x\r\n\r\n":                                                    400,
	"GET / HTTP/11\r\nHost: x\r\n\r\n":                                                     400,
	"GET / HTTP/1.11\r\nHost: x\r\n\r\n":                                                   400,
	"GET / HTTP/2.0\r\nHost: x\r\n\r\n":                                                    505,
	"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n":                                                     505,
	"G(T / HTTP/1.1\r\nHost: x\r\n\r\n":                                                    400,
	"GET /\x01 HTTP/1.1\r\nHost: x\r\n\r\n":                                                400,
	"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n":                                                400,
	"GET /%2 HTTP/1.1\r\nHost: x\r\n\r\n":                                                  400,
	"GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n":                                                 400,
	"GET x HTTP/1.1\r\nHost: x\r\n\r\n":                                                    400,
	"GET * HTTP/1.1\r\nHost: x\r\n\r\n":                                                    400,
	"GET /#a HTTP/1.1\r\nHost: x\r\n\r\n":                                                  400,
	"GET http:/// HTTP/1.1\r\nHost: x\r\n\r\n":                                             400,
	"GET https://x/ HTTP/1.1\r\nHost: x\r\n\r\n":                                           400,
	"GET file:///etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n":                                   400,
	"GET / HTTP/1.1\r\nHost : x\r\n\r\n":                                                   400,
	"GET / HTTP/1.1\r\n Host: x\r\n\r\n":                                                   400,
	"GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n":                                         400,
	"GET / HTTP/1.1\r\nHost: x\r\nnonsense\r\n\r\n":                                        400,
	"GET / HTTP/1.1\r\nHost: x\r\n: y\r\n\r\n":                                             400,
	"GET / HTTP/1.1\r\nHost: x\ry\r\n\r\n":                                                 400,
	"GET / HTTP/1.1\r\nHost: x\x00\r\n\r\n":                                                400,
	"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n":          400,
	"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n":                              400,
	"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: +1\r\n\r\n":                              400,
	"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 0x1\r\n\r\n":                             400,
	"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1, 1\r\n\r\n":                            400,
	"GET / HTTP/1.1\r\nHost: x\r\nContent-Length:\r\n\r\n":                                 400,
	"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 65537\r\n\r\n":                           413,
	"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\n":        413,
	"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n":                     411,
	"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n":                        501,
	"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n":               501,
	"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n": 400,
	"GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n":                                 400,
	"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc":                           405,
	"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n":                                                405,
	"CONNECT example.test:443 HTTP/1.1\r\nHost: x\r\n\r\n":                                 405,
	"TRACE / HTTP/1.1\r\nHost: x\r\n\r\n":                                                  405,
	"BREW /pot HTTP/1.1\r\nHost: x\r\n\r\n":                                                501,
	"get / HTTP/1.1\r\nHost: x\r\n\r\n":                                                    501,
	"\x16\x03\x01\x02\x00\x01":                                                             400,
	"\x00":                                                                                 400,
	"\r\n\r\n\xff":                                                                         400,
	" GET / HTTP/1.1":                                                                      400,
	strings.Repeat("\r\n", maxHead/2):                                                      431,
	"GET /" + strings.Repeat("x", maxLine):                                                 414,
	"GET /" + strings.Repeat("x", maxLine) + " HTTP/1.1\r\nHost: x\r\n\r\n":                414,
	"GET / HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("x", maxHead):                      431,
	"GET / HTTP/1.1\r\n" + strings.Repeat("X: y\r\n", maxHead/6+1):                         431,
}

// read is what a client does with what has come.
func read(b []byte) (r request, n int, err error) {
	b = b[:min(len(b), maxHead)]
	n, err = headEnd(b)
	if err != nil || n == 0 {
		return r, n, err
	}
	r, err = parse(b[:n])
	return r, n, err
}

func TestParse(t *testing.T) {
	t.Parallel()
	for text, want := range requests {
		r, n, err := read([]byte(text))
		var no refusal
		switch {
		case want == 0 && (err != nil || n == 0):
			t.Errorf("%.80q: %d, %v", text, n, err)
		case want != 0 && (!errors.As(err, &no) || int(no) != want):
			t.Errorf("%.80q: %+v, %v; want %d", text, r, err, want)
		}
		if reasons[want] == "" && want != 0 {
			t.Errorf("%d has no words", want)
		}
		// However much of it has come: it is never taken for something else.
		if want == 0 {
			for i := range n {
				if n, err := headEnd([]byte(text[:i])); n != 0 || err != nil {
					t.Errorf("%q: %d, %v", text[:i], n, err)
				}
			}
		}
	}
}

func TestTarget(t *testing.T) {
	t.Parallel()
	for s, want := range map[string][2]string{
		"/":                       {"/", ""},
		"/a%20b?c%20d":            {"/a b", "c%20d"},
		"/a?b?c":                  {"/a", "b?c"},
		"/%2e%2e%2fetc":           {"/../etc", ""},
		"/a+b":                    {"/a+b", ""},
		"http://x":                {"/", ""},
		"http://x?y":              {"/", "y"},
		"http://x/../y":           {"/../y", ""},
		"http://me:secret@x/y?z#": {"/y", "z#"},
		"//x/y":                   {"//x/y", ""},
	} {
		if path, query, err := target(s); path != want[0] || query != want[1] || err != nil {
			t.Errorf("%q: %q, %q, %v; want %q", s, path, query, err, want)
		}
	}
}

func TestLegal(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]refusal{
		"/": 0, "/a": 0, "/a/": 0, "/a/b.c": 0, "/a..b": 0, "/grüße": 0, "/a b": 0, "/a:b": 0,
		"/..": 403, "/../a": 403, "/a/..": 403, "/a/../b": 403, "/.": 403, "/./a": 403, "/.git/config": 403, "/a/.env": 403, "/...": 403,
		"//": 404, "//a": 404, "/a//b": 404, "/a//": 404,
		"/a\\b": 400, "/..\\a": 400, "/a\x00": 400, "/a\n": 400, "/a\x7f": 400, "/a\xff": 400,
	} {
		if err := legal(path); want == 0 && err != nil || want != 0 && err != want {
			t.Errorf("%q: %v, want %v", path, err, want)
		}
	}
}

// FuzzParse has any bytes: what is taken for a request net/http takes for the same
// one, and its path, if it is legal, is inside a root.
func FuzzParse(f *testing.F) {
	for text := range requests {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, n, err := read(b)
		if n < 0 || n > len(b) || n > maxHead {
			t.Fatalf("a head of %d bytes", n)
		}
		var no refusal
		if err != nil && (!errors.As(err, &no) || reasons[int(no)] == "") {
			t.Fatal(err)
		}
		if err != nil || n == 0 {
			return
		}
		if r.method != "GET" && r.method != "HEAD" || !strings.HasPrefix(r.path, "/") || r.body < 0 || r.body > maxBody {
			t.Fatalf("%+v", r)
		}
		if name := strings.Trim(r.path, "/"); legal(r.path) == nil && name != "" && !filepath.IsLocal(name) {
			t.Fatalf("%q is legal", r.path)
		}
		other, bad := http.ReadRequest(bufio.NewReader(bytes.NewReader(bytes.TrimLeft(b[:n], "\r\n"))))
		if bad != nil {
			t.Skip("net/http refuses ", bad) // a host that is none: we do not look at it
		}
		if other.Method != r.method || other.ContentLength != r.body || len(other.TransferEncoding) > 0 {
			t.Fatalf("%+v\n%+v", r, other)
		}
		if other.URL.Path != r.path && other.URL.Path != "" && !strings.HasPrefix(r.path, "//") {
			t.Fatalf("%q, and net/http has %q", r.path, other.URL.Path)
		}
	})
}
