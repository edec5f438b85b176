package sock_test

import (
	"errors"
	"github.com/berkeleysockets/sock"
	"net/netip"
	"runtime"
	"slices"
	"syscall"
	"testing"
)

var ipOptions = map[string]optionCase{
	"IPBindAddressNoPort": {sock.IPBindAddressNoPort, "IP_BIND_ADDRESS_NO_PORT", "tcp4 udp4", toggled(sock.IPBindAddressNoPort)},
	"IPBindAny":           {sock.IPBindAny, "IP_BINDANY", "tcp4", privileged(toggled(sock.IPBindAny))},
	"IPBoundIf":           {sock.IPBoundIf, "IP_BOUND_IF", "udp4", changed(sock.IPBoundIf, 1)},
	"IPChecksum":          {sock.IPChecksum, "IP_CHECKSUM", "udp4", toggled(sock.IPChecksum)},
	"IPDontFrag":          {sock.IPDontFrag, "IP_DONTFRAG", "udp4", toggled(sock.IPDontFrag)},
	"IPFreeBind":          {sock.IPFreeBind, "IP_FREEBIND", "tcp4 udp4 tcp6", toggled(sock.IPFreeBind)},
	"IPHdrIncl":           {sock.IPHdrIncl, "IP_HDRINCL", "raw4", toggled(sock.IPHdrIncl)},
	"IPLocalPortRange":    {sock.IPLocalPortRange, "IP_LOCAL_PORT_RANGE", "tcp4 udp4 tcp6", recent(sock.IPLocalPortRange, changed(sock.IPLocalPortRange, sock.PortRangeValue{Low: 40000, High: 40100}, sock.PortRangeValue{High: 50000}, sock.PortRangeValue{Low: 60000}))},
	"IPMTU":               {sock.IPMTU, "IP_MTU", "udp4", pathMTU4},
	"IPMTUDiscover":       {sock.IPMTUDiscover, "IP_MTU_DISCOVER", "tcp4 udp4 raw4", settable(sock.IPMTUDiscover, sock.MTUDiscoverDont, sock.MTUDiscoverWant, sock.MTUDiscoverDo, sock.MTUDiscoverProbe, sock.MTUDiscoverInterface, sock.MTUDiscoverOmit)},
	"IPMinTTL":            {sock.IPMinTTL, "IP_MINTTL", "tcp4 udp4", changed(sock.IPMinTTL, 1, 255)},
	"IPMulticastAll":      {sock.IPMulticastAll, "IP_MULTICAST_ALL", "udp4", toggled(sock.IPMulticastAll)},
	"IPMulticastIf":       {sock.IPMulticastIf, "IP_MULTICAST_IF", "udp4 raw4", changed(sock.IPMulticastIf, netip.MustParseAddr("127.0.0.1"))},
	"IPMulticastIfIndex":  {sock.IPMulticastIfIndex, ifIndexName(), "udp4", multicastIndex},
	"IPMulticastLoop":     {sock.IPMulticastLoop, "IP_MULTICAST_LOOP", "udp4 raw4", toggled(sock.IPMulticastLoop)},
	"IPMulticastTTL":      {sock.IPMulticastTTL, "IP_MULTICAST_TTL", "udp4 raw4", changed(sock.IPMulticastTTL, 0, 7, 255)},
	"IPNoDefrag":          {sock.IPNoDefrag, "IP_NODEFRAG", "raw4", toggled(sock.IPNoDefrag)},
	"IPOptions":           {sock.IPOptions, "IP_OPTIONS", "udp4", optionsSent},
	"IPOriginalDst":       {sock.IPOriginalDst, "SO_ORIGINAL_DST", "tcp4", untold(sock.IPOriginalDst, syscall.ENOPROTOOPT, syscall.ENOENT, syscall.ENOTCONN)},
	"IPPassSec":           {sock.IPPassSec, "IP_PASSSEC", "udp4", toggled(sock.IPPassSec)},
	"IPPortRange":         {sock.IPPortRange, "IP_PORTRANGE", "udp4", changed(sock.IPPortRange, 1, 2)},
	"IPProtocol":          {sock.IPProtocol, "IP_PROTOCOL", "raw4", recent(sock.IPProtocol, toldAs(sock.IPProtocol, 253))},
	"IPRecvDstAddr":       {sock.IPRecvDstAddr, "IP_RECVDSTADDR", "udp4", toggled(sock.IPRecvDstAddr)},
	"IPRecvErr":           {sock.IPRecvErr, "IP_RECVERR", "tcp4 udp4 raw4", toggled(sock.IPRecvErr)},
	"IPRecvErrRFC4884":    {sock.IPRecvErrRFC4884, "IP_RECVERR_RFC4884", "udp4", toggled(sock.IPRecvErrRFC4884)},
	"IPRecvFragSize":      {sock.IPRecvFragSize, "IP_RECVFRAGSIZE", "udp4 raw4", toggled(sock.IPRecvFragSize)},
	"IPRecvIf":            {sock.IPRecvIf, "IP_RECVIF", "udp4", toggled(sock.IPRecvIf)},
	"IPRecvOpts":          {sock.IPRecvOpts, "IP_RECVOPTS", "udp4", toggled(sock.IPRecvOpts)},
	"IPRecvOrigDstAddr":   {sock.IPRecvOrigDstAddr, "IP_RECVORIGDSTADDR", "udp4", toggled(sock.IPRecvOrigDstAddr)},
	"IPRecvPktInfo":       {sock.IPRecvPktInfo, pktInfoName(), "udp4 raw4", toggled(sock.IPRecvPktInfo)},
	"IPRecvTOS":           {sock.IPRecvTOS, "IP_RECVTOS", "udp4", toggled(sock.IPRecvTOS)},
	"IPRecvTTL":           {sock.IPRecvTTL, "IP_RECVTTL", "udp4", toggled(sock.IPRecvTTL)},
	"IPRetOpts": {sock.IPRetOpts, "IP_RETOPTS", "udp4", func(t *testing.T, s *sock.Socket) {
		if runtime.GOOS == "freebsd" {
			wrong(t, sock.IPRetOpts.Set(s, true), "setsockopt IP_RETOPTS", sock.Addr{}, syscall.ENOPROTOOPT)
			return
		}
		toggled(sock.IPRetOpts)(t, s)
	}},
	"IPRouterAlert": {sock.IPRouterAlert, "IP_ROUTER_ALERT", "raw4", alerted},
	"IPTOS":         {sock.IPTOS, "IP_TOS", "tcp4 udp4", changed(sock.IPTOS, 4, 0xb8, 0xfc)},
	"IPTTL":         {sock.IPTTL, "IP_TTL", "tcp4 udp4", changed(sock.IPTTL, 7, 255, 1)},
	"IPTransparent": {sock.IPTransparent, "IP_TRANSPARENT", "tcp4 udp4", privileged(toggled(sock.IPTransparent))},
	"IPUnicastIf":   {sock.IPUnicastIf, "IP_UNICAST_IF", "udp4", changed(sock.IPUnicastIf, 1)},
}

