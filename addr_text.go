package sock

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/berkeleysockets/sock/internal/sys"
)

// String returns the address in the form that [ParseAddr] reads: 127.0.0.1:80,
// [fe80::1%2]:80, unix:/path, unix:@abstract, unix: (unnamed), vsock:2:1024, netlink:0:1,
// packet:2048:1:0a0b0c0d0e0f (EtherType, interface, hardware address), and for all others raw:
// with the sockaddr in hexadecimal. A received packet address has two fields more, the type of
// the link (ARPHRD_*, 1 for Ethernet) and of the packet: packet:2048:1:0a0b0c0d0e0f:1:broadcast.
// A unix name is quoted if it would read as another or does not print. The zero Addr is "".
func (a Addr) String() string {
	sa := a.bytes()
	if len(sa) == 0 {
		return ""
	}
	s := ""
	switch sys.Family(sa) {
	case sys.AF_INET, sys.AF_INET6:
		s = a.AddrPort().String()
	case sys.AF_UNIX:
		return "unix:" + unixText(sys.UnixPath(sa))
	case sys.AF_VSOCK:
		if cid, port, ok := sys.VSock(sa); ok {
			s = fmt.Sprintf("vsock:%d:%d", cid, port)
		}
	case sys.AF_NETLINK:
		if pid, groups, ok := sys.Netlink(sa); ok {
			s = fmt.Sprintf("netlink:%d:%d", pid, groups)
		}
	case sys.AF_PACKET:
		if proto, i, hw, ok := sys.Packet(sa); ok {
			s = fmt.Sprintf("packet:%d:%d:%x", proto, i, hw)
			if link, kind := sys.PacketKind(sa); link != 0 || kind != 0 || len(hw) > sys.MaxHardware {
				s += fmt.Sprintf(":%d:%s", link, packetKindText(kind))
			}
		}
	}
	// The short form leaves out fields that are rarely set: then it does not
	// say the whole address.
	if s != "" {
		if back, err := ParseAddr(s); err == nil && back == a {
			return s
		}
	}
	return "raw:" + hex.EncodeToString(sa)
}

func unixText(path []byte) string {
	if len(path) == 0 {
		return ""
	}
	mark, name := "", string(path)
	if path[0] == 0 {
		mark, name = "@", name[1:]
	}
	plain := name == "" || name[0] != '"' && (mark != "" || name[0] != '@')
	if quoted := strconv.Quote(name); !plain || quoted != `"`+name+`"` {
		name = quoted
	}
	return mark + name
}

// ParseAddr reads an address: 127.0.0.1:80, [::1]:80, [fe80::1%eth0]:80 (the interface is
// looked up; digits are a scope id), unix:/path, unix:@abstract, unix: (unnamed), vsock:2:1024,
// and every other text that [Addr.String] writes. Names of hosts and services are not
// addresses: see [Resolve].
//
// Errors: EINVAL, [errors.ErrUnsupported] (a family this system lacks).
func ParseAddr(s string) (Addr, error) {
	kind, rest, colon := strings.Cut(s, ":")
	if !colon {
		kind = ""
	}
	switch kind {
	case "unix":
		return parseUnix(s, rest)
	case "vsock":
		var cid, port uint32
		if !numbers(rest, &cid, &port) {
			return Addr{}, badAddr(s, "not vsock:CID:PORT")
		}
		return orUnsupported(VSockAddr(cid, port), VSock)
	case "netlink":
		var pid, groups uint32
		if !numbers(rest, &pid, &groups) {
			return Addr{}, badAddr(s, "not netlink:PID:GROUPS")
		}
		return orUnsupported(NetlinkAddr(pid, groups), Netlink)
	case "packet":
		return parsePacket(s, rest)
	case "raw":
		b, err := hex.DecodeString(rest)
		if err != nil {
			return Addr{}, badAddr(s, "not raw: and hexadecimal digits")
		}
		return RawAddr(b)
	}
	ap, err := netip.ParseAddrPort(s)
	if err != nil {
		return Addr{}, badAddr(strconv.Quote(s), "not IP:PORT, [IPv6]:PORT, unix:PATH, unix:@NAME or vsock:CID:PORT")
	}
	return AddrFrom(ap)
}

// MustParseAddr is [ParseAddr] for a text that is known to be an address, in tests and
// variables. It panics if it is none.
func MustParseAddr(s string) Addr {
	a, err := ParseAddr(s)
	if err != nil {
		panic(err)
	}
	return a
}

// namesFamily reports whether s begins with the word of a family, for [ParseAddr].
func namesFamily(s string) bool {
	switch kind, _, colon := strings.Cut(s, ":"); kind {
	case "unix", "vsock", "netlink", "packet", "raw":
		return colon
	}
	return false
}

func parseUnix(s, name string) (Addr, error) {
	abstract := strings.HasPrefix(name, "@")
	if abstract {
		name = name[1:]
	}
	if strings.HasPrefix(name, `"`) {
		n, err := strconv.Unquote(name)
		if err != nil {
			return Addr{}, badAddr(s, "a quoted name that does not end well")
		}
		name = n
	}
	if abstract {
		return AbstractAddr(name)
	}
	return UnixAddr(name)
}

func parsePacket(s, rest string) (Addr, error) {
	const form = "not packet:PROTOCOL:INTERFACE:HARDWARE or packet:PROTOCOL:INTERFACE:HARDWARE:LINK:KIND"
	w := strings.Split(rest, ":")
	if len(w) != 3 && len(w) != 5 {
		return Addr{}, badAddr(s, form)
	}
	proto, err1 := strconv.ParseUint(w[0], 10, 16)
	index, err2 := strconv.ParseUint(w[1], 10, 31)
	hw, err3 := hex.DecodeString(w[2])
	if err1 != nil || err2 != nil || err3 != nil {
		return Addr{}, badAddr(s, form)
	}
	if len(w) == 3 {
		return PacketAddr(uint16(proto), int(index), hw)
	}
	link, err := strconv.ParseUint(w[3], 10, 16)
	kind, ok := packetKind(w[4])
	if err != nil || !ok || len(hw) > sys.MaxLongHardware {
		return Addr{}, badAddr(s, form)
	}
	if !sys.Has(sys.AF_PACKET) {
		return Addr{}, unsupported("address", Packet.String())
	}
	var b buffer
	return newAddr(b[:sys.PutLongPacket(b[:], uint16(proto), int32(index), hw, uint16(link), kind)]), nil
}

// packetKinds are the types of packets by their numbers (PACKET_*).
var packetKinds = [...]string{"host", "broadcast", "multicast", "otherhost", "outgoing", "loopback", "user", "kernel"}

func packetKindText(kind byte) string {
	if int(kind) < len(packetKinds) {
		return packetKinds[kind]
	}
	return strconv.Itoa(int(kind))
}

func packetKind(text string) (byte, bool) {
	if i := slices.Index(packetKinds[:], text); i >= 0 {
		return byte(i), true
	}
	n, err := strconv.ParseUint(text, 10, 8)
	return byte(n), err == nil
}

func orUnsupported(a Addr, d Domain) (Addr, error) {
	if !a.IsValid() {
		return Addr{}, unsupported("address", d.String())
	}
	return a, nil
}

// numbers reads decimal numbers with colons between them.
func numbers(s string, to ...*uint32) bool {
	w := strings.Split(s, ":")
	if len(w) != len(to) {
		return false
	}
	for i := range w {
		n, err := strconv.ParseUint(w[i], 10, 32)
		if err != nil {
			return false
		}
		*to[i] = uint32(n)
	}
	return true
}
