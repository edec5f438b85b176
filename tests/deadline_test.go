//go:build linux || freebsd || darwin || netbsd || openbsd || dragonfly

package sock_test

import (
	"errors"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/berkeleysockets/sock"
)

var past = time.Unix(1, 0)

// isTimeout fails the test unless err is the error of a passed deadline.
func isTimeout(t testing.TB, err error) {
	t.Helper()
	wantErr(t, err, os.ErrDeadlineExceeded)
	var ne net.Error
	if !errors.As(err, &ne) || !ne.Timeout() {
		t.Errorf("%v is no net.Error that has timed out", err)
	}
	if errors.Is(err, net.ErrClosed) {
		t.Errorf("%v matches net.ErrClosed as well", err)
	}
}

// again reports whether the call can wait a second time on the same Socket.
func (p pending) again() bool { return p.name != "Connect" }

// A deadline that is set during a wait ends the wait at its time; one in the past ends it
// at once, and every later call, until it is removed.
func TestDeadlineWhileWaiting(t *testing.T) {
	t.Parallel()
	for _, p := range pendings {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			s, call := p.make(t)
			result := goBlocked(t, call)
			at := time.Now().Add(40 * time.Millisecond)
			wantErr(t, s.SetDeadline(at), nil)
			isTimeout(t, recvTimeout(t, result))
			if early := time.Until(at); early > 0 {
				t.Errorf("it ended %v early", early)
			}
			isTimeout(t, call())
			wantErr(t, s.SetDeadline(time.Time{}), nil)
			if !p.again() {
				return
			}
			result = goBlocked(t, call)
			wantErr(t, s.SetDeadline(past), nil)
			isTimeout(t, recvTimeout(t, result))
			isTimeout(t, call())
		})
	}
}

// A deadline that was set before the first wait is used.
func TestDeadlineBefore(t *testing.T) {
	t.Parallel()
	for _, p := range pendings {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			s, call := p.make(t)
			at := time.Now().Add(40 * time.Millisecond)
			wantErr(t, s.SetDeadline(at), nil)
			isTimeout(t, call())
			if early := time.Until(at); early > 0 {
				t.Errorf("it ended %v early", early)
			}
		})
	}
}

// A deadline may move during a wait: its last value is used.
func TestDeadlineMoved(t *testing.T) {
	t.Parallel()
	for _, p := range pendings {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			for range 5 {
				if putOff(t, p) {
					return
				}
			}
			t.Skip("this machine stands still for 100 ms again and again")
		})
	}
}

// putOff moves a deadline several times before it passes, and then nearer. It returns
// false if it was too late itself, which shows nothing.
func putOff(t *testing.T, p pending) bool {
	s, call := p.make(t)
	defer s.Close()
	last := time.Now().Add(time.Hour)
	wantErr(t, s.SetDeadline(last), nil)
	result := goBlocked(t, call)
	for range 100 {
		next := time.Now().Add(100 * time.Millisecond)
		wantErr(t, s.SetDeadline(next), nil)
		if time.Now().After(last) {
			return false
		}
		last = next
		time.Sleep(2 * time.Millisecond)
	}
	wantErr(t, s.SetDeadline(time.Now().Add(time.Hour)), nil)
	if time.Now().After(last) {
		return false
	}
	if len(result) > 0 {
		t.Fatalf("it ended, with %v, before its deadline", <-result)
	}
	at := time.Now().Add(10 * time.Millisecond)
	wantErr(t, s.SetDeadline(at), nil)
	isTimeout(t, recvTimeout(t, result))
	if early := time.Until(at); early > 0 {
		t.Errorf("it ended %v early", early)
	}
	return true
}

