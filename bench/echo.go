package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// A server is an echo server, one of the contenders.
type server struct {
	name    string
	program string
	own     bool // each connection has its own buffer
}

// A contestant is a server that is not yet built: the folder or the file of its source.
type contestant struct {
	name, source string
	own          bool
}

// servers lists all servers, in the order of the tables.
var servers = []contestant{
	{nameC, "echo.c", false},
	{"C io_uring", "uring.c", false},
	{"sock Poller", "server/sock", false},
	{"sock goroutines", "server/goroutine", true},
	{nameNet, "server/net", true},
	{"gnet", "server/gnet", false},
	{"netpoll", "server/netpoll", false},
	{"nbio", "server/nbio", false},
	{"evio", "server/evio", false},
	{"gaio", "server/gaio", true},
}

// A load is the client of c/load.c and the servers that it loads.
type load struct {
	program          string
	servers          []server
	core, serverCore int
	env              []string
	seconds          float64
}

// newLoad builds the client and the servers. skipped names those that cannot take part, with
// the reason.
func newLoad(ctx context.Context, b *builder, wanted func(name string) bool, at placement, seconds float64, versions map[string]string) (l *load, skipped []string, err error) {
	if runtime.GOOS != "linux" {
		return nil, []string{"echo, memory and rate: the load generator is made of Linux's epoll"}, nil
	}
	l = &load{core: at.load, serverCore: at.server, env: at.env(), seconds: seconds}
	if l.program, err = b.cProgram(ctx, "load.c", "load"); err != nil {
		return nil, []string{"echo, memory and rate: " + err.Error()}, nil
	}
	for _, s := range servers {
		if !wanted(s.name) {
			continue
		}
		var program string
		var err error
		switch filepath.Ext(s.source) {
		case ".c":
			program, err = b.cProgram(ctx, s.source, strings.TrimSuffix(s.source, ".c"), map[string]string{"uring.c": "-luring", "echo.c": "-lpthread"}[s.source])
		default:
			if program, err = b.goProgram(ctx, s.source, filepath.Base(s.source)); err == nil {
				err = addVersions(versions, program)
			}
		}
		if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
		if err != nil {
			skipped = append(skipped, s.name+": "+err.Error())
			continue
		}
		l.servers = append(l.servers, server{s.name, program, s.own})
	}
	return l, skipped, nil
}

// start starts a server with a buffer that fits the messages. An event loop always has one
// of 64 KiB; a goroutine has one of 4 KiB if that is enough.
func (l *load) start(ctx context.Context, s server, message int) (p *process, addr string, err error) {
	var args []string
	if s.own && message <= 4<<10 {
		args = append(args, "-buffer", "4096")
	}
	return startServer(ctx, l.serverCore, l.env, s.program, args...)
}

// startServer starts a program with the address to listen at, and waits until it listens.
func startServer(ctx context.Context, core int, env []string, program string, args ...string) (p *process, addr string, err error) {
	if addr, err = freeAddr(); err != nil {
		return nil, "", err
	}
	if p, err = start(ctx, core, env, nil, nil, program, append([]string{"-addr", addr}, args...)...); err != nil {
		return nil, "", err
	}
	if err := p.listens(ctx, addr); err != nil {
		p.stop()
		return nil, "", err
	}
	return p, addr, nil
}

// A shape describes the work of the clients.
type shape struct {
	busy, idle, message int
	connect             bool // each connection carries one message
}

// run loads a server in its own process.
func (l *load) run(ctx context.Context, s server, how shape) (sample, error) {
	p, addr, err := l.start(ctx, s, how.message)
	if err != nil {
		return sample{}, err
	}
	defer p.stop()
	return l.on(ctx, p, addr, how)
}

func (l *load) on(ctx context.Context, p *process, addr string, how shape) (sample, error) {
	args := []string{"-a", addr, "-P", strconv.Itoa(p.cmd.Process.Pid), "-c", strconv.Itoa(how.busy), "-i", strconv.Itoa(how.idle),
		"-m", strconv.Itoa(how.message), "-t", fmt.Sprint(l.seconds), "-w", fmt.Sprint(l.seconds / 4)}
	if how.connect {
		args = append(args, "-A")
	}
	out, said, err := l.client(ctx, args...)
	if err != nil {
		if why := p.why(); why != nil {
			err = fmt.Errorf("the server ended: %w", why)
		}
		return sample{}, fmt.Errorf("%w: %s", err, said)
	}
	var got struct {
		RPS      float64   `json:"rps"`
		CPU      float64   `json:"cpu_us"`
		P50      float64   `json:"p50"`
		P99      float64   `json:"p99"`
		Requests float64   `json:"requests"`
		Util     float64   `json:"util"`
		Dist     []float64 `json:"dist"`
	}
	if err := json.Unmarshal(out, &got); err != nil {
		return sample{}, fmt.Errorf("%w: %s", err, out)
	}
	if got.Requests == 0 {
		return sample{}, fmt.Errorf("no answer within %v s", l.seconds)
	}
	return sample{map[string]float64{metricCPU: got.CPU, metricRate: got.RPS, metricP50: got.P50, metricP99: got.P99, metricBusy: got.Util}, got.Dist}, nil
}

func (l *load) client(ctx context.Context, args ...string) (out []byte, said string, err error) {
	var o strings.Builder
	p, err := start(ctx, l.core, nil, nil, &o, l.program, args...)
	if err != nil {
		return nil, "", err
	}
	<-p.exited
	if !p.cmd.ProcessState.Success() {
		return nil, strings.TrimSpace(p.said.String()), fmt.Errorf("load: %v", p.cmd.ProcessState)
	}
	return []byte(o.String()), "", nil
}

// memory returns the memory of a server for each of many idle connections that have carried
// one message. The server had other connections before, so its fixed memory is already
// allocated.
func (l *load) memory(ctx context.Context, s server, idle int) (sample, error) {
	p, addr, err := l.start(ctx, s, 64)
	if err != nil {
		return sample{}, err
	}
	defer p.stop()
	warm := *l
	warm.seconds = .1
	if _, err := warm.on(ctx, p, addr, shape{busy: 10, message: 64}); err != nil {
		return sample{}, err
	}
	before, err := p.resident()
	if err != nil {
		return sample{}, err
	}
	c := exec.CommandContext(ctx, l.program, "-a", addr, "-i", strconv.Itoa(idle), "-H", "30")
	out, err := c.StdoutPipe()
	if err != nil {
		return sample{}, err
	}
	in, err := c.StdinPipe()
	if err != nil {
		return sample{}, err
	}
	if err := startOn(c, l.core); err != nil {
		return sample{}, err
	}
	_, err = bufio.NewReader(out).ReadString('\n')
	if err == io.EOF {
		err = fmt.Errorf("%d idle connections were not to be had", idle)
	}
	var after float64
	if err == nil {
		after, err = p.resident()
	}
	in.Close() // this ends the load generator
	c.Wait()
	return sample{metrics: map[string]float64{metricMemory: (after - before) / float64(idle)}}, err
}
