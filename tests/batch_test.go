package sock_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/berkeleysockets/sock"
)

// batchEnds returns two ends of a kind, and the address to send to: zero if they are
// connected.
func batchEnds(t testing.TB, network string) (a, b *sock.Socket, from, to sock.Addr) {
	t.Helper()
	switch network {
	case "seqpacket":
		a, b, err := sock.Pair(sock.Unix, sock.SeqPacket, 0)
		if err != nil {
			t.Skip("no sequence of packets here: ", err)
		}
		return closed(t, a), closed(t, b), sock.Addr{}, sock.Addr{}
	case "pair":
		a, b, err := sock.Pair(sock.Unix, sock.Dgram, 0)
		if err != nil {
			t.Fatal(err)
		}
		return closed(t, a), closed(t, b), sock.Addr{}, sock.Addr{}
	case "udp6":
		needIPv6(t)
	}
	a, from, b, to = datagrams(t, network)
	return a, b, from, to
}

var batchNetworks = []string{"udp4", "udp6", "unix", "pair", "seqpacket"}

func adds(t testing.TB, b *sock.Batch, to sock.Addr, messages ...string) {
	t.Helper()
	for _, m := range messages {
		if err := b.Add([]byte(m), nil, to); err != nil {
			t.Fatal(err)
		}
	}
}

// sendAll sends all messages of a batch, with as many calls as it takes.
func sendAll(t testing.TB, s *sock.Socket, b *sock.Batch) {
	t.Helper()
	for b.Len() > 0 {
		n, err := s.SendBatch(b, 0)
		if err != nil {
			t.Fatal(err)
		}
		b.Drop(n)
	}
}

// receives expects messages, in order, from an address.
func receives(t testing.TB, s *sock.Socket, b *sock.Batch, from sock.Addr, want ...string) {
	t.Helper()
	for len(want) > 0 {
		n, err := s.RecvBatch(b, 0)
		if err != nil || n == 0 || n > len(want) || b.Len() != n {
			t.Fatalf("%d messages of %d, %v", n, len(want), err)
		}
		for i := range n {
			if got := string(b.At(i)); got != want[i] || b.Addr(i) != from || b.Flags(i)&^sock.EOR != 0 || len(b.Control(i)) != 0 {
				t.Errorf("message %d: %.20q from %v, %v, %x, want %.20q from %v", i, got, b.Addr(i), b.Flags(i), b.Control(i), want[i], from)
			}
		}
		want = want[n:]
	}
}

func TestBatch(t *testing.T) {
	t.Parallel()
	for _, network := range batchNetworks {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			a, b, from, to := batchEnds(t, network)
			out, in := sock.NewBatch(10, 0, 0), sock.NewBatch(7, 2000, 64)
			if out.Cap() != 10 || out.Len() != 0 || in.Cap() != 7 {
				t.Error(out.Cap(), out.Len(), in.Cap())
			}
			want := []string{"one", "", "three", string(make([]byte, 1500)), "five", "6", "7", "8", "9"}
			if network == "seqpacket" {
				want[1] = "two" // an empty one would be an end
			}
			adds(t, out, to, want...)
			for i, w := range want {
				if string(out.At(i)) != w || out.Addr(i) != to || out.Flags(i) != 0 || len(out.Control(i)) != 0 {
					t.Errorf("to send %d: %.20q to %v", i, out.At(i), out.Addr(i))
				}
			}
			n, err := a.SendBatch(out, 0)
			if n != len(want) || err != nil || out.Len() != len(want) {
				t.Fatalf("%d of %d sent, %v", n, len(want), err)
			}
			receives(t, b, in, from, want...)
			if n, err := b.RecvBatch(in, sock.DontWait); n != 0 || err != sock.ErrWouldBlock || in.Len() != 0 {
				t.Error(n, err, in.Len())
			}

			// Sent messages stay in the batch until they are dropped, and can be sent
			// again.
			out.Drop(7)
			sendAll(t, a, out)
			receives(t, b, in, from, want[7:]...)

			// No message, no call.
			if n, err := a.SendBatch(out, 0); n != 0 || err != nil {
				t.Error(n, err)
			}
			for _, i := range []int{-1, 0, 1, math.MaxInt, math.MinInt} {
				if out.At(i) != nil || out.Addr(i).IsValid() || out.Control(i) != nil || out.Flags(i) != 0 {
					t.Errorf("message %d of none: %q, %v", i, out.At(i), out.Addr(i))
				}
			}
		})
	}
}

