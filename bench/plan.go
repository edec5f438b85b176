package main

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"time"
)

// The metrics, by their names in results.json.
const (
	metricCPU       = "cpu_us_per_request" // the server's user and system time, all threads
	metricRate      = "requests_per_s"
	metricP50       = "p50_us"
	metricP99       = "p99_us"
	metricBusy      = "server_busy" // CPU time divided by wall-clock time: 1 is the whole core
	metricMemory    = "bytes_per_connection"
	metricTime      = "cpu_ns_per_op"
	metricWall      = "wall_ns_per_op"
	metricPerSecond = "ops_per_cpu_s"
	metricAllocs    = "allocs_per_op"
)

// A sample is the result of one contender in one round.
type sample struct {
	metrics map[string]float64
	dist    []float64 // microseconds, at the points of distAt
}

// distAt lists the points of a distribution of latencies, as c/load.c prints them.
var distAt = []float64{.01, .05, .1, .2, .3, .4, .5, .6, .7, .8, .9, .95, .98, .99, .995, .999, .9999}

// A contender takes part in a task.
type contender struct {
	name string
	run  func(ctx context.Context) (sample, error)
}

// A task is a point to measure.
type task struct {
	point      Point
	contenders []contender
	each       time.Duration // approximate time of one contender in one round
}

func (t task) length(rounds int) time.Duration {
	return t.each * time.Duration(rounds*len(t.contenders))
}

// A size sets the extent of a run.
type size struct {
	name        string
	limit       time.Duration // of all measuring, without building; 0: no limit
	rounds      int
	seconds     float64 // of an echo run
	micro       float64 // seconds of a micro-benchmark
	mib         int     // size of the file to send, and of the bulk data
	memory      int     // idle connections of the memory measurement
	connections []int
	idle        []int
	messages    []int
	batches     []int
	few         bool // only some contenders on the curves
}

// Some machines allow a process at most 20,000 descriptors.
var sizes = map[string]size{
	"quick": {name: "quick", limit: 4 * time.Minute, rounds: 5, seconds: .2, micro: .06, mib: 64, memory: 5000, few: true,
		connections: []int{1, 100, 1000}, idle: []int{0, 5000}, messages: []int{1, 16 << 10}, batches: []int{1, 8, 64}},
	"default": {name: "default", limit: 20 * time.Minute, rounds: 7, seconds: .4, micro: .1, mib: 256, memory: 10000,
		connections: []int{1, 10, 100, 1000, 4000}, idle: []int{0, 10000}, messages: []int{1, 1 << 10, 64 << 10}, batches: []int{1, 4, 16, 64, 256}},
	"full": {name: "full", limit: 45 * time.Minute, rounds: 9, seconds: .5, micro: .15, mib: 1024, memory: 15000,
		connections: []int{1, 10, 100, 1000, 3000, 8000}, idle: []int{0, 1000, 5000, 15000},
		messages: []int{1, 64, 1 << 10, 16 << 10, 64 << 10, 1 << 20}, batches: []int{1, 2, 4, 8, 16, 32, 64, 128, 256}},
}

// few lists the contenders of the curves if there is little time.
var few = []string{nameC, "sock Poller", "sock goroutines", nameNet, "gnet"}

const (
	base        = 100 // connections of the point from which the other points differ in one value
	baseMessage = 64
)

// echoTasks lists the tasks of the echo servers.
func echoTasks(l *load, z size) (tasks []task) {
	add := func(group string, x int, main string, all bool, extra float64, run func(context.Context, server) (sample, error)) {
		t := task{point: Point{Name: fmt.Sprintf("echo/%s=%d", group, x), Group: group, X: x, Main: main},
			each: time.Duration((z.seconds*1.25 + .2 + extra) * float64(time.Second))}
		for _, s := range l.servers {
			if all || !z.few || slices.Contains(few, s.name) {
				t.contenders = append(t.contenders, contender{s.name, func(ctx context.Context) (sample, error) { return run(ctx, s) }})
			}
		}
		tasks = append(tasks, t)
	}
	echo := func(group string, x int, how shape) {
		add(group, x, metricCPU, group == "connections" && x == base, float64(how.busy+how.idle)*40e-6, func(ctx context.Context, s server) (sample, error) { return l.run(ctx, s, how) })
	}
	for _, n := range z.connections {
		echo("connections", n, shape{busy: n, message: baseMessage})
	}
	for _, n := range z.idle {
		echo("idle", n, shape{busy: 10, idle: n, message: baseMessage})
	}
	for _, n := range z.messages {
		echo("message", n, shape{busy: 10, message: n})
	}
	add("rate", 32, metricCPU, true, 0, func(ctx context.Context, s server) (sample, error) {
		return l.run(ctx, s, shape{busy: 32, message: baseMessage, connect: true})
	})
	add("memory", z.memory, metricMemory, true, float64(z.memory)*60e-6-z.seconds, func(ctx context.Context, s server) (sample, error) { return l.memory(ctx, s, z.memory) })
	return tasks
}

// A work is one of the micro-benchmarks.
type work struct {
	name  string
	size  int
	parts float64 // operations of one work: a batch has many datagrams
	fixed bool    // z.mib MiB each time, over new connections
	lacks string  // the contender that lacks it
}

func works(z size) []work {
	all := []work{
		{name: "pingpong", size: 64, parts: 1},
		{name: "sendrecv", size: 64, parts: 1},
		{name: "sendrecv-tcp", size: 64, parts: 1},
		{name: "poller", size: 64, parts: 1, lacks: nameNet},
		{name: "connect", parts: 1},
		{name: "udp", size: 64, parts: 1},
		{name: "gso", size: 50, parts: 50},
		{name: "bulk", parts: 1, fixed: true}, // the speed of bulk data depends on how the windows of a connection have grown
		{name: "sendfile", parts: 1, fixed: true},
		{name: "splice", parts: 1, fixed: true},
	}
	for _, n := range z.batches {
		all = append(all, work{name: "batch", size: n, parts: float64(n)})
	}
	return all
}

func microTasks(all []*micro, z size) (tasks []task) {
	for _, w := range works(z) {
		p := Point{Name: "micro/" + w.name, Group: "micro", X: w.size, Main: metricTime}
		if w.name == "batch" {
			p.Name, p.Group = fmt.Sprintf("micro/batch=%d", w.size), "batch"
		}
		fixed, each := 0, z.micro*1.3
		if w.fixed {
			fixed, each = z.mib, float64(z.mib)*.8e-3
		}
		t := task{point: p, each: time.Duration(each * float64(time.Second))}
		for _, m := range all {
			if m.name != w.lacks {
				size := w.size
				t.contenders = append(t.contenders, contender{m.name, func(ctx context.Context) (sample, error) {
					if w.fixed {
						size++ // size has no meaning there, except that a change reopens the connections
					}
					return m.run(ctx, fmt.Sprint(w.name, " ", size), z.micro, fixed, w.parts)
				}})
			}
		}
		tasks = append(tasks, t)
	}
	return tasks
}

// only keeps the tasks whose name matches.
func only(tasks []task, name *regexp.Regexp) []task {
	return slices.DeleteFunc(tasks, func(t task) bool { return !name.MatchString(t.point.Name) || len(t.contenders) == 0 })
}

func length(tasks []task, rounds int) (sum time.Duration) {
	for _, t := range tasks {
		sum += t.length(rounds)
	}
	return sum
}
