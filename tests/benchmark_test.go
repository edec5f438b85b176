package sock_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/sockopt"
)

// Each benchmark does the same work with Sockets and with package net, in turns,
// for the machine is rarely as fast now as it was a moment ago:
//
//	go test -run '^$' -bench .
//
// prints the time of one operation on either side, and the ratio: the median of
// the rounds, and the quartiles beside it. Below 1 we are faster.
//
// As in any server there is somebody who waits for a connection meanwhile. While
// nobody waits Go does not look at its poller, and package net, whose descriptors
// are all in it, is then faster than in a program (SendRecv: a quarter).
const rounds = 21

func versus(b *testing.B, ours, others func(n int)) {
	b.Helper()
	withoutFinder(b)
	l := netListening(b, "tcp4", "127.0.0.1:0")
	defer l.Close()
	go l.Accept()
	n := max(1, b.N/rounds)
	ours(n) // caches and buffers grow on the first
	others(n)
	var us, them, ratio []float64
	b.ResetTimer()
	for range min(b.N, rounds) {
		o, t := elapsed(ours, n), elapsed(others, n)
		us, them, ratio = append(us, o), append(them, t), append(ratio, o/t)
	}
	b.StopTimer()
	b.ReportMetric(0, "ns/op") // it would be of both together
	b.ReportMetric(quantile(us, 2), "sock-ns/op")
	b.ReportMetric(quantile(them, 2), "net-ns/op")
	b.ReportMetric(quantile(ratio, 1), "ratio-q1")
	b.ReportMetric(quantile(ratio, 2), "ratio")
	b.ReportMetric(quantile(ratio, 3), "ratio-q3")
}

// elapsed is what one of n operations took, in nanoseconds.
func elapsed(f func(n int), n int) float64 {
	start := time.Now()
	f(n)
	return float64(time.Since(start)) / float64(n)
}

// quantile returns the first, second or third quartile.
func quantile(v []float64, quarter int) float64 {
	v = slices.Sorted(slices.Values(v))
	return v[len(v)*quarter/4]
}

// dialed is the two ends of a connection of package net's, not of Multipath TCP,
// which net.Listen asks for.
func dialed(b *testing.B, network, address string) (x, y net.Conn) {
	b.Helper()
	l := netListening(b, network, address)
	defer l.Close()
	x, err := net.Dial(network, l.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	y, err = l.Accept()
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { x.Close(); y.Close() })
	return x, y
}

func netListening(b *testing.B, network, address string) net.Listener {
	b.Helper()
	var c net.ListenConfig
	c.SetMultipathTCP(false)
	l, err := c.Listen(b.Context(), network, address)
	if err != nil {
		b.Fatal(err)
	}
	return l
}

// noDelay sets what package net sets.
func noDelay(b *testing.B, all ...*sock.Socket) {
	for _, s := range all {
		wantErr(b, sockopt.TCPNoDelay.Set(s, true), nil)
	}
}

// A message of 64 bytes to another goroutine and back, over TCP; both ends wait.
func BenchmarkPingPong(b *testing.B) {
	a, z := streams(b, "tcp4")
	noDelay(b, a, z)
	x, y := dialed(b, "tcp4", "127.0.0.1:0")
	go echoes(z)
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
}

func echoes(c net.Conn) {
	var p [64]byte
	for {
		n, err := c.Read(p[:])
		if err != nil {
			return
		}
		if _, err := c.Write(p[:n]); err != nil {
			return
		}
	}
}

// 64 bytes through a unix socket, none of whose ends has to wait.
func BenchmarkSendRecv(b *testing.B) {
	a, z := streams(b, "pair")
	a.SetNonblock(true)
	z.SetNonblock(true)
	x, y := dialed(b, "unix", path(b))
	versus(b, func(n int) {
		var p [64]byte
		for range n {
			if _, err := a.Send(p[:], 0); err != nil {
				b.Error(err)
			}
			if _, err := z.Recv(p[:], 0); err != nil {
				b.Error(err)
			}
		}
	}, func(n int) {
		var p [64]byte
		for range n {
			if _, err := x.Write(p[:]); err != nil {
				b.Error(err)
			}
			if _, err := y.Read(p[:]); err != nil {
				b.Error(err)
			}
		}
	})
}

// A datagram of 64 bytes, with addresses, on the loopback.
func BenchmarkSendToRecvFrom(b *testing.B) {
	a, _, z, to := datagrams(b, "udp4")
	at := net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0"))
	x, err := net.ListenUDP("udp4", at)
	if err != nil {
		b.Fatal(err)
	}
	defer x.Close()
	y, err := net.ListenUDP("udp4", at)
	if err != nil {
		b.Fatal(err)
	}
	defer y.Close()
	netTo := y.LocalAddr().(*net.UDPAddr).AddrPort()
	versus(b, func(n int) {
		var p [64]byte
		for range n {
			if _, err := a.SendTo(p[:], 0, to); err != nil {
				b.Error(err)
			}
			if _, _, err := z.RecvFrom(p[:], 0); err != nil {
				b.Error(err)
			}
		}
	}, func(n int) {
		var p [64]byte
		for range n {
			if _, err := x.WriteToUDPAddrPort(p[:], netTo); err != nil {
				b.Error(err)
			}
			if _, _, err := y.ReadFromUDPAddrPort(p[:]); err != nil {
				b.Error(err)
			}
		}
	})
}

