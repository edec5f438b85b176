package sock_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/sockopt"
)

func send(t testing.TB, s *sock.Socket, data string) {
	t.Helper()
	if n, err := s.Write([]byte(data)); n != len(data) || err != nil {
		t.Fatal(n, err)
	}
}

// recv is Recv of at most n bytes, that must be want.
func recv(t testing.TB, s *sock.Socket, n int, flags sock.Flags, want string) {
	t.Helper()
	p := make([]byte, n)
	n, err := s.Recv(p, flags)
	if err != nil || string(p[:min(n, len(p))]) != want {
		t.Errorf("Recv with %v = %d %q, %v, want %q", flags, n, p[:min(n, len(p))], err, want)
	}
}

func TestFlagsPeek(t *testing.T) {
	t.Parallel()
	for _, network := range present(t, streamNetworks...) {
		a, b := streams(t, network)
		send(t, a, "abcdef")
		recv(t, b, 3, sock.Peek, "abc")
		recv(t, b, 9, sock.Peek, "abcdef")
		recv(t, b, 2, 0, "ab")
		recv(t, b, 9, sock.Peek, "cdef")
		m := sock.Message{Bufs: [][]byte{make([]byte, 1), make([]byte, 9)}}
		if n, err := b.RecvMsg(&m, sock.Peek); n != 4 || err != nil || m.Bufs[0][0] != 'c' {
			t.Errorf("%s: RecvMsg %d %q, %v", network, n, m.Bufs, err)
		}
		recv(t, b, 9, 0, "cdef")
		if _, err := b.Recv(make([]byte, 1), sock.Peek|sock.DontWait); err != sock.ErrWouldBlock {
			t.Errorf("%s: %v", network, err)
		}
		if err := a.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		recv(t, b, 9, sock.Peek, "") // the end can be peeked at, and stays
		recv(t, b, 9, 0, "")
	}
	for _, network := range present(t, datagramNetworks...) {
		a, aName, b, bName := datagrams(t, network)
		for _, s := range []string{"first", "second"} {
			if _, err := a.SendTo([]byte(s), 0, bName); err != nil {
				t.Fatal(err)
			}
		}
		p := make([]byte, 9)
		for range 2 {
			if n, from, err := b.RecvFrom(p, sock.Peek); err != nil || string(p[:n]) != "first" || from != aName {
				t.Errorf("%s: %q from %v, %v", network, p[:n], from, err)
			}
		}
		recv(t, b, 2, sock.Peek, "fi") // and the rest is not lost
		recv(t, b, 9, 0, "first")
		recv(t, b, 9, 0, "second")
	}
}

// taken waits until another goroutine has received all that was sent to s.
func taken(t testing.TB, s *sock.Socket) {
	t.Helper()
	eventually(t, "all was taken", func() bool {
		_, err := s.Recv(make([]byte, 1), sock.Peek|sock.DontWait)
		return err == sock.ErrWouldBlock
	})
}

type received struct {
	data string
	err  error
}

// waitingAll receives n bytes with WaitAll, in a goroutine, by Recv or RecvFrom.
func waitingAll(s *sock.Socket, n int) <-chan received {
	c := make(chan received, 1)
	go func() {
		p := make([]byte, n)
		var err error
		if n%2 == 0 {
			n, err = s.Recv(p, sock.WaitAll)
		} else {
			n, _, err = s.RecvFrom(p, sock.WaitAll)
		}
		c <- received{string(p[:n]), err}
	}()
	return c
}

func TestFlagsWaitAll(t *testing.T) {
	t.Parallel()
	for _, network := range streamNetworks {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			for _, size := range []int{9, 10} {
				a, b := streams(t, network)
				got := waitingAll(b, size)
				for _, s := range []string{"abc", "d", "efgh"} {
					send(t, a, s)
					taken(t, b)
				}
				send(t, a, "ijklmn")
				if r := recvTimeout(t, got); r.data != "abcdefghij"[:size] || r.err != nil {
					t.Errorf("%q, %v", r.data, r.err)
				}
				recv(t, b, 99, 0, "abcdefghijklmn"[size:])
			}
		})
	}
}

// The end comes first: what there was, and no error, as the kernel has it.
func TestFlagsWaitAllEnd(t *testing.T) {
	t.Parallel()
	for _, network := range present(t, streamNetworks...) {
		a, b := streams(t, network)
		got := waitingAll(b, 10)
		send(t, a, "abc")
		taken(t, b)
		a.Close()
		if r := recvTimeout(t, got); r.data != "abc" || r.err != nil {
			t.Errorf("%s: %q, %v", network, r.data, r.err)
		}
		recv(t, b, 9, sock.WaitAll, "")
	}
}

