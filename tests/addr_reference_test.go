package sock_test

import (
	"bytes"
	"math/rand/v2"
	"net"
	"net/netip"
	"runtime"
	"strconv"
	"testing"

	"github.com/berkeleysockets/sock"
)

// A second sockaddr codec, slow and plain, written from each system's header
// files and from nothing in this project: the numbers of the families too.

var refFamilies = map[string]struct{ unix, inet, inet6 sock.Domain }{
	"linux":     {1, 2, 10},
	"freebsd":   {1, 2, 28},
	"darwin":    {1, 2, 30},
	"netbsd":    {1, 2, 24},
	"openbsd":   {1, 2, 24},
	"dragonfly": {1, 2, 28},
}[runtime.GOOS]

func bigEndian() bool {
	switch runtime.GOARCH {
	case "s390x", "ppc64", "mips", "mips64":
		return true
	}
	return false
}

// native lays a number out as the machine does.
func native(v uint64, bytes int) (b []byte) {
	for i := range bytes {
		shift := 8 * i
		if bigEndian() {
			shift = 8 * (bytes - 1 - i)
		}
		b = append(b, byte(v>>shift))
	}
	return b
}

// refHead is struct sockaddr's: two bytes of family on Linux, a byte of length
// and one of family on the BSDs. The length is set whatever the caller does to
// the rest.
func refHead(family sock.Domain, size int) []byte {
	if runtime.GOOS == "linux" {
		return native(uint64(family), 2)
	}
	return []byte{byte(size), byte(family)}
}

func refInet4(ip [4]byte, port uint16) []byte {
	b := refHead(refFamilies.inet, 16)
	b = append(b, byte(port>>8), byte(port)) // sin_port
	b = append(b, ip[:]...)                  // sin_addr
	return append(b, 0, 0, 0, 0, 0, 0, 0, 0) // sin_zero
}

func refInet6(ip [16]byte, port uint16, flow, scope uint32) []byte {
	b := refHead(refFamilies.inet6, 28)
	b = append(b, byte(port>>8), byte(port))                                 // sin6_port
	b = append(b, byte(flow>>24), byte(flow>>16), byte(flow>>8), byte(flow)) // sin6_flowinfo
	b = append(b, ip[:]...)                                                  // sin6_addr
	return append(b, native(uint64(scope), 4)...)                            // sin6_scope_id
}

// refUnix is sun_path with a NUL where there is room for one.
func refUnix(path string) []byte {
	n := len(path)
	sunPath := 104
	if runtime.GOOS == "linux" {
		sunPath = 108
	}
	abstract := n > 0 && path[0] == 0
	if n > 0 && n < sunPath && !abstract {
		path += "\x00"
	}
	return append(refHead(refFamilies.unix, 2+len(path)), path...)
}

// refText prints an IP address as strconv would, with nothing of net/netip.
func refText(ip [4]byte, port uint16) string {
	s := ""
	for i, c := range ip {
		if i > 0 {
			s += "."
		}
		s += strconv.Itoa(int(c))
	}
	return s + ":" + strconv.Itoa(int(port))
}

func checkInet4(t testing.TB, ip [4]byte, port uint16) {
	t.Helper()
	a, err := sock.AddrFrom(netip.AddrPortFrom(netip.AddrFrom4(ip), port))
	if err != nil {
		t.Fatal(err)
	}
	if want := refInet4(ip, port); !bytes.Equal(a.Bytes(), want) {
		t.Errorf("%v lies as %x, want %x", a, a.Bytes(), want)
	}
	if a.String() != refText(ip, port) || a.Domain() != refFamilies.inet || a.Port() != port || a.AddrPort().Addr().As4() != ip {
		t.Errorf("%v.%d reads back as %v", ip, port, a)
	}
}

func checkInet6(t testing.TB, ip [16]byte, port uint16, flow, scope uint32) {
	t.Helper()
	sa := refInet6(ip, port, flow, scope)
	a, err := sock.RawAddr(sa)
	if err != nil || !bytes.Equal(a.Bytes(), sa) {
		t.Fatalf("RawAddr(%x) = %x, %v", sa, a.Bytes(), err)
	}
	ap := a.AddrPort()
	if ap.Addr().WithZone("").As16() != ip || ap.Port() != port || a.Port() != port || a.Domain() != refFamilies.inet6 {
		t.Errorf("%x reads back as %v", sa, ap)
	}
	zone := ""
	if scope != 0 {
		zone = strconv.FormatUint(uint64(scope), 10)
	}
	if ap.Addr().Zone() != zone {
		t.Errorf("scope %d became the zone %q", scope, ap.Addr().Zone())
	}
	b, err := sock.AddrFrom(ap)
	if err != nil {
		t.Fatal(err)
	}
	if want := refInet6(ip, port, 0, scope); !bytes.Equal(b.Bytes(), want) {
		t.Errorf("%v lies as %x, want %x", ap, b.Bytes(), want)
	}
}

func checkUnix(t testing.TB, path string) {
	t.Helper()
	a, err := sock.UnixAddr(path)
	if err != nil {
		t.Fatal(err)
	}
	if want := refUnix(path); !bytes.Equal(a.Bytes(), want) {
		t.Errorf("%v lies as %x, want %x", a, a.Bytes(), want)
	}
	if a.Path() != path || a.Domain() != refFamilies.unix {
		t.Errorf("%q reads back as %v", path, a)
	}
}

func TestAddrReference(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		var ip [16]byte
		for i := range ip {
			ip[i] = byte(r.Uint32())
		}
		port, flow, scope := uint16(r.Uint32()), r.Uint32(), r.Uint32()
		checkInet4(t, [4]byte(ip[:]), port)
		checkInet6(t, ip, port, flow, scope)
		checkInet6(t, ip, port, 0, 0)
		checkInet6(t, [16]byte{10: 0xff, 0xff, ip[0], ip[1], ip[2], ip[3]}, port, 0, scope)
		p := make([]byte, r.IntN(maxPath+1))
		for i := range p {
			p[i] = 1 + byte(r.UintN(255))
		}
		checkUnix(t, string(p))
	}
}

// loopbackInterface returns the name and index of the interface of 127.0.0.1.
func loopbackInterface(t testing.TB) (string, int) {
	t.Helper()
	all, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range all {
		if i.Flags&net.FlagLoopback != 0 {
			return i.Name, i.Index
		}
	}
	t.Skip("no loopback interface")
	return "", 0
}
