package sock_test

import (
	"net/netip"
	"runtime"
	"syscall"
	"testing"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/sockopt"
)

var ipv6Options = map[string]optionCase{
	"IPv6AddrPreferences": {sockopt.IPv6AddrPreferences, "IPV6_ADDR_PREFERENCES", "udp6", addrPreferences},
	"IPv6AutoFlowLabel":   {sockopt.IPv6AutoFlowLabel, "IPV6_AUTOFLOWLABEL", "tcp6 udp6", toggled(sockopt.IPv6AutoFlowLabel)},
	"IPv6BindAny":         {sockopt.IPv6BindAny, "IPV6_BINDANY", "tcp6", privileged(toggled(sockopt.IPv6BindAny))},
	"IPv6BoundIf":         {sockopt.IPv6BoundIf, "IPV6_BOUND_IF", "udp6", changed(sockopt.IPv6BoundIf, 1)},
	"IPv6Checksum":        {sockopt.IPv6Checksum, "IPV6_CHECKSUM", "raw6", settable(sockopt.IPv6Checksum, 2, 0)},
	"IPv6DontFrag":        {sockopt.IPv6DontFrag, "IPV6_DONTFRAG", "udp6", toggled(sockopt.IPv6DontFrag)},
	"IPv6FlowInfo":        {sockopt.IPv6FlowInfo, "IPV6_FLOWINFO", "udp6", toggled(sockopt.IPv6FlowInfo)},
	"IPv6FlowInfoSend":    {sockopt.IPv6FlowInfoSend, "IPV6_FLOWINFO_SEND", "udp6", toggled(sockopt.IPv6FlowInfoSend)},
	"IPv6FreeBind":        {sockopt.IPv6FreeBind, "IPV6_FREEBIND", "tcp6 udp6", toggled(sockopt.IPv6FreeBind)},
	"IPv6HdrIncl":         {sockopt.IPv6HdrIncl, "IPV6_HDRINCL", "raw6", toggled(sockopt.IPv6HdrIncl)},
	"IPv6MTU":             {sockopt.IPv6MTU, "IPV6_MTU", "udp6", pathMTU6},
	"IPv6MTUDiscover":     {sockopt.IPv6MTUDiscover, "IPV6_MTU_DISCOVER", "tcp6 udp6 raw6", settable(sockopt.IPv6MTUDiscover, sockopt.MTUDiscoverDont, sockopt.MTUDiscoverWant, sockopt.MTUDiscoverDo, sockopt.MTUDiscoverProbe, sockopt.MTUDiscoverInterface, sockopt.MTUDiscoverOmit)},
	"IPv6MinHopCount":     {sockopt.IPv6MinHopCount, "IPV6_MINHOPCOUNT", "tcp6 udp6", changed(sockopt.IPv6MinHopCount, 1, 255)},
	"IPv6MulticastAll":    {sockopt.IPv6MulticastAll, "IPV6_MULTICAST_ALL", "udp6", toggled(sockopt.IPv6MulticastAll)},
	"IPv6MulticastHops":   {sockopt.IPv6MulticastHops, "IPV6_MULTICAST_HOPS", "udp6", changed(sockopt.IPv6MulticastHops, 0, 7, 255)},
	"IPv6MulticastIf":     {sockopt.IPv6MulticastIf, "IPV6_MULTICAST_IF", "udp6", changed(sockopt.IPv6MulticastIf, 1)},
	"IPv6MulticastLoop":   {sockopt.IPv6MulticastLoop, "IPV6_MULTICAST_LOOP", "udp6", toggled(sockopt.IPv6MulticastLoop)},
	"IPv6Only":            {sockopt.IPv6Only, "IPV6_V6ONLY", "tcp6 udp6", toggled(sockopt.IPv6Only)},
	"IPv6OriginalDst":     {sockopt.IPv6OriginalDst, "IP6T_SO_ORIGINAL_DST", "tcp6", cannotRead(sockopt.IPv6OriginalDst, syscall.ENOPROTOOPT, syscall.ENOENT, syscall.ENOTCONN)},
	"IPv6PathMTU":         {sockopt.IPv6PathMTU, "IPV6_PATHMTU", "udp6", pathMTUOf},
	"IPv6PktInfo":         {sockopt.IPv6PktInfo, "IPV6_PKTINFO", "udp6", pktInfo6},
	"IPv6PortRange":       {sockopt.IPv6PortRange, "IPV6_PORTRANGE", "udp6", changed(sockopt.IPv6PortRange, 1, 2)},
	"IPv6RecvDstOpts":     {sockopt.IPv6RecvDstOpts, "IPV6_RECVDSTOPTS", "udp6", toggled(sockopt.IPv6RecvDstOpts)},
	"IPv6RecvErr":         {sockopt.IPv6RecvErr, "IPV6_RECVERR", "tcp6 udp6 raw6", toggled(sockopt.IPv6RecvErr)},
	"IPv6RecvErrRFC4884":  {sockopt.IPv6RecvErrRFC4884, "IPV6_RECVERR_RFC4884", "udp6", toggled(sockopt.IPv6RecvErrRFC4884)},
	"IPv6RecvFragSize":    {sockopt.IPv6RecvFragSize, "IPV6_RECVFRAGSIZE", "udp6", toggled(sockopt.IPv6RecvFragSize)},
	"IPv6RecvHopLimit":    {sockopt.IPv6RecvHopLimit, "IPV6_RECVHOPLIMIT", "udp6 icmp6", toggled(sockopt.IPv6RecvHopLimit)},
	"IPv6RecvHopOpts":     {sockopt.IPv6RecvHopOpts, "IPV6_RECVHOPOPTS", "udp6", privileged(toggled(sockopt.IPv6RecvHopOpts))},
	"IPv6RecvOrigDstAddr": {sockopt.IPv6RecvOrigDstAddr, "IPV6_RECVORIGDSTADDR", "udp6", func(t *testing.T, s *sock.Socket) {
		if runtime.GOOS == "freebsd" { // ip6_ctloutput sets it and does not read it back
			wantErr(t, sockopt.IPv6RecvOrigDstAddr.Set(s, true), nil)
			return
		}
		toggled(sockopt.IPv6RecvOrigDstAddr)(t, s)
	}},
	"IPv6RecvPathMTU": {sockopt.IPv6RecvPathMTU, "IPV6_RECVPATHMTU", "udp6", toggled(sockopt.IPv6RecvPathMTU)},
	"IPv6RecvPktInfo": {sockopt.IPv6RecvPktInfo, "IPV6_RECVPKTINFO", "udp6 icmp6", toggled(sockopt.IPv6RecvPktInfo)},
	"IPv6RecvRtHdr":   {sockopt.IPv6RecvRtHdr, "IPV6_RECVRTHDR", "udp6", toggled(sockopt.IPv6RecvRtHdr)},
	"IPv6RecvTClass":  {sockopt.IPv6RecvTClass, "IPV6_RECVTCLASS", "udp6", toggled(sockopt.IPv6RecvTClass)},
	"IPv6RouterAlert": {sockopt.IPv6RouterAlert, "IPV6_ROUTER_ALERT", "rawip6", both(written0(sockopt.IPv6RouterAlert, 0), written0(sockopt.IPv6RouterAlert, -1))},
	"IPv6TClass":      {sockopt.IPv6TClass, "IPV6_TCLASS", "tcp6 udp6", changed(sockopt.IPv6TClass, 4, 0xb8, 0xfc)},
	"IPv6Transparent": {sockopt.IPv6Transparent, "IPV6_TRANSPARENT", "tcp6 udp6", privileged(toggled(sockopt.IPv6Transparent))},
	"IPv6UnicastHops": {sockopt.IPv6UnicastHops, "IPV6_UNICAST_HOPS", "tcp6 udp6", changed(sockopt.IPv6UnicastHops, 7, 255, 1)},
	"IPv6UnicastIf":   {sockopt.IPv6UnicastIf, "IPV6_UNICAST_IF", "udp6", changed(sockopt.IPv6UnicastIf, 1)},
	"IPv6UseMinMTU":   {sockopt.IPv6UseMinMTU, "IPV6_USE_MIN_MTU", "udp6", changed(sockopt.IPv6UseMinMTU, 1, 0)},
}

