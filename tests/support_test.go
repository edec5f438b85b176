package sock_test

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/internal/leakcheck"
	"github.com/berkeleysockets/sock/sockopt"
	"github.com/berkeleysockets/sock/socktest"
)

// children are the programs that tests run as processes of their own: the test
// binary executes itself with SOCK_TEST_CHILD set to one of the names.
var children = map[string]func(args []string) error{}

func TestMain(m *testing.M) {
	if name := os.Getenv("SOCK_TEST_CHILD"); name != "" {
		f := children[name]
		if f == nil {
			fmt.Fprintln(os.Stderr, "no child", name)
			os.Exit(2)
		}
		if err := f(os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(socktest.Main(m))
}

// child returns the command that runs one of children. It is killed with the test.
func child(t testing.TB, name string, args ...string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), exe, args...)
	if emulator := os.Getenv("SOCK_TEST_EXEC"); emulator != "" { // the kernel cannot execute exe itself
		c = exec.CommandContext(t.Context(), emulator, append([]string{exe}, args...)...)
	}
	c.Env = append(os.Environ(), "SOCK_TEST_CHILD="+name)
	c.WaitDelay = 10 * time.Second
	c.Stderr = os.Stderr
	return c
}

// addr parses an address that is right.
func addr(t testing.TB, s string) sock.Addr {
	t.Helper()
	a, err := sock.ParseAddr(s)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// open opens a socket that the test's end closes.
func open(t testing.TB, d sock.Domain, ty sock.Type, set ...sock.Setting) *sock.Socket {
	t.Helper()
	s, err := sock.Open(d, ty, 0, set...)
	if err != nil {
		t.Fatal(err)
	}
	return closed(t, s)
}

// closed closes s at the test's end, if the test has not.
func closed(t testing.TB, s *sock.Socket) *sock.Socket {
	t.Cleanup(func() { s.Close() })
	return s
}

// bindAddr returns an address to bind to: "tcp4" and "udp4" 127.0.0.1:0, "tcp6" and
// "udp6" [::1]:0 (skipping where there is no IPv6), "unix" a path of its own.
func bindAddr(t testing.TB, network string) sock.Addr {
	t.Helper()
	switch network {
	case "tcp4", "udp4":
		return addr(t, "127.0.0.1:0")
	case "tcp6", "udp6":
		needIPv6(t)
		return addr(t, "[::1]:0")
	case "unix":
		return addr(t, "unix:"+path(t))
	}
	t.Fatal("no network ", network)
	return sock.Addr{}
}

// shortTemp returns TMPDIR, or /tmp if that is shorter.
func shortTemp() string {
	if dir := os.TempDir(); len(dir) <= len("/tmp") {
		return dir
	}
	return "/tmp"
}

// path returns a file name that is short enough for every sun_path, and for an Addr
// to keep it without an allocation. TMPDIR may be neither.
func path(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp(shortTemp(), "s")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, "s")
}

// needIPv6 skips the test where the loopback has no IPv6.
func needIPv6(t testing.TB) {
	t.Helper()
	if err := noIPv6(); err != nil {
		t.Skip("no IPv6 here: ", err)
	}
}

// present returns those of networks that are here. Each of the others is a test of
// its name that is skipped. It is for loops that have no test for each.
func present(t *testing.T, networks ...string) (here []string) {
	t.Helper()
	for _, network := range networks {
		if !strings.HasSuffix(network, "6") || noIPv6() == nil {
			here = append(here, network)
		} else {
			t.Run(network, func(t *testing.T) { needIPv6(t) })
		}
	}
	return here
}

// needInet6 skips the test where the kernel has no sockets of IPv6.
func needInet6(t testing.TB) {
	t.Helper()
	if err := noInet6(); err != nil {
		t.Skip("no IPv6 in this kernel: ", err)
	}
}

// noInet6 returns why no socket of IPv6 can be opened.
var noInet6 = sync.OnceValue(func() error {
	s, err := sock.Open(sock.Inet6, sock.Dgram, 0)
	if err == nil {
		s.Close()
	}
	return err
})

// noIPv6 returns why a socket cannot be bound to ::1. It asks once.
var noIPv6 = sync.OnceValue(func() error {
	s, err := sock.Open(sock.Inet6, sock.Dgram, 0)
	if err != nil {
		return err
	}
	defer s.Close()
	return s.Bind(loopback6)
})

// noPrivilege returns why this process may not configure the network: it is not
// root's, or root lacks CAP_NET_ADMIN, as in a container. It asks once.
var noPrivilege = sync.OnceValue(func() error {
	if id := os.Geteuid(); id != 0 {
		return fmt.Errorf("user %d is not root", id)
	}
	s, err := sock.Open(sock.Inet, sock.Dgram, 0)
	if err != nil {
		return err
	}
	defer s.Close()
	return sockopt.Debug.Set(s, true)
})

