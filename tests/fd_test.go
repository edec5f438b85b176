//go:build linux || freebsd || darwin || netbsd || openbsd || dragonfly

package sock_test

import (
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"os"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/berkeleysockets/sock"
)

// raiseFiles raises the limit on descriptors, and returns it; 20,000 are enough.
func raiseFiles() int {
	var r unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &r); err != nil {
		return 256
	}
	r.Cur = min(r.Max, 20000)
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &r); err != nil {
		unix.Getrlimit(unix.RLIMIT_NOFILE, &r)
	}
	return int(min(r.Cur, 20000))
}

// talks fails the test unless each end receives what the other sends.
func talks(t testing.TB, a, b io.ReadWriter) {
	t.Helper()
	for _, end := range [][2]io.ReadWriter{{a, b}, {b, a}} {
		if _, err := end[0].Write([]byte("ping")); err != nil {
			t.Errorf("it does not talk: %v", err)
			return
		}
		p := make([]byte, 9)
		if n, err := end[1].Read(p); string(p[:n]) != "ping" || err != nil {
			t.Errorf("it hears %q, %v", p[:n], err)
		}
	}
}

// flags returns what fcntl(2) reports about fd: is it non-blocking, and closed by
// exec?
func flags(t testing.TB, fd int) (nonblock, cloexec bool) {
	t.Helper()
	status, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	if err != nil {
		t.Fatal(err)
	}
	own, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	if err != nil {
		t.Fatal(err)
	}
	return status&unix.O_NONBLOCK != 0, own&unix.FD_CLOEXEC != 0
}

func TestFDFlags(t *testing.T) {
	t.Parallel()
	check := func(name string, s *sock.Socket, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(name, ": ", err)
		}
		closed(t, s)
		s.WithFD(func(fd int) error {
			if nonblock, cloexec := flags(t, fd); !nonblock || !cloexec {
				t.Errorf("%s: non-blocking %v, close-on-exec %v", name, nonblock, cloexec)
			}
			if fd != s.FD() {
				t.Errorf("%s: WithFD gave %d, FD %d", name, fd, s.FD())
			}
			return nil
		})
	}
	s, err := sock.Open(sock.Inet, sock.Stream, 0)
	check("Open", s, err)
	a, b, err := sock.Pair(sock.Unix, sock.Stream, 0)
	check("Pair", a, err)
	check("Pair", b, err)
	c, err := a.Dup()
	check("Dup", c, err)
	c, err = sock.FromConn(a)
	check("FromConn", c, err)
	client, server := streams(t, "tcp4")
	check("Accept", server, nil)
	fd, err := client.Detach()
	if err != nil {
		t.Fatal(err)
	}
	if nonblock, cloexec := flags(t, fd); !nonblock || !cloexec {
		t.Errorf("Detach: non-blocking %v, close-on-exec %v", nonblock, cloexec)
	}
	unix.FcntlInt(uintptr(fd), unix.F_SETFL, 0)
	unix.FcntlInt(uintptr(fd), unix.F_SETFD, 0)
	s, err = sock.FromFD(fd)
	check("FromFD", s, err)
}

// WithFD returns what its function returns, and refuses when there is none.
func TestFDWith(t *testing.T) {
	t.Parallel()
	s, _ := streams(t, "pair")
	mine := errors.New("mine")
	if err := s.WithFD(func(int) error { return mine }); err != mine {
		t.Errorf("WithFD = %v", err)
	}
	wantErr(t, s.WithFD(nil), syscall.EINVAL)
	c, err := s.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	wantErr(t, c.Control(nil), syscall.EINVAL)
	wantErr(t, c.Read(nil), syscall.EINVAL)
	wantErr(t, c.Write(nil), syscall.EINVAL)
	s.Close()
	if s.FD() != -1 {
		t.Error("FD after Close is ", s.FD())
	}
	wantErr(t, c.Control(func(uintptr) {}), net.ErrClosed)
	wantErr(t, c.Read(func(uintptr) bool { return true }), net.ErrClosed)
	wantErr(t, c.Write(func(uintptr) bool { return true }), net.ErrClosed)
	_, err = s.SyscallConn()
	wantErr(t, err, net.ErrClosed)
	for name, call := range map[string]func() error{
		"Dup":    func() error { _, err := s.Dup(); return err },
		"File":   func() error { _, err := s.File(); return err },
		"Detach": func() error { fd, err := s.Detach(); return errors.Join(err, minusOne(fd)) },
		"Conn":   func() error { _, err := sock.FromConn(s); return err },
	} {
		if err := call(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("%s after Close: %v", name, err)
		}
	}
}

