//go:build linux || freebsd || darwin || netbsd || openbsd || dragonfly

package sock_test

import (
	"io"
	"net"
	"testing"

	"github.com/berkeleysockets/sock"
)

// A message of 64 bytes from a goroutine that waits in its own call to one that
// serves a Poller, and back, over TCP; with package net both are goroutines.
func BenchmarkPollerPingPong(b *testing.B) {
	a, z := streams(b, "tcp4")
	noDelay(b, a, z)
	x, y := dialed(b, "tcp4", "127.0.0.1:0")
	p := newPoller(b)
	attend(b, p, z, sock.Readable)
	served := make(chan error, 1)
	go func() { served <- serves(p) }()
	go echoes(y)
	pings := func(c net.Conn) func(n int) {
		return func(n int) {
			var p [64]byte
			for range n {
				if _, err := c.Write(p[:]); err != nil {
					b.Error(err)
				}
				if _, err := io.ReadFull(c, p[:]); err != nil {
					b.Error(err)
				}
			}
		}
	}
	versus(b, pings(a), pings(x))
	wantErr(b, p.Close(), nil)
	wantErr(b, <-served, net.ErrClosed)
}

// serves sends back what comes, level-triggered, until p is closed.
func serves(p *sock.Poller) error {
	events := make([]sock.Event, 64)
	var buf [4096]byte
	for {
		n, err := p.Wait(events, -1)
		if err != nil {
			return err
		}
		for _, e := range events[:n] {
			n, err := e.Socket.Recv(buf[:], 0)
			if err == nil && n > 0 {
				_, err = e.Socket.Send(buf[:n], 0)
			}
			if err != nil && err != sock.ErrWouldBlock {
				return err
			}
		}
	}
}

// A Wake, the Wait that it ends, and the word back through a channel.
func BenchmarkWake(b *testing.B) {
	withoutFinder(b)
	p := newPoller(b)
	woken := make(chan bool)
	served := make(chan error, 1)
	go func() {
		var events [1]sock.Event
		for {
			if _, err := p.Wait(events[:], -1); err != nil {
				served <- err
				return
			}
			woken <- true
		}
	}()
	b.ReportAllocs()
	for b.Loop() {
		if err := p.Wake(); err != nil {
			b.Fatal(err)
		}
		<-woken
	}
	wantErr(b, p.Close(), nil)
	wantErr(b, <-served, net.ErrClosed)
}