// On Linux the option has the name of the control message.
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

// connected is a peer for s, on the loopback.
func connected(t *testing.T, network string, s *sock.Socket) sock.Addr {
	t.Helper()
	_, to := bound(t, network, sock.Dgram)
	if err := s.Connect(to); err != nil {
		t.Fatal(err)
	}
	return to
}

func pathMTU4(t *testing.T, s *sock.Socket) {
	untold(sock.IPMTU, syscall.ENOTCONN)(t, s)
	connected(t, "udp4", s)
	told(sock.IPMTU, func(v int) bool { return v >= 1500 })(t, s)
}

// multicastIndex finds that the kernel has the interface by what it tells of it.
func multicastIndex(t *testing.T, s *sock.Socket) {
	o := sock.IPMulticastIfIndex
	for _, v := range []int{1, 0} {
		is(t, o.Set(s, v), nil)
		if got, err := o.Get(s); runtime.GOOS != "linux" && (err != nil || got != v) || runtime.GOOS == "linux" && !errors.Is(err, errors.ErrUnsupported) {
			t.Error(got, err)
		}
	}
	wrong(t, o.Set(s, 1<<30), "setsockopt "+ifIndexName(), sock.Addr{}, syscall.EADDRNOTAVAIL, syscall.ENXIO)
	misused(t, o.Set(s, -1), "setsockopt "+ifIndexName(), syscall.EINVAL)
}

