package sock_test

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/berkeleysockets/sock"
)

// The longest path works and is reported whole, one byte more is an error, and
// nothing is made by it. (Lengths between: TestAddrKernelPathLengths.)
func TestUnixLongestPath(t *testing.T) {
	t.Parallel()
	dir := filepath.Dir(path(t))
	if len(dir)+2 > maxPath {
		t.Skip("the directory for temporary files has too long a name")
	}
	longest := dir + "/" + strings.Repeat("x", maxPath-len(dir)-1)
	l := open(t, sock.Unix, sock.Stream)
	if err := l.Bind(addr(t, "unix:"+longest)); err != nil {
		t.Fatal(err)
	}
	if err := l.Listen(0); err != nil {
		t.Fatal(err)
	}
	name, err := l.Sockname()
	if err != nil || name.Path() != longest {
		t.Fatalf("Name = %v, %v", name, err)
	}
	c := open(t, sock.Unix, sock.Stream)
	if err := c.Connect(name); err != nil {
		t.Fatal(err)
	}
	s, _, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	if a, ok := c.RemoteAddr().(*net.UnixAddr); !ok || a.Name != longest {
		t.Errorf("RemoteAddr = %v", c.RemoteAddr())
	}
	if a, err := sock.UnixAddr(longest + "x"); err == nil || a.IsValid() {
		t.Errorf("one byte too many: %v, %v", a, err)
	}
}

// A client that did not bind has no name, and that is not "no address".
func TestUnixUnnamed(t *testing.T) {
	t.Parallel()
	unnamed := addr(t, "unix:")
	l, at := listening(t, "unix")
	c := open(t, sock.Unix, sock.Stream)
	if err := c.Connect(at); err != nil {
		t.Fatal(err)
	}
	s, from, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	closed(t, s)
	if from != unnamed {
		t.Errorf("Accept's address %#v", from)
	}
	if a, err := s.Peername(); err != nil || a != unnamed {
		t.Errorf("Peer = %#v, %v", a, err)
	}
	if a, err := c.Sockname(); err != nil || a != unnamed {
		t.Errorf("Name = %#v, %v", a, err)
	}
	for _, s := range []*sock.Socket{c, s} {
		if a, ok := s.LocalAddr().(*net.UnixAddr); !ok || a.Net != "unix" || (a.Name == "") != (s == c) {
			t.Errorf("LocalAddr = %#v", s.LocalAddr())
		}
	}
	a, b := streams(t, "pair")
	for _, s := range []*sock.Socket{a, b} {
		if n, err := s.Sockname(); err != nil || n != unnamed {
			t.Errorf("a pair's Sockname = %#v, %v", n, err)
		}
		if n, err := s.Peername(); err != nil || n != unnamed {
			t.Errorf("a pair's Peer = %#v, %v", n, err)
		}
	}
	if _, from, err := b.RecvFrom(nil, sock.DontWait); err != sock.ErrWouldBlock && err != nil || from.IsValid() {
		t.Errorf("a stream's sender: %v, %v", from, err)
	}
}

// A datagram's sender without a name is no address to answer to: the zero Addr.
func TestUnixUnnamedSender(t *testing.T) {
	t.Parallel()
	r, at := bound(t, "unix", sock.Dgram)
	s := open(t, sock.Unix, sock.Dgram)
	for range 2 {
		if _, err := s.SendTo([]byte("x"), 0, at); err != nil {
			t.Fatal(err)
		}
	}
	if _, from, err := r.RecvFrom(make([]byte, 9), 0); err != nil || from.IsValid() {
		t.Errorf("RecvFrom's address %#v, %v", from, err)
	}
	m := sock.Message{Bufs: [][]byte{make([]byte, 9)}, Addr: at}
	if _, err := r.RecvMsg(&m, 0); err != nil || m.Addr.IsValid() {
		t.Errorf("RecvMsg's address %#v, %v", m.Addr, err)
	}
}

// Binding makes a file, and closing leaves it: removing is the caller's.
func TestUnixFileStays(t *testing.T) {
	t.Parallel()
	l, at := listening(t, "unix")
	if i, err := os.Lstat(at.Path()); err != nil || i.Mode().Type() != os.ModeSocket {
		t.Errorf("%v, %v", i, err)
	}
	l.Close()
	if _, err := os.Lstat(at.Path()); err != nil {
		t.Error(err)
	}
	// Removed while it is listening, the path is free and the socket goes on.
	l, at = listening(t, "unix")
	if err := os.Remove(at.Path()); err != nil {
		t.Fatal(err)
	}
	again := open(t, sock.Unix, sock.Stream)
	if err := again.Bind(at); err != nil {
		t.Error(err)
	}
	if name, err := l.Sockname(); err != nil || name != at {
		t.Errorf("Name = %v, %v", name, err)
	}
}

