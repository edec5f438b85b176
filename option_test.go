package sock_test

import (
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/berkeleysockets/sock"
)

type optionCase struct {
	cname string
	kinds []string
	try   func(t *testing.T, s *sock.Socket)
}

// optionCases has every option of the package: how it is tried on each kind of
// socket it belongs to. TestOptionTables finds the ones that are missing.
var optionCases = map[string]optionCase{ // by the variable's name
	"AcceptConn":   {"SO_ACCEPTCONN", []string{"tcp4", "tcp6", "unix"}, acceptConn},
	"Broadcast":    {"SO_BROADCAST", []string{"udp4"}, toggled(sock.Broadcast)},
	"IPTTL":        {"IP_TTL", []string{"tcp4", "udp4"}, changed(sock.IPTTL, 7, 255, 1)},
	"IPv6Only":     {"IPV6_V6ONLY", []string{"tcp6", "udp6"}, toggled(sock.IPv6Only)},
	"KeepAlive":    {"SO_KEEPALIVE", []string{"tcp4", "tcp6"}, toggled(sock.KeepAlive)},
	"Linger":       {lingerName(), []string{"tcp4", "tcp6", "unix"}, lingering},
	"PendingError": {"SO_ERROR", []string{"tcp4", "udp6", "unix"}, pendingNone},
	"RecvBuffer":   {"SO_RCVBUF", all, sized(sock.RecvBuffer)},
	"ReuseAddr":    {"SO_REUSEADDR", []string{"tcp4", "tcp6", "udp4", "udp6", "unix"}, toggled(sock.ReuseAddr)},
	"ReusePort":    {"SO_REUSEPORT", []string{"tcp4", "tcp6", "udp4", "udp6"}, toggled(sock.ReusePort)},
	"SendBuffer":   {"SO_SNDBUF", all, sized(sock.SendBuffer)},
	"TCPNoDelay":   {"TCP_NODELAY", []string{"tcp4", "tcp6"}, toggled(sock.TCPNoDelay)},
}

var all = []string{"tcp4", "tcp6", "udp4", "udp6", "unix", "unixgram"}

func lingerName() string {
	if runtime.GOOS == "darwin" {
		return "SO_LINGER_SEC"
	}
	return "SO_LINGER"
}

// linuxCases are those that Linux has beyond the other systems.
var linuxCases = map[string]optionCase{}

// otherKinds may not be had by everybody.
var otherKinds = map[string]func() (*sock.Socket, error){
	"icmp":      func() (*sock.Socket, error) { return sock.Open(sock.Inet, sock.Raw, sock.ICMP) },
	"icmp6":     func() (*sock.Socket, error) { return sock.Open(sock.Inet6, sock.Raw, sock.ICMPv6) },
	"netlink":   func() (*sock.Socket, error) { return sock.Open(sock.Netlink, sock.Raw, 0) },
	"packet":    func() (*sock.Socket, error) { return sock.Open(sock.Packet, sock.Dgram, 0) },
	"packetraw": func() (*sock.Socket, error) { return sock.Open(sock.Packet, sock.Raw, 0) },
	"raw4":      func() (*sock.Socket, error) { return sock.Open(sock.Inet, sock.Raw, sock.ICMP) },
	"raw4ip":    func() (*sock.Socket, error) { return sock.Open(sock.Inet, sock.Raw, 46) }, // RSVP, whose routers use it
	"raw6":      func() (*sock.Socket, error) { return sock.Open(sock.Inet6, sock.Raw, sock.UDP) },
	"raw6ip":    func() (*sock.Socket, error) { return sock.Open(sock.Inet6, sock.Raw, sock.RawIP) },
	"udplite":   func() (*sock.Socket, error) { return sock.Open(sock.Inet, sock.Dgram, sock.UDPLite) },
	"vsock":     func() (*sock.Socket, error) { return sock.Open(sock.VSock, sock.Stream, 0) },
}

