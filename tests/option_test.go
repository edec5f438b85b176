package sock_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"net"
	"os"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/sockopt"
)

// An optionCase has an option and a test of it on each kind of socket that has the option.
type optionCase struct {
	option any
	cname  string
	kinds  string
	try    func(t *testing.T, s *sock.Socket)
}

// optionCases has every option of package sockopt by the name of its variable.
// TestOptionTables finds missing ones.
var optionCases = func() map[string]optionCase {
	m := map[string]optionCase{}
	for _, level := range []map[string]optionCase{socketOptions, ipOptions, ipv6Options, tcpOptions, udpOptions, mptcpOptions, localOptions, vsockOptions, netlinkOptions, packetOptions, icmpOptions} {
		maps.Copy(m, level)
	}
	return m
}()

const (
	all      = "tcp4 tcp6 udp4 udp6 unix unixgram"
	inets    = "tcp4 tcp6 udp4 udp6"
	everyone = "tcp4 tcp6 udp4 udp6 unix unixgram unixseq netlink packet ping4 icmp4 icmp6 raw4 raw6 vsock mptcp4 mptcp6 udplite4 udplite6"
)

func lingerName() string {
	if runtime.GOOS == "darwin" {
		return "SO_LINGER_SEC"
	}
	return "SO_LINGER"
}

// kind opens a new socket of a kind.
func kind(t testing.TB, k string, set ...sock.Setting) *sock.Socket {
	t.Helper()
	if strings.HasSuffix(k, "6") {
		needIPv6(t)
	}
	c, ok := map[string]struct {
		d  sock.Domain
		ty sock.Type
		p  sock.Protocol
	}{
		"tcp4":     {sock.Inet, sock.Stream, 0},
		"tcp6":     {sock.Inet6, sock.Stream, 0},
		"udp4":     {sock.Inet, sock.Dgram, 0},
		"udp6":     {sock.Inet6, sock.Dgram, 0},
		"unix":     {sock.Unix, sock.Stream, 0},
		"unixgram": {sock.Unix, sock.Dgram, 0},
		"unixseq":  {sock.Unix, sock.SeqPacket, 0},
		"netlink":  {sock.Netlink, sock.Raw, 0},
		"packet":   {sock.Packet, sock.Raw, 0}, // protocol 0 receives nothing
		"ping4":    {sock.Inet, sock.Dgram, sock.ICMP},
		"icmp4":    {sock.Inet, sock.Raw, sock.ICMP},
		"icmp6":    {sock.Inet6, sock.Raw, sock.ICMPv6},
		"raw4":     {sock.Inet, sock.Raw, 253}, // protocol number for experiments
		"raw6":     {sock.Inet6, sock.Raw, 253},
		"rawip6":   {sock.Inet6, sock.Raw, sock.RawIP},
		"vsock":    {sock.VSock, sock.Stream, 0},
		"mptcp4":   {sock.Inet, sock.Stream, sock.MPTCP},
		"mptcp6":   {sock.Inet6, sock.Stream, sock.MPTCP},
		"udplite4": {sock.Inet, sock.Dgram, sock.UDPLite},
		"udplite6": {sock.Inet6, sock.Dgram, sock.UDPLite},
	}[k]
	if !ok {
		t.Fatal("no kind ", k)
	}
	s, err := sock.Open(c.d, c.ty, c.p, set...)
	if err != nil {
		if len(set) == 0 && (c.p != 0 || c.d != sock.Inet && c.d != sock.Inet6 && c.d != sock.Unix || c.ty == sock.SeqPacket) {
			t.Skip("no such socket here: ", err)
		}
		t.Fatal(err)
	}
	return closed(t, s)
}

// emulated are options that an emulated machine has too, with some of each type of value.
var emulated = strings.Fields("AcceptConn Broadcast IPLocalPortRange IPMTUDiscover IPMulticastLoop IPMulticastTTL IPTOS IPTTL IPv6Only IPv6PktInfo IPv6UnicastHops KeepAlive Linger " +
	"NetlinkExtAck PeerGroups Error RecvBuffer RecvLowWater ReuseAddr ReusePort SendBuffer Domain Type TCPDeferAccept TCPKeepIdle TCPNoDelay TCPTimestamp TCPUserTimeout UDPSegment")

func TestOptions(t *testing.T) {
	t.Parallel()
	tryOptions(t, func(name string) bool { return slices.Contains(emulated, name) })
}

