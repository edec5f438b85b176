package sock_test

import (
	"net"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/sockopt"
)

// A wire has two senders and one listener to test groups. Each listener has its own port,
// so that datagrams of other tests do not arrive there.
type wire struct {
	group            netip.Addr
	listens          netip.Addr    // the listener's address, by unicast
	listensBy        int           // its interface
	sends            [2]netip.Addr // the senders'
	sendBy           int
	there, elsewhere namespace // of the listener, of the senders
}

// loopback is the index of the loopback interface, in every network namespace.
const loopback = 1

var loopback4 = wire{
	group:     netip.MustParseAddr("239.1.2.3"),
	listens:   netip.MustParseAddr("127.0.0.1"),
	listensBy: loopback,
	sends:     [2]netip.Addr{netip.MustParseAddr("127.0.0.2"), netip.MustParseAddr("127.0.0.3")},
	sendBy:    loopback,
}

// all is the group for all senders.
func (w wire) all() sock.Group { return sock.Group{Addr: w.group, Interface: w.listensBy} }

// from is the group for one of them.
func (w wire) from(sender int) sock.Group {
	return sock.Group{Addr: w.group, Interface: w.listensBy, Source: w.sends[sender]}
}

// A listener receives datagrams for its port, by unicast and to its groups.
type listener struct {
	*sock.Socket
	at netip.AddrPort
}

// listener opens one. It is bound to the unspecified address, and the kernel's
// list of its memberships is all that decides.
func (w wire) listener(t testing.TB, set ...sock.Setting) listener {
	t.Helper()
	defer w.there.enter(t)()
	unspecified, d := netip.IPv4Unspecified(), sock.Inet
	if w.listens.Is6() {
		unspecified, d = netip.IPv6Unspecified(), sock.Inet6
	}
	s := open(t, d, sock.Dgram, set...)
	setInt(t, s, unix.IPPROTO_IP, unix.IP_MULTICAST_ALL, 0)
	if d == sock.Inet6 {
		setInt(t, s, unix.IPPROTO_IPV6, unix.IPV6_MULTICAST_ALL, 0)
	}
	wantErr(t, s.Bind(at(t, unspecified, 0)), nil)
	name, err := s.Sockname()
	if err != nil {
		t.Fatal(err)
	}
	wantErr(t, s.SetReadDeadline(time.Now().Add(10*time.Second)), nil)
	return listener{s, netip.AddrPortFrom(w.listens, name.Port())}
}

func at(t testing.TB, ip netip.Addr, port uint16) sock.Addr {
	t.Helper()
	a, err := sock.AddrFrom(netip.AddrPortFrom(ip, port))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// hears fails the test unless text is the next that arrives.
func (l listener) hears(t testing.TB, text string) {
	t.Helper()
	p := make([]byte, 100)
	n, from, err := l.RecvFrom(p, 0)
	if string(p[:n]) != text || err != nil {
		t.Fatalf("heard %q from %v, %v, want %q", p[:n], from, err, text)
	}
}

// A sender sends from one address, to groups by one interface.
type sender struct{ *sock.Socket }

func (w wire) senders(t testing.TB) (a, b sender) {
	t.Helper()
	defer w.elsewhere.enter(t)()
	var both [2]sender
	for i, own := range w.sends {
		a := at(t, own, 0)
		s := open(t, a.Domain(), sock.Dgram)
		wantErr(t, sendBy(s, w.sendBy), nil)
		wantErr(t, s.Bind(a), nil)
		both[i] = sender{s}
	}
	return both[0], both[1]
}

// sendBy chooses the interface that s sends to groups by.
func sendBy(s *sock.Socket, ifindex int) error {
	return s.WithFD(func(fd int) error {
		if s.Domain() == sock.Inet6 {
			return unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_MULTICAST_IF, ifindex)
		}
		return unix.SetsockoptIPMreqn(fd, unix.IPPROTO_IP, unix.IP_MULTICAST_IF, &unix.IPMreqn{Ifindex: int32(ifindex)})
	})
}

func (s sender) says(t testing.TB, to netip.Addr, port uint16, text string) {
	t.Helper()
	if n, err := s.SendTo([]byte(text), 0, at(t, to, port)); n != len(text) || err != nil {
		t.Fatal(n, err)
	}
}

