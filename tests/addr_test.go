package sock_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/berkeleysockets/sock"
)

// maxPath is the longest unix path of each system, from its sys/un.h.
var maxPath = map[string]int{"linux": 108, "freebsd": 104, "netbsd": 104, "dragonfly": 104, "darwin": 103, "openbsd": 103}[runtime.GOOS]

// plain makes a constructor that cannot fail one that might.
func plain(a sock.Addr) (sock.Addr, error) { return a, nil }

// addrForms has each form of an address: how it is made, how it prints, what its
// accessors say. Those of Linux alone say so.
var addrForms = []struct {
	text   string
	make   func() (sock.Addr, error)
	domain sock.Domain
	ap     string // AddrPort
	path   string
	linux  bool
}{
	{"127.0.0.1:80", fromAP("127.0.0.1:80"), sock.Inet, "127.0.0.1:80", "", false},
	{"0.0.0.0:0", fromAP("0.0.0.0:0"), sock.Inet, "0.0.0.0:0", "", false},
	{"255.255.255.255:65535", fromAP("255.255.255.255:65535"), sock.Inet, "255.255.255.255:65535", "", false},
	{"[::1]:80", fromAP("[::1]:80"), sock.Inet6, "[::1]:80", "", false},
	{"[::]:0", fromAP("[::]:0"), sock.Inet6, "[::]:0", "", false},
	{"[fe80::1%7]:65535", fromAP("[fe80::1%7]:65535"), sock.Inet6, "[fe80::1%7]:65535", "", false},
	{"[ff02::1%4294967295]:1", fromAP("[ff02::1%4294967295]:1"), sock.Inet6, "[ff02::1%4294967295]:1", "", false},
	{"[2001:db8::102:304%3]:9", fromAP("[2001:db8::1.2.3.4%3]:9"), sock.Inet6, "[2001:db8::102:304%3]:9", "", false},
	{"[::ffff:1.2.3.4%7]:80", fromAP("[::ffff:1.2.3.4%7]:80"), sock.Inet6, "[::ffff:1.2.3.4%7]:80", "", false},
	{"[::ffff:1.2.3.4]:80", fromAP("[::ffff:1.2.3.4]:80"), sock.Inet6, "[::ffff:1.2.3.4]:80", "", false},
	{"unix:", fromPath(""), sock.Unix, "", "", false},
	{"unix:/run/a", fromPath("/run/a"), sock.Unix, "", "/run/a", false},
	{"unix:a", fromPath("a"), sock.Unix, "", "a", false},
	{"unix:a b:c", fromPath("a b:c"), sock.Unix, "", "a b:c", false},
	{`unix:"@a"`, fromPath("@a"), sock.Unix, "", "@a", false},
	{`unix:"\"a\""`, fromPath(`"a"`), sock.Unix, "", `"a"`, false},
	{`unix:"a\\b"`, fromPath(`a\b`), sock.Unix, "", `a\b`, false},
	{"unix:`a`", fromPath("`a`"), sock.Unix, "", "`a`", false},
	{"unix:'a'", fromPath("'a'"), sock.Unix, "", "'a'", false},
	{`unix:"a\nb\t\u202e"`, fromPath("a\nb\t\u202e"), sock.Unix, "", "a\nb\t\u202e", false},
	{`unix:"\xff"`, fromPath("\xff"), sock.Unix, "", "\xff", false},
	{"unix:Smørbrød", fromPath("Smørbrød"), sock.Unix, "", "Smørbrød", false},
	{"unix:" + strings.Repeat("p", 28), fromPath(strings.Repeat("p", 28)), sock.Unix, "", strings.Repeat("p", 28), false},
	{"unix:" + strings.Repeat("p", 29), fromPath(strings.Repeat("p", 29)), sock.Unix, "", strings.Repeat("p", 29), false},
	{"unix:" + strings.Repeat("p", maxPath), fromPath(strings.Repeat("p", maxPath)), sock.Unix, "", strings.Repeat("p", maxPath), false},
	{"unix:@", fromAbstract(""), sock.Unix, "", "", true},
	{"unix:@a", fromAbstract("a"), sock.Unix, "", "", true},
	{"unix:@@a", fromAbstract("@a"), sock.Unix, "", "", true},
	{`unix:@"\"a"`, fromAbstract(`"a`), sock.Unix, "", "", true},
	{`unix:@"\x00"`, fromAbstract("\x00"), sock.Unix, "", "", true},
	{`unix:@"a\x00b\x00"`, fromAbstract("a\x00b\x00"), sock.Unix, "", "", true},
	{"unix:@" + strings.Repeat("n", maxPath-1), fromAbstract(strings.Repeat("n", maxPath-1)), sock.Unix, "", "", true},
	{"vsock:2:1024", func() (sock.Addr, error) { return plain(sock.VSockAddr(2, 1024)) }, sock.VSock, "", "", true},
	{"vsock:4294967295:4294967295", func() (sock.Addr, error) { return plain(sock.VSockAddr(1<<32-1, 1<<32-1)) }, sock.VSock, "", "", true},
	{"netlink:0:0", func() (sock.Addr, error) { return plain(sock.NetlinkAddr(0, 0)) }, sock.Netlink, "", "", true},
	{"netlink:77:4294967295", func() (sock.Addr, error) { return plain(sock.NetlinkAddr(77, 1<<32-1)) }, sock.Netlink, "", "", true},
	{"packet:3:0:", func() (sock.Addr, error) { return sock.PacketAddr(3, 0, nil) }, sock.Packet, "", "", true},
	{"packet:2048:1:0a0b0c0d0e0f", func() (sock.Addr, error) { return sock.PacketAddr(0x800, 1, []byte{10, 11, 12, 13, 14, 15}) }, sock.Packet, "", "", true},
	{"packet:65535:2147483647:0102030405060708", func() (sock.Addr, error) {
		return sock.PacketAddr(65535, 1<<31-1, []byte{1, 2, 3, 4, 5, 6, 7, 8})
	}, sock.Packet, "", "", true},
	{"packet:2048:1:0a0b0c0d0e0f:1:broadcast", fromLink(0x0800, 1, 1, 1, 6, "\x0a\x0b\x0c\x0d\x0e\x0f\x00\x00"), sock.Packet, "", "", true},
	{"packet:3:7::65534:host", fromLink(3, 7, 65534, 0, 0, "\x00\x00\x00\x00\x00\x00\x00\x00"), sock.Packet, "", "", true},
	{"packet:3:7:0102:0:255", fromLink(3, 7, 0, 255, 2, "\x01\x02\x00\x00\x00\x00\x00\x00"), sock.Packet, "", "", true},
	{"packet:34525:2:" + strings.Repeat("ab", 20) + ":32:outgoing", fromLink(0x86dd, 2, 32, 4, 20, strings.Repeat("\xab", 20)), sock.Packet, "", "", true},
}

