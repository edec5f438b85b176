//go:build linux || freebsd || darwin || netbsd || openbsd || dragonfly

package sock_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc64"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/sockopt"
)

// narrow sets the send buffer, but for TCP on systems that let each buffer of it
// wait for a delayed acknowledgement: it is no less than 128 KiB there.
func narrow(t testing.TB, s *sock.Socket, size int) {
	t.Helper()
	if s.Domain() != sock.Unix && runtime.GOOS != "linux" {
		size = max(size, 128<<10)
	}
	wantErr(t, sockopt.SendBuffer.Set(s, size), nil)
}

// Write sends all of it, through a buffer that takes a few kilobytes at a time,
// to a reader that does not hurry.
func TestWriteSlowReader(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		network     string
		mega, short int
	}{{"pair", 100, 8}, {"unix", 100, 8}, {"tcp4", 4, 1}} {
		mega := test.mega
		if testing.Short() {
			mega = test.short
		}
		t.Run(test.network, func(t *testing.T) {
			t.Parallel()
			s, peer := streams(t, test.network)
			narrow(t, s, 4096)
			if test.network != "tcp4" { // which is slow enough: each few kilobytes wait for their acknowledgement
				wantErr(t, sockopt.RecvBuffer.Set(peer, 4096), nil)
			}
			table := crc64.MakeTable(crc64.ECMA)
			written := make(chan uint64, 1)
			go func() {
				defer s.CloseWrite()
				sum, p := crc64.New(table), make([]byte, 1<<20)
				random := rand.NewChaCha8([32]byte{})
				for range mega {
					random.Read(p)
					sum.Write(p)
					if n, err := s.Write(p); n != len(p) || err != nil {
						t.Errorf("Write = %d, %v", n, err)
						break
					}
				}
				written <- sum.Sum64()
			}()
			sum, p, total := crc64.New(table), make([]byte, 20<<10), 0
			for {
				n, err := peer.Read(p[:1+rand.IntN(len(p))])
				sum.Write(p[:n])
				total += n
				if err == io.EOF {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				switch rand.IntN(100) {
				case 0:
					time.Sleep(10 * time.Microsecond)
				case 1, 2, 3, 4:
					runtime.Gosched()
				}
			}
			if want := recvTimeout(t, written); total != mega<<20 || sum.Sum64() != want {
				t.Errorf("%d bytes arrived with sum %x, want %d with %x", total, sum.Sum64(), mega<<20, want)
			}
		})
	}
}

// What several goroutines write stays together, each Write by itself.
func TestWriteNoInterleaving(t *testing.T) {
	t.Parallel()
	records := 200
	if testing.Short() {
		records = 20
	}
	for _, network := range []string{"pair", "tcp4"} {
		for _, writers := range []int{2, 10} {
			t.Run(fmt.Sprint(network, " ", writers), func(t *testing.T) {
				t.Parallel()
				s, peer := streams(t, network)
				narrow(t, s, 16<<10)
				var wg sync.WaitGroup
				for w := range writers {
					wg.Go(func() {
						for i := range records {
							// Mostly more than goes at once, at times next to nothing.
							size := rand.IntN(60 << 10)
							if i%5 == 0 {
								size = rand.IntN(3)
							}
							p := make([]byte, 12, 12+size)
							binary.BigEndian.PutUint32(p, uint32(w))
							binary.BigEndian.PutUint32(p[4:], uint32(i))
							binary.BigEndian.PutUint32(p[8:], uint32(size))
							p = append(p, bytes.Repeat([]byte{byte(w)<<4 | byte(i&15)}, size)...)
							if n, err := s.Write(p); n != len(p) || err != nil {
								t.Errorf("Write = %d, %v", n, err)
							}
						}
					})
				}
				go func() { wg.Wait(); s.CloseWrite() }()
				next := make([]uint32, writers)
				var head [12]byte
				for {
					_, err := io.ReadFull(peer, head[:])
					if err == io.EOF {
						break
					}
					if err != nil {
						t.Fatal(err)
					}
					w, i, size := binary.BigEndian.Uint32(head[:]), binary.BigEndian.Uint32(head[4:]), binary.BigEndian.Uint32(head[8:])
					if int(w) >= writers || i != next[w] {
						t.Fatalf("record %d of writer %d: the stream is mixed", i, w)
					}
					next[w]++
					p := make([]byte, size)
					if _, err := io.ReadFull(peer, p); err != nil {
						t.Fatal(err)
					}
					if want := bytes.Repeat([]byte{byte(w)<<4 | byte(i&15)}, int(size)); !bytes.Equal(p, want) {
						t.Fatalf("record %d of writer %d has others' bytes", i, w)
					}
				}
				for w, n := range next {
					if int(n) != records {
						t.Errorf("%d records of writer %d", n, w)
					}
				}
			})
		}
	}
}

