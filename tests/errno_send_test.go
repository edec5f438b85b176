package sock_test

import (
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/sockopt"
)

// reset returns a TCP socket whose peer has reset the connection.
func reset(t testing.TB, network string) *sock.Socket {
	t.Helper()
	a, b := streams(t, network)
	if err := sockopt.Linger.Set(b, sockopt.LingerValue{On: true}); err != nil {
		t.Fatal(err)
	}
	end(t, b)
	if _, err := a.Wait(sock.Readable); err != nil {
		t.Fatal(err)
	}
	return a
}

// fullReceiver returns the address of a UDP port where nobody answers and nobody else
// can: one that is taken by a socket connected to another.
func fullReceiver(t testing.TB, network string) sock.Addr {
	t.Helper()
	s, at := bound(t, network, sock.Dgram)
	_, other := bound(t, network, sock.Dgram)
	if err := s.Connect(other); err != nil {
		t.Fatal(err)
	}
	return at
}

// repulsed returns a UDP socket that has got an ICMP error: the port of its peer does not
// exist.
func repulsed(t testing.TB, network string) *sock.Socket {
	t.Helper()
	at := fullReceiver(t, network)
	s := open(t, at.Domain(), sock.Dgram)
	if err := s.Connect(at); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Send([]byte("x"), 0); err != nil {
		t.Fatal(err)
	}
	if r, err := s.Wait(sock.Readable); err != nil {
		t.Fatal(r, err)
	}
	return s
}

