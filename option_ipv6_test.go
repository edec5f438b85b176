package sock_test

import (
	"github.com/berkeleysockets/sock"
	"net/netip"
	"runtime"
	"syscall"
	"testing"
)

var ipv6Options = map[string]optionCase{
	"IPv6AddrPreferences": {sock.IPv6AddrPreferences, "IPV6_ADDR_PREFERENCES", "udp6", addrPreferences},
	"IPv6AutoFlowLabel":   {sock.IPv6AutoFlowLabel, "IPV6_AUTOFLOWLABEL", "tcp6 udp6", toggled(sock.IPv6AutoFlowLabel)},
	"IPv6BindAny":         {sock.IPv6BindAny, "IPV6_BINDANY", "tcp6", privileged(toggled(sock.IPv6BindAny))},
	"IPv6BoundIf":         {sock.IPv6BoundIf, "IPV6_BOUND_IF", "udp6", changed(sock.IPv6BoundIf, 1)},
	"IPv6Checksum":        {sock.IPv6Checksum, "IPV6_CHECKSUM", "raw6", settable(sock.IPv6Checksum, 2, 0)},
	"IPv6DontFrag":        {sock.IPv6DontFrag, "IPV6_DONTFRAG", "udp6", toggled(sock.IPv6DontFrag)},
	"IPv6FlowInfo":        {sock.IPv6FlowInfo, "IPV6_FLOWINFO", "udp6", toggled(sock.IPv6FlowInfo)},
	"IPv6FlowInfoSend":    {sock.IPv6FlowInfoSend, "IPV6_FLOWINFO_SEND", "udp6", toggled(sock.IPv6FlowInfoSend)},
	"IPv6FreeBind":        {sock.IPv6FreeBind, "IPV6_FREEBIND", "tcp6 udp6", toggled(sock.IPv6FreeBind)},
	"IPv6HdrIncl":         {sock.IPv6HdrIncl, "IPV6_HDRINCL", "raw6", toggled(sock.IPv6HdrIncl)},
	"IPv6MTU":             {sock.IPv6MTU, "IPV6_MTU", "udp6", pathMTU6},
	"IPv6MTUDiscover":     {sock.IPv6MTUDiscover, "IPV6_MTU_DISCOVER", "tcp6 udp6 raw6", settable(sock.IPv6MTUDiscover, sock.MTUDiscoverDont, sock.MTUDiscoverWant, sock.MTUDiscoverDo, sock.MTUDiscoverProbe, sock.MTUDiscoverInterface, sock.MTUDiscoverOmit)},
	"IPv6MinHopCount":     {sock.IPv6MinHopCount, "IPV6_MINHOPCOUNT", "tcp6 udp6", changed(sock.IPv6MinHopCount, 1, 255)},
	"IPv6MulticastAll":    {sock.IPv6MulticastAll, "IPV6_MULTICAST_ALL", "udp6", toggled(sock.IPv6MulticastAll)},
	"IPv6MulticastHops":   {sock.IPv6MulticastHops, "IPV6_MULTICAST_HOPS", "udp6", changed(sock.IPv6MulticastHops, 0, 7, 255)},
	"IPv6MulticastIf":     {sock.IPv6MulticastIf, "IPV6_MULTICAST_IF", "udp6", changed(sock.IPv6MulticastIf, 1)},
	"IPv6MulticastLoop":   {sock.IPv6MulticastLoop, "IPV6_MULTICAST_LOOP", "udp6", toggled(sock.IPv6MulticastLoop)},
	"IPv6Only":            {sock.IPv6Only, "IPV6_V6ONLY", "tcp6 udp6", toggled(sock.IPv6Only)},
	"IPv6OriginalDst":     {sock.IPv6OriginalDst, "IP6T_SO_ORIGINAL_DST", "tcp6", untold(sock.IPv6OriginalDst, syscall.ENOPROTOOPT, syscall.ENOENT, syscall.ENOTCONN)},
	"IPv6PathMTU":         {sock.IPv6PathMTU, "IPV6_PATHMTU", "udp6", pathMTUOf},
	"IPv6PktInfo":         {sock.IPv6PktInfo, "IPV6_PKTINFO", "udp6", pktInfo6},
	"IPv6PortRange":       {sock.IPv6PortRange, "IPV6_PORTRANGE", "udp6", changed(sock.IPv6PortRange, 1, 2)},
	"IPv6RecvDstOpts":     {sock.IPv6RecvDstOpts, "IPV6_RECVDSTOPTS", "udp6", toggled(sock.IPv6RecvDstOpts)},
	"IPv6RecvErr":         {sock.IPv6RecvErr, "IPV6_RECVERR", "tcp6 udp6 raw6", toggled(sock.IPv6RecvErr)},
	"IPv6RecvErrRFC4884":  {sock.IPv6RecvErrRFC4884, "IPV6_RECVERR_RFC4884", "udp6", toggled(sock.IPv6RecvErrRFC4884)},
	"IPv6RecvFragSize":    {sock.IPv6RecvFragSize, "IPV6_RECVFRAGSIZE", "udp6", toggled(sock.IPv6RecvFragSize)},
	"IPv6RecvHopLimit":    {sock.IPv6RecvHopLimit, "IPV6_RECVHOPLIMIT", "udp6 icmp6", toggled(sock.IPv6RecvHopLimit)},
	"IPv6RecvHopOpts":     {sock.IPv6RecvHopOpts, "IPV6_RECVHOPOPTS", "udp6", privileged(toggled(sock.IPv6RecvHopOpts))},
	"IPv6RecvOrigDstAddr": {sock.IPv6RecvOrigDstAddr, "IPV6_RECVORIGDSTADDR", "udp6", func(t *testing.T, s *sock.Socket) {
		if runtime.GOOS == "freebsd" { // set, and not read: ip6_ctloutput forgets it
			is(t, sock.IPv6RecvOrigDstAddr.Set(s, true), nil)
			return
		}
		toggled(sock.IPv6RecvOrigDstAddr)(t, s)
	}},
	"IPv6RecvPathMTU": {sock.IPv6RecvPathMTU, "IPV6_RECVPATHMTU", "udp6", toggled(sock.IPv6RecvPathMTU)},
	"IPv6RecvPktInfo": {sock.IPv6RecvPktInfo, "IPV6_RECVPKTINFO", "udp6 icmp6", toggled(sock.IPv6RecvPktInfo)},
	"IPv6RecvRtHdr":   {sock.IPv6RecvRtHdr, "IPV6_RECVRTHDR", "udp6", toggled(sock.IPv6RecvRtHdr)},
	"IPv6RecvTClass":  {sock.IPv6RecvTClass, "IPV6_RECVTCLASS", "udp6", toggled(sock.IPv6RecvTClass)},
	"IPv6RouterAlert": {sock.IPv6RouterAlert, "IPV6_ROUTER_ALERT", "rawip6", both(written0(sock.IPv6RouterAlert, 0), written0(sock.IPv6RouterAlert, -1))},
	"IPv6TClass":      {sock.IPv6TClass, "IPV6_TCLASS", "tcp6 udp6", changed(sock.IPv6TClass, 4, 0xb8, 0xfc)},
	"IPv6Transparent": {sock.IPv6Transparent, "IPV6_TRANSPARENT", "tcp6 udp6", privileged(toggled(sock.IPv6Transparent))},
	"IPv6UnicastHops": {sock.IPv6UnicastHops, "IPV6_UNICAST_HOPS", "tcp6 udp6", changed(sock.IPv6UnicastHops, 7, 255, 1)},
	"IPv6UnicastIf":   {sock.IPv6UnicastIf, "IPV6_UNICAST_IF", "udp6", changed(sock.IPv6UnicastIf, 1)},
	"IPv6UseMinMTU":   {sock.IPv6UseMinMTU, "IPV6_USE_MIN_MTU", "udp6", changed(sock.IPv6UseMinMTU, 1, 0)},
}

