package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// nameHTTP is net/http on sock's listener. On package net's listener it has the name
// nameNet, so that the ratios are to net.
const nameHTTP = "net/http on sock"

// An httpServer is server/http with one of its listeners.
type httpServer struct{ name, listener string }

var httpServers = []httpServer{{nameNet, "net"}, {nameHTTP, "sock"}}

// A web is wrk and the web servers that it loads.
type web struct {
	wrk, program string
	clock        string // c/load.c, which reads a process's CPU time
	servers      []httpServer
	at           placement
}

// newWeb finds wrk and builds the rest. skipped names what is missing.
func newWeb(ctx context.Context, b *builder, wanted func(name string) bool, at placement, versions map[string]string) (w *web, skipped []string, err error) {
	w = &web{at: at}
	for _, s := range httpServers {
		if wanted(s.name) {
			w.servers = append(w.servers, s)
		}
	}
	if len(w.servers) == 0 {
		return nil, nil, nil
	}
	if runtime.GOOS != "linux" {
		return nil, []string{"http: CPU time is read as Linux reports it"}, nil
	}
	if w.wrk, err = exec.LookPath("wrk"); err != nil {
		return nil, []string{"http: no wrk here (Debian: wrk)"}, nil
	}
	if w.clock, err = b.cProgram(ctx, "load.c", "clock"); err == nil {
		w.program, err = b.goProgram(ctx, "server/http", "http")
	}
	if err == nil {
		err = addVersions(versions, w.program)
	}
	if ctx.Err() != nil {
		return nil, nil, ctx.Err()
	}
	if err != nil {
		return nil, []string{"http: " + err.Error()}, nil
	}
	return w, nil, nil
}

// httpTasks returns the task of the web servers. wrk runs for whole seconds.
func httpTasks(w *web) []task {
	t := task{point: Point{Name: fmt.Sprintf("http/connections=%d", base), Group: "http", X: base, Main: metricCPU}, each: 1300 * time.Millisecond}
	for _, s := range w.servers {
		t.contenders = append(t.contenders, contender{s.name, func(ctx context.Context) (sample, error) { return w.run(ctx, s, base) }})
	}
	return []task{t}
}

func (w *web) start(ctx context.Context, s httpServer) (p *process, addr string, err error) {
	return startServer(ctx, w.at.server, w.at.env(), w.program, "-listener", s.listener)
}

// run loads a server for a second, in its own process.
func (w *web) run(ctx context.Context, s httpServer, connections int) (sample, error) {
	p, addr, err := w.start(ctx, s)
	if err != nil {
		return sample{}, err
	}
	defer p.stop()
	before, err := w.cpu(ctx, p)
	if err != nil {
		return sample{}, err
	}
	out, err := output(ctx, w.at.load, w.wrk, "-t1", "-c"+strconv.Itoa(connections), "-d1s", "http://"+addr+"/")
	if err != nil {
		if why := p.why(); why != nil {
			err = fmt.Errorf("the server ended: %w", why)
		}
		return sample{}, err
	}
	requests, rate, err := parseWrk(out)
	if err != nil {
		return sample{}, err
	}
	after, err := w.cpu(ctx, p)
	if err != nil {
		return sample{}, err
	}
	return sample{metrics: map[string]float64{metricCPU: (after - before) / 1e3 / requests, metricRate: rate}}, nil
}

// cpu returns the CPU time of a process in nanoseconds, by the function that also measures
// the echo servers.
func (w *web) cpu(ctx context.Context, p *process) (float64, error) {
	out, err := output(ctx, w.at.load, w.clock, "-C", "-P", strconv.Itoa(p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	return strconv.ParseFloat(strings.TrimSpace(out), 64)
}

// output runs a program and returns its output.
func output(ctx context.Context, core int, program string, args ...string) (string, error) {
	var out strings.Builder
	p, err := start(ctx, core, nil, nil, &out, program, args...)
	if err != nil {
		return "", err
	}
	<-p.exited
	if !p.cmd.ProcessState.Success() {
		return "", fmt.Errorf("%s: %w %s", program, p.why(), strings.TrimSpace(out.String()))
	}
	return out.String(), nil
}

// parseWrk reads the number of answered requests, and of requests per second, from wrk's
// output. If wrk reports an error the figures mean nothing.
func parseWrk(out string) (requests, perSecond float64, err error) {
	for line := range strings.Lines(out) {
		line = strings.TrimSpace(line)
		switch n, ok := strings.CutPrefix(line, "Requests/sec:"); {
		case ok:
			if perSecond, err = strconv.ParseFloat(strings.TrimSpace(n), 64); err != nil {
				return 0, 0, fmt.Errorf("wrk: %w", err)
			}
		case strings.HasPrefix(line, "Socket errors"), strings.HasPrefix(line, "Non-2xx"):
			return 0, 0, errors.New("wrk: " + line)
		case strings.Contains(line, " requests in "):
			n, _, _ := strings.Cut(line, " ")
			if requests, err = strconv.ParseFloat(n, 64); err != nil {
				return 0, 0, fmt.Errorf("wrk: %w", err)
			}
		}
	}
	if requests <= 0 || perSecond <= 0 {
		return 0, 0, fmt.Errorf("wrk: no answer within a second: %s", strings.TrimSpace(out))
	}
	return requests, perSecond, nil
}