// What stops it early comes with the bytes that were received.
func TestFlagsWaitAllStopped(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		stop func(a, b *sock.Socket) error
		want error
	}{
		"deadline": {func(a, b *sock.Socket) error { return b.SetReadDeadline(time.Unix(1, 0)) }, os.ErrDeadlineExceeded},
		"deadline to come": {func(a, b *sock.Socket) error {
			return b.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
		}, os.ErrDeadlineExceeded},
		"close": {func(a, b *sock.Socket) error { return b.Close() }, net.ErrClosed},
		"reset": {func(a, b *sock.Socket) error {
			return errors.Join(sockopt.Linger.Set(a, sockopt.LingerValue{On: true}), a.Close())
		}, syscall.ECONNRESET},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, b := streams(t, "tcp4")
			send(t, a, "abc")
			eventually(t, "all is there", func() bool {
				n, _ := b.Recv(make([]byte, 9), sock.Peek|sock.DontWait)
				return n == 3
			})
			got := waitingAll(b, 10)
			taken(t, b)
			wantErr(t, c.stop(a, b), nil)
			r := recvTimeout(t, got)
			wrong(t, r.err, "recv", sock.Addr{}, c.want)
			if r.data != "abc" {
				t.Errorf("%q", r.data)
			}
		})
	}
}

// Where nothing may wait it is one call.
func TestFlagsWaitAllNoWait(t *testing.T) {
	t.Parallel()
	a, b := streams(t, "tcp4")
	send(t, a, "abc")
	recv(t, b, 9, sock.WaitAll|sock.Peek, "abc")
	recv(t, b, 2, sock.WaitAll|sock.DontWait, "ab")
	b.SetNonblock(true)
	recv(t, b, 9, sock.WaitAll, "c")
	if n, err := b.Recv(make([]byte, 9), sock.WaitAll); n != 0 || err != sock.ErrWouldBlock {
		t.Error(n, err)
	}
	b.SetNonblock(false)
	send(t, a, "de")
	m := sock.Message{Bufs: [][]byte{make([]byte, 9)}}
	if n, err := b.RecvMsg(&m, sock.WaitAll); n != 2 || err != nil {
		t.Error(n, err)
	}
	// and an empty buffer is full at once
	send(t, a, "f")
	if n, err := b.Recv(nil, sock.WaitAll); n != 0 || err != nil {
		t.Error(n, err)
	}
	// A datagram is one datagram.
	for _, network := range present(t, datagramNetworks...) {
		a, _, b, bName := datagrams(t, network)
		if _, err := a.SendTo([]byte("one"), 0, bName); err != nil {
			t.Fatal(err)
		}
		recv(t, b, 9, sock.WaitAll, "one")
	}
}

func TestFlagsWaitAllLarge(t *testing.T) {
	t.Parallel()
	a, b := streams(t, "tcp4")
	want := bytes.Repeat([]byte("0123456789abcde\n"), 1<<17) // 2 MiB: more than the kernel holds
	go a.Write(want)
	got := make([]byte, len(want))
	if n, err := b.Recv(got, sock.WaitAll); n != len(want) || err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d of %d bytes, %v", n, len(want), err)
	}
}

// A datagram that was cut says so in Message.Flags; its rest is lost.
func TestFlagsTruncated(t *testing.T) {
	t.Parallel()
	for _, network := range present(t, datagramNetworks...) {
		a, _, b, bName := datagrams(t, network)
		for _, c := range []struct{ sent, room, n int }{{10, 4, 4}, {10, 10, 10}, {10, 0, 0}, {0, 4, 0}, {3, 99, 3}} {
			if _, err := a.SendTo(make([]byte, c.sent), 0, bName); err != nil {
				t.Fatal(err)
			}
			m := sock.Message{Bufs: [][]byte{make([]byte, c.room/2), make([]byte, c.room-c.room/2)}, Flags: sock.CTrunc}
			n, err := b.RecvMsg(&m, 0)
			cut := c.sent > c.room
			if n != c.n || m.N != n || err != nil || m.Flags&sock.Trunc != 0 != cut || m.Flags&^sock.Trunc != 0 {
				t.Errorf("%s: %d sent, room for %d: %d, %v, %v", network, c.sent, c.room, n, m.Flags, err)
			}
			if _, err := b.Recv(make([]byte, 9), sock.DontWait); err != sock.ErrWouldBlock {
				t.Errorf("%s: something is left: %v", network, err)
			}
		}
	}
}