func minusOne(fd int) error {
	if fd != -1 {
		return fmt.Errorf("descriptor %d beside an error", fd)
	}
	return nil
}

// RawConn's Read and Write call again when more may be done.
func TestFDRawConn(t *testing.T) {
	t.Parallel()
	s, peer := streams(t, "tcp4")
	c, err := s.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	p := make([]byte, 9)
	var n, calls int
	var inner error
	reading := goBlocked(t, func() error {
		return c.Read(func(fd uintptr) bool {
			calls++
			n, inner = unix.Read(int(fd), p)
			return inner != unix.EAGAIN
		})
	})
	if _, err := peer.Send([]byte("late"), 0); err != nil {
		t.Fatal(err)
	}
	wantErr(t, recvTimeout(t, reading), nil)
	if string(p[:max(n, 0)]) != "late" || inner != nil || calls < 2 {
		t.Errorf("read %q, %v, in %d calls", p[:max(n, 0)], inner, calls)
	}
	err = c.Write(func(fd uintptr) bool { n, inner = unix.Write(int(fd), []byte("back")); return true })
	if n != 4 || inner != nil || err != nil {
		t.Errorf("wrote %d, %v, %v", n, inner, err)
	}
}

// FromFD accepts sockets. Any other descriptor stays the caller's, unchanged.
func TestFDFrom(t *testing.T) {
	t.Parallel()
	for _, fd := range []int{-1, -1 << 31, 1 << 20, math.MaxInt32} {
		_, err := sock.FromFD(fd)
		wantErr(t, err, syscall.EBADF)
	}
	if big := uint64(1) << 32; math.MaxInt > math.MaxInt32 { // the kernel would see descriptor 0
		_, err := sock.FromFD(int(big))
		wantErr(t, err, syscall.EBADF)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	name, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, f := range []*os.File{r, w, file} {
		raw, err := f.SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		raw.Control(func(fd uintptr) {
			before, _ := unix.FcntlInt(fd, unix.F_GETFL, 0)
			unix.FcntlInt(fd, unix.F_SETFD, 0)
			_, err := sock.FromFD(int(fd))
			wantErr(t, err, syscall.ENOTSOCK)
			after, err := unix.FcntlInt(fd, unix.F_GETFL, 0)
			if before != after || err != nil {
				t.Errorf("its flags were %#x and are %#x, %v", before, after, err)
			}
			if own, err := unix.FcntlInt(fd, unix.F_GETFD, 0); own != 0 || err != nil {
				t.Errorf("its descriptor's flags are %#x, %v", own, err)
			}
			unix.FcntlInt(fd, unix.F_SETFD, unix.FD_CLOEXEC)
		})
		_, err = sock.FromConn(f)
		wantErr(t, err, syscall.ENOTSOCK)
	}
	for _, c := range []syscall.Conn{nil, new(net.TCPConn), (*os.File)(nil)} {
		if _, err := sock.FromConn(c); err == nil {
			t.Errorf("FromConn(%T) succeeded", c)
		}
	}
}

// A Socket of FromFD knows its domain, type and protocol, for every kind.
func TestFDFromKinds(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		d sock.Domain
		t sock.Type
		p sock.Protocol
	}{
		{sock.Inet, sock.Stream, sock.TCP}, {sock.Inet, sock.Dgram, sock.UDP},
		{sock.Inet6, sock.Stream, sock.TCP}, {sock.Inet6, sock.Dgram, sock.UDP},
		{sock.Unix, sock.Stream, 0}, {sock.Unix, sock.Dgram, 0}, {sock.Unix, sock.SeqPacket, 0},
	} {
		s, err := sock.Open(test.d, test.t, 0)
		if err != nil {
			t.Log("not here: ", test.d, test.t, err)
			continue
		}
		fd, err := s.Detach()
		if err != nil {
			t.Fatal(err)
		}
		s, err = sock.FromFD(fd)
		if err != nil {
			unix.Close(fd)
			t.Fatal(err)
		}
		closed(t, s)
		if s.FD() != fd || s.Domain() != test.d || s.Type() != test.t || s.Protocol() != test.p {
			t.Errorf("descriptor %d (%v, %v, %v) became %d (%v, %v, %v)",
				fd, test.d, test.t, test.p, s.FD(), s.Domain(), s.Type(), s.Protocol())
		}
	}
}

