//go:build linux || freebsd || darwin || netbsd || openbsd || dragonfly

package sock_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/sockopt"
)

// dialHosts has an address to listen at for each network.
func dialHosts(t *testing.T, network string) string {
	switch network {
	case "tcp6", "udp6":
		needIPv6(t)
		return "[::1]:0"
	case "unix", "unixgram", "unixpacket":
		return path(t)
	}
	return "127.0.0.1:0"
}

// dialTo returns the address of s in the form of package net.
func dialTo(t *testing.T, s *sock.Socket) string {
	t.Helper()
	at, err := s.Sockname()
	wantErr(t, err, nil)
	if at.Domain() == sock.Unix {
		return at.Path()
	}
	return at.String()
}

// TestDialStream shows that Dial reaches Listen in each network of streams.
func TestDialStream(t *testing.T) {
	t.Parallel()
	for _, network := range []string{"tcp", "tcp4", "tcp6", "unix", "unixpacket"} {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			l, err := sock.Listen(network, dialHosts(t, network))
			if errors.Is(err, syscall.EPROTONOSUPPORT) || errors.Is(err, errors.ErrUnsupported) {
				t.Skip("not on this system: ", err)
			}
			if err != nil {
				t.Fatal(err)
			}
			closed(t, l)
			c, err := sock.Dial(t.Context(), network, dialTo(t, l), sockopt.KeepAlive.With(true))
			if err != nil {
				t.Fatal(err)
			}
			closed(t, c)
			s, _, err := l.Accept()
			wantErr(t, err, nil)
			closed(t, s)
			send(t, c, "x")
			recv(t, s, 9, 0, "x")
			if on, err := sockopt.KeepAlive.Get(c); !on || err != nil {
				t.Error("the setting was not applied:", on, err)
			}
			if strings.HasPrefix(network, "tcp") {
				for name, s := range map[string]*sock.Socket{"dialled": c, "accepted": s} {
					if on, err := sockopt.TCPNoDelay.Get(s); !on || err != nil {
						t.Error(name, "TCP_NODELAY", on, err)
					}
				}
				if on, err := sockopt.ReuseAddr.Get(l); !on || err != nil {
					t.Error("SO_REUSEADDR", on, err)
				}
			}
		})
	}
}

// TestDialPacket shows the same for datagrams.
func TestDialPacket(t *testing.T) {
	t.Parallel()
	for _, network := range []string{"udp", "udp4", "udp6", "unixgram"} {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			l, err := sock.ListenPacket(network, dialHosts(t, network))
			if err != nil {
				t.Fatal(err)
			}
			closed(t, l)
			c, err := sock.Dial(t.Context(), network, dialTo(t, l))
			if err != nil {
				t.Fatal(err)
			}
			closed(t, c)
			send(t, c, "x")
			recv(t, l, 9, 0, "x")
		})
	}
}

// TestDialMode shows that Dial waits in every mode, and leaves the mode that a setting chose.
func TestDialMode(t *testing.T) {
	t.Parallel()
	l, _ := listening(t, "tcp4")
	c, err := sock.Dial(t.Context(), "tcp", dialTo(t, l), func(s *sock.Socket) error { s.SetNonblock(true); return nil })
	if err != nil {
		t.Fatal(err)
	}
	closed(t, c)
	_, err = c.Recv(make([]byte, 1), 0)
	wantErr(t, err, sock.ErrWouldBlock)
}

// TestDialAbstract shows that "@" begins an abstract name.
func TestDialAbstract(t *testing.T) {
	t.Parallel()
	name := "@" + strings.TrimPrefix(path(t), "/")
	l, err := sock.Listen("unix", name)
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip("not on this system: ", err)
	}
	wantErr(t, err, nil)
	closed(t, l)
	c, err := sock.Dial(t.Context(), "unix", name)
	wantErr(t, err, nil)
	closed(t, c)
}

