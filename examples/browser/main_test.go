package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/berkeleysockets/sock/examples/internal/programtest"
)

func TestMain(m *testing.M) { programtest.Main(m, main) }

// fetched runs the program with these arguments to its end.
func fetched(t *testing.T, status int, args ...string) *programtest.Process {
	t.Helper()
	p := programtest.Own(t, args...).Start(strings.NewReader(""))
	p.Wait(status)
	if n := strings.Count(p.Err.String(), "\n"); status != 0 && n != 1 && args[0] != "-v" {
		t.Errorf("%q: %d lines on stderr, want 1:\n%s", args, n, p.Err.String())
	}
	return p
}

// fails runs it, and wants it to fail and to say why.
func fails(t *testing.T, why string, args ...string) *programtest.Process {
	t.Helper()
	p := fetched(t, 1, args...)
	if !regexp.MustCompile(why).MatchString(p.Err.String()) {
		t.Errorf("%q says %q, want %q in it", args, p.Err.String(), why)
	}
	return p
}

// serving has package net accept, and treat each client as it should. It returns the
// endpoint.
func serving(t *testing.T, treat func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	t.Cleanup(func() { l.Close(); <-ended })
	go func() {
		defer close(ended)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			c.SetDeadline(time.Now().Add(programtest.Patience))
			treat(c)
			c.Close()
		}
	}()
	return l.Addr().String()
}

// asked reads a request, and returns its first line.
func asked(c net.Conn) string {
	in := bufio.NewReader(c)
	first, _ := in.ReadString('\n')
	for {
		if line, err := in.ReadString('\n'); err != nil || line == "\r\n" {
			return strings.TrimSpace(first)
		}
	}
}

// saying is a server that has one answer.
func saying(t *testing.T, answer string) string {
	t.Helper()
	return serving(t, func(c net.Conn) {
		asked(c)
		io.WriteString(c, answer)
	})
}

func TestUsage(t *testing.T) {
	t.Parallel()
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	programtest.Usages{
		{[]string{"-h"}, 0, `(?s)http://HOST.*-cacert.*-trace`},
		{[]string{"-tracy"}, 2, `^browser: flag provided but not defined: -tracy: -h lists what there is\n$`},
		{[]string{"-v"}, 2, `^browser: no URL`},
		{[]string{"http://a/", "-v"}, 2, `^browser: one URL, and the flags before it`},
		{[]string{"-4", "-6", "http://a/"}, 2, `^browser: -4 or -6, not both`},
		{[]string{"-timeout", "0", "http://a/"}, 2, `^browser: -timeout is longer than 0`},
		{[]string{"localhost/page"}, 2, `a URL begins with http:// or https://`},
		{[]string{"ftp://localhost/"}, 2, `a URL begins with http:// or https://`},
		{[]string{"http:///page"}, 2, `there is no host`},
		{[]string{"http://:80/page"}, 2, `there is no host`},
		{[]string{"http:localhost"}, 2, `there is no host`},
		{[]string{"http://user:secret@localhost/"}, 2, `^browser: "http://user:xxxxx@localhost/": no user and password`},
		{[]string{"http://localhost:http/"}, 2, `invalid port`},
		{[]string{"http://localhost:65536/"}, 2, `a port is a number`},
		{[]string{"http://localhost:0/"}, 2, `a port is a number`},
		{[]string{"http://[::1/"}, 2, `missing ']'`},
		{[]string{"http://[::g]/"}, 2, `invalid host|a host has letters`},
		{[]string{"http://b\u00fccher.example/"}, 2, `a host has letters`},
		// What would end a line of the request.
		{[]string{"http://localhost/\r\nEvil: yes"}, 2, `invalid control character in URL`},
		{[]string{"http://localhost/?\nEvil: yes"}, 2, `invalid control character in URL`},
		{[]string{"http://localhost\r\nEvil: yes/"}, 2, `invalid control character in URL`},
		{[]string{"http://localhost%0d%0aEvil/"}, 2, `invalid URL escape`},
		{[]string{"http://[::1%25a%0d%0aEvil: yes]/"}, 2, `invalid URL escape|a host has letters`},
		{[]string{"http://local host/"}, 2, `invalid character " " in host name`},

		{[]string{"-cacert", "/nowhere/at/all", "https://localhost/"}, 1, `^browser: open /nowhere/at/all: `},
		{[]string{"-cacert", empty, "https://localhost/"}, 1, `has no certificate in it`},
		{[]string{"-unix", "/nowhere/at/all", "http://localhost/"}, 1, `^browser: connect unix:/nowhere/at/all: `},
		{[]string{"-unix", strings.Repeat("long", 100), "http://localhost/"}, 1, `^browser: .*`},
		{[]string{"-6", "http://127.0.0.1/"}, 1, `^browser: resolve: 127\.0\.0\.1:80 is AF_INET, not AF_INET6\n$`},
	}.Test(t)
}