func TestOptionsOthers(t *testing.T) {
	t.Parallel()
	tryOptions(t, func(name string) bool { return !slices.Contains(emulated, name) })
}

func tryOptions(t *testing.T, want func(name string) bool) {
	dgram := open(t, sock.Inet, sock.Dgram)
	for name, c := range optionCases {
		if !want(name) {
			continue
		}
		t.Run(name, func(t *testing.T) {
			if _, err := getAny(c.option, dgram); isMissing(err) {
				t.Skip(err) // TestOptionsMissing tests it
			}
			for _, k := range strings.Fields(c.kinds) {
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

func isErrno(err error) bool {
	var e syscall.Errno
	return errors.As(err, &e)
}

// isMissing reports whether err is that of an option or a message that this system does not
// have, for which no call was made.
func isMissing(err error) bool {
	return errors.Is(err, errors.ErrUnsupported) && strings.HasSuffix(err.Error(), ": not supported on this system")
}

// getAny calls Get, and setAny Set with the zero value of the type.
func getAny(o any, s *sock.Socket) (any, error) {
	out := reflect.ValueOf(o).MethodByName("Get").Call([]reflect.Value{reflect.ValueOf(s)})
	err, _ := out[1].Interface().(error)
	return out[0].Interface(), err
}

func setAny(o any, s *sock.Socket) error {
	set := reflect.ValueOf(o).MethodByName("Set")
	err, _ := set.Call([]reflect.Value{reflect.ValueOf(s), reflect.Zero(set.Type().In(1))})[0].Interface().(error)
	return err
}

// An option that this system does not have returns ErrUnsupported from Get and Set, and no call
// is made. On a closed Socket every option returns net.ErrClosed.
func TestOptionsMissing(t *testing.T) {
	t.Parallel()
	s, shut := open(t, sock.Inet, sock.Dgram), open(t, sock.Inet, sock.Dgram)
	shut.Close()
	missing := 0
	for name, c := range optionCases {
		cname := fmt.Sprint(c.option)
		_, err := getAny(c.option, shut)
		wantErr(t, err, net.ErrClosed)
		if _, err = getAny(c.option, s); !isMissing(err) {
			continue
		}
		missing++
		wantErr(t, setAny(c.option, shut), net.ErrClosed)
		misused(t, err, "getsockopt", errors.ErrUnsupported)
		if err == nil || !strings.Contains(err.Error(), cname+": not supported on this system") {
			t.Errorf("%s: %v", name, err)
		}
		misused(t, setAny(c.option, s), "setsockopt", errors.ErrUnsupported)
	}
	if missing == 0 || missing > len(optionCases)*3/4 {
		t.Errorf("%d of %d options are missing here", missing, len(optionCases))
	}
}

// Get of every option on every kind of socket returns a value, or an error that names the call.
func TestOptionsAsked(t *testing.T) {
	t.Parallel()
	for _, k := range strings.Fields(everyone) {
		t.Run(k, func(t *testing.T) {
			s := kind(t, k)
			for name, c := range optionCases {
				v, err := getAny(c.option, s)
				if name == "PeerPIDFD" && err == nil {
					os.NewFile(uintptr(v.(int)), "pidfd").Close()
				}
				if e := (*sock.Error)(nil); err != nil && (!errors.As(err, &e) || e.Op != "getsockopt") {
					t.Errorf("%s: %#v", name, err)
				}
			}
		})
	}
}

// holds reads an option, whose value must be want.
func holds[T comparable](t *testing.T, o sockopt.Option[T], s *sock.Socket, want T) {
	t.Helper()
	if v, err := o.Get(s); err != nil || v != want {
		t.Errorf("%v = %v, %v, want %v", o, v, err, want)
	}
}

// changed sets values that differ from the first one, reads each back, and restores the first.
func changed[T comparable](o sockopt.Option[T], values ...T) func(*testing.T, *sock.Socket) {
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

func toggled(o sockopt.Option[bool]) func(*testing.T, *sock.Socket) {
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

// settable is changed for an option whose first value differs between systems, or cannot be
// set again.
func settable[T comparable](o sockopt.Option[T], values ...T) func(*testing.T, *sock.Socket) {
	return func(t *testing.T, s *sock.Socket) {
		for _, v := range values {
			if err := o.Set(s, v); err != nil {
				t.Fatal(err)
			}
			holds(t, o, s, v)
		}
	}
}

// readOnly is for a read-only option. want reports whether a value is possible.
func readOnly[T any](o sockopt.Option[T], want func(T) bool) func(*testing.T, *sock.Socket) {
	return func(t *testing.T, s *sock.Socket) {
		if v, err := o.Get(s); err != nil || !want(v) {
			t.Errorf("%v = %v, %v", o, v, err)
		}
		refusesSet(t, o, s)
	}
}

func readOnlyAs[T comparable](o sockopt.Option[T], want T) func(*testing.T, *sock.Socket) {
	return readOnly(o, func(v T) bool { return v == want })
}

// cannotRead is for a read-only option that this kind of socket does not have.
func cannotRead[T any](o sockopt.Option[T], want ...error) func(*testing.T, *sock.Socket) {
	return func(t *testing.T, s *sock.Socket) {
		_, err := o.Get(s)
		wrong(t, err, "getsockopt "+o.String(), sock.Addr{}, want...)
		refusesSet(t, o, s)
	}
}

// misused is wrong for an error of this library, for which no call was made.
func misused(t *testing.T, err error, op string, want error) {
	t.Helper()
	var e *sock.Error
	if !errors.As(err, &e) || opName(e) != op || !errors.Is(err, want) || isErrno(err) && e.Err == want {
		t.Errorf("error %#v, want %v of %s", err, want, op)
	}
}

func refusesSet[T any](t *testing.T, o sockopt.Option[T], s *sock.Socket) {
	t.Helper()
	var v T
	err := o.Set(s, v)
	misused(t, err, "setsockopt "+o.String(), syscall.ENOPROTOOPT)
	if !isReadOnly(err) {
		t.Errorf("Set: %v", err)
	}
}

// isReadOnly reports whether err is that of Set of a read-only option, for which no call is
// made.
func isReadOnly(err error) bool {
	return errors.Is(err, syscall.ENOPROTOOPT) && strings.HasSuffix(err.Error(), "a read-only option")
}

// written is for a write-only option.
func written[T any](o sockopt.Option[T], v T, get ...error) func(*testing.T, *sock.Socket) {
	return func(t *testing.T, s *sock.Socket) {
		if err := o.Set(s, v); err != nil {
			t.Error(err)
		}
		_, err := o.Get(s)
		wrong(t, err, "getsockopt "+o.String(), sock.Addr{}, get...)
	}
}

// refused is for a value that this socket or this machine does not accept.
func refused[T any](o sockopt.Option[T], v T, want ...error) func(*testing.T, *sock.Socket) {
	return func(t *testing.T, s *sock.Socket) {
		err := o.Set(s, v)
		var e *sock.Error
		if !errors.As(err, &e) || opName(e) != "setsockopt "+o.String() || !slices.ContainsFunc(want, func(w error) bool { return errors.Is(err, w) }) {
			t.Errorf("error %#v, want one of %v", err, want)
		}
	}
}

// privileged calls try if the test has the privilege.
func privileged(try func(*testing.T, *sock.Socket)) func(*testing.T, *sock.Socket) {
	return func(t *testing.T, s *sock.Socket) {
		if err := noPrivilege(); err != nil {
			t.Skip("for the superuser: ", err)
		}
		try(t, s)
	}
}

// both calls a and b.
func both(a, b func(*testing.T, *sock.Socket)) func(*testing.T, *sock.Socket) {
	return func(t *testing.T, s *sock.Socket) { a(t, s); b(t, s) }
}

// recent skips the test if the kernel is too old for the option.
func recent[T any](o sockopt.Option[T], try func(*testing.T, *sock.Socket)) func(*testing.T, *sock.Socket) {
	return func(t *testing.T, s *sock.Socket) {
		if _, err := o.Get(s); errors.Is(err, syscall.ENOPROTOOPT) {
			t.Skip("not in this kernel: ", err)
		}
		try(t, s)
	}
}

// sized is for the size of a buffer, which Linux doubles.
func sized(o sockopt.Option[int]) func(*testing.T, *sock.Socket) {
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
	holds(t, sockopt.AcceptConn, s, false)
	misused(t, sockopt.AcceptConn.Set(s, true), "setsockopt SO_ACCEPTCONN", syscall.ENOPROTOOPT)
	k := map[sock.Domain]string{sock.Inet: "tcp4", sock.Inet6: "tcp6", sock.Unix: "unix"}[s.Domain()]
	if err := s.Bind(bindAddr(t, k)); err != nil {
		t.Fatal(err)
	}
	holds(t, sockopt.AcceptConn, s, false)
	if err := s.Listen(1); err != nil {
		t.Fatal(err)
	}
	holds(t, sockopt.AcceptConn, s, true)
}

func pendingNone(t *testing.T, s *sock.Socket) {
	if v, err := sockopt.Error.Get(s); v != nil || err != nil {
		t.Error(v, err)
	}
	wantErr(t, sockopt.Error.Set(s, syscall.EINVAL), syscall.ENOPROTOOPT)
}

// lingering ends with a time-out of 0: Linux keeps the time-out when On is false.
func lingering(t *testing.T, s *sock.Socket) {
	changed(sockopt.Linger, sockopt.LingerValue{On: true, Timeout: 3 * time.Second}, sockopt.LingerValue{On: true, Timeout: time.Minute}, sockopt.LingerValue{On: true})(t, s)
}

// A read clears the pending error.
func TestOptionError(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		s    *sock.Socket
		want error
	}{
		"ECONNREFUSED": {repulsed(t, "udp4"), syscall.ECONNREFUSED},
		"ECONNRESET":   {reset(t, "tcp4"), syscall.ECONNRESET},
	} {
		v, err := sockopt.Error.Get(c.s)
		if err != nil || v != c.want {
			t.Errorf("%s: %v, %v", name, v, err)
		}
		for range 2 {
			if v, err := sockopt.Error.Get(c.s); v != nil || err != nil {
				t.Errorf("%s, again: %v, %v", name, v, err)
			}
		}
		if _, err := c.s.Recv(make([]byte, 1), sock.DontWait); err != nil && err != sock.ErrWouldBlock {
			t.Errorf("%s: %v after it was read", name, err)
		}
	}
}

// The error of a refused connection is pending until it is read.
func TestOptionErrorConnect(t *testing.T) {
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
	if v, err := sockopt.Error.Get(s); v != syscall.ECONNREFUSED || err != nil {
		t.Error(v, err)
	}
	if v, err := sockopt.Error.Get(s); v != nil || err != nil {
		t.Error(v, err)
	}
}

// Values that do not fit the kernel's 32 bits are errors, and nothing is set.
func TestOptionHuge(t *testing.T) {
	t.Parallel()
	s := open(t, sock.Inet, sock.Dgram)
	before, err := sockopt.RecvBuffer.Get(s)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []int{math.MaxInt, math.MinInt} {
		if v == int(int32(v)) {
			break // it fits on a 32-bit machine
		}
		for _, o := range []sockopt.Option[int]{sockopt.RecvBuffer, sockopt.SendBuffer, sockopt.IPTTL} {
			err := o.Set(s, v)
			wantErr(t, err, syscall.EINVAL)
			if want := fmt.Sprintf("setsockopt %v: %d does not fit 32 bits", o, v); err == nil || err.Error() != want {
				t.Errorf("error %v, want %s", err, want)
			}
			_, err = sock.Open(sock.Inet, sock.Dgram, 0, o.With(v))
			wantErr(t, err, syscall.EINVAL)
		}
	}
	for _, v := range []int{256, -2, math.MaxInt32, math.MinInt32} {
		err := sockopt.IPTTL.Set(s, v)
		wrong(t, err, "setsockopt IP_TTL", sock.Addr{}, onLinux(syscall.EINVAL, nil, syscall.EINVAL)...)
	}
	if runtime.GOOS == "linux" {
		wrong(t, sockopt.IPTTL.Set(s, 0), "setsockopt IP_TTL", sock.Addr{}, syscall.EINVAL)
	}
	holds(t, sockopt.RecvBuffer, s, before)
}

func TestOptionLingerValues(t *testing.T) {
	t.Parallel()
	s := open(t, sock.Inet, sock.Stream)
	for v, want := range map[time.Duration]time.Duration{
		0: 0, 1: time.Second, time.Second - 1: time.Second, time.Second: time.Second, time.Second + 1: 2 * time.Second, 10*time.Second + time.Millisecond: 11 * time.Second,
	} {
		if err := sockopt.Linger.Set(s, sockopt.LingerValue{On: true, Timeout: v}); err != nil {
			t.Error(err)
		}
		holds(t, sockopt.Linger, s, sockopt.LingerValue{On: true, Timeout: want})
	}
	before, err := sockopt.Linger.Get(s)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []time.Duration{-1, math.MinInt64, math.MaxInt64} {
		for _, on := range []bool{false, true} {
			wantErr(t, sockopt.Linger.Set(s, sockopt.LingerValue{On: on, Timeout: v}), syscall.EINVAL)
		}
	}
	holds(t, sockopt.Linger, s, before)
}

// On with a time-out of 0 resets the connection. Off, or with a time-out, the peer reads EOF.
func TestOptionLinger(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		v    sockopt.LingerValue
		want error
	}{
		"off":  {sockopt.LingerValue{}, io.EOF},
		"time": {sockopt.LingerValue{On: true, Timeout: 30 * time.Second}, io.EOF},
		"zero": {sockopt.LingerValue{On: true}, syscall.ECONNRESET},
	} {
		t.Run(name, func(t *testing.T) {
			a, b := streams(t, "tcp4")
			if err := sockopt.Linger.Set(a, c.v); err != nil {
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
			wantErr(t, err, c.want)
		})
	}
}

// With a time-out all data arrives, and Close returns well before the time-out.
func TestOptionLingerSends(t *testing.T) {
	t.Parallel()
	a, b := streams(t, "tcp4")
	if err := sockopt.Linger.Set(a, sockopt.LingerValue{On: true, Timeout: time.Hour}); err != nil {
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
	wantErr(t, recvTimeout(t, closed), nil)
}

// The zero Option returns an error from Get, Set and With.
func TestOptionZero(t *testing.T) {
	t.Parallel()
	s := open(t, sock.Inet, sock.Stream)
	var o sockopt.Option[int]
	_, err := o.Get(s)
	misused(t, err, "getsockopt", syscall.EINVAL)
	misused(t, o.Set(s, 1), "setsockopt", syscall.EINVAL)
	_, err = sock.Open(sock.Inet, sock.Stream, 0, o.With(1))
	misused(t, err, "setsockopt", syscall.EINVAL)
	if got, want := fmt.Sprint(err), "setsockopt: "+o.String(); got != want || o.String() == "" {
		t.Errorf("%s, want %s", got, want)
	}
}

// The kernel refuses an option of another family or type.
func TestOptionForeign(t *testing.T) {
	t.Parallel()
	u := open(t, sock.Inet, sock.Dgram)
	_, err := sockopt.TCPNoDelay.Get(u)
	wrong(t, err, "getsockopt TCP_NODELAY", sock.Addr{}, onLinux(syscall.EOPNOTSUPP, syscall.ENOPROTOOPT, syscall.EOPNOTSUPP, syscall.EINVAL)...)
	wrong(t, sockopt.TCPNoDelay.Set(u, true), "setsockopt TCP_NODELAY", sock.Addr{}, onLinux(syscall.ENOPROTOOPT, syscall.ENOPROTOOPT, syscall.EOPNOTSUPP, syscall.EINVAL)...)
	x := open(t, sock.Unix, sock.Stream)
	_, err = sockopt.IPTTL.Get(x) // FreeBSD takes it for LOCAL_CONNWAIT: SOL_LOCAL is 0 as well
	wrong(t, err, "getsockopt IP_TTL", sock.Addr{}, onLinux(syscall.EOPNOTSUPP, nil, syscall.ENOPROTOOPT, syscall.EOPNOTSUPP, syscall.EINVAL)...)
	_, err = sockopt.IPv6Only.Get(u)
	wrong(t, err, "getsockopt IPV6_V6ONLY", sock.Addr{}, onLinux(syscall.EOPNOTSUPP, syscall.ENOPROTOOPT, syscall.EOPNOTSUPP, syscall.EINVAL)...)
}

func TestOptionClosed(t *testing.T) {
	t.Parallel()
	s := open(t, sock.Inet, sock.Stream)
	s.Close()
	_, err := sockopt.IPTTL.Get(s)
	wrong(t, err, "getsockopt IP_TTL", sock.Addr{}, net.ErrClosed)
	wrong(t, sockopt.IPTTL.Set(s, 1), "setsockopt IP_TTL", sock.Addr{}, net.ErrClosed)
}

// If a setting fails Open closes the socket, and leaves no descriptor open.
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
			{sockopt.IPMulticastTTL.With(1000)},
			{sockopt.ReuseAddr.With(true), sockopt.IPMulticastTTL.With(1000), sockopt.ReuseAddr.With(true)},
			{sockopt.TCPNoDelay.With(true)},
			{sockopt.AcceptConn.With(true)},
			{sockopt.Linger.With(sockopt.LingerValue{Timeout: -1})},
			{sockopt.Option[bool]{}.With(true)},
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

// ReuseAddr and ReusePort have their effect on Bind.
func TestOptionReuse(t *testing.T) {
	t.Parallel()
	a, at := bound(t, "udp4", sock.Dgram, sockopt.ReusePort.With(true))
	if _, err := sockopt.ReusePort.Get(a); err != nil {
		t.Fatal(err)
	}
	if err := open(t, sock.Inet, sock.Dgram).Bind(at); !errors.Is(err, syscall.EADDRINUSE) {
		t.Error(err)
	}
	if err := open(t, sock.Inet, sock.Dgram, sockopt.ReusePort.With(true)).Bind(at); err != nil {
		t.Error(err)
	}
	// A listener binds again while an old connection of its port is in TIME_WAIT. On Linux
	// both listeners need the option. The port is free for a moment, in which the kernel may
	// assign it to a parallel test.
	for try := 1; ; try++ {
		at := timeWait(t)
		if runtime.GOOS == "linux" {
			wrong(t, open(t, sock.Inet, sock.Stream).Bind(at), "bind", at, syscall.EADDRINUSE)
		}
		err := open(t, sock.Inet, sock.Stream, sockopt.ReuseAddr.With(true)).Bind(at)
		if err == nil {
			break
		}
		if try == 5 {
			t.Fatal(err)
		}
	}
}

// timeWait returns the address of a closed listener with a connection in TIME_WAIT.
func timeWait(t *testing.T) sock.Addr {
	t.Helper()
	l, at := bound(t, "tcp4", sock.Stream, sockopt.ReuseAddr.With(true))
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
	end(t, s) // first, so that this end is in TIME_WAIT
	if _, err := c.Read(make([]byte, 1)); err != io.EOF {
		t.Fatal(err)
	}
	end(t, c)
	end(t, l)
	return at
}

// An accepted connection inherits TCPNoDelay and KeepAlive from the listener.
func TestOptionInherited(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("what a connection inherits differs")
	}
	l, at := bound(t, "tcp4", sock.Stream, sockopt.TCPNoDelay.With(true), sockopt.KeepAlive.With(true))
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
	holds(t, sockopt.TCPNoDelay, s, true)
	holds(t, sockopt.KeepAlive, s, true)
	holds(t, sockopt.TCPNoDelay, c, false)
}

// Options that the package does not have, by number.
func TestOptionEscape(t *testing.T) {
	t.Parallel()
	if !optionsByNumber {
		t.Skip("no sockets here")
	}
	s := open(t, sock.Inet, sock.Dgram)
	n, b, p := sockopt.Int(ipTTL[0], ipTTL[1]), sockopt.Bool(soBroadcast[0], soBroadcast[1]), sockopt.Bytes(ipTTL[0], ipTTL[1], 4)
	if n.String() != "IP_TTL" || b.String() != "SO_BROADCAST" {
		t.Error(n, b)
	}
	changed(n, 9)(t, s)
	toggled(b)(t, s)
	wantErr(t, p.Set(s, binary.NativeEndian.AppendUint32(nil, 77)), nil)
	holds(t, sockopt.IPTTL, s, 77)
	if v, err := p.Get(s); err != nil || !slices.Equal(v, binary.NativeEndian.AppendUint32(nil, 77)) {
		t.Error(v, err)
	}
	wantErr(t, p.Set(s, nil), syscall.EINVAL)
	for _, size := range []int{-1, math.MinInt, math.MaxInt, 64<<20 + 1} {
		_, err := sockopt.Bytes(ipTTL[0], ipTTL[1], size).Get(s)
		misused(t, err, "getsockopt IP_TTL", syscall.EINVAL)
	}
	unknown := sockopt.Int(12345, 67)
	if got := unknown.String(); got != "option 67 of level 12345" {
		t.Error(got)
	}
	if _, err := unknown.Get(s); err == nil {
		t.Error("there is such an option")
	}
	for _, v := range []int{math.MinInt, -5000} {
		_, err := sockopt.Int(v, v).Get(s)
		misused(t, err, "getsockopt", errors.ErrUnsupported)
		misused(t, sockopt.Bytes(v, 1, 8).Set(s, nil), "setsockopt", errors.ErrUnsupported)
	}
	_, err := sockopt.Bytes(ipTTL[0], ipTTL[1], 0).Get(s)
	if e := (*sock.Error)(nil); err != nil && !errors.As(err, &e) {
		t.Error(err)
	}
}

// An option with a codec of the program: errors of the codec and of the kernel name the
// option. Without Encode it is read-only, without Decode write-only.
func TestOptionNew(t *testing.T) {
	t.Parallel()
	if !optionsByNumber {
		t.Skip("no sockets here")
	}
	s := open(t, sock.Inet, sock.Dgram)
	odd := errors.New("an odd number")
	c := sockopt.Codec[string]{
		Size: 4,
		Encode: func(v string) ([]byte, error) {
			n, err := strconv.Atoi(v)
			if err == nil && n%2 != 0 {
				err = odd
			}
			return binary.NativeEndian.AppendUint32(nil, uint32(n)), err
		},
		Decode: func(b []byte) (string, error) {
			n := int(b[0]) // some systems write one byte
			if len(b) == 4 {
				n = int(binary.NativeEndian.Uint32(b))
			}
			if n%2 != 0 {
				return "", odd
			}
			return strconv.Itoa(n), nil
		},
	}
	o := sockopt.New(ipTTL[0], ipTTL[1], c)
	wantErr(t, o.Set(s, "88"), nil)
	holds(t, o, s, "88")
	holds(t, sockopt.IPTTL, s, 88)
	holds(t, o, open(t, sock.Inet, sock.Dgram, o.With("66")), "66")
	misused(t, o.Set(s, "77"), "setsockopt IP_TTL", odd)
	wantErr(t, sockopt.IPTTL.Set(s, 55), nil)
	_, err := o.Get(s)
	misused(t, err, "getsockopt IP_TTL", odd)
	if runtime.GOOS == "linux" {
		wrong(t, o.Set(s, "1000"), "setsockopt IP_TTL", sock.Addr{}, syscall.EINVAL)
	}
	cannotWrite := sockopt.New(ipTTL[0], ipTTL[1], sockopt.Codec[string]{Size: c.Size, Decode: c.Decode})
	refusesSet(t, cannotWrite, s)
	_, err = sockopt.New(ipTTL[0], ipTTL[1], sockopt.Codec[string]{Encode: c.Encode}).Get(s)
	misused(t, err, "getsockopt IP_TTL", syscall.ENOPROTOOPT)
	for _, size := range []int{-1, math.MaxInt} {
		_, err := sockopt.New(ipTTL[0], ipTTL[1], sockopt.Codec[string]{Size: size, Decode: c.Decode}).Get(s)
		misused(t, err, "getsockopt IP_TTL", syscall.EINVAL)
	}
	_, err = sockopt.New(math.MinInt, -5000, c).Get(s)
	misused(t, err, "getsockopt", errors.ErrUnsupported)
	shut := open(t, sock.Inet, sock.Dgram)
	shut.Close()
	_, err = o.Get(shut)
	wrong(t, err, "getsockopt IP_TTL", sock.Addr{}, net.ErrClosed)
	wrong(t, o.Set(shut, "2"), "setsockopt IP_TTL", sock.Addr{}, net.ErrClosed)
}

// The other constructors, each with its type of value.
func TestOptionConstructors(t *testing.T) {
	t.Parallel()
	if !optionsByNumber {
		t.Skip("no sockets here")
	}
	s := open(t, sock.Inet, sock.Dgram)
	changed(sockopt.Uint32(ipTTL[0], ipTTL[1]), 9)(t, s)
	d := sockopt.Duration(ipTTL[0], ipTTL[1], time.Second) // the value is a number of hops, which the test counts as seconds
	wantErr(t, d.Set(s, 2*time.Second+1), nil)
	holds(t, d, s, 3*time.Second)
	misused(t, d.Set(s, -1), "setsockopt IP_TTL", syscall.EINVAL)
	for _, unit := range []time.Duration{0, -time.Second} {
		o := sockopt.Duration(ipTTL[0], ipTTL[1], unit)
		_, err := o.Get(s)
		misused(t, err, "getsockopt IP_TTL", syscall.EINVAL)
		misused(t, o.Set(s, time.Second), "setsockopt IP_TTL", syscall.EINVAL)
	}
	holds(t, d, s, 3*time.Second)
	n := number("TCPCongestion")
	if n == [2]int{} {
		t.Skip("no option of this system has a string")
	}
	tcp := open(t, sock.Inet, sock.Stream)
	name := sockopt.String(n[0], n[1])
	first, err := sockopt.TCPCongestion.Get(tcp)
	wantErr(t, err, nil)
	holds(t, name, tcp, first)
	wantErr(t, name.Set(tcp, first), nil)
	wrong(t, name.Set(tcp, "none-of-these"), "setsockopt TCP_CONGESTION", sock.Addr{}, syscall.ENOENT, syscall.ESRCH)
	for _, v := range []string{"a\x00", strings.Repeat("a", 256)} {
		misused(t, name.Set(tcp, v), "setsockopt TCP_CONGESTION", syscall.EINVAL)
	}
}

var (
	ipTTL           = number("IPTTL")
	soBroadcast     = number("Broadcast")
	optionsByNumber = ipTTL != [2]int{}
)

// number returns level and name of an Option. TestOptionNumbers verifies them.
func number(name string) [2]int {
	v := reflect.ValueOf(map[string]any{"IPTTL": sockopt.IPTTL, "Broadcast": sockopt.Broadcast, "TCPCongestion": sockopt.TCPCongestion}[name])
	n := [2]int{int(v.FieldByName("level").Int()), int(v.FieldByName("name").Int())}
	if n[1] < 0 {
		return [2]int{}
	}
	return n
}

// A trace prints options of every level as strace does.
func TestOptionTrace(t *testing.T) {
	for _, c := range []struct {
		kind string
		set  func(s *sock.Socket) error
		want string
	}{
		{"udp4", func(s *sock.Socket) error { return sockopt.UDPSegment.Set(s, 1200) }, "SOL_UDP, UDP_SEGMENT, [1200]"},
		{"udp4", func(s *sock.Socket) error { return sockopt.IPRecvPktInfo.Set(s, true) }, "SOL_IP, " + pktInfoName() + ", [1]"},
		{"udp6", func(s *sock.Socket) error { return sockopt.IPv6RecvTClass.Set(s, true) }, "SOL_IPV6, IPV6_RECVTCLASS, [1]"},
		{"tcp4", func(s *sock.Socket) error { return sockopt.TCPCongestion.Set(s, "reno") }, `SOL_TCP, TCP_CONGESTION, "reno"`},
		{"udp4", func(s *sock.Socket) error { return sockopt.MaxPacingRate.Set(s, 1<<30) }, "SOL_SOCKET, SO_MAX_PACING_RATE, [1073741824]"},
		{"netlink", func(s *sock.Socket) error { return sockopt.NetlinkExtAck.Set(s, true) }, "SOL_NETLINK, NETLINK_EXT_ACK, [1]"},
		{"packet", func(s *sock.Socket) error { return sockopt.PacketAuxData.Set(s, true) }, "SOL_PACKET, PACKET_AUXDATA, [1]"},
		{"icmp4", func(s *sock.Socket) error { return sockopt.ICMPFilter.Set(s, 3) }, "SOL_RAW, ICMP_FILTER, [3]"},
		{"icmp6", func(s *sock.Socket) error { return sockopt.ICMP6Filter.Set(s, sockopt.ICMP6FilterValue{}) }, "SOL_ICMPV6, ICMP6_FILTER, ["},
		{"mptcp4", func(s *sock.Socket) error { _, err := sockopt.MPTCPInfo.Get(s); return err }, "SOL_MPTCP, MPTCP_INFO, ["},
		{"vsock", func(s *sock.Socket) error { return sockopt.VSockBufferSize.Set(s, 1<<16) }, "AF_VSOCK, SO_VM_SOCKETS_BUFFER_SIZE, ["},
	} {
		t.Run(c.want, func(t *testing.T) {
			s := kind(t, c.kind)
			var call string
			sock.SetTracer(func(c sock.Call) {
				if strings.HasSuffix(c.Name, "sockopt") {
					call = c.Args
				}
			})
			err := c.set(s)
			sock.SetTracer(nil)
			if errors.Is(err, errors.ErrUnsupported) {
				t.Skip(err)
			}
			if err != nil || !strings.HasPrefix(call, c.want) {
				t.Errorf("%q, %v", call, err)
			}
		})
	}
}
