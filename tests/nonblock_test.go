//go:build linux || freebsd || darwin || netbsd || openbsd || dragonfly

package sock_test

import (
	"errors"
	"net"
	"os"
	"runtime"
	"syscall"
	"testing"

	"github.com/berkeleysockets/sock"
)

// The two answers are values of their own: they match an errno, and are neither
// time-outs nor net.Errors.
func TestNonblockErrors(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		err        error
		is, is_not syscall.Errno
	}{
		{sock.ErrWouldBlock, syscall.EAGAIN, syscall.EINPROGRESS},
		{sock.ErrInProgress, syscall.EINPROGRESS, syscall.EAGAIN},
	} {
		if !errors.Is(test.err, test.is) || errors.Is(test.err, test.is_not) {
			t.Errorf("%v does not match %v, or matches %v", test.err, test.is, test.is_not)
		}
		if test.is == syscall.EAGAIN && !errors.Is(test.err, syscall.EWOULDBLOCK) {
			t.Errorf("%v does not match EWOULDBLOCK", test.err)
		}
		if _, ok := test.err.(interface{ Timeout() bool }); ok {
			t.Errorf("%v has a method Timeout", test.err)
		}
		var ne net.Error
		if errors.As(test.err, &ne) || os.IsTimeout(test.err) || errors.Is(test.err, os.ErrDeadlineExceeded) {
			t.Errorf("%v looks like a time-out", test.err)
		}
		var e *sock.Error
		var errno syscall.Errno
		if errors.As(test.err, &e) || errors.As(test.err, &errno) || errors.Unwrap(test.err) != nil {
			t.Errorf("%v unwraps to something", test.err)
		}
		if test.err.Error() == "" {
			t.Error("an error without text")
		}
	}
}

// Nothing waits in non-blocking mode, nor in blocking mode with DontWait.
func TestNonblockCalls(t *testing.T) {
	t.Parallel()
	p := make([]byte, 9)
	msg := func() *sock.Message { return &sock.Message{Bufs: [][]byte{p}} }
	flagged := map[string]func(s *sock.Socket, f sock.Flags) (int, error){
		"Recv":         func(s *sock.Socket, f sock.Flags) (int, error) { return s.Recv(p, f) },
		"Recv Peek":    func(s *sock.Socket, f sock.Flags) (int, error) { return s.Recv(p, f|sock.Peek) },
		"Recv WaitAll": func(s *sock.Socket, f sock.Flags) (int, error) { return s.Recv(p, f|sock.WaitAll) },
		"RecvFrom":     func(s *sock.Socket, f sock.Flags) (int, error) { n, _, err := s.RecvFrom(p, f); return n, err },
		"RecvMsg":      func(s *sock.Socket, f sock.Flags) (int, error) { return s.RecvMsg(msg(), f) },
		"Send":         func(s *sock.Socket, f sock.Flags) (int, error) { return s.Send(p, f) },
		"SendTo":       func(s *sock.Socket, f sock.Flags) (int, error) { return s.SendTo(p, f, sock.Addr{}) },
		"SendMsg":      func(s *sock.Socket, f sock.Flags) (int, error) { return s.SendMsg(msg(), f) },
	}
	plain := map[string]func(s *sock.Socket) (int, error){
		"Read":   func(s *sock.Socket) (int, error) { return s.Read(p) },
		"Readv":  func(s *sock.Socket) (int, error) { return s.Readv([][]byte{p}) },
		"Write":  func(s *sock.Socket) (int, error) { return s.Write(p) },
		"Writev": func(s *sock.Socket) (int, error) { return s.Writev([][]byte{p}) },
		"RawConn.Read": func(s *sock.Socket) (int, error) {
			c, _ := s.SyscallConn()
			return 0, c.Read(func(uintptr) bool { return false })
		},
		"RawConn.Write": func(s *sock.Socket) (int, error) {
			c, _ := s.SyscallConn()
			return 0, c.Write(func(uintptr) bool { return false })
		},
	}
	s, _ := streams(t, "pair")
	fillBuffer(t, s)
	would := func(name string, n int, err error) {
		if n != 0 || err != sock.ErrWouldBlock { // the very value: nothing is allocated
			t.Errorf("%s = %d, %v", name, n, err)
		}
	}
	for name, call := range flagged {
		n, err := call(s, sock.DontWait)
		would(name+" DontWait", n, err)
	}
	s.SetNonblock(true)
	for name, call := range flagged {
		n, err := call(s, 0)
		would(name, n, err)
	}
	for name, call := range plain {
		n, err := call(s)
		would(name, n, err)
	}
	l, _ := listening(t, "tcp4")
	l.SetNonblock(true)
	c, from, err := l.Accept()
	would("Accept", 0, err)
	if c != nil || from.IsValid() {
		t.Errorf("Accept returned %v, %v", c, from)
	}
}

