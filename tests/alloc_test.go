//go:build linux || freebsd || darwin || netbsd || openbsd || dragonfly

package sock_test

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"reflect"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/sockopt"
)

// Each buffer here is an array of the function that is measured: one that a
// call forced to the heap would be an allocation too.

const allocRuns = 50

// needRawCalls skips the test if calls go through x/sys, which allocates for them, or if
// it would measure the race detector.
func needRawCalls(t *testing.T) {
	t.Helper()
	switch runtime.GOOS {
	case "darwin", "openbsd":
		t.Skip(runtime.GOOS, " is called through golang.org/x/sys, which allocates")
	}
	if raceDetector {
		t.Skip("the race detector is measured with the rest")
	}
	withoutFinder(t)
}

func allocates(t *testing.T, what string, want float64, f func()) {
	t.Helper()
	if got := testing.AllocsPerRun(allocRuns, f); got != want {
		t.Errorf("%s: %v allocations, want %v", what, got, want)
	}
}

// must and wants are for the functions measured: they format only a failure.
func must(t *testing.T, n int, err error, want int) {
	if err != nil || n != want {
		t.Fatalf("%d, %v, want %d", n, err, want)
	}
}

func wants(t *testing.T, err, want error) {
	if err != want {
		t.Fatalf("error %v, want %v", err, want)
	}
}

func TestAllocStream(t *testing.T) {
	needRawCalls(t)
	for _, network := range streamNetworks {
		t.Run(network, func(t *testing.T) {
			a, b := streams(t, network)
			allocates(t, "Send, Recv", 0, func() {
				var out, in [64]byte
				n, err := a.Send(out[:], 0)
				must(t, n, err, len(out))
				n, err = b.Recv(in[:], 0)
				must(t, n, err, len(out))
			})
			allocates(t, "Write, Read", 0, func() {
				var out, in [64]byte
				n, err := a.Write(out[:])
				must(t, n, err, len(out))
				n, err = b.Read(in[:])
				must(t, n, err, len(out))
			})
			allocates(t, "Recv with WaitAll", 0, func() {
				var out, in [64]byte
				n, err := a.Send(out[:], 0)
				must(t, n, err, len(out))
				n, err = b.Recv(in[:], sock.WaitAll)
				must(t, n, err, len(out))
			})
			allocates(t, "Wait, ready", 0, func() {
				got, err := a.Wait(sock.Writable)
				if err != nil || got != sock.Writable {
					t.Fatal(got, err)
				}
			})
		})
	}
}

func TestAllocLargeTransfer(t *testing.T) {
	needRawCalls(t)
	a, b := streams(t, "pair")
	// Above 64 KiB the calls take another path.
	wantErr(t, sockopt.SendBuffer.Set(a, 200<<10), nil)
	var out, in [100 << 10]byte // captured, but shared by all runs
	allocates(t, "Send, Recv of 100 KiB", 0, func() {
		n, err := a.Send(out[:], 0)
		if err != nil {
			t.Fatal(err)
		}
		for n > 0 {
			m, err := b.Recv(in[:], 0)
			if err != nil {
				t.Fatal(err)
			}
			n -= m
		}
	})
}

func TestAllocVectors(t *testing.T) {
	needRawCalls(t)
	a, b := streams(t, "tcp4")
	allocates(t, "1 buffer", 0, func() {
		var out, in [64]byte
		n, err := a.Writev([][]byte{out[:]})
		must(t, n, err, len(out))
		n, err = b.Readv([][]byte{in[:]})
		must(t, n, err, len(out))
	})
	for _, pieces := range []int{16, 17, 1024} {
		allocates(t, "vectors", 0, func() {
			var out, in [1024]byte
			var outs, ins [1024][]byte
			for i := range pieces {
				outs[i], ins[i] = out[i:i+1], in[i:i+1]
			}
			n, err := a.Writev(outs[:pieces])
			must(t, n, err, pieces)
			n, err = b.Readv(ins[:pieces])
			must(t, n, err, pieces)
		})
	}
}

