package interop

import (
	"net"
	"testing"

	"github.com/berkeleysockets/sock"
	"golang.org/x/net/nettest"
)

var streamPlaces = map[string]string{"tcp4": "127.0.0.1:0", "tcp6": "[::1]:0", "unix": "unix"}

// TestNettest runs the Go project's test of a net.Conn on Sockets that were connected and
// accepted directly, and by a net.Listener.
func TestNettest(t *testing.T) {
	t.Parallel()
	for network, place := range streamPlaces {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) {
				l, name := listening(t, place)
				defer l.Close()
				client := dial(t, name)
				server, _, err := l.Accept()
				return client, server, func() { client.Close(); server.Close() }, err
			})
		})
		t.Run(network+" Listener", func(t *testing.T) {
			t.Parallel()
			nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) {
				s, name := listening(t, place)
				l := sock.Listener(s)
				client := dial(t, name)
				server, err := l.Accept()
				return client, server, func() { client.Close(); server.Close(); l.Close() }, err
			})
		})
	}
	for _, ty := range []sock.Type{sock.Stream, sock.SeqPacket} {
		t.Run("pair "+ty.String(), func(t *testing.T) {
			t.Parallel()
			nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) {
				a, b, err := sock.Pair(sock.Unix, ty, 0)
				if err != nil && ty == sock.SeqPacket {
					t.Skip("no such pairs here: ", err)
				}
				return a, b, func() { a.Close(); b.Close() }, err
			})
		})
	}
}
