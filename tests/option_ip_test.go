package sock_test

import (
	"errors"
	"net/netip"
	"runtime"
	"slices"
	"syscall"
	"testing"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/sockopt"
)

var ipOptions = map[string]optionCase{
	"IPBindAddressNoPort": {sockopt.IPBindAddressNoPort, "IP_BIND_ADDRESS_NO_PORT", "tcp4 udp4", toggled(sockopt.IPBindAddressNoPort)},
	"IPBindAny":           {sockopt.IPBindAny, "IP_BINDANY", "tcp4", privileged(toggled(sockopt.IPBindAny))},
	"IPBoundIf":           {sockopt.IPBoundIf, "IP_BOUND_IF", "udp4", changed(sockopt.IPBoundIf, 1)},
	"IPChecksum":          {sockopt.IPChecksum, "IP_CHECKSUM", "udp4", toggled(sockopt.IPChecksum)},
	"IPDontFrag":          {sockopt.IPDontFrag, "IP_DONTFRAG", "udp4", toggled(sockopt.IPDontFrag)},
	"IPFreeBind":          {sockopt.IPFreeBind, "IP_FREEBIND", "tcp4 udp4 tcp6", toggled(sockopt.IPFreeBind)},
	"IPHdrIncl":           {sockopt.IPHdrIncl, "IP_HDRINCL", "raw4", toggled(sockopt.IPHdrIncl)},
	"IPLocalPortRange":    {sockopt.IPLocalPortRange, "IP_LOCAL_PORT_RANGE", "tcp4 udp4 tcp6", recent(sockopt.IPLocalPortRange, changed(sockopt.IPLocalPortRange, sockopt.IPLocalPortRangeValue{Low: 40000, High: 40100}, sockopt.IPLocalPortRangeValue{High: 50000}, sockopt.IPLocalPortRangeValue{Low: 60000}))},
	"IPMTU":               {sockopt.IPMTU, "IP_MTU", "udp4", pathMTU4},
	"IPMTUDiscover":       {sockopt.IPMTUDiscover, "IP_MTU_DISCOVER", "tcp4 udp4 raw4", settable(sockopt.IPMTUDiscover, sockopt.MTUDiscoverDont, sockopt.MTUDiscoverWant, sockopt.MTUDiscoverDo, sockopt.MTUDiscoverProbe, sockopt.MTUDiscoverInterface, sockopt.MTUDiscoverOmit)},
	"IPMinTTL":            {sockopt.IPMinTTL, "IP_MINTTL", "tcp4 udp4", changed(sockopt.IPMinTTL, 1, 255)},
	"IPMulticastAll":      {sockopt.IPMulticastAll, "IP_MULTICAST_ALL", "udp4", toggled(sockopt.IPMulticastAll)},
	"IPMulticastIf":       {sockopt.IPMulticastIf, "IP_MULTICAST_IF", "udp4 raw4", changed(sockopt.IPMulticastIf, netip.MustParseAddr("127.0.0.1"))},
	"IPMulticastIfIndex":  {sockopt.IPMulticastIfIndex, ifIndexName(), "udp4", multicastIndex},
	"IPMulticastLoop":     {sockopt.IPMulticastLoop, "IP_MULTICAST_LOOP", "udp4 raw4", toggled(sockopt.IPMulticastLoop)},
	"IPMulticastTTL":      {sockopt.IPMulticastTTL, "IP_MULTICAST_TTL", "udp4 raw4", changed(sockopt.IPMulticastTTL, 0, 7, 255)},
	"IPNoDefrag":          {sockopt.IPNoDefrag, "IP_NODEFRAG", "raw4", toggled(sockopt.IPNoDefrag)},
	"IPOptions":           {sockopt.IPOptions, "IP_OPTIONS", "udp4", optionsSent},
	"IPOriginalDst":       {sockopt.IPOriginalDst, "SO_ORIGINAL_DST", "tcp4", cannotRead(sockopt.IPOriginalDst, syscall.ENOPROTOOPT, syscall.ENOENT, syscall.ENOTCONN)},
	"IPPassSec":           {sockopt.IPPassSec, "IP_PASSSEC", "udp4", toggled(sockopt.IPPassSec)},
	"IPPortRange":         {sockopt.IPPortRange, "IP_PORTRANGE", "udp4", changed(sockopt.IPPortRange, 1, 2)},
	"IPProtocol":          {sockopt.IPProtocol, "IP_PROTOCOL", "raw4", recent(sockopt.IPProtocol, readOnlyAs(sockopt.IPProtocol, 253))},
	"IPRecvDstAddr":       {sockopt.IPRecvDstAddr, "IP_RECVDSTADDR", "udp4", toggled(sockopt.IPRecvDstAddr)},
	"IPRecvErr":           {sockopt.IPRecvErr, "IP_RECVERR", "tcp4 udp4 raw4", toggled(sockopt.IPRecvErr)},
	"IPRecvErrRFC4884":    {sockopt.IPRecvErrRFC4884, "IP_RECVERR_RFC4884", "udp4", toggled(sockopt.IPRecvErrRFC4884)},
	"IPRecvFragSize":      {sockopt.IPRecvFragSize, "IP_RECVFRAGSIZE", "udp4 raw4", toggled(sockopt.IPRecvFragSize)},
	"IPRecvIf":            {sockopt.IPRecvIf, "IP_RECVIF", "udp4", toggled(sockopt.IPRecvIf)},
	"IPRecvOpts":          {sockopt.IPRecvOpts, "IP_RECVOPTS", "udp4", toggled(sockopt.IPRecvOpts)},
	"IPRecvOrigDstAddr":   {sockopt.IPRecvOrigDstAddr, "IP_RECVORIGDSTADDR", "udp4", toggled(sockopt.IPRecvOrigDstAddr)},
	"IPRecvPktInfo":       {sockopt.IPRecvPktInfo, pktInfoName(), "udp4 raw4", toggled(sockopt.IPRecvPktInfo)},
	"IPRecvTOS":           {sockopt.IPRecvTOS, "IP_RECVTOS", "udp4", toggled(sockopt.IPRecvTOS)},
	"IPRecvTTL":           {sockopt.IPRecvTTL, "IP_RECVTTL", "udp4", toggled(sockopt.IPRecvTTL)},
	"IPRetOpts": {sockopt.IPRetOpts, "IP_RETOPTS", "udp4", func(t *testing.T, s *sock.Socket) {
		if runtime.GOOS == "freebsd" {
			wrong(t, sockopt.IPRetOpts.Set(s, true), "setsockopt IP_RETOPTS", sock.Addr{}, syscall.ENOPROTOOPT)
			return
		}
		toggled(sockopt.IPRetOpts)(t, s)
	}},
	"IPRouterAlert": {sockopt.IPRouterAlert, "IP_ROUTER_ALERT", "raw4", alerted},
	"IPTOS":         {sockopt.IPTOS, "IP_TOS", "tcp4 udp4", changed(sockopt.IPTOS, 4, 0xb8, 0xfc)},
	"IPTTL":         {sockopt.IPTTL, "IP_TTL", "tcp4 udp4", changed(sockopt.IPTTL, 7, 255, 1)},
	"IPTransparent": {sockopt.IPTransparent, "IP_TRANSPARENT", "tcp4 udp4", privileged(toggled(sockopt.IPTransparent))},
	"IPUnicastIf":   {sockopt.IPUnicastIf, "IP_UNICAST_IF", "udp4", changed(sockopt.IPUnicastIf, 1)},
}