func TestAllocDatagram(t *testing.T) {
	needRawCalls(t)
	for _, network := range []string{"udp4", "udp6"} {
		t.Run(network, func(t *testing.T) {
			a, from, b, to := datagrams(t, network)
			allocates(t, "SendTo, RecvFrom", 0, func() {
				var out, in [64]byte
				n, err := a.SendTo(out[:], 0, to)
				must(t, n, err, len(out))
				n, who, err := b.RecvFrom(in[:], 0)
				must(t, n, err, len(out))
				if who != from {
					t.Fatal(who)
				}
			})
			allocates(t, "SendMsg, RecvMsg", 0, func() {
				var out, in [64]byte
				m := sock.Message{Bufs: [][]byte{out[:32], out[32:]}, Addr: to}
				n, err := a.SendMsg(&m, 0)
				must(t, n, err, len(out))
				m = sock.Message{Bufs: [][]byte{in[:16], in[16:]}}
				n, err = b.RecvMsg(&m, 0)
				must(t, n, err, len(out))
				if m.Addr != from { // printed, it would take the buffers along to the heap
					t.Fatal("another socket's")
				}
			})
			allocates(t, "SendMsg, RecvMsg of 100 pieces", 0, func() {
				var out, in [100]byte
				var outs, ins [100][]byte
				for i := range out {
					outs[i], ins[i] = out[i:i+1], in[i:i+1]
				}
				m := sock.Message{Bufs: outs[:], Addr: to}
				n, err := a.SendMsg(&m, 0)
				must(t, n, err, len(out))
				m = sock.Message{Bufs: ins[:]}
				n, err = b.RecvMsg(&m, 0)
				must(t, n, err, len(out))
			})
		})
	}
}

// A descriptor is sent beside the data, received, and closed.
func TestAllocControl(t *testing.T) {
	needRawCalls(t)
	a, b := streams(t, "pair")
	var rights []byte
	wantErr(t, a.WithFD(func(fd int) error { rights = unix.UnixRights(fd); return nil }), nil)
	allocates(t, "SendMsg, RecvMsg with control", 0, func() {
		var out, in, control [64]byte
		n := copy(control[:], rights)
		m := sock.Message{Bufs: [][]byte{out[:]}, Control: control[:n]}
		n, err := a.SendMsg(&m, 0)
		must(t, n, err, len(out))
		var got [64]byte
		m = sock.Message{Bufs: [][]byte{in[:]}, Control: got[:]}
		n, err = b.RecvMsg(&m, 0)
		must(t, n, err, len(out))
		if m.NControl < unix.CmsgLen(4) {
			t.Fatal("control of ", m.NControl)
		}
		unix.Close(int(binary.NativeEndian.Uint32(got[unix.CmsgLen(0):])))
	})
}

func TestAllocWouldBlock(t *testing.T) {
	needRawCalls(t)
	for _, network := range streamNetworks {
		t.Run(network, func(t *testing.T) {
			a, b := streams(t, network)
			a.SetNonblock(true)
			b.SetNonblock(true)
			fillBufferFirmly(t, a)
			allocates(t, "sending", 0, func() {
				var p [16 << 10]byte
				_, err := a.Send(p[:], 0)
				wants(t, err, sock.ErrWouldBlock)
				_, err = a.Write(p[:])
				wants(t, err, sock.ErrWouldBlock)
				_, err = a.Writev([][]byte{p[:]})
				wants(t, err, sock.ErrWouldBlock)
				_, err = a.SendTo(p[:], 0, sock.Addr{})
				wants(t, err, sock.ErrWouldBlock)
				m := sock.Message{Bufs: [][]byte{p[:]}}
				_, err = a.SendMsg(&m, 0)
				wants(t, err, sock.ErrWouldBlock)
			})
			allocates(t, "receiving", 0, func() {
				var p, control [64]byte
				_, err := a.Recv(p[:], 0)
				wants(t, err, sock.ErrWouldBlock)
				_, err = a.Read(p[:])
				wants(t, err, sock.ErrWouldBlock)
				_, err = a.Readv([][]byte{p[:]})
				wants(t, err, sock.ErrWouldBlock)
				_, _, err = a.RecvFrom(p[:], 0)
				wants(t, err, sock.ErrWouldBlock)
				m := sock.Message{Bufs: [][]byte{p[:]}, Control: control[:]}
				_, err = a.RecvMsg(&m, 0)
				wants(t, err, sock.ErrWouldBlock)
			})
			a.SetNonblock(false)
			allocates(t, "DontWait", 0, func() {
				var p [64]byte
				_, err := a.Recv(p[:], sock.DontWait)
				wants(t, err, sock.ErrWouldBlock)
			})
		})
	}
	t.Run("accept", func(t *testing.T) {
		l, _ := listening(t, "tcp4")
		l.SetNonblock(true)
		allocates(t, "Accept", 0, func() {
			_, _, err := l.Accept()
			wants(t, err, sock.ErrWouldBlock)
		})
	})
}