// A received batch is sent back to its senders, message by message.
func TestBatchEcho(t *testing.T) {
	t.Parallel()
	for _, network := range datagramNetworks {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			a, aName, b, bName := datagrams(t, network)
			c, cName := bound(t, network, sock.Dgram)
			batch := sock.NewBatch(8, 100, 64)
			for i := range 6 {
				s := []*sock.Socket{a, c}[i%2]
				if _, err := s.SendTo(fmt.Append(nil, "number ", i), 0, bName); err != nil {
					t.Fatal(err)
				}
			}
			for n := 0; n < 6; {
				k, err := b.RecvBatch(batch, 0)
				if err != nil {
					t.Fatal(err)
				}
				for i := range k {
					if want := []sock.Addr{aName, cName}[(n+i)%2]; batch.Addr(i) != want {
						t.Errorf("message %d is of %v, want %v", n+i, batch.Addr(i), want)
					}
				}
				n += k
				sendAll(t, b, batch)
			}
			for i := range 6 {
				p := make([]byte, 100)
				n, from, err := []*sock.Socket{a, c}[i%2].RecvFrom(p, 0)
				if want := fmt.Sprint("number ", i); string(p[:n]) != want || from != bName || err != nil {
					t.Errorf("%q from %v, %v, want %q", p[:n], from, err, want)
				}
			}
		})
	}
}

// After Add and Drop in any order the batch holds what a slice would hold.
func TestBatchModel(t *testing.T) {
	t.Parallel()
	type message struct {
		p, control string
		to         sock.Addr
	}
	long, err := sock.UnixAddr("/a/path/that/does/not/fit/into/the/room/of/an/address")
	if err != nil {
		t.Fatal(err)
	}
	tos := []sock.Addr{{}, addr(t, "127.0.0.1:9"), addr(t, "[fe80::1%3]:80"), long}
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 1))
		size := 1 + r.IntN(9)
		b := sock.NewBatch(size, r.IntN(3), 20)
		var want []message
		for range 60 {
			switch r.IntN(10) {
			case 0:
				b.Reset()
				want = nil
			case 1, 2, 3:
				n := r.IntN(size + 1)
				b.Drop(n)
				want = want[min(n, len(want)):]
			case 4:
				b.Drop(-n(r))
			default:
				m := message{fmt.Sprint(r.Uint32()), string(make([]byte, r.IntN(21))), tos[r.IntN(len(tos))]}
				err := b.Add([]byte(m.p), []byte(m.control), m.to)
				if len(want) == size {
					wantErr(t, err, syscall.ENOBUFS)
					break
				}
				wantErr(t, err, nil)
				want = append(want, m)
			}
			var got []message
			for i := range b.Len() {
				got = append(got, message{string(b.At(i)), string(b.Control(i)), b.Addr(i)})
			}
			if !slices.Equal(got, want) {
				t.Fatalf("seed %d: %v, want %v", seed, got, want)
			}
		}
	}
}

func n(r *rand.Rand) int { return int(r.Int32()) }

func TestBatchMisuse(t *testing.T) {
	t.Parallel()
	a, _, b, to := datagrams(t, "udp4")
	full := sock.NewBatch(2, 10, 16)
	adds(t, full, to, "x", "y")
	wantErr(t, full.Add(nil, nil, to), syscall.ENOBUFS)
	full.Drop(1)
	wantErr(t, full.Add(nil, make([]byte, 17), to), syscall.EMSGSIZE)
	if full.Len() != 1 {
		t.Error("a refused message is there")
	}
	for name, c := range map[string]struct {
		b    *sock.Batch
		want error
	}{
		"nil":          {nil, syscall.EINVAL},
		"zero":         {new(sock.Batch), syscall.EINVAL},
		"no messages":  {sock.NewBatch(0, 10, 10), syscall.EINVAL},
		"negative":     {sock.NewBatch(-1, -1, -1), syscall.EINVAL},
		"send only":    {sock.NewBatch(1, 0, 0), syscall.EINVAL},
		"huge":         {sock.NewBatch(2, math.MaxInt, 0), syscall.ENOMEM},
		"huge control": {sock.NewBatch(1, 1, math.MaxInt), syscall.ENOMEM},
	} {
		n, err := b.RecvBatch(c.b, sock.DontWait)
		if n != 0 || !errors.Is(err, c.want) {
			t.Errorf("%s: received %d, %v", name, n, err)
		}
		if c.b == nil || c.want == syscall.ENOMEM {
			_, err = a.SendBatch(c.b, 0)
			wantErr(t, err, c.want)
		}
		if c.b == nil {
			continue
		}
		if c.want == syscall.ENOMEM {
			wantErr(t, c.b.Add(nil, nil, to), syscall.ENOMEM)
		}
		c.b.Drop(9)
		c.b.Reset()
	}
	if got := sock.NewBatch(5000, 1, 1).Cap(); got != 1024 {
		t.Errorf("room for %d messages", got)
	}
	for _, flags := range []sock.Flags{-1, math.MinInt32} {
		_, err := a.SendBatch(full, flags)
		wantErr(t, err, errors.ErrUnsupported)
		_, err = a.RecvBatch(full, flags)
		wantErr(t, err, errors.ErrUnsupported)
	}
}