// fromLink is a struct sockaddr_ll.
func fromLink(protocol uint16, index uint32, link uint16, kind, n byte, hardware string) func() (sock.Addr, error) {
	return func() (sock.Addr, error) {
		if runtime.GOOS != "linux" {
			return sock.Addr{}, errors.ErrUnsupported
		}
		sa := binary.NativeEndian.AppendUint16(nil, 17)
		sa = binary.BigEndian.AppendUint16(sa, protocol)
		sa = binary.NativeEndian.AppendUint32(sa, index)
		sa = binary.NativeEndian.AppendUint16(sa, link)
		return sock.RawAddr(append(append(sa, kind, n), hardware...))
	}
}

func fromAP(s string) func() (sock.Addr, error) {
	return func() (sock.Addr, error) { return sock.AddrFrom(netip.MustParseAddrPort(s)) }
}

func fromPath(p string) func() (sock.Addr, error) {
	return func() (sock.Addr, error) { return sock.UnixAddr(p) }
}

func fromAbstract(n string) func() (sock.Addr, error) {
	return func() (sock.Addr, error) { return sock.AbstractAddr(n) }
}

func TestAddrForms(t *testing.T) {
	t.Parallel()
	seen := map[sock.Addr]string{}
	for _, c := range addrForms {
		if c.linux && runtime.GOOS != "linux" {
			continue
		}
		a, err := c.make()
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		if other, twice := seen[a]; twice {
			t.Errorf("%s is the same key as %s", c.text, other)
		}
		seen[a] = c.text
		if got := a.String(); got != c.text {
			t.Errorf("String = %s, want %s", got, c.text)
		}
		if b, err := sock.ParseAddr(c.text); err != nil || b != a {
			t.Errorf("ParseAddr(%s) = %v, %v", c.text, b, err)
		}
		if b, err := sock.RawAddr(a.Bytes()); err != nil || b != a {
			t.Errorf("%s: RawAddr(Bytes) = %v, %v", c.text, b, err)
		}
		if !a.IsValid() {
			t.Errorf("%s is not valid", c.text)
		}
		if a.Domain() != c.domain {
			t.Errorf("%s: Domain = %v, want %v", c.text, a.Domain(), c.domain)
		}
		var ap netip.AddrPort
		if c.ap != "" {
			ap = netip.MustParseAddrPort(c.ap)
		}
		if a.AddrPort() != ap || a.Port() != ap.Port() {
			t.Errorf("%s: AddrPort = %v, Port = %d", c.text, a.AddrPort(), a.Port())
		}
		if a.Path() != c.path {
			t.Errorf("%s: Path = %q, want %q", c.text, a.Path(), c.path)
		}
		if name, ok := a.Abstract(); ok != strings.HasPrefix(c.text, "unix:@") {
			t.Errorf("%s: Abstract = %q, %v", c.text, name, ok)
		}
		again, _ := c.make()
		if again != a {
			t.Errorf("%s made twice is two addresses", c.text)
		}
		sa := a.Bytes()
		for i := range sa {
			sa[i] = 0xee
		}
		if a != again {
			t.Errorf("%s: Bytes is no copy", c.text)
		}
	}
}