func TestAllocInProgress(t *testing.T) {
	needRawCalls(t)
	l, to := listening(t, "tcp4")
	wantErr(t, l.Listen(allocRuns+2), nil)
	var made [allocRuns + 1]*sock.Socket
	n := 0
	// The Socket is the one allocation, as below without Connect.
	if runtime.GOOS != "linux" {
		t.Skip("Connect may succeed at once on the loopback of ", runtime.GOOS, ", and then allocates the peer's address")
	}
	allocates(t, "Open, Connect in progress", 1, func() {
		s, err := sock.Open(sock.Inet, sock.Stream, 0)
		if err != nil {
			t.Fatal(err)
		}
		made[n] = s
		n++
		s.SetNonblock(true)
		wants(t, s.Connect(to), sock.ErrInProgress)
	})
	for _, s := range made {
		wantErr(t, s.Close(), nil)
	}
	allocates(t, "Open, Close", 1, func() {
		s, err := sock.Open(sock.Inet, sock.Stream, 0)
		if err != nil {
			t.Fatal(err)
		}
		wants(t, s.Close(), nil)
	})
}

func TestAllocConnectResultInProgress(t *testing.T) {
	needRawCalls(t)
	if runtime.GOOS != "linux" {
		t.Skip("a full backlog leaves a connection in progress on Linux alone")
	}
	l, to := listening(t, "tcp4")
	wantErr(t, l.Listen(1), nil)
	var s *sock.Socket
	for range 4 { // 1 waits, and 1 more that the kernel allows
		s = open(t, sock.Inet, sock.Stream)
		s.SetNonblock(true)
		wantErr(t, s.Connect(to), sock.ErrInProgress)
	}
	allocates(t, "ConnectResult", 0, func() { wants(t, s.ConnectResult(), sock.ErrInProgress) })
}

