package sock_test

import (
	"bytes"
	"errors"
	"net/netip"
	"os"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/sockopt"
)

// What TCP does beyond a stream: each thing shown to do what it is for.

const (
	optSYNData = 32 // TCPI_OPT_SYN_DATA in TCPInfoValue.Options
)

// Data in the first packet, once the server has given its cookie: from both sides, by
// SendTo with FastOpen and by TCPFastOpenConnect.
func TestTCPFastOpen(t *testing.T) {
	if t.Parallel(); !alone(t) {
		return
	}
	wantErr(t, interfaceUp(1, nil), nil)
	if err := os.WriteFile("/proc/sys/net/ipv4/tcp_fastopen", []byte("3"), 0); err != nil { // as client and as server
		t.Skip("fast open cannot be turned on: ", err)
	}
	l, to := bound(t, "tcp4", sock.Stream)
	wantErr(t, l.Listen(5), nil)
	wantErr(t, sockopt.TCPFastOpen.Set(l, 5), nil)
	for i, how := range []string{"SendTo", "SendTo", "TCPFastOpenConnect"} {
		c := open(t, sock.Inet, sock.Stream)
		if how == "SendTo" {
			if i == 0 { // nothing is known of the server yet
				x := open(t, sock.Inet, sock.Stream)
				x.SetNonblock(true)
				if n, err := x.SendTo([]byte("x"), sock.FastOpen, to); n != 0 || err != sock.ErrInProgress {
					t.Errorf("non-blocking: %d, %v", n, err)
				}
				x.Close()
				if s, _, err := l.Accept(); err == nil {
					s.Close()
				}
				wantErr(t, os.WriteFile("/proc/sys/net/ipv4/tcp_fastopen_key", []byte("00000001-00000002-00000003-00000004"), 0), nil) // and forgotten
			}
			n, err := c.SendTo([]byte("in the SYN"), sock.FastOpen, to)
			if n != 10 || err != nil {
				t.Fatal(i, n, err)
			}
		} else {
			wantErr(t, sockopt.TCPFastOpenConnect.Set(c, true), nil)
			wantErr(t, c.Connect(to), nil) // at once: nothing has been sent
			send(t, c, "in the SYN")
		}
		s, _, err := l.Accept()
		wantErr(t, err, nil)
		closed(t, s)
		recv(t, s, 99, 0, "in the SYN")
		for _, end := range []*sock.Socket{c, s} {
			v, err := sockopt.TCPInfo.Get(end)
			if want := i > 0; err != nil || (v.Options&optSYNData != 0) != want { // the first fetches the cookie
				t.Errorf("%s, connection %d: options %b, %v, want data in the SYN: %v", how, i, v.Options, err, want)
			}
		}
	}
}

// A connection is accepted when data has arrived.
func TestTCPDeferAccept(t *testing.T) {
	t.Parallel()
	l, to := listening(t, "tcp4")
	wantErr(t, sockopt.TCPDeferAccept.Set(l, 30*time.Second), nil)
	c := open(t, sock.Inet, sock.Stream)
	wantErr(t, c.Connect(to), nil)
	l.SetNonblock(true)
	if _, _, err := l.Accept(); err != sock.ErrWouldBlock {
		t.Fatalf("accepted with no data: %v", err)
	}
	send(t, c, "now")
	l.SetNonblock(false)
	s, _, err := l.Accept()
	wantErr(t, err, nil)
	closed(t, s)
	if n, err := s.Recv(make([]byte, 9), sock.DontWait); n != 3 || err != nil { // it is there already
		t.Error(n, err)
	}
}

// twoHosts are a namespace of the test's and another, joined by a pair of interfaces; cut
// takes the link down.
func twoHosts(t testing.TB) (there namespace, here, far string, cut func()) {
	wantErr(t, interfaceUp(1, nil), nil)
	there = newNamespace(t)
	veth(t, 10, []netip.Prefix{netip.MustParsePrefix("10.9.0.1/24")}, there, []netip.Prefix{netip.MustParsePrefix("10.9.0.2/24")})
	return there, "10.9.0.1", "10.9.0.2", func() {
		leave := there.enter(t)
		defer leave()
		const change = unix.IFF_UP
		m := ifinfomsg(11, 0)
		m[12] |= change & 0xff // down is no flag, and the change of one
		wantErr(t, rtnetlink(unix.RTM_NEWLINK, 0, m), nil)
	}
}

// farListener listens on the other host.
func farListener(t testing.TB, there namespace, far string, p sock.Protocol) (*sock.Socket, sock.Addr) {
	t.Helper()
	defer there.enter(t)()
	l, err := sock.Open(sock.Inet, sock.Stream, p)
	wantErr(t, err, nil)
	closed(t, l)
	wantErr(t, l.Bind(addr(t, far+":0")), nil)
	wantErr(t, l.Listen(5), nil)
	at, err := l.Sockname()
	wantErr(t, err, nil)
	return l, at
}

func meet(t testing.TB, l *sock.Socket, to sock.Addr, p sock.Protocol) (client, server *sock.Socket) {
	t.Helper()
	c, err := sock.Open(sock.Inet, sock.Stream, p)
	wantErr(t, err, nil)
	closed(t, c)
	wantErr(t, c.Connect(to), nil)
	s, _, err := l.Accept()
	wantErr(t, err, nil)
	return c, closed(t, s)
}

