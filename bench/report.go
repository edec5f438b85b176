package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// failures lists the contenders that failed, with the reason.
func (r *Report) failures() (all []string) {
	for _, p := range r.Points {
		for _, s := range p.Series {
			if s.Failed != "" {
				all = append(all, fmt.Sprintf("%s, %s: %s", p.Name, s.Name, s.Failed))
			}
		}
	}
	return all
}

// markdown writes the tables, with pictures between them, by group.
func (r *Report) markdown(out io.Writer, pictures map[string]string) error {
	w := &writer{out: out, pictures: pictures}
	m := r.Machine
	w.f("# sock compared with others\n\n%s. %s, %s/%s, %d CPUs (%s). %s, %s.\n\n", m.Date, m.Kernel, m.OS, m.Arch, m.CPUs, m.CPU, m.Go, m.C)
	w.f("A run of size %s: %d rounds, echo runs of %v s.\n\n", r.Settings.Size, r.Settings.Rounds, r.Settings.Seconds)
	for _, rule := range r.Settings.Rules {
		w.f("- %s\n", rule)
	}
	w.f("\nA time or a cost below 1.00 is better than the reference; a rate above 1.00 is better.\n")
	if failed := r.failures(); len(failed) > 0 {
		w.f("\n**Failed:**\n\n- %s\n", strings.Join(failed, "\n- "))
	}
	if len(r.Skipped) > 0 {
		w.f("\nSkipped:\n\n- %s\n", strings.Join(r.Skipped, "\n- "))
	}
	r.echo(w)
	r.curve(w, "connections", "Echo, more and more busy connections", "Messages of 64 bytes. The server's CPU time for a request, of C's:", metricCPU)
	r.curve(w, "idle", "Echo, idle connections beside", "10 connections are busy, with messages of 64 bytes; the others are idle. CPU time for a request, of C's:", metricCPU)
	r.curve(w, "message", "Echo, longer messages", "10 connections. CPU time for a request, of C's:", metricCPU)
	r.rate(w)
	r.memory(w)
	r.http(w)
	r.micro(w)
	r.batch(w)
	if len(r.Versions) > 0 {
		w.f("\n## Versions\n\n")
		for _, path := range slices.Sorted(maps.Keys(r.Versions)) {
			w.f("- %s %s\n", path, r.Versions[path])
		}
	}
	return w.err
}

// A writer remembers its first error.
type writer struct {
	out      io.Writer
	pictures map[string]string
	err      error
}

func (w *writer) f(format string, args ...any) {
	if w.err == nil {
		_, w.err = fmt.Fprintf(w.out, format, args...)
	}
}

func (w *writer) heading(group, title, text string) {
	w.f("\n## %s\n\n%s\n", title, text)
	if file := w.pictures[group]; file != "" {
		w.f("\n![%s](%s)\n", title, file)
	}
}

func (w *writer) row(cells ...string) { w.f("| %s |\n", strings.Join(cells, " | ")) }

func (w *writer) head(cells ...string) {
	w.f("\n")
	w.row(cells...)
	w.row(append([]string{"---"}, slices.Repeat([]string{"---:"}, len(cells)-1)...)...)
}

// ratio is "1.02 (1.01-1.03)".
func ratio(m map[string]Quartiles, metric string) string {
	q, ok := m[metric]
	if !ok {
		return "-"
	}
	return fmt.Sprintf("%.2f (%.2f-%.2f)", q.Median, q.Q1, q.Q3)
}

func value(m map[string]Quartiles, metric, format string) string {
	q, ok := m[metric]
	if !ok {
		return "-"
	}
	return fmt.Sprintf(format, q.Median)
}

// echo writes all metrics of two points: the one that all contenders have in common, and
// the one with ten times the connections.
func (r *Report) echo(w *writer) {
	for _, p := range r.points("connections") {
		picture := ""
		switch p.X {
		case base:
			picture = "latency"
		case 10 * base:
		default:
			continue
		}
		w.heading(picture, fmt.Sprintf("Echo, %d connections", p.X), "Messages of 64 bytes; the next is sent as soon as one has come back.")
		w.head("server", "CPU/request, of C's", "of net's", "requests/s, of C's", "of net's", "of gnet's", "p50, of C's", "p99, of C's", "its core busy")
		for _, s := range p.Series {
			w.row(s.Name, ratio(s.ToC, metricCPU), ratio(s.ToNet, metricCPU), ratio(s.ToC, metricRate), ratio(s.ToNet, metricRate),
				ratio(s.ToGnet, metricRate), ratio(s.ToC, metricP50), ratio(s.ToC, metricP99), value(s.Summary, metricBusy, "%.2f"))
		}
		w.reference(p, metricCPU, "C's CPU time for a request was %s µs", "%.1f")
		if c := p.series(nameC); c != nil {
			if busy, ok := c.Summary[metricBusy]; ok && busy.Median < .7 {
				w.f("\n**This machine had other work during the run**, or the load generator shares a core with the server: C, which could use a whole core, had %.2f of one. Requests/s and latency then say little.\n", busy.Median)
			}
		}
	}
}

// reference writes the absolute value behind 1.00.
func (w *writer) reference(p *Point, metric, text, format string) {
	if c := p.series(nameC); c != nil && c.Failed == "" {
		w.f("\n"+text+".\n", value(c.Summary, metric, format))
	}
}

