//go:build linux || freebsd || darwin || netbsd || openbsd || dragonfly

package sock_test

import (
	"encoding/binary"
	"errors"
	"net"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/sockopt"
)

// abort closes s so that its peer sees a reset.
func abort(t testing.TB, s *sock.Socket) {
	t.Helper()
	wantErr(t, sockopt.Linger.Set(s, sockopt.LingerValue{On: true}), nil)
	wantErr(t, s.Close(), nil)
}

// drain receives all that is there.
func drain(t testing.TB, s *sock.Socket) {
	t.Helper()
	p := make([]byte, 64<<10)
	for {
		if _, err := s.Recv(p, sock.DontWait); err != nil {
			wantErr(t, err, sock.ErrWouldBlock)
			return
		}
	}
}

// drainAll receives all that s has sent to peer. TCP sends the rest only when it
// hears that there is room for it.
func drainAll(t testing.TB, s, peer *sock.Socket) {
	t.Helper()
	drain(t, peer)
	if sentAll := func() bool {
		v, err := sockopt.TCPInfo.Get(s)
		return err != nil || v.NotSentBytes == 0 && v.Unacked == 0 // err: not TCP, or not Linux
	}; !sentAll() {
		eventually(t, "an empty send buffer", func() bool { drain(t, peer); return sentAll() })
		drain(t, peer)
	}
}

// fillBufferFirmly is stuff, until what TCP has sent no longer moves into the peer's
// buffer and makes room. On Linux TCP says when that is: all that was sent is
// acknowledged and the peer's window is 0, so that nothing moves until the peer
// receives. The last piece of the window is only used by the first probe. Elsewhere it
// waits: on FreeBSD room comes up to 300 ms later.
func fillBufferFirmly(t testing.TB, s *sock.Socket) {
	t.Helper()
	if _, err := sockopt.TCPInfo.Get(s); err == nil {
		eventually(t, "a window of 0", func() bool {
			fillBuffer(t, s)
			v, err := sockopt.TCPInfo.Get(s)
			wantErr(t, err, nil)
			return v.Unacked == 0 && v.SendWindow == 0
		})
		fillBuffer(t, s) // the last acknowledgement made room
		return
	}
	for {
		fillBuffer(t, s)
		if s.Domain() == sock.Unix {
			return
		}
		wantErr(t, s.SetWriteDeadline(time.Now().Add(onLinuxElse[time.Duration](50, 600)*time.Millisecond)), nil)
		_, err := s.Wait(sock.Writable)
		wantErr(t, s.SetWriteDeadline(time.Time{}), nil)
		if err != nil {
			wantErr(t, err, os.ErrDeadlineExceeded)
			return
		}
	}
}