// An accepted Socket has the mode that the listener has at that time.
func TestNonblockInherited(t *testing.T) {
	t.Parallel()
	for _, network := range []string{"tcp4", "unix"} {
		l, name := listening(t, network)
		for _, nonblock := range []bool{false, true, false} {
			c := open(t, name.Domain(), sock.Stream)
			wantErr(t, c.Connect(name), nil)
			wantErr(t, readable(l, sock.Readable), nil)
			l.SetNonblock(nonblock)
			s, _, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			closed(t, s)
			receive := func(s *sock.Socket) func() error {
				return func() error { _, err := s.Recv(make([]byte, 1), 0); return err }
			}
			d, err := s.Dup() // a Socket of its own: blocking
			if err != nil {
				t.Fatal(err)
			}
			closed(t, d)
			waiting := []<-chan error{goBlocked(t, receive(d))}
			if nonblock {
				wantErr(t, receive(s)(), sock.ErrWouldBlock)
			} else {
				waiting = append(waiting, goBlocked(t, receive(s)))
			}
			c.Close()
			for _, w := range waiting {
				wantErr(t, recvTimeout(t, w), nil)
			}
		}
	}
}

// Urgent data and the error queue are not waited for: readiness does not speak of
// them.
func TestNonblockImplied(t *testing.T) {
	t.Parallel()
	s, peer := streams(t, "tcp4")
	result := make(chan error, 1)
	go func() { _, err := s.Recv(make([]byte, 1), sock.OOB); result <- err }()
	wantErr(t, recvTimeout(t, result), syscall.EINVAL) // there is none

	if _, err := peer.Send([]byte("x!"), sock.OOB); err != nil {
		t.Fatal(err)
	}
	wantErr(t, readable(s, sock.Priority), nil)
	p := make([]byte, 2)
	if n, err := s.Recv(p, sock.OOB); n != 1 || p[0] != '!' || err != nil {
		t.Errorf("urgent data are %q, %v", p[:n], err)
	}
	go func() { _, err := s.Recv(p, sock.OOB); result <- err }()
	wantErr(t, recvTimeout(t, result), syscall.EINVAL) // they have been taken

	go func() {
		_, err := s.Recv(p, sock.ErrQueue)
		result <- err
	}()
	if runtime.GOOS == "linux" {
		wantErr(t, recvTimeout(t, result), sock.ErrWouldBlock)
	} else {
		wantErr(t, recvTimeout(t, result), errors.ErrUnsupported)
	}
	fillBuffer(t, s)
	go func() {
		for { // a few may still find room
			if _, err := s.Send([]byte("!"), sock.OOB); err != nil {
				result <- err
				return
			}
		}
	}()
	err := recvTimeout(t, result)
	if runtime.GOOS == "linux" || !errors.Is(err, syscall.ENOBUFS) { // the BSDs lend urgent data a little room
		wantErr(t, err, sock.ErrWouldBlock)
	}
}

