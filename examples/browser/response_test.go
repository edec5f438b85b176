package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/berkeleysockets/sock/examples/internal/programtest"
)

// TestPage has pages end in each way there is.
func TestPage(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ answer, page, ending string }{
		"length":       {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello, and more", "hello", "5 bytes, as Content-Length says"},
		"length 0":     {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nmore", "", "0 bytes, as Content-Length says"},
		"chunks":       {"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\nA;x=y\r\n, goodbye!\r\n0\r\nTrailer: x\r\n\r\n", "hello, goodbye!", "15 bytes, up to a chunk of none"},
		"chunks first": {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "hello", "5 bytes, up to a chunk of none"},
		"stream":       {"HTTP/1.0 200\r\n\r\nhello", "hello", "5 bytes, up to the end of the stream"},
		"bare LF":      {"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello", "hello", "5 bytes, as Content-Length says"},
		"no page":      {"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello", "", "0 bytes, as the status says"},
		"not found":    {"HTTP/1.1 404 Not Found\r\n\r\nnothing here", "nothing here", "12 bytes, up to the end"},
		"patience":     {"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\nhello", "hello", "5 bytes, up to"},
		"nowhere":      {"HTTP/1.1 302 Found\r\n\r\nhello", "hello", "5 bytes, up to"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := fetched(t, 0, "-v", "http://"+saying(t, c.answer)+"/")
			if p.Out.String() != c.page || !strings.Contains(p.Err.String(), "\n* "+c.ending) {
				t.Errorf("the page is %q, want %q; it says\n%s", p.Out.String(), c.page, p.Err.String())
			}
		})
	}
}

