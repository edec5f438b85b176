package sock_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"github.com/berkeleysockets/sock"
)

// refusing returns an address without a listener that stays so: a bound port or path.
func refusing(t testing.TB, network string) sock.Addr {
	t.Helper()
	_, at := bound(t, network, sock.Stream)
	return at
}

// TestErrnoConnect has the results of one connect(2) of a new socket.
func TestErrnoConnect(t *testing.T) {
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
	stale, staleAt := bound(t, "unix", sock.Stream)
	end(t, stale)
	_, dgram := bound(t, "unix", sock.Dgram)
	_, stream := listening(t, "unix")
	at := func(s string) func(*testing.T) sock.Addr {
		return func(t *testing.T) sock.Addr { return addr(t, s) }
	}
	of := func(a sock.Addr) func(*testing.T) sock.Addr {
		return func(*testing.T) sock.Addr { return a }
	}
	for _, c := range []struct {
		name string
		d    sock.Domain
		ty   sock.Type
		to   func(t *testing.T) sock.Addr
		want []error
	}{
		{"ECONNREFUSED tcp4", sock.Inet, sock.Stream, func(t *testing.T) sock.Addr { return refusing(t, "tcp4") }, onLinux(syscall.ECONNREFUSED)},
		{"ECONNREFUSED tcp6", sock.Inet6, sock.Stream, func(t *testing.T) sock.Addr { return refusing(t, "tcp6") }, onLinux(syscall.ECONNREFUSED)},
		{"ECONNREFUSED unix, does not listen", sock.Unix, sock.Stream, func(t *testing.T) sock.Addr { return refusing(t, "unix") }, onLinux(syscall.ECONNREFUSED)},
		{"ECONNREFUSED unix, stale", sock.Unix, sock.Stream, of(staleAt), onLinux(syscall.ECONNREFUSED)},
		{"ECONNREFUSED unix datagrams, stale", sock.Unix, sock.Dgram, of(staleAt), onLinux(syscall.ECONNREFUSED)},
		{"ECONNREFUSED a file", sock.Unix, sock.Stream, at("unix:" + file), onLinux(syscall.ECONNREFUSED, syscall.ECONNREFUSED, syscall.ENOTSOCK)},
		{"ECONNREFUSED a directory", sock.Unix, sock.Stream, at("unix:" + dir), onLinux(syscall.ECONNREFUSED, syscall.ECONNREFUSED, syscall.ENOTSOCK)},
		{"ENOENT", sock.Unix, sock.Stream, at("unix:" + dir + "/no"), onLinux(syscall.ENOENT)},
		{"ENOENT no directory", sock.Unix, sock.Stream, at("unix:" + dir + "/no/s"), onLinux(syscall.ENOENT)},
		{"ENOTDIR", sock.Unix, sock.Stream, at("unix:" + file + "/s"), onLinux(syscall.ENOTDIR)},
		{"ELOOP", sock.Unix, sock.Stream, at("unix:" + loop), onLinux(syscall.ELOOP)},
		{"EINVAL the unnamed address", sock.Unix, sock.Stream, at("unix:"), onLinux(syscall.EINVAL, syscall.EINVAL, syscall.ENOENT)},
		{"EPROTOTYPE stream to datagrams", sock.Unix, sock.Stream, of(dgram), onLinux(syscall.EPROTOTYPE)},
		{"EPROTOTYPE datagrams to stream", sock.Unix, sock.Dgram, of(stream), onLinux(syscall.EPROTOTYPE)},
		{"EAFNOSUPPORT IPv6 for tcp4", sock.Inet, sock.Stream, at("[::1]:1"), onLinux(syscall.EAFNOSUPPORT, syscall.EAFNOSUPPORT, syscall.EINVAL)},
		{"EAFNOSUPPORT IPv6 for udp4", sock.Inet, sock.Dgram, at("[::1]:1"), onLinux(syscall.EAFNOSUPPORT, syscall.EAFNOSUPPORT, syscall.EINVAL)},
		{"EINVAL IPv4 for tcp6", sock.Inet6, sock.Stream, at("127.0.0.1:1"), onLinux(syscall.EINVAL, syscall.EAFNOSUPPORT, syscall.EINVAL)},
		{"EINVAL unix for tcp4", sock.Inet, sock.Stream, at("unix:/a"), onLinux(syscall.EINVAL, syscall.EAFNOSUPPORT, syscall.EINVAL)},
		{"EINVAL IPv4 for unix", sock.Unix, sock.Stream, at("127.0.0.1:1"), onLinux(syscall.EINVAL, syscall.EAFNOSUPPORT, syscall.EINVAL, syscall.ENOENT)},
		{"ENETUNREACH tcp4 to all", sock.Inet, sock.Stream, at("255.255.255.255:1"), onLinux(syscall.ENETUNREACH, syscall.EACCES, syscall.EAFNOSUPPORT, syscall.ENETUNREACH, syscall.EADDRNOTAVAIL)},
		{"EACCES udp4 broadcast", sock.Inet, sock.Dgram, at("127.255.255.255:1"), onLinux(syscall.EACCES, nil, syscall.EACCES, syscall.EADDRNOTAVAIL, syscall.ENETUNREACH)},
		{"EADDRNOTAVAIL port 0", sock.Inet, sock.Stream, at("127.0.0.1:0"), onLinux(syscall.ECONNREFUSED, syscall.EADDRNOTAVAIL)},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.d == sock.Inet6 {
				needIPv6(t)
			}
			to := c.to(t)
			if to.Domain() != c.d && (runtime.GOOS == "darwin" || runtime.GOOS == "openbsd") {
				t.Skip("the answer of ", runtime.GOOS, " is not known")
			}
			s := open(t, c.d, c.ty)
			wrong(t, s.Connect(to), "connect", to, c.want...)
			_, err := s.Peername()
			if c.want[0] != nil {
				wrong(t, err, "getpeername", sock.Addr{}, syscall.ENOTCONN)
			}
		})
	}
}