// A non-blocking Write returns how much it has sent, and does not queue.
func TestNonblockWrite(t *testing.T) {
	t.Parallel()
	s, peer := streams(t, "pair")
	s.SetNonblock(true)
	n, err := s.Write(megabyte[:])
	wantErr(t, err, sock.ErrWouldBlock)
	if n == 0 || n == len(megabyte) {
		t.Errorf("it sent %d bytes", n)
	}
	drained := 0
	for p := make([]byte, 64<<10); drained < n; {
		k, err := peer.Recv(p, 0)
		if err != nil {
			t.Fatal(err)
		}
		drained += k
	}
	s.SetNonblock(false)
	waiting := goBlocked(t, func() error { _, err := s.Write(megabyte[:]); return err })
	s.SetNonblock(true)
	n, err = s.Write([]byte("x"))
	wantErr(t, err, sock.ErrWouldBlock)
	if n != 0 {
		t.Errorf("it sent %d bytes while another Write was under way", n)
	}
	s.Close()
	wantErr(t, recvTimeout(t, waiting), net.ErrClosed)
}

func TestConnectResult(t *testing.T) {
	t.Parallel()
	for _, network := range []string{"tcp4", "tcp6", "unix"} {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			_, name := listening(t, network)
			c := open(t, name.Domain(), sock.Stream)
			if c.ConnectResult() == nil {
				t.Error("ConnectResult of a Socket that never tried is nil")
			}
			c.SetNonblock(true)
			switch err := c.Connect(name); err {
			case nil:
			case sock.ErrInProgress:
				if runtime.GOOS == "linux" && network == "unix" {
					t.Error("a unix connection is in progress")
				}
			default:
				t.Fatal(err)
			}
			wantErr(t, readable(c, sock.Writable), nil)
			for range 2 {
				wantErr(t, c.ConnectResult(), nil)
			}
			if at, err := c.Peername(); at != name || err != nil {
				t.Errorf("the peer is %v, %v", at, err)
			}
			err := c.Connect(name)
			if err == nil { // Linux says so once
				err = c.Connect(name)
			}
			wantErr(t, err, syscall.EISCONN)
			if c.RemoteAddr().String() == "" {
				t.Error("no RemoteAddr")
			}
		})
	}
}

// After a failure the errno is reported once; never is it forgotten altogether.
func TestConnectResultRefused(t *testing.T) {
	t.Parallel()
	for _, network := range []string{"tcp4", "tcp6"} {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			closed, name := bound(t, network, sock.Stream) // and it does not listen
			for _, nonblock := range []bool{true, false} {
				c := open(t, name.Domain(), sock.Stream)
				c.SetNonblock(nonblock)
				err := c.Connect(name)
				if nonblock && err == sock.ErrInProgress {
					if _, err := c.Wait(sock.Writable); err != nil {
						t.Fatal(err)
					}
					err = c.ConnectResult()
				}
				wantErr(t, err, syscall.ECONNREFUSED)
				for range 2 {
					if err := c.ConnectResult(); err == nil || err == sock.ErrInProgress {
						t.Errorf("ConnectResult after the failure = %v", err)
					} else if runtime.GOOS == "linux" {
						wantErr(t, err, syscall.ENOTCONN)
					}
				}
			}
			closed.Close()
		})
	}
}

// Without an answer the attempt is in progress, at each call.
func TestConnectResultInProgress(t *testing.T) {
	t.Parallel()
	to := silent(t)
	c := open(t, sock.Inet, sock.Stream)
	c.SetNonblock(true)
	wantErr(t, c.Connect(to), sock.ErrInProgress)
	for range 3 {
		if err := c.ConnectResult(); err != sock.ErrInProgress {
			t.Errorf("ConnectResult = %v", err)
		}
	}
	wantErr(t, c.Connect(to), syscall.EALREADY)
	_, err := c.Recv(make([]byte, 1), 0)
	wantErr(t, err, sock.ErrWouldBlock)
	waiting := goBlocked(t, func() error { return readable(c, sock.Writable) })
	c.Close()
	wantErr(t, recvTimeout(t, waiting), net.ErrClosed)
	wantErr(t, c.ConnectResult(), net.ErrClosed)
}

// A datagram socket connects at once, and is not connected before.
func TestConnectResultDatagram(t *testing.T) {
	t.Parallel()
	_, _, b, bName := datagrams(t, "udp4")
	c := open(t, sock.Inet, sock.Dgram)
	c.SetNonblock(true)
	wantErr(t, c.ConnectResult(), syscall.ENOTCONN)
	wantErr(t, c.Connect(bName), nil)
	wantErr(t, c.ConnectResult(), nil)
	b.Close()
}