// kind opens a fresh socket of a kind.
func kind(t testing.TB, k string, set ...sock.Setting) *sock.Socket {
	t.Helper()
	switch k {
	case "tcp4":
		return open(t, sock.Inet, sock.Stream, set...)
	case "tcp6":
		needIPv6(t)
		return open(t, sock.Inet6, sock.Stream, set...)
	case "udp4":
		return open(t, sock.Inet, sock.Dgram, set...)
	case "udp6":
		needIPv6(t)
		return open(t, sock.Inet6, sock.Dgram, set...)
	case "unix":
		return open(t, sock.Unix, sock.Stream, set...)
	case "unixgram":
		return open(t, sock.Unix, sock.Dgram, set...)
	}
	if open, ok := otherKinds[k]; ok {
		s, err := open()
		if err != nil {
			t.Skip("no such socket: ", err)
		}
		return closed(t, s)
	}
	t.Fatal("no kind ", k)
	return nil
}

func TestOptions(t *testing.T) {
	t.Parallel()
	tryOptions(t, optionCases)
}

func tryOptions(t *testing.T, cases map[string]optionCase) {
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			for _, k := range c.kinds {
				t.Run(k, func(t *testing.T) {
					if runtime.GOOS == "openbsd" && name == "IPv6Only" {
						t.Skip("read-only on OpenBSD")
					}
					c.try(t, kind(t, k))
				})
			}
		})
	}
}

// holds reads an option that must be want.
func holds[T comparable](t *testing.T, o sock.Option[T], s *sock.Socket, want T) {
	t.Helper()
	if v, err := o.Get(s); err != nil || v != want {
		t.Errorf("%v = %v, %v, want %v", o, v, err, want)
	}
}

// changed sets values that are not the first one read, reads each back, and
// restores the first.
func changed[T comparable](o sock.Option[T], values ...T) func(*testing.T, *sock.Socket) {
	return func(t *testing.T, s *sock.Socket) {
		first, err := o.Get(s)
		if err != nil {
			t.Fatal(err)
		}
		if slices.Contains(values, first) {
			t.Errorf("%v is %v from the beginning", o, first)
		}
		for _, v := range append(values, first) {
			if err := o.Set(s, v); err != nil {
				t.Fatal(err)
			}
			holds(t, o, s, v)
		}
	}
}

func toggled(o sock.Option[bool]) func(*testing.T, *sock.Socket) {
	return func(t *testing.T, s *sock.Socket) {
		first, err := o.Get(s)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range []bool{!first, first} {
			if err := o.Set(s, v); err != nil {
				t.Fatal(err)
			}
			holds(t, o, s, v)
			// and by With
			with, err := sock.Open(s.Domain(), s.Type(), s.Protocol(), o.With(v))
			if err != nil {
				t.Fatal(err)
			}
			holds(t, o, closed(t, with), v)
		}
	}
}

// sized is for buffers, of which Linux makes two of what is set.
func sized(o sock.Option[int]) func(*testing.T, *sock.Socket) {
	return func(t *testing.T, s *sock.Socket) {
		times := 1
		if runtime.GOOS == "linux" {
			times = 2
		}
		first, err := o.Get(s)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range []int{20000, 30000, first / times} {
			if err := o.Set(s, v); err != nil {
				t.Fatal(err)
			}
			holds(t, o, s, times*v)
		}
		holds(t, o, s, first)
	}
}

func acceptConn(t *testing.T, s *sock.Socket) {
	holds(t, sock.AcceptConn, s, false)
	is(t, sock.AcceptConn.Set(s, true), syscall.ENOPROTOOPT)
	k := map[sock.Domain]string{sock.Inet: "tcp4", sock.Inet6: "tcp6", sock.Unix: "unix"}[s.Domain()]
	if err := s.Bind(place(t, k)); err != nil {
		t.Fatal(err)
	}
	holds(t, sock.AcceptConn, s, false)
	if err := s.Listen(1); err != nil {
		t.Fatal(err)
	}
	holds(t, sock.AcceptConn, s, true)
}

func pendingNone(t *testing.T, s *sock.Socket) {
	if v, err := sock.PendingError.Get(s); v != nil || err != nil {
		t.Error(v, err)
	}
	is(t, sock.PendingError.Set(s, syscall.EINVAL), syscall.ENOPROTOOPT)
}