// Each row has the bits for Wait, the event that causes them, and the result: the bits of
// got, and no others but maybe.
var waitTests = []struct {
	name     string
	networks []string
	want     sock.Ready
	stuffed  bool // there is no room to send at first
	make     func(t testing.TB, s, peer *sock.Socket)
	got      sock.Ready
	maybe    sock.Ready
	linux    bool // what it says is only so on Linux
}{
	{name: "data", networks: streamNetworks, want: sock.Readable,
		make: func(t testing.TB, s, peer *sock.Socket) { peer.Send([]byte("x"), 0) }, got: sock.Readable},
	{name: "data, either way", networks: streamNetworks, want: sock.Readable | sock.Writable, stuffed: true,
		make: func(t testing.TB, s, peer *sock.Socket) { peer.Send([]byte("x"), 0) }, got: sock.Readable, maybe: sock.Writable},
	{name: "end", networks: streamNetworks, want: sock.Readable,
		make: func(t testing.TB, s, peer *sock.Socket) { peer.CloseWrite() }, got: sock.Readable},
	{name: "room", networks: streamNetworks, want: sock.Writable, stuffed: true,
		make: func(t testing.TB, s, peer *sock.Socket) { drainAll(t, s, peer) }, got: sock.Writable},
	{name: "room, either way", networks: streamNetworks, want: sock.Readable | sock.Writable, stuffed: true,
		make: func(t testing.TB, s, peer *sock.Socket) { drainAll(t, s, peer) }, got: sock.Writable},
	{name: "urgent", networks: []string{"tcp4", "tcp6"}, want: sock.Priority,
		make: func(t testing.TB, s, peer *sock.Socket) { peer.Send([]byte("!"), sock.OOB) }, got: sock.Priority},
	{name: "urgent or data", networks: []string{"tcp4", "tcp6"}, want: sock.Priority | sock.Readable,
		make: func(t testing.TB, s, peer *sock.Socket) { peer.Send([]byte("x!"), sock.OOB) },
		got:  sock.Priority, maybe: sock.Readable},
	{name: "half-closed", networks: streamNetworks, want: sock.ReadClosed, linux: true,
		make: func(t testing.TB, s, peer *sock.Socket) { peer.CloseWrite() }, got: sock.ReadClosed},
	{name: "hung up", networks: []string{"unix", "pair"}, want: sock.Hangup,
		make: func(t testing.TB, s, peer *sock.Socket) { peer.Close() }, got: sock.Hangup, maybe: sock.Failed},
	{name: "hung up, as the end", networks: []string{"unix", "pair"}, want: sock.WriteClosed | sock.ReadClosed, linux: true,
		make: func(t testing.TB, s, peer *sock.Socket) { peer.Close() }, got: sock.Hangup | sock.WriteClosed | sock.ReadClosed, maybe: sock.Failed},
	{name: "both halves", networks: []string{"tcp4", "tcp6"}, want: sock.Hangup, linux: true,
		make: func(t testing.TB, s, peer *sock.Socket) { peer.CloseWrite(); s.CloseWrite() }, got: sock.Hangup},
	{name: "reset", networks: []string{"tcp4", "tcp6"}, want: sock.Failed, linux: true,
		make: func(t testing.TB, s, peer *sock.Socket) { abort(t, peer) }, got: sock.Failed | sock.Hangup},
	{name: "reset, asked for nothing", networks: []string{"tcp4", "tcp6"}, want: 0,
		make: func(t testing.TB, s, peer *sock.Socket) { abort(t, peer) }, got: sock.Hangup, maybe: sock.Failed},
	{name: "reset, asked for data", networks: []string{"tcp4", "tcp6"}, want: sock.Readable,
		make: func(t testing.TB, s, peer *sock.Socket) { abort(t, peer) }, got: sock.Hangup, maybe: sock.Failed | sock.Readable},
	{name: "reset, asked for room", networks: []string{"tcp4", "tcp6"}, want: sock.Writable, stuffed: true,
		make: func(t testing.TB, s, peer *sock.Socket) { abort(t, peer) }, got: sock.Hangup | sock.Writable, maybe: sock.Failed},
	{name: "hung up, asked for room", networks: []string{"unix", "pair"}, want: sock.Writable, stuffed: true,
		make: func(t testing.TB, s, peer *sock.Socket) { peer.Close() }, got: sock.Hangup | sock.Writable, maybe: sock.Failed},
}

func TestWaitReady(t *testing.T) {
	t.Parallel()
	for _, test := range waitTests {
		for _, network := range test.networks {
			for _, nonblock := range []bool{false, true} {
				name := test.name + "/" + network
				if nonblock {
					name += "/nonblock"
				}
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					if test.linux && runtime.GOOS != "linux" {
						t.Skip("poll(2) reports it otherwise on ", runtime.GOOS)
					}
					s, peer := streams(t, network)
					s.SetNonblock(nonblock)
					if test.stuffed {
						fillBufferFirmly(t, s)
					}
					// Twice: it comes while Wait waits, and it was there before.
					var got sock.Ready
					ready := goBlocked(t, func() (err error) { got, err = s.Wait(test.want); return err })
					test.make(t, s, peer)
					wantErr(t, recvTimeout(t, ready), nil)
					for i := range 2 {
						if got&test.got != test.got || got&^(test.got|test.maybe) != 0 {
							t.Errorf("Wait(%v) = %v, want %v, perhaps with %v (at %d)", test.want, got, test.got, test.maybe, i)
						}
						var err error
						got, err = s.Wait(test.want)
						wantErr(t, err, nil)
					}
				})
			}
		}
	}
}

// Wait takes nothing: the data is still there.
func TestWaitTakesNothing(t *testing.T) {
	t.Parallel()
	s, peer := streams(t, "tcp4")
	if _, err := peer.Send([]byte("abc"), 0); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if got, err := s.Wait(sock.Readable); got != sock.Readable || err != nil {
			t.Fatalf("Wait = %v, %v", got, err)
		}
	}
	p := make([]byte, 9)
	if n, err := s.Recv(p, sock.DontWait); string(p[:n]) != "abc" || err != nil {
		t.Errorf("Recv = %q, %v", p[:n], err)
	}
	abort(t, peer)
	got, err := s.Wait(0)
	if got&(sock.Hangup|sock.Failed) == 0 || err != nil {
		t.Errorf("Wait(0) = %v, %v", got, err)
	}
	_, err = s.Recv(p, 0)
	wantErr(t, err, syscall.ECONNRESET)
}