// 64 datagrams of 64 bytes, with addresses: in two calls, and one by one.
func BenchmarkBatch(b *testing.B) {
	a, _, z, to := datagrams(b, "udp4")
	wantErr(b, sockopt.RecvBuffer.Set(z, 1<<20), nil)
	at := net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0"))
	x, err := net.ListenUDP("udp4", at)
	if err != nil {
		b.Fatal(err)
	}
	defer x.Close()
	y, err := net.ListenUDP("udp4", at)
	if err != nil {
		b.Fatal(err)
	}
	defer y.Close()
	wantErr(b, y.SetReadBuffer(1<<20), nil)
	netTo := y.LocalAddr().(*net.UDPAddr).AddrPort()
	const many = 64
	out, in := sock.NewBatch(many, 0, 0), sock.NewBatch(many, 2048, 0)
	versus(b, func(n int) {
		p := make([]byte, 64)
		for range n {
			for range many {
				if err := out.Add(p, nil, to); err != nil {
					b.Error(err)
				}
			}
			for out.Len() > 0 {
				k, err := a.SendBatch(out, 0)
				if err != nil {
					b.Fatal(err)
				}
				out.Drop(k)
			}
			for got := 0; got < many; {
				k, err := z.RecvBatch(in, 0)
				if err != nil {
					b.Fatal(err)
				}
				got += k
			}
		}
	}, func(n int) {
		var p [2048]byte
		for range n {
			for range many {
				if _, err := x.WriteToUDPAddrPort(p[:64], netTo); err != nil {
					b.Error(err)
				}
			}
			for range many {
				if _, _, err := y.ReadFromUDPAddrPort(p[:]); err != nil {
					b.Error(err)
				}
			}
		}
	})
}

// A connection from its beginning to its end, both sides of it. It ends with a
// reset, so that none is left in TIME-WAIT.
func BenchmarkConnect(b *testing.B) {
	l, to := listening(b, "tcp4")
	nl := netListening(b, "tcp4", "127.0.0.1:0")
	defer nl.Close()
	netTo := nl.Addr().(*net.TCPAddr)
	versus(b, func(n int) {
		for range n {
			s, err := sock.Open(sock.Inet, sock.Stream, 0)
			if err == nil {
				err = s.Connect(to)
			}
			if err != nil {
				b.Fatal(err)
			}
			c, _, err := l.Accept()
			if err != nil {
				b.Fatal(err)
			}
			wantErr(b, sockopt.Linger.Set(s, sockopt.LingerValue{On: true}), nil)
			wantErr(b, s.Close(), nil)
			wantErr(b, c.Close(), nil)
		}
	}, func(n int) {
		for range n {
			s, err := net.DialTCP("tcp4", nil, netTo)
			if err != nil {
				b.Fatal(err)
			}
			c, err := nl.Accept()
			if err != nil {
				b.Fatal(err)
			}
			wantErr(b, s.SetLinger(0), nil)
			wantErr(b, s.Close(), nil)
			wantErr(b, c.Close(), nil)
		}
	})
}

// Requests to net/http, which serves 16 connections that are kept alive. The
// clients are the same for both, and do as little as they can.
func BenchmarkHTTP(b *testing.B) {
	l, to := listening(b, "tcp4")
	noDelay(b, l)
	nl := netListening(b, "tcp4", "127.0.0.1:0")
	asks := func(l net.Listener, address string) func(n int) {
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") })}
		go server.Serve(l)
		b.Cleanup(func() { server.Close() })
		var clients []*bufio.ReadWriter
		for range 16 {
			c, err := net.Dial("tcp4", address)
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { c.Close() })
			clients = append(clients, bufio.NewReadWriter(bufio.NewReader(c), bufio.NewWriter(c)))
		}
		return func(n int) {
			var group sync.WaitGroup
			for _, c := range clients {
				group.Go(func() { ask(b, c, max(1, n/len(clients))) })
			}
			group.Wait()
		}
	}
	versus(b, asks(sock.Listener(l), to.String()), asks(nl, nl.Addr().String()))
}

func ask(b *testing.B, c *bufio.ReadWriter, n int) {
	for range n {
		c.WriteString("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
		if err := c.Flush(); err != nil {
			b.Error(err)
			return
		}
		for { // the head of the answer, and its 5 bytes
			line, err := c.ReadSlice('\n')
			if err != nil {
				b.Error(err)
				return
			}
			if len(line) == 2 {
				break
			}
		}
		if _, err := c.Discard(5); err != nil {
			b.Error(err)
			return
		}
	}
}