// pktInfoName is the C name of IPRecvPktInfo: on Linux and macOS that of the control message.
func pktInfoName() string {
	if runtime.GOOS == "linux" || runtime.GOOS == "darwin" {
		return "IP_PKTINFO"
	}
	return "IP_RECVPKTINFO"
}

func ifIndexName() string {
	if runtime.GOOS == "linux" || runtime.GOOS == "freebsd" {
		return "IP_MULTICAST_IF"
	}
	return "IP_MULTICAST_IFINDEX"
}

// connected connects s to a new peer on the loopback, and returns the peer's address.
func connected(t *testing.T, network string, s *sock.Socket) sock.Addr {
	t.Helper()
	_, to := bound(t, network, sock.Dgram)
	if err := s.Connect(to); err != nil {
		t.Fatal(err)
	}
	return to
}

func pathMTU4(t *testing.T, s *sock.Socket) {
	cannotRead(sockopt.IPMTU, syscall.ENOTCONN)(t, s)
	connected(t, "udp4", s)
	readOnly(sockopt.IPMTU, func(v int) bool { return v >= 1500 })(t, s)
}

// multicastIndex finds the interface in what the kernel returns.
func multicastIndex(t *testing.T, s *sock.Socket) {
	o := sockopt.IPMulticastIfIndex
	for _, v := range []int{1, 0} {
		wantErr(t, o.Set(s, v), nil)
		if got, err := o.Get(s); runtime.GOOS != "linux" && (err != nil || got != v) || runtime.GOOS == "linux" && !errors.Is(err, errors.ErrUnsupported) {
			t.Error(got, err)
		}
	}
	wrong(t, o.Set(s, 1<<30), "setsockopt "+ifIndexName(), sock.Addr{}, syscall.EADDRNOTAVAIL, syscall.ENXIO)
	misused(t, o.Set(s, -1), "setsockopt "+ifIndexName(), syscall.EINVAL)
}

