//go:build linux || freebsd || darwin || netbsd || openbsd || dragonfly

package sock_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/berkeleysockets/sock"
)

// A pending is a call that waits until its Socket is closed.
type pending struct {
	name string
	make func(t testing.TB) (*sock.Socket, func() error)
}

func receiving(network string, call func(s *sock.Socket) error) func(t testing.TB) (*sock.Socket, func() error) {
	return func(t testing.TB) (*sock.Socket, func() error) {
		s, _ := streams(t, network)
		return s, func() error { return call(s) }
	}
}

// sending repeats the call: a full TCP socket may find room once more when what
// it sent has moved into the receiver's buffer.
func sending(network string, call func(s *sock.Socket) error) func(t testing.TB) (*sock.Socket, func() error) {
	return func(t testing.TB) (*sock.Socket, func() error) {
		s, _ := streams(t, network)
		if runtime.GOOS == "freebsd" {
			fillBufferFirmly(t, s) // else the call finds room for a while, and again and again
		} else {
			fillBuffer(t, s)
		}
		return s, func() error {
			for {
				if err := call(s); err != nil {
					return err
				}
			}
		}
	}
}

// megabyte is longer than any socket buffer.
var megabyte [1 << 20]byte

var pendings = []pending{
	{"Accept", func(t testing.TB) (*sock.Socket, func() error) {
		l, _ := listening(t, "tcp4")
		return l, func() error { _, _, err := l.Accept(); return err }
	}},
	{"Accept unix", func(t testing.TB) (*sock.Socket, func() error) {
		l, _ := listening(t, "unix")
		return l, func() error { _, _, err := l.Accept(); return err }
	}},
	{"Connect", func(t testing.TB) (*sock.Socket, func() error) {
		to := silent(t)
		s := open(t, sock.Inet, sock.Stream)
		return s, func() error { return s.Connect(to) }
	}},
	{"Recv", receiving("tcp4", func(s *sock.Socket) error { _, err := s.Recv(make([]byte, 9), 0); return err })},
	{"Recv unix", receiving("pair", func(s *sock.Socket) error { _, err := s.Recv(make([]byte, 9), 0); return err })},
	{"Recv Peek", receiving("tcp4", func(s *sock.Socket) error { _, err := s.Recv(make([]byte, 9), sock.Peek); return err })},
	{"Recv WaitAll", func(t testing.TB) (*sock.Socket, func() error) {
		s, peer := streams(t, "tcp4")
		if _, err := peer.Send([]byte("abc"), 0); err != nil {
			t.Fatal(err)
		}
		return s, func() error {
			n, err := s.Recv(make([]byte, 9), sock.WaitAll)
			if err == nil || n != 3 && n != 0 {
				return fmt.Errorf("%d bytes, %v", n, err)
			}
			return err
		}
	}},
	{"Read", receiving("tcp4", func(s *sock.Socket) error { _, err := s.Read(make([]byte, 9)); return err })},
	{"Readv", receiving("tcp4", func(s *sock.Socket) error {
		_, err := s.Readv([][]byte{make([]byte, 9), make([]byte, 9)})
		return err
	})},
	{"RecvFrom", func(t testing.TB) (*sock.Socket, func() error) {
		s, _ := bound(t, "udp4", sock.Dgram)
		return s, func() error { _, _, err := s.RecvFrom(make([]byte, 9), 0); return err }
	}},
	{"RecvFrom unix", func(t testing.TB) (*sock.Socket, func() error) {
		s, _ := bound(t, "unix", sock.Dgram)
		return s, func() error { _, _, err := s.RecvFrom(make([]byte, 9), 0); return err }
	}},
	{"RecvMsg", func(t testing.TB) (*sock.Socket, func() error) {
		s, _ := bound(t, "udp4", sock.Dgram)
		return s, func() error {
			_, err := s.RecvMsg(&sock.Message{Bufs: [][]byte{make([]byte, 9)}, Control: make([]byte, 64)}, 0)
			return err
		}
	}},
	{"Send", sending("tcp4", func(s *sock.Socket) error { _, err := s.Send(make([]byte, 9), 0); return err })},
	{"Send unix", sending("pair", func(s *sock.Socket) error { _, err := s.Send(make([]byte, 9), 0); return err })},
	{"SendMsg", sending("tcp4", func(s *sock.Socket) error {
		_, err := s.SendMsg(&sock.Message{Bufs: [][]byte{make([]byte, 9)}}, 0)
		return err
	})},
	{"Writev", sending("tcp4", func(s *sock.Socket) error { _, err := s.Writev([][]byte{make([]byte, 9)}); return err })},
	{"Write", sending("tcp4", func(s *sock.Socket) error { _, err := s.Write(megabyte[:]); return err })},
	{"Write behind another", func(t testing.TB) (*sock.Socket, func() error) {
		s, _ := streams(t, "pair")
		first := goBlocked(t, func() error { _, err := s.Write(megabyte[:]); return err })
		t.Cleanup(func() { recvTimeout(t, first) })
		return s, func() error {
			n, err := s.Write([]byte("mine"))
			if n != 0 {
				return fmt.Errorf("sent %d bytes before its turn: %v", n, err)
			}
			return err
		}
	}},
	{"SendTo a full receiver", func(t testing.TB) (*sock.Socket, func() error) {
		s, _, _, to := full(t)
		return s, func() error { _, err := s.SendTo([]byte("x"), 0, to); return err }
	}},
	{"Send to a full receiver", func(t testing.TB) (*sock.Socket, func() error) {
		s, _, _, to := full(t)
		if err := s.Connect(to); err != nil {
			t.Fatal(err)
		}
		return s, func() error { _, err := s.Send([]byte("x"), 0); return err }
	}},
	{"Wait Readable", receiving("tcp4", func(s *sock.Socket) error { return readable(s, sock.Readable) })},
	{"Wait Writable", func(t testing.TB) (*sock.Socket, func() error) {
		s, _ := streams(t, "pair")
		fillBuffer(t, s)
		return s, func() error { return readable(s, sock.Writable) }
	}},
	{"Wait both", func(t testing.TB) (*sock.Socket, func() error) {
		s, _ := streams(t, "pair")
		fillBuffer(t, s)
		return s, func() error { return readable(s, sock.Readable|sock.Writable) }
	}},
	{"Wait Priority", receiving("tcp4", func(s *sock.Socket) error { return readable(s, sock.Priority) })},
	{"Wait ReadClosed", receiving("tcp4", func(s *sock.Socket) error { return readable(s, sock.ReadClosed) })},
	{"Wait Failed", receiving("tcp4", func(s *sock.Socket) error { return readable(s, sock.Failed) })},
	{"Wait 0", receiving("tcp4", func(s *sock.Socket) error { return readable(s, 0) })},
	{"Wait non-blocking", receiving("tcp4", func(s *sock.Socket) error {
		s.SetNonblock(true)
		return readable(s, sock.Readable)
	})},
	{"RawConn.Read", receiving("tcp4", func(s *sock.Socket) error {
		c, err := s.SyscallConn()
		if err != nil {
			return err
		}
		return c.Read(func(uintptr) bool { return false })
	})},
	{"RawConn.Write", func(t testing.TB) (*sock.Socket, func() error) {
		s, _ := streams(t, "pair")
		fillBuffer(t, s)
		return s, func() error {
			c, err := s.SyscallConn()
			if err != nil {
				return err
			}
			return c.Write(func(uintptr) bool { return false })
		}
	}},
}