// FromConn makes a second descriptor; both live on, whichever is closed.
func TestFDFromConn(t *testing.T) {
	t.Parallel()
	type conn interface {
		syscall.Conn
		net.Conn
	}
	for _, network := range []string{"tcp", "udp", "unix"} {
		for _, closesFirst := range []string{"ours", "package net"} {
			t.Run(network+", closed first: "+closesFirst, func(t *testing.T) {
				t.Parallel()
				others, peer := netPair(t, network)
				s, err := sock.FromConn(others.(conn))
				if err != nil {
					t.Fatal(err)
				}
				closed(t, s)
				waiting := goBlocked(t, func() error { _, err := s.Read(make([]byte, 1)); return err })
				if _, err := peer.Write([]byte("x")); err != nil {
					t.Fatal(err)
				}
				wantErr(t, recvTimeout(t, waiting), nil)
				talks(t, s, peer)
				talks(t, others, peer)
				if closesFirst == "ours" {
					waiting = goBlocked(t, func() error { _, err := s.Read(make([]byte, 1)); return err })
					wantErr(t, s.Close(), nil)
					wantErr(t, recvTimeout(t, waiting), net.ErrClosed)
					talks(t, others, peer)
				} else {
					others.Close()
					talks(t, s, peer)
				}
			})
		}
	}
	t.Run("listener", func(t *testing.T) {
		t.Parallel()
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		s, err := sock.FromConn(l.(*net.TCPListener))
		if err != nil {
			t.Fatal(err)
		}
		closed(t, s)
		l.Close()
		accepting := goBlocked(t, func() error {
			c, _, err := s.Accept()
			if err == nil {
				c.Close()
			}
			return err
		})
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		c.Close()
		wantErr(t, recvTimeout(t, accepting), nil)
	})
}

// A duplicate is a separate Socket: its Close wakes no call on the first, and the
// connection lives until the last is closed.
func TestFDDup(t *testing.T) {
	t.Parallel()
	for _, network := range []string{"tcp4", "unix", "pair"} {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			s, peer := streams(t, network)
			d, err := s.Dup()
			if err != nil {
				t.Fatal(err)
			}
			closed(t, d)
			if d.FD() == s.FD() || d.Domain() != s.Domain() || d.Type() != s.Type() || d.Protocol() != s.Protocol() {
				t.Errorf("the duplicate is %d (%v, %v, %v)", d.FD(), d.Domain(), d.Type(), d.Protocol())
			}
			if fmt.Sprint(d.RemoteAddr()) != fmt.Sprint(s.RemoteAddr()) {
				t.Errorf("its RemoteAddr is %v, not %v", d.RemoteAddr(), s.RemoteAddr())
			}
			onS := goBlocked(t, func() error { _, err := s.Recv(make([]byte, 1), 0); return err })
			onD := goBlocked(t, func() error { _, err := d.Recv(make([]byte, 1), 0); return err })
			wantErr(t, d.Close(), nil)
			wantErr(t, recvTimeout(t, onD), net.ErrClosed)
			if len(onS) > 0 {
				t.Fatal("the first was woken: ", <-onS)
			}
			if _, err := peer.Send([]byte("x"), 0); err != nil {
				t.Fatal(err)
			}
			wantErr(t, recvTimeout(t, onS), nil)
			talks(t, s, peer)
		})
	}
}