func optionsSent(t *testing.T, s *sock.Socket) {
	o := sockopt.IPOptions
	for _, v := range [][]byte{nil, {1, 1, 1, 0}, {}} { // none, three no-operations with the end of the list, and none
		wantErr(t, o.Set(s, v), nil)
		want := v
		if runtime.GOOS == "freebsd" && len(v) > 0 {
			want = append(make([]byte, 4), v...)
		}
		if got, err := o.Get(s); err != nil || !slices.Equal(got, want) {
			t.Errorf("%v, %v, want %v", got, err, want)
		}
	}
	wrong(t, o.Set(s, make([]byte, 41)), "setsockopt IP_OPTIONS", sock.Addr{}, syscall.EINVAL)
}

// An address that is not IPv4's is refused; a v4-mapped one is accepted.
func TestOptionMulticastIf(t *testing.T) {
	t.Parallel()
	s := open(t, sock.Inet, sock.Dgram)
	for _, v := range []netip.Addr{{}, netip.IPv6Loopback(), netip.MustParseAddr("fe80::1%1")} {
		wantErr(t, sockopt.IPMulticastIf.Set(s, v), syscall.EINVAL)
	}
	wantErr(t, sockopt.IPMulticastIf.Set(s, netip.MustParseAddr("::ffff:127.0.0.1")), nil)
	holds(t, sockopt.IPMulticastIf, s, netip.MustParseAddr("127.0.0.1"))
	wantErr(t, sockopt.IPMulticastIf.Set(s, netip.IPv4Unspecified()), nil)
	holds(t, sockopt.IPMulticastIf, s, netip.IPv4Unspecified())
	for _, v := range []int{-2, 256, 1<<31 - 1} {
		wantErr(t, sockopt.IPMulticastTTL.Set(s, v), syscall.EINVAL)
	}
}

// IPUnicastIf is in network byte order: an index that does not exist is refused.
func TestOptionUnicastIf(t *testing.T) {
	t.Parallel()
	s := open(t, sock.Inet, sock.Dgram)
	err := sockopt.IPUnicastIf.Set(s, 1)
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip(err)
	}
	wantErr(t, err, nil)
	wrong(t, sockopt.IPUnicastIf.Set(s, 1<<24), "setsockopt IP_UNICAST_IF", sock.Addr{}, syscall.EADDRNOTAVAIL)
	wantErr(t, sockopt.IPUnicastIf.Set(s, -1), syscall.EINVAL)
	holds(t, sockopt.IPUnicastIf, s, 1)
}

// A socket that is bound to port 0 gets a port of the range.
func TestOptionLocalPortRange(t *testing.T) {
	t.Parallel()
	s := open(t, sock.Inet, sock.Dgram)
	want := sockopt.IPLocalPortRangeValue{Low: 41000, High: 41999}
	if err := sockopt.IPLocalPortRange.Set(s, want); err != nil {
		if !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, syscall.ENOPROTOOPT) {
			t.Error(err)
		}
		t.Skip(err)
	}
	wantErr(t, s.Bind(addr(t, "127.0.0.1:0")), nil)
	at, err := s.Sockname()
	if port := at.AddrPort().Port(); err != nil || port < want.Low || port > want.High {
		t.Errorf("%v, %v, want a port of %v", at, err, want)
	}
	wrong(t, sockopt.IPLocalPortRange.Set(s, sockopt.IPLocalPortRangeValue{Low: 2, High: 1}), "setsockopt IP_LOCAL_PORT_RANGE", sock.Addr{}, syscall.EINVAL)
}

func alerted(t *testing.T, s *sock.Socket) {
	wantErr(t, sockopt.IPRouterAlert.Set(s, true), nil)
	wantErr(t, sockopt.IPRouterAlert.Set(s, false), nil)
}

func TestMTUDiscoverValueString(t *testing.T) {
	t.Parallel()
	for v, want := range map[sockopt.MTUDiscoverValue]string{sockopt.MTUDiscoverDont: "IP_PMTUDISC_DONT", sockopt.MTUDiscoverDo: "IP_PMTUDISC_DO", sockopt.MTUDiscoverOmit: "IP_PMTUDISC_OMIT", 6: "6", -1: "-1"} {
		if got := v.String(); got != want {
			t.Errorf("%d is %s, want %s", int(v), got, want)
		}
	}
}
