package sock_test

import (
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/berkeleysockets/sock"
)

// TestConnectGoesOn shows the documented way to go on after a Connect whose deadline has passed:
// the attempt is still in progress, Wait reports its end, and ConnectResult the result.
func TestConnectGoesOn(t *testing.T) {
	t.Parallel()
	l, to := bound(t, "tcp4", sock.Stream)
	wantErr(t, l.Listen(1), nil)
	for range 2 { // one above the backlog: the kernel drops what comes now
		wantErr(t, open(t, sock.Inet, sock.Stream).Connect(to), nil)
	}
	s := open(t, sock.Inet, sock.Stream)
	wantErr(t, s.SetWriteDeadline(time.Now().Add(10*time.Millisecond)), nil)
	wantErr(t, s.Connect(to), os.ErrDeadlineExceeded)
	wantErr(t, s.SetWriteDeadline(time.Now().Add(time.Minute)), nil)
	s.SetNonblock(true)
	wantErr(t, s.Connect(to), syscall.EALREADY)
	s.SetNonblock(false)
	wantErr(t, s.ConnectResult(), sock.ErrInProgress)
	for range 2 {
		c, _, err := l.Accept()
		wantErr(t, err, nil)
		closed(t, c)
	}
	wantErr(t, readable(s, sock.Writable), nil) // the client sends its SYN again after a second
	wantErr(t, s.ConnectResult(), nil)
	send(t, s, "x")
	c, _, err := l.Accept()
	wantErr(t, err, nil)
	closed(t, c)
	recv(t, c, 9, 0, "x")
}
