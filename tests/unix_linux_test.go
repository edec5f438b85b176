package sock_test

import (
	"net"
	"strings"
	"testing"

	"github.com/berkeleysockets/sock"
)

// Bind to the unnamed address asks the kernel for an abstract name: five digits.
func TestUnixAutobind(t *testing.T) {
	t.Parallel()
	for _, ty := range []sock.Type{sock.Stream, sock.Dgram, sock.SeqPacket} {
		a := open(t, sock.Unix, ty)
		b := open(t, sock.Unix, ty)
		if err := a.Bind(addr(t, "unix:")); err != nil {
			t.Fatal(err)
		}
		if err := b.Bind(addr(t, "unix:")); err != nil {
			t.Fatal(err)
		}
		aName, err := a.Sockname()
		if err != nil {
			t.Fatal(err)
		}
		bName, err := b.Sockname()
		if err != nil {
			t.Fatal(err)
		}
		name, ok := aName.Abstract()
		if !ok || len(name) != 5 || strings.Trim(name, "0123456789abcdef") != "" || aName == bName {
			t.Errorf("the kernel's names are %v and %v", aName, bName)
		}
		if ty != sock.Dgram {
			continue
		}
		if _, err := a.SendTo([]byte("x"), 0, bName); err != nil {
			t.Error(err)
		}
		if _, from, err := b.RecvFrom(make([]byte, 9), 0); err != nil || from != aName {
			t.Errorf("from %v, %v", from, err)
		}
	}
}

// Abstract names vanish with the socket, and are distinguished to the last NUL.
func TestUnixAbstract(t *testing.T) {
	t.Parallel()
	unique := path(t)
	for _, n := range []string{"", "\x00", "\x00\x00", "\x00x", strings.Repeat("\x00", maxPath-1-len(unique))} {
		at, err := sock.AbstractAddr(unique + n)
		if err != nil {
			t.Fatal(err)
		}
		l := open(t, sock.Unix, sock.Stream)
		if err := l.Bind(at); err != nil {
			t.Fatal(err)
		}
		if err := l.Listen(0); err != nil {
			t.Fatal(err)
		}
		c := open(t, sock.Unix, sock.Stream)
		if err := c.Connect(at); err != nil {
			t.Fatal(err)
		}
		if peer, err := c.Peername(); err != nil || peer != at {
			t.Errorf("Peer = %v, %v, want %v", peer, err, at)
		}
		if a, ok := c.RemoteAddr().(*net.UnixAddr); !ok || a.Name != "@"+unique+n {
			t.Errorf("RemoteAddr = %q", c.RemoteAddr())
		}
		end(t, l)
		again := open(t, sock.Unix, sock.Stream)
		if err := again.Bind(at); err != nil { // no file stays
			t.Error(err)
		}
	}
}

// Linux makes a datagram socket where a raw one is asked for.
func TestUnixRaw(t *testing.T) {
	t.Parallel()
	s := open(t, sock.Unix, sock.Raw)
	if got, err := sock.FromFD(detach(t, s)); err != nil || closed(t, got).Type() != sock.Dgram {
		t.Error(got, err)
	}
}