// An error in the middle: the messages before it are sent, and the next call returns the
// error. After Drop the rest is sent.
func TestBatchErrorBehind(t *testing.T) {
	t.Parallel()
	a, b, from, to := batchEnds(t, "udp4")
	out, in := sock.NewBatch(8, 0, 0), sock.NewBatch(8, 100, 0)
	adds(t, out, to, "a", "b")
	if err := out.Add(make([]byte, 1<<17), nil, to); err != nil {
		t.Fatal(err)
	}
	adds(t, out, to, "d")
	six := addr(t, "[::1]:9")
	adds(t, out, six, "e")
	adds(t, out, to, "f")
	for i, c := range []struct {
		sent int
		addr sock.Addr
		err  []error
	}{
		{2, sock.Addr{}, nil},
		{0, to, []error{syscall.EMSGSIZE}},
		{1, sock.Addr{}, nil},
		{0, six, onLinux(syscall.EAFNOSUPPORT, syscall.EAFNOSUPPORT, syscall.EINVAL)},
		{1, sock.Addr{}, nil},
	} {
		n, err := a.SendBatch(out, 0)
		if n != c.sent {
			t.Fatalf("call %d sent %d, %v", i, n, err)
		}
		if c.err == nil {
			wantErr(t, err, nil)
			out.Drop(n)
			continue
		}
		wrong(t, err, "sendmmsg", c.addr, c.err...)
		_, again := a.SendBatch(out, 0) // it stays
		wrong(t, again, "sendmmsg", c.addr, c.err...)
		out.Drop(1)
	}
	receives(t, b, in, from, "a", "b", "d", "f")
}

// With a full receiver fewer messages are sent, and none is lost.
func TestBatchShort(t *testing.T) {
	t.Parallel()
	for _, network := range []string{"pair", "seqpacket"} {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			a, b, _, _ := batchEnds(t, network)
			out, in := sock.NewBatch(100, 0, 0), sock.NewBatch(33, 1000, 0)
			a.SetNonblock(true)
			b.SetNonblock(true)
			const total = 3000
			shorts, blocks, added, got := 0, 0, 0, 0
			for got < total {
				for out.Len() < out.Cap() && added < total {
					adds(t, out, sock.Addr{}, fmt.Sprintf("%d%*d", added, 600, added))
					added++
				}
				n, err := a.SendBatch(out, 0)
				if n < out.Len() {
					shorts++
				}
				out.Drop(n)
				if err == nil && n > 0 {
					continue
				}
				if err != nil && err != sock.ErrWouldBlock && !errors.Is(err, syscall.ENOBUFS) {
					t.Fatal(err)
				}
				blocks++
				for {
					n, err := b.RecvBatch(in, 0)
					if err == sock.ErrWouldBlock {
						break
					}
					if err != nil {
						t.Fatal(err)
					}
					for i := range n {
						if want := fmt.Sprintf("%d%*d", got, 600, got); string(in.At(i)) != want {
							t.Fatalf("message %d is %.10q", got, in.At(i))
						}
						got++
					}
				}
			}
			if shorts == 0 || blocks == 0 {
				t.Errorf("never full: %d short, %d blocked", shorts, blocks)
			}
		})
	}
}