// Given to a receive, Trunc asks for the true length.
func TestFlagsTruncLength(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("Linux alone reports the true length")
	}
	for _, network := range present(t, datagramNetworks...) {
		a, aName, b, bName := datagrams(t, network)
		for range 3 {
			if _, err := a.SendTo(make([]byte, 5000), 0, bName); err != nil {
				t.Fatal(err)
			}
		}
		p := make([]byte, 10)
		if n, err := b.Recv(p, sock.Trunc|sock.Peek); n != 5000 || err != nil {
			t.Errorf("%s: Recv = %d, %v", network, n, err)
		}
		if n, err := b.Recv(nil, sock.Trunc); n != 5000 || err != nil {
			t.Errorf("%s: Recv = %d, %v", network, n, err)
		}
		if n, from, err := b.RecvFrom(p, sock.Trunc|sock.WaitAll); n != 5000 || err != nil || from != aName {
			t.Errorf("%s: RecvFrom = %d from %v, %v", network, n, from, err)
		}
		m := sock.Message{Bufs: [][]byte{p}}
		if n, err := b.RecvMsg(&m, sock.Trunc); n != 5000 || m.N != 5000 || m.Flags&sock.Trunc == 0 || err != nil {
			t.Errorf("%s: RecvMsg = %d, %v, %v", network, n, m.Flags, err)
		}
	}
	// Of a TCP stream it throws bytes away.
	a, b := streams(t, "tcp4")
	send(t, a, "abcdef")
	p := []byte("....")
	if n, err := b.Recv(p, sock.Trunc); n != 4 || err != nil || string(p) != "...." {
		t.Errorf("%d %q, %v", n, p, err)
	}
	recv(t, b, 9, 0, "ef")
}

// An empty datagram is a datagram, and no end.
func TestFlagsEmptyDatagram(t *testing.T) {
	t.Parallel()
	for _, network := range present(t, datagramNetworks...) {
		a, aName, b, bName := datagrams(t, network)
		if err := a.Connect(bName); err != nil {
			t.Fatal(err)
		}
		sends := []func() (int, error){
			func() (int, error) { return a.Send(nil, 0) },
			func() (int, error) { return a.Send([]byte{}, 0) },
			func() (int, error) { return a.Write(nil) },
			func() (int, error) { return a.SendMsg(&sock.Message{Bufs: [][]byte{nil}}, 0) },
			func() (int, error) { return a.SendMsg(&sock.Message{Bufs: [][]byte{nil, {}}}, 0) },
			func() (int, error) { return a.Writev([][]byte{nil}) },
			func() (int, error) { return a.SendTo(nil, 0, sock.Addr{}) },
		}
		p := make([]byte, 9)
		m := sock.Message{Bufs: [][]byte{p}}
		receives := []func() (int, error){
			func() (int, error) { return b.Recv(p, 0) },
			func() (int, error) { return b.Read(p) },
			func() (int, error) { return b.Readv([][]byte{p}) },
			func() (int, error) {
				n, from, err := b.RecvFrom(p, 0)
				if from != aName {
					t.Errorf("%s: from %v", network, from)
				}
				return n, err
			},
			func() (int, error) {
				n, err := b.RecvMsg(&m, 0)
				if m.Addr != aName || m.Flags != 0 {
					t.Errorf("%s: from %v, %v", network, m.Addr, m.Flags)
				}
				return n, err
			},
			func() (int, error) { return b.Recv(nil, 0) },
			func() (int, error) { return b.Recv(p, sock.WaitAll) },
		}
		for i := range sends {
			if n, err := sends[i](); n != 0 || err != nil {
				t.Errorf("%s: send %d = %d, %v", network, i, n, err)
			}
			if n, err := receives[i](); n != 0 || err != nil {
				t.Errorf("%s: receive %d = %d, %v", network, i, n, err)
			}
		}
		if _, err := b.Recv(p, sock.DontWait); err != sock.ErrWouldBlock {
			t.Errorf("%s: %v", network, err)
		}
		// The empty read makes no call, and takes nothing away.
		if _, err := a.Send([]byte("x"), 0); err != nil {
			t.Fatal(err)
		}
		if n, err := b.Read(nil); n != 0 || err != nil {
			t.Error(n, err)
		}
		recv(t, b, 9, 0, "x")
	}
}

// A Message without buffers is an empty one, and has room for none.
func TestFlagsNoBuffers(t *testing.T) {
	t.Parallel()
	for _, network := range present(t, datagramNetworks...) {
		a, aName, b, bName := datagrams(t, network)
		if n, err := a.SendMsg(&sock.Message{Addr: bName}, 0); n != 0 || err != nil {
			t.Errorf("%s: %d, %v", network, n, err)
		}
		if _, err := a.SendTo(make([]byte, 10), 0, bName); err != nil {
			t.Fatal(err)
		}
		for _, flags := range []sock.Flags{0, sock.Trunc} {
			m := sock.Message{}
			if flags == 0 || runtime.GOOS == "linux" {
				wantErr(t, readable(b, sock.Readable), nil)
			}
			n, err := b.RecvMsg(&m, sock.DontWait)
			if n != 0 || err != nil || m.Addr != aName || m.Flags != flags && (flags != 0 || runtime.GOOS == "linux") {
				t.Errorf("%s: %d from %v, %v, %v", network, n, m.Addr, m.Flags, err)
			}
		}
		if _, err := b.RecvMsg(&sock.Message{}, sock.DontWait); err != sock.ErrWouldBlock {
			t.Errorf("%s: %v", network, err)
		}
	}
}