// TestDialBad shows what is refused, and how the error names it.
func TestDialBad(t *testing.T) {
	t.Parallel()
	unknown := func(network string) func() (*sock.Socket, error) {
		return func() (*sock.Socket, error) { return sock.Dial(t.Context(), network, "127.0.0.1:1") }
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for name, c := range map[string]struct {
		call func() (*sock.Socket, error)
		want string
	}{
		"network":        {unknown("tcp5"), "dial: unknown network tcp5"},
		"no network":     {unknown(""), "dial: unknown network "},
		"ip":             {unknown("ip4:icmp"), "dial: unknown network ip4:icmp"},
		"listen udp":     {func() (*sock.Socket, error) { return sock.Listen("udp", "127.0.0.1:0") }, "listen: unknown network udp"},
		"packets of tcp": {func() (*sock.Socket, error) { return sock.ListenPacket("tcp", "127.0.0.1:0") }, "listen: unknown network tcp"},
		"no context":     {func() (*sock.Socket, error) { var none context.Context; return sock.Dial(none, "tcp", "127.0.0.1:1") }, "dial: no context"},
		"context ended":  {func() (*sock.Socket, error) { return sock.Dial(ended, "tcp", "127.0.0.1:1") }, "connect 127.0.0.1:1: context canceled"},
		"no port":        {func() (*sock.Socket, error) { return sock.Dial(t.Context(), "tcp", "127.0.0.1") }, "resolve: address 127.0.0.1: missing port in address"},
		"other family":   {func() (*sock.Socket, error) { return sock.Dial(t.Context(), "tcp6", "127.0.0.1:1") }, "resolve: 127.0.0.1:1 is AF_INET, not AF_INET6"},
		"unix in tcp":    {func() (*sock.Socket, error) { return sock.Dial(t.Context(), "tcp", "unix:/x") }, "dial unix:/x: no IP address"},
		"no path":        {func() (*sock.Socket, error) { return sock.Dial(t.Context(), "unix", "") }, "address: no path"},
		"setting": {func() (*sock.Socket, error) {
			return sock.Dial(t.Context(), "tcp", "127.0.0.1:1", func(*sock.Socket) error { return errors.New("no") })
		}, "no"},
		"listen setting": {func() (*sock.Socket, error) {
			return sock.Listen("tcp", "127.0.0.1:0", func(*sock.Socket) error { return errors.New("no") })
		}, "no"},
	} {
		s, err := c.call()
		if s != nil || err == nil || err.Error() != c.want {
			t.Errorf("%s: %v, %v, want %s", name, s, err, c.want)
		}
	}
	l, at := bound(t, "tcp4", sock.Stream) // bound, and does not listen
	_, err := sock.Dial(t.Context(), "tcp", at.String())
	if err == nil || !errors.Is(err, syscall.ECONNREFUSED) || !strings.HasPrefix(err.Error(), "connect "+at.String()+": ") {
		t.Error(err)
	}
	wantErr(t, l.Listen(0), nil)
	_, err = sock.Listen("tcp", at.String())
	if !errors.Is(err, syscall.EADDRINUSE) || !strings.HasPrefix(err.Error(), "bind "+at.String()+": ") {
		t.Error(err)
	}
}

// TestDialContext shows that the end of a context ends an attempt that has no answer.
func TestDialContext(t *testing.T) {
	t.Parallel()
	to := silent(t)
	ctx, cancel := context.WithCancel(t.Context())
	result := goBlocked(t, func() error {
		_, err := sock.Dial(ctx, "tcp", to.String())
		return err
	})
	cancel()
	wantErr(t, recvTimeout(t, result), context.Canceled)

	ctx, cancel = context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	_, err := sock.Dial(ctx, "tcp", to.String())
	var ne net.Error
	if !errors.Is(err, context.DeadlineExceeded) || !errors.As(err, &ne) || !ne.Timeout() {
		t.Error(err)
	}
}

// TestConnectContext shows that the context ends a Connect, and that the Socket's own write
// deadline is left as it was, and is used.
func TestConnectContext(t *testing.T) {
	t.Parallel()
	to := silent(t)
	s := open(t, sock.Inet, sock.Stream)
	wantErr(t, s.SetWriteDeadline(time.Now().Add(time.Hour)), nil)
	ctx, cancel := context.WithCancel(t.Context())
	result := goBlocked(t, func() error { return s.ConnectContext(ctx, to) })
	cancel()
	err := recvTimeout(t, result)
	wantErr(t, err, context.Canceled)
	if want := "connect " + to.String() + ": context canceled"; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
	result = goBlocked(t, func() error { return readable(s, sock.Writable) }) // the deadline is an hour away
	wantErr(t, s.SetWriteDeadline(time.Now()), nil)
	wantErr(t, recvTimeout(t, result), os.ErrDeadlineExceeded)

	s = open(t, sock.Inet, sock.Stream)
	wantErr(t, s.SetWriteDeadline(time.Now().Add(time.Millisecond)), nil)
	ctx, cancel = context.WithCancel(t.Context())
	defer cancel()
	wantErr(t, s.ConnectContext(ctx, to), os.ErrDeadlineExceeded)

	s = open(t, sock.Inet, sock.Stream)
	result = goBlocked(t, func() error { return s.ConnectContext(ctx, to) })
	wantErr(t, s.Close(), nil)
	wantErr(t, recvTimeout(t, result), net.ErrClosed)
	cancel()
	wantErr(t, s.ConnectContext(ctx, to), net.ErrClosed)

	l, at := listening(t, "tcp4")
	defer l.Close()
	s = open(t, sock.Inet, sock.Stream)
	wantErr(t, s.ConnectContext(t.Context(), at), nil)
	var none context.Context
	wantErr(t, s.ConnectContext(none, at), syscall.EINVAL)
	s = open(t, sock.Inet, sock.Stream)
	s.SetNonblock(true)
	wantErr(t, s.ConnectContext(t.Context(), to), sock.ErrInProgress)
}

// TestListenEvery shows that an empty host is every address, of both families if the network
// does not say which.
func TestListenEvery(t *testing.T) {
	t.Parallel()
	for network, reached := range map[string]map[string]bool{
		"tcp":  {"127.0.0.1": true, "::1": true},
		"tcp4": {"127.0.0.1": true, "::1": false},
		"tcp6": {"127.0.0.1": false, "::1": true},
	} {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			if network == "tcp6" {
				needIPv6(t)
			}
			l, err := sock.Listen(network, ":0")
			if err != nil {
				t.Fatal(err)
			}
			closed(t, l)
			at, err := l.Sockname()
			wantErr(t, err, nil)
			if network == "tcp" && at.Domain() == sock.Inet && noIPv6() == nil && runtime.GOOS == "linux" {
				t.Error("IPv4 alone where there is IPv6")
			}
			for host, want := range reached {
				ip := netip.MustParseAddr(host)
				if ip.Is6() && (noIPv6() != nil || at.Domain() == sock.Inet) {
					want = false
				}
				c, err := sock.Dial(t.Context(), "tcp", netip.AddrPortFrom(ip, at.Port()).String())
				if err == nil {
					c.Close()
				}
				if want != (err == nil) && (want || network != "tcp") {
					t.Errorf("%s: %v, want reached %t", host, err, want)
				}
			}
			c, err := sock.Dial(t.Context(), network, ":"+l.LocalAddr().String()[strings.LastIndexByte(l.LocalAddr().String(), ':')+1:])
			wantErr(t, err, nil) // an empty host is the loopback
			if err == nil {
				c.Close()
			}
		})
	}
}