// unheard fails the test if l hears what is said to the group: what is said after
// it, to l alone, comes first.
func (s sender) unheard(t testing.TB, l listener, to netip.Addr) {
	t.Helper()
	s.says(t, to, l.at.Port(), "to the group")
	s.says(t, l.at.Addr(), l.at.Port(), "to it alone")
	l.hears(t, "to it alone")
}

// heard fails the test if l does not hear what is said to the group.
func (s sender) heard(t testing.TB, l listener, to netip.Addr) {
	t.Helper()
	text := "to you all, at " + time.Now().String()
	s.says(t, to, l.at.Port(), text)
	l.hears(t, text)
}

func TestGroupLoopback(t *testing.T) {
	t.Parallel()
	loopback4.tried(t)
}

// tried is what there is to try, in any family.
func (w wire) tried(t *testing.T) {
	t.Run("join and leave", w.joinLeave)
	t.Run("source", w.source)
	t.Run("block", w.block)
	t.Run("narrowed", w.narrowed)
	t.Run("joined", w.joined)
}

func (w wire) joinLeave(t *testing.T) {
	l, g := w.listener(t), w.all()
	s, _ := w.senders(t)
	s.unheard(t, l, w.group)
	wantErr(t, l.JoinGroup(g), nil)
	wantErr(t, l.JoinGroup(g), syscall.EADDRINUSE)
	s.heard(t, l, w.group)
	wantErr(t, l.LeaveGroup(g), nil)
	wantErr(t, l.LeaveGroup(g), syscall.EADDRNOTAVAIL)
	s.unheard(t, l, w.group)

	l.SetNonblock(true) // makes no difference
	wantErr(t, l.JoinGroup(g), nil)
	wantErr(t, l.JoinGroup(g), syscall.EADDRINUSE)
	l.SetNonblock(false)
	s.heard(t, l, w.group)

	end(t, l.Socket)
	wantErr(t, l.LeaveGroup(g), net.ErrClosed)
	wantErr(t, l.JoinGroup(g), net.ErrClosed)
}

// One sender of two is wanted, then both.
func (w wire) source(t *testing.T) {
	l := w.listener(t)
	a, b := w.senders(t)
	wantErr(t, l.JoinGroup(w.from(0)), nil)
	wantErr(t, l.JoinGroup(w.from(0)), syscall.EADDRNOTAVAIL)
	wantErr(t, l.JoinGroup(w.all()), syscall.EADDRINUSE)
	wantErr(t, l.BlockSource(w.from(1)), syscall.EINVAL)
	a.heard(t, l, w.group)
	b.unheard(t, l, w.group)
	wantErr(t, l.LeaveGroup(w.from(1)), syscall.EADDRNOTAVAIL)

	wantErr(t, l.JoinGroup(w.from(1)), nil)
	a.heard(t, l, w.group)
	b.heard(t, l, w.group)
	wantErr(t, l.LeaveGroup(w.from(0)), nil)
	a.unheard(t, l, w.group)
	b.heard(t, l, w.group)
	wantErr(t, l.JoinGroup(w.from(0)), nil)

	wantErr(t, l.LeaveGroup(w.all()), nil)
	a.unheard(t, l, w.group)
	b.unheard(t, l, w.group)
}

func (w wire) block(t *testing.T) {
	l := w.listener(t)
	a, b := w.senders(t)
	wantErr(t, l.BlockSource(w.from(0)), syscall.EINVAL) // not a member
	wantErr(t, l.JoinGroup(w.all()), nil)
	wantErr(t, l.UnblockSource(w.from(0)), syscall.EADDRNOTAVAIL)
	a.heard(t, l, w.group)

	wantErr(t, l.BlockSource(w.from(0)), nil)
	wantErr(t, l.BlockSource(w.from(0)), syscall.EADDRNOTAVAIL)
	wantErr(t, l.JoinGroup(w.from(1)), syscall.EINVAL)
	a.unheard(t, l, w.group)
	b.heard(t, l, w.group)

	wantErr(t, l.UnblockSource(w.from(0)), nil)
	wantErr(t, l.UnblockSource(w.from(0)), syscall.EADDRNOTAVAIL)
	a.heard(t, l, w.group)
	b.heard(t, l, w.group)
}