// The Write that has waited longest is first; one that gives up leaves the order of the
// others.
func TestWriteInTurn(t *testing.T) {
	t.Parallel()
	s, peer := streams(t, "pair")
	first := goBlocked(t, func() error { _, err := s.Write(megabyte[:]); return err })
	var waiting []<-chan error
	var want []byte
	for i := range 10 {
		waiting = append(waiting, goBlocked(t, func() error { _, err := s.Write([]byte{'a' + byte(i)}); return err }))
		want = append(want, 'a'+byte(i))
	}
	p := make([]byte, len(megabyte))
	if _, err := io.ReadFull(peer, p); err != nil {
		t.Fatal(err)
	}
	wantErr(t, recvTimeout(t, first), nil)
	if _, err := io.ReadFull(peer, p[:10]); err != nil || !bytes.Equal(p[:10], want) {
		t.Errorf("they wrote in the order %q, %v", p[:10], err)
	}
	for _, w := range waiting {
		wantErr(t, recvTimeout(t, w), nil)
	}

	// One deadline ends all waiting Writes, and later ones proceed.
	first = goBlocked(t, func() error { _, err := s.Write(megabyte[:]); return err })
	waiting = nil
	for range 5 {
		waiting = append(waiting, goBlocked(t, func() error { _, err := s.Write([]byte("never")); return err }))
	}
	wantErr(t, s.SetWriteDeadline(time.Now().Add(10*time.Millisecond)), nil)
	isTimeout(t, recvTimeout(t, first))
	for _, w := range waiting {
		isTimeout(t, recvTimeout(t, w))
	}
	wantErr(t, s.SetWriteDeadline(time.Time{}), nil)
	drainAll(t, s, peer)
	if n, err := s.Write([]byte("z")); n != 1 || err != nil {
		t.Errorf("Write = %d, %v", n, err)
	}
	if n, err := peer.Recv(p, 0); string(p[:n]) != "z" || err != nil {
		t.Errorf("Recv = %q, %v", p[:n], err)
	}
}

// An interrupted Write returns how much the peer will receive.
func TestWriteEnded(t *testing.T) {
	t.Parallel()
	for _, network := range []string{"pair", "unix", "tcp4"} {
		for name, end := range map[string]func(s *sock.Socket) error{
			"deadline": func(s *sock.Socket) error { return s.SetWriteDeadline(past) },
			"close":    func(s *sock.Socket) error { return s.Close() },
		} {
			t.Run(network+" "+name, func(t *testing.T) {
				t.Parallel()
				s, peer := streams(t, network)
				var n int
				p := make([]byte, 32<<20) // more than TCP's buffers grow to
				waiting := goBlocked(t, func() (err error) { n, err = s.Write(p); return err })
				wantErr(t, end(s), nil)
				err := recvTimeout(t, waiting)
				if name == "close" {
					wantErr(t, err, net.ErrClosed)
				} else {
					wantErr(t, err, os.ErrDeadlineExceeded)
					wantErr(t, s.CloseWrite(), nil)
				}
				got, err := io.Copy(io.Discard, struct{ io.Reader }{peer})
				if got != int64(n) || n == 0 || err != nil {
					t.Errorf("Write said %d, the peer received %d, %v", n, got, err)
				}
			})
		}
	}
}

// messages returns two connected sockets that keep messages apart.
func messages(t testing.TB, ty sock.Type) (a, b *sock.Socket) {
	t.Helper()
	a, b, err := sock.Pair(sock.Unix, ty, 0)
	if err != nil {
		t.Skip("no pair of ", ty, " here: ", err)
	}
	return closed(t, a), closed(t, b)
}