// Detach ends the Socket, and gives the connection to the caller.
func TestFDDetach(t *testing.T) {
	t.Parallel()
	for _, network := range []string{"tcp4", "pair"} {
		for _, parked := range []bool{false, true} {
			t.Run(fmt.Sprint(network, " parked ", parked), func(t *testing.T) {
				t.Parallel()
				s, peer := streams(t, network)
				var waiting <-chan error
				if parked {
					waiting = goBlocked(t, func() error { _, err := s.Recv(make([]byte, 1), 0); return err })
				}
				fd, err := s.Detach()
				if err != nil {
					t.Fatal(err)
				}
				if parked {
					wantErr(t, recvTimeout(t, waiting), net.ErrClosed)
				}
				wantErr(t, s.Close(), net.ErrClosed)
				_, err = s.Send([]byte("x"), 0)
				wantErr(t, err, net.ErrClosed)
				_, err = s.Detach()
				wantErr(t, err, net.ErrClosed)
				// Ours to close now, and whole.
				if _, err := unix.Write(fd, []byte("raw")); err != nil {
					t.Error(err)
				}
				p := make([]byte, 9)
				if n, err := peer.Recv(p, 0); string(p[:n]) != "raw" || err != nil {
					t.Errorf("Recv = %q, %v", p[:n], err)
				}
				again, err := sock.FromFD(fd)
				if err != nil {
					t.Fatal(err)
				}
				closed(t, again)
				talks(t, again, peer)
			})
		}
	}
}

// Of many concurrent Detach calls one succeeds.
func TestFDDetachOnce(t *testing.T) {
	t.Parallel()
	for range 50 {
		s, peer := streams(t, "pair")
		got := make(chan int, 4)
		for range cap(got) {
			go func() {
				fd, err := s.Detach()
				if err != nil {
					wantErr(t, errors.Join(err, minusOne(fd)), net.ErrClosed)
				}
				got <- fd
			}()
		}
		n := 0
		for range cap(got) {
			if fd := recvTimeout(t, got); fd >= 0 {
				n++
				unix.Close(fd)
			}
		}
		if n != 1 {
			t.Fatalf("%d got it", n)
		}
		// No other descriptor of it is left.
		if n, err := peer.Recv(make([]byte, 1), 0); n != 0 || err != nil {
			t.Errorf("the peer received %d, %v, want the end", n, err)
		}
	}
}

// Without a free descriptor Detach, Dup and File fail and the Socket is unchanged. The
// test runs in its own process, which uses up its descriptors.
func TestFDNoneLeft(t *testing.T) {
	t.Parallel()
	if out, err := child(t, "no descriptors").Output(); err != nil {
		t.Fatalf("%s%v", out, err)
	}
}

func init() {
	children["no descriptors"] = func([]string) error {
		a, b, err := sock.Pair(sock.Unix, sock.Stream, 0)
		if err != nil {
			return err
		}
		if _, err := b.Write([]byte("ab")); err != nil {
			return err
		}
		if n, err := a.Recv(make([]byte, 1), 0); n != 1 || err != nil { // the poller is made before
			return fmt.Errorf("Recv = %d, %v", n, err)
		}
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 40, Max: 40}); err != nil {
			return err
		}
		for err == nil {
			_, err = unix.Dup(0)
		}
		fd, detach := a.Detach()
		_, dup := a.Dup()
		_, file := a.File()
		_, conn := sock.FromConn(a)
		_, opened := sock.Open(sock.Inet, sock.Stream, 0)
		_, _, pair := sock.Pair(sock.Unix, sock.Stream, 0)
		for name, err := range map[string]error{"Detach": detach, "Dup": dup, "File": file, "FromConn": conn, "Open": opened, "Pair": pair} {
			if !errors.Is(err, syscall.EMFILE) {
				return fmt.Errorf("%s: %v, want EMFILE", name, err)
			}
		}
		if err := minusOne(fd); err != nil {
			return err
		}
		if n, err := a.Recv(make([]byte, 9), 0); n != 1 || err != nil {
			return fmt.Errorf("then Recv = %d, %v", n, err)
		}
		// Waiting for two things at once finds no descriptor either, and waits
		// all the same.
		result := make(chan error)
		go func() {
			got, err := a.Wait(sock.Readable | sock.Priority)
			if err == nil && got != sock.Readable {
				err = fmt.Errorf("Wait = %v", got)
			}
			result <- err
		}()
		if _, err := b.Write([]byte("c")); err != nil {
			return err
		}
		if err := <-result; err != nil {
			return err
		}
		go func() { _, err := a.Wait(sock.Priority); result <- err }()
		if err := a.Close(); err != nil {
			return err
		}
		if err := <-result; !errors.Is(err, net.ErrClosed) {
			return fmt.Errorf("Wait = %v", err)
		}
		return nil
	}
}

