package sock_test

import (
	"runtime"
	"syscall"
	"testing"

	"github.com/berkeleysockets/sock"
)

// getsockname(2) and getpeername(2), and shutdown(2), which shares ENOTCONN.
// What else their pages list is about bad pointers and descriptors, and closed
// Sockets are in badinput_test.go.

func TestErrnoGetpeername(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		make func(t *testing.T) *sock.Socket
		want []error
	}{
		"ENOTCONN tcp4":                  {func(t *testing.T) *sock.Socket { return open(t, sock.Inet, sock.Stream) }, onLinux(syscall.ENOTCONN)},
		"ENOTCONN tcp4, listening":       {func(t *testing.T) *sock.Socket { l, _ := listening(t, "tcp4"); return l }, onLinux(syscall.ENOTCONN)},
		"ENOTCONN udp4":                  {func(t *testing.T) *sock.Socket { s, _ := bound(t, "udp4", sock.Dgram); return s }, onLinux(syscall.ENOTCONN)},
		"ENOTCONN unix":                  {func(t *testing.T) *sock.Socket { return open(t, sock.Unix, sock.Stream) }, onLinux(syscall.ENOTCONN)},
		"ENOTCONN unix, listening":       {func(t *testing.T) *sock.Socket { l, _ := listening(t, "unix"); return l }, onLinux(syscall.ENOTCONN)},
		"ENOTCONN unix datagrams":        {func(t *testing.T) *sock.Socket { s, _ := bound(t, "unix", sock.Dgram); return s }, onLinux(syscall.ENOTCONN)},
		"ENOTCONN tcp4, reset":           {func(t *testing.T) *sock.Socket { return reset(t, "tcp4") }, onLinux(syscall.ENOTCONN, syscall.ENOTCONN, syscall.EINVAL)},
		"none unix, the peer has closed": {func(t *testing.T) *sock.Socket { a, b := streams(t, "pair"); end(t, b); return a }, onLinux(nil, syscall.ENOTCONN)},
		"none tcp4, the peer has closed": {func(t *testing.T) *sock.Socket { a, b := streams(t, "tcp4"); end(t, b); return a }, onLinux(nil)},
		"none udp4, connected":           {func(t *testing.T) *sock.Socket { return aimed(t, "udp4") }, onLinux(nil)},
	} {
		t.Run(name, func(t *testing.T) {
			a, err := c.make(t).Peername()
			wrong(t, err, "getpeername", sock.Addr{}, c.want...)
			if a.IsValid() != (err == nil) {
				t.Errorf("Peer = %v, %v", a, err)
			}
		})
	}
}

func TestErrnoShutdown(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		make func(t *testing.T) *sock.Socket
		how  sock.How
		want []error
	}{
		"ENOTCONN tcp4":                  {func(t *testing.T) *sock.Socket { return open(t, sock.Inet, sock.Stream) }, sock.ShutWrite, onLinux(syscall.ENOTCONN)},
		"ENOTCONN udp4":                  {func(t *testing.T) *sock.Socket { s, _ := bound(t, "udp4", sock.Dgram); return s }, sock.ShutRead, onLinux(syscall.ENOTCONN)},
		"ENOTCONN tcp4, reset":           {func(t *testing.T) *sock.Socket { return reset(t, "tcp4") }, sock.ShutBoth, onLinux(syscall.ENOTCONN)},
		"none unix, not connected":       {func(t *testing.T) *sock.Socket { return open(t, sock.Unix, sock.Stream) }, sock.ShutBoth, onLinux(nil, syscall.ENOTCONN)},
		"none unix datagrams":            {func(t *testing.T) *sock.Socket { return open(t, sock.Unix, sock.Dgram) }, sock.ShutBoth, onLinux(nil, syscall.ENOTCONN)},
		"none tcp4, listening":           {func(t *testing.T) *sock.Socket { l, _ := listening(t, "tcp4"); return l }, sock.ShutRead, onLinux(nil, syscall.ENOTCONN)},
		"none tcp4":                      {func(t *testing.T) *sock.Socket { a, _ := streams(t, "tcp4"); return a }, sock.ShutWrite, onLinux(nil)},
		"none tcp4, twice":               {func(t *testing.T) *sock.Socket { return shut(t, "tcp4") }, sock.ShutWrite, onLinux(nil, nil, syscall.ENOTCONN)},
		"EINVAL 3":                       {func(t *testing.T) *sock.Socket { a, _ := streams(t, "tcp4"); return a }, 3, onLinux(syscall.EINVAL)},
		"EINVAL -1":                      {func(t *testing.T) *sock.Socket { a, _ := streams(t, "pair"); return a }, -1, onLinux(syscall.EINVAL)},
		"EINVAL 3, not connected either": {func(t *testing.T) *sock.Socket { return open(t, sock.Inet, sock.Stream) }, 3, onLinux(syscall.EINVAL, syscall.EINVAL, syscall.ENOTCONN)},
	} {
		t.Run(name, func(t *testing.T) {
			if runtime.GOOS != "linux" && name == "none tcp4, listening" {
				t.Skip("what shutdown does to a listener differs")
			}
			wrong(t, c.make(t).Shutdown(c.how), "shutdown", sock.Addr{}, c.want...)
		})
	}
}