// A passed deadline fails calls that could proceed, in every mode, and does not affect
// the other direction.
func TestDeadlineExpired(t *testing.T) {
	t.Parallel()
	reads := map[string]func(s *sock.Socket) error{
		"Recv":          func(s *sock.Socket) error { _, err := s.Recv(make([]byte, 1), 0); return err },
		"Recv DontWait": func(s *sock.Socket) error { _, err := s.Recv(make([]byte, 1), sock.DontWait); return err },
		"Recv Peek":     func(s *sock.Socket) error { _, err := s.Recv(make([]byte, 1), sock.Peek); return err },
		"Recv WaitAll":  func(s *sock.Socket) error { _, err := s.Recv(make([]byte, 1), sock.WaitAll); return err },
		"Recv OOB":      func(s *sock.Socket) error { _, err := s.Recv(make([]byte, 1), sock.OOB); return err },
		"RecvFrom":      func(s *sock.Socket) error { _, _, err := s.RecvFrom(make([]byte, 1), 0); return err },
		"RecvMsg": func(s *sock.Socket) error {
			_, err := s.RecvMsg(&sock.Message{Bufs: [][]byte{make([]byte, 1)}}, 0)
			return err
		},
		"Read":          func(s *sock.Socket) error { _, err := s.Read(make([]byte, 1)); return err },
		"Read nothing":  func(s *sock.Socket) error { _, err := s.Read(nil); return err },
		"Readv":         func(s *sock.Socket) error { _, err := s.Readv([][]byte{make([]byte, 1)}); return err },
		"Wait Readable": func(s *sock.Socket) error { return readable(s, sock.Readable) },
		"Wait Failed":   func(s *sock.Socket) error { return readable(s, sock.Failed) },
		"Wait 0":        func(s *sock.Socket) error { return readable(s, 0) },
		"Wait both":     func(s *sock.Socket) error { return readable(s, sock.Readable|sock.Writable) },
		"RawConn.Read": func(s *sock.Socket) error {
			c, _ := s.SyscallConn()
			return c.Read(func(uintptr) bool { return true })
		},
	}
	writes := map[string]func(s *sock.Socket) error{
		"Send":          func(s *sock.Socket) error { _, err := s.Send([]byte("x"), 0); return err },
		"Send DontWait": func(s *sock.Socket) error { _, err := s.Send([]byte("x"), sock.DontWait); return err },
		"SendTo":        func(s *sock.Socket) error { _, err := s.SendTo([]byte("x"), 0, sock.Addr{}); return err },
		"SendMsg": func(s *sock.Socket) error {
			_, err := s.SendMsg(&sock.Message{Bufs: [][]byte{[]byte("x")}}, 0)
			return err
		},
		"Write":         func(s *sock.Socket) error { _, err := s.Write([]byte("x")); return err },
		"Write nothing": func(s *sock.Socket) error { _, err := s.Write(nil); return err },
		"Writev":        func(s *sock.Socket) error { _, err := s.Writev([][]byte{[]byte("x")}); return err },
		"Wait Writable": func(s *sock.Socket) error { return readable(s, sock.Writable) },
		"Wait both":     func(s *sock.Socket) error { return readable(s, sock.Readable|sock.Writable) },
		"RawConn.Write": func(s *sock.Socket) error {
			c, _ := s.SyscallConn()
			return c.Write(func(uintptr) bool { return true })
		},
	}
	for _, network := range []string{"tcp4", "pair"} {
		for _, nonblock := range []bool{false, true} {
			s, peer := streams(t, network)
			if _, err := peer.Write([]byte("plenty to receive")); err != nil {
				t.Fatal(err)
			}
			wantErr(t, readable(s, sock.Readable), nil)
			s.SetNonblock(nonblock)
			wantErr(t, s.SetReadDeadline(past), nil)
			for name, call := range reads {
				t.Run(name, func(t *testing.T) { isTimeout(t, call(s)) })
			}
			for name, call := range writes {
				if name != "Wait both" {
					t.Run(name, func(t *testing.T) { wantErr(t, call(s), nil) })
				}
			}
			wantErr(t, s.SetReadDeadline(time.Time{}), nil)
			wantErr(t, s.SetWriteDeadline(past), nil)
			for name, call := range writes {
				t.Run(name, func(t *testing.T) { isTimeout(t, call(s)) })
			}
			n, err := s.Recv(make([]byte, 1), 0)
			if n != 1 || err != nil {
				t.Errorf("Recv past the write deadline: %d, %v", n, err)
			}
			wantErr(t, s.SetWriteDeadline(time.Time{}), nil)
			wantErr(t, writes["Send"](s), nil)
		}
	}
}