func pathMTU6(t *testing.T, s *sock.Socket) {
	_, err := sock.IPv6MTU.Get(s)
	wrong(t, err, "getsockopt IPV6_MTU", sock.Addr{}, syscall.ENOTCONN)
	connected(t, "udp6", s)
	if v, err := sock.IPv6MTU.Get(s); err != nil || v < 1280 {
		t.Error(v, err)
	}
	is(t, sock.IPv6MTU.Set(s, 1400), nil)
	wrong(t, sock.IPv6MTU.Set(s, 1000), "setsockopt IPV6_MTU", sock.Addr{}, syscall.EINVAL)
	is(t, sock.IPv6MTU.Set(s, 0), nil)
}

func pathMTUOf(t *testing.T, s *sock.Socket) {
	untold(sock.IPv6PathMTU, syscall.ENOTCONN)(t, s)
	to := connected(t, "udp6", s)
	told(sock.IPv6PathMTU, func(v sock.IPv6PathMTUValue) bool {
		return v.MTU >= 1280 && (runtime.GOOS == "linux" || runtime.GOOS == "freebsd" || v.Addr.AddrPort().Addr() == to.AddrPort().Addr())
	})(t, s)
}

func addrPreferences(t *testing.T, s *sock.Socket) {
	for _, v := range []int{1, 2} {
		is(t, sock.IPv6AddrPreferences.Set(s, v), nil)
		if got, err := sock.IPv6AddrPreferences.Get(s); err != nil || got&3 != v { // the other pairs are told too
			t.Errorf("%#x, %v, want %#x", got, err, v)
		}
	}
}

func pktInfo6(t *testing.T, s *sock.Socket) {
	o := sock.IPv6PktInfo
	for _, v := range []sock.IPv6PktInfoValue{{Index: 1}, {Addr: netip.IPv6Loopback(), Index: 1}, {Addr: netip.IPv6Unspecified()}, {}} {
		is(t, o.Set(s, v), nil)
		if runtime.GOOS == "linux" {
			_, err := o.Get(s)
			wrong(t, err, "getsockopt IPV6_PKTINFO", sock.Addr{}, syscall.ENOPROTOOPT)
		} else if got, err := o.Get(s); err != nil || got.Index != v.Index {
			t.Error(got, err)
		}
	}
	for _, v := range []sock.IPv6PktInfoValue{{Index: -1}, {Addr: netip.IPv4Unspecified()}, {Addr: netip.MustParseAddr("fe80::1%1")}} {
		misused(t, o.Set(s, v), "setsockopt IPV6_PKTINFO", syscall.EINVAL)
	}
}
