package main

import (
	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/bench/internal/twin"
	"github.com/berkeleysockets/sock/cmsg"
	"github.com/berkeleysockets/sock/sockopt"
)

// datagrams opens a socket that sends to another. Neither waits.
func datagrams(size int) (*pair, sock.Addr, error) {
	a, _, err := loopback(sock.Dgram)
	if err != nil {
		return nil, sock.Addr{}, err
	}
	b, to, err := loopback(sock.Dgram)
	if err != nil {
		return nil, to, err
	}
	if err := sockopt.RecvBuffer.Set(b, 4<<20); err != nil {
		return nil, to, err
	}
	if err := sockopt.SendBuffer.Set(a, 4<<20); err != nil {
		return nil, to, err
	}
	return (&pair{a, b, twin.Filled(size), twin.Filled(64 << 10)}).nonblock(), to, nil
}

// An udp sends datagrams one by one.
type udp struct {
	*pair
	to sock.Addr
}

func openUDP(size int) (twin.Job, error) {
	p, to, err := datagrams(size)
	return udp{p, to}, err
}

func (u udp) Do(n int) error {
	for range n {
		if _, err := u.a.SendTo(u.p, 0, u.to); err != nil {
			return err
		}
		k, _, err := u.b.RecvFrom(u.q, 0)
		for err == sock.ErrWouldBlock {
			k, _, err = u.b.RecvFrom(u.q, 0)
		}
		if err != nil || k != len(u.p) {
			return short("recvfrom", k, err)
		}
	}
	return nil
}

// A batch sends many with one call.
type batch struct {
	udp
	size    int
	out, in *sock.Batch
}

func openBatch(size int) (twin.Job, error) {
	p, to, err := datagrams(twin.Small)
	return &batch{udp{p, to}, size, sock.NewBatch(size, 0, 0), sock.NewBatch(size, 2048, 0)}, err
}

func (b *batch) Do(n int) error {
	for range n {
		for range b.size {
			if err := b.out.Add(b.p, nil, b.to); err != nil {
				return err
			}
		}
		for b.out.Len() > 0 {
			k, err := b.a.SendBatch(b.out, 0)
			if err != nil {
				return err
			}
			b.out.Drop(k)
		}
		for got := 0; got < b.size; {
			k, err := b.b.RecvBatch(b.in, 0)
			if err != nil && err != sock.ErrWouldBlock {
				return err
			}
			got += k
		}
	}
	return nil
}

// A gso sends many datagrams with one call, which the kernel cuts, and receives them joined.
type gso struct {
	*pair
	out, in sock.Message
}

func openGSO(size int) (twin.Job, error) {
	p, to, err := datagrams(size * twin.Segment)
	if err != nil {
		return nil, err
	}
	return &gso{p,
		sock.Message{Bufs: [][]byte{p.p}, Control: cmsg.AppendSegmentSize(nil, twin.Segment), Addr: to},
		sock.Message{Bufs: [][]byte{p.q}, Control: make([]byte, 64)},
	}, sockopt.UDPGRO.Set(p.b, true)
}

func (g *gso) Do(n int) error {
	control := g.in.Control
	for range n {
		if _, err := g.a.SendMsg(&g.out, 0); err != nil {
			return err
		}
		for got := 0; got < len(g.p); {
			g.in.Control = control
			k, err := g.b.RecvMsg(&g.in, 0)
			if err != nil && err != sock.ErrWouldBlock {
				return err
			}
			got += k
		}
	}
	return nil
}
