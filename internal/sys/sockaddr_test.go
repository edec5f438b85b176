package sys

import (
	"bytes"
	"strings"
	"testing"
)

// filled returns a buffer of bytes that must not appear in a result.
func filled() []byte { return bytes.Repeat([]byte{0xee}, 128) }

func TestInet4(t *testing.T) {
	ip := [4]byte{1, 2, 3, 4}
	b := filled()
	n := PutInet4(b, ip, 0x1234)
	if n != SizeInet4 || Family(b[:n]) != AF_INET {
		t.Errorf("%x", b[:n])
	}
	if !bytes.Equal(b[2:n], []byte{0x12, 0x34, 1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0}) {
		t.Errorf("%x", b[:n])
	}
	if b[n] != 0xee {
		t.Error("it wrote beyond its length")
	}
	if got, port, ok := Inet4(b[:n]); got != ip || port != 0x1234 || !ok {
		t.Error(got, port, ok)
	}
	for i := range 8 { // padding may be missing, but no field
		if _, _, ok := Inet4(b[:i]); ok {
			t.Errorf("%d bytes were enough", i)
		}
	}
	if _, _, ok := Inet4(b[:8]); !ok {
		t.Error("8 bytes were not enough")
	}
	if _, _, _, ok := Inet6(b[:SizeInet6]); ok {
		t.Error("Inet6 reads it too")
	}
}

func TestInet6(t *testing.T) {
	ip := [16]byte{0xfe, 0x80, 15: 1}
	b := filled()
	n := PutInet6(b, ip, 0x1234, 7)
	if n != SizeInet6 || Family(b[:n]) != AF_INET6 || FlowInfo(b) != 0 || b[n] != 0xee {
		t.Errorf("%x", b[:n+1])
	}
	if !bytes.Equal(b[2:24], append([]byte{0x12, 0x34, 0, 0, 0, 0}, ip[:]...)) {
		t.Errorf("%x", b[:n])
	}
	if got, port, scope, ok := Inet6(b[:n]); got != ip || port != 0x1234 || scope != 7 || !ok {
		t.Error(got, port, scope, ok)
	}
	for i := range SizeInet6 {
		if _, _, _, ok := Inet6(b[:i]); ok {
			t.Errorf("%d bytes were enough", i)
		}
	}
	if _, _, ok := Inet4(b[:n]); ok {
		t.Error("Inet4 reads it too")
	}
}

func TestUnix(t *testing.T) {
	for n := range MaxPath + 1 {
		path := strings.Repeat("/p", n)[:n]
		b := filled()
		k := PutUnix(b, []byte(path))
		want := 2 + n
		if n > 0 && n < sunPath {
			want++ // a NUL
		}
		if k != want || Family(b[:k]) != AF_UNIX || b[k] != 0xee || string(UnixPath(b[:k])) != path {
			t.Errorf("%d bytes lie in %d: %q", n, k, UnixPath(b[:k]))
		}
	}
	// A longer path, which callers refuse, is cut and never passes the end of the buffer.
	if k := PutUnix(filled(), make([]byte, 200)); k > 2+sunPath {
		t.Errorf("%d bytes", k)
	}
	b := filled()
	k := PutUnix(b, []byte("\x00a\x00b"))
	if !Abstract {
		if len(UnixPath(b[:k])) != 0 {
			t.Errorf("a path %q", UnixPath(b[:k]))
		}
		return
	}
	if k != 2+4 || string(UnixPath(b[:k])) != "\x00a\x00b" {
		t.Errorf("%q", UnixPath(b[:k]))
	}
}

// The length of a sockaddr_un may include one NUL, none or many: the path is the same.
func TestUnixPathEnds(t *testing.T) {
	for _, tail := range []string{"", "\x00", "\x00\x00\x00", "\x00more"} {
		b := filled()
		k := PutUnix(b, []byte("/a"))
		sa := append(b[:k-1:k-1], tail...)
		if string(UnixPath(sa)) != "/a" {
			t.Errorf("%q: path %q", tail, UnixPath(sa))
		}
	}
	b := filled()
	if p := UnixPath(b[:PutUnix(b, nil)]); len(p) != 0 {
		t.Errorf("unnamed has the path %q", p)
	}
}

func TestLinkFamilies(t *testing.T) {
	if !Has(AF_NETLINK) {
		t.Skip("this system has none of them")
	}
	b := filled()
	n := PutNetlink(b, 7, 9)
	if pid, groups, ok := Netlink(b[:n]); pid != 7 || groups != 9 || !ok || n != SizeNetlink || b[2] != 0 || b[3] != 0 || b[n] != 0xee {
		t.Errorf("%x", b[:n+1])
	}
	for i := range n {
		if _, _, ok := Netlink(b[:i]); ok {
			t.Errorf("netlink: %d bytes were enough", i)
		}
	}
	b = filled()
	n = PutVSock(b, 7, 9)
	if cid, port, ok := VSock(b[:n]); cid != 7 || port != 9 || !ok || n != sizeVSock || b[n] != 0xee {
		t.Errorf("%x", b[:n+1])
	}
	for i := range 12 {
		if _, _, ok := VSock(b[:i]); ok {
			t.Errorf("vsock: %d bytes were enough", i)
		}
	}
	for size := range MaxHardware + 1 {
		hw := bytes.Repeat([]byte{0xab}, size)
		b = filled()
		n = PutPacket(b, 0x0800, 3, hw)
		proto, index, got, ok := Packet(b[:n])
		if proto != 0x0800 || index != 3 || !bytes.Equal(got, hw) || !ok || n != SizePacket || b[n] != 0xee || b[2] != 0x08 || b[3] != 0 {
			t.Errorf("%x", b[:n+1])
		}
	}
	b[11] = 255 // sll_halen beyond the end
	if _, _, hw, ok := Packet(b[:n]); !ok || len(hw) != 8 {
		t.Errorf("%x", hw)
	}
	if _, _, hw, ok := Packet(b[:packetAddrAt]); !ok || len(hw) != 0 {
		t.Errorf("%x", hw)
	}
}

// No input makes a decoder panic or read beyond its end.
func FuzzSockaddr(f *testing.F) {
	b := filled()
	f.Add(append([]byte(nil), b[:PutInet4(b, [4]byte{1}, 2)]...))
	f.Add(append([]byte(nil), b[:PutInet6(b, [16]byte{1}, 2, 3)]...))
	f.Add(append([]byte(nil), b[:PutUnix(b, []byte("/a"))]...))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, sa []byte) {
		family := Family(sa)
		if len(sa) < 2 {
			if family != AF_UNSPEC {
				t.Errorf("%x has the family %d", sa, family)
			}
		} else if p := UnixPath(sa); len(p) > len(sa)-2 {
			t.Errorf("path %q of %x", p, sa)
		}
		for is, ok := range map[int]bool{AF_INET: is4(sa), AF_INET6: is6(sa), AF_NETLINK: isNetlink(sa), AF_VSOCK: isVSock(sa), AF_PACKET: isPacket(sa)} {
			if ok && family != is {
				t.Errorf("%x of family %d is read as %d", sa, family, is)
			}
		}
	})
}

func is4(b []byte) bool       { _, _, ok := Inet4(b); return ok }
func is6(b []byte) bool       { _, _, _, ok := Inet6(b); return ok }
func isNetlink(b []byte) bool { _, _, ok := Netlink(b); return ok }
func isVSock(b []byte) bool   { _, _, ok := VSock(b); return ok }
func isPacket(b []byte) bool  { _, _, _, ok := Packet(b); return ok }