// silent returns the address of a listener that does not answer, because its backlog is
// full.
func silent(t testing.TB) sock.Addr {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("no way to make a connect wait on loopback: ", runtime.GOOS, " answers a full backlog")
	}
	l, to := bound(t, "tcp4", sock.Stream)
	if err := l.Listen(1); err != nil {
		t.Fatal(err)
	}
	for range 2 { // one above the backlog
		if err := open(t, sock.Inet, sock.Stream).Connect(to); err != nil {
			t.Fatal(err)
		}
	}
	return to
}

// full returns two unix datagram sockets of which b is full.
func full(t testing.TB) (a *sock.Socket, aName sock.Addr, b *sock.Socket, bName sock.Addr) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("a full receiver is ENOBUFS on ", runtime.GOOS)
	}
	a, aName, b, bName = datagrams(t, "unix")
	for {
		_, err := a.SendTo([]byte("x"), sock.DontWait, bName)
		if errors.Is(err, sock.ErrWouldBlock) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// Close ends a call that waits, at once.
func TestCloseWakes(t *testing.T) {
	t.Parallel()
	for _, p := range pendings {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			s, call := p.make(t)
			result := goBlocked(t, call)
			start := time.Now()
			wantErr(t, s.Close(), nil)
			wantErr(t, recvTimeout(t, result), net.ErrClosed)
			if took := time.Since(start); took > 2*time.Second {
				t.Errorf("it took %v", took)
			}
			wantErr(t, call(), net.ErrClosed)
			wantErr(t, s.Close(), net.ErrClosed)
		})
	}
}