// More holds a datagram open until a send without it.
func TestFlagsMore(t *testing.T) {
	t.Parallel()
	if sock.More < 0 {
		t.Skip("no MSG_MORE here")
	}
	a, _, b, bName := datagrams(t, "udp4")
	if err := a.Connect(bName); err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{"one ", "two "} {
		if _, err := a.Send([]byte(s), sock.More); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.Recv(make([]byte, 99), sock.DontWait); err != sock.ErrWouldBlock {
		t.Error(err)
	}
	if _, err := a.Send([]byte("three"), 0); err != nil {
		t.Fatal(err)
	}
	recv(t, b, 99, 0, "one two three")
}

// A flag that the system lacks is negative, and any such is an error before any
// call, in every method that takes flags.
func TestFlagsUnsupported(t *testing.T) {
	t.Parallel()
	a, b := streams(t, "pair")
	send(t, a, "x")
	p := []byte{0}
	flags := []sock.Flags{-1, -1 << 31, -1<<31 | sock.Peek}
	for _, f := range []sock.Flags{sock.OOB, sock.Peek, sock.DontRoute, sock.CTrunc, sock.Trunc, sock.DontWait, sock.EOR, sock.WaitAll,
		sock.Confirm, sock.ErrQueue, sock.NoSignal, sock.More, sock.ZeroCopy, sock.FastOpen} {
		if f < 0 {
			flags = append(flags, f, f|sock.DontWait)
		}
		if f == 0 || runtime.GOOS == "linux" && f < 0 {
			t.Errorf("a flag is %d", f)
		}
	}
	for _, f := range flags {
		_, err := a.Send(p, f)
		wantErr(t, err, errors.ErrUnsupported)
		_, err = a.SendTo(p, f, sock.Addr{})
		wantErr(t, err, errors.ErrUnsupported)
		_, err = a.SendMsg(&sock.Message{Bufs: [][]byte{p}}, f)
		wantErr(t, err, errors.ErrUnsupported)
		_, err = b.Recv(p, f)
		wantErr(t, err, errors.ErrUnsupported)
		_, _, err = b.RecvFrom(p, f)
		wantErr(t, err, errors.ErrUnsupported)
		_, err = b.RecvMsg(&sock.Message{Bufs: [][]byte{p}}, f)
		wantErr(t, err, errors.ErrUnsupported)
	}
	recv(t, b, 9, 0, "x")
	if _, err := b.Read(nil); err != nil {
		t.Error(err)
	}
}

// OOB and ErrQueue do not wait, in blocking mode either.
func TestFlagsImmediate(t *testing.T) {
	t.Parallel()
	a, b := streams(t, "tcp4")
	_, err := a.Recv(make([]byte, 1), sock.OOB)
	wrong(t, err, "recv", sock.Addr{}, syscall.EINVAL)
	if _, err := b.Send([]byte("x"), sock.OOB); err != nil {
		t.Error(err)
	}
	if sock.ErrQueue < 0 {
		return
	}
	for _, s := range []*sock.Socket{a, aimed(t, "udp4"), aimed(t, "unix")} {
		if _, err := s.Recv(make([]byte, 1), sock.ErrQueue); err != sock.ErrWouldBlock {
			t.Errorf("%v: %v", s.Domain(), err)
		}
		if _, err := s.RecvMsg(&sock.Message{Bufs: [][]byte{{0}}}, sock.ErrQueue); err != sock.ErrWouldBlock {
			t.Errorf("%v: %v", s.Domain(), err)
		}
	}
}

// Of a stream, Readv and RecvMsg fill the buffers in order and are short
// together; at its end they differ as Read and Recv do.
func TestFlagsVectors(t *testing.T) {
	t.Parallel()
	a, b := streams(t, "tcp4")
	send(t, a, "abcdef")
	bufs := [][]byte{make([]byte, 1), nil, make([]byte, 2), make([]byte, 9)}
	if n, err := b.Readv(bufs); n != 6 || err != nil || string(bufs[0])+string(bufs[2])+string(bufs[3][:3]) != "abcdef" {
		t.Errorf("%d %q, %v", n, bufs, err)
	}
	if err := a.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if n, err := b.Readv(bufs); n != 0 || err != io.EOF {
		t.Error(n, err)
	}
	if n, err := b.Readv([][]byte{nil}); n != 0 || err != nil { // no room is no end
		t.Error(n, err)
	}
	if n, err := b.RecvMsg(&sock.Message{Bufs: bufs}, 0); n != 0 || err != nil {
		t.Error(n, err)
	}
}