// A form of address that a system lacks is an error there, never a wrong address.
func TestAddrElsewhere(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "linux" {
		t.Skip("Linux has them all")
	}
	_, err := sock.AbstractAddr("a")
	wantErr(t, err, errors.ErrUnsupported)
	_, err = sock.PacketAddr(3, 1, nil)
	wantErr(t, err, errors.ErrUnsupported)
	for _, s := range []string{"unix:@a", "packet:3:1:", "netlink:0:0"} {
		_, err = sock.ParseAddr(s)
		wantErr(t, err, errors.ErrUnsupported)
	}
	if a := sock.NetlinkAddr(1, 2); a.IsValid() {
		t.Errorf("NetlinkAddr = %v", a)
	}
}

func TestAddrAbstractName(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("abstract names are Linux's alone")
	}
	for n := range maxPath {
		name := strings.Repeat("\x00x", n)[:n]
		a, err := sock.AbstractAddr(name)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := a.Abstract(); got != name || !ok {
			t.Errorf("Abstract = %q, %v, want %q", got, ok, name)
		}
		if len(a.Bytes()) != 3+n {
			t.Errorf("a name of %d bytes lies in %d", n, len(a.Bytes()))
		}
	}
}

// Text that ParseAddr reads, but that String does not write.
func TestAddrParse(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"127.0.0.1:080":             "127.0.0.1:80",
		"[0:0:0:0:0:0:0:1]:80":      "[::1]:80",
		"[fe80::1%01]:80":           "[fe80::1%1]:80",
		"[fe80::1%0]:80":            "[fe80::1]:80",
		"[::ffff:102:304]:80":       "[::ffff:1.2.3.4]:80",
		`unix:"/run/a"`:             "unix:/run/a",
		`unix:""`:                   "unix:",
		`unix:"\x40a"`:              `unix:"@a"`,
		"unix:a\\b":                 `unix:"a\\b"`,
		"unix:a\"":                  `unix:"a\""`,
		"raw:" + rawHex("[::1]:80"): "[::1]:80",
	} {
		a, err := sock.ParseAddr(text)
		if err != nil || a.String() != want {
			t.Errorf("ParseAddr(%s) = %v, %v, want %s", text, a, err, want)
		}
	}
}