func optionsSent(t *testing.T, s *sock.Socket) {
	o := sock.IPOptions
	for _, v := range [][]byte{nil, {1, 1, 1, 0}, {}} { // three that do nothing, and the end
		is(t, o.Set(s, v), nil)
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

// What is not an address of IPv4 is refused, and what is mapped is one.
func TestOptionMulticastIf(t *testing.T) {
	t.Parallel()
	s := open(t, sock.Inet, sock.Dgram)
	for _, v := range []netip.Addr{{}, netip.IPv6Loopback(), netip.MustParseAddr("fe80::1%1")} {
		is(t, sock.IPMulticastIf.Set(s, v), syscall.EINVAL)
	}
	is(t, sock.IPMulticastIf.Set(s, netip.MustParseAddr("::ffff:127.0.0.1")), nil)
	holds(t, sock.IPMulticastIf, s, netip.MustParseAddr("127.0.0.1"))
	is(t, sock.IPMulticastIf.Set(s, netip.IPv4Unspecified()), nil)
	holds(t, sock.IPMulticastIf, s, netip.IPv4Unspecified())
	for _, v := range []int{-2, 256, 1<<31 - 1} {
		is(t, sock.IPMulticastTTL.Set(s, v), syscall.EINVAL)
	}
}

// IPUnicastIf is in network byte order; an index that is none shows it.
func TestOptionUnicastIf(t *testing.T) {
	t.Parallel()
	s := open(t, sock.Inet, sock.Dgram)
	err := sock.IPUnicastIf.Set(s, 1)
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip(err)
	}
	is(t, err, nil)
	wrong(t, sock.IPUnicastIf.Set(s, 1<<24), "setsockopt IP_UNICAST_IF", sock.Addr{}, syscall.EADDRNOTAVAIL)
	is(t, sock.IPUnicastIf.Set(s, -1), syscall.EINVAL)
	holds(t, sock.IPUnicastIf, s, 1)
}

// A socket that is bound with no port given has one of the range.
func TestOptionLocalPortRange(t *testing.T) {
	t.Parallel()
	s := open(t, sock.Inet, sock.Dgram)
	want := sock.PortRangeValue{Low: 41000, High: 41999}
	if err := sock.IPLocalPortRange.Set(s, want); err != nil {
		if !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, syscall.ENOPROTOOPT) {
			t.Error(err)
		}
		t.Skip(err)
	}
	is(t, s.Bind(addr(t, "127.0.0.1:0")), nil)
	at, err := s.Name()
	if port := at.AddrPort().Port(); err != nil || port < want.Low || port > want.High {
		t.Errorf("%v, %v, want a port of %v", at, err, want)
	}
	wrong(t, sock.IPLocalPortRange.Set(s, sock.PortRangeValue{Low: 2, High: 1}), "setsockopt IP_LOCAL_PORT_RANGE", sock.Addr{}, syscall.EINVAL)
}

func alerted(t *testing.T, s *sock.Socket) {
	is(t, sock.IPRouterAlert.Set(s, true), nil)
	is(t, sock.IPRouterAlert.Set(s, false), nil)
}

func TestMTUDiscoverValueString(t *testing.T) {
	t.Parallel()
	for v, want := range map[sock.MTUDiscoverValue]string{sock.MTUDiscoverDont: "IP_PMTUDISC_DONT", sock.MTUDiscoverDo: "IP_PMTUDISC_DO", sock.MTUDiscoverOmit: "IP_PMTUDISC_OMIT", 6: "6", -1: "-1"} {
		if got := v.String(); got != want {
			t.Errorf("%d is %s, want %s", int(v), got, want)
		}
	}
}