// curve has a column for each point of a group.
func (r *Report) curve(w *writer, group, title, text, metric string) {
	points := r.points(group)
	if len(points) == 0 {
		return
	}
	w.heading(group, title, text)
	head := []string{"server"}
	reference := []string{nameC + ", µs"}
	for _, p := range points {
		head = append(head, count(p.X))
		if c := p.series(nameC); c != nil {
			reference = append(reference, value(c.Summary, metric, "%.1f"))
		}
	}
	w.head(head...)
	for _, name := range contenders(points) {
		row := []string{name}
		for _, p := range points {
			cell := "-"
			if s := p.series(name); s != nil {
				cell = ratio(s.ToC, metric)
			}
			row = append(row, cell)
		}
		w.row(row...)
	}
	if len(reference) == len(head) {
		w.row(reference...)
	}
}

func (r *Report) rate(w *writer) {
	for _, p := range r.points("rate") {
		w.heading("rate", "Connections", "Each connection is made, carries one message of 64 bytes and is reset; 32 at a time.")
		w.head("server", "CPU/connection, of C's", "of net's", "connections/s, of C's", "of net's")
		for _, s := range p.Series {
			w.row(s.Name, ratio(s.ToC, metricCPU), ratio(s.ToNet, metricCPU), ratio(s.ToC, metricRate), ratio(s.ToNet, metricRate))
		}
		w.reference(p, metricCPU, "C's CPU time for a connection was %s µs", "%.1f")
	}
}

func (r *Report) memory(w *writer) {
	for _, p := range r.points("memory") {
		w.heading("memory", "Memory of an idle connection", fmt.Sprintf("The growth of a server's VmRSS for each of %s connections that carry one message and then stay idle. The kernel's own memory is not included; it is the same for all.", count(p.X)))
		w.head("server", "bytes", "of net's")
		for _, s := range p.Series {
			w.row(s.Name, value(s.Summary, metricMemory, "%.0f"), ratio(s.ToNet, metricMemory))
		}
	}
}

// http writes ratios to package net only, because C has no net/http.
func (r *Report) http(w *writer) {
	for _, p := range r.points("http") {
		w.heading("http", fmt.Sprintf("net/http, %d connections", p.X), "A body of 13 bytes, under wrk for a second. The servers differ only in their listener.")
		w.head("server", "CPU/request, of net's", "requests/s, of net's")
		for _, s := range p.Series {
			name := s.Name
			if name == nameNet {
				name = "net/http on net"
			}
			w.row(name, ratio(s.ToNet, metricCPU), ratio(s.ToNet, metricRate))
		}
		if n := p.series(nameNet); n != nil && n.Failed == "" {
			w.f("\nOn net a request took %s µs of CPU time, and the server answered %s a second.\n", value(n.Summary, metricCPU, "%.1f"), value(n.Summary, metricRate, "%.0f"))
		}
	}
}

// titles describes each operation.
var titles = map[string]string{
	"micro/pingpong":     "64 bytes over TCP to another goroutine (in C: thread) and back, both wait",
	"micro/sendrecv":     "64 bytes through a unix socket, without waiting",
	"micro/sendrecv-tcp": "64 bytes over TCP, without waiting",
	"micro/poller":       "64 bytes over TCP to a socket under a Poller (in C: epoll) and back, one goroutine",
	"micro/connect":      "a connection: open, connect, accept, two options, two closes",
	"micro/udp":          "a datagram of 64 bytes, with addresses",
	"micro/gso":          "a datagram of 1200 bytes, 50 in one call (GSO, GRO)",
	"micro/bulk":         "1 MiB over TCP, from memory",
	"micro/sendfile":     "1 MiB of a file over TCP",
	"micro/splice":       "1 MiB from one TCP connection to another",
}

func (r *Report) micro(w *writer) {
	points := r.points("micro")
	if len(points) == 0 {
		return
	}
	w.heading("micro", "The calls themselves", "CPU time for one operation, both sides of it, on one core.")
	w.head("operation", "C", "sock, of C's", "sock, of net's", "net, of C's", "allocations: sock", "net")
	for _, p := range points {
		c, s, n := p.series(nameC), p.series("sock"), p.series(nameNet)
		row := []string{titles[p.Name], "-", "-", "-", "-", "-", "-"}
		if c != nil {
			row[1] = value(c.Summary, metricTime, "%.0f ns")
		}
		if s != nil {
			row[2], row[3], row[5] = ratio(s.ToC, metricTime), ratio(s.ToNet, metricTime), value(s.Summary, metricAllocs, "%.0f")
		}
		if n != nil {
			row[4], row[6] = ratio(n.ToC, metricTime), value(n.Summary, metricAllocs, "%.0f")
		}
		w.row(row...)
	}
}

func (r *Report) batch(w *writer) {
	points := r.points("batch")
	if len(points) == 0 {
		return
	}
	w.heading("batch", "Many datagrams in one call", "Datagrams of 64 bytes, with sendmmsg and recvmmsg; net has no such call and sends them one by one. CPU time for a datagram, both sides.")
	w.head("datagrams in a call", "C, ns", "sock, of C's", "sock, of net's", "net, of C's")
	for _, p := range points {
		row := []string{count(p.X), "-", "-", "-", "-"}
		if c := p.series(nameC); c != nil {
			row[1] = value(c.Summary, metricTime, "%.0f")
		}
		if s := p.series("sock"); s != nil {
			row[2], row[3] = ratio(s.ToC, metricTime), ratio(s.ToNet, metricTime)
		}
		if n := p.series(nameNet); n != nil {
			row[4] = ratio(n.ToC, metricTime)
		}
		w.row(row...)
	}
}

// count writes 15000 as 15,000.
func count(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
