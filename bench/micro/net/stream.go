package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"

	"github.com/berkeleysockets/sock/bench/internal/twin"
)

func connected(network, address string, size int) (*twin.Pair, error) {
	l, err := listen(network, address)
	if err != nil {
		return nil, err
	}
	defer l.Close()
	a, err := net.Dial(network, l.Addr().String())
	if err != nil {
		return nil, err
	}
	b, err := l.Accept()
	return &twin.Pair{A: a, B: b, P: twin.Filled(size), Q: twin.Filled(size)}, err
}

// listen opens a listener of plain TCP without keep-alive, like the others.
func listen(network, address string) (net.Listener, error) {
	var config net.ListenConfig
	config.SetMultipathTCP(false)
	config.KeepAlive = -1
	return config.Listen(context.Background(), network, address)
}

func tcp(size int) (*twin.Pair, error) { return connected("tcp4", "127.0.0.1:0", size) }

// A sendrecv never waits.
type sendrecv struct{ *twin.Pair }

func openPair(size int) (twin.Job, error) {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	p, err := connected("unix", filepath.Join(dir, "s"), size)
	return sendrecv{p}, err
}

func openTCP(size int) (twin.Job, error) {
	p, err := tcp(size)
	return sendrecv{p}, err
}

func (p sendrecv) Do(n int) error {
	for range n {
		if _, err := p.A.Write(p.P); err != nil {
			return err
		}
		if k, err := p.B.Read(p.Q); err != nil || k < len(p.Q) {
			return short("read", k, err)
		}
	}
	return nil
}

func short(what string, n int, err error) error { return fmt.Errorf("%s: %d bytes: %w", what, n, err) }

// A connect makes connections, both sides of each, and resets them.
type connect struct {
	l    net.Listener
	dial net.Dialer
	at   *net.TCPAddr
}

func openConnect(int) (twin.Job, error) {
	l, err := listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	return &connect{l, net.Dialer{KeepAlive: -1}, l.Addr().(*net.TCPAddr)}, nil
}

func (c *connect) Close() error { return c.l.Close() }

func (c *connect) Do(n int) error {
	for range n {
		a, err := c.dial.DialTCP(context.Background(), "tcp4", netip.AddrPort{}, c.at.AddrPort())
		if err != nil {
			return err
		}
		b, err := c.l.Accept()
		if err != nil {
			return err
		}
		if err := errors.Join(a.SetLinger(0), a.Close(), b.Close()); err != nil {
			return err
		}
	}
	return nil
}