// Close arrives at any point of the call: before it, on its way into the poller, and in
// it.
func TestCloseAnytime(t *testing.T) {
	t.Parallel()
	rounds := 100
	if testing.Short() {
		rounds = 10
	}
	for _, p := range pendings {
		if p.name == "Write behind another" {
			continue // its making waits
		}
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			for range rounds {
				s, call := p.make(t)
				began, result := make(chan bool), make(chan error, 1)
				go func() {
					close(began)
					result <- call()
				}()
				<-began
				for range rand.IntN(2000) {
					runtime.KeepAlive(s)
				}
				if rand.IntN(2) == 0 {
					runtime.Gosched()
				}
				wantErr(t, s.Close(), nil)
				wantErr(t, recvTimeout(t, result), net.ErrClosed)
			}
		})
	}
}

// One Close wakes all waiting calls, also those that wait behind another.
func TestCloseWakesAll(t *testing.T) {
	t.Parallel()
	s, _ := streams(t, "pair")
	fillBuffer(t, s)
	raw, err := s.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var results []<-chan error
	for _, call := range []func() error{
		func() error { _, err := s.Recv(make([]byte, 1), 0); return err },
		func() error { _, err := s.Read(make([]byte, 1)); return err },
		func() error { _, _, err := s.RecvFrom(make([]byte, 1), 0); return err },
		func() error { _, err := s.Readv([][]byte{make([]byte, 1)}); return err },
		func() error { return readable(s, sock.Readable) },
		func() error { return readable(s, sock.Writable) },
		func() error { return readable(s, sock.Readable|sock.Writable) },
		func() error { return readable(s, sock.Priority) },
		func() error { return raw.Read(func(uintptr) bool { return false }) },
		func() error { _, err := s.Send(make([]byte, 1), 0); return err },
		func() error { _, err := s.Write(make([]byte, 1)); return err },
		func() error { _, err := s.Write(make([]byte, 1)); return err },
		func() error { _, err := s.Write(make([]byte, 1)); return err },
		func() error { _, err := s.Writev([][]byte{make([]byte, 1)}); return err },
	} {
		for range 3 {
			results = append(results, goBlocked(t, call))
		}
	}
	wantErr(t, s.Close(), nil)
	for _, r := range results {
		wantErr(t, recvTimeout(t, r), net.ErrClosed)
	}
}