// In blocking mode a sender waits for room, and a receiver for the first
// message alone.
func TestBatchWaits(t *testing.T) {
	t.Parallel()
	for _, network := range []string{"pair", "seqpacket"} {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			if network == "pair" && runtime.GOOS != "linux" {
				t.Skip("a full receiver is ENOBUFS on ", runtime.GOOS, ", and the sender is Writable")
			}
			a, b, _, _ := batchEnds(t, network)
			const total = 2000
			sent := goBlocked(t, func() error {
				out := sock.NewBatch(64, 0, 0)
				for i := range total {
					if err := out.Add(fmt.Appendf(nil, "%900d", i), nil, sock.Addr{}); err != nil {
						return err
					}
					for out.Len() == out.Cap() || out.Len() > 0 && i == total-1 {
						n, err := a.SendBatch(out, 0)
						if err != nil && !(runtime.GOOS != "linux" && errors.Is(err, syscall.ENOBUFS)) {
							return err
						}
						out.Drop(n)
					}
				}
				return nil
			})
			in := sock.NewBatch(10, 1000, 0)
			for got := 0; got < total; {
				n, err := b.RecvBatch(in, 0)
				if err != nil || n == 0 {
					t.Fatal(n, err)
				}
				for i := range n {
					if want := fmt.Sprintf("%900d", got); string(in.At(i)) != want {
						t.Fatalf("message %d is %q", got, bytes.TrimSpace(in.At(i)))
					}
					got++
				}
			}
			wantErr(t, recvTimeout(t, sent), nil)
		})
	}
}

func TestBatchDeadline(t *testing.T) {
	t.Parallel()
	a, b, _, _ := batchEnds(t, "udp4")
	in := sock.NewBatch(4, 10, 0)
	wantErr(t, b.SetReadDeadline(time.Now().Add(20*time.Millisecond)), nil)
	n, err := b.RecvBatch(in, 0)
	if n != 0 {
		t.Error(n)
	}
	wrong(t, err, "recvmmsg", sock.Addr{}, os.ErrDeadlineExceeded)
	wantErr(t, a.SetWriteDeadline(time.Unix(1, 0)), nil)
	out := sock.NewBatch(1, 0, 0)
	_, err = a.SendBatch(out, 0)
	wantErr(t, err, os.ErrDeadlineExceeded)
	adds(t, out, addr(t, "127.0.0.1:9"), "x")
	_, err = a.SendBatch(out, 0)
	wantErr(t, err, os.ErrDeadlineExceeded)
}

func TestBatchClose(t *testing.T) {
	t.Parallel()
	_, b, _, _ := batchEnds(t, "udp4")
	in := sock.NewBatch(4, 10, 0)
	ended := goBlocked(t, func() error { _, err := b.RecvBatch(in, 0); return err })
	wantErr(t, b.Close(), nil)
	wrong(t, recvTimeout(t, ended), "recvmmsg", sock.Addr{}, net.ErrClosed)
	for range 2 {
		_, err := b.RecvBatch(in, 0)
		wantErr(t, err, net.ErrClosed)
		_, err = b.SendBatch(in, 0)
		wantErr(t, err, net.ErrClosed)
	}
}

// A stream takes a part of a message: the next call sends the rest first, and no byte is
// lost or sent twice.
func TestBatchStream(t *testing.T) {
	t.Parallel()
	for _, network := range streamNetworks {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			a, b := streams(t, network)
			a.SetNonblock(true)
			const pieces, size = 60, 50000
			received := make(chan []byte, 1)
			go func() {
				p, _ := io.ReadAll(b)
				received <- p
			}()
			var want []byte
			out := sock.NewBatch(8, 0, 0)
			for i := 0; i < pieces || out.Len() > 0; {
				for ; i < pieces && out.Len() < out.Cap(); i++ {
					p := bytes.Repeat([]byte{byte(i)}, size)
					p[0], p[size-1] = 'A', 'Z'
					want = append(want, p...)
					wantErr(t, out.Add(p, nil, sock.Addr{}), nil)
				}
				n, err := a.SendBatch(out, 0)
				if err == sock.ErrWouldBlock {
					if _, err = a.Wait(sock.Writable); err == nil {
						continue
					}
				}
				if err != nil {
					t.Fatal(err)
				}
				out.Drop(n)
			}
			wantErr(t, a.CloseWrite(), nil)
			if got := recvTimeout(t, received); !bytes.Equal(got, want) {
				t.Errorf("%d bytes of %d, or others", len(got), len(want))
			}
		})
	}
}