// On sockets of messages Write sends one, even an empty one; Read reports the end
// from an empty datagram.
func TestWriteMessages(t *testing.T) {
	t.Parallel()
	for _, ty := range []sock.Type{sock.Dgram, sock.SeqPacket} {
		t.Run(ty.String(), func(t *testing.T) {
			t.Parallel()
			a, b := messages(t, ty)
			p := make([]byte, 99)
			for _, text := range []string{"first", "", "third"} {
				if text == "" && ty == sock.SeqPacket && runtime.GOOS != "linux" {
					continue // not sent at all, on some
				}
				if n, err := a.Write([]byte(text)); n != len(text) || err != nil {
					t.Errorf("Write(%q) = %d, %v", text, n, err)
				}
			}
			for _, text := range []string{"first", "", "third"} {
				if text == "" && ty == sock.SeqPacket && runtime.GOOS != "linux" {
					continue
				}
				if n, err := b.Recv(p, 0); string(p[:n]) != text || err != nil {
					t.Errorf("Recv = %q, %v, want %q", p[:n], err, text)
				}
			}
			if ty == sock.Dgram {
				a.Write(nil)
				if n, err := b.Read(p); n != 0 || err != nil {
					t.Errorf("Read of an empty datagram = %d, %v", n, err)
				}
				return
			}
			a.Close()
			for range 2 {
				if n, err := b.Read(p); n != 0 || err != io.EOF {
					t.Errorf("Read at the end = %d, %v", n, err)
				}
				if n, err := b.Recv(p, 0); n != 0 || err != nil {
					t.Errorf("Recv at the end = %d, %v", n, err)
				}
				if n, err := b.Readv([][]byte{p}); n != 0 || err != io.EOF {
					t.Errorf("Readv at the end = %d, %v", n, err)
				}
			}
		})
	}
}

// The end of a stream, half and whole.
func TestWriteHalfClosed(t *testing.T) {
	t.Parallel()
	for _, network := range streamNetworks {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			s, peer := streams(t, network)
			if n, err := s.Write([]byte("question")); n != 8 || err != nil {
				t.Fatal(n, err)
			}
			wantErr(t, s.CloseWrite(), nil)
			p := make([]byte, 99)
			if n, err := io.ReadFull(peer, p[:8]); string(p[:n]) != "question" || err != nil {
				t.Errorf("ReadFull = %q, %v", p[:n], err)
			}
			for range 2 {
				if n, err := peer.Read(p); n != 0 || err != io.EOF {
					t.Errorf("Read at the end = %d, %v", n, err)
				}
				if n, err := peer.Recv(p, 0); n != 0 || err != nil {
					t.Errorf("Recv at the end = %d, %v", n, err)
				}
				if n, err := peer.Recv(p, sock.WaitAll); n != 0 || err != nil {
					t.Errorf("Recv WaitAll at the end = %d, %v", n, err)
				}
				if n, err := peer.Readv([][]byte{nil, p}); n != 0 || err != io.EOF {
					t.Errorf("Readv at the end = %d, %v", n, err)
				}
				if n, err := peer.Read(nil); n != 0 || err != nil {
					t.Errorf("Read of nothing at the end = %d, %v", n, err)
				}
			}
			_, err := s.Write([]byte("more"))
			wantErr(t, err, syscall.EPIPE)
			if n, err := s.Write(nil); n != 0 || err != nil {
				t.Errorf("Write of nothing = %d, %v", n, err)
			}
			// The other half is whole.
			if n, err := peer.Write([]byte("answer")); n != 6 || err != nil {
				t.Errorf("Write = %d, %v", n, err)
			}
			if n, err := s.Read(p); string(p[:n]) != "answer" || err != nil {
				t.Errorf("Read = %q, %v", p[:n], err)
			}
			wantErr(t, peer.Close(), nil)
			if n, err := s.Read(p); n != 0 || err != io.EOF {
				t.Errorf("Read at the end = %d, %v", n, err)
			}
		})
	}
}

// A Write to a peer that has closed ends with an error, without a signal.
func TestWriteToNobody(t *testing.T) {
	t.Parallel()
	for _, network := range present(t, streamNetworks...) {
		s, peer := streams(t, network)
		wantErr(t, peer.Close(), nil)
		var err error
		for range 1000 { // TCP learns of it by an answer
			if _, err = s.Write(megabyte[:]); err != nil {
				break
			}
		}
		if !errors.Is(err, syscall.EPIPE) && !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("%s: %v", network, err)
		}
	}
}