// TestBadResponse has servers that know no HTTP, or lie.
func TestBadResponse(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ answer, why string }{
		"nothing":             {"", `the server ends the connection, and has said nothing`},
		"garbage":             {"\x00\x01\xff\x1b[2J garbage\n", `^browser: that is no HTTP/1: "\\x00\\x01\\xff\\x1b\[2J garbage\\n"\n$`},
		"garbage without end": {strings.Repeat("\x80", 1<<20), `^browser: the head of the response is longer than 65536 bytes`},
		"HTTP/0.9":            {"<html>hello</html>", `within the head of its response: "<html>hello</html>"`},
		"HTTP/2":              {"HTTP/2 200 OK\r\n\r\n", `that is no HTTP/1: "HTTP/2 200 OK\\r\\n"`},
		"no status":           {"HTTP/1.1 OK\r\n\r\n", `that is no status line: "HTTP/1.1 OK"`},
		"status 42":           {"HTTP/1.1 42 What\r\n\r\n", `that is no status line: "HTTP/1.1 42 What"`},
		"status 700":          {"HTTP/1.1 700 \x1b]0;owned\x07\r\n\r\n", `that is no status line: "HTTP/1.1 700 \\x1b]0;owned\\a"`},
		"other protocol":      {"HTTP/1.1 101 Switching Protocols\r\n\r\n", `another protocol`},
		"half a head":         {"HTTP/1.1 200 OK\r\nContent-Le", `within the head of its response: "HTTP/1.1 200 OK\\r\\nContent-Le"`},
		"control characters":  {"HTTP/1.1 200 OK\r\nX: \x1b]0;owned\x07\r\n\r\n", `^browser: a bad header: .*\\x1b`},
		"long line, no colon": {"HTTP/1.1 200 OK\r\n" + strings.Repeat("x", 60000) + "\r\n\r\n", `^browser: a bad header: .*x\n$`},
		"no colon":            {"HTTP/1.1 200 OK\r\n\x1b[31mred\r\n\r\n", `^browser: a bad header: .*"\\x1b\[31mred"\n$`},
		"endless line":        {"HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 1<<20), `longer than 65536 bytes`},
		"endless head":        {"HTTP/1.1 200 OK\r\n" + strings.Repeat("X: y\r\n", 1<<18), `longer than 65536 bytes`},
		"endless patience":    {strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 1<<16), `longer than 65536 bytes`},
		"length of words":     {"HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\nhello", `Content-Length \["five"\] is no length`},
		"length below 0":      {"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello", `Content-Length \["-5"\] is no length`},
		"length too big":      {"HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775808\r\n\r\nhello", `is no length`},
		"two lengths":         {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 4\r\n\r\nhello", `Content-Length \["5" "4"\] is no length`},
		"length lies":         {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello", `^browser: the page ends after 5 of 10 bytes\n$`},
		"length lies grossly": {"HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775807\r\n\r\nhello", `the page ends after 5 of 9223372036854775807 bytes`},
		"coding":              {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", `Transfer-Encoding \["gzip, chunked"\] is none that we know`},
		"chunk of words":      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nhello\r\n", `after 0 bytes of the page: invalid byte in chunk length`},
		"chunk too big":       {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n", `after 0 bytes of the page: http chunk length too large`},
		"chunk without end":   {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello, and more", `after 5 bytes of the page: malformed chunked encoding`},
		"chunk cut":           {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", `after 3 bytes of the page: unexpected EOF`},
		"chunk missing":       {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", `after 5 bytes of the page: unexpected EOF`},
		"chunk line endless":  {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + strings.Repeat("1", 1<<20), `after 0 bytes of the page: `},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := fails(t, c.why, "http://"+saying(t, c.answer)+"/")
			if said := p.Err.String(); len(said) > 1000 || strings.ContainsAny(said, "\x1b\a\x00") {
				t.Errorf("to a terminal it says %q", said)
			}
		})
	}
}

// TestShown has a server speak to the terminal in its head, which -v shows.
func TestShown(t *testing.T) {
	t.Parallel()
	at := saying(t, "HTTP/1.1 200 \x1b[2JOK\r\nX-Plain: a \"b\" \\ \u00fc\r\nX-Right-To-Left: \u202e\r\nX-Latin: \xfc\r\n\r\n")
	p := fetched(t, 0, "-v", "http://"+at+"/")
	want := `
< "HTTP/1.1 200 \x1b[2JOK"
< X-Plain: a "b" \ ` + "\u00fc" + `
< "X-Right-To-Left: \u202e"
< "X-Latin: \xfc"
<
* 0 bytes`
	if !strings.Contains(p.Err.String(), want) {
		t.Errorf("it says\n%s\nwant in it\n%s", p.Err.String(), want)
	}
}

// TestReset has the server break the connection at its beginning, and within the
// page.
func TestReset(t *testing.T) {
	t.Parallel()
	reset := func(c net.Conn) { c.(*net.TCPConn).SetLinger(0) }
	fails(t, `^browser: .*connection reset by peer\n$`, "http://"+serving(t, func(c net.Conn) { asked(c); reset(c) })+"/")

	read := make(chan bool)
	at := serving(t, func(c net.Conn) {
		asked(c)
		io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
		<-read // what was not read yet a reset would take with it
		reset(c)
	})
	p := programtest.Own(t, "http://"+at+"/").Start(strings.NewReader(""))
	p.Out.Find(t, "hello")
	close(read)
	p.Wait(1)
	if want := "after 5 bytes of the page: read: connection reset by peer\n"; !strings.HasSuffix(p.Err.String(), want) {
		t.Errorf("it says %q, want %q", p.Err.String(), want)
	}
}

// TestTimeout has servers that say nothing, or no more, or ever a little.
func TestTimeout(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]string{
		"nothing":      "",
		"half a head":  "HTTP/1.1 200 OK\r\nContent-",
		"half a page":  "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello",
		"half a chunk": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := serving(t, func(c net.Conn) {
				asked(c)
				io.WriteString(c, answer)
				io.Copy(io.Discard, c) // until the client ends
			})
			fails(t, `^browser: .*i/o timeout: it took longer than 300ms\n$`, "-timeout", "300ms", "http://"+at+"/")
		})
	}
	t.Run("a head drop by drop", func(t *testing.T) {
		t.Parallel()
		at := serving(t, func(c net.Conn) {
			closed := make(chan bool)
			go func() { io.Copy(io.Discard, c); close(closed) }()
			io.WriteString(c, "HTTP/1.1 200 OK\r\nX-Slow: ")
			for ended := false; !ended; {
				io.WriteString(c, "x")
				select {
				case <-closed:
					ended = true
				case <-tick():
				}
			}
		})
		fails(t, `i/o timeout: it took longer than 300ms\n$`, "-timeout", "300ms", "http://"+at+"/")
	})
	t.Run("no handshake", func(t *testing.T) {
		t.Parallel()
		at := serving(t, func(c net.Conn) { io.Copy(io.Discard, c) })
		fails(t, `^browser: .*i/o timeout: it took longer than 300ms\n$`, "-timeout", "300ms", "https://"+at+"/")
	})
}

// TestSlowPage is one that takes longer than -timeout, and is never silent for so
// long.
func TestSlowPage(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes 4 s")
	}
	at := serving(t, func(c net.Conn) {
		asked(c)
		io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n")
		for began := time.Now(); time.Since(began) < 4*time.Second; <-tick() {
			io.WriteString(c, "x")
		}
		io.WriteString(c, ".")
	})
	if p := fetched(t, 0, "-timeout", "3s", "http://"+at+"/"); !strings.HasSuffix(p.Out.String(), "x.") {
		t.Errorf("the page is %q", p.Out.String())
	}
}

