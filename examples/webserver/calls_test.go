package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/examples/internal/programtest"
)

// TestRecorder has calls come as the kernel's numbers do: given again at once, with
// the close of one connection shown after the accept of the next.
func TestRecorder(t *testing.T) {
	t.Parallel()
	r := newRecorder()
	start := time.Now()
	call := func(name string, fd, result int, at, took time.Duration) {
		r.call(sock.Call{Name: name, FD: fd, Result: result, Start: start.Add(at), Duration: took})
	}
	call("accept4", 3, 7, 0, 10)
	one := r.of(7)
	call("recvfrom", 7, 1, 20, 1)
	call("recvfrom", 8, 1, 20, 1)  // another socket
	call("accept4", 3, 7, 25, 100) // began before the close, and got its number
	two := r.of(7)
	call("recvfrom", 7, 2, 130, 1)
	call("close", 7, 0, 30, 200) // the first one's, late
	call("sendto", 7, 3, 140, 1)
	call("close", 7, 0, 150, 1)
	call("sendto", 7, 4, 160, 1)
	if one == two || r.of(7) != nil || r.newest != two {
		t.Fatal("the connections are mixed up")
	}
	for of, want := range map[*record]string{one: "accept4 7, recvfrom 1, close 0", two: "accept4 7, recvfrom 2, sendto 3, close 0"} {
		var got []string
		entries, first := of.entries()
		for _, e := range entries {
			got = append(got, fmt.Sprint(e.call.Name, " ", e.call.Result))
		}
		if strings.Join(got, ", ") != want || first != 0 {
			t.Errorf("%v, %d; want %s", got, first, want)
		}
	}
}

// TestRing keeps the last, in order, while more come.
func TestRing(t *testing.T) {
	t.Parallel()
	r := &record{accepted: time.Now()}
	var all sync.WaitGroup
	for i := range 3*maxEntries + 5 {
		r.note(fmt.Sprint(i))
		if i%50 == 0 {
			all.Go(func() { r.entries() })
		}
	}
	all.Wait()
	entries, first := r.entries()
	if len(entries) != maxEntries || first != 2*maxEntries+5 || cap(r.ring) > 2*maxEntries {
		t.Fatal(len(entries), first, cap(r.ring))
	}
	for i, e := range entries {
		if e.note != fmt.Sprint(first+i) {
			t.Fatalf("%d is %q", first+i, e.note)
		}
	}
	r.note(strings.Repeat("ü", 1000))
	if entries, _ := r.entries(); len(entries[maxEntries-1].note) != 2*maxNote {
		t.Error("a long note")
	}
	(*record)(nil).note("")
}

// TestVisits has more visits, and more connections in one, than are kept.
func TestVisits(t *testing.T) {
	t.Parallel()
	r := newRecorder()
	first := r.visit()
	for range maxRecords + 3 {
		r.join(first, &record{number: 1})
	}
	var last *record
	for i := range 3 {
		last = &record{number: i}
		r.join(first, last)
		r.join(first, last)
	}
	if n := len(r.tell(first, last).Connections); n != maxRecords {
		t.Errorf("%d connections", n)
	}
	for range maxVisits {
		r.visit()
	}
	r.join(first, last)
	r.join("", last)
	r.join(first, nil)
	if len(r.tell(first, last).Connections) != 0 || len(r.visits) != maxVisits || len(r.order) != maxVisits {
		t.Error("visits are kept without end")
	}
}

// TestPage has the page's own requests, and others on its connection, come back as
// JSON; and nothing of anybody else's.
func TestPage(t *testing.T) {
	t.Parallel()
	root := folder(t, map[string]string{"index.html": "hello", "file.txt": strings.Repeat("x", 1000)})
	p, addr := startServer(t, "-root", root)
	c := programtest.Dial(t, addr)
	answers := bufio.NewReader(c)
	get := func(target string) (*http.Response, string) {
		t.Helper()
		fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", target)
		r, err := http.ReadResponse(answers, nil)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		return r, string(b)
	}
	exchange(t, addr, "GET /of/somebody/else HTTP/1.0\r\n\r\n")
	if r, _ := get("/.calls/x"); r.StatusCode != 404 {
		t.Error("/.calls/x: ", r.Status)
	}
	r, page := get("/.calls")
	m := regexp.MustCompile(`data-key="(\w+)"`).FindStringSubmatch(page)
	if m == nil || r.Header.Get("Content-Security-Policy") != "default-src 'self'" {
		t.Fatalf("%v\n%s", r, page)
	}
	get("/file.txt")
	const evil = `/<script>alert(1)</script>"'&`
	if r, body := get(evil); r.StatusCode != 404 || strings.Contains(body, "script") {
		t.Errorf("%s: %s %q", evil, r.Status, body)
	}
	r, body := get("/.calls.json?" + m[1])
	if strings.ContainsAny(body, "<>&") || r.Header.Get("Content-Type") != "application/json" || strings.Contains(body, "somebody") {
		t.Errorf("%v\n%s", r.Header, body)
	}
	var got shown
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Connections) != 1 || !got.Connections[0].Here || got.Connections[0].From != c.LocalAddr().String() {
		t.Fatalf("%+v", got)
	}
	text := ""
	for _, e := range got.Connections[0].Calls {
		text += e.Name + " " + e.Data + e.Note + "\n"
		if len(e.Data) > sock.TracePrefix || len(e.Text) > 400 || len(e.Note) > 4*maxNote {
			t.Errorf("too long: %+v", e)
		}
		if e.Error != "" && (e.Error != "EAGAIN" || e.Result != -1) {
			t.Errorf("%+v", e)
		}
	}
	send := "sendfile "
	if runtime.GOOS == "netbsd" || runtime.GOOS == "openbsd" {
		send = "sendto xxxx"
	}
	for _, want := range []string{"accept", "recvfrom GET /.calls HTTP/1.1", " reads the request: GET /.calls\n", "sendto HTTP/1.1 200 OK", "sendto <!doctype html>",
		"recvfrom GET /file.txt HTTP/1.1", send, " reads the request: GET " + evil, "sendto HTTP/1.1 404 Not Found", "recvfrom GET /.calls.json?"} {
		at := strings.Index(text, want)
		if at < 0 {
			t.Fatalf("no %q, or not in its place, in:\n%s", want, text)
		}
		text = text[at:]
	}
	for _, key := range []string{"", "x", "?", m[1] + "x", m[1][1:]} {
		if _, body := get("/.calls.json?" + key); body != `{"connections":[]}` {
			t.Errorf("with the key %q: %s", key, body)
		}
	}
	p.Signal(os.Interrupt)
}

// TestPageText has the page's script put nothing into markup, and the page ask for
// what there is.
func TestPageText(t *testing.T) {
	t.Parallel()
	for _, wrong := range []string{"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"} {
		if strings.Contains(string(pageJS), wrong) {
			t.Errorf("%s in the script", wrong)
		}
	}
	s := site{calls: newRecorder()}
	for _, m := range regexp.MustCompile(`(?:href|src)="([^"?]*)`).FindAllStringSubmatch(string(pageHTML), -1) {
		if a, ok := s.page(&client{}, request{path: m[1]}); !ok || a.status != 200 || a.size == 0 {
			t.Errorf("%s: %v", m[1], a.status)
		}
	}
	if regexp.MustCompile(`style="|<script>|\son\w+="`).Match(pageHTML) {
		t.Error("the policy forbids what is in the page")
	}
}
