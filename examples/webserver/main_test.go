package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/berkeleysockets/sock/examples/internal/program"
	"github.com/berkeleysockets/sock/examples/internal/programtest"
)

func TestMain(m *testing.M) { programtest.Main(m, main) }

// startServer starts this program as a server and returns its address.
func startServer(t *testing.T, more ...string) (*programtest.Process, string) {
	t.Helper()
	return startServerAt(t, "127.0.0.1:0", more...)
}

func startServerAt(t *testing.T, at string, more ...string) (*programtest.Process, string) {
	t.Helper()
	p := programtest.Own(t, append([]string{"-server", at}, more...)...).Start(strings.NewReader(""))
	return p, p.Out.Find(t, `server: listening on (.*)\n`)
}

// exchange sends bytes and returns what comes back until the server closes.
func exchange(t *testing.T, addr, text string) string {
	t.Helper()
	c := programtest.Dial(t, addr)
	defer c.Close()
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatalf("%.100q: %v", text, err)
	}
	b, err := io.ReadAll(c)
	if err != nil {
		t.Fatalf("%.100q: %q, %v", text, b, err)
	}
	return string(b)
}

// status is the number in the first line of an answer, which is checked as well.
func status(t *testing.T, got string) int {
	t.Helper()
	r, err := http.ReadResponse(bufio.NewReader(strings.NewReader(got)), nil)
	if err != nil {
		t.Fatalf("%.200q: %v", got, err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil || int64(len(b)) != r.ContentLength {
		t.Fatalf("%.200q: %d bytes, %v", got, len(b), err)
	}
	if when, err := http.ParseTime(r.Header.Get("Date")); err != nil || program.Now().Sub(when).Abs() > time.Hour {
		t.Errorf("Date: %q", r.Header.Get("Date"))
	}
	return r.StatusCode
}

// works has a server answer an ordinary request.
func works(t *testing.T, addr string) {
	t.Helper()
	if got := exchange(t, addr, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"); status(t, got) != 200 {
		t.Fatalf("%.200q", got)
	}
}

// descriptors is how many a process has, -1 where nobody says.
func descriptors(p *programtest.Process) int {
	list, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", p.Cmd.Process.Pid))
	if err != nil {
		return -1
	}
	return len(list)
}

// letsGo waits until a server has no more descriptors than before.
func letsGo(t *testing.T, p *programtest.Process, before int) {
	t.Helper()
	late := time.Now().Add(programtest.Patience)
	for descriptors(p) > before {
		if time.Now().After(late) {
			t.Fatalf("the server has %d descriptors, and had %d", descriptors(p), before)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// folder makes a root with files, named to what is in them.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		name = filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestDemo(t *testing.T) {
	t.Parallel()
	p := programtest.Own(t).Start(strings.NewReader(""))
	p.Wait(0)
	if p.Err.String() != "" {
		t.Errorf("stderr: %s", p.Err.String())
	}
	if !regexp.MustCompile(`^server: listening on 127\.0\.0\.1:\d+
client: connected, though nobody has called Accept yet: the kernel did it
client sends:
    GET /index\.html HTTP/1\.1
    Host: 127\.0\.0\.1:\d+
    Connection: close

server: socket \d+: "GET /index\.html": 200 OK, 66 bytes
client receives:
    HTTP/1\.1 200 OK
    Date: .* GMT
    Content-Type: text/html; charset=utf-8
    Content-Length: 66
    X-Content-Type-Options: nosniff
    Connection: close

    <!doctype html>
    <title>Hello</title>
    <h1>Hello from a socket</h1>
the server's calls for it, and what it did itself:
    accept4?\(\d+, 127\.0\.0\.1:\d+.*\) = \d+
    recvfrom\(\d+, "GET /index\.html HTTP/1\.1\\r\\nHost: "\.\.\., 8192, .*\) = \d+
        \(reads the request: GET /index\.html\)
        \(answers: 200 OK, 66 bytes\)
    sendto\(\d+, "HTTP/1\.1 200 OK\\r\\nDate: .*"\.\.\., \d+, .*\) = \d+
(?s:.*)    close\(\d+\) = 0
$`).Match(p.Out.Bytes()) {
		t.Errorf("prints:\n%s", p.Out.String())
	}
}

func TestDemoTrace(t *testing.T) {
	t.Parallel()
	p := programtest.Own(t, "-trace").Start(strings.NewReader(""))
	p.Wait(0)
	for _, want := range []string{
		`listen\(\d+, \d+\) = 0`,
		`connect\(\d+, 127\.0\.0\.1:\d+\) = `,
		`sendto\(\d+, "GET /index\.html HTTP/1\.1.*\) = \d+`,
		`accept4?\(\d+, 127\.0\.0\.1:\d+.*\) = \d+`,
		`recvfrom\(\d+, "HTTP/1\.1 200 OK.*\) = \d+`,
		`close\(\d+\) = 0`,
	} {
		if !regexp.MustCompile(`(?m)^` + want).MatchString(p.Err.String()) {
			t.Errorf("no %s in the trace:\n%s", want, p.Err.String())
		}
	}
}

func TestUsage(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	programtest.Usages{
		{[]string{"127.0.0.1:1"}, 2, `^webserver: there are no arguments, only flags: -h lists them\n$`},
		{[]string{"-server", "localhost"}, 2, `^webserver: address .*\n$`},
		{[]string{"-root", "."}, 2, `^webserver: -root goes with -server\n$`},
		{[]string{"-clients", "0"}, 2, `^webserver: -clients: at least 1\n$`},
		{[]string{"-patience", "-1s"}, 2, `^webserver: -patience: more than 0\n$`},
		{[]string{"-server", "127.0.0.1:0", "-root", filepath.Join(t.TempDir(), "nowhere")}, 1, `^webserver: open .*\n$`},
		{[]string{"-server", "127.0.0.1:0", "-root", file}, 1, `^webserver: open .*\n$`},
		{[]string{"-server", "unix:/nowhere/at/all"}, 1, `^webserver: bind unix:/nowhere/at/all: .*\n$`},
		{[]string{"-servant", "x"}, 2, `^webserver: flag provided but not defined`},
		{[]string{"-h"}, 0, `(?s)-clients.*-patience.*-root.*-server.*-trace`},
	}.Test(t)
}

// TestInUse has two servers at one address.
func TestInUse(t *testing.T) {
	t.Parallel()
	first, addr := startServer(t)
	programtest.Usages{{[]string{"-server", addr}, 1, `^webserver: bind ` + regexp.QuoteMeta(addr) + `: address already in use\n$`}}.Test(t)
	works(t, addr)
	first.Signal(os.Interrupt)
}

// TestInterrupt ends a server that has clients: one that says nothing, one in the
// middle of a request, and one in the middle of an answer.
func TestInterrupt(t *testing.T) {
	t.Parallel()
	for name, sig := range map[string]os.Signal{"SIGINT": os.Interrupt, "SIGTERM": syscall.SIGTERM} {
		for _, network := range []string{"tcp4", "tcp6", "unix"} {
			t.Run(name+"/"+network, func(t *testing.T) {
				t.Parallel()
				root := folder(t, map[string]string{"index.html": "hello", "big": strings.Repeat("x", 32<<20)})
				p, addr := startServerAt(t, programtest.Place(t, network), "-root", root)
				programtest.Dial(t, addr)
				half := programtest.Dial(t, addr)
				io.WriteString(half, "GET / HT")
				big := programtest.Dial(t, addr)
				io.WriteString(big, "GET /big HTTP/1.1\r\nHost: x\r\n\r\n")
				if _, err := big.Read(make([]byte, 100)); err != nil {
					t.Fatal(err)
				}
				works(t, addr)
				p.Signal(sig)
				if b, err := io.ReadAll(half); len(b) > 0 || err != nil && !errors.Is(err, syscall.ECONNRESET) {
					t.Errorf("%q, %v; want the end", b, err)
				}
				if p.Err.String() != "" {
					t.Errorf("the server complains: %s", p.Err.String())
				}
				if path, ok := strings.CutPrefix(addr, "unix:"); ok {
					if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
						t.Errorf("%s is still there: %v", addr, err)
					}
				}
			})
		}
	}
}

// TestKeepAlive has several requests on one connection, in one piece, byte by byte,
// and one in two.
func TestKeepAlive(t *testing.T) {
	t.Parallel()
	root := folder(t, map[string]string{"a.txt": "the first", "b.txt": "the second", "empty.txt": ""})
	p, addr := startServer(t, "-root", root)
	before := descriptors(p)
	c := programtest.Dial(t, addr)
	answers := bufio.NewReader(c)
	want := func(method, body string) {
		t.Helper()
		r, err := http.ReadResponse(answers, &http.Request{Method: method})
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r.Body)
		if err != nil || string(b) != body || r.StatusCode != 200 || r.Header.Get("Content-Type") != "text/plain; charset=utf-8" {
			t.Fatalf("%q, %v, %v; want %q", b, err, r, body)
		}
	}
	get := func(method, path, more string) string {
		return method + " " + path + " HTTP/1.1\r\nHost: x\r\n" + more + "\r\n"
	}
	for _, b := range []byte(get("GET", "/a.txt", "")) {
		c.Write([]byte{b})
	}
	want("GET", "the first")
	io.WriteString(c, get("GET", "/a.txt", "")+get("HEAD", "/b.txt", "")+get("GET", "/empty.txt", "")+get("GET", "/b.txt", "")[:20])
	want("GET", "the first")
	want("HEAD", "")
	want("GET", "")
	io.WriteString(c, get("GET", "/b.txt", "")[20:]+"\r\n"+get("GET", "/a.txt", "Content-Length: 5\r\n")+"12345"+get("GET", "/b.txt", "Connection: x, Close\r\n"))
	want("GET", "the second")
	want("GET", "the first")
	want("GET", "the second")
	if b, err := answers.ReadByte(); err != io.EOF {
		t.Errorf("%q, %v; want the end", b, err)
	}

	// More than fits into the server's buffer, with nobody reading meanwhile.
	const many = 1000
	got := exchange(t, addr, strings.Repeat(get("GET", "/a.txt", ""), many)+get("GET", "/b.txt", "Connection: close\r\n"))
	if n := strings.Count(got, "the first"); n != many || !strings.HasSuffix(got, "the second") {
		t.Errorf("%d answers to %d requests, at the end %q", n, many, got[len(got)-20:])
	}
	letsGo(t, p, before)
	p.Signal(os.Interrupt)
}

// TestVersions has clients of HTTP/1.0, who do not keep a connection unless they
// say so, and one who types.
func TestVersions(t *testing.T) {
	t.Parallel()
	p, addr := startServer(t)
	for _, text := range []string{
		"GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.0\n\n", "\r\nHEAD / HTTP/1.0\nHost: me\n\n",
		"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET / HTTP/1.0\r\n\r\n",
		"GET http://elsewhere.test/ HTTP/1.1\r\nHost: elsewhere.test\r\nConnection: close\r\n\r\n",
		"GET HTTP://elsewhere.test?x HTTP/1.7\r\nHost: elsewhere.test\r\nConnection: close\r\n\r\n",
	} {
		got := exchange(t, addr, text)
		if !strings.HasPrefix(got, "HTTP/1.1 200 OK\r\n") {
			t.Errorf("%q: %.100q", text, got)
		}
		if n := strings.Count(text, "/ HTTP/1"); strings.Count(got, "HTTP/1.1 200 OK\r\n") != max(n, 1) {
			t.Errorf("%q: not %d answers: %q", text, n, got)
		}
	}
	p.Signal(os.Interrupt)
}

// TestShrinks has a file that becomes shorter while it is sent: the client can see
// that it did not get all.
func TestShrinks(t *testing.T) {
	t.Parallel()
	root := folder(t, map[string]string{"big": strings.Repeat("x", 32<<20)})
	p, addr := startServer(t, "-root", root)
	c := programtest.Dial(t, addr)
	io.WriteString(c, "GET /big HTTP/1.1\r\nHost: x\r\n\r\n")
	if _, err := io.ReadFull(c, make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(filepath.Join(root, "big"), 0); err != nil {
		t.Fatal(err)
	}
	if n, err := io.Copy(io.Discard, c); err != nil || n >= 32<<20 {
		t.Errorf("%d bytes, %v", n, err)
	}
	p.Signal(os.Interrupt)
}

// TestLarge has a file of many chunks come as it is.
func TestLarge(t *testing.T) {
	t.Parallel()
	text := make([]byte, 5<<20+12345)
	for i := range text {
		text[i] = byte(i * i >> 8)
	}
	root := folder(t, map[string]string{"big.png": string(text)})
	p, addr := startServer(t, "-root", root)
	got := exchange(t, addr, "GET /big.png HTTP/1.0\r\n\r\n")
	head, body, _ := strings.Cut(got, "\r\n\r\n")
	if !bytes.Equal([]byte(body), text) || !strings.Contains(head, "Content-Type: image/png\r\n") {
		t.Errorf("%d bytes, want %d; %q", len(body), len(text), head)
	}
	p.Signal(os.Interrupt)
}

func TestDemoInterrupted(t *testing.T) {
	t.Parallel()
	programtest.Interrupted(t)
}