// Multipath TCP between two hosts, and what is left of it where one knows TCP alone.
func TestTCPMultipath(t *testing.T) {
	if t.Parallel(); !alone(t) {
		return
	}
	there, _, far, _ := twoHosts(t)
	if s, err := sock.Open(sock.Inet, sock.Stream, sock.MPTCP); err != nil {
		t.Skip("no Multipath TCP: ", err)
	} else {
		s.Close()
	}
	for _, c := range []struct {
		server sock.Protocol
		want   bool
	}{{sock.MPTCP, true}, {sock.TCP, false}} {
		l, to := farListener(t, there, far, c.server)
		a, b := meet(t, l, to, sock.MPTCP)
		p := content(1 << 20)
		got := collects(b)
		if n, err := a.Write(p); n != len(p) || err != nil {
			t.Fatal(n, err)
		}
		holds(t, sockopt.TCPIsMPTCP, a, c.want)
		if c.want {
			v, err := sockopt.MPTCPInfo.Get(a)
			if err != nil || v.Token == 0 || v.BytesSent == 0 {
				t.Errorf("%+v, %v", v, err)
			}
			if a.Protocol() != sock.MPTCP || b.Protocol() != sock.MPTCP {
				t.Error(a.Protocol(), b.Protocol())
			}
		}
		wantErr(t, a.CloseWrite(), nil)
		same(t, recvTimeout(t, got), p)
	}
}

// A vanished peer is detected: by keep-alive probes while idle, and by data without an
// acknowledgement.
func TestTCPVanished(t *testing.T) {
	if t.Parallel(); !alone(t) {
		return
	}
	there, _, far, cut := twoHosts(t)
	l, to := farListener(t, there, far, sock.TCP)
	idle, _ := meet(t, l, to, sock.TCP)
	wantErr(t, sockopt.TCPKeepIdle.Set(idle, time.Second), nil)
	wantErr(t, sockopt.TCPKeepInterval.Set(idle, time.Second), nil)
	wantErr(t, sockopt.TCPKeepCount.Set(idle, 1), nil)
	wantErr(t, sockopt.KeepAlive.Set(idle, true), nil)
	busy, _ := meet(t, l, to, sock.TCP)
	wantErr(t, sockopt.TCPUserTimeout.Set(busy, 700*time.Millisecond), nil)
	cut()
	start := time.Now()
	send(t, busy, "anybody?")
	for name, s := range map[string]*sock.Socket{"TCPUserTimeout": busy, "KeepAlive": idle} {
		wantErr(t, s.SetReadDeadline(start.Add(30*time.Second)), nil)
		_, err := s.Recv(make([]byte, 1), 0)
		if !isAny(err, syscall.ETIMEDOUT, syscall.EHOSTUNREACH) {
			t.Errorf("%s: %v after %v", name, err, time.Since(start))
		}
	}
}

// A writer with a low-water mark for unsent bytes becomes writable later.
func TestTCPNotSentLowWater(t *testing.T) {
	t.Parallel()
	fill := func(low uint32) int {
		a, _ := streams(t, "tcp4")
		wantErr(t, sockopt.SendBuffer.Set(a, 1<<20), nil)
		if low > 0 {
			wantErr(t, sockopt.TCPNotSentLowWater.Set(a, low), nil)
		}
		a.SetNonblock(true)
		p := make([]byte, 4096)
		for {
			_, err := a.Send(p, 0)
			if err == sock.ErrWouldBlock {
				v, err := sockopt.TCPInfo.Get(a)
				wantErr(t, err, nil)
				return int(v.NotSentBytes)
			}
			wantErr(t, err, nil)

		}
	}
	without, with := fill(0), fill(8192)
	if without < 5*with {
		t.Errorf("%d bytes lie unsent with 8192 set, %d without", with, without)
	}
}

// The congestion control by its name; what is not there is an error.
func TestTCPCongestionByName(t *testing.T) {
	t.Parallel()
	a, b := streams(t, "tcp4")
	for _, name := range []string{"reno", "cubic"} {
		t.Run(name, func(t *testing.T) {
			err := sockopt.TCPCongestion.Set(a, name)
			needPrivilege(t, err, "a congestion control that is not in net.ipv4.tcp_allowed_congestion_control")
			if name != "reno" && errors.Is(err, syscall.ENOENT) {
				t.Skip("the kernel has not loaded its module, and only does so for a process with CAP_NET_ADMIN: ", err)
			}
			wantErr(t, err, nil)
			holds(t, sockopt.TCPCongestion, a, name)
			p := content(300_000)
			got := make(chan []byte, 1)
			go func() {
				q := make([]byte, len(p))
				n := 0
				for n < len(q) {
					k, err := b.Read(q[n:])
					if err != nil {
						break
					}
					n += k
				}
				got <- q
			}()
			if n, err := a.Write(p); n != len(p) || err != nil {
				t.Fatal(n, err)
			}
			if !bytes.Equal(recvTimeout(t, got), p) {
				t.Error("other bytes")
			}
		})
	}
	wantErr(t, sockopt.TCPCongestion.Set(a, "nonesuch"), syscall.ENOENT)
}