// lingering ends with the time-out at 0: Linux keeps one that is off.
func lingering(t *testing.T, s *sock.Socket) {
	changed(sock.Linger, sock.LingerValue{On: true, Timeout: 3 * time.Second}, sock.LingerValue{On: true, Timeout: time.Minute}, sock.LingerValue{On: true})(t, s)
}

// Reading the pending error is what ends it.
func TestOptionPendingError(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		s    *sock.Socket
		want error
	}{
		"ECONNREFUSED": {repulsed(t, "udp4"), syscall.ECONNREFUSED},
		"ECONNRESET":   {reset(t, "tcp4"), syscall.ECONNRESET},
	} {
		v, err := sock.PendingError.Get(c.s)
		if err != nil || v != c.want {
			t.Errorf("%s: %v, %v", name, v, err)
		}
		for range 2 {
			if v, err := sock.PendingError.Get(c.s); v != nil || err != nil {
				t.Errorf("%s, again: %v, %v", name, v, err)
			}
		}
		if _, err := c.s.Recv(make([]byte, 1), sock.DontWait); err != nil && err != sock.ErrWouldBlock {
			t.Errorf("%s: %v after it was read", name, err)
		}
	}
}

// A refused connection is pending until it is asked for.
func TestOptionPendingErrorConnect(t *testing.T) {
	t.Parallel()
	at := refusing(t, "tcp4")
	s := open(t, sock.Inet, sock.Stream)
	s.SetNonblock(true)
	if err := s.Connect(at); err != sock.ErrInProgress {
		t.Skip("refused at once: ", err)
	}
	if _, err := s.Wait(sock.Writable); err != nil {
		t.Fatal(err)
	}
	if v, err := sock.PendingError.Get(s); v != syscall.ECONNREFUSED || err != nil {
		t.Error(v, err)
	}
	if v, err := sock.PendingError.Get(s); v != nil || err != nil {
		t.Error(v, err)
	}
}

// Values that do not fit the kernel's 32 bits are errors, and nothing is set.
func TestOptionHuge(t *testing.T) {
	t.Parallel()
	s := open(t, sock.Inet, sock.Dgram)
	before, err := sock.RecvBuffer.Get(s)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []int{math.MaxInt, math.MinInt} {
		if v == int(int32(v)) {
			break // a machine of 32 bits: it fits
		}
		for _, o := range []sock.Option[int]{sock.RecvBuffer, sock.SendBuffer, sock.IPTTL} {
			err := o.Set(s, v)
			is(t, err, syscall.EINVAL)
			if want := fmt.Sprintf("setsockopt %v: %d does not fit 32 bits", o, v); err == nil || err.Error() != want {
				t.Errorf("error %v, want %s", err, want)
			}
			_, err = sock.Open(sock.Inet, sock.Dgram, 0, o.With(v))
			is(t, err, syscall.EINVAL)
		}
	}
	for _, v := range []int{256, -2, math.MaxInt32, math.MinInt32} {
		err := sock.IPTTL.Set(s, v)
		wrong(t, err, "setsockopt IP_TTL", sock.Addr{}, syscall.EINVAL)
	}
	if runtime.GOOS == "linux" {
		wrong(t, sock.IPTTL.Set(s, 0), "setsockopt IP_TTL", sock.Addr{}, syscall.EINVAL)
	}
	holds(t, sock.RecvBuffer, s, before)
}

func TestOptionLingerValues(t *testing.T) {
	t.Parallel()
	s := open(t, sock.Inet, sock.Stream)
	for v, want := range map[time.Duration]time.Duration{
		0: 0, 1: time.Second, time.Second - 1: time.Second, time.Second: time.Second, time.Second + 1: 2 * time.Second, 10*time.Second + time.Millisecond: 11 * time.Second,
	} {
		if err := sock.Linger.Set(s, sock.LingerValue{On: true, Timeout: v}); err != nil {
			t.Error(err)
		}
		holds(t, sock.Linger, s, sock.LingerValue{On: true, Timeout: want})
	}
	before, err := sock.Linger.Get(s)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []time.Duration{-1, math.MinInt64, math.MaxInt64} {
		for _, on := range []bool{false, true} {
			is(t, sock.Linger.Set(s, sock.LingerValue{On: on, Timeout: v}), syscall.EINVAL)
		}
	}
	holds(t, sock.Linger, s, before)
}