// At the end of a connection a batch is of empty messages, and no error.
func TestBatchEnd(t *testing.T) {
	t.Parallel()
	a, b := streams(t, "tcp4")
	if _, err := a.Send([]byte("last"), 0); err != nil {
		t.Fatal(err)
	}
	wantErr(t, a.CloseWrite(), nil)
	if _, err := b.Wait(sock.ReadClosed); err != nil {
		t.Fatal(err)
	}
	in := sock.NewBatch(3, 10, 0)
	n, err := b.RecvBatch(in, 0)
	if err != nil || n == 0 || string(in.At(0)) != "last" {
		t.Fatalf("%d, %v, %q", n, err, in.At(0))
	}
	n, err = b.RecvBatch(in, 0)
	if err != nil || n == 0 || len(in.At(0)) != 0 {
		t.Errorf("%d, %v, %q at the end", n, err, in.At(0))
	}
}

// A message that does not fit is cut and marked; the next message is whole.
func TestBatchTrunc(t *testing.T) {
	t.Parallel()
	a, b, from, to := batchEnds(t, "udp4")
	out, in := sock.NewBatch(3, 0, 0), sock.NewBatch(3, 4, 0)
	adds(t, out, to, "abcd", "abcdefgh", "ijkl")
	sendAll(t, a, out)
	want := []string{"abcd", "abcd", "ijkl"}
	for got := 0; got < 3; {
		n, err := b.RecvBatch(in, 0)
		if err != nil {
			t.Fatal(err)
		}
		for i := range n {
			cut := in.Flags(i)&sock.Trunc != 0
			if string(in.At(i)) != want[got] || cut != (got == 1) || in.Addr(i) != from {
				t.Errorf("message %d: %q, %v", got, in.At(i), in.Flags(i))
			}
			got++
		}
	}
	// The flag Trunc asks for the true length, of which there is no more to see.
	if runtime.GOOS == "linux" {
		adds(t, out, to, "abcdefgh")
		sendAll(t, a, out)
		if n, err := b.RecvBatch(in, sock.Trunc); n != 1 || err != nil || string(in.At(0)) != "abcd" || in.Flags(0)&sock.Trunc == 0 {
			t.Errorf("%d, %v, %q, %v", n, err, in.At(0), in.Flags(0))
		}
	}
}

// A pending error comes before the messages, and once.
func TestBatchPendingError(t *testing.T) {
	t.Parallel()
	s := repulsed(t, "udp4")
	in, out := sock.NewBatch(2, 10, 0), sock.NewBatch(2, 0, 0)
	_, err := s.RecvBatch(in, sock.DontWait)
	wrong(t, err, "recvmmsg", sock.Addr{}, syscall.ECONNREFUSED)
	_, err = s.RecvBatch(in, sock.DontWait)
	wantErr(t, err, sock.ErrWouldBlock)
	s = repulsed(t, "udp4")
	adds(t, out, sock.Addr{}, "x")
	_, err = s.SendBatch(out, 0)
	wrong(t, err, "sendmmsg", sock.Addr{}, syscall.ECONNREFUSED)
}

// Peek leaves the first message in the queue, at each call.
func TestBatchPeek(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "linux" {
		a, b, from, to := batchEnds(t, "udp4")
		out, in := sock.NewBatch(1, 0, 0), sock.NewBatch(1, 10, 0)
		adds(t, out, to, "here")
		sendAll(t, a, out)
		for range 2 {
			if n, err := b.RecvBatch(in, sock.Peek); n != 1 || err != nil || string(in.At(0)) != "here" || in.Addr(0) != from {
				t.Errorf("%d, %v, %q", n, err, in.At(0))
			}
		}
		receives(t, b, in, from, "here")
		return
	}
	t.Skip("what Peek leaves is Linux's to say")
}

// Packets too, of a family whose kernel refuses flags that the others take.
func TestBatchPacket(t *testing.T) {
	t.Parallel()
	s := kind(t, "packet")
	at, err := sock.PacketAddr(0x0800, 0, nil)
	wantErr(t, err, nil)
	wantErr(t, s.Bind(at), nil)
	a, _, _, to := datagrams(t, "udp4")
	if _, err := a.SendTo([]byte("a packet in a batch"), 0, to); err != nil {
		t.Fatal(err)
	}
	in := sock.NewBatch(4, 2000, 0)
	for {
		n, err := s.RecvBatch(in, 0)
		if err != nil {
			t.Fatal(err)
		}
		for i := range n {
			if bytes.HasSuffix(in.At(i), []byte("a packet in a batch")) {
				if in.Addr(i).Domain() != sock.Packet {
					t.Error(in.Addr(i))
				}
				return
			}
		}
	}
}
