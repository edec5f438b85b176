package main

import (
	"bytes"
	"crypto/rand"
	_ "embed"
	"encoding/json"
	"strings"

	"github.com/berkeleysockets/sock"
)

// These are the page of calls and its parts. Each part is one more request, on this
// connection or another. In a root no name begins with a dot, so these names are free.
var (
	//go:embed page/page.html
	pageHTML []byte
	//go:embed page/page.css
	pageCSS []byte
	//go:embed page/page.js
	pageJS []byte
	//go:embed page/icon.svg
	pageIcon []byte
)

// A visit is one copy of the page in a browser, with the connections that requested it
// and its parts. Their query has its key, a secret, so that no visitor sees the requests
// of others.
type visit struct {
	records []*record
}

const (
	maxVisits  = 64
	maxRecords = 8 // key of a visit
)

// page returns the answer to a request for the page or a part of it.
func (s site) page(c *client, r request) (a answer, ok bool) {
	path := r.path
	if path == "/" && s.root == nil {
		path = "/.calls"
	}
	if path == "/favicon.ico" && s.root == nil {
		path = "/.calls.svg" // some browsers request it without being asked
	}
	if !strings.HasPrefix(path, "/.calls") {
		return a, false
	}
	if path == "/.calls" {
		key := s.calls.visit()
		s.calls.join(key, c.record)
		return part("text/html; charset=utf-8", bytes.ReplaceAll(pageHTML, []byte("KEY"), []byte(key))), true
	}
	s.calls.join(r.query, c.record)
	switch path {
	case "/.calls.css":
		return part("text/css; charset=utf-8", pageCSS), true
	case "/.calls.js":
		return part("text/javascript; charset=utf-8", pageJS), true
	case "/.calls.svg":
		return part("image/svg+xml", pageIcon), true
	case "/.calls.json":
		b, err := json.Marshal(s.calls.tell(r.query, c.record))
		if err != nil {
			return refused(503), true
		}
		return part("application/json", b), true
	}
	return refused(404), true
}

func part(kind string, b []byte) answer {
	return answer{status: 200, kind: kind, body: b, size: int64(len(b)), more: []string{
		"Cache-Control: no-store", // it must be requested to be visible
		// Even if a client's text came into the page as markup, the browser would not run
		// it.
		"Content-Security-Policy: default-src 'self'",
	}}
}

// visit creates a visit, and removes the oldest if there are many.
func (r *recorder) visit() (key string) {
	key = rand.Text()
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.order) == maxVisits {
		delete(r.visits, r.order[0])
		r.order = r.order[1:]
	}
	r.visits[key] = &visit{}
	r.order = append(r.order, key)
	return key
}

// join adds a connection to a visit.
func (r *recorder) join(key string, c *record) {
	r.mu.Lock()
	defer r.mu.Unlock()
	v := r.visits[key]
	if v == nil || c == nil {
		return
	}
	for _, have := range v.records {
		if have == c {
			return
		}
	}
	if len(v.records) == maxRecords { // keep the first, which carried the page
		v.records = append(v.records[:1], v.records[2:]...)
	}
	v.records = append(v.records, c)
}

// This is the data of the page. Its script inserts everything as text, never as markup.
type shown struct {
	Connections []shownConnection `json:"connections"`
}

type shownConnection struct {
	Number int          `json:"number"`
	FD     int          `json:"fd"`
	From   string       `json:"from"`
	First  int          `json:"first"` // number of dropped entries
	Here   bool         `json:"here"`  // this answer uses it
	Calls  []shownEntry `json:"calls"`
}

type shownEntry struct {
	At     int64  `json:"at"` // nanoseconds since the connection was accepted
	Note   string `json:"note,omitempty"`
	Name   string `json:"name,omitempty"`
	Text   string `json:"text,omitempty"` // the whole call, as strace prints it
	Result int    `json:"result"`
	Error  string `json:"error,omitempty"`
	Took   int64  `json:"took"`
	Data   string `json:"data,omitempty"` // the first line of the carried bytes
}

// tell returns the data of a visit.
func (r *recorder) tell(key string, here *record) shown {
	r.mu.Lock()
	var records []*record
	if v := r.visits[key]; v != nil {
		records = append(records, v.records...)
	}
	r.mu.Unlock()
	t := shown{Connections: []shownConnection{}}
	for _, c := range records {
		entries, first := c.entries()
		conn := shownConnection{Number: c.number, FD: c.fd, From: c.from, First: first, Here: c == here}
		for _, e := range entries {
			one := shownEntry{At: int64(e.at), Note: e.note}
			if e.note == "" {
				one.Name, one.Text, one.Result = e.call.Name, e.call.String(), e.call.Result
				one.Error, one.Took, one.Data = errorName(e.call), int64(e.call.Duration), firstLine(e.call)
			}
			conn.Calls = append(conn.Calls, one)
		}
		t.Connections = append(t.Connections, conn)
	}
	return t
}

// firstLine returns the beginning of a call's bytes, in characters that are safe as text.
func firstLine(c sock.Call) string {
	if c.Err != nil {
		return ""
	}
	line := c.Data
	if end := bytes.IndexAny(line, "\r\n"); end >= 0 {
		line = line[:end]
	}
	return string(bytes.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '.'
		}
		return r
	}, line))
}
