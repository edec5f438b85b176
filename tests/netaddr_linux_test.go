package sock_test

import (
	"fmt"
	"testing"

	"github.com/berkeleysockets/sock"
)

// Families that package net does not have are reported by their C name and our text,
// and can be written to.
func TestNetAddrNetlink(t *testing.T) {
	t.Parallel()
	const userSock = 2 // NETLINK_USERSOCK, between processes
	var all [2]*sock.Socket
	for i := range all {
		s, err := sock.Open(sock.Netlink, sock.Dgram, userSock)
		if err != nil {
			t.Skip("no netlink between processes: ", err)
		}
		all[i] = closed(t, s)
		if a := s.LocalAddr(); a.Network() != "AF_NETLINK" || a.String() != "netlink:0:0" || s.RemoteAddr() == nil {
			// Its peer is the kernel from the start.
			t.Errorf("%s %s, %v", a.Network(), a, s.RemoteAddr())
		}
		wantErr(t, s.Bind(sock.NetlinkAddr(0, 0)), nil)
		name, err := s.Sockname()
		if err != nil {
			t.Fatal(err)
		}
		if a := s.LocalAddr(); a.Network() != "AF_NETLINK" || a.String() != name.String() {
			t.Errorf("%s %s, want %s", a.Network(), a, name)
		}
	}
	x, y := sock.PacketConn(all[0]), sock.PacketConn(all[1])
	if _, err := x.WriteTo([]byte("hello"), y.LocalAddr()); err != nil {
		t.Fatal(err)
	}
	p := make([]byte, 20)
	n, from, err := y.ReadFrom(p)
	if string(p[:n]) != "hello" || fmt.Sprint(from) != fmt.Sprint(x.LocalAddr()) || from != x.LocalAddr() || err != nil {
		t.Errorf("%q from %v, %v, want from %v", p[:n], from, err, x.LocalAddr())
	}
	wantErr(t, x.Close(), nil)
	if a := all[0].LocalAddr(); a.Network() != "AF_NETLINK" || a.String() != "" {
		t.Errorf("after Close: %s %q", a.Network(), a)
	}
	if x.LocalAddr() != from {
		t.Errorf("after Close the PacketConn's is %v", x.LocalAddr())
	}
}

func TestNetAddrPacket(t *testing.T) {
	t.Parallel()
	s, err := sock.Open(sock.Packet, sock.Dgram, 0)
	if err != nil {
		t.Skip("packet sockets need a privilege: ", err)
	}
	closed(t, s)
	_, index := loopbackInterface(t)
	at, err := sock.PacketAddr(0x88b5, index, nil) // an EtherType for experiments
	if err != nil {
		t.Fatal(err)
	}
	wantErr(t, s.Bind(at), nil)
	want := fmt.Sprintf("packet:%d:%d:", 0x88b5, index)
	if a := s.LocalAddr(); a.Network() != "AF_PACKET" || a.String()[:len(want)] != want {
		t.Errorf("%s %s, want %s", a.Network(), a, want)
	}
	if a := s.RemoteAddr(); a != nil {
		t.Errorf("RemoteAddr = %v", a)
	}
}
