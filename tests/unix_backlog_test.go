//go:build linux || freebsd || darwin || netbsd || openbsd || dragonfly

package sock_test

import (
	"net"
	"os"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/berkeleysockets/sock"
)

// fullBacklog returns a unix listener whose backlog is full, and the connections in it.
func fullBacklog(t *testing.T, ty sock.Type, at sock.Addr) (l *sock.Socket, waiting int) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("a full backlog refuses on ", runtime.GOOS)
	}
	l = open(t, sock.Unix, ty)
	wantErr(t, l.Bind(at), nil)
	wantErr(t, l.Listen(2), nil)
	for waiting = 0; waiting < 100; waiting++ {
		c := open(t, sock.Unix, ty)
		c.SetNonblock(true)
		if err := c.Connect(at); err != nil {
			wantErr(t, err, sock.ErrWouldBlock)
			break
		}
	}
	if waiting < 2 || waiting > 10 {
		t.Errorf("%d connections wait in a backlog of 2", waiting)
	}
	return l, waiting
}

// acceptAll takes n connections from the backlog.
func acceptAll(t *testing.T, l *sock.Socket, n int) {
	t.Helper()
	for range n {
		s, _, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		wantErr(t, s.Close(), nil)
	}
}

// TestUnixBacklogWaits shows that Connect waits while the backlog is full, as connect(2) does,
// and goes on when there is room.
func TestUnixBacklogWaits(t *testing.T) {
	t.Parallel()
	abstract, err := sock.AbstractAddr("backlog " + path(t))
	if err != nil {
		t.Skip("no abstract names: ", err)
	}
	for name, c := range map[string]struct {
		ty sock.Type
		at sock.Addr
	}{
		"stream":    {sock.Stream, bindAddr(t, "unix")},
		"abstract":  {sock.Stream, abstract},
		"seqpacket": {sock.SeqPacket, bindAddr(t, "unix")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, waiting := fullBacklog(t, c.ty, c.at)
			s := open(t, sock.Unix, c.ty)
			result := goBlocked(t, func() error { return s.Connect(c.at) })
			acceptAll(t, l, waiting+1)
			wantErr(t, recvTimeout(t, result), nil)
			if s.RemoteAddr() == nil {
				t.Error("connected, without a peer")
			}
		})
	}
}

// TestUnixBacklogEnds shows what ends the wait: the write deadline, Close, non-blocking mode
// and the end of the listener.
func TestUnixBacklogEnds(t *testing.T) {
	t.Parallel()
	at := bindAddr(t, "unix")
	l, _ := fullBacklog(t, sock.Stream, at)
	connect := func(s *sock.Socket) <-chan error { return goBlocked(t, func() error { return s.Connect(at) }) }

	s := open(t, sock.Unix, sock.Stream)
	result := connect(s)
	start := time.Now()
	wantErr(t, s.Close(), nil)
	wantErr(t, recvTimeout(t, result), net.ErrClosed)
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("Close took %v", took)
	}

	s = open(t, sock.Unix, sock.Stream)
	wantErr(t, s.SetWriteDeadline(time.Now().Add(10*time.Millisecond)), nil)
	wantErr(t, s.Connect(at), os.ErrDeadlineExceeded)
	wantErr(t, s.SetWriteDeadline(time.Time{}), nil)
	result = connect(s) // a passed deadline leaves nothing behind
	wantErr(t, s.SetWriteDeadline(time.Now()), nil)
	wantErr(t, recvTimeout(t, result), os.ErrDeadlineExceeded)

	s.SetNonblock(true)
	wantErr(t, s.SetWriteDeadline(time.Time{}), nil)
	wantErr(t, s.Connect(at), sock.ErrWouldBlock)
	s.SetNonblock(false)

	result = connect(s)
	wantErr(t, l.Close(), nil)
	wantErr(t, recvTimeout(t, result), syscall.ECONNREFUSED)

	if err := os.Remove(at.Path()); err != nil {
		t.Fatal(err)
	}
	wantErr(t, s.Connect(at), syscall.ENOENT)
}