// Accept fails past the read deadline though a connection waits, Connect past
// the write deadline; what is accepted or duplicated has none.
func TestDeadlineConnections(t *testing.T) {
	t.Parallel()
	l, name := listening(t, "tcp4")
	c := open(t, sock.Inet, sock.Stream)
	wantErr(t, c.SetWriteDeadline(past), nil)
	isTimeout(t, c.Connect(name))
	c.SetNonblock(true)
	isTimeout(t, c.Connect(name))
	c.SetNonblock(false)
	wantErr(t, c.SetWriteDeadline(time.Time{}), nil)
	wantErr(t, c.Connect(name), nil)

	wantErr(t, l.SetReadDeadline(past), nil)
	_, _, err := l.Accept()
	isTimeout(t, err)
	wantErr(t, l.SetReadDeadline(time.Now().Add(time.Hour)), nil)
	s, _, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	closed(t, s)
	wantErr(t, l.SetReadDeadline(past), nil)

	wantErr(t, c.SetDeadline(past), nil)
	d, err := c.Dup()
	if err != nil {
		t.Fatal(err)
	}
	closed(t, d)
	if _, err := d.Write([]byte("x")); err != nil {
		t.Error("a duplicate has a deadline: ", err)
	}
	if n, err := s.Recv(make([]byte, 9), 0); n != 1 || err != nil {
		t.Errorf("the accepted Socket received %d, %v", n, err)
	}
}

// Times at the limits of the type are only far away.
func TestDeadlineFarAway(t *testing.T) {
	t.Parallel()
	for _, at := range []time.Time{
		time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC),
		time.Unix(1<<62, 0),
		time.Now().Add(1<<63 - 1),
		time.Now().Round(0).Add(time.Hour), // without the monotonic clock
	} {
		s, peer := streams(t, "pair")
		wantErr(t, s.SetDeadline(at), nil)
		result := goBlocked(t, func() error { _, err := s.Recv(make([]byte, 1), 0); return err })
		wantErr(t, s.SetDeadline(at), nil)
		if _, err := peer.Send([]byte("x"), 0); err != nil {
			t.Fatal(err)
		}
		wantErr(t, recvTimeout(t, result), nil)
	}
	for _, at := range []time.Time{
		time.Date(1, 1, 1, 0, 0, 0, 1, time.UTC),
		time.Unix(0, 0),
		time.Unix(-1<<62, 0),
		time.Now().Add(-1),
	} {
		s, _ := streams(t, "pair")
		wantErr(t, s.SetDeadline(at), nil)
		_, err := s.Recv(make([]byte, 1), 0)
		isTimeout(t, err)
	}
}

func TestDeadlineClosed(t *testing.T) {
	t.Parallel()
	s, _ := streams(t, "pair")
	s.Close()
	wantErr(t, s.SetDeadline(time.Now()), net.ErrClosed)
	wantErr(t, s.SetReadDeadline(time.Time{}), net.ErrClosed)
	wantErr(t, s.SetWriteDeadline(past), net.ErrClosed)
	_, err := s.Recv(nil, 0)
	wantErr(t, err, net.ErrClosed)
}

// A deadline that is set while Close wakes all waits must not make a call wait again.
func TestDeadlineAgainstClose(t *testing.T) {
	t.Parallel()
	rounds := 150
	if testing.Short() {
		rounds = 15
	}
	for range rounds {
		s, _ := streams(t, "pair")
		fillBuffer(t, s)
		var wg sync.WaitGroup
		for _, call := range []func() error{
			func() error { _, err := s.Recv(make([]byte, 1), 0); return err },
			func() error { _, err := s.Write(make([]byte, 1)); return err },
			func() error { _, err := s.Write(make([]byte, 1)); return err },
			func() error { return readable(s, sock.Readable|sock.Writable) },
		} {
			wg.Go(func() {
				for {
					if err := call(); errors.Is(err, net.ErrClosed) {
						return
					} else if !errors.Is(err, os.ErrDeadlineExceeded) {
						t.Error(err)
						return
					}
				}
			})
		}
		for i := range 2 {
			wg.Go(func() {
				for n := i; ; n++ {
					at := []time.Time{{}, past, time.Now().Add(time.Hour), time.Now().Add(time.Microsecond)}[n%4]
					if err := s.SetDeadline(at); err != nil {
						wantErr(t, err, net.ErrClosed)
						return
					}
				}
			})
		}
		wg.Go(func() {
			time.Sleep(20 * time.Microsecond)
			wantErr(t, s.Close(), nil)
		})
		done := make(chan bool)
		go func() { wg.Wait(); close(done) }()
		recvTimeout(t, done)
	}
}