// On with no time resets; off, or with time, the peer reads the end.
func TestOptionLinger(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		v    sock.LingerValue
		want error
	}{
		"off":  {sock.LingerValue{}, io.EOF},
		"time": {sock.LingerValue{On: true, Timeout: 30 * time.Second}, io.EOF},
		"zero": {sock.LingerValue{On: true}, syscall.ECONNRESET},
	} {
		t.Run(name, func(t *testing.T) {
			a, b := streams(t, "tcp4")
			if err := sock.Linger.Set(a, c.v); err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			if err := a.Close(); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(start); took > 10*time.Second {
				t.Errorf("Close took %v with nothing to send", took)
			}
			_, err := b.Read(make([]byte, 1))
			is(t, err, c.want)
		})
	}
}

// With time all that was sent arrives, and Close ends well before the time does.
func TestOptionLingerSends(t *testing.T) {
	t.Parallel()
	a, b := streams(t, "tcp4")
	if err := sock.Linger.Set(a, sock.LingerValue{On: true, Timeout: time.Hour}); err != nil {
		t.Fatal(err)
	}
	sent := 0
	for {
		n, err := a.Send(make([]byte, 1<<16), sock.DontWait)
		sent += n
		if err != nil {
			break
		}
	}
	closed := make(chan error, 1)
	go func() { closed <- a.Close() }()
	if n, err := io.Copy(io.Discard, b); n != int64(sent) || err != nil {
		t.Errorf("%d of %d bytes, %v", n, sent, err)
	}
	is(t, soon(t, closed), nil)
}

func TestOptionZero(t *testing.T) {
	t.Parallel()
	s := open(t, sock.Inet, sock.Stream)
	var o sock.Option[int]
	_, err := o.Get(s)
	is(t, err, syscall.EINVAL)
	is(t, o.Set(s, 1), syscall.EINVAL)
	_, err = sock.Open(sock.Inet, sock.Stream, 0, o.With(1))
	is(t, err, syscall.EINVAL)
	if o.String() == "" {
		t.Error("it has no text")
	}
}

// An option of another family or type is the kernel's to refuse.
func TestOptionForeign(t *testing.T) {
	t.Parallel()
	u := open(t, sock.Inet, sock.Dgram)
	_, err := sock.TCPNoDelay.Get(u)
	wrong(t, err, "getsockopt TCP_NODELAY", sock.Addr{}, onLinux(syscall.EOPNOTSUPP, syscall.ENOPROTOOPT, syscall.EOPNOTSUPP, syscall.EINVAL)...)
	wrong(t, sock.TCPNoDelay.Set(u, true), "setsockopt TCP_NODELAY", sock.Addr{}, onLinux(syscall.ENOPROTOOPT, syscall.ENOPROTOOPT, syscall.EOPNOTSUPP, syscall.EINVAL)...)
	x := open(t, sock.Unix, sock.Stream)
	_, err = sock.IPTTL.Get(x) // FreeBSD takes it for LOCAL_CONNWAIT: SOL_LOCAL is 0 as well
	wrong(t, err, "getsockopt IP_TTL", sock.Addr{}, onLinux(syscall.EOPNOTSUPP, nil, syscall.ENOPROTOOPT, syscall.EOPNOTSUPP, syscall.EINVAL)...)
	_, err = sock.IPv6Only.Get(u)
	wrong(t, err, "getsockopt IPV6_V6ONLY", sock.Addr{}, onLinux(syscall.EOPNOTSUPP, syscall.ENOPROTOOPT, syscall.EOPNOTSUPP, syscall.EINVAL)...)
}

