package sock

import (
	"math"
	"net/netip"
	"strconv"

	"github.com/berkeleysockets/sock/internal/sys"
)

// A Group is a multicast group on one interface, optionally of one source. A datagram socket
// may be a member of several, and must be bound to the destination port. A zone of Addr or of
// Source is another way to give Interface, by its index or by a name, which is looked up; it
// must not contradict Interface.
type Group struct {
	Addr      netip.Addr // 224.0.0.0/4 or ff00::/8
	Interface int        // its index; 0 leaves the choice to the kernel's routes
	Source    netip.Addr // the sender, of the same family; the zero Addr for all
}

// String describes the group: its address, and the interface's index and the
// source, if they are set.
func (g Group) String() string {
	text := g.Addr.String()
	if g.Interface != 0 {
		text += ", interface " + strconv.Itoa(g.Interface)
	}
	if g.Source.IsValid() {
		text += ", source " + g.Source.String()
	}
	return printable(text) // a zone is any text
}

// JoinGroup makes the socket a member of a group: setsockopt(2). If Source is set the socket
// receives from that source alone, and from further sources after joining for each:
// source-specific multicast, for which 232.0.0.0/8 and ff3x::/32 are reserved. The membership
// ends with LeaveGroup or Close.
//
// On Linux a socket also receives for groups that other sockets of this machine have joined,
// if its port and address are the destination, unless IP_MULTICAST_ALL (IPV6_MULTICAST_ALL)
// is off. On Linux an IPv6 socket can join an IPv4 group unless it is sockopt.IPv6Only; and a
// member for all sources that has blocked none becomes a member for one source by joining for
// it. Other systems refuse both.
//
//	Linux                       MCAST_JOIN_GROUP, MCAST_JOIN_SOURCE_GROUP
//	FreeBSD, macOS              the same; with Interface 0 those below, and
//	                            IP_ADD_SOURCE_MEMBERSHIP
//	NetBSD, OpenBSD, DragonFly  IP_ADD_MEMBERSHIP, IPV6_JOIN_GROUP: they have no Source
//
// Errors: EINVAL (Addr is no group, Source is of the other family, a zone is not Interface,
// or a member for all sources, as above), ENODEV (no such interface, or no route to choose it
// by; EADDRNOTAVAIL on other systems), EADDRINUSE (a member already), EADDRNOTAVAIL (a member
// for this source already), ENOBUFS (too many groups of one socket, or sources of one group:
// on Linux net.ipv4.igmp_max_memberships, 20, and igmp_max_msf, 10, and
// net.ipv6.mld_max_msf, 64), ENOPROTOOPT and EOPNOTSUPP (an IPv6 group for an IPv4 socket, a
// socket of another kind), [errors.ErrUnsupported] (Source).
//
// Source: ip(7), ipv6(7), ip(4), ip6(4), RFC 3678.
func (s *Socket) JoinGroup(g Group) error { return s.change("joingroup", sys.Join, g) }

// LeaveGroup ends the membership that JoinGroup of the same Group began: setsockopt(2) with
// MCAST_LEAVE_GROUP and MCAST_LEAVE_SOURCE_GROUP, or, where JoinGroup uses older options,
// with IP_DROP_MEMBERSHIP, IPV6_LEAVE_GROUP and IP_DROP_SOURCE_MEMBERSHIP. Without Source a
// membership for single sources ends for all of them. Interface 0 is the interface of the
// present route for IPv4 on Linux, else the first one found.
//
// Errors: EADDRNOTAVAIL (not a member; EINVAL on Linux with a Source and no membership at
// all), and those of JoinGroup.
//
// Source: ip(7), ipv6(7), ip(4), ip6(4), RFC 3678.
func (s *Socket) LeaveGroup(g Group) error { return s.change("leavegroup", sys.Leave, g) }

// BlockSource makes a member for all sources ignore g.Source: setsockopt(2) with
// MCAST_BLOCK_SOURCE; on FreeBSD and macOS, with Interface 0, IP_BLOCK_SOURCE.
//
// Errors: EADDRNOTAVAIL (blocked already; not a member, on systems other than Linux), EINVAL
// (not a member; a member for single sources; no Source), ENOBUFS (too many sources),
// [errors.ErrUnsupported] (NetBSD, OpenBSD and DragonFly), and those of JoinGroup.
//
// Source: ip(7), RFC 3678.
func (s *Socket) BlockSource(g Group) error { return s.change("blocksource", sys.Block, g) }

