package interop

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/berkeleysockets/sock"
)

// addr parses a valid address; for "unix" it returns a new path of the test.
func addr(t testing.TB, s string) sock.Addr {
	t.Helper()
	if s == "unix" {
		s = "unix:" + path(t)
	}
	a, err := sock.ParseAddr(s)
	if err != nil {
		t.Fatal(err)
	}
	if a.Domain() == sock.Inet6 {
		needIPv6(t)
	}
	return a
}

// path returns a file name that fits into every sun_path, even if TMPDIR is long.
func path(t testing.TB) string {
	t.Helper()
	in := os.TempDir()
	if len(in) > len("/tmp") {
		in = "/tmp"
	}
	dir, err := os.MkdirTemp(in, "s")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, "s")
}

func needIPv6(t testing.TB) {
	t.Helper()
	c, err := net.ListenUDP("udp6", net.UDPAddrFromAddrPort(netip.AddrPortFrom(netip.IPv6Loopback(), 0)))
	if err != nil {
		t.Skip("no IPv6 here: ", err)
	}
	c.Close()
}

// bound opens a socket and binds it. The end of the test closes it.
func bound(t testing.TB, at string, ty sock.Type, set ...sock.Setting) *sock.Socket {
	t.Helper()
	a := addr(t, at)
	s, err := sock.Open(a.Domain(), ty, 0, set...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	if err := s.Bind(a); err != nil {
		t.Fatal(err)
	}
	return s
}

// listening returns a bound stream socket that listens.
func listening(t testing.TB, at string) (*sock.Socket, sock.Addr) {
	t.Helper()
	s := bound(t, at, sock.Stream)
	if err := s.Listen(0); err != nil {
		t.Fatal(err)
	}
	name, err := s.Sockname()
	if err != nil {
		t.Fatal(err)
	}
	return s, name
}

// dial connects a new Socket. The end of the test closes it.
func dial(t testing.TB, to sock.Addr) *sock.Socket {
	t.Helper()
	s, err := sock.Open(to.Domain(), sock.Stream, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	if err := s.Connect(to); err != nil {
		t.Fatal(err)
	}
	return s
}

// certificate returns TLS configurations for the two ends of a test: the server has the
// certificate of this process, and the client trusts it.
func certificate(protocols ...string) (server, client *tls.Config) {
	own := selfSigned()
	pool := x509.NewCertPool()
	pool.AddCert(own.Leaf)
	return &tls.Config{Certificates: []tls.Certificate{own}, NextProtos: protocols},
		&tls.Config{RootCAs: pool, ServerName: own.Leaf.DNSNames[0], NextProtos: protocols}
}

var selfSigned = sync.OnceValue(func() tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"interop"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
})

// must fails the test if there is an error.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// soon fails the test if nothing arrives on the channel within ten seconds.
func soon[T any](t testing.TB, c <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(10 * time.Second):
		t.Fatal("nothing happened in ten seconds")
	}
	return v
}
