//go:build unix

package sock_test

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/berkeleysockets/sock"
)

// These errors depend on the privileges and limits of the process.

func init() {
	children["errno unprivileged"] = func(args []string) error {
		if os.Getuid() == 0 {
			const nobody = 65534
			if err := errors.Join(syscall.Setgroups(nil), syscall.Setgid(nobody), syscall.Setuid(nobody)); err != nil {
				return err
			}
		}
		return tell(errnoUnprivileged, args)
	}
	children["errno no descriptors"] = func([]string) error { return noDescriptors() }
}

// A way to say in one line what is opened and left open: the child ends soon.
func opened(d sock.Domain, ty sock.Type, p sock.Protocol, then func(s *sock.Socket) error) error {
	s, err := sock.Open(d, ty, p)
	if err != nil {
		return err
	}
	return then(s)
}

func parsed(s string) sock.Addr {
	a, err := sock.ParseAddr(s)
	if err != nil {
		panic(err)
	}
	return a
}

// The argument is a directory of another user's: with "closed/s", a unix socket
// that is in a directory that may not be searched; "s", one that may not be
// written; and itself may not be written.
var errnoUnprivileged = []errnoCase{
	{"EPERM a raw socket", "socket", onLinux(syscall.EPERM, syscall.EPERM, syscall.EACCES), func([]string) error {
		return opened(sock.Inet, sock.Raw, sock.ICMP, func(*sock.Socket) error { return nil })
	}},
	{"EPERM a packet socket", "socket", onLinux(syscall.EPERM), func([]string) error {
		if runtime.GOOS != "linux" {
			return fmt.Errorf("packet sockets are Linux's: %w", errSkip)
		}
		return opened(sock.Packet, sock.Raw, 0, func(*sock.Socket) error { return nil })
	}},
	{"EACCES a port below 1024", "bind", onLinux(syscall.EACCES), func([]string) error {
		if b, _ := os.ReadFile("/proc/sys/net/ipv4/ip_unprivileged_port_start"); strings.TrimSpace(string(b)) == "0" {
			return fmt.Errorf("every port is free to all: %w", errSkip)
		}
		if runtime.GOOS == "darwin" {
			return fmt.Errorf("macOS gives low ports to all: %w", errSkip)
		}
		return opened(sock.Inet, sock.Stream, 0, func(s *sock.Socket) error { return s.Bind(parsed("127.0.0.1:1")) })
	}},
	{"EACCES a directory not to be written", "bind", onLinux(syscall.EACCES), func(a []string) error {
		return opened(sock.Unix, sock.Stream, 0, func(s *sock.Socket) error { return s.Bind(parsed("unix:" + a[0] + "/mine")) })
	}},
	{"EACCES bind in a directory not to be searched", "bind", onLinux(syscall.EACCES), func(a []string) error {
		return opened(sock.Unix, sock.Stream, 0, func(s *sock.Socket) error { return s.Bind(parsed("unix:" + a[0] + "/closed/mine")) })
	}},
	{"EACCES connect in a directory not to be searched", "connect", onLinux(syscall.EACCES), func(a []string) error {
		return opened(sock.Unix, sock.Dgram, 0, func(s *sock.Socket) error { return s.Connect(parsed("unix:" + a[0] + "/closed/s")) })
	}},
	{"EACCES connect to a socket not to be written", "connect", onLinux(syscall.EACCES), func(a []string) error {
		return opened(sock.Unix, sock.Dgram, 0, func(s *sock.Socket) error { return s.Connect(parsed("unix:" + a[0] + "/s")) })
	}},
	{"EACCES sendto a socket not to be written", "sendto", onLinux(syscall.EACCES), func(a []string) error {
		return opened(sock.Unix, sock.Dgram, 0, func(s *sock.Socket) error {
			_, err := s.SendTo(nil, 0, parsed("unix:"+a[0]+"/s"))
			return err
		})
	}},
}

