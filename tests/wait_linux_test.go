package sock_test

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/berkeleysockets/sock"
)

// setInt sets an option that the package has no name for yet.
func setInt(t testing.TB, s *sock.Socket, level, name, value int) {
	t.Helper()
	if err := s.WithFD(func(fd int) error { return unix.SetsockoptInt(fd, level, name, value) }); err != nil {
		t.Fatal(err)
	}
}

// stamped has every send of s leave messages in its error queue.
func stamped(t testing.TB, s *sock.Socket) {
	t.Helper()
	setInt(t, s, unix.SOL_SOCKET, unix.SO_TIMESTAMPING,
		unix.SOF_TIMESTAMPING_TX_SOFTWARE|unix.SOF_TIMESTAMPING_TX_SCHED|unix.SOF_TIMESTAMPING_SOFTWARE|
			unix.SOF_TIMESTAMPING_OPT_ID|unix.SOF_TIMESTAMPING_OPT_TSONLY)
}

// inErrorQueue waits until the error queue of s has something. It takes nothing.
func inErrorQueue(t testing.TB, s *sock.Socket) {
	t.Helper()
	if got, err := s.Wait(sock.Failed); got&sock.Failed == 0 || err != nil {
		t.Fatalf("Wait(Failed) = %v, %v", got, err)
	}
}

// few fails the test if f makes more than most system calls for s: then a call spins.
func few(t testing.TB, s *sock.Socket, most int, f func()) {
	t.Helper()
	var mu sync.Mutex
	var list []string
	fd := s.FD()
	sock.SetTracer(func(c sock.Call) {
		mu.Lock()
		defer mu.Unlock()
		if c.FD == fd || strings.HasPrefix(c.Name, "epoll") {
			list = append(list, c.String())
		}
	})
	f()
	sock.SetTracer(nil)
	mu.Lock()
	defer mu.Unlock()
	if len(list) > most {
		t.Errorf("%d calls, want at most %d:\n%s", len(list), most, strings.Join(list[:min(len(list), 30)], "\n"))
	}
}

// This time is long for a call that spins.
func letSpin() { time.Sleep(50 * time.Millisecond) }

// Messages in the error queue do not disturb a waiting receive: it neither spins nor
// fails, and receives what arrives. The tests of the error queue are not parallel,
// because they count system calls.
func TestWaitReaderWithErrorQueue(t *testing.T) {
	for _, before := range []bool{true, false} {
		t.Run(fmt.Sprint("filled before ", before), func(t *testing.T) {
			a, _, b, bName := datagrams(t, "udp4")
			wantErr(t, a.Connect(bName), nil)
			stamped(t, a)
			const many = 20
			send := func() {
				for range many {
					if _, err := a.Send([]byte("x"), 0); err != nil {
						t.Fatal(err)
					}
				}
				inErrorQueue(t, a)
			}
			if before {
				send()
			}
			p := make([]byte, 9)
			var n int
			few(t, a, 20*many, func() {
				waiting := goBlocked(t, func() (err error) { n, err = a.Recv(p, 0); return err })
				if !before {
					send()
				}
				letSpin()
				name, err := a.Sockname()
				wantErr(t, err, nil)
				if _, err := b.SendTo([]byte("data"), 0, name); err != nil {
					t.Fatal(err)
				}
				wantErr(t, recvTimeout(t, waiting), nil)
			})
			if string(p[:n]) != "data" {
				t.Errorf("received %q", p[:n])
			}
		})
	}
}

