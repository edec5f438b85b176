//go:build linux

package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// A report holds the results. The machine sends it to its host as JSON.
type report struct {
	System  string // the kernel
	Asked   int    // connections
	Held    int
	Clock   string // the unit of the nanoseconds, if it is not time
	Echoes  []echoCost
	Server  userMemory // taken by all connections
	Clients int        // RSS of the clients' process
	Sizes   []size     // of the server's heap objects
	Kernel  *kernelUse // nil: not known
	Left    left
}

// An echoCost is the cost of an echo of 64 bytes with a number of connections: the median of
// many batches.
type echoCost struct {
	Connections int
	Trip        int                // ns from send to receive, both processes
	Server      int                // ns of the server's process
	Calls       map[string]float64 // the server's, on its sockets
}

// A size is the size and the number of heap objects.
type size struct{ Bytes, Count int }

// A kernelUse is the kernel's memory for a number of connections in bytes, both ends.
type kernelUse struct {
	kernelMemory
}

// A left is the difference between the end and the beginning.
type left struct {
	Descriptors int        // of the server
	Sockets     int        // of its port, in any state
	SockStat    string     // of all sockets of the machine
	Server      userMemory // after the last connection was closed
	Closed      userMemory // after the Poller was closed
	Kernel      *kernelUse // nil: not known
}

func (m userMemory) minus(o userMemory) userMemory {
	return userMemory{m.RSS - o.RSS, m.Heap - o.Heap}
}

func newKernelUse(before, after kernelMemory) *kernelUse {
	return &kernelUse{kernelMemory{
		Used:    after.Used - before.Used,
		Slab:    after.Slab - before.Slab,
		Tables:  after.Tables - before.Tables,
		Vmalloc: after.Vmalloc - before.Vmalloc,
		PerCPU:  after.PerCPU - before.PerCPU,
		TCP:     after.TCP - before.TCP,
		Objects: difference(before.Objects, after.Objects),
		Counts:  difference(before.Counts, after.Counts),
	}}
}

func difference[K comparable](before, after map[K]int) map[K]int {
	d := make(map[K]int)
	for k, n := range after {
		if n != before[k] {
			d[k] = n - before[k]
		}
	}
	return d
}

// grown lists the objects that have become more, the largest growth first.
func grown(before, after map[int]int) (all []size) {
	for bytes, count := range difference(before, after) {
		if count > 0 {
			all = append(all, size{bytes, count})
		}
	}
	slices.SortFunc(all, func(a, b size) int { return cmp.Compare(b.Bytes*b.Count, a.Bytes*a.Count) })
	return all
}

// socket returns the size of a Socket: of the objects of which each connection has one.
func (r *report) socket() int {
	for _, s := range r.Sizes {
		if s.Count >= r.Held && s.Count < r.Held+r.Held/10+10 {
			return s.Bytes
		}
	}
	return 0
}

// ratio returns the cost of an echo with all connections divided by the cost with few: the
// server's part, and the whole.
func (r *report) ratio() (server, trip float64) {
	var first, full echoCost
	for _, e := range r.Echoes {
		if first.Connections == 0 {
			first = e
		}
		if e.Connections == r.Held {
			full = e
		}
	}
	return float64(full.Server) / float64(first.Server), float64(full.Trip) / float64(first.Trip)
}

func (e echoCost) line(clock string) string {
	calls := 0.
	var each []string
	for _, name := range slices.Sorted(maps.Keys(e.Calls)) {
		calls += e.Calls[name]
		each = append(each, fmt.Sprintf("%s %.2f", name, e.Calls[name]))
	}
	return fmt.Sprintf("%9d connections: an echo costs the server %d %s, there and back %d; %.2f system calls (%s)",
		e.Connections, e.Server, cmp.Or(clock, "ns"), e.Trip, calls, strings.Join(each, ", "))
}

