package sock_test

import (
	"net"
	"net/netip"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/berkeleysockets/sock"
)

// set turns an option on by its SyscallConn.
func set(t testing.TB, c syscall.Conn, level, name int) {
	t.Helper()
	rc, err := c.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var failed error
	if err := rc.Control(func(fd uintptr) { failed = syscall.SetsockoptInt(int(fd), level, name, 1) }); err != nil || failed != nil {
		t.Fatal(err, failed)
	}
}

// The control messages that come with a datagram are those that package net
// receives: where it arrived and how many hops it had left.
func TestPacketConnControl(t *testing.T) {
	t.Parallel()
	for network, options := range map[string][3]int{
		"udp4": {syscall.IPPROTO_IP, syscall.IP_PKTINFO, syscall.IP_RECVTTL},
		"udp6": {syscall.IPPROTO_IPV6, syscall.IPV6_RECVPKTINFO, syscall.IPV6_RECVHOPLIMIT},
	} {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			ours, _ := packetConn(t, network)
			others := theirPackets(t, network)
			sender := theirPackets(t, network)
			var got [2][2]string // control messages, flags and all, as text
			for i, c := range []packetUDP{ours, others} {
				set(t, c, options[0], options[1])
				set(t, c, options[0], options[2])
				for range 3 {
					if _, err := sender.WriteToUDPAddrPort([]byte("x"), here(c)); err != nil {
						t.Fatal(err)
					}
				}
				oob := make([]byte, 200)
				n, oobn, flags, from, err := c.ReadMsgUDP(make([]byte, 9), oob)
				if n != 1 || oobn == 0 || flags != 0 || addrPort(from) != here(sender) || err != nil {
					t.Fatalf("%T: %d, %d, %v, %v, %v", c, n, oobn, sock.Flags(flags), from, err)
				}
				if m, err := syscall.ParseSocketControlMessage(oob[:oobn]); len(m) != 2 || err != nil {
					t.Errorf("%T: %d messages, %v", c, len(m), err)
				}
				got[i][0] = string(oob[:oobn])

				n, oobn, flags, ap, err := c.ReadMsgUDPAddrPort(make([]byte, 9), oob)
				if n != 1 || string(oob[:oobn]) != got[i][0] || flags != 0 || ap != here(sender) || err != nil {
					t.Errorf("%T: %d, %d, %v, %v, %v", c, n, oobn, sock.Flags(flags), ap, err)
				}

				// No room for all of them.
				n, oobn, flags, _, err = c.ReadMsgUDP(make([]byte, 9), oob[:20])
				if n != 1 || oobn > 20 || flags != int(sock.CTrunc) || err != nil {
					t.Errorf("%T with little room: %d, %d, %v, %v", c, n, oobn, sock.Flags(flags), err)
				}
				got[i][1] = string(oob[:oobn])
			}
			if got[0] != got[1] {
				t.Errorf("ours %q\ntheirs %q", got[0], got[1])
			}
		})
	}
}

// A control message that is sent does what it does: here it says from which
// address.
func TestPacketConnControlSent(t *testing.T) {
	t.Parallel()
	info := unix.PktInfo4(&unix.Inet4Pktinfo{Spec_dst: [4]byte{127, 0, 0, 2}})
	s, at := open(t, sock.Inet, sock.Dgram), addr(t, "0.0.0.0:0")
	wantErr(t, s.Bind(at), nil)
	ours := packetConnOf(t, s)
	others := theirPacketsAt(t, "udp4", &net.UDPAddr{})
	peer := theirPackets(t, "udp4")
	for _, c := range []packetUDP{ours, others} {
		want := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.2"), here(c).Port())
		for name, write := range map[string]func() (n, oobn int, err error){
			"WriteMsgUDP": func() (n, oobn int, err error) {
				return c.WriteMsgUDP([]byte("x"), info, net.UDPAddrFromAddrPort(here(peer)))
			},
			"WriteMsgUDPAddrPort": func() (n, oobn int, err error) { return c.WriteMsgUDPAddrPort([]byte("x"), info, here(peer)) },
		} {
			if n, oobn, err := write(); n != 1 || oobn != len(info) || err != nil {
				t.Errorf("%T %s = %d, %d, %v", c, name, n, oobn, err)
				continue
			}
			if _, from, err := peer.ReadFromUDPAddrPort(make([]byte, 9)); from != want || err != nil {
				t.Errorf("%T %s: from %v, %v, want %v", c, name, from, err, want)
			}
		}
		// One that means nothing.
		n, oobn, err := c.WriteMsgUDP([]byte("x"), []byte("nonsense that is no control message"), net.UDPAddrFromAddrPort(here(peer)))
		if n != 0 || oobn != 0 {
			t.Errorf("%T: %d, %d", c, n, oobn)
		}
		wantErr(t, err, syscall.EINVAL)
	}
}

// Abstract names, which package net writes with an @, and one that the kernel
// chose.
func TestPacketConnAbstract(t *testing.T) {
	t.Parallel()
	unique := "@" + path(t)
	others := theirUnix(t, unique+"net")
	at, err := sock.AbstractAddr(unique[1:] + "ours")
	if err != nil {
		t.Fatal(err)
	}
	named, chosen := open(t, sock.Unix, sock.Dgram), open(t, sock.Unix, sock.Dgram)
	wantErr(t, named.Bind(at), nil)
	wantErr(t, chosen.Bind(addr(t, "unix:")), nil)
	ours := packetConnOf(t, named)
	if a := ours.LocalAddr().String(); a != unique+"ours" {
		t.Errorf("LocalAddr = %s", a)
	}
	unixTalk(t, ours, others)
	unixTalk(t, packetConnOf(t, chosen), others)
	unixTalk(t, packetConnOf(t, chosen), ours)
}
