package sock_test

import (
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"github.com/berkeleysockets/sock"
)

// notHere is an address of TEST-NET-2, which no machine has.
const (
	notHere4 = "198.51.100.77:0"
	notHere6 = "[2001:db8:51::77]:0"
)

func TestErrnoBind(t *testing.T) {
	t.Parallel()
	dir := filepath.Dir(path(t))
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	loop := filepath.Join(dir, "loop")
	if err := os.Symlink(loop, loop); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		d    sock.Domain
		ty   sock.Type
		at   string
		want []error
	}{
		{"EADDRNOTAVAIL tcp4", sock.Inet, sock.Stream, notHere4, onLinux(syscall.EADDRNOTAVAIL)},
		{"EADDRNOTAVAIL udp4", sock.Inet, sock.Dgram, notHere4, onLinux(syscall.EADDRNOTAVAIL)},
		{"EADDRNOTAVAIL tcp6", sock.Inet6, sock.Stream, notHere6, onLinux(syscall.EADDRNOTAVAIL)},
		{"EADDRNOTAVAIL udp6", sock.Inet6, sock.Dgram, notHere6, onLinux(syscall.EADDRNOTAVAIL)},
		{"EAFNOSUPPORT IPv6 for IPv4", sock.Inet, sock.Stream, "[::1]:0", onLinux(syscall.EAFNOSUPPORT, syscall.EAFNOSUPPORT, syscall.EINVAL)},
		{"EINVAL IPv4 for IPv6", sock.Inet6, sock.Stream, "127.0.0.1:0", onLinux(syscall.EINVAL, syscall.EINVAL, syscall.EAFNOSUPPORT)},
		{"EINVAL unix for IPv4", sock.Inet, sock.Dgram, "unix:/a", onLinux(syscall.EINVAL, syscall.EINVAL, syscall.EAFNOSUPPORT)},
		{"EINVAL IPv4 for unix", sock.Unix, sock.Stream, "127.0.0.1:0", onLinux(syscall.EINVAL, syscall.EINVAL, syscall.EAFNOSUPPORT, syscall.EPROTONOSUPPORT)},
		{"EADDRINUSE a file", sock.Unix, sock.Stream, "unix:" + file, onLinux(syscall.EADDRINUSE)},
		{"EADDRINUSE a directory", sock.Unix, sock.Stream, "unix:" + dir, onLinux(syscall.EADDRINUSE)},
		{"EADDRINUSE a symbolic link", sock.Unix, sock.Stream, "unix:" + loop, onLinux(syscall.EADDRINUSE)},
		{"ENOENT no directory", sock.Unix, sock.Stream, "unix:" + dir + "/no/s", onLinux(syscall.ENOENT)},
		{"ENOTDIR a file for a directory", sock.Unix, sock.Stream, "unix:" + file + "/s", onLinux(syscall.ENOTDIR)},
		{"ELOOP", sock.Unix, sock.Stream, "unix:" + loop + "/s", onLinux(syscall.ELOOP)},
	} {
		t.Run(c.name, func(t *testing.T) {
			at := addr(t, c.at)
			if c.d == sock.Inet6 {
				needIPv6(t)
			}
			if at.Domain() != c.d && (runtime.GOOS == "darwin" || runtime.GOOS == "openbsd") {
				t.Skip("the answer of ", runtime.GOOS, " is not known")
			}
			wrong(t, open(t, c.d, c.ty).Bind(at), "bind", at, c.want...)
		})
	}
}

func TestErrnoBindTwice(t *testing.T) {
	t.Parallel()
	for _, network := range []string{"tcp4", "tcp6", "unix"} {
		t.Run("EINVAL "+network, func(t *testing.T) {
			t.Parallel()
			s, _ := bound(t, network, sock.Stream)
			again := bindAddr(t, network)
			wrong(t, s.Bind(again), "bind", again, syscall.EINVAL)
		})
	}
}

func TestErrnoBindInUse(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		network string
		ty      sock.Type
	}{{"tcp4", sock.Stream}, {"tcp6", sock.Stream}, {"udp4", sock.Dgram}, {"udp6", sock.Dgram}, {"unix", sock.Stream}, {"unix", sock.Dgram}} {
		t.Run("EADDRINUSE "+c.network, func(t *testing.T) {
			t.Parallel()
			s, at := bound(t, c.network, c.ty)
			wrong(t, open(t, at.Domain(), c.ty).Bind(at), "bind", at, syscall.EADDRINUSE)
			if c.network != "unix" {
				return
			}
			s.Close() // and the file that stays is in use still
			wrong(t, open(t, at.Domain(), c.ty).Bind(at), "bind", at, syscall.EADDRINUSE)
			if err := os.Remove(at.Path()); err != nil {
				t.Fatal(err)
			}
			wrong(t, open(t, at.Domain(), c.ty).Bind(at), "bind", at, nil)
		})
	}
}
