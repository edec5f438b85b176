package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"runtime"
	"strings"
)

// A micro is one side of the micro-benchmarks: a process that reads one work a line, does it
// and prints the time it took.
type micro struct {
	name  string
	start func(in, out *os.File) (*process, error)
	p     *process       // nil before the first work, and after a failed one
	n     map[string]int // repetitions of each work in a round, once known

	in, out *os.File
	answers *bufio.Reader
}

var micros = []struct{ name, source string }{
	{nameC, "micro.c"},
	{"sock", "micro/sock"},
	{nameNet, "micro/net"},
}

// newMicros builds all sides. They run on the servers' core.
func newMicros(ctx context.Context, b *builder, wanted func(string) bool, at placement, file string, versions map[string]string) (all []*micro, skipped []string, err error) {
	for _, m := range micros {
		if !wanted(m.name) {
			continue
		}
		var program string
		if strings.HasSuffix(m.source, ".c") {
			if runtime.GOOS != "linux" {
				skipped = append(skipped, "micro in C: it is made of Linux's calls")
				continue
			}
			program, err = b.cProgram(ctx, m.source, "micro-c", "-lpthread")
		} else {
			program, err = b.goProgram(ctx, m.source, strings.ReplaceAll(m.source, "/", "-"))
			if err == nil {
				err = addVersions(versions, program)
			}
		}
		if err != nil {
			skipped = append(skipped, "micro of "+m.name+": "+err.Error())
			continue
		}
		one := &micro{name: m.name, n: map[string]int{}}
		one.start = func(in, out *os.File) (*process, error) {
			return start(ctx, at.server, append(at.env(), "BENCH_FILE="+file), in, out, program)
		}
		all = append(all, one)
	}
	return all, skipped, nil
}

func (m *micro) close() {
	if m.p == nil {
		return
	}
	m.p.stop()
	m.in.Close()
	m.out.Close()
	m.p = nil
}

// times holds the time of a work in nanoseconds, and its allocations.
type times struct{ wall, cpu, allocated float64 }

// ask has the process do a work n times. The end of the context ends the process.
func (m *micro) ask(ctx context.Context, work string, n int) (t times, err error) {
	if err := ctx.Err(); err != nil {
		return t, err
	}
	if m.p == nil {
		if err := m.begin(); err != nil {
			return t, err
		}
	}
	process := m.p.cmd.Process
	defer context.AfterFunc(ctx, func() { process.Kill() })()
	_, err = fmt.Fprintln(m.in, work, n)
	var line string
	if err == nil {
		line, err = m.answers.ReadString('\n')
	}
	if err != nil {
		<-m.p.exited
		err = m.p.why()
		m.close()
		return t, err
	}
	if k, err := fmt.Sscan(line, &t.wall, &t.cpu, &t.allocated); k < 2 { // C does not count allocations
		return t, err
	}
	return t, nil
}

func (m *micro) begin() error {
	in, w, err := os.Pipe()
	if err != nil {
		return err
	}
	defer in.Close()
	r, out, err := os.Pipe()
	if err != nil {
		return errors.Join(err, w.Close())
	}
	defer out.Close() // the end of the process is the end of the stream
	p, err := m.start(in, out)
	if err != nil {
		return errors.Join(err, w.Close(), r.Close())
	}
	m.p, m.in, m.out, m.answers = p, w, r, bufio.NewReader(r)
	return nil
}

// run does a work for about the given seconds, or fixed times if fixed is not 0. A work
// consists of operations: a batch has many.
func (m *micro) run(ctx context.Context, work string, seconds float64, fixed int, parts float64) (sample, error) {
	n := m.n[work]
	if n == 0 {
		var err error
		if n, err = m.enough(ctx, work, seconds, fixed); err != nil {
			return sample{}, err
		}
		m.n[work] = n
	}
	t, err := m.ask(ctx, work, n)
	if err != nil {
		return sample{}, err
	}
	ops := float64(n) * parts
	return sample{metrics: map[string]float64{
		metricTime:      t.cpu / ops,
		metricWall:      t.wall / ops,
		metricPerSecond: ops / t.cpu * 1e9,
		metricAllocs:    math.Round(t.allocated / ops),
	}}, nil
}

// enough finds the number of repetitions that takes the given time. The search also warms
// the work up.
func (m *micro) enough(ctx context.Context, work string, seconds float64, fixed int) (int, error) {
	if fixed > 0 {
		_, err := m.ask(ctx, work, max(1, fixed/8)) // a new connection is slow at first
		return fixed, err
	}
	for n := 20; ; {
		t, err := m.ask(ctx, work, n)
		if err != nil {
			return 0, err
		}
		want := float64(n) * seconds * 1e9 / max(t.cpu, 1)
		if t.cpu > seconds*1e9/4 {
			return int(want), nil
		}
		n = int(min(want, float64(n)*20)) + 1
	}
}
