package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"time"
)

// A process is a program that runs on its core until it is stopped.
type process struct {
	cmd    *exec.Cmd
	said   bytes.Buffer // its standard error
	exited chan struct{}
}

func start(ctx context.Context, core int, env []string, stdin io.Reader, stdout io.Writer, program string, args ...string) (*process, error) {
	p := &process{cmd: exec.CommandContext(ctx, program, args...), exited: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = stdin, stdout, &p.said
	p.cmd.WaitDelay = time.Second
	if err := startOn(p.cmd, core); err != nil {
		return nil, err
	}
	go func() { p.cmd.Wait(); close(p.exited) }()
	return p, nil
}

func (p *process) stop() {
	p.cmd.Process.Kill() // it may have ended by itself
	<-p.exited
}

// why returns the error with which it ended, if it has ended.
func (p *process) why() error {
	select {
	case <-p.exited:
		last := strings.TrimSpace(p.said.String())
		if i := strings.LastIndexByte(last, '\n'); i >= 0 {
			last = last[i+1:]
		}
		return fmt.Errorf("%v: %s", p.cmd.ProcessState, last)
	default:
		return nil
	}
}

// freeAddr returns an address of the loopback that no socket was bound to a moment ago.
func freeAddr() (string, error) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// listens waits until a server accepts at an address.
func (p *process) listens(ctx context.Context, addr string) error {
	for end := time.Now().Add(10 * time.Second); ; {
		c, err := net.Dial("tcp4", addr)
		if err == nil {
			return c.Close()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-p.exited:
			return p.why()
		case <-time.After(10 * time.Millisecond):
		}
		if time.Now().After(end) {
			return errors.Join(errors.New("it does not listen"), err)
		}
	}
}

// resident returns the resident memory of a process, in bytes.
func (p *process) resident() (float64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	var kib float64
	_, rest, ok := strings.Cut(string(b), "VmRSS:")
	if ok {
		_, err = fmt.Sscan(rest, &kib)
	} else {
		err = errors.New("no VmRSS in /proc")
	}
	return kib * 1024, err
}