func rawHex(text string) string {
	a, _ := sock.ParseAddr(text)
	return fmt.Sprintf("%X", a.Bytes())
}

// Each of these is an error that names the reason, with the zero Addr.
func TestAddrBad(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", maxPath+1)
	bad := map[string]func() (sock.Addr, error){
		"zero AddrPort":   func() (sock.Addr, error) { return sock.AddrFrom(netip.AddrPort{}) },
		"no interface":    fromAP("[fe80::1%no-such-interface]:1"),
		"scope too large": fromAP("[fe80::1%4294967296]:1"),
		"path too long":   fromPath(long),
		"path with NUL":   fromPath("a\x00b"),
		"path that is a NUL, the abstract name's mark": fromPath("\x00a"),
		"raw nil":      func() (sock.Addr, error) { return sock.RawAddr(nil) },
		"raw empty":    func() (sock.Addr, error) { return sock.RawAddr([]byte{}) },
		"raw one byte": func() (sock.Addr, error) { return sock.RawAddr([]byte{1}) },
		"raw 129":      func() (sock.Addr, error) { return sock.RawAddr(make([]byte, 129)) },
		"raw IPv4 cut": func() (sock.Addr, error) {
			return sock.RawAddr(refInet4([4]byte{1, 2, 3, 4}, 5)[:7])
		},
		"raw IPv6 cut": func() (sock.Addr, error) {
			return sock.RawAddr(refInet6([16]byte{1}, 5, 0, 6)[:27])
		},
		"raw unix too long": func() (sock.Addr, error) { return sock.RawAddr(append(refHead(sock.Unix, 2), long...)) },
	}
	for _, text := range []string{
		"", ":", ":80", "80", "localhost:80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:-1", "127.0.0.1:+80", "127.0.0.1:65536",
		"127.0.0.1:http", "127.0.0.1:80 ", " 127.0.0.1:80", "127.0.0.1.1:80", "127.1:80", "127.0.0.01:80", "[127.0.0.1]:80",
		"::1", "::1:80", "[::1]", "[::1]:", "[::1]80", "[::1:80", "[fe80::1%]:80", "[::1]:65536", "1.2.3.4%1:80",
		"unix", "unix:" + long, "unix:\"a", `unix:"a"b`, `unix:"\q"`, `unix:"a\x00"`, "unix:\x00a",
		"raw", "raw:", "raw:0", "raw:01", "raw:zz", "raw:" + strings.Repeat("00", 129), "UNIX:/a", "Raw:0000",
	} {
		bad["text "+text] = func() (sock.Addr, error) { return sock.ParseAddr(text) }
	}
	if runtime.GOOS == "linux" {
		bad["abstract too long"] = fromAbstract(long[:maxPath])
		bad["packet index negative"] = func() (sock.Addr, error) { return sock.PacketAddr(1, -1, nil) }
		bad["packet hardware too long"] = func() (sock.Addr, error) { return sock.PacketAddr(1, 1, make([]byte, 9)) }
		for _, text := range []string{
			"unix:@" + long[:maxPath], `unix:@"`, "vsock", "vsock:", "vsock:1", "vsock:1:2:3", "vsock:-1:1", "vsock:4294967296:1", "vsock:a:b",
			"netlink:", "netlink:1", "netlink:1:4294967296", "packet:", "packet:1:2", "packet:65536:1:", "packet:1:2147483648:",
			"packet:1:-1:", "packet:1:1:0", "packet:1:1:zz", "packet:1:1:010203040506070809", "packet:1:1::",
			"packet:1:1::1", "packet:1:1::65536:host", "packet:1:1::1:256", "packet:1:1::1:Host", "packet:1:1::1:host:", "packet:1:1:" + strings.Repeat("00", 33) + ":1:host",
		} {
			bad["text "+text] = func() (sock.Addr, error) { return sock.ParseAddr(text) }
		}
	}
	for name, make := range bad {
		a, err := make()
		if a != (sock.Addr{}) {
			t.Errorf("%s: %v", name, a)
		}
		var e *sock.Error
		if !errors.As(err, &e) || !errors.Is(err, syscall.EINVAL) || !strings.HasPrefix(err.Error(), "address ") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// Fields that the short form leaves out are not lost: the text falls back to raw.
func TestAddrFallsBackToRaw(t *testing.T) {
	t.Parallel()
	raws := map[string][]byte{
		"flowinfo":             refInet6([16]byte{0xfe, 0x80, 15: 1}, 80, 0x12345, 7),
		"family 77":            append(refHead(77, 6), 1, 2, 3, 4),
		"family 77, no more":   refHead(77, 2),
		"family 77, long":      append(refHead(77, 100), make([]byte, 98)...),
		"no family, two bytes": refHead(sock.Unspec, 2),
		"no family, 16":        append(refHead(sock.Unspec, 16), make([]byte, 14)...),
	}
	if runtime.GOOS == "linux" {
		long := sock.NetlinkAddr(1, 2).Bytes()
		long[2] = 1 // nl_pad
		raws["netlink padding"] = long
		raws["netlink cut"] = sock.NetlinkAddr(1, 2).Bytes()[:11]
		flagged := sock.VSockAddr(3, 4).Bytes()
		flagged[12] = 1 // svm_flags
		raws["vsock flags"] = flagged
		raws["vsock cut"] = sock.VSockAddr(3, 4).Bytes()[:11]
		a, _ := sock.PacketAddr(3, 1, []byte{1})
		typed := a.Bytes()
		typed[15] = 3 // beyond sll_halen
		raws["packet behind its address"] = typed
		over := a.Bytes()
		over[11] = 200 // sll_halen beyond the end
		raws["packet hardware length"] = over
		raws["packet cut"] = a.Bytes()[:11]
	}
	for name, sa := range raws {
		a, err := sock.RawAddr(sa)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !bytes.Equal(a.Bytes(), sa) {
			t.Errorf("%s: %x became %x", name, sa, a.Bytes())
		}
		if want := fmt.Sprintf("raw:%x", sa); a.String() != want {
			t.Errorf("%s: String = %s, want %s", name, a, want)
		}
		if b, err := sock.ParseAddr(a.String()); err != nil || b != a {
			t.Errorf("%s: ParseAddr(%s) = %v, %v", name, a, b, err)
		}
	}
	a, _ := sock.RawAddr(raws["flowinfo"])
	if want := netip.MustParseAddrPort("[fe80::1%7]:80"); a.AddrPort() != want {
		t.Errorf("AddrPort beside a flowinfo = %v", a.AddrPort())
	}
}

// RawAddr returns one canonical form: padding does not make two addresses differ.
func TestAddrCanonical(t *testing.T) {
	t.Parallel()
	dirty := refInet4([4]byte{1, 2, 3, 4}, 80)
	dirty[15] = 9 // sin_zero
	unixPath := append(refHead(sock.Unix, 0), "/a"...)
	for name, c := range map[string]struct {
		sa   []byte
		want string
	}{
		"sin_zero":         {dirty, "1.2.3.4:80"},
		"sin_zero missing": {dirty[:8], "1.2.3.4:80"},
		"sin_zero longer":  {append(dirty[:15:15], make([]byte, 100)...), "1.2.3.4:80"},
		"sin6 longer":      {append(refInet6([16]byte{15: 1}, 80, 0, 0), 1, 2, 3), "[::1]:80"},
		"path, no NUL":     {unixPath, "unix:/a"},
		"path, one NUL":    {append(unixPath[:4:4], 0), "unix:/a"},
		"path, many NULs":  {append(unixPath[:4:4], make([]byte, 100)...), "unix:/a"},
		"path, NUL, more":  {append(unixPath[:4:4], "\x00/b"...), "unix:/a"},
	} {
		a, err := sock.RawAddr(c.sa)
		if err != nil || a != addr(t, c.want) {
			t.Errorf("%s: RawAddr(%x) = %v, %v, want %s", name, c.sa, a, err, c.want)
		}
	}
	if runtime.GOOS == "linux" {
		a, _ := sock.PacketAddr(3, 1, []byte{1, 2})
		for n := 14; n <= 20; n++ { // as getsockname(2) cuts it
			if b, err := sock.RawAddr(a.Bytes()[:n]); err != nil || b != a {
				t.Errorf("%d bytes of %v: %v, %v", n, a, b, err)
			}
		}
	} else { // where a NUL begins no abstract name
		a, err := sock.RawAddr(append(refHead(sock.Unix, 16), make([]byte, 14)...))
		if err != nil || a != addr(t, "unix:") {
			t.Errorf("the unnamed address with padding = %v, %v", a, err)
		}
	}
}

func TestAddrZero(t *testing.T) {
	t.Parallel()
	var a sock.Addr
	_, abstract := a.Abstract()
	if a.IsValid() || a.Domain() != sock.Unspec || a.AddrPort().IsValid() || a.Port() != 0 ||
		a.Path() != "" || abstract || len(a.Bytes()) != 0 || a.String() != "" {
		t.Errorf("the zero Addr is %#v", a)
	}
	if unnamed := addr(t, "unix:"); unnamed == a || !unnamed.IsValid() {
		t.Error("the unnamed unix address is no address")
	}
}

// Unnamed, a path and an abstract name are three different things.
func TestAddrUnixKinds(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("abstract names are Linux's alone")
	}
	kinds := map[sock.Addr]bool{}
	for _, text := range []string{"unix:", "unix:@", "unix:a", "unix:@a", `unix:"@a"`, `unix:@"a\x00"`, `unix:@"\x00a"`} {
		kinds[addr(t, text)] = true
	}
	if len(kinds) != 7 {
		t.Errorf("seven addresses, %d keys", len(kinds))
	}
}

func TestAddrPathLengths(t *testing.T) {
	t.Parallel()
	for n := 1; n <= maxPath; n++ {
		p := strings.Repeat("/x", n)[:n]
		a, err := sock.UnixAddr(p)
		if err != nil || a.Path() != p {
			t.Errorf("%d bytes: %q, %v", n, a.Path(), err)
		}
		if b, err := sock.ParseAddr("unix:" + p); err != nil || b != a {
			t.Errorf("%d bytes: parsed %v, %v", n, b, err)
		}
	}
	_, err := sock.UnixAddr(strings.Repeat("x", maxPath+1))
	if want := fmt.Sprintf("a path of %d bytes, where %d fit", maxPath+1, maxPath); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want %s", err, want)
	}
}

func TestAddrSize(t *testing.T) {
	t.Parallel()
	ty := reflect.TypeFor[sock.Addr]()
	if ty.Size() > 48 {
		t.Errorf("an Addr takes %d bytes", ty.Size())
	}
	if !ty.Comparable() {
		t.Error("an Addr is no map key")
	}
}

func TestAddrInterfaceName(t *testing.T) {
	t.Parallel()
	name, index := loopbackInterface(t)
	a, err := sock.ParseAddr("[fe80::1%" + name + "]:80")
	if want := fmt.Sprintf("[fe80::1%%%d]:80", index); err != nil || a.String() != want {
		t.Errorf("ParseAddr with %s = %v, %v, want %s", name, a, err, want)
	}
}

// Bytes behind the 28 of an IPv6 address are no part of it, and its length byte, if there
// is one, is 28.
func TestAddrRawLong(t *testing.T) {
	t.Parallel()
	want := addr(t, "[fe80::1%7]:80")
	for _, more := range []int{0, 1, 4, 36} {
		a, err := sock.RawAddr(append(want.Bytes(), make([]byte, more)...))
		if err != nil || a != want {
			t.Errorf("%d bytes more: %v of %x, %v", more, a, a.Bytes(), err)
		}
	}
}