// TestStays has a server that does not end the connection. The page ends all the
// same.
func TestStays(t *testing.T) {
	t.Parallel()
	for _, answer := range []string{"Content-Length: 5\r\n\r\nhello", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"} {
		at := serving(t, func(c net.Conn) {
			asked(c)
			io.WriteString(c, "HTTP/1.1 200 OK\r\n"+answer)
			io.Copy(io.Discard, c)
		})
		if p := fetched(t, 0, "http://"+at+"/"); p.Out.String() != "hello" {
			t.Errorf("the page is %q", p.Out.String())
		}
	}
}

// TestRedirect follows them, and not without end.
func TestRedirect(t *testing.T) {
	t.Parallel()
	plain := serving(t, func(c net.Conn) {
		io.WriteString(c, "220 mail.example ESMTP\r\n")
		c.Read(make([]byte, 4096))
	})
	var at string
	ready := make(chan bool)
	at = serving(t, func(c net.Conn) {
		<-ready
		path := strings.Fields(asked(c) + " - -")[1]
		to := map[string]string{
			"/":        "a/b",
			"/a/b":     "../c?d=e#f",
			"/c?d=e":   "http://localhost:" + programtest.Split(t, at)[1] + "/d e",
			"/loop":    "/loop",
			"/file":    "file:///etc/passwd",
			"/user":    "http://a:b@" + at + "/",
			"/crlf":    "/%0d%0aEvil:%20yes",
			"/control": "/\x1b[2J",
			"/odd":     "http://%1b[2J/",
			"/zone":    "http://[::1%25%1b[2J]/",
			"/refused": "http://127.0.0.1:0/",
			"/tls":     "https://" + plain + "/",
		}[path]
		if to == "" {
			io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n"+path+"\n")
			return
		}
		fmt.Fprintf(c, "HTTP/1.1 302 Found\r\nLocation: %s\r\n\r\nlook there: %s\n", to, to)
	})
	close(ready)

	if p := fetched(t, 0, "-4", "http://"+at+"/"); p.Out.String() != "/d%20e\n" {
		t.Errorf("it finds %q", p.Out.String())
	}
	if p := fetched(t, 0, "http://"+at+"/crlf"); p.Out.String() != "/%0d%0aEvil:%20yes\n" {
		t.Errorf("it finds %q", p.Out.String())
	}
	file := filepath.Join(t.TempDir(), "page")
	for path, why := range map[string]string{
		"/loop":    `^browser: more than 5 redirects: the next is to http://` + at + `/loop\n$`,
		"/file":    `^browser: redirect to "file:///etc/passwd": a URL begins with http:// or https://\n$`,
		"/user":    `no user and password`,
		"/control": `^browser: a bad header: .*\\x1b`,
		"/odd":     `redirect to "http://%1b\[2J/": .*`,
		"/zone":    `redirect to "http://\[::1%25%1b\[2J\]/": .*`,
		"/refused": `a port is a number`,
		"/tls":     `^browser: no TLS with 127.0.0.1: tls: first record does not look like a TLS handshake\n$`,
	} {
		p := fails(t, why, "-o", file, "http://"+at+path)
		if strings.Contains(p.Err.String(), "\x1b") {
			t.Errorf("to a terminal it says %q", p.Err.String())
		}
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("a redirect's own text was taken for the page")
	}
}
