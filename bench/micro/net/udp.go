package main

import (
	"net"
	"net/netip"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/bench/internal/twin"
	"github.com/berkeleysockets/sock/cmsg"
	"github.com/berkeleysockets/sock/sockopt"
)

// An udp sends datagrams one by one.
type udp struct {
	a, b *net.UDPConn
	to   netip.AddrPort
	p, q []byte
}

func (u *udp) Close() error { return twin.CloseAll(u.a, u.b) }

func datagrams(size int) (*udp, error) {
	at := net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0"))
	a, err := net.ListenUDP("udp4", at)
	if err != nil {
		return nil, err
	}
	b, err := net.ListenUDP("udp4", at)
	if err != nil {
		return nil, err
	}
	if err := b.SetReadBuffer(4 << 20); err != nil {
		return nil, err
	}
	if err := a.SetWriteBuffer(4 << 20); err != nil {
		return nil, err
	}
	return &udp{a, b, b.LocalAddr().(*net.UDPAddr).AddrPort(), twin.Filled(size), twin.Filled(64 << 10)}, nil
}

func openUDP(size int) (twin.Job, error) {
	u, err := datagrams(size)
	return u, err
}

func (u *udp) Do(n int) error {
	for range n {
		if _, err := u.a.WriteToUDPAddrPort(u.p, u.to); err != nil {
			return err
		}
		if k, _, err := u.b.ReadFromUDPAddrPort(u.q); err != nil || k != len(u.p) {
			return short("read", k, err)
		}
	}
	return nil
}

// A batch sends many datagrams in a row, because package net has no call for a batch.
type batch struct {
	*udp
	size int
}

func openBatch(size int) (twin.Job, error) {
	u, err := datagrams(twin.Small)
	return batch{u, size}, err
}

func (b batch) Do(n int) error {
	for range n {
		for range b.size {
			if _, err := b.a.WriteToUDPAddrPort(b.p, b.to); err != nil {
				return err
			}
		}
		for range b.size {
			if _, _, err := b.b.ReadFromUDPAddrPort(b.q); err != nil {
				return err
			}
		}
	}
	return nil
}

// A gso passes the control message as bytes, which sock has made once.
type gso struct {
	*udp
	control, room []byte
}

func openGSO(size int) (twin.Job, error) {
	u, err := datagrams(size * twin.Segment)
	if err != nil {
		return nil, err
	}
	s, err := sock.FromConn(u.b)
	if err != nil {
		return nil, err
	}
	if err := sockopt.UDPGRO.Set(s, true); err != nil {
		return nil, err
	}
	return &gso{u, cmsg.AppendSegmentSize(nil, twin.Segment), make([]byte, 64)}, s.Close()
}

func (g *gso) Do(n int) error {
	for range n {
		if _, _, err := g.a.WriteMsgUDPAddrPort(g.p, g.control, g.to); err != nil {
			return err
		}
		for got := 0; got < len(g.p); {
			k, _, _, _, err := g.b.ReadMsgUDPAddrPort(g.q, g.room)
			if err != nil {
				return err
			}
			got += k
		}
	}
	return nil
}