// A membership for all becomes one for a single sender on Linux, if it has not
// blocked any.
func (w wire) narrowed(t *testing.T) {
	l := w.listener(t)
	a, b := w.senders(t)
	wantErr(t, l.JoinGroup(w.all()), nil)
	a.heard(t, l, w.group)
	wantErr(t, l.JoinGroup(w.from(1)), nil)
	a.unheard(t, l, w.group)
	b.heard(t, l, w.group)
}

func (w wire) joined(t *testing.T) {
	l := w.listener(t, w.from(0).Joined(), w.from(1).Joined())
	a, b := w.senders(t)
	a.heard(t, l, w.group)
	b.heard(t, l, w.group)
}

// A dual-stack socket is a member of a group of IPv4, on Linux, and hears it.
func TestGroupDualStack(t *testing.T) {
	t.Parallel()
	needIPv6(t)
	w := loopback4
	s, _ := w.senders(t)
	w.listens = netip.IPv6Loopback()
	l := w.listener(t, sockopt.IPv6Only.With(false))
	l.at = netip.AddrPortFrom(loopback4.listens, l.at.Port())
	s.unheard(t, l, w.group)
	wantErr(t, l.JoinGroup(w.all()), nil)
	s.heard(t, l, w.group)
	wantErr(t, l.LeaveGroup(w.all()), nil)
	s.unheard(t, l, w.group)
}

// A zone stands for the interface, and an interface of 0, in LeaveGroup of IPv6,
// for the first.
func TestGroupZone(t *testing.T) {
	t.Parallel()
	needIPv6(t)
	s := open(t, sock.Inet6, sock.Dgram)
	group := netip.MustParseAddr("ff12::1:4")
	here := sock.Group{Addr: group, Interface: loopback}
	wantErr(t, s.JoinGroup(sock.Group{Addr: group.WithZone("1")}), nil)
	wantErr(t, s.JoinGroup(here), syscall.EADDRINUSE)
	wantErr(t, s.LeaveGroup(sock.Group{Addr: group.WithZone("1"), Interface: loopback}), nil)
	wantErr(t, s.LeaveGroup(here), syscall.EADDRNOTAVAIL)

	of := here
	of.Source = netip.MustParseAddr("fe80::1")
	wantErr(t, s.JoinGroup(sock.Group{Addr: group, Source: of.Source.WithZone("1")}), nil)
	wantErr(t, s.LeaveGroup(of), nil)

	wantErr(t, s.JoinGroup(here), nil)
	wantErr(t, s.LeaveGroup(sock.Group{Addr: group}), nil)
	wantErr(t, s.LeaveGroup(here), syscall.EADDRNOTAVAIL)
}

// By name it is looked up.
func TestGroupZoneName(t *testing.T) {
	t.Parallel()
	needIPv6(t)
	name, index := loopbackInterface(t)
	s := open(t, sock.Inet6, sock.Dgram)
	group := netip.MustParseAddr("ff12::1:4")
	wantErr(t, s.JoinGroup(sock.Group{Addr: group.WithZone(name)}), nil)
	wantErr(t, s.LeaveGroup(sock.Group{Addr: group, Interface: index}), nil)
}

