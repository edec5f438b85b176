package interop

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"testing"
	"time"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/sockopt"
	"github.com/quic-go/quic-go"
)

// A maker makes the net.PacketConn of a quic.Transport.
type maker func(t testing.TB, at string) net.PacketConn

func ours(t testing.TB, at string) net.PacketConn {
	t.Helper()
	return sock.PacketConn(bound(t, at, sock.Dgram))
}

// ofNet makes package net's PacketConn, for which quic-go was written.
func ofNet(t testing.TB, at string) net.PacketConn {
	t.Helper()
	c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(addr(t, at).AddrPort()))
	must(t, err)
	t.Cleanup(func() { c.Close() })
	return c
}

// A call is both ends of a QUIC connection.
type call struct {
	client, server *quic.Conn
	dialed, heard  *quic.Transport
	listener       *quic.Listener
}

var quicConfig = &quic.Config{MaxIdleTimeout: 10 * time.Second}

// quicCall makes a call over two PacketConns; to is the address of the server.
func quicCall(t testing.TB, client, server net.PacketConn, to net.Addr) call {
	t.Helper()
	serverTLS, clientTLS := certificate("quic")
	c := call{dialed: &quic.Transport{Conn: client}, heard: &quic.Transport{Conn: server}}
	t.Cleanup(func() { c.dialed.Close(); c.heard.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	var err error
	c.listener, err = c.heard.Listen(serverTLS, quicConfig)
	must(t, err)
	c.client, err = c.dialed.Dial(ctx, to, clientTLS, quicConfig)
	must(t, err)
	c.server, err = c.listener.Accept(ctx)
	must(t, err)
	return c
}

// noise returns size bytes, different at each call.
func noise(size int64) io.Reader {
	var seed [32]byte
	for i := range seed {
		seed[i] = byte(rand.Uint32())
	}
	return io.LimitReader(rand.NewChaCha8(seed), size)
}

// carry sends size bytes from one end to the other over a new stream, and compares them.
func carry(t testing.TB, from, to *quic.Conn, size int64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	sent := sha256.New()
	result := make(chan error, 1)
	go func() {
		s, err := from.OpenUniStreamSync(ctx)
		if err == nil {
			_, err = io.Copy(io.MultiWriter(s, sent), noise(size))
		}
		if err == nil {
			err = s.Close()
		}
		result <- err
	}()
	s, err := to.AcceptUniStream(ctx)
	must(t, err)
	got := sha256.New()
	n, err := io.Copy(got, s)
	must(t, err)
	must(t, soon(t, result))
	if n != size || string(got.Sum(nil)) != string(sent.Sum(nil)) {
		t.Errorf("received %d bytes of %d, or not the same", n, size)
	}
}

// TestQUIC makes a transfer in each direction, with our PacketConns and package net's in every
// combination.
func TestQUIC(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name           string
		client, server maker
		size           int64
	}{
		{"ours", ours, ours, 20 << 20},
		{"net to ours", ofNet, ours, 4 << 20},
		{"ours to net", ours, ofNet, 4 << 20},
	} {
		for network, at := range map[string]string{"udp4": "127.0.0.1:0", "udp6": "[::1]:0"} {
			t.Run(c.name+" "+network, func(t *testing.T) {
				t.Parallel()
				server := c.server(t, at)
				q := quicCall(t, c.client(t, at), server, server.LocalAddr())
				carry(t, q.client, q.server, c.size)
				carry(t, q.server, q.client, c.size/4)
				if client, server := q.client.ConnectionState().GSO, q.server.ConnectionState().GSO; client != server {
					t.Errorf("segmented by the kernel: the client's %v, the server's %v", client, server)
				}
			})
		}
	}
}

// TestQUICUnspecified shows that a server bound to the unspecified address answers from the
// address of the request, by packet info; a dual-stack server is asked at a v4-mapped address.
func TestQUICUnspecified(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, server, client, to string }{
		{"udp4", "0.0.0.0:0", "127.0.0.1:0", "127.0.0.2"},
		{"udp6", "[::]:0", "[::1]:0", "::1"},
		{"both", "[::]:0", "127.0.0.1:0", "127.0.0.1"},
		{"both, mapped by the client", "127.0.0.1:0", "[::]:0", "127.0.0.1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			open := func(at string) net.PacketConn {
				set := []sock.Setting{}
				if addr(t, at).Domain() == sock.Inet6 {
					set = append(set, sockopt.IPv6Only.With(false))
				}
				return sock.PacketConn(bound(t, at, sock.Dgram, set...))
			}
			server := open(c.server)
			to := &net.UDPAddr{IP: net.ParseIP(c.to), Port: server.LocalAddr().(*net.UDPAddr).Port}
			q := quicCall(t, open(c.client), server, to)
			carry(t, q.client, q.server, 1<<20)
			carry(t, q.server, q.client, 1<<20)
		})
	}
}

// TestQUICClose shows that Close of the Socket ends all of quic-go's calls on it.
func TestQUICClose(t *testing.T) {
	t.Parallel()
	const at = "127.0.0.1:0"
	s := bound(t, at, sock.Dgram)
	server := sock.PacketConn(s)
	q := quicCall(t, ours(t, at), server, server.LocalAddr())

	accepted := make(chan error, 1)
	go func() {
		_, err := q.listener.Accept(context.Background())
		accepted <- err
	}()
	received := make(chan error, 1)
	go func() {
		_, err := q.server.AcceptStream(context.Background())
		received <- err
	}()
	must(t, s.Close())
	if err := soon(t, accepted); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Accept: %v, want net.ErrClosed", err)
	}
	if err := soon(t, received); !errors.Is(err, net.ErrClosed) {
		t.Errorf("AcceptStream: %v, want net.ErrClosed", err)
	}
	over := make(chan error, 1)
	go func() { over <- errors.Join(q.listener.Close(), q.heard.Close()) }()
	if err := soon(t, over); err != nil && !errors.Is(err, net.ErrClosed) {
		t.Errorf("the transport's Close: %v", err)
	}
}