func pathMTU6(t *testing.T, s *sock.Socket) {
	_, err := sockopt.IPv6MTU.Get(s)
	wrong(t, err, "getsockopt IPV6_MTU", sock.Addr{}, syscall.ENOTCONN)
	connected(t, "udp6", s)
	if v, err := sockopt.IPv6MTU.Get(s); err != nil || v < 1280 {
		t.Error(v, err)
	}
	wantErr(t, sockopt.IPv6MTU.Set(s, 1400), nil)
	wrong(t, sockopt.IPv6MTU.Set(s, 1000), "setsockopt IPV6_MTU", sock.Addr{}, syscall.EINVAL)
	wantErr(t, sockopt.IPv6MTU.Set(s, 0), nil)
}

func pathMTUOf(t *testing.T, s *sock.Socket) {
	cannotRead(sockopt.IPv6PathMTU, syscall.ENOTCONN)(t, s)
	to := connected(t, "udp6", s)
	readOnly(sockopt.IPv6PathMTU, func(v sockopt.IPv6PathMTUValue) bool {
		return v.MTU >= 1280 && (runtime.GOOS == "linux" || runtime.GOOS == "freebsd" || v.Addr.AddrPort().Addr() == to.AddrPort().Addr())
	})(t, s)
}

func addrPreferences(t *testing.T, s *sock.Socket) {
	for _, v := range []int{1, 2} {
		wantErr(t, sockopt.IPv6AddrPreferences.Set(s, v), nil)
		if got, err := sockopt.IPv6AddrPreferences.Get(s); err != nil || got&3 != v { // a read returns the other pairs too
			t.Errorf("%#x, %v, want %#x", got, err, v)
		}
	}
}

func pktInfo6(t *testing.T, s *sock.Socket) {
	o := sockopt.IPv6PktInfo
	for _, v := range []sockopt.IPv6PktInfoValue{{Index: 1}, {Addr: netip.IPv6Loopback(), Index: 1}, {Addr: netip.IPv6Unspecified()}, {}} {
		wantErr(t, o.Set(s, v), nil)
		if runtime.GOOS == "linux" {
			_, err := o.Get(s)
			wrong(t, err, "getsockopt IPV6_PKTINFO", sock.Addr{}, syscall.ENOPROTOOPT)
		} else if got, err := o.Get(s); err != nil || got.Index != v.Index {
			t.Error(got, err)
		}
	}
	for _, v := range []sockopt.IPv6PktInfoValue{{Index: -1}, {Addr: netip.IPv4Unspecified()}, {Addr: netip.MustParseAddr("fe80::1%1")}} {
		misused(t, o.Set(s, v), "setsockopt IPV6_PKTINFO", syscall.EINVAL)
	}
}