// TestInterrupt ends a program whose server is silent.
func TestInterrupt(t *testing.T) {
	t.Parallel()
	for name, sig := range programtest.Endings {
		for _, scheme := range []string{"http", "https"} {
			t.Run(name+"/"+scheme, func(t *testing.T) {
				t.Parallel()
				heard, closed := make(chan bool, 1), make(chan error, 1)
				at := serving(t, func(c net.Conn) {
					c.Read(make([]byte, 1))
					heard <- true
					_, err := io.Copy(io.Discard, c)
					closed <- err
				})
				p := programtest.Own(t, scheme+"://"+at+"/").Start(strings.NewReader(""))
				<-heard
				p.Signal(sig)
				if err := <-closed; err != nil && !errors.Is(err, syscall.ECONNRESET) {
					t.Error(err)
				}
				if said := p.Err.String() + p.Out.String(); said != "" {
					t.Errorf("it says %q", said)
				}
			})
		}
	}
}

// TestOutput has pages go to a file, and to one that cannot be made.
func TestOutput(t *testing.T) {
	t.Parallel()
	at := saying(t, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello, and more")
	file := filepath.Join(t.TempDir(), "page")
	p := fetched(t, 0, "-o", file, "http://"+at+"/")
	got, err := os.ReadFile(file)
	if string(got) != "hello" || err != nil || p.Out.String()+p.Err.String() != "" {
		t.Errorf("the file has %q, %v; it says %q %q", got, err, p.Out.String(), p.Err.String())
	}
	fails(t, `^browser: open /nowhere/at/all: `, "-o", "/nowhere/at/all", "http://"+at+"/")

	// Who never answers does not cost the file that is there.
	fails(t, `the server ends the connection, and has said nothing`, "-o", file, "http://"+saying(t, "")+"/")
	if again, err := os.ReadFile(file); string(again) != string(got) || err != nil {
		t.Errorf("then the file has %q, %v", again, err)
	}
}

// TestRequest is what a server hears.
func TestRequest(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ url, first, host string }{
		{"http://AT", "GET / HTTP/1.1", "AT"},
		{"HTTP://AT/a/b?c=d&e#f", "GET /a/b?c=d&e HTTP/1.1", "AT"},
		{"http://AT/a b%20c\u00fc?q=x y\u00fc", "GET /a%20b%20c%C3%BC?q=x%20y%C3%BC HTTP/1.1", "AT"},
		{"http://AT/%0d%0aEvil:%20yes?%0d%0a", "GET /%0d%0aEvil:%20yes?%0d%0a HTTP/1.1", "AT"},
		{"http://AT//a/../b", "GET //a/../b HTTP/1.1", "AT"},
	} {
		got := make(chan string, 1)
		at := serving(t, func(c net.Conn) {
			p := make([]byte, 4096)
			n, _ := c.Read(p)
			io.WriteString(c, "HTTP/1.0 204 No Content\r\n\r\n")
			got <- string(p[:n])
		})
		fetched(t, 0, strings.Replace(c.url, "AT", at, 1))
		want := fmt.Sprintf("%s\r\nHost: %s\r\nConnection: close\r\n\r\n", c.first, strings.Replace(c.host, "AT", at, 1))
		if got := <-got; got != want {
			t.Errorf("%s: the server hears %q, want %q", c.url, got, want)
		}
	}
}

func TestDemoInterrupted(t *testing.T) {
	t.Parallel()
	programtest.Interrupted(t)
}