func TestErrnoConnectTwice(t *testing.T) {
	t.Parallel()
	for _, network := range []string{"tcp4", "tcp6", "unix"} {
		t.Run("EISCONN "+network, func(t *testing.T) {
			t.Parallel()
			l, at := listening(t, network)
			c := open(t, at.Domain(), sock.Stream)
			if err := c.Connect(at); err != nil {
				t.Fatal(err)
			}
			s, _, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			closed(t, s)
			// Linux returns 0 once more after a connection that was in progress.
			if err := c.Connect(at); err != nil || network == "unix" {
				wrong(t, err, "connect", at, syscall.EISCONN)
			}
			wrong(t, c.Connect(at), "connect", at, syscall.EISCONN)
			wrong(t, s.Connect(at), "connect", at, syscall.EISCONN)
		})
	}
	a, _ := streams(t, "pair")
	_, at := listening(t, "unix")
	wrong(t, a.Connect(at), "connect", at, syscall.EISCONN)
}

func TestErrnoConnectListener(t *testing.T) {
	t.Parallel()
	l, at := listening(t, "tcp4")
	wrong(t, l.Connect(at), "connect", at, onLinux(syscall.EISCONN, syscall.EOPNOTSUPP, syscall.EISCONN, syscall.EINVAL)...)
	l, at = listening(t, "unix")
	wrong(t, l.Connect(at), "connect", at, onLinux(syscall.EINVAL, syscall.EOPNOTSUPP, syscall.EISCONN, syscall.EINVAL)...)
}

// A socket whose Connect was refused may try again: to Linux's TCP the attempt has
// ended when connect(2) has said so, as it has to Connect. ConnectResult reads
// SO_ERROR, which does not tell TCP: the next connect(2) says it once more.
func TestErrnoConnectAgain(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("POSIX leaves the socket's state open")
	}
	for _, network := range present(t, "tcp4", "tcp6", "unix") {
		refuse := refusing(t, network)
		_, at := listening(t, network)
		s := open(t, at.Domain(), sock.Stream)
		wrong(t, s.Connect(refuse), "connect", refuse, syscall.ECONNREFUSED)
		wrong(t, s.Connect(at), "connect", at, nil)

		if network == "unix" {
			continue
		}
		s = open(t, at.Domain(), sock.Stream)
		s.SetNonblock(true)
		wantErr(t, s.Connect(refuse), error(sock.ErrInProgress))
		_, err := s.Wait(sock.Writable)
		wantErr(t, err, nil)
		wantErr(t, s.ConnectResult(), error(syscall.ECONNREFUSED))
		s.SetNonblock(false)
		wrong(t, s.Connect(at), "connect", at, syscall.ECONNABORTED)
		wrong(t, s.Connect(at), "connect", at, nil)
	}
}

// The address that has no family dissolves a datagram socket's association.
func TestErrnoConnectUnspec(t *testing.T) {
	t.Parallel()
	for _, network := range present(t, datagramNetworks...) {
		a, aName, b, bName := datagrams(t, network)
		if err := a.Connect(bName); err != nil {
			t.Fatal(err)
		}
		if peer, err := a.Peername(); err != nil || peer != bName {
			t.Errorf("%s: Peer = %v, %v", network, peer, err)
		}
		none, err := sock.RawAddr(append(refHead(sock.Unspec, 16), make([]byte, 14)...))
		if err != nil {
			t.Fatal(err)
		}
		err = a.Connect(none) // the BSDs do it and answer EAFNOSUPPORT, and unix sockets there do not
		if runtime.GOOS != "linux" && network == "unix" {
			continue
		}
		wrong(t, err, "connect", none, onLinux(nil, nil, syscall.EAFNOSUPPORT, syscall.EINVAL, syscall.EADDRNOTAVAIL)...)
		_, perr := a.Peername()
		wrong(t, perr, "getpeername", sock.Addr{}, syscall.ENOTCONN)
		if r := a.RemoteAddr(); err == nil && r != nil {
			t.Errorf("%s: RemoteAddr = %v", network, r)
		}
		_, err = a.Send(nil, 0)
		wrong(t, err, "send", sock.Addr{}, syscall.EDESTADDRREQ, syscall.ENOTCONN)
		if aName.Domain() != sock.Unix {
			continue
		}
		// It receives from all senders again.
		if _, err := b.SendTo(nil, 0, aName); err != nil {
			t.Error(err)
		}
	}
}

func TestErrnoConnectText(t *testing.T) {
	t.Parallel()
	at := refusing(t, "tcp4")
	err := open(t, sock.Inet, sock.Stream).Connect(at)
	if want := "connect " + at.String() + ": " + syscall.ECONNREFUSED.Error(); err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	err = open(t, sock.Inet, sock.Stream).Connect(addr(t, "unix:/a"))
	if runtime.GOOS == "linux" {
		if want := "connect unix:/a: an AF_UNIX address for an AF_INET socket: invalid argument"; err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
	if err := open(t, sock.Inet, sock.Stream).Connect(sock.Addr{}); !errors.Is(err, syscall.EINVAL) || err.Error() != "connect: no address" {
		t.Error(err)
	}
}