func TestErrnoUnprivileged(t *testing.T) {
	t.Parallel()
	dir := filepath.Dir(path(t))
	shutDir := filepath.Join(dir, "closed")
	t.Cleanup(func() { os.Chmod(dir, 0o700); os.Chmod(shutDir, 0o700) }) // for its removal
	if err := os.Mkdir(shutDir, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{dir + "/s", shutDir + "/s"} {
		s := open(t, sock.Unix, sock.Dgram)
		if err := s.Bind(addr(t, "unix:"+p)); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(p, 0); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(os.Chmod(shutDir, 0), os.Chmod(dir, 0o555)); err != nil {
		t.Fatal(err)
	}
	hear(t, child(t, "errno unprivileged", dir), errnoUnprivileged)
}

// With no descriptor left nothing is lost, and nothing leaks.
func TestErrnoNoDescriptors(t *testing.T) {
	t.Parallel()
	if out, err := child(t, "errno no descriptors").Output(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// emfile reports what is wrong with an error that should be EMFILE.
func emfile(what string, err error) error {
	if !errors.Is(err, syscall.EMFILE) {
		return fmt.Errorf("%s: error %v, want EMFILE", what, err)
	}
	var e *sock.Error
	if !errors.As(err, &e) || !strings.HasPrefix(err.Error(), what+": ") {
		return fmt.Errorf("%s: %v does not name the call", what, err)
	}
	return nil
}

func noDescriptors() error {
	l, err := sock.Open(sock.Inet, sock.Stream, 0)
	if err != nil {
		return err
	}
	if err := errors.Join(l.Bind(parsed("127.0.0.1:0")), l.Listen(0)); err != nil {
		return err
	}
	at, err := l.Sockname()
	if err != nil {
		return err
	}
	c, err := sock.Open(sock.Inet, sock.Stream, 0)
	if err != nil {
		return err
	}
	if err := c.Connect(at); err != nil {
		return err
	}
	if _, err := c.Write([]byte("not lost")); err != nil {
		return err
	}
	file, err := os.Open(os.DevNull)
	if err != nil {
		return err
	}

	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	limit.Cur = 40
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	var taken []*sock.Socket
	for {
		s, err := sock.Open(sock.Inet, sock.Dgram, 0)
		if err != nil {
			if err := emfile("socket", err); err != nil {
				return err
			}
			break
		}
		if taken = append(taken, s); len(taken) > 40 {
			return errors.New("no limit")
		}
	}

	_, _, err = sock.Pair(sock.Unix, sock.Stream, 0)
	bad := []error{emfile("socketpair", err)}
	_, _, err = l.Accept()
	bad = append(bad, emfile("accept", err))
	if !sock.AcceptRetryable(err) {
		bad = append(bad, errors.New("not retryable: EMFILE"))
	}
	_, err = c.Dup()
	bad = append(bad, emfile("dup", err))
	_, err = c.File()
	bad = append(bad, emfile("file", err))
	_, err = c.Detach()
	bad = append(bad, emfile("detach", err))
	_, err = sock.FromConn(file)
	bad = append(bad, emfile("fromconn", err))
	if _, err := c.Sockname(); err != nil {
		bad = append(bad, fmt.Errorf("after a Detach that failed: %w", err))
	}

	// One is not enough for a pair, and is still free after.
	last := taken[len(taken)-1]
	free := last.FD()
	last.Close()
	_, _, err = sock.Pair(sock.Unix, sock.Stream, 0)
	bad = append(bad, emfile("socketpair", err))

	// The connection has waited.
	s, _, err := l.Accept()
	if err != nil {
		return errors.Join(append(bad, err)...)
	}
	if s.FD() != free {
		bad = append(bad, fmt.Errorf("accepted as %d, %d was free", s.FD(), free))
	}
	p := make([]byte, 20)
	if n, err := s.Read(p); err != nil || string(p[:n]) != "not lost" {
		bad = append(bad, fmt.Errorf("read %q, %v", p[:n], err))
	}
	return errors.Join(bad...)
}

// EPIPE comes without the signal, from each call and each kind of socket.
func TestErrnoNoSIGPIPE(t *testing.T) {
	t.Parallel()
	signals := make(chan os.Signal, 10)
	signal.Notify(signals, syscall.SIGPIPE, syscall.SIGWINCH)
	defer signal.Stop(signals)
	p := []byte("x")
	for _, network := range present(t, streamNetworks...) {
		s := shut(t, network)
		_, err := s.Send(p, 0)
		wantErr(t, err, syscall.EPIPE)
		_, err = s.Write(p)
		wantErr(t, err, syscall.EPIPE)
		_, err = s.Writev([][]byte{p, p})
		wantErr(t, err, syscall.EPIPE)
		_, err = s.SendMsg(&sock.Message{Bufs: [][]byte{p}}, 0)
		wantErr(t, err, syscall.EPIPE)
		_, err = s.Write(make([]byte, 1<<20)) // by another trap on Linux
		wantErr(t, err, syscall.EPIPE)
	}
	// Signals are handed on in order of arrival or of number: this one is last.
	if err := syscall.Kill(os.Getpid(), syscall.SIGWINCH); err != nil {
		t.Fatal(err)
	}
	if got := recvTimeout(t, signals); got != syscall.SIGWINCH {
		t.Errorf("signal %v", got)
	}
}
