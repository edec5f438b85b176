package main

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/examples/internal/program"
)

// A recorder keeps the system calls of each connection, a while and not all.
//
// A tracer sees all calls of all sockets, by the numbers of their descriptors.
// The kernel gives a number again as soon as it is free, so a connection is what is
// between an accept4 that returned its number and the close of that.
type recorder struct {
	print func(sock.Call) // with -trace

	mu     sync.Mutex
	count  int
	newest *record
	live   map[int]*record   // by descriptor
	visits map[string]*visit // by key: see page.go
	order  []string          // visits, the oldest first
}

// A record holds the calls of one connection, and notes of the server between them. It is
// a ring with the last of them.
type record struct {
	number   int
	fd       int
	from     string
	accepted time.Time
	before   *record // the earlier connection with the same number

	mu    sync.Mutex
	ring  []entry
	total int // number of all entries; the newest is ring[(total-1) % maxEntries]
}

// An entry is a call, or a note of the server between two calls.
type entry struct {
	at   time.Duration // time since the connection was accepted
	call sock.Call
	note string
}

const (
	maxEntries = 128
	maxNote    = 120
)

func newRecorder() *recorder {
	return &recorder{live: map[int]*record{}, visits: map[string]*visit{}}
}

// start installs the recorder as the tracer. With -trace the calls are printed too.
func (r *recorder) start(trace bool) {
	if trace {
		r.print = program.Printer()
	}
	sock.SetTracer(r.call)
}

// call is the tracer. The goroutines of all clients call it at once.
func (r *recorder) call(c sock.Call) {
	if r.print != nil {
		r.print(c)
	}
	end := c.Start.Add(c.Duration)
	r.mu.Lock()
	of := r.live[c.FD]
	switch {
	case (c.Name == "accept4" || c.Name == "accept") && c.Err == nil:
		r.count++
		of = &record{number: r.count, fd: c.Result, from: c.Addr.String(), accepted: end}
		if of.before = r.live[c.Result]; of.before != nil {
			of.before.before = nil
		}
		r.live[c.Result], r.newest = of, of
	case of != nil && c.Start.Before(of.accepted):
		// The close of the earlier connection: its number was used again before this call
		// was reported.
		of = of.before
	case c.Name == "close":
		delete(r.live, c.FD)
	}
	r.mu.Unlock()
	if of != nil {
		of.add(entry{at: c.Start.Sub(of.accepted), call: c})
	}
}

// of returns the record of an open connection, by its descriptor.
func (r *recorder) of(fd int) *record {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.live[fd]
}

// note adds an action of the server between two calls. The text contains a client's
// bytes.
func (r *record) note(text string) {
	if r == nil { // nothing is recorded
		return
	}
	r.add(entry{at: time.Since(r.accepted), note: fmt.Sprintf("%.*s", maxNote, text)})
}

func (r *record) add(e entry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.ring) < maxEntries {
		r.ring = append(r.ring, e)
	} else {
		r.ring[r.total%maxEntries] = e
	}
	r.total++
}

// entries returns the entries that are kept, and the number of the first.
func (r *record) entries() (list []entry, first int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.total <= maxEntries {
		return append(list, r.ring...), 0
	}
	at := r.total % maxEntries
	return append(append(list, r.ring[at:]...), r.ring[:at]...), r.total - maxEntries
}

// errorName returns the name of a failed call's error, as String prints it: EAGAIN.
func errorName(c sock.Call) string {
	if c.Err == nil {
		return ""
	}
	text := c.String()
	_, rest, _ := strings.Cut(text[strings.LastIndex(text, ") = -1 "):], "-1 ")
	name, _, _ := strings.Cut(rest, " ")
	return name
}