// The same where there is no room to send: the kernel then reports nothing but
// the error, and Go's poller refuses to wait.
func TestWaitFullWithErrorQueue(t *testing.T) {
	for _, test := range []struct {
		name string
		call func(s *sock.Socket) error
		done func(t *testing.T, s, peer *sock.Socket) // what ends the waiting
	}{
		{"Recv", func(s *sock.Socket) error {
			p := make([]byte, 9)
			if n, err := s.Recv(p, 0); string(p[:n]) != "data" || err != nil {
				return fmt.Errorf("Recv = %q, %v", p[:n], err)
			}
			return nil
		}, func(t *testing.T, s, peer *sock.Socket) { peer.Send([]byte("data"), 0) }},
		{"Recv, at the end", func(s *sock.Socket) error {
			if n, err := s.Recv(make([]byte, 9), 0); n != 0 || err != nil {
				return fmt.Errorf("Recv = %d, %v", n, err)
			}
			return nil
		}, func(t *testing.T, s, peer *sock.Socket) { peer.CloseWrite() }},
		{"Recv, reset", func(s *sock.Socket) error {
			if _, err := s.Recv(make([]byte, 9), 0); !errors.Is(err, syscall.ECONNRESET) {
				return fmt.Errorf("Recv = %v", err)
			}
			return nil
		}, func(t *testing.T, s, peer *sock.Socket) { abort(t, peer) }},
		{"Send", func(s *sock.Socket) error { _, err := s.Send([]byte("x"), 0); return err },
			func(t *testing.T, s, peer *sock.Socket) { drainAll(t, s, peer) }},
		{"Send, reset", func(s *sock.Socket) error {
			if _, err := s.Send(megabyte[:], 0); !errors.Is(err, syscall.ECONNRESET) {
				return fmt.Errorf("Send = %v", err)
			}
			return nil
		}, func(t *testing.T, s, peer *sock.Socket) { abort(t, peer) }},
		{"Write with something to receive", func(s *sock.Socket) error { _, err := s.Write([]byte("x")); return err },
			func(t *testing.T, s, peer *sock.Socket) { drainAll(t, s, peer) }},
		{"Write at the end", func(s *sock.Socket) error { _, err := s.Write([]byte("x")); return err },
			func(t *testing.T, s, peer *sock.Socket) { drainAll(t, s, peer) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, peer := streams(t, "tcp4")
			stamped(t, s)
			switch test.name {
			case "Write with something to receive":
				if _, err := peer.Send([]byte("unread"), 0); err != nil {
					t.Fatal(err)
				}
				wantErr(t, readable(s, sock.Readable), nil)
			case "Write at the end":
				wantErr(t, peer.CloseWrite(), nil)
				wantErr(t, readable(s, sock.Readable), nil)
			}
			fillBufferFirmly(t, s)
			inErrorQueue(t, s)
			few(t, s, 40, func() {
				waiting := goBlocked(t, func() error { return test.call(s) })
				letSpin()
				test.done(t, s, peer)
				wantErr(t, recvTimeout(t, waiting), nil)
			})
		})
	}
}

// A deadline and Close end such a wait.
func TestWaitFullWithErrorQueueEnds(t *testing.T) {
	s, _ := streams(t, "tcp4")
	stamped(t, s)
	fillBufferFirmly(t, s)
	inErrorQueue(t, s)
	call := func() error { _, err := s.Recv(make([]byte, 9), 0); return err }
	waiting := goBlocked(t, call)
	wantErr(t, s.SetReadDeadline(time.Now().Add(10*time.Millisecond)), nil)
	isTimeout(t, recvTimeout(t, waiting))
	wantErr(t, s.SetReadDeadline(time.Time{}), nil)
	waiting = goBlocked(t, call)
	wantErr(t, s.Close(), nil)
	wantErr(t, recvTimeout(t, waiting), net.ErrClosed)
}

// An error that waits to be reported is not lost among what fills the queue.
func TestWaitErrorBehindErrorQueue(t *testing.T) {
	a, _, b, bName := datagrams(t, "udp4")
	wantErr(t, a.Connect(bName), nil)
	stamped(t, a)
	for range 5 {
		if _, err := a.Send([]byte("x"), 0); err != nil {
			t.Fatal(err)
		}
	}
	inErrorQueue(t, a)
	wantErr(t, b.Close(), nil)
	for range 3 {
		waiting := goBlocked(t, func() error { _, err := a.Recv(make([]byte, 9), 0); return err })
		for len(waiting) == 0 { // the reader may not be the one to be reported
			if _, err := a.Send([]byte("x"), 0); err != nil {
				wantErr(t, err, syscall.ECONNREFUSED)
			}
		}
		wantErr(t, <-waiting, syscall.ECONNREFUSED)
		eventually(t, "no more errors", func() bool {
			_, err := a.Recv(make([]byte, 9), sock.DontWait)
			return errors.Is(err, sock.ErrWouldBlock)
		})
	}
}

