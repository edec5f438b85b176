//go:build linux || freebsd || netbsd || openbsd || dragonfly || darwin

package sock_test

import (
	"errors"
	"math"
	"net"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/berkeleysockets/sock"
)

// What no call is made for, on any system.
func TestGroupMisuse(t *testing.T) {
	t.Parallel()
	four, six := netip.MustParseAddr("239.1.2.3"), netip.MustParseAddr("ff05::1:3")
	s := open(t, sock.Inet, sock.Dgram)
	all := map[string]func(sock.Group) error{
		"joingroup": s.JoinGroup, "leavegroup": s.LeaveGroup, "blocksource": s.BlockSource, "unblocksource": s.UnblockSource,
	}
	for _, c := range []struct {
		g    sock.Group
		text string
		ops  []string // nil is all
	}{
		{sock.Group{}, "no group", nil},
		{sock.Group{Source: four}, "no group", nil},
		{sock.Group{Addr: netip.MustParseAddr("::ffff:239.1.2.3")}, "v4-mapped", nil},
		{sock.Group{Addr: netip.MustParseAddr("::ffff:239.1.2.3%1")}, "v4-mapped", nil},
		{sock.Group{Addr: netip.MustParseAddr("192.0.2.1")}, "not a multicast address", nil},
		{sock.Group{Addr: netip.IPv4Unspecified()}, "not a multicast address", nil},
		{sock.Group{Addr: netip.MustParseAddr("fe80::1%1")}, "not a multicast address", nil},
		{sock.Group{Addr: four, Interface: -1}, "-1 is no interface index", nil},
		{sock.Group{Addr: four, Interface: math.MinInt}, "no interface index", nil},
		{sock.Group{Addr: four, Source: six}, "another family", nil},
		{sock.Group{Addr: six, Source: netip.MustParseAddr("192.0.2.1")}, "another family", nil},
		{sock.Group{Addr: four, Source: netip.MustParseAddr("::ffff:192.0.2.1")}, "another family", nil},
		{sock.Group{Addr: six, Source: netip.MustParseAddr("::ffff:192.0.2.1")}, "another family", nil},
		{sock.Group{Addr: four}, "no source", []string{"blocksource", "unblocksource"}},
		{sock.Group{Addr: six.WithZone("3"), Interface: 2}, "a zone of another interface", []string{"joingroup", "leavegroup"}},
		{sock.Group{Addr: six.WithZone("3"), Source: netip.MustParseAddr("fe80::1%2")}, "a zone of another interface", nil},
		{sock.Group{Addr: six.WithZone("no such zone")}, `no interface "no such zone"`, []string{"joingroup", "leavegroup"}},
	} {
		for op, do := range all {
			if c.ops != nil && !slices.Contains(c.ops, op) {
				continue
			}
			err := do(c.g)
			wantErr(t, err, syscall.EINVAL)
			if !strings.HasPrefix(err.Error(), op) || !strings.Contains(err.Error(), c.text) {
				t.Errorf("%s %+v: %v, want %s", op, c.g, err, c.text)
			}
		}
	}
	if bits := 32 << (^uint(0) >> 63); bits == 64 {
		wantErr(t, s.JoinGroup(sock.Group{Addr: four, Interface: math.MaxInt}), syscall.EINVAL)
	}

	made, err := sock.Open(sock.Inet, sock.Dgram, 0, sock.Group{}.Joined())
	if wantErr(t, err, syscall.EINVAL); made != nil || err.Error() != "joingroup: no group" {
		t.Error(made, err)
	}
}

// With no interface the kernel finds one by its routes: where it has none for
// groups it says so.
func TestGroupAnyInterface(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		d sock.Domain
		g string
	}{{sock.Inet, "239.1.2.9"}, {sock.Inet6, "ff05::1:9"}} {
		t.Run(c.g, func(t *testing.T) {
			if c.d == sock.Inet6 {
				needIPv6(t)
			}
			s := open(t, c.d, sock.Dgram)
			g := sock.Group{Addr: netip.MustParseAddr(c.g)}
			err := s.JoinGroup(g)
			if errors.Is(err, syscall.ENODEV) || errors.Is(err, syscall.EADDRNOTAVAIL) {
				t.Skip("no route: ", err)
			}
			wantErr(t, err, nil)
			wantErr(t, s.JoinGroup(g), syscall.EADDRINUSE)
			wantErr(t, s.LeaveGroup(g), nil)
			wantErr(t, s.LeaveGroup(g), syscall.EADDRNOTAVAIL)
		})
	}
}

// What a system cannot do it says.
func TestGroupSourceUnsupported(t *testing.T) {
	t.Parallel()
	switch runtime.GOOS {
	case "linux", "freebsd", "darwin":
		t.Skip(runtime.GOOS, " knows sources")
	}
	s := open(t, sock.Inet, sock.Dgram)
	for _, do := range []func(sock.Group) error{s.JoinGroup, s.LeaveGroup, s.BlockSource, s.UnblockSource} {
		wantErr(t, do(sourceGroup), errors.ErrUnsupported)
	}
	end(t, s)
	wantErr(t, s.BlockSource(sourceGroup), net.ErrClosed)
}

// Not parallel: it is traced.
func TestGroupTrace(t *testing.T) {
	s := open(t, sock.Inet, sock.Dgram)
	r := record(t)
	g := sock.Group{Addr: netip.MustParseAddr("239.1.2.3"), Interface: 1 << 20}
	for _, do := range []func(sock.Group) error{s.JoinGroup, s.LeaveGroup} {
		if do(g) == nil {
			t.Error("a member where there is no interface")
		}
	}
	join, leave := "MCAST_JOIN_GROUP", "MCAST_LEAVE_GROUP"
	switch runtime.GOOS {
	case "netbsd", "openbsd", "dragonfly":
		join, leave = "IP_ADD_MEMBERSHIP", "IP_DROP_MEMBERSHIP"
	}
	for i, c := range r.take() {
		want := []string{join, leave}[i]
		if text := c.String(); !strings.Contains(text, ", SOL_IP, "+want+", {group=239.1.2.3, interface=1048576}) = -1 E") {
			t.Error(text)
		}
		if c.Name != "setsockopt" || c.FD != s.FD() || c.Result != -1 || c.Addr.AddrPort().Addr() != g.Addr {
			t.Errorf("%+v", c)
		}
	}
}