// TestErrnoSend has the errors of Send.
func TestErrnoSend(t *testing.T) {
	t.Parallel()
	one := []byte("x")
	for name, c := range map[string]struct {
		make  func(t *testing.T) *sock.Socket
		data  []byte
		flags sock.Flags
		want  []error
	}{
		"EPIPE tcp4, this side shut": {func(t *testing.T) *sock.Socket { return shut(t, "tcp4") }, one, 0, onLinux(syscall.EPIPE)},
		"EPIPE unix, this side shut": {func(t *testing.T) *sock.Socket { return shut(t, "unix") }, one, 0, onLinux(syscall.EPIPE)},
		"EPIPE pair, the peer closed": {func(t *testing.T) *sock.Socket {
			a, b := streams(t, "pair")
			end(t, b)
			return a
		}, one, 0, onLinux(syscall.EPIPE)},
		"EPIPE pair, the peer's reading side shut": {func(t *testing.T) *sock.Socket {
			a, b := streams(t, "pair")
			if err := b.CloseRead(); err != nil {
				t.Fatal(err)
			}
			return a
		}, one, 0, onLinux(syscall.EPIPE, nil, syscall.EPIPE)},
		"EPIPE tcp4, after the reset was reported": {func(t *testing.T) *sock.Socket {
			s := reset(t, "tcp4")
			_, err := s.Recv(make([]byte, 1), 0)
			wrong(t, err, "recv", sock.Addr{}, syscall.ECONNRESET)
			return s
		}, one, 0, onLinux(syscall.EPIPE)},
		"EPIPE tcp4, never connected":    {func(t *testing.T) *sock.Socket { return open(t, sock.Inet, sock.Stream) }, one, 0, onLinux(syscall.EPIPE, syscall.ENOTCONN)},
		"ECONNRESET tcp4":                {func(t *testing.T) *sock.Socket { return reset(t, "tcp4") }, one, 0, onLinux(syscall.ECONNRESET, syscall.ECONNRESET, syscall.EPIPE)},
		"ECONNRESET tcp6":                {func(t *testing.T) *sock.Socket { return reset(t, "tcp6") }, one, 0, onLinux(syscall.ECONNRESET, syscall.ECONNRESET, syscall.EPIPE)},
		"ENOTCONN unix, never connected": {func(t *testing.T) *sock.Socket { return open(t, sock.Unix, sock.Stream) }, one, 0, onLinux(syscall.ENOTCONN)},
		"ENOTCONN unix datagrams, no peer": {func(t *testing.T) *sock.Socket { return open(t, sock.Unix, sock.Dgram) }, one, 0,
			onLinux(syscall.ENOTCONN, syscall.EDESTADDRREQ, syscall.ENOTCONN)},
		"EDESTADDRREQ udp4": {func(t *testing.T) *sock.Socket { return open(t, sock.Inet, sock.Dgram) }, one, 0, onLinux(syscall.EDESTADDRREQ, syscall.EDESTADDRREQ, syscall.ENOTCONN)},
		"EDESTADDRREQ udp6": {func(t *testing.T) *sock.Socket { needIPv6(t); return open(t, sock.Inet6, sock.Dgram) }, one, 0,
			onLinux(syscall.EDESTADDRREQ, syscall.EDESTADDRREQ, syscall.ENOTCONN)},
		"EMSGSIZE udp4, one too many": {func(t *testing.T) *sock.Socket { return aimed(t, "udp4") }, make([]byte, 65508), 0, onLinux(syscall.EMSGSIZE)},
		"EMSGSIZE udp4, far too many": {func(t *testing.T) *sock.Socket { return aimed(t, "udp4") }, make([]byte, 1<<20), 0, onLinux(syscall.EMSGSIZE)},
		"EMSGSIZE udp6, one too many": {func(t *testing.T) *sock.Socket { return aimed(t, "udp6") }, make([]byte, 65528), 0, onLinux(syscall.EMSGSIZE)},
		"EMSGSIZE unix datagrams": {func(t *testing.T) *sock.Socket {
			s := aimed(t, "unix")
			if err := sockopt.SendBuffer.Set(s, 4096); err != nil {
				t.Fatal(err)
			}
			return s
		}, make([]byte, 1<<18), 0, onLinux(syscall.EMSGSIZE)},
		"ECONNREFUSED udp4": {func(t *testing.T) *sock.Socket { return repulsed(t, "udp4") }, one, 0, onLinux(syscall.ECONNREFUSED)},
		"ECONNREFUSED udp6": {func(t *testing.T) *sock.Socket { return repulsed(t, "udp6") }, one, 0, onLinux(syscall.ECONNREFUSED)},
		"ECONNREFUSED unix datagrams, the peer closed": {func(t *testing.T) *sock.Socket {
			s, at := bound(t, "unix", sock.Dgram)
			a := open(t, sock.Unix, sock.Dgram)
			if err := a.Connect(at); err != nil {
				t.Fatal(err)
			}
			end(t, s)
			return a
		}, one, 0, onLinux(syscall.ECONNREFUSED, syscall.ECONNRESET, syscall.ECONNREFUSED, syscall.ENOTCONN, syscall.EDESTADDRREQ)},
		"none, empty on a stream":    {func(t *testing.T) *sock.Socket { a, _ := streams(t, "tcp4"); return a }, nil, 0, []error{nil}},
		"none, empty on datagrams":   {func(t *testing.T) *sock.Socket { return aimed(t, "udp4") }, nil, 0, []error{nil}},
		"EPIPE empty on a shut side": {func(t *testing.T) *sock.Socket { return shut(t, "tcp4") }, nil, 0, onLinux(syscall.EPIPE)},
		"none, flags nobody gives":   {func(t *testing.T) *sock.Socket { return aimed(t, "udp4") }, one, sock.EOR | sock.NoSignal | sock.DontWait, []error{nil}},
		"EOPNOTSUPP OOB of udp4":     {func(t *testing.T) *sock.Socket { return aimed(t, "udp4") }, one, sock.OOB, onLinux(syscall.EOPNOTSUPP, nil, syscall.EOPNOTSUPP, syscall.EINVAL)},
		"EOPNOTSUPP OOB of unix datagrams": {func(t *testing.T) *sock.Socket { return aimed(t, "unix") }, one, sock.OOB,
			onLinux(syscall.EOPNOTSUPP)},
	} {
		t.Run(name, func(t *testing.T) {
			n, err := patient(t, c.make(t)).Send(c.data, c.flags)
			wrong(t, err, "send", sock.Addr{}, c.want...)
			if err != nil && n != 0 {
				t.Errorf("%d bytes sent, and %v", n, err)
			}
		})
	}
}