func TestWaitAtOnce(t *testing.T) {
	t.Parallel()
	s, peer := streams(t, "tcp4")
	if _, err := peer.Send([]byte("abc"), 0); err != nil {
		t.Fatal(err)
	}
	wantErr(t, readable(s, sock.Readable), nil)
	all := sock.Readable | sock.Writable
	for _, want := range []sock.Ready{sock.Readable, sock.Writable, all, all | sock.Priority | sock.ReadClosed | sock.Hangup | sock.Failed} {
		if got, err := s.Wait(want); got != want&all || err != nil {
			t.Errorf("Wait(%v) = %v, %v", want, got, err)
		}
	}
	for _, want := range []sock.Ready{sock.Edge, sock.OneShot | sock.Readable, sock.Exclusive} {
		got, err := s.Wait(want)
		wantErr(t, err, syscall.EINVAL)
		if got != 0 {
			t.Errorf("Wait(%v) = %v", want, got)
		}
	}
	s.Close()
	_, err := s.Wait(sock.Readable)
	wantErr(t, err, net.ErrClosed)
}

// A listener is readable when a connection waits, a connecting socket writable
// when it is connected.
func TestWaitConnections(t *testing.T) {
	t.Parallel()
	for _, network := range present(t, "tcp4", "tcp6") {
		l, name := listening(t, network)
		waiting := goBlocked(t, func() error { return readable(l, sock.Readable) })
		c := open(t, name.Domain(), sock.Stream)
		c.SetNonblock(true)
		if err := c.Connect(name); err != nil {
			wantErr(t, err, sock.ErrInProgress)
		}
		wantErr(t, readable(c, sock.Writable), nil)
		wantErr(t, c.ConnectResult(), nil)
		wantErr(t, recvTimeout(t, waiting), nil)
		s, _, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		s.Close()
	}
}

// Many goroutines wait for the same event: all return.
func TestWaitMany(t *testing.T) {
	t.Parallel()
	s, peer := streams(t, "pair")
	var waiting []<-chan error
	for i := range 12 {
		want := []sock.Ready{sock.Readable, sock.Readable | sock.Priority}[i%2]
		waiting = append(waiting, goBlocked(t, func() error { return readable(s, want) }))
	}
	if _, err := peer.Send([]byte("x"), 0); err != nil {
		t.Fatal(err)
	}
	for _, w := range waiting {
		wantErr(t, recvTimeout(t, w), nil)
	}
}

// SetNonblock changes what later calls do, and wakes nobody.
func TestWaitSetNonblock(t *testing.T) {
	t.Parallel()
	s, peer := streams(t, "pair")
	waiting := goBlocked(t, func() error { _, err := s.Recv(make([]byte, 1), 0); return err })
	s.SetNonblock(true)
	_, err := s.Recv(make([]byte, 1), 0)
	wantErr(t, err, sock.ErrWouldBlock)
	time.Sleep(20 * time.Millisecond) // it would have come by now
	if len(waiting) > 0 {
		t.Fatal("SetNonblock woke it: ", <-waiting)
	}
	if _, err := peer.Send([]byte("x"), 0); err != nil {
		t.Fatal(err)
	}
	wantErr(t, recvTimeout(t, waiting), nil)
}

// Many receive from one Socket, in different ways: each message comes to one of
// them, and nobody sleeps while there is something.
func TestWaitManyReceivers(t *testing.T) {
	t.Parallel()
	total := 20000
	if testing.Short() {
		total = 2000
	}
	s, peer := messages(t, sock.Dgram)
	var seen sync.Map
	var received atomic.Int64
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			p := make([]byte, 9)
			for {
				var n int
				var err error
				switch i % 4 {
				case 0:
					n, err = s.Recv(p, 0)
				case 1:
					n, _, err = s.RecvFrom(p, 0)
				case 2:
					n, err = s.Readv([][]byte{p})
				case 3:
					if _, err = s.Wait(sock.Readable); err == nil {
						if n, err = s.Recv(p, sock.DontWait); err == sock.ErrWouldBlock {
							continue
						}
					}
				}
				if err != nil {
					wantErr(t, err, net.ErrClosed)
					return
				}
				if _, twice := seen.LoadOrStore(string(p[:n]), true); twice {
					t.Errorf("%x came twice", p[:n])
				}
				if received.Add(1) == int64(total) {
					wantErr(t, s.Close(), nil)
				}
			}
		})
	}
	for i := range 4 {
		wg.Go(func() {
			for k := i; k < total; k += 4 {
				for {
					_, err := peer.Send(binary.BigEndian.AppendUint32(nil, uint32(k)), 0)
					if errors.Is(err, syscall.ENOBUFS) { // how a full receiver is reported on the BSDs
						runtime.Gosched()
						continue
					}
					if err != nil {
						t.Error(err)
					}
					break
				}
			}
		})
	}
	done := make(chan bool)
	go func() { wg.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Fatalf("%d of %d came", received.Load(), total)
	}
}
