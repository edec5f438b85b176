//go:build linux

package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/berkeleysockets/sock"
)

// A plan describes the connections to hold, and the place.
type plan struct {
	connections int
	step        int    // connections made between two measurements of the memory
	machine     bool   // nothing else runs, so the kernel's memory counts
	clock       string // the real unit of its nanoseconds, if another
	spare       int    // bytes to leave free
	say         func(format string, args ...any)
}

const (
	few     = 1000 // connections of the reference measurement
	warm    = 100  // connections before the measurement, so that all code has run
	batches = 31   // batches of echoes; the median counts
	rounds  = 100  // echoes in a batch
)

// hold opens connections, measures their cost, and closes them.
func hold(p plan) (r report, err error) {
	s, err := newServer()
	if err != nil {
		return r, err
	}
	port := int(s.at.AddrPort().Port())
	c, err := startClients(port)
	if err != nil {
		return r, err
	}
	done := make(chan struct{})
	defer close(done)
	go func() { // otherwise they wait for answers without end
		select {
		case <-s.failed:
			c.cmd.Process.Kill()
		case <-done:
		}
	}()
	h := &holding{plan: p, server: s, clients: c, port: port}
	err = h.run(&r)
	select {
	case <-s.failed:
		c.end()
		return r, fmt.Errorf("server: %w", s.err)
	default:
		return r, errors.Join(err, c.end())
	}
}

// A holding is the server and the clients while they hold connections.
type holding struct {
	plan
	server  *server
	clients *clients
	port    int
	held    int
}

func (h *holding) run(r *report) error {
	r.Asked, r.Clock = h.connections, h.clock
	if err := h.begin(); err != nil {
		return err
	}
	before, err := h.look()
	if err != nil {
		return err
	}
	for _, n := range steps(h.connections) {
		if err := h.grow(n); err != nil {
			return err
		}
		if err := h.cost(r); err != nil {
			return err
		}
		if h.held < n {
			h.say("no more than %d: the memory of the machine is used up", h.held)
			break
		}
	}
	r.Held = h.held
	full, err := h.look()
	if err != nil {
		return err
	}
	r.Server, r.Clients = full.server.minus(before.server), full.clients-before.clients
	r.Sizes = grown(before.objects, full.objects)
	if h.machine {
		r.Kernel = newKernelUse(before.kernel, full.kernel)
	}
	if err := h.shrink(r); err != nil {
		return err
	}
	return h.leave(r, before)
}

// steps returns the numbers of connections at which to measure: 1000, 10,000 ... n.
func steps(n int) (all []int) {
	for k := min(few, max(n/10, 1)); k < n; k *= 10 {
		all = append(all, k)
	}
	return append(all, n)
}

// begin runs everything once, so that one-time costs are not measured.
func (h *holding) begin() error {
	if err := h.grow(min(warm, h.connections)); err != nil {
		return err
	}
	if err := h.cost(new(report)); err != nil {
		return err
	}
	if err := h.end("close", h.held/2); err != nil {
		return err
	}
	return h.end("reset", h.held)
}

// grow makes connections until it holds n, or the memory is used up.
func (h *holding) grow(n int) error {
	start, from := time.Now(), h.held
	for h.held < n {
		if h.machine {
			m, err := fields("/proc/meminfo", "MemAvailable:")
			if err != nil {
				return err
			}
			if m["MemAvailable:"]<<10 < h.spare {
				break
			}
			h.say("%d connections, %d MiB free", h.held, m["MemAvailable:"]>>10)
		}
		more := min(h.step, n-h.held)
		if _, err := h.clients.do("connect", more); err != nil {
			return err
		}
		h.held += more
		if err := h.server.await(h.held); err != nil {
			return err
		}
	}
	h.say("%d connections: %d more in %v", h.held, h.held-from, time.Since(start).Round(time.Millisecond))
	return nil
}

// end closes n connections, and waits until the server has closed its ends.
func (h *holding) end(how string, n int) error {
	h.say("%d connections: %s %d", h.held, how, n)
	if _, err := h.clients.do(how, n); err != nil {
		return err
	}
	h.held -= n
	return h.server.await(h.held)
}

