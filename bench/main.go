package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(program(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// program does the work of main. It returns the exit status: 1 after a failure, 2 if the
// command line is wrong.
func program(ctx context.Context, args []string, out, log io.Writer) int {
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.SetOutput(log)
	quick := f.Bool("quick", false, "measure little: about 3 minutes, at most 4")
	full := f.Bool("full", false, "measure much: about 30 minutes, at most 45")
	limit := f.Duration("limit", -1, "measure for so long at most, as 90s or 5m, 0 for any time; else 4, 20 or 45 minutes, by the size of the run")
	which := f.String("only", "", "only the points whose name matches this `regexp`: see -list")
	who := f.String("servers", "", "only the contenders whose name matches this `regexp`; ratios need C and net")
	rounds := f.Int("rounds", 0, "rounds for each point; 0 is 5, 7 or 9, by the size of the run")
	procs := f.Int("procs", 1, "GOMAXPROCS of the Go servers; above 1 neither they nor their load are tied to a core")
	dir := f.String("out", "", "also write report.md, results.json and the pictures to this `folder`")
	from := f.String("from", "", "measure nothing: write the report of a results.json, this `file`")
	list := f.Bool("list", false, "print what would be measured, and measure nothing")
	if err := f.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	wrong := func(format string, args ...any) int {
		fmt.Fprintf(log, "bench: "+format+"\n", args...)
		return 2
	}
	if f.NArg() > 0 {
		return wrong("an argument that is no flag: %s", f.Arg(0))
	}
	if *quick && *full {
		return wrong("-quick or -full, not both")
	}
	if *rounds < 0 {
		return wrong("-rounds %d", *rounds)
	}
	if *limit < 0 && *limit != -1 {
		return wrong("-limit %v", *limit)
	}
	if *procs < 1 {
		return wrong("-procs %d", *procs)
	}
	points, err := regexp.Compile(*which)
	if err != nil {
		return wrong("-only: %v", err)
	}
	names, err := regexp.Compile(*who)
	if err != nil {
		return wrong("-servers: %v", err)
	}
	z := sizes["default"]
	if *quick {
		z = sizes["quick"]
	} else if *full {
		z = sizes["full"]
	}
	if *rounds > 0 {
		z.rounds = *rounds
	}
	if *limit >= 0 {
		z.limit = *limit
	}

	var r *Report
	switch {
	case *from != "":
		r, err = readReport(*from)
	default:
		r, err = measure(ctx, z, points, names, *procs, *list, out, log)
	}
	if r == nil && err == nil { // a list
		return 0
	}
	if err == nil {
		err = r.publish(*dir, out)
	}
	if err != nil {
		fmt.Fprintln(log, "bench:", err)
		return 1
	}
	if len(r.failures()) > 0 {
		return 1
	}
	return 0
}

// A placement assigns cores (-1 is any core) and GOMAXPROCS.
type placement struct{ server, load, procs int }

// placed gives the first core to the servers and the second to the load generator. A
// program that runs alone uses the servers' core.
func placed(cores []int) placement {
	switch len(cores) {
	case 0:
		return placement{-1, -1, 1}
	case 1:
		return placement{cores[0], cores[0], 1}
	}
	return placement{cores[0], cores[1], 1}
}

// spread gives the servers more processors. Then no process is tied to a core.
func (p placement) spread(procs int) placement {
	if procs == 1 {
		return p
	}
	return placement{-1, -1, procs}
}

// env sets GOMAXPROCS of a Go program: 1 by default.
func (p placement) env() []string { return []string{"GOMAXPROCS=" + strconv.Itoa(p.procs)} }

func measure(ctx context.Context, z size, points, names *regexp.Regexp, procs int, list bool, out, log io.Writer) (r *Report, err error) {
	alone := placed(cores()) // placement of the micro-benchmarks
	at := alone.spread(procs)
	r = &Report{Machine: thisMachine(), Versions: map[string]string{}, Settings: settings(z, at, alone)}
	if list {
		l := &load{}
		for _, s := range servers {
			l.servers = append(l.servers, server{name: s.name})
		}
		var m []*micro
		for _, one := range micros {
			m = append(m, &micro{name: one.name})
		}
		tasks := only(slices.Concat(echoTasks(l, z), httpTasks(&web{servers: httpServers}), microTasks(m, z)), points)
		for _, t := range tasks {
			var who []string
			for _, c := range t.contenders {
				who = append(who, c.name)
			}
			fmt.Fprintf(out, "%-26s %3.0f s  %s\n", t.point.Name, t.length(z.rounds).Seconds(), strings.Join(who, ", "))
		}
		fmt.Fprintf(out, "%d rounds, about %v\n", z.rounds, length(tasks, z.rounds).Round(time.Second))
		return nil, nil
	}

	b, err := newBuilder()
	if err != nil {
		return nil, err
	}
	defer b.close()
	fmt.Fprintln(log, "bench: building the programs")
	var tasks []task
	if some(points, func() []task { return echoTasks(&load{servers: []server{{name: nameC}}}, z) }) {
		l, skipped, err := newLoad(ctx, b, names.MatchString, at, z.seconds, r.Versions)
		if err != nil {
			return nil, err
		}
		r.Skipped = append(r.Skipped, skipped...)
		if l != nil {
			tasks = append(tasks, echoTasks(l, z)...)
		}
	}
	if some(points, func() []task { return httpTasks(&web{servers: httpServers}) }) {
		w, skipped, err := newWeb(ctx, b, names.MatchString, at, r.Versions)
		if err != nil {
			return nil, err
		}
		r.Skipped = append(r.Skipped, skipped...)
		if w != nil {
			tasks = append(tasks, httpTasks(w)...)
		}
	}
	if some(points, func() []task { return microTasks([]*micro{{name: nameC}}, z) }) {
		file, err := b.file(min(z.mib, 64))
		if err != nil {
			return nil, err
		}
		m, skipped, err := newMicros(ctx, b, names.MatchString, alone, file, r.Versions)
		for _, one := range m {
			defer one.close()
		}
		if err != nil {
			return nil, err
		}
		r.Skipped = append(r.Skipped, skipped...)
		tasks = append(tasks, microTasks(m, z)...)
	}
	tasks = only(tasks, points)
	for _, s := range r.Skipped {
		fmt.Fprintln(log, "bench: skipped:", s)
	}
	if len(tasks) == 0 {
		return nil, errors.New("nothing to measure: see -list")
	}

	if err := r.run(ctx, tasks, z, log); err != nil {
		return nil, err
	}
	return r, nil
}

// run measures the tasks within the size's limit. It reports the points for which there
// was no time.
func (r *Report) run(ctx context.Context, tasks []task, z size, log io.Writer) error {
	pace := newPace(z.limit, tasks, z.rounds)
	timed := ctx
	if z.limit > 0 {
		var cancel context.CancelFunc
		timed, cancel = context.WithDeadline(ctx, pace.began.Add(z.limit))
		defer cancel()
	}
	show := newProgress(log, tasks, pace)
	defer show.close()
	for _, t := range tasks {
		left := pace.left()
		rounds := pace.begin(t)
		show.begin(t, left)
		var p *Point
		err := context.DeadlineExceeded
		if rounds > 0 {
			p, err = t.run(timed, rounds, show.done)
		}
		switch {
		case ctx.Err() != nil:
			r.Skipped = append(r.Skipped, t.point.Name+" and what would have followed: interrupted")
			if len(r.Points) == 0 {
				return ctx.Err()
			}
			return nil // the samples so far count
		case err != nil && (rounds == 0 || timed.Err() != nil):
			r.Skipped = append(r.Skipped, t.point.Name+": no time for it within "+z.limit.String())
		case err != nil:
			return err
		default:
			if p.rounds < z.rounds {
				r.Skipped = append(r.Skipped, fmt.Sprintf("%s: %d of its %d rounds, for lack of time", t.point.Name, p.rounds, z.rounds))
			}
			r.Points = append(r.Points, p)
		}
	}
	if len(r.Points) == 0 {
		return fmt.Errorf("no point was measured within %v: see -limit", z.limit)
	}
	return nil
}

// some reports whether any of the tasks was requested.
func some(points *regexp.Regexp, tasks func() []task) bool { return len(only(tasks(), points)) > 0 }

func settings(z size, at, alone placement) Settings {
	s := Settings{Size: z.name, Rounds: z.rounds, Seconds: z.seconds, ServerCore: at.server, LoadCore: at.load, GOMAXPROCS: at.procs}
	switch {
	case at.procs > 1:
		s.Rules = append(s.Rules, fmt.Sprintf("GOMAXPROCS=%d for the servers in Go; neither servers nor load are tied to a core; of the event loops only netpoll and nbio have as many, the others are one; micro-benchmarks have GOMAXPROCS=%d", at.procs, alone.procs))
	case at.server < 0:
		s.Rules = append(s.Rules, fmt.Sprintf("%s: no process is tied to a core", runtime.GOOS))
	case at.server == at.load:
		s.Rules = append(s.Rules, "there is one core, and server and load share it")
	default:
		s.Rules = append(s.Rules, fmt.Sprintf("each server alone on core %d, one event loop, GOMAXPROCS=%d; its load on core %d; micro-benchmarks, both of their sides, on core %d", at.server, at.procs, at.load, at.server))
	}
	s.Rules = append(s.Rules,
		"TCP on the loopback, TCP_NODELAY on both sides (evio has no way to set it), no keep-alive, the kernel's buffer sizes, plain TCP",
		"event loops receive into one buffer of 64 KiB; goroutines, gaio's connections too, into one of 4 KiB each, of 64 KiB if messages are longer; netpoll has its own, and C io_uring has 16,384 of 2 KiB, which is why it is slow with long messages",
		"a connection has one message outstanding, and the load compares every byte that comes back",
		"rounds are A B C, B C A, C A B ...; a ratio is of two in the same round; the figure is the median, in brackets the quartiles")
	return s
}

// publish prints the tables, and writes tables, samples and pictures to a folder.
func (r *Report) publish(dir string, out io.Writer) error {
	if dir == "" {
		return r.markdown(out, nil)
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	if err := r.write(filepath.Join(dir, "results.json")); err != nil {
		return err
	}
	pictures, err := r.draw(dir)
	if err != nil {
		return err
	}
	f, err := os.Create(filepath.Join(dir, "report.md"))
	if err != nil {
		return err
	}
	err = r.markdown(io.MultiWriter(out, f), pictures)
	return errors.Join(err, f.Close())
}