// carve cuts p into n, empty ones among them.
func carve(p []byte, n int) (bufs [][]byte) {
	for i := range n {
		k := 0
		if i%3 != 1 {
			k = min(len(p), 1+i%5)
		}
		if i == n-1 {
			k = len(p)
		}
		bufs = append(bufs, p[:k:k])
		p = p[k:]
	}
	return bufs
}

func length(bufs [][]byte) (n int) {
	for _, b := range bufs {
		n += len(b)
	}
	return n
}

// Vectors carry their buffers in order: as many as one call takes.
func TestVectors(t *testing.T) {
	t.Parallel()
	text := make([]byte, 9000)
	for i := range text {
		text[i] = byte(rand.Uint32())
	}
	for _, network := range []string{"tcp4", "pair", "dgram"} {
		for _, n := range []int{1, 2, 16, 17, 1023, 1024, 1025, 3000} {
			t.Run(fmt.Sprint(network, " ", n), func(t *testing.T) {
				t.Parallel()
				var a, b *sock.Socket
				if network == "dgram" {
					a, b = messages(t, sock.Dgram)
				} else {
					a, b = streams(t, network)
				}
				size := min(9000, 4*n)
				if network == "dgram" {
					size = min(size, 2000) // what a datagram may be, on all systems
				}
				want := text[:size]
				out := carve(want, n)
				if network == "dgram" && n > 1024 {
					for _, call := range []func([][]byte) (int, error){a.Writev, a.Readv} {
						k, err := call(out)
						wantErr(t, err, syscall.EMSGSIZE)
						if k != 0 {
							t.Errorf("with an error it carried %d", k)
						}
					}
					return
				}
				want = want[:length(out[:min(n, 1024)])]
				k, err := a.Writev(out)
				if k != len(want) || err != nil {
					t.Fatalf("Writev = %d, %v, want %d", k, err, len(want))
				}
				if network != "dgram" {
					eventually(t, "all there", func() bool {
						m, _ := b.Recv(make([]byte, k), sock.Peek)
						return m == k
					})
				}
				in := carve(make([]byte, size), n)
				k, err = b.Readv(in)
				if k != len(want) || err != nil {
					t.Fatalf("Readv = %d, %v, want %d", k, err, len(want))
				}
				if got := bytes.Join(in, nil)[:k]; !bytes.Equal(got, want) {
					t.Error("other bytes arrived, or in another order")
				}
			})
		}
	}
}

func TestVectorsOfNothing(t *testing.T) {
	t.Parallel()
	s, peer := streams(t, "pair")
	for _, call := range []func([][]byte) (int, error){s.Writev, s.Readv} {
		for _, bufs := range [][][]byte{nil, {}} {
			n, err := call(bufs)
			wantErr(t, err, syscall.EINVAL)
			if n != 0 {
				t.Error("it carried ", n)
			}
		}
	}
	if n, err := s.Writev([][]byte{nil, {}, nil}); n != 0 || err != nil {
		t.Errorf("Writev of empty buffers = %d, %v", n, err)
	}
	if _, err := peer.Send([]byte("x"), 0); err != nil {
		t.Fatal(err)
	}
	if n, err := s.Readv([][]byte{nil, {}}); n != 0 || err != nil { // no end: there was no room
		t.Errorf("Readv into empty buffers = %d, %v", n, err)
	}
	p := make([]byte, 2)
	if n, err := s.Readv([][]byte{nil, p[:1], nil, p[1:]}); n != 1 || p[0] != 'x' || err != nil {
		t.Errorf("Readv = %d %q, %v", n, p, err)
	}
}

// A long vector goes short when there is no room, and the count says how short.
func TestVectorsShort(t *testing.T) {
	t.Parallel()
	s, peer := streams(t, "pair")
	bufs := make([][]byte, 700)
	for i := range bufs {
		bufs[i] = bytes.Repeat([]byte{byte(i)}, 4000)
	}
	all := bytes.Join(bufs, nil)
	n, err := s.Writev(bufs)
	if n <= 0 || n >= len(all) || err != nil {
		t.Fatalf("Writev = %d, %v", n, err)
	}
	wantErr(t, s.Close(), nil)
	got, err := io.ReadAll(struct{ io.Reader }{peer})
	if err != nil || !bytes.Equal(got, all[:n]) {
		t.Errorf("of %d bytes sent arrived %d, %v, or others", n, len(got), err)
	}
}