// shrink closes all connections: the server ends one half, the clients the other. When as
// few are left as in the first measurement, it measures again.
func (h *holding) shrink(r *report) error {
	if err := h.end("close", h.held/2); err != nil {
		return err
	}
	if left := r.Echoes[0].Connections; h.held > left {
		if err := h.end("reset", h.held-left); err != nil {
			return err
		}
		if err := h.cost(r); err != nil {
			return err
		}
	}
	return h.end("reset", h.held)
}

// cost measures an echo, in turns on the connections from first to last.
func (h *holding) cost(r *report) error {
	e := echoCost{Connections: h.held}
	trips, own := make([]int, batches), make([]int, batches)
	for i := range batches {
		start, err := cpu()
		if err != nil {
			return err
		}
		if trips[i], err = h.clients.do("echo", i*(h.held-1)/(batches-1), rounds); err != nil {
			return err
		}
		end, err := cpu()
		if err != nil {
			return err
		}
		own[i] = int(end - start)
	}
	slices.Sort(trips)
	slices.Sort(own)
	e.Trip, e.Server = trips[batches/2]/rounds, own[batches/2]/rounds
	var err error
	if e.Calls, err = h.calls(); err != nil {
		return err
	}
	r.Echoes = append(r.Echoes, e)
	h.say("%s", e.line(h.clock))
	return nil
}

// calls counts the server's system calls on its sockets for an echo, on the connections in
// the middle.
func (h *holding) calls() (map[string]float64, error) {
	var mu sync.Mutex
	made := make(map[string]float64)
	sock.SetTracer(func(c sock.Call) {
		mu.Lock()
		made[c.Name] += 1. / rounds
		mu.Unlock()
	})
	_, err := h.clients.do("echo", h.held/2, rounds)
	sock.SetTracer(nil)
	mu.Lock()
	defer mu.Unlock()
	return maps.Clone(made), err
}

// cpu returns the CPU time of this process.
func cpu() (int64, error) {
	var t unix.Timespec
	err := unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &t)
	return t.Nano(), err
}

// A state holds the measurements of one moment.
type state struct {
	server  userMemory
	objects map[int]int
	clients int // RSS
	kernel  kernelMemory
	fds     int // of the server
	sockets int // of the port, in any state
}

// look measures the state. It counts descriptors and sockets only if there are few.
func (h *holding) look() (s state, err error) {
	if s.clients, err = h.clients.do("memory"); err != nil {
		return s, err
	}
	if s.server, err = ownMemory(); err != nil {
		return s, err
	}
	s.objects = objects()
	if h.machine {
		if s.kernel, err = machineMemory(); err != nil {
			return s, err
		}
	}
	if h.held == 0 {
		if s.fds, err = descriptors(); err != nil {
			return s, err
		}
		s.sockets, err = connections(h.port)
	}
	return s, err
}

// leave measures what is left, before and after the Poller is closed.
func (h *holding) leave(r *report, before state) error {
	var after state
	// The kernel frees a connection some time after its reset: the last packets
	// are in flight, and RCU delays the release.
	for limit := time.Now().Add(20 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		var err error
		if after, err = h.look(); err != nil {
			return err
		}
		if after.fds <= before.fds && after.sockets <= before.sockets || time.Now().After(limit) {
			break
		}
	}
	r.Left = left{
		Descriptors: after.fds - before.fds,
		Sockets:     after.sockets - before.sockets,
		Server:      after.server.minus(before.server),
	}
	if h.machine {
		tcp, err := sockstat()
		if err != nil {
			return err
		}
		r.Left.SockStat = fmt.Sprint(tcp)
	}
	if err := h.server.close(); err != nil {
		return err
	}
	after, err := h.look()
	if err != nil {
		return err
	}
	r.Left.Closed = after.server.minus(before.server)
	if h.machine {
		r.Left.Kernel = newKernelUse(before.kernel, after.kernel)
	}
	return nil
}