// Of many Closes one succeeds.
func TestCloseTwice(t *testing.T) {
	t.Parallel()
	for range 200 {
		s, _ := streams(t, "pair")
		go s.Recv(make([]byte, 1), 0)
		var ok, closed atomic.Int32
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				switch err := s.Close(); {
				case err == nil:
					ok.Add(1)
				case errors.Is(err, net.ErrClosed):
					closed.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if ok.Load() != 1 || closed.Load() != 3 {
			t.Fatalf("%d Closes succeeded, %d found it closed", ok.Load(), closed.Load())
		}
	}
}

// close(2) runs once, and no call begins on the descriptor after it. Not
// parallel: the tracer sees all.
func TestCloseOnce(t *testing.T) {
	rounds := 300
	if testing.Short() {
		rounds = 30
	}
	for range rounds {
		s, peer := streams(t, "pair")
		fd := s.FD()
		var mu sync.Mutex
		var began []sock.Call
		var ended []sock.Call
		sock.SetTracer(func(c sock.Call) {
			mu.Lock()
			defer mu.Unlock()
			switch {
			case c.FD != fd:
			case c.Name == "close":
				ended = append(ended, c)
			default:
				began = append(began, c)
			}
		})
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				for {
					var err error
					switch i {
					case 0, 1, 2:
						_, err = s.Recv(make([]byte, 4), 0)
					case 3:
						err = readable(s, sock.Readable|sock.Priority)
					case 4:
						_, err = s.Sockname()
					case 5:
						err = s.WithFD(func(int) error { return nil })
					default:
						_, err = s.Write([]byte("ping"))
					}
					if err != nil {
						wantErr(t, err, net.ErrClosed)
						return
					}
				}
			})
		}
		wg.Go(func() {
			for {
				if _, err := peer.Read(make([]byte, 64)); err != nil {
					return
				}
				peer.Send([]byte("pong"), sock.DontWait)
			}
		})
		if rand.IntN(2) == 0 {
			time.Sleep(time.Duration(rand.IntN(200)) * time.Microsecond)
		}
		wantErr(t, s.Close(), nil)
		wg.Wait()
		// The tracer is called after the guard is left: close(2) may be done
		// and not yet reported.
		eventually(t, "close(2) shown", func() bool {
			mu.Lock()
			defer mu.Unlock()
			return len(ended) > 0
		})
		sock.SetTracer(nil)
		mu.Lock()
		if len(ended) != 1 {
			t.Fatalf("close(2) ran %d times: %v", len(ended), ended)
		}
		for _, c := range began {
			if c.Start.After(ended[0].Start) {
				t.Fatalf("after close(2) began %v", c)
			}
		}
		mu.Unlock()
		peer.Close()
	}
}

// When Close returns the descriptor is closed, although a call waited on it: its address
// can be bound again. Not parallel, so that no other test takes the address meanwhile.
func TestCloseFrees(t *testing.T) {
	rounds := 1000
	if testing.Short() {
		rounds = 100
	}
	for _, test := range []struct {
		network string
		ty      sock.Type
	}{{"udp4", sock.Dgram}, {"tcp4", sock.Stream}} {
		t.Run(test.network, func(t *testing.T) {
			s, name := bound(t, test.network, test.ty)
			for range rounds {
				began, result := make(chan bool), make(chan error, 1)
				if test.ty == sock.Stream {
					if err := s.Listen(0); err != nil {
						t.Fatal(err)
					}
				}
				go func(s *sock.Socket) {
					close(began)
					var err error
					if test.ty == sock.Stream {
						_, _, err = s.Accept()
					} else {
						_, err = s.Recv(make([]byte, 1), 0)
					}
					result <- err
				}(s)
				<-began
				for range rand.IntN(3) {
					runtime.Gosched()
				}
				wantErr(t, s.Close(), nil)
				s = open(t, name.Domain(), test.ty)
				if err := s.Bind(name); err != nil {
					t.Fatal(err)
				}
				wantErr(t, recvTimeout(t, result), net.ErrClosed)
			}
		})
	}
}

// A callback of WithFD keeps the descriptor open, and Close does not wait for it, but
// wakes all waiting calls.
func TestCloseWithFD(t *testing.T) {
	t.Parallel()
	s, peer := streams(t, "pair")
	waiting := goBlocked(t, func() error { _, err := s.Recv(make([]byte, 1), 0); return err })
	inside, release := make(chan bool), make(chan bool)
	done := make(chan error, 1)
	go func() {
		done <- s.WithFD(func(int) error {
			close(inside)
			<-release
			return nil
		})
	}()
	recvTimeout(t, inside)
	wantErr(t, s.Close(), nil)
	wantErr(t, recvTimeout(t, waiting), net.ErrClosed)
	if s.FD() != -1 {
		t.Error("FD after Close is ", s.FD())
	}
	wantErr(t, s.WithFD(func(int) error { return nil }), net.ErrClosed)
	// The descriptor lives: the peer sees no end.
	_, err := peer.Recv(make([]byte, 1), sock.DontWait)
	wantErr(t, err, sock.ErrWouldBlock)
	close(release)
	wantErr(t, recvTimeout(t, done), nil)
	n, err := peer.Recv(make([]byte, 1), 0)
	if n != 0 || err != nil {
		t.Errorf("the peer received %d, %v, want the end", n, err)
	}
}