func TestOptionClosed(t *testing.T) {
	t.Parallel()
	s := open(t, sock.Inet, sock.Stream)
	s.Close()
	_, err := sock.IPTTL.Get(s)
	wrong(t, err, "getsockopt IP_TTL", sock.Addr{}, net.ErrClosed)
	wrong(t, sock.IPTTL.Set(s, 1), "setsockopt IP_TTL", sock.Addr{}, net.ErrClosed)
}

// A setting that fails closes what Open has made, and leaves nothing behind.
func TestOptionWithFails(t *testing.T) {
	t.Parallel()
	if out, err := child(t, "option with fails").Output(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func init() {
	children["option with fails"] = func([]string) error {
		probe := func() (int, error) {
			s, err := sock.Open(sock.Inet, sock.Dgram, 0)
			if err != nil {
				return 0, err
			}
			return s.FD(), s.Close()
		}
		free, err := probe()
		if err != nil {
			return err
		}
		for _, set := range [][]sock.Setting{
			{sock.IPTTL.With(1000)},
			{sock.ReuseAddr.With(true), sock.IPTTL.With(1000), sock.ReuseAddr.With(true)},
			{sock.TCPNoDelay.With(true)},
			{sock.AcceptConn.With(true)},
			{sock.Linger.With(sock.LingerValue{Timeout: -1})},
			{sock.Option[bool]{}.With(true)},
		} {
			s, err := sock.Open(sock.Inet, sock.Dgram, 0, set...)
			var e *sock.Error
			if s != nil || !errors.As(err, &e) {
				return fmt.Errorf("Open = %v, %w", s, err)
			}
			if now, err := probe(); err != nil || now != free {
				return fmt.Errorf("after %w the next descriptor is %d, was %d: %w", e, now, free, err)
			}
		}
		return nil
	}
}

// ReuseAddr and ReusePort do what they are for.
func TestOptionReuse(t *testing.T) {
	t.Parallel()
	a, at := bound(t, "udp4", sock.Dgram, sock.ReusePort.With(true))
	if _, err := sock.ReusePort.Get(a); err != nil {
		t.Fatal(err)
	}
	if err := open(t, sock.Inet, sock.Dgram).Bind(at); !errors.Is(err, syscall.EADDRINUSE) {
		t.Error(err)
	}
	if err := open(t, sock.Inet, sock.Dgram, sock.ReusePort.With(true)).Bind(at); err != nil {
		t.Error(err)
	}
	// A listener comes back while an old connection of its port is in TIME_WAIT;
	// on Linux both must have asked for it.
	l, at := bound(t, "tcp4", sock.Stream, sock.ReuseAddr.With(true))
	if err := l.Listen(0); err != nil {
		t.Fatal(err)
	}
	c := open(t, sock.Inet, sock.Stream)
	if err := c.Connect(at); err != nil {
		t.Fatal(err)
	}
	s, _, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	end(t, s) // first, so that it is this side that lingers
	if _, err := c.Read(make([]byte, 1)); err != io.EOF {
		t.Fatal(err)
	}
	end(t, c)
	end(t, l)
	if runtime.GOOS == "linux" {
		wrong(t, open(t, sock.Inet, sock.Stream).Bind(at), "bind", at, syscall.EADDRINUSE)
	}
	if err := open(t, sock.Inet, sock.Stream, sock.ReuseAddr.With(true)).Bind(at); err != nil {
		t.Error(err)
	}
}

// TCPNoDelay reaches the kernel, as does what it inherits from the listener.
func TestOptionInherited(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("what a connection inherits differs")
	}
	l, at := bound(t, "tcp4", sock.Stream, sock.TCPNoDelay.With(true), sock.KeepAlive.With(true))
	if err := l.Listen(0); err != nil {
		t.Fatal(err)
	}
	c := open(t, sock.Inet, sock.Stream)
	if err := c.Connect(at); err != nil {
		t.Fatal(err)
	}
	s, _, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	closed(t, s)
	holds(t, sock.TCPNoDelay, s, true)
	holds(t, sock.KeepAlive, s, true)
	holds(t, sock.TCPNoDelay, c, false)
}