// What the kernel says.
func TestGroupErrno(t *testing.T) {
	t.Parallel()
	needIPv6(t)
	four := sock.Group{Addr: netip.MustParseAddr("239.1.2.6"), Interface: loopback}
	six := sock.Group{Addr: netip.MustParseAddr("ff15::1:5"), Interface: loopback}
	nowhere := func(g sock.Group) sock.Group { g.Interface = 1 << 30; return g }
	of := func(g sock.Group, source string) sock.Group { g.Source = netip.MustParseAddr(source); return g }
	join, leave := (*sock.Socket).JoinGroup, (*sock.Socket).LeaveGroup
	block, unblock := (*sock.Socket).BlockSource, (*sock.Socket).UnblockSource
	in4, in6 := open(t, sock.Inet, sock.Dgram), open(t, sock.Inet6, sock.Dgram)
	for name, c := range map[string]struct {
		do   func(*sock.Socket, sock.Group) error
		s    *sock.Socket
		g    sock.Group
		op   string
		want error
	}{
		"ENODEV":                          {join, in4, nowhere(four), "joingroup", syscall.ENODEV},
		"ENODEV IPv6":                     {join, in6, nowhere(six), "joingroup", syscall.ENODEV},
		"ENODEV a source":                 {join, in4, nowhere(of(four, "192.0.2.1")), "joingroup", syscall.ENODEV},
		"ENODEV a source, IPv6":           {join, in6, nowhere(of(six, "2001:db8::1")), "joingroup", syscall.ENODEV},
		"ENODEV leave":                    {leave, in4, nowhere(four), "leavegroup", syscall.EADDRNOTAVAIL},
		"ENODEV leave, IPv6":              {leave, in6, nowhere(six), "leavegroup", syscall.EADDRNOTAVAIL},
		"ENODEV block":                    {block, in4, nowhere(of(four, "192.0.2.1")), "blocksource", syscall.ENODEV},
		"ENODEV block, IPv6":              {block, in6, nowhere(of(six, "2001:db8::1")), "blocksource", syscall.ENODEV},
		"EADDRNOTAVAIL leave":             {leave, in4, four, "leavegroup", syscall.EADDRNOTAVAIL},
		"EADDRNOTAVAIL leave, IPv6":       {leave, in6, six, "leavegroup", syscall.EADDRNOTAVAIL},
		"EINVAL leave a source":           {leave, in4, of(four, "192.0.2.1"), "leavegroup", syscall.EINVAL},
		"EINVAL unblock, not a member":    {unblock, in4, of(four, "192.0.2.1"), "unblocksource", syscall.EINVAL},
		"EINVAL unblock, not one of IPv6": {unblock, in6, of(six, "2001:db8::1"), "unblocksource", syscall.EINVAL},
		"ENOPROTOOPT IPv6 on IPv4":        {join, in4, six, "joingroup", syscall.ENOPROTOOPT},
		"EOPNOTSUPP unix":                 {join, open(t, sock.Unix, sock.Dgram), four, "joingroup", syscall.EOPNOTSUPP},
		"none, a stream that hears none":  {join, open(t, sock.Inet, sock.Stream), four, "joingroup", nil},
		"none, of IPv6":                   {join, open(t, sock.Inet6, sock.Stream), six, "joingroup", nil},
	} {
		t.Run(name, func(t *testing.T) {
			wrong(t, c.do(c.s, c.g), c.op, at(t, c.g.Addr, 0), c.want)
		})
	}
	if err := in4.JoinGroup(six); !strings.Contains(err.Error(), "an AF_INET6 group for an AF_INET socket: ") {
		t.Error(err)
	}
}

// The limits: of groups of a socket, and of senders of a group.
func TestGroupLimits(t *testing.T) {
	t.Parallel()
	s := open(t, sock.Inet, sock.Dgram)
	g := sock.Group{Addr: netip.MustParseAddr("239.2.0.0"), Interface: loopback}
	n := many(t, func(int) error { g.Addr = g.Addr.Next(); return s.JoinGroup(g) })
	wantErr(t, s.JoinGroup(g), syscall.ENOBUFS)
	t.Log(n, "groups")
	of := sock.Group{Addr: netip.MustParseAddr("239.2.0.1"), Interface: loopback, Source: netip.MustParseAddr("192.0.2.0")}
	n = many(t, func(int) error { of.Source = of.Source.Next(); return s.BlockSource(of) })
	wantErr(t, s.BlockSource(of), syscall.ENOBUFS)
	t.Log(n, "blocked")
	of.Source = netip.MustParseAddr("192.0.2.1")
	wantErr(t, s.UnblockSource(of), nil)
	wantErr(t, s.BlockSource(of), nil)
}

// many returns how often do went well.
func many(t testing.TB, do func(n int) error) int {
	t.Helper()
	for n := range 10_000 {
		if err := do(n); err != nil {
			return n
		}
	}
	t.Skip("no limit")
	return 0
}