// print writes the report as text.
func (r *report) print(w io.Writer) {
	each := func(bytes int) string { return fmt.Sprintf("%.1f", float64(bytes)/float64(max(r.Held, 1))) }
	fmt.Fprintf(w, "\n%s\n%d connections held of %d, in one process and one Poller\n", r.System, r.Held, r.Asked)
	fmt.Fprintf(w, "\nUser memory, bytes for each connection:\n")
	fmt.Fprintf(w, "  %8s  the server's, anonymous: all but the pages of its file\n", each(r.Server.RSS))
	fmt.Fprintf(w, "  %8s  of it live objects\n", each(r.Server.Heap))
	for _, s := range r.Sizes[:min(len(r.Sizes), 4)] {
		fmt.Fprintf(w, "  %8s    %d of %d bytes\n", each(s.Bytes*s.Count), s.Count, s.Bytes)
	}
	fmt.Fprintf(w, "  %8s  the clients'\n", each(r.Clients))
	if k := r.Kernel; k != nil {
		kernel := k.Used - r.Server.RSS - r.Clients
		fmt.Fprintf(w, "\nKernel memory, bytes for each connection with both its ends, the server's and the client's:\n")
		fmt.Fprintf(w, "  %8s  in all: %s for each end\n", each(kernel), each(kernel/2))
		fmt.Fprintf(w, "  %8s  in slabs\n", each(k.Slab))
		ours := 0
		for _, name := range k.top() {
			fmt.Fprintf(w, "  %8s    %s: %.2f\n", each(k.Objects[name]), name, float64(k.Counts[name])/float64(r.Held))
			if both := k.Counts[name] > r.Held*3/2; both {
				ours += k.Objects[name] / 2
			} else {
				ours += k.Objects[name]
			}
		}
		fmt.Fprintf(w, "  %8s    the server's: half of those of which there are two, and all of the others\n", each(ours))
		fmt.Fprintf(w, "  %8s  in large tables\n", each(k.Vmalloc))
		fmt.Fprintf(w, "  %8s  in page tables\n", each(k.Tables))
		fmt.Fprintf(w, "  %8s  in buffers of TCP\n", each(k.TCP))
	}
	fmt.Fprintf(w, "\nAn echo of %d bytes, median of %d times %d:\n", messageSize, batches, rounds)
	for _, e := range r.Echoes {
		fmt.Fprintln(w, e.line(r.Clock))
	}
	server, trip := r.ratio()
	fmt.Fprintf(w, "  %.2f times as much with %d as with %d; there and back %.2f times\n", server, r.Held, r.Echoes[0].Connections, trip)
	fmt.Fprintf(w, "\nLeft when all are closed: %d descriptors, %d sockets", r.Left.Descriptors, r.Left.Sockets)
	if r.Left.SockStat != "" {
		fmt.Fprintf(w, " (sockstat: %s)", r.Left.SockStat)
	}
	fmt.Fprintf(w, "\n  %8s  bytes of the server's memory for each connection there was, %s of them live objects: what the Poller keeps for the next\n", each(r.Left.Server.RSS), each(r.Left.Server.Heap))
	fmt.Fprintf(w, "  %8s  when the Poller is closed, %s of them live objects: %d and %d bytes in all\n", each(r.Left.Closed.RSS), each(r.Left.Closed.Heap), r.Left.Closed.RSS, r.Left.Closed.Heap)
	if k := r.Left.Kernel; k != nil {
		fmt.Fprintf(w, "  %8s  of the machine's memory, %s of it in slabs\n", each(k.Used), each(k.Slab))
		for _, name := range k.top() {
			fmt.Fprintf(w, "  %8s    %s: %d\n", each(k.Objects[name]), name, k.Counts[name])
		}
	}
}

// top names the slabs with the largest growth.
func (k *kernelUse) top() []string {
	names := slices.SortedFunc(maps.Keys(k.Objects), func(a, b string) int { return cmp.Compare(k.Objects[b], k.Objects[a]) })
	names = slices.DeleteFunc(names, func(n string) bool { return k.Objects[n] < 1<<20 })
	return names[:min(len(names), 10)]
}
