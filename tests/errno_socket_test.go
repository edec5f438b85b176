package sock_test

import (
	"errors"
	"os"
	"runtime"
	"syscall"
	"testing"

	"github.com/berkeleysockets/sock"
)

// ENFILE, ENOBUFS and ENOMEM would take the whole machine's share.

func TestErrnoSocket(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		d    sock.Domain
		ty   sock.Type
		p    sock.Protocol
		want []error
	}{
		{"EAFNOSUPPORT no such family", 99, sock.Stream, 0, onLinux(syscall.EAFNOSUPPORT)},
		{"EAFNOSUPPORT a negative family", -1, sock.Stream, 0, onLinux(syscall.EAFNOSUPPORT)},
		{"ESOCKTNOSUPPORT no such type", sock.Inet, 9, 0, onLinux(syscall.ESOCKTNOSUPPORT, syscall.EPROTOTYPE, syscall.ESOCKTNOSUPPORT)},
		{"ESOCKTNOSUPPORT unix RDM", sock.Unix, 4, 0, onLinux(syscall.ESOCKTNOSUPPORT, syscall.EPROTOTYPE, syscall.ESOCKTNOSUPPORT)},
		{"EPROTONOSUPPORT a stream of UDP", sock.Inet, sock.Stream, sock.UDP, onLinux(syscall.EPROTONOSUPPORT, syscall.EPROTONOSUPPORT, syscall.EPROTOTYPE)},
		{"EPROTONOSUPPORT datagrams of TCP", sock.Inet6, sock.Dgram, sock.TCP, onLinux(syscall.EPROTONOSUPPORT, syscall.EPROTONOSUPPORT, syscall.EPROTOTYPE)},
		{"EPROTONOSUPPORT unix with a protocol", sock.Unix, sock.Stream, 77, onLinux(syscall.EPROTONOSUPPORT, nil, syscall.EPROTONOSUPPORT)},
		{"EINVAL a type beyond all", sock.Inet, 15, 0, onLinux(syscall.EINVAL, syscall.EPROTOTYPE, syscall.ESOCKTNOSUPPORT, syscall.EINVAL)},
		{"EINVAL flags of one's own", sock.Inet, sock.Stream | 0x800, 0, onLinux(syscall.EINVAL)}, // SOCK_NONBLOCK, on Linux
		{"EINVAL a negative type", sock.Inet, -1, 0, onLinux(syscall.EINVAL)},
		{"EINVAL a huge family", 1 << 20, sock.Stream, 0, onLinux(syscall.EINVAL)},
		{"EINVAL a huge type", sock.Inet, 1 << 20, 0, onLinux(syscall.EINVAL)},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.d == sock.Inet6 {
				needInet6(t)
			}
			s, err := sock.Open(c.d, c.ty, c.p)
			if s != nil {
				s.Close()
			}
			wrong(t, err, "socket", sock.Addr{}, c.want...)
		})
	}
}

func TestErrnoSocketUnsupported(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "linux" {
		t.Skip("Linux has every name")
	}
	for _, c := range []struct {
		d sock.Domain
		p sock.Protocol
	}{{sock.Netlink, 0}, {sock.Packet, 0}, {sock.Inet, sock.MPTCP}} {
		_, err := sock.Open(c.d, sock.Stream, c.p)
		wantErr(t, err, errors.ErrUnsupported)
		_, _, err = sock.Pair(c.d, sock.Stream, c.p)
		wantErr(t, err, errors.ErrUnsupported)
	}
}

func TestErrnoSocketpair(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		d    sock.Domain
		ty   sock.Type
		p    sock.Protocol
		want []error
	}{
		{"EOPNOTSUPP IPv4", sock.Inet, sock.Stream, 0, onLinux(syscall.EOPNOTSUPP, syscall.EOPNOTSUPP, syscall.EPROTONOSUPPORT)},
		{"EOPNOTSUPP IPv6 datagrams", sock.Inet6, sock.Dgram, 0, onLinux(syscall.EOPNOTSUPP, syscall.EOPNOTSUPP, syscall.EPROTONOSUPPORT, syscall.EISCONN, syscall.EADDRNOTAVAIL)},
		{"EAFNOSUPPORT no such family", 99, sock.Stream, 0, onLinux(syscall.EAFNOSUPPORT)},
		{"EPROTONOSUPPORT unix with a protocol", sock.Unix, sock.Stream, 77, onLinux(syscall.EPROTONOSUPPORT, nil, syscall.EPROTONOSUPPORT)},
		{"ESOCKTNOSUPPORT unix RDM", sock.Unix, 4, 0, onLinux(syscall.ESOCKTNOSUPPORT, syscall.EPROTOTYPE, syscall.ESOCKTNOSUPPORT)},
		{"EINVAL a huge type", sock.Unix, 1 << 20, 0, onLinux(syscall.EINVAL)},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, b, err := sock.Pair(c.d, c.ty, c.p)
			if a != nil || b != nil {
				a.Close()
				b.Close()
			}
			wrong(t, err, "socketpair", sock.Addr{}, c.want...)
		})
	}
}

func TestErrnoFromFD(t *testing.T) {
	t.Parallel()
	file, err := os.Open(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	for _, c := range []struct {
		name string
		fd   int
		want error
	}{
		{"ENOTSOCK a file", int(file.Fd()), syscall.ENOTSOCK},
		{"ENOTSOCK a pipe", int(r.Fd()), syscall.ENOTSOCK},
		{"EBADF a number beyond all", 1 << 30, syscall.EBADF},
		{"EBADF -1", -1, syscall.EBADF},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := sock.FromFD(c.fd)
			if s != nil {
				t.Error("a Socket")
			}
			wrong(t, err, "fromfd", sock.Addr{}, c.want)
		})
	}
	// The descriptors are as they were: the pipe still works, and waits.
	if _, err := w.Write([]byte("x")); err != nil {
		t.Error(err)
	}
	if n, err := r.Read(make([]byte, 2)); n != 1 || err != nil {
		t.Error(n, err)
	}
	s, err := sock.FromConn(file)
	if s != nil {
		t.Error("a Socket")
	}
	wrong(t, err, "fromfd", sock.Addr{}, syscall.ENOTSOCK)
	if _, err := file.Stat(); err != nil {
		t.Error(err)
	}
}