func TestAllocNames(t *testing.T) {
	needRawCalls(t)
	for _, network := range present(t, "tcp4", "tcp6") {
		a, _ := streams(t, network)
		allocates(t, "Sockname, Peername", 0, func() {
			if _, err := a.Sockname(); err != nil {
				t.Fatal(err)
			}
			if _, err := a.Peername(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// Each kind of value, set and read.
func TestAllocOptions(t *testing.T) {
	needRawCalls(t)
	a, _ := streams(t, "tcp4")
	u := open(t, sock.Inet, sock.Dgram)
	allocatesNone(t, a, sockopt.TCPNoDelay, true)
	allocatesNone(t, a, sockopt.RecvBuffer, 10000)
	allocatesNone(t, a, sockopt.TCPKeepIdle, time.Minute)
	allocatesNone(t, a, sockopt.Linger, sockopt.LingerValue{On: true, Timeout: time.Second})
	allocatesNone(t, u, sockopt.IPMulticastLoop, true)
	allocatesNone(t, u, sockopt.IPMulticastTTL, 3)
}

func TestAllocOptionValues(t *testing.T) {
	needRawCalls(t)
	a, _ := streams(t, "tcp4")
	u := open(t, sock.Inet, sock.Dgram)
	allocatesNone(t, u, sockopt.IPMulticastIf, netip.AddrFrom4([4]byte{127, 0, 0, 1}))
	if runtime.GOOS != "linux" {
		return
	}
	allocatesNone(t, a, sockopt.TCPUserTimeout, time.Minute)
	allocatesNone(t, a, sockopt.MaxPacingRate, 1<<40)
	allocatesNone(t, a, sockopt.TCPNotSentLowWater, 1000)
	allocatesNone(t, u, sockopt.IPMTUDiscover, sockopt.MTUDiscoverDo)
	allocatesNone(t, u, sockopt.IPUnicastIf, 1)
	allocatesNone(t, u, sockopt.Timestamping, sockopt.TimestampingSoftware)
	allocatesNone(t, u, sockopt.Int(unix.IPPROTO_IP, unix.IP_TOS), 4)
	allocatesNone(t, u, sockopt.Bool(unix.SOL_SOCKET, unix.SO_BROADCAST), true)
	if _, err := sockopt.IPLocalPortRange.Get(u); err == nil {
		allocatesNone(t, u, sockopt.IPLocalPortRange, sockopt.IPLocalPortRangeValue{Low: 40000})
	}
	allocates(t, "TCPInfo.Get", 0, func() {
		if v, err := sockopt.TCPInfo.Get(a); err != nil || v.State != 1 {
			t.Fatal(err)
		}
	})
	allocates(t, "MemInfo.Get", 0, func() {
		if v, err := sockopt.MemInfo.Get(a); err != nil || v.RecvBuffer == 0 {
			t.Fatal(err)
		}
	})
	allocates(t, "Error.Get", 0, func() {
		if v, err := sockopt.Error.Get(a); err != nil || v != nil {
			t.Fatal(v, err)
		}
	})
	if noPrivilege() != nil {
		return
	}
	allocatesNone(t, u, sockopt.TxTime, sockopt.TxTimeValue{Clock: 1})
	if noIPv6() == nil {
		allocatesNone(t, kind(t, "icmp6"), sockopt.ICMP6Filter, sockopt.ICMP6FilterValue{})
	}
	m := kind(t, "mptcp4")
	allocates(t, "MPTCPInfo.Get", 0, func() {
		if _, err := sockopt.MPTCPInfo.Get(m); err != nil {
			t.Fatal(err)
		}
	})
}

func allocatesNone[T any](t *testing.T, s *sock.Socket, o sockopt.Option[T], v T) {
	t.Helper()
	if err := o.Set(s, v); err != nil { // printed here: below it would be measured
		t.Errorf("%v: %v", o, err)
		return
	}
	allocates(t, o.String()+", Set and Get", 0, func() {
		if err := o.Set(s, v); err != nil {
			t.Fatal(err)
		}
		if _, err := o.Get(s); err != nil {
			t.Fatal(err)
		}
	})
}

func TestAllocParked(t *testing.T) {
	needRawCalls(t)
	for _, network := range present(t, streamNetworks...) {
		for _, deadline := range []bool{false, true} {
			a, b := streams(t, network)
			if deadline {
				wantErr(t, a.SetDeadline(time.Now().Add(time.Hour)), nil)
				wantErr(t, b.SetDeadline(time.Now().Add(time.Hour)), nil)
			}
			ended := make(chan bool)
			go func() { answer(b); ended <- true }()
			allocates(t, network+": Send, parked Recv", 0, func() {
				var p [1]byte
				n, err := a.Send(p[:], 0)
				must(t, n, err, 1)
				n, err = a.Recv(p[:], 0)
				must(t, n, err, 1)
			})
			allocates(t, network+": Write, parked Read", 0, func() {
				var p [1]byte
				n, err := a.Write(p[:])
				must(t, n, err, 1)
				n, err = a.Read(p[:])
				must(t, n, err, 1)
			})
			allocates(t, network+": Writev, parked Readv", 0, func() {
				var p [1]byte
				n, err := a.Writev([][]byte{p[:]})
				must(t, n, err, 1)
				n, err = a.Readv([][]byte{p[:]})
				must(t, n, err, 1)
			})
			allocates(t, network+": SendMsg, parked RecvMsg", 0, func() {
				var p, control [64]byte
				m := sock.Message{Bufs: [][]byte{p[:1]}, Control: control[:0]}
				n, err := a.SendMsg(&m, 0)
				must(t, n, err, 1)
				m.Control = control[:]
				n, err = a.RecvMsg(&m, 0)
				must(t, n, err, 1)
			})
			allocates(t, network+": Send, parked Wait", 0, func() {
				var p [1]byte
				n, err := a.Send(p[:], 0)
				must(t, n, err, 1)
				if got, err := a.Wait(sock.Readable); err != nil || got != sock.Readable {
					t.Fatal(got, err)
				}
				n, err = a.Recv(p[:], 0)
				must(t, n, err, 1)
			})
			wantErr(t, a.Close(), nil)
			recvTimeout(t, ended)
		}
	}
}

// A write waits for its reader.
func TestAllocParkedWrite(t *testing.T) {
	needRawCalls(t)
	a, b := streams(t, "pair")
	var out [256 << 10]byte
	total := (allocRuns + 1) * len(out)
	read := make(chan int)
	go func() {
		var in [64 << 10]byte
		n := 0
		for n < total {
			k, err := b.Recv(in[:], 0)
			if err != nil || k == 0 {
				break
			}
			n += k
		}
		read <- n
	}()
	allocates(t, "Write, parked", 0, func() {
		n, err := a.Write(out[:])
		must(t, n, err, len(out))
	})
	if n := recvTimeout(t, read); n != total {
		t.Errorf("%d of %d bytes arrived", n, total)
	}
}

func TestAllocParkedDatagram(t *testing.T) {
	needRawCalls(t)
	a, _, b, to := datagrams(t, "udp4")
	ended := make(chan error)
	go func() {
		var p [64]byte
		for {
			n, from, err := b.RecvFrom(p[:], 0)
			if err != nil {
				ended <- err
				return
			}
			b.SendTo(p[:n], 0, from)
		}
	}()
	allocates(t, "SendTo, parked RecvFrom", 0, func() {
		var p [64]byte
		n, err := a.SendTo(p[:], 0, to)
		must(t, n, err, len(p))
		n, from, err := a.RecvFrom(p[:], 0)
		must(t, n, err, len(p))
		if from != to {
			t.Fatal(from)
		}
	})
	wantErr(t, b.Close(), nil)
	if err := recvTimeout(t, ended); !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
}

// A deadline is moved before each call.
func TestAllocDeadline(t *testing.T) {
	needRawCalls(t)
	a, b := streams(t, "tcp4")
	ended := make(chan bool)
	go func() { answer(b); ended <- true }()
	allocates(t, "SetReadDeadline, parked Recv", 0, func() {
		var p [1]byte
		if err := a.SetReadDeadline(time.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		n, err := a.Send(p[:], 0)
		must(t, n, err, 1)
		n, err = a.Recv(p[:], 0)
		must(t, n, err, 1)
	})
	wantErr(t, a.Close(), nil)
	recvTimeout(t, ended)
}

// Accept allocates the Socket, with its peer's address in one piece.
func TestAllocAccept(t *testing.T) {
	needRawCalls(t)
	for _, network := range []string{"tcp4", "tcp6"} {
		t.Run(network, func(t *testing.T) {
			l, to := listening(t, network)
			wantErr(t, l.Listen(allocRuns+2), nil)
			for range allocRuns + 1 {
				wantErr(t, open(t, to.Domain(), sock.Stream).Connect(to), nil)
			}
			var got [allocRuns + 1]*sock.Socket
			n := 0
			allocates(t, "Accept", 1, func() {
				s, _, err := l.Accept()
				if err != nil {
					t.Fatal(err)
				}
				got[n] = s
				n++
			})
			for _, s := range got {
				wantErr(t, s.Close(), nil)
			}
		})
	}
}

func TestAllocSizes(t *testing.T) {
	t.Parallel()
	addr, socket := reflect.TypeFor[sock.Addr]().Size(), reflect.TypeFor[sock.Socket]().Size()
	t.Logf("Addr %d bytes, Socket %d bytes", addr, socket)
	if addr > 48 || socket > 64 {
		t.Errorf("Addr %d bytes, Socket %d bytes, want at most 48 and 64", addr, socket)
	}
}

// A Batch has its memory; so does what it would have received.
func TestAllocBatch(t *testing.T) {
	needRawCalls(t)
	for _, network := range []string{"udp4", "udp6", "seqpacket"} {
		t.Run(network, func(t *testing.T) {
			a, b, _, to := batchEnds(t, network)
			if network == "seqpacket" && runtime.GOOS != "linux" { // the default of 8 KiB holds 26 packets
				wantErr(t, sockopt.SendBuffer.Set(a, 1<<17), nil)
				wantErr(t, sockopt.RecvBuffer.Set(b, 1<<17), nil)
			}
			out, in := sock.NewBatch(64, 0, 32), sock.NewBatch(64, 200, 64)
			p := make([]byte, 100)
			allocates(t, "SendBatch, RecvBatch of 64", 0, func() {
				for range 64 {
					if out.Add(p, nil, to) != nil {
						t.Fatal("no room")
					}
				}
				for out.Len() > 0 { // an emulator ends the call at a signal
					n, err := a.SendBatch(out, 0)
					wants(t, err, nil)
					out.Drop(n)
				}
				for got, n := 0, 0; got < 64; got += n {
					var err error
					if n, err = b.RecvBatch(in, 0); err != nil {
						t.Fatal(err)
					}
					for i := range n {
						if len(in.At(i)) != len(p) || in.Flags(i)&sock.Trunc != 0 || in.Addr(i).Domain() > 1000 || len(in.Control(i)) > 0 {
							t.Fatal("another message")
						}
					}
				}
			})
			b.SetNonblock(true)
			allocates(t, "RecvBatch that would block", 0, func() {
				n, err := b.RecvBatch(in, 0)
				wants(t, err, sock.ErrWouldBlock)
				must(t, n, nil, 0)
			})
		})
	}
}