// Wait(Failed) reports the error queue, ErrQueue receives from it and never
// waits; Wait for data says unasked that something is there.
func TestWaitFailed(t *testing.T) {
	t.Parallel()
	for _, nonblock := range []bool{false, true} {
		closed, to := bound(t, "udp4", sock.Dgram)
		closed.Close()
		s, _ := bound(t, "udp4", sock.Dgram)
		s.SetNonblock(nonblock)
		setInt(t, s, unix.IPPROTO_IP, unix.IP_RECVERR, 1)
		p := make([]byte, 9)
		_, err := s.Recv(p, sock.ErrQueue)
		wantErr(t, err, sock.ErrWouldBlock)

		var got sock.Ready
		waiting := goBlocked(t, func() (err error) { got, err = s.Wait(sock.Failed); return err })
		if _, err := s.SendTo([]byte("lost"), 0, to); err != nil {
			t.Fatal(err)
		}
		wantErr(t, recvTimeout(t, waiting), nil)
		if got != sock.Failed {
			t.Errorf("Wait(Failed) = %v", got)
		}
		if got, err = s.Wait(sock.Readable); got != sock.Failed || err != nil {
			t.Errorf("Wait(Readable) = %v, %v", got, err)
		}
		_, err = s.Recv(p, 0) // the error itself comes first
		wantErr(t, err, syscall.ECONNREFUSED)
		n, from, err := s.RecvFrom(p, sock.ErrQueue)
		if string(p[:n]) != "lost" || from != to || err != nil {
			t.Errorf("from the error queue came %q %v, %v", p[:n], from, err)
		}
		_, err = s.Recv(p, sock.ErrQueue)
		wantErr(t, err, sock.ErrWouldBlock)
		waiting = goBlocked(t, func() error { return readable(s, 0) })
		s.Close()
		wantErr(t, recvTimeout(t, waiting), net.ErrClosed)
	}
}

// A datagram socket that was shut for reading calls itself readable without end,
// though there is nothing: a call that waits returns what the kernel's own would
// have, and one that does not wait hears EAGAIN. Not parallel: it counts calls.
func TestWaitShutDatagrams(t *testing.T) {
	for _, network := range []string{"udp4", "unix"} {
		for name, call := range map[string]func(s *sock.Socket) (int, error){
			"Recv":     func(s *sock.Socket) (int, error) { return s.Recv(make([]byte, 9), 0) },
			"Read":     func(s *sock.Socket) (int, error) { return s.Read(make([]byte, 9)) },
			"Readv":    func(s *sock.Socket) (int, error) { return s.Readv([][]byte{make([]byte, 9)}) },
			"RecvFrom": func(s *sock.Socket) (int, error) { n, _, err := s.RecvFrom(make([]byte, 9), 0); return n, err },
			"RecvMsg": func(s *sock.Socket) (int, error) {
				m := sock.Message{Bufs: [][]byte{make([]byte, 9)}, Addr: loopback6, N: 7, NControl: 7, Flags: sock.Trunc}
				n, err := s.RecvMsg(&m, 0)
				if m.Addr.IsValid() || m.N != 0 || m.NControl != 0 || m.Flags != 0 {
					return n, fmt.Errorf("%+v is left from before", m)
				}
				return n, err
			},
		} {
			t.Run(network+" "+name, func(t *testing.T) {
				s, _ := bound(t, network, sock.Dgram)
				few(t, s, 40, func() {
					waiting := goBlocked(t, func() error {
						n, err := call(s)
						if n != 0 {
							return fmt.Errorf("%d bytes, %v", n, err)
						}
						return err
					})
					s.Shutdown(sock.ShutRead) // UDP says ENOTCONN, and does it
					wantErr(t, recvTimeout(t, waiting), nil)
				})
				_, err := s.Recv(make([]byte, 9), sock.DontWait)
				wantErr(t, err, sock.ErrWouldBlock)
			})
		}
		// A call that repeats does not spin either.
		s, _ := bound(t, network, sock.Dgram)
		s.Shutdown(sock.ShutRead)
		raw, err := s.SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		few(t, s, 500, func() {
			waiting := goBlocked(t, func() error { return raw.Read(func(uintptr) bool { return false }) })
			letSpin()
			s.Close()
			wantErr(t, recvTimeout(t, waiting), net.ErrClosed)
		})
	}
}