// needPrivilege skips the test if err is EPERM: the kernel refuses what to this
// process. It asks the kernel, not for root: in a container root has no CAP_NET_ADMIN.
func needPrivilege(t testing.TB, err error, what string) {
	t.Helper()
	if errors.Is(err, syscall.EPERM) {
		t.Skip(what, "takes the privilege CAP_NET_ADMIN:", err)
	}
}

var loopback6, _ = sock.AddrFrom(netip.AddrPortFrom(netip.IPv6Loopback(), 0))

// bound opens a socket of a type, bound to place(network), and returns its name.
func bound(t testing.TB, network string, ty sock.Type, set ...sock.Setting) (*sock.Socket, sock.Addr) {
	t.Helper()
	at := bindAddr(t, network)
	s := open(t, at.Domain(), ty, set...)
	if err := s.Bind(at); err != nil {
		t.Fatal(err)
	}
	name, err := s.Sockname()
	if err != nil {
		t.Fatal(err)
	}
	return s, name
}

// listening is bound, and listens.
func listening(t testing.TB, network string) (*sock.Socket, sock.Addr) {
	t.Helper()
	l, name := bound(t, network, sock.Stream)
	if err := l.Listen(0); err != nil {
		t.Fatal(err)
	}
	return l, name
}

// streams returns the two ends of a connection; network as place has it, or
// "pair" for a socketpair.
func streams(t testing.TB, network string) (client, server *sock.Socket) {
	t.Helper()
	if network == "pair" {
		a, b, err := sock.Pair(sock.Unix, sock.Stream, 0)
		if err != nil {
			t.Fatal(err)
		}
		return closed(t, a), closed(t, b)
	}
	l, name := listening(t, network)
	defer l.Close()
	client = open(t, name.Domain(), sock.Stream)
	if err := client.Connect(name); err != nil {
		t.Fatal(err)
	}
	server, _, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return client, closed(t, server)
}

var streamNetworks = []string{"tcp4", "tcp6", "unix", "pair"}

// datagrams returns two datagram sockets that are bound, not connected.
func datagrams(t testing.TB, network string) (a *sock.Socket, aName sock.Addr, b *sock.Socket, bName sock.Addr) {
	t.Helper()
	a, aName = bound(t, network, sock.Dgram)
	b, bName = bound(t, network, sock.Dgram)
	return
}

var datagramNetworks = []string{"udp4", "udp6", "unix"}

// withoutFinder stops the leak finder, which notes each Socket, for a test that
// measures.
func withoutFinder(t testing.TB) {
	finder := leakcheck.Current.Swap(nil)
	t.Cleanup(func() { leakcheck.Current.Store(finder) })
}

// wantErr fails the test unless err matches want; nil wants success.
func wantErr(t testing.TB, err, want error) {
	t.Helper()
	if want == nil && err != nil || want != nil && !errors.Is(err, want) {
		t.Errorf("error %v, want %v", err, want)
	}
}

// netPair returns two ends of package net that talk with each other.
func netPair(t testing.TB, network string) (a, b net.Conn) {
	t.Helper()
	var err error
	if network == "udp" {
		var x, y *net.UDPConn
		here := &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}
		if x, err = net.ListenUDP("udp", here); err == nil {
			here = x.LocalAddr().(*net.UDPAddr)
			x.Close()
			if y, err = net.DialUDP("udp", nil, here); err == nil {
				x, err = net.DialUDP("udp", here, y.LocalAddr().(*net.UDPAddr))
			}
		}
		a, b = x, y
	} else {
		at := "127.0.0.1:0"
		if network == "unix" {
			at = path(t)
		}
		var l net.Listener
		if l, err = net.Listen(network, at); err == nil {
			defer l.Close()
			if a, err = net.Dial(network, l.Addr().String()); err == nil {
				b, err = l.Accept()
			}
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close(); b.Close() })
	return a, b
}

// recvTimeout fails the test if the channel gives nothing within ten seconds.
func recvTimeout[T any](t testing.TB, c <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(10 * time.Second):
		t.Fatal("nothing happened in ten seconds")
	}
	return v
}

// answer sends each byte it receives back, waiting, until s is closed.
func answer(s *sock.Socket) {
	var p [1]byte
	for {
		if n, err := s.Recv(p[:], 0); n == 0 || err != nil {
			return
		}
		if _, err := s.Send(p[:], 0); err != nil {
			return
		}
	}
}

// eventually fails the test unless is becomes true within ten seconds. It is for
// what nothing reports: a goroutine of another that has begun to wait.
func eventually(t testing.TB, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("not in ten seconds: ", what)
		}
	}
}

// readable waits until s is ready for something.
func readable(s *sock.Socket, want sock.Ready) error {
	_, err := s.Wait(want)
	return err
}
