package main

import (
	"regexp"
	"strings"
	"testing"

	"github.com/berkeleysockets/sock/examples/internal/programtest"
)

func TestDemo(t *testing.T) {
	t.Parallel()
	p := programtest.Own(t).Start(strings.NewReader(""))
	p.Wait(0)
	if p.Err.String() != "" {
		t.Errorf("stderr: %s", p.Err.String())
	}
	want := `browser http://localhost:PORT/short
* localhost is at 127.0.0.1:PORT
* try 127.0.0.1:PORT
* connected: we are 127.0.0.1:PORT
> GET /short HTTP/1.1
> Host: localhost:PORT
> Connection: close
>
< HTTP/1.1 200 OK
< Content-Length: 41
< Content-Type: text/plain; charset=utf-8
< Connection: close
<
A page whose length is known beforehand.
* 41 bytes, as Content-Length says; Close

browser https://localhost:PORT/long
* localhost is at 127.0.0.1:PORT
* try 127.0.0.1:PORT
* connected: we are 127.0.0.1:PORT
* TLS 1.3; its certificate is from CN=the demo itself, until DATE
> GET /long HTTP/1.1
> Host: localhost:PORT
> Connection: close
>
< HTTP/1.1 200 OK
< Content-Type: text/plain; charset=utf-8
< Connection: close
< Transfer-Encoding: chunked
<
Part 1 of a page that is sent while it is made.
Part 2 of a page that is sent while it is made.
Part 3 of a page that is sent while it is made.
* 144 bytes, up to a chunk of none; Close

browser http://localhost:PORT/
* localhost is at 127.0.0.1:PORT
* try 127.0.0.1:PORT
* connect 127.0.0.1:PORT: connection refused
browser: connect 127.0.0.1:PORT: connection refused
`
	got := regexp.MustCompile(`(127\.0\.0\.1|localhost):\d+`).ReplaceAllString(p.Out.String(), "$1:PORT")
	got = regexp.MustCompile(`until \d{4}-\d\d-\d\d`).ReplaceAllString(got, "until DATE")
	if got != want {
		t.Errorf("it prints\n%s\nwant\n%s", got, want)
	}
}

func TestDemoTrace(t *testing.T) {
	t.Parallel()
	p := programtest.Own(t, "-trace").Start(strings.NewReader(""))
	p.Wait(0)
	for _, want := range []string{
		`socket\(AF_INET, SOCK_STREAM.*\) = \d+`,
		`bind\(\d+, 127\.0\.0\.1:0\) = 0`,
		`listen\(\d+, \d+\) = 0`,
		`connect\(\d+, 127\.0\.0\.1:\d+\) = `,
		`accept4?\(\d+, 127\.0\.0\.1:\d+.*\) = \d+`,
		`sendto\(\d+, "GET /short HTTP/1\.1\\r\\n.*\) = \d+`,
		`recvfrom\(\d+, "HTTP/1\.1 200 OK\\r\\n.*\) = \d+`,
		`sendto\(\d+, "\\26\\3\\1.*\) = \d+`, // a TLS record: of the handshake
		`sendto\(\d+, "\\27\\3\\3.*\) = \d+`, // and one with the request in it
		`close\(\d+\) = 0`,
	} {
		if !regexp.MustCompile(`(?m)^` + want).MatchString(p.Err.String()) {
			t.Errorf("no %s in the trace:\n%s", want, p.Err.String())
		}
	}
	if strings.Contains(p.Err.String(), "GET /long") {
		t.Error("the request of https is in the trace")
	}
	if strings.Contains(p.Out.String(), "sendto(") {
		t.Error("the trace is on stdout")
	}
}