// filled returns a datagram socket whose receiver takes no more, both named.
func filled(t *testing.T, connected bool) (s *sock.Socket, r *sock.Socket, at sock.Addr) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("the BSDs answer ENOBUFS to a full receiver, and do not wait")
	}
	r, at = bound(t, "unix", sock.Dgram)
	s, _ = bound(t, "unix", sock.Dgram)
	if connected {
		if err := s.Connect(at); err != nil {
			t.Fatal(err)
		}
	}
	for i := 0; ; i++ {
		_, err := s.SendTo([]byte(fmt.Sprint(i)), sock.DontWait, at)
		if err == sock.ErrWouldBlock {
			return s, r, at
		}
		if err != nil || i > 10000 {
			t.Fatal(i, err)
		}
	}
}

func eachConnected(t *testing.T, f func(t *testing.T, connected bool)) {
	t.Parallel()
	for _, connected := range []bool{false, true} {
		t.Run(fmt.Sprintf("connected=%v", connected), func(t *testing.T) {
			t.Parallel()
			f(t, connected)
		})
	}
}

// The sender waits until the receiver has taken one, and nothing is lost or
// out of order.
func TestUnixFullReceiver(t *testing.T) {
	eachConnected(t, func(t *testing.T, connected bool) {
		s, r, at := filled(t, connected)
		const more = 200
		sent := make(chan error, 1)
		go func() {
			for i := range more {
				if n, err := s.SendTo([]byte(fmt.Sprint("more ", i)), 0, at); err != nil || n == 0 {
					sent <- fmt.Errorf("%d: %d, %w", i, n, err)
					return
				}
			}
			sent <- nil
		}()
		p := make([]byte, 100)
		next := 0
		for first := true; next < more; {
			n, err := r.Recv(p, 0)
			if err != nil {
				t.Fatal(err)
			}
			got := string(p[:n])
			if first && strings.HasPrefix(got, "more ") {
				first, next = false, 0
			}
			want := fmt.Sprint(next)
			if !first {
				want = "more " + want
			}
			if got != want {
				t.Fatalf("received %q, want %q", got, want)
			}
			next++
		}
		wantErr(t, recvTimeout(t, sent), nil)
	})
}

func TestUnixFullReceiverNonblock(t *testing.T) {
	eachConnected(t, func(t *testing.T, connected bool) {
		s, r, at := filled(t, connected)
		s.SetNonblock(true)
		for range 3 {
			if _, err := s.SendTo([]byte("x"), 0, at); err != sock.ErrWouldBlock {
				t.Error(err)
			}
		}
		if _, err := r.Recv(make([]byte, 9), 0); err != nil {
			t.Fatal(err)
		}
		if _, err := s.SendTo([]byte("x"), 0, at); err != nil {
			t.Error(err)
		}
	})
}

