package interop

import (
	"net"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"

	"github.com/berkeleysockets/sock"
)

// packetConn returns a bound datagram socket as a net.PacketConn.
func packetConn(t *testing.T, at string) net.PacketConn {
	t.Helper()
	a, err := sock.ParseAddr(at)
	if err != nil {
		t.Fatal(err)
	}
	s, err := sock.Open(a.Domain(), sock.Dgram, 0)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { s.Close() })
	if err := s.Bind(a); err != nil {
		t.Skip(err)
	}
	if err := s.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return sock.PacketConn(s)
}

// What golang.org/x/net's PacketConns do over ours: options, control messages, batches and
// WriteTo. ReadFrom alone accepts nothing but a *net.UDPConn or *net.IPConn: NetPacketConn makes
// one, and ReadBatch does the same over ours.
func TestXNetPacketConn(t *testing.T) {
	t.Run("IPv4", func(t *testing.T) {
		a, b := packetConn(t, "127.0.0.1:0"), packetConn(t, "127.0.0.1:0")
		p, q := ipv4.NewPacketConn(a), ipv4.NewPacketConn(b)
		if err := p.SetTTL(77); err != nil {
			t.Fatal(err)
		}
		if ttl, err := p.TTL(); ttl != 77 || err != nil {
			t.Fatal(ttl, err)
		}
		if err := q.SetControlMessage(ipv4.FlagTTL|ipv4.FlagDst, true); err != nil {
			t.Fatal(err)
		}
		if _, err := p.WriteTo([]byte("one"), nil, b.LocalAddr()); err != nil {
			t.Fatal(err)
		}
		if n, err := p.WriteBatch([]ipv4.Message{{Buffers: [][]byte{[]byte("two")}, Addr: b.LocalAddr()}}, 0); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		for _, want := range []string{"one", "two"} {
			m := []ipv4.Message{{Buffers: [][]byte{make([]byte, 9)}, OOB: ipv4.NewControlMessage(ipv4.FlagTTL | ipv4.FlagDst)}}
			n, err := q.ReadBatch(m, 0)
			if n != 1 || err != nil {
				t.Fatal(n, err)
			}
			var cm ipv4.ControlMessage
			err = cm.Parse(m[0].OOB[:m[0].NN])
			if got := string(m[0].Buffers[0][:m[0].N]); got != want || cm.TTL != 77 || !cm.Dst.IsLoopback() || m[0].Addr.String() != a.LocalAddr().String() || err != nil {
				t.Errorf("%q from %v, %v, %v", got, m[0].Addr, &cm, err)
			}
		}
		if _, _, _, err := q.ReadFrom(make([]byte, 9)); err == nil || !strings.Contains(err.Error(), "invalid conn type") {
			t.Errorf("ReadFrom: %v: then the documentation of PacketConn says too little", err)
		}
	})
	t.Run("IPv6", func(t *testing.T) {
		a, b := packetConn(t, "[::1]:0"), packetConn(t, "[::1]:0")
		p, q := ipv6.NewPacketConn(a), ipv6.NewPacketConn(b)
		if err := p.SetHopLimit(77); err != nil {
			t.Fatal(err)
		}
		if err := q.SetControlMessage(ipv6.FlagHopLimit, true); err != nil {
			t.Fatal(err)
		}
		if _, err := p.WriteTo([]byte("one"), &ipv6.ControlMessage{TrafficClass: 8}, b.LocalAddr()); err != nil {
			t.Fatal(err)
		}
		m := []ipv6.Message{{Buffers: [][]byte{make([]byte, 9)}, OOB: ipv6.NewControlMessage(ipv6.FlagHopLimit)}}
		n, err := q.ReadBatch(m, 0)
		if n != 1 || err != nil {
			t.Fatal(n, err)
		}
		var cm ipv6.ControlMessage
		if err := cm.Parse(m[0].OOB[:m[0].NN]); err != nil || cm.HopLimit != 77 {
			t.Errorf("%v, %v", &cm, err)
		}
		if _, _, _, err := q.ReadFrom(make([]byte, 9)); err == nil || !strings.Contains(err.Error(), "invalid conn type") {
			t.Errorf("ReadFrom: %v", err)
		}
	})
	t.Run("handed over", func(t *testing.T) {
		a, err := sock.ParseAddr("127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		s, err := sock.Open(sock.Inet, sock.Dgram, 0)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Bind(a); err != nil {
			t.Fatal(err)
		}
		c, err := s.NetPacketConn()
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		p := ipv4.NewPacketConn(c)
		if _, err := p.WriteTo([]byte("x"), nil, c.LocalAddr()); err != nil {
			t.Fatal(err)
		}
		if n, _, from, err := p.ReadFrom(make([]byte, 9)); n != 1 || from.String() != c.LocalAddr().String() || err != nil {
			t.Error(n, from, err)
		}
	})
}
