//go:build linux || freebsd || netbsd || openbsd || dragonfly || darwin

package sock_test

import (
	"errors"
	"maps"
	"math"
	"reflect"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/internal/sys"
)

// getAny is Get of an option of whatever type.
func getAny(option any, s *sock.Socket) error {
	out := reflect.ValueOf(option).MethodByName("Get").Call([]reflect.Value{reflect.ValueOf(s)})
	err, _ := out[1].Interface().(error)
	return err
}

// Every option on every kind of socket: an answer or an error, which names the option.
func TestOptionAnyKind(t *testing.T) {
	t.Parallel()
	kinds := append(slices.Clone(all), slices.Collect(maps.Keys(otherKinds))...)
	for _, k := range kinds {
		t.Run(k, func(t *testing.T) {
			s := kind(t, k)
			for name, c := range optionNumbers {
				if name == "PeerPidFD" { // which would be a descriptor to close
					continue
				}
				var e *sock.Error
				if err := getAny(c.option, s); err != nil && !errors.As(err, &e) {
					t.Errorf("%s: %v", name, err)
				}
			}
		})
	}
}

// What this system lacks says so, before any call.
func TestOptionMissing(t *testing.T) {
	t.Parallel()
	s := open(t, sock.Inet, sock.Dgram)
	options := map[int][]any{
		sys.SO_MARK: {sock.Mark}, sys.SO_REUSEPORT_LB: {sock.ReusePortLB}, sys.SO_RTABLE: {sock.RoutingTable}, sys.SO_SETFIB: {sock.SetFIB},
		sys.TCP_NOPUSH: {sock.TCPNoPush}, sys.TCP_CORK: {sock.TCPCork}, sys.SO_NREAD: {sock.UnreadBytes}, sys.IP_BOUND_IF: {sock.IPBoundIf},
		sys.IP_RECVDSTADDR: {sock.IPRecvDstAddr}, sys.UDP_SEGMENT: {sock.UDPSegment}, sys.LOCAL_CREDS: {sock.LocalCreds},
		sys.NETLINK_CAP_ACK: {sock.NetlinkCapAck}, sys.PACKET_LOSS: {sock.PacketLoss}, sys.MPTCP_INFO: {sock.MPTCPInfo}, sys.TCP_SAVED_SYN: {sock.TCPSavedSYN},
	}
	missing := 0
	for number, list := range options {
		for _, o := range list {
			if sys.Has(number) {
				continue
			}
			missing++
			if err := getAny(o, s); !errors.Is(err, errors.ErrUnsupported) {
				t.Errorf("%v: %v", o, err)
			}
		}
	}
	if missing == 0 {
		t.Error("nothing is missing here")
	}
	if runtime.GOOS == "linux" {
		is(t, sock.TCPNoPush.Set(s, true), errors.ErrUnsupported)
		_, err := sock.Open(sock.Inet, sock.Stream, 0, sock.SetFIB.With(1))
		is(t, err, errors.ErrUnsupported)
	}
}

// By their numbers: the same as by name.
func TestOptionByNumber(t *testing.T) {
	t.Parallel()
	s := open(t, sock.Inet, sock.Stream)
	o := sock.IntOption(unix.IPPROTO_IP, unix.IP_TTL)
	is(t, o.Set(s, 9), nil)
	holds(t, sock.IPTTL, s, 9)
	holds(t, o, s, 9)
	if o.String() != "IP_TTL" {
		t.Error(o)
	}
	b := sock.BoolOption(unix.IPPROTO_TCP, unix.TCP_NODELAY)
	is(t, b.Set(s, true), nil)
	holds(t, sock.TCPNoDelay, s, true)
	holds(t, b, s, true)
	linger := sock.BytesOption(unix.SOL_SOCKET, soLinger, 8)
	is(t, sock.Linger.Set(s, sock.LingerValue{On: true, Timeout: 5 * time.Second}), nil)
	v, err := linger.Get(s)
	if err != nil || len(v) != 8 {
		t.Fatal(v, err)
	}
	is(t, sock.Linger.Set(s, sock.LingerValue{On: true}), nil)
	is(t, linger.Set(s, v), nil)
	holds(t, sock.Linger, s, sock.LingerValue{On: true, Timeout: 5 * time.Second})
	is(t, linger.Set(s, v[:3]), syscall.EINVAL)
	_, err = sock.BytesOption(unix.SOL_SOCKET, soLinger, -1).Get(s)
	is(t, err, syscall.EINVAL)
	for _, n := range []int{-1, 12345, math.MaxInt32} {
		for _, level := range []int{-1, unix.SOL_SOCKET, 12345} {
			o := sock.IntOption(level, n)
			if _, err := o.Get(s); err == nil {
				t.Errorf("%v has a value", o)
			}
			if err := o.Set(s, 1); err == nil {
				t.Errorf("%v was set", o)
			}
		}
	}
	if math.MaxInt > math.MaxInt32 {
		far := math.MaxInt // which would be -1 in 32 bits
		_, err := sock.IntOption(unix.SOL_SOCKET, far).Get(s)
		is(t, err, syscall.EINVAL)
	}
}

// Times are rounded up to what the kernel counts, and never negative.
func TestOptionTimes(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("TCP_USER_TIMEOUT is Linux's")
	}
	s := open(t, sock.Inet, sock.Stream)
	for v, want := range map[time.Duration]time.Duration{0: 0, 1: time.Millisecond, time.Millisecond: time.Millisecond, time.Millisecond + 1: 2 * time.Millisecond, time.Hour: time.Hour} {
		is(t, sock.TCPUserTimeout.Set(s, v), nil)
		holds(t, sock.TCPUserTimeout, s, want)
	}
	is(t, sock.TCPKeepIdle.Set(s, 1500*time.Millisecond), nil)
	holds(t, sock.TCPKeepIdle, s, 2*time.Second)
	for _, o := range []sock.Option[time.Duration]{sock.TCPUserTimeout, sock.TCPKeepIdle, sock.BusyPoll} {
		for _, v := range []time.Duration{-1, math.MinInt64} {
			is(t, o.Set(s, v), syscall.EINVAL)
		}
	}
	is(t, sock.TCPUserTimeout.Set(s, math.MaxInt64), syscall.EINVAL)
}

func TestAllocOption(t *testing.T) {
	needRawCalls(t)
	s, _ := streams(t, "tcp4")
	allocates(t, "bool, int and a structure", 0, func() {
		wants(t, sock.TCPNoDelay.Set(s, true), nil)
		wants(t, sock.RecvBuffer.Set(s, 30000), nil)
		wants(t, sock.Linger.Set(s, sock.LingerValue{}), nil)
		v, err := sock.TCPNoDelay.Get(s)
		if !v || err != nil {
			t.Fatal(v, err)
		}
	})
	if runtime.GOOS != "linux" {
		return
	}
	allocates(t, "a time, and TCPInfo", 0, func() {
		wants(t, sock.TCPUserTimeout.Set(s, time.Second), nil)
		v, err := sock.TCPInfo.Get(s)
		if v.State != 1 || err != nil {
			t.Fatal(err)
		}
	})
}