// A file and the Socket it was made from live on side by side, and one does not
// make the other blocking.
func TestFDFile(t *testing.T) {
	t.Parallel()
	s, peer := streams(t, "pair")
	f, err := s.File()
	if err != nil {
		t.Fatal(err)
	}
	talks(t, f, peer)
	f.Fd() // as exec.Cmd does
	s.WithFD(func(fd int) error {
		if nonblock, _ := flags(t, fd); !nonblock {
			t.Error("the Socket has become blocking")
		}
		return nil
	})
	talks(t, s, peer)
	again, err := sock.FromConn(f)
	if err != nil {
		t.Fatal(err)
	}
	closed(t, again)
	wantErr(t, s.Close(), nil)
	talks(t, f, peer)
	wantErr(t, f.Close(), nil)
	talks(t, again, peer)
}

// What a child process has inherited lives on when we close ours.
func TestFDInherited(t *testing.T) {
	t.Parallel()
	for _, network := range []string{"tcp4", "pair"} {
		for _, parked := range []bool{false, true} {
			s, peer := streams(t, network)
			if parked {
				waiting := goBlocked(t, func() error { _, err := s.Recv(make([]byte, 1), 0); return err })
				if _, err := peer.Send([]byte("x"), 0); err != nil {
					t.Fatal(err)
				}
				wantErr(t, recvTimeout(t, waiting), nil)
			}
			f, err := s.File()
			if err != nil {
				t.Fatal(err)
			}
			c := child(t, "heir")
			c.ExtraFiles = []*os.File{f}
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			wantErr(t, f.Close(), nil)
			wantErr(t, s.Close(), nil)
			if _, err := peer.Write([]byte("hello")); err != nil {
				t.Fatal(err)
			}
			got := make(chan string, 1)
			go func() {
				all, err := io.ReadAll(struct{ io.Reader }{peer})
				got <- fmt.Sprint(string(all), err)
			}()
			wantErr(t, peer.CloseWrite(), nil)
			if text := recvTimeout(t, got); text != "heard hello<nil>" {
				t.Errorf("the child answered %q", text)
			}
			if err := c.Wait(); err != nil {
				t.Error(err)
			}
		}
	}
}

func init() {
	// The first descriptor of ExtraFiles is 3.
	children["heir"] = func([]string) error {
		s, err := sock.FromFD(3)
		if err != nil {
			return err
		}
		p, err := io.ReadAll(struct{ io.Reader }{s})
		if err != nil {
			return err
		}
		if _, err := s.Write(append([]byte("heard "), p...)); err != nil {
			return err
		}
		return s.Close()
	}
}

// What close(2) says is reported, though the descriptor is closed. Not parallel: while
// the number is free nobody else may take it.
func TestFDClosedByAnother(t *testing.T) {
	s, _ := streams(t, "pair")
	unix.Close(s.FD())
	wantErr(t, s.Close(), syscall.EBADF)
	wantErr(t, s.Close(), net.ErrClosed)
}