// patient returns an error if a call waits, so that the test does not hang.
func patient(t testing.TB, s *sock.Socket) *sock.Socket {
	t.Helper()
	if err := s.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return s
}

func shut(t testing.TB, network string) *sock.Socket {
	t.Helper()
	a, _ := streams(t, network)
	if err := a.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	return a
}

// aimed returns a datagram socket that is connected to an open one.
func aimed(t testing.TB, network string) *sock.Socket {
	t.Helper()
	a, _, _, at := datagrams(t, network)
	if err := a.Connect(at); err != nil {
		t.Fatal(err)
	}
	return a
}

// The biggest datagram goes, and comes, whole.
func TestErrnoSendBiggest(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("elsewhere a sysctl limits datagrams to less")
	}
	for _, network := range present(t, "udp4", "udp6") {
		n := map[string]int{"udp4": 65507, "udp6": 65527}[network]
		a, _, b, at := datagrams(t, network)
		if k, err := a.SendTo(make([]byte, n), 0, at); k != n || err != nil {
			t.Errorf("%s: %d, %v", network, k, err)
		}
		if k, err := b.Recv(make([]byte, 1<<16), 0); k != n || err != nil {
			t.Errorf("%s: %d, %v", network, k, err)
		}
	}
}

// TestErrnoSendTo has the additional errors of an address, for SendTo and SendMsg.
func TestErrnoSendTo(t *testing.T) {
	t.Parallel()
	dir := filepath.Dir(path(t))
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	stale, staleAt := bound(t, "unix", sock.Dgram)
	end(t, stale)
	_, stream := listening(t, "unix")
	_, dgram := bound(t, "unix", sock.Dgram)
	_, udp := bound(t, "udp4", sock.Dgram)
	_, tcp := listening(t, "tcp4")
	fresh := func(d sock.Domain, ty sock.Type) func(t *testing.T) *sock.Socket {
		return func(t *testing.T) *sock.Socket { return open(t, d, ty) }
	}
	client := func(network string) func(t *testing.T) *sock.Socket {
		return func(t *testing.T) *sock.Socket { a, _ := streams(t, network); return a }
	}
	for _, c := range []struct {
		name string
		make func(t *testing.T) *sock.Socket
		to   sock.Addr
		want []error
	}{
		{"ENOENT unix", fresh(sock.Unix, sock.Dgram), addr(t, "unix:"+dir+"/no"), onLinux(syscall.ENOENT)},
		{"ENOTDIR unix", fresh(sock.Unix, sock.Dgram), addr(t, "unix:"+file+"/s"), onLinux(syscall.ENOTDIR)},
		{"ECONNREFUSED unix, stale", fresh(sock.Unix, sock.Dgram), staleAt, onLinux(syscall.ECONNREFUSED)},
		{"ECONNREFUSED a file", fresh(sock.Unix, sock.Dgram), addr(t, "unix:"+file), onLinux(syscall.ECONNREFUSED, syscall.ECONNREFUSED, syscall.ENOTSOCK)},
		{"EPROTOTYPE to a stream socket", fresh(sock.Unix, sock.Dgram), stream, onLinux(syscall.EPROTOTYPE)},
		{"EAFNOSUPPORT IPv6 from udp4", fresh(sock.Inet, sock.Dgram), addr(t, "[::1]:9"), onLinux(syscall.EAFNOSUPPORT, syscall.EAFNOSUPPORT, syscall.EINVAL)},
		{"EINVAL unix from udp4", fresh(sock.Inet, sock.Dgram), addr(t, "unix:/a"), onLinux(syscall.EINVAL, syscall.EAFNOSUPPORT, syscall.EINVAL)},
		{"EINVAL IPv4 from unix", fresh(sock.Unix, sock.Dgram), udp, onLinux(syscall.EINVAL, syscall.EAFNOSUPPORT, syscall.EINVAL, syscall.ENOENT)},
		{"EINVAL port 0", fresh(sock.Inet, sock.Dgram), addr(t, "127.0.0.1:0"), onLinux(syscall.EINVAL, syscall.EADDRNOTAVAIL)},
		{"EACCES broadcast", fresh(sock.Inet, sock.Dgram), addr(t, "127.255.255.255:9"), onLinux(syscall.EACCES, syscall.EACCES, syscall.EADDRNOTAVAIL, syscall.ENETUNREACH, syscall.EHOSTUNREACH, nil)},
		{"EISCONN a unix stream", client("unix"), stream, onLinux(syscall.EISCONN, nil, syscall.EISCONN)},
		{"EISCONN a pair", client("pair"), stream, onLinux(syscall.EISCONN, nil, syscall.EISCONN)},
		{"EISCONN tcp4", client("tcp4"), tcp, onLinux(nil, nil, syscall.EISCONN)},
		{"EISCONN udp4, connected elsewhere", func(t *testing.T) *sock.Socket { return aimed(t, "udp4") }, udp, onLinux(nil, syscall.EISCONN)},
		{"EISCONN unix datagrams, connected elsewhere", func(t *testing.T) *sock.Socket { return aimed(t, "unix") }, dgram, onLinux(nil, syscall.EISCONN)},
		{"EOPNOTSUPP a unix stream, not connected", fresh(sock.Unix, sock.Stream), stream, onLinux(syscall.EOPNOTSUPP, nil, syscall.EOPNOTSUPP, syscall.ENOTCONN)},
		{"EPIPE tcp4, not connected", fresh(sock.Inet, sock.Stream), tcp, onLinux(syscall.EPIPE, nil, syscall.ENOTCONN, syscall.EPIPE, sock.ErrWouldBlock)},
		{"none", fresh(sock.Inet, sock.Dgram), udp, []error{nil}},
		{"none, unix", fresh(sock.Unix, sock.Dgram), dgram, []error{nil}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := patient(t, c.make(t)).SendTo([]byte("x"), 0, c.to)
			wrong(t, err, "sendto", c.to, c.want...)
			_, err = patient(t, c.make(t)).SendMsg(&sock.Message{Bufs: [][]byte{{'x'}}, Addr: c.to}, 0)
			wrong(t, err, "sendmsg", c.to, c.want...)
		})
	}
}

