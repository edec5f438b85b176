package sock_test

import (
	"bytes"
	"testing"

	"github.com/berkeleysockets/sock"
)

// fixed fails the test unless a comes back from its bytes and from its text.
func fixed(t testing.TB, a sock.Addr) {
	t.Helper()
	if !a.IsValid() {
		t.Fatalf("%#v is not valid", a)
	}
	b, err := sock.RawAddr(a.Bytes())
	if err != nil || b != a || !bytes.Equal(b.Bytes(), a.Bytes()) {
		t.Errorf("RawAddr(%x) = %x, %v", a.Bytes(), b.Bytes(), err)
	}
	text := a.String()
	c, err := sock.ParseAddr(text)
	if err != nil || c != a || c.String() != text {
		t.Errorf("ParseAddr(%q) = %v, %v", text, c, err)
	}
	if ap := a.AddrPort(); ap.IsValid() != (a.Domain() == sock.Inet || a.Domain() == sock.Inet6) || ap.Port() != a.Port() {
		t.Errorf("%v: AddrPort %v, Port %d", a, ap, a.Port())
	}
	if name, abstract := a.Abstract(); a.Path() != "" && (abstract || name != "" || a.Domain() != sock.Unix) {
		t.Errorf("%v: path %q, abstract %q", a, a.Path(), name)
	}
}

func FuzzParseAddr(f *testing.F) {
	for _, c := range addrForms {
		f.Add(c.text)
	}
	for _, s := range []string{"", "unix", `unix:"`, `unix:"\x00"`, `unix:@"\x00"`, "raw:0000", "raw:0100", "raw:0a00", "vsock:1", "packet:1:1:ff", "packet:1:1:ff:1:host", "packet:2048:2:0a0b0c0d0e0f:772:outgoing", "packet:3:1:00112233445566778899aabbccddeeff00112233:32:9", "[::%1]:1", "[::ffff:1.1.1.1%1]:1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := sock.ParseAddr(s)
		if err != nil {
			if a.IsValid() || err.Error() == "" {
				t.Errorf("%v with %v", a, err)
			}
			return
		}
		fixed(t, a)
	})
}

func FuzzRawAddr(f *testing.F) {
	for _, c := range addrForms {
		if a, err := c.make(); err == nil && a.IsValid() {
			f.Add(a.Bytes())
			f.Add(a.Bytes()[:2])
			f.Add(append(a.Bytes(), 0, 1, 2))
		}
	}
	f.Add([]byte{})
	f.Add(make([]byte, 128))
	f.Add(make([]byte, 129))
	f.Fuzz(func(t *testing.T, sa []byte) {
		a, err := sock.RawAddr(sa)
		if err != nil {
			if a.IsValid() {
				t.Errorf("%v with %v", a, err)
			}
			return
		}
		fixed(t, a)
	})
}

// FuzzAddrReference compares the codec with the slow one.
func FuzzAddrReference(f *testing.F) {
	f.Add([]byte{15: 1}, uint16(80), uint32(0), uint32(0), "/run/a")
	f.Add([]byte{10: 0xff, 0xff, 1, 2, 3, 4}, uint16(80), uint32(0), uint32(7), "")
	f.Add([]byte{0: 0xfe, 0x80}, uint16(65535), uint32(1<<20-1), uint32(1<<32-1), "@a")
	f.Fuzz(func(t *testing.T, ip []byte, port uint16, flow, scope uint32, path string) {
		var ip6 [16]byte
		copy(ip6[:], ip)
		checkInet4(t, [4]byte(ip6[:]), port)
		checkInet6(t, ip6, port, flow, scope)
		if _, err := sock.UnixAddr(path); err != nil {
			if len(path) <= maxPath && !bytes.ContainsRune([]byte(path), 0) {
				t.Error(err)
			}
			return
		}
		checkUnix(t, path)
	})
}