func TestUnixFullReceiverDeadline(t *testing.T) {
	eachConnected(t, func(t *testing.T, connected bool) {
		s, _, at := filled(t, connected)
		start := time.Now()
		if err := s.SetWriteDeadline(start.Add(30 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		_, err := s.SendTo([]byte("x"), 0, at)
		wrong(t, err, "sendto", at, os.ErrDeadlineExceeded)
		if took := time.Since(start); took < 30*time.Millisecond || took > 5*time.Second {
			t.Errorf("it took %v", took)
		}
		// Moved while it waits.
		if err := s.SetWriteDeadline(time.Time{}); err != nil {
			t.Fatal(err)
		}
		got := make(chan error, 1)
		go func() {
			_, err := s.SendTo([]byte("x"), 0, at)
			got <- err
		}()
		if err := s.SetWriteDeadline(time.Unix(1, 0)); err != nil {
			t.Fatal(err)
		}
		wantErr(t, recvTimeout(t, got), os.ErrDeadlineExceeded)
	})
}

func TestUnixFullReceiverClose(t *testing.T) {
	eachConnected(t, func(t *testing.T, connected bool) {
		s, _, at := filled(t, connected)
		got := make(chan error, 3)
		for range cap(got) {
			go func() {
				_, err := s.SendTo([]byte("x"), 0, at)
				got <- err
			}()
		}
		wantErr(t, s.Close(), nil)
		for range cap(got) {
			wantErr(t, recvTimeout(t, got), net.ErrClosed)
		}
	})
}

// A receiver that closes ends the wait too.
func TestUnixFullReceiverClosed(t *testing.T) {
	eachConnected(t, func(t *testing.T, connected bool) {
		s, r, at := filled(t, connected)
		got := make(chan error, 1)
		go func() {
			_, err := s.SendTo([]byte("x"), 0, at)
			got <- err
		}()
		end(t, r)
		wrong(t, recvTimeout(t, got), "sendto", at, syscall.ECONNREFUSED)
	})
}

// packets returns the ends of a seqpacket connection.
func packets(t testing.TB) (a, b *sock.Socket) {
	t.Helper()
	if runtime.GOOS == "darwin" {
		t.Skip("no unix seqpacket on macOS")
	}
	l, at := bound(t, "unix", sock.SeqPacket)
	if err := l.Listen(0); err != nil {
		t.Fatal(err)
	}
	a = open(t, sock.Unix, sock.SeqPacket)
	if err := a.Connect(at); err != nil {
		t.Fatal(err)
	}
	b, _, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	closed(t, b)
	if b.Type() != sock.SeqPacket {
		t.Errorf("Type = %v", b.Type())
	}
	return a, b
}

// Each send is one record, however the receives are cut; the rest of one that
// does not fit is lost, and reported.
func TestUnixSeqPacket(t *testing.T) {
	t.Parallel()
	a, b := packets(t)
	for _, s := range []string{"one", "twotwo", "three"} {
		if n, err := a.Write([]byte(s)); n != len(s) || err != nil {
			t.Fatal(n, err)
		}
	}
	if n, err := a.Writev([][]byte{[]byte("fo"), nil, []byte("ur")}); n != 4 || err != nil {
		t.Fatal(n, err)
	}
	p := make([]byte, 100)
	if n, err := b.Read(p); err != nil || string(p[:n]) != "one" {
		t.Errorf("%q, %v", p[:n], err)
	}
	m := sock.Message{Bufs: [][]byte{p[:2], p[2:3]}}
	if n, err := b.RecvMsg(&m, 0); err != nil || string(p[:n]) != "two" || m.Flags&sock.Trunc == 0 {
		t.Errorf("%q, %v, %v", p[:n], m.Flags, err)
	}
	m.Bufs = [][]byte{p}
	if n, err := b.RecvMsg(&m, 0); err != nil || string(p[:n]) != "three" || m.Flags&sock.Trunc != 0 {
		t.Errorf("%q, %v, %v", p[:n], m.Flags, err)
	}
	if n, err := b.Readv([][]byte{p[:3], p[3:100]}); err != nil || string(p[:n]) != "four" {
		t.Errorf("%q, %v", p[:n], err)
	}
	if _, err := b.Recv(p, sock.DontWait); err != sock.ErrWouldBlock {
		t.Error(err)
	}
	// WaitAll waits for one record, not for a full buffer.
	if _, err := a.Write([]byte("five")); err != nil {
		t.Fatal(err)
	}
	if n, err := b.Recv(p, sock.WaitAll); err != nil || string(p[:n]) != "five" {
		t.Errorf("%q, %v", p[:n], err)
	}
}

func TestUnixSeqPacketEnd(t *testing.T) {
	t.Parallel()
	a, b := packets(t)
	if _, err := a.Write([]byte("last")); err != nil {
		t.Fatal(err)
	}
	if err := a.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	p := make([]byte, 9)
	if n, err := b.Read(p); err != nil || string(p[:n]) != "last" {
		t.Errorf("%q, %v", p[:n], err)
	}
	for range 2 {
		if n, err := b.Read(p); n != 0 || err != io.EOF {
			t.Errorf("Read = %d, %v", n, err)
		}
		if n, err := b.Readv([][]byte{p}); n != 0 || err != io.EOF {
			t.Errorf("Readv = %d, %v", n, err)
		}
		if n, err := b.Recv(p, 0); n != 0 || err != nil {
			t.Errorf("Recv = %d, %v", n, err)
		}
	}
	if n, err := b.Write([]byte("back")); n != 4 || err != nil { // one half only
		t.Error(n, err)
	}
	if n, err := a.Read(p); err != nil || string(p[:n]) != "back" {
		t.Errorf("%q, %v", p[:n], err)
	}
	b.Close()
	if n, err := a.Read(p); n != 0 || err != io.EOF {
		t.Errorf("Read = %d, %v", n, err)
	}
}

// An empty record looks like the end to Recv; no byte reports them apart.
func TestUnixSeqPacketEmpty(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("what an empty record is differs")
	}
	a, b := packets(t)
	if n, err := a.Write(nil); n != 0 || err != nil {
		t.Fatal(n, err)
	}
	if _, err := a.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	p := make([]byte, 9)
	if n, err := b.Recv(p, 0); n != 0 || err != nil {
		t.Errorf("the empty record: %d, %v", n, err)
	}
	if n, err := b.Recv(p, 0); n != 1 || err != nil {
		t.Errorf("the next: %d, %v", n, err)
	}
}