// Close in a callback does not wait for itself.
func TestCloseInCallback(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		call func(s *sock.Socket) error
	}{
		{"WithFD", func(s *sock.Socket) error { return s.WithFD(func(int) error { return s.Close() }) }},
		{"WithFD in WithFD", func(s *sock.Socket) error {
			return s.WithFD(func(int) error { return s.WithFD(func(int) error { return s.Close() }) })
		}},
		{"Control", func(s *sock.Socket) error {
			c, err := s.SyscallConn()
			if err != nil {
				return err
			}
			var inner error
			err = c.Control(func(uintptr) { inner = s.Close() })
			return errors.Join(err, inner)
		}},
		{"Read", func(s *sock.Socket) error {
			c, err := s.SyscallConn()
			if err != nil {
				return err
			}
			if err := c.Read(func(uintptr) bool { s.Close(); return false }); !errors.Is(err, net.ErrClosed) {
				return fmt.Errorf("Read returned %v", err)
			}
			return nil
		}},
		{"panic", func(s *sock.Socket) (err error) {
			defer func() { recover() }()
			return s.WithFD(func(int) error { s.Close(); panic("out") })
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s, peer := streams(t, "pair")
			result := make(chan error, 1)
			go func() { result <- test.call(s) }()
			wantErr(t, recvTimeout(t, result), nil)
			wantErr(t, s.Close(), net.ErrClosed)
			n, err := peer.Recv(make([]byte, 1), 0)
			if n != 0 || err != nil {
				t.Errorf("the peer received %d, %v, want the end", n, err)
			}
		})
	}
}

// A tracer may close the Socket whose call it is shown, whatever the call. Not
// parallel: the tracer sees all.
func TestCloseInTracer(t *testing.T) {
	calls := append([]pending{
		{"WithFD", func(t testing.TB) (*sock.Socket, func() error) {
			s, _ := streams(t, "pair")
			return s, func() error {
				return s.WithFD(func(int) error { _, err := s.Send([]byte("x"), 0); s.Sockname(); return err })
			}
		}},
		{"Dup", receiving("pair", func(s *sock.Socket) error {
			c, err := s.Dup()
			if err == nil {
				c.Close()
			}
			return err
		})},
		{"Sockname", receiving("pair", func(s *sock.Socket) error { _, err := s.Sockname(); return err })},
		{"Close", receiving("pair", func(s *sock.Socket) error { return s.Close() })},
		{"Detach", receiving("pair", func(s *sock.Socket) error {
			fd, err := s.Detach()
			if err == nil {
				if s, err = sock.FromFD(fd); err == nil {
					s.Close()
				}
			}
			return err
		})},
	}, pendings...)
	for _, p := range calls {
		t.Run(p.name, func(t *testing.T) {
			s, call := p.make(t)
			fd := s.FD()
			sock.SetTracer(func(c sock.Call) {
				if c.FD == fd && c.Name != "close" || c.Name == "epoll_create1" || c.Name == "epoll_ctl" {
					s.Close()
				}
			})
			defer sock.SetTracer(nil)
			result := make(chan error, 1)
			go func() { result <- call() }()
			select {
			case <-result:
			case <-time.After(200 * time.Millisecond):
				// A call that only waits shows nothing before it is woken.
				sock.SetTracer(nil)
				s.Close()
				recvTimeout(t, result)
			}
			wantErr(t, s.Close(), net.ErrClosed)
		})
	}
}
