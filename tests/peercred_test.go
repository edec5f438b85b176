//go:build linux || freebsd || netbsd || openbsd || dragonfly || darwin

package sock_test

import (
	"fmt"
	"net"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/cmsg"
)

// me returns the credentials of this process. Not every system reports the process ID.
func me() cmsg.Credentials {
	c := cmsg.Credentials{PID: os.Getpid(), UID: os.Geteuid(), GID: os.Getegid()}
	if runtime.GOOS == "dragonfly" {
		c.PID = 0
	}
	return c
}

// hasPeer fails the test unless the credentials of s's peer are want.
func hasPeer(t testing.TB, s *sock.Socket, want cmsg.Credentials) {
	t.Helper()
	got, err := s.PeerCred()
	if runtime.GOOS == "freebsd" && got.PID == 0 { // before 13
		want.PID = 0
	}
	if err != nil || got != want {
		t.Errorf("%+v, %v, want %+v", got, err, want)
	}
}

func TestPeerCredConnection(t *testing.T) {
	t.Parallel()
	for _, network := range []string{"unix", "pair"} {
		a, b := streams(t, network)
		for _, s := range []*sock.Socket{a, b} {
			if s == a && network == "pair" && runtime.GOOS == "netbsd" {
				continue // of which the second alone is reported
			}
			s.SetNonblock(s == b)
			hasPeer(t, s, me())
		}
		dup, err := b.Dup()
		if err != nil {
			t.Fatal(err)
		}
		hasPeer(t, closed(t, dup), me())
	}
}

func TestPeerCredPairs(t *testing.T) {
	t.Parallel()
	for _, ty := range []sock.Type{sock.Dgram, sock.SeqPacket} {
		a, b, err := sock.Pair(sock.Unix, ty, 0)
		if err != nil {
			t.Log(ty, err)
			continue
		}
		for _, s := range []*sock.Socket{closed(t, a), closed(t, b)} {
			if runtime.GOOS != "linux" && (ty == sock.Dgram || s == a) {
				_, err := s.PeerCred() // as the system likes
				t.Log(ty, err)
				continue
			}
			hasPeer(t, s, me())
		}
	}
}

func TestPeerCredNone(t *testing.T) {
	t.Parallel()
	l, _ := listening(t, "unix")
	datagram, at := bound(t, "unix", sock.Dgram)
	connected := open(t, sock.Unix, sock.Dgram)
	wantErr(t, connected.Connect(at), nil)
	for name, s := range map[string]*sock.Socket{
		"fresh": open(t, sock.Unix, sock.Stream), "datagram": datagram, "datagram, connected": connected, "listening": l,
	} {
		got, err := s.PeerCred()
		if name == "listening" && runtime.GOOS == "linux" { // its own
			if err != nil || got != me() {
				t.Errorf("%s: %+v, %v", name, got, err)
			}
			continue
		}
		t.Run(name, func(t *testing.T) {
			wrong(t, err, "peercred", sock.Addr{}, onLinux(syscall.ENOTCONN, syscall.ENOTCONN, syscall.EINVAL)...)
		})
		if got != (cmsg.Credentials{}) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// A number that means credentials to a unix socket may mean an option of IP to
// another: no call is made.
func TestPeerCredOthers(t *testing.T) {
	t.Parallel()
	a, b := streams(t, "tcp4")
	for _, s := range []*sock.Socket{a, b, open(t, sock.Inet, sock.Dgram)} {
		c, err := s.PeerCred()
		wantErr(t, err, syscall.EOPNOTSUPP)
		if c != (cmsg.Credentials{}) || !strings.Contains(fmt.Sprint(err), "peercred: AF_INET sockets have no peer credentials") {
			t.Error(c, err)
		}
	}
	end(t, a)
	_, err := a.PeerCred()
	wantErr(t, err, net.ErrClosed)
}

// The credentials stay after the peer has closed.
func TestPeerCredClosed(t *testing.T) {
	t.Parallel()
	a, b := streams(t, "unix")
	end(t, a)
	want := me()
	if runtime.GOOS == "darwin" {
		want.PID = 0
	}
	if runtime.GOOS == "linux" {
		hasPeer(t, b, want)
	} else if c, err := b.PeerCred(); err == nil && c.UID != want.UID {
		t.Error(c)
	}
}

func init() {
	const other = 65533
	// connects to the first argument, and waits for the other end to close.
	children["peercred"] = func(args []string) error {
		s, err := sock.Open(sock.Unix, sock.Stream, 0)
		if err != nil {
			return err
		}
		defer s.Close()
		if err := syscall.Setgid(other); err != nil { // the effective user is the one of Connect
			return err
		}
		if err := syscall.Setuid(other + 1); err != nil {
			return err
		}
		if err := s.Connect(parsed(args[0])); err != nil {
			return err
		}
		c, err := s.PeerCred()
		fmt.Printf("%d %d\n", c.UID, c.GID)
		if err != nil {
			return err
		}
		_, err = s.Recv(make([]byte, 1), 0)
		return err
	}
}

// Another process of another user: each end sees the other's credentials.
func TestPeerCredProcess(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can be another user")
	}
	l, name := listening(t, "unix")
	dir := strings.TrimSuffix(name.Path(), "/s")
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(name.Path(), 0o777); err != nil {
		t.Fatal(err)
	}
	c := child(t, "peercred", name.String())
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	s, _, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	closed(t, s)
	want := cmsg.Credentials{PID: c.Process.Pid, UID: 65534, GID: 65533}
	if me().PID == 0 {
		want.PID = 0
	}
	hasPeer(t, s, want)
	var uid, gid int
	if _, err := fmt.Fscan(out, &uid, &gid); err != nil || uid != os.Geteuid() || gid != os.Getegid() {
		t.Errorf("the child sees %d %d, %v", uid, gid, err)
	}
	wantErr(t, s.Close(), nil)
	wantErr(t, c.Wait(), nil)
}

// Not parallel: it is traced.
func TestPeerCredTrace(t *testing.T) {
	a, _ := streams(t, "pair")
	r := record(t)
	c, err := a.PeerCred()
	wantErr(t, err, nil)
	calls := r.take()
	if runtime.GOOS == "darwin" && len(calls) == 2 {
		return
	}
	want := fmt.Sprintf("getsockopt(%d, SOL_SOCKET, SO_PEERCRED, {pid=%d, uid=%d, gid=%d}) = 0", a.FD(), c.PID, c.UID, c.GID)
	if len(calls) != 1 || runtime.GOOS == "linux" && calls[0].String() != want {
		t.Errorf("%q, want %q", texts(calls), want)
	}
}