// ownProcess runs the test again in a separate process, and reports whether this is that
// process: the other returns.
func ownProcess(t *testing.T) bool {
	t.Helper()
	const name = "SOCK_TEST_OWN_PROCESS"
	if os.Getenv(name) == t.Name() {
		return true
	}
	c := child(t, "", "-test.run=^"+t.Name()+"$", "-test.v", "-test.timeout=2m")
	c.Env = append(c.Env, name+"="+t.Name())
	c.Stderr = nil
	if out, err := c.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	return false
}

// TestDialNames dials names with several addresses, of which some are silent or refuse. It
// changes package net's resolver, so it runs in its own process.
func TestDialNames(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("127.0.0.2 is no address of this system, or a full backlog answers")
	}
	if os.Getenv("SOCK_TEST_OWN_PROCESS") == "" {
		t.Parallel()
	}
	if !ownProcess(t) {
		return
	}
	// 127.0.0.1 answers, 127.0.0.2 is silent, 127.0.0.3 refuses; ::1 refuses.
	l, err := sock.Listen("tcp4", "127.0.0.1:0")
	wantErr(t, err, nil)
	closed(t, l)
	at, err := l.Sockname()
	wantErr(t, err, nil)
	port := at.String()[strings.LastIndexByte(at.String(), ':'):]
	quiet := open(t, sock.Inet, sock.Stream)
	wantErr(t, quiet.Bind(addr(t, "127.0.0.2"+port)), nil)
	wantErr(t, quiet.Listen(1), nil)
	for range 2 {
		wantErr(t, open(t, sock.Inet, sock.Stream).Connect(addr(t, "127.0.0.2"+port)), nil)
	}
	good, dead, refusing := []byte{127, 0, 0, 1}, []byte{127, 0, 0, 2}, []byte{127, 0, 0, 3}
	v4 := map[string][][]byte{
		"good.test":     {good},
		"refused.test":  {refusing, good},
		"silent.test":   {dead, good},
		"allbad.test":   {refusing, {127, 0, 0, 4}},
		"allquiet.test": {dead, dead},
		"both.test":     {good},
	}
	v6 := map[string][][]byte{"both.test": {net.IPv6loopback}}
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		others, ours := net.Pipe()
		go answerNames(ours, func(name string, kind byte) ([][]byte, bool) {
			if kind == typeAAAA {
				return v6[name], true
			}
			return v4[name], true
		})
		return others, nil
	}}
	dial := func(host string) (time.Duration, error) {
		start := time.Now()
		c, err := sock.Dial(t.Context(), "tcp", host+"."+port)
		if err == nil {
			if got := c.RemoteAddr().String(); got != at.String() {
				t.Errorf("%s: connected to %s", host, got)
			}
			wantErr(t, c.Close(), nil)
		}
		return time.Since(start), err
	}
	before := descriptorCount(t)
	for _, host := range []string{"good.test", "refused.test", "silent.test", "both.test"} {
		took, err := dial(host)
		wantErr(t, err, nil)
		t.Log(host, took)
		if host == "silent.test" && took < 250*time.Millisecond {
			t.Error("the second attempt did not wait for the first")
		}
	}
	_, err = dial("allbad.test")
	if want := "dial allbad.test." + port + ": connect 127.0.0.3" + port + ": connection refused; connect 127.0.0.4" + port + ": connection refused"; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
	wantErr(t, err, syscall.ECONNREFUSED)
	ctx, cancel := context.WithCancel(t.Context())
	result := goBlocked(t, func() error {
		_, err := sock.Dial(ctx, "tcp", "allquiet.test."+port)
		return err
	})
	cancel()
	wantErr(t, recvTimeout(t, result), context.Canceled)
	_, err = sock.Dial(t.Context(), "tcp4", "nowhere.test."+port)
	var dns *net.DNSError
	if !errors.As(err, &dns) {
		t.Error(err)
	}
	// The connections that lost are closed: no descriptor is left.
	eventually(t, "no descriptor is left", func() bool { return descriptorCount(t) == before })
}

func descriptorCount(t testing.TB) int {
	t.Helper()
	all, err := os.ReadDir("/proc/self/fd")
	wantErr(t, err, nil)
	return len(all)
}