// An error that was pending is reported once.
func TestErrnoSendPendingOnce(t *testing.T) {
	t.Parallel()
	s := repulsed(t, "udp4")
	_, err := s.Send([]byte("x"), 0)
	wrong(t, err, "send", sock.Addr{}, syscall.ECONNREFUSED)
	_, err = s.Send([]byte("x"), 0) // that one was not sent: this one is
	wrong(t, err, "send", sock.Addr{}, nil)
}

func TestErrnoSendMsg(t *testing.T) {
	t.Parallel()
	s := aimed(t, "udp4")
	_, err := s.SendMsg(&sock.Message{Bufs: make([][]byte, 1025)}, 0)
	wrong(t, err, "sendmsg", sock.Addr{}, syscall.EMSGSIZE)
	_, err = s.SendMsg(&sock.Message{Bufs: make([][]byte, 1024)}, 0)
	wrong(t, err, "sendmsg", sock.Addr{}, nil)
}

// A control message that says it is shorter than its own head.
func TestErrnoSendMsgControl(t *testing.T) {
	t.Parallel()
	_, err := aimed(t, "udp4").SendMsg(&sock.Message{Control: make([]byte, 64)}, 0)
	wrong(t, err, "sendmsg", sock.Addr{}, onLinux(syscall.EINVAL, syscall.EINVAL, nil)...)
}