// UnblockSource ends BlockSource: setsockopt(2) with MCAST_UNBLOCK_SOURCE; on FreeBSD and
// macOS, with Interface 0, IP_UNBLOCK_SOURCE.
//
// Errors: EADDRNOTAVAIL (not blocked), and those of BlockSource.
//
// Source: ip(7), RFC 3678.
func (s *Socket) UnblockSource(g Group) error { return s.change("unblocksource", sys.Unblock, g) }

// Joined returns a Setting for [Open] that calls JoinGroup.
func (g Group) Joined() Setting {
	return func(s *Socket) error { return s.JoinGroup(g) }
}

// change makes one setsockopt(2). Its level is that of the group's family.
func (s *Socket) change(op string, c sys.Change, g Group) error {
	if !sys.Supported {
		return s.unsupportedOrClosed(op, "sockets")
	}
	ifindex, wrong := g.check(c)
	a := g.at()
	if wrong != "" {
		return &Error{Op: op, Addr: a, Err: &inputError{wrong, sys.EINVAL}}
	}
	source := Group{Addr: g.Source}.at()
	m, e := sys.NewMembership(c, ifindex, a.bytes(), source.bytes())
	switch e {
	case 0:
	case sys.ENOSYS:
		return s.unsupportedOrClosed(op, "a group's source")
	default:
		return opError(op, a, e)
	}
	s.fd.EndExclusive() // close(2) leaves the group
	e = s.guarded(func(fd int) sys.Errno { return sys.Setsockopt(fd, m.Level, m.Name, m.Arg()) },
		func() Call { return Call{Name: "setsockopt", Addr: a, Args: memberArgs(&m, ifindex, g)} })
	if (e == sys.ENOPROTOOPT || e == sys.EINVAL) && a.Domain() != s.Domain() {
		text := "an " + a.Domain().String() + " group for an " + s.Domain().String() + " socket: " + e.Error()
		return &Error{Op: op, Addr: a, Err: &inputError{text, e}}
	}
	return opError(op, a, e)
}

// at returns the group as an address without a port; the zero Addr if there is none.
func (g Group) at() (a Addr) {
	switch ip := g.Addr; {
	case ip.Is4():
		a.n = uint8(sys.PutInet4(a.b[:], ip.As4(), 0))
	case ip.Is6():
		a.n = uint8(sys.PutInet6(a.b[:], ip.As16(), 0, 0))
	}
	return a
}

// check returns the index of the interface, or a text of what is wrong.
func (g Group) check(c sys.Change) (ifindex uint32, wrong string) {
	switch {
	case !g.Addr.IsValid():
		return 0, "no group"
	case g.Addr.Is4In6():
		return 0, "a v4-mapped group: Unmap makes an IPv4 address of it"
	case !g.Addr.IsMulticast():
		return 0, "not a multicast address"
	case g.Interface < 0 || g.Interface > math.MaxInt32:
		return 0, strconv.Itoa(g.Interface) + " is no interface index"
	case !g.Source.IsValid() && (c == sys.Block || c == sys.Unblock):
		return 0, "no source"
	case g.Source.IsValid() && (g.Source.Is4() != g.Addr.Is4() || g.Source.Is4In6()):
		return 0, "a source of another family"
	}
	ifindex = uint32(g.Interface)
	for _, ip := range [...]netip.Addr{g.Addr, g.Source} {
		if ip.Zone() == "" {
			continue
		}
		scope, err := scopeID(ip.Zone())
		switch {
		case err != nil:
			return 0, err.Error()
		case ifindex != 0 && ifindex != scope:
			return 0, "a zone of another interface"
		}
		ifindex = scope
	}
	return ifindex, ""
}

// memberArgs formats a membership for a trace, in one form for all structures.
func memberArgs(m *sys.Membership, ifindex uint32, g Group) string {
	name := sys.ConstName(sys.OptionGroup(sys.AF_UNSPEC, m.Level), m.Name)
	if name == strconv.Itoa(m.Name) { // the MCAST options have one number, and name, at both levels
		name = sys.ConstName("IP", m.Name)
	}
	args := sys.LevelName(sys.AF_UNSPEC, m.Level) + ", " + name + ", {group=" + g.Addr.WithZone("").String() + ", interface=" + strconv.Itoa(int(ifindex))
	if g.Source.IsValid() {
		args += ", source=" + g.Source.WithZone("").String()
	}
	return args + "}"
}
