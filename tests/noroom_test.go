//go:build linux || freebsd || darwin || netbsd || openbsd || dragonfly

package sock_test

import (
	"syscall"
	"testing"
	"time"

	"github.com/berkeleysockets/sock"
)

// withoutRoom are the receives that have no buffer, or empty ones.
var withoutRoom = map[string]func(s *sock.Socket) (int, error){
	"Recv":           func(s *sock.Socket) (int, error) { return s.Recv(nil, 0) },
	"Recv, Peek":     func(s *sock.Socket) (int, error) { return s.Recv(nil, sock.Peek) },
	"RecvFrom":       func(s *sock.Socket) (int, error) { n, _, err := s.RecvFrom([]byte{}, 0); return n, err },
	"RecvMsg":        func(s *sock.Socket) (int, error) { return s.RecvMsg(&sock.Message{}, 0) },
	"RecvMsg, empty": func(s *sock.Socket) (int, error) { return s.RecvMsg(&sock.Message{Bufs: [][]byte{nil, {}}}, 0) },
	"Readv":          func(s *sock.Socket) (int, error) { return s.Readv([][]byte{nil, {}}) },
}

// A receive without room waits like one with room, although the BSDs and macOS
// would return 0 at once. It takes nothing from a stream, and a datagram whole.
func TestNoRoomWaits(t *testing.T) {
	t.Parallel()
	for _, network := range []string{"tcp4", "tcp6", "unix", "pair", "udp4"} {
		for name, call := range withoutRoom {
			t.Run(network+"/"+name, func(t *testing.T) {
				t.Parallel()
				var a, b *sock.Socket
				if network == "udp4" {
					var to sock.Addr
					a, _, b, to = datagrams(t, network)
					wantErr(t, a.Connect(to), nil)
				} else {
					a, b = streams(t, network)
				}
				receiving := goBlocked(t, func() error {
					n, err := call(b)
					if n != 0 {
						t.Errorf("%d bytes", n)
					}
					return err
				})
				send(t, a, "x")
				wantErr(t, recvTimeout(t, receiving), nil)
				if network != "udp4" || name == "Recv, Peek" {
					recv(t, b, 9, 0, "x")
				}
			})
		}
	}
}

// Nor does it wait where one with room would not: at the end, without time, in
// non-blocking mode, without a connection.
func TestNoRoomFails(t *testing.T) {
	t.Parallel()
	for name, call := range withoutRoom {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, network := range streamNetworks {
				a, b := streams(t, network)
				wantErr(t, b.SetReadDeadline(time.Now().Add(time.Millisecond)), nil)
				_, err := call(b)
				isTimeout(t, err)
				wantErr(t, b.SetReadDeadline(time.Time{}), nil)
				b.SetNonblock(true)
				_, err = call(b)
				wantErr(t, err, sock.ErrWouldBlock)
				b.SetNonblock(false)
				wantErr(t, a.CloseWrite(), nil)
				n, err := call(b)
				if n != 0 {
					t.Errorf("%s at the end: %d", network, n)
				}
				wantErr(t, err, nil)
			}
			for _, network := range []string{"tcp4", "tcp6"} {
				s, _ := bound(t, network, sock.Stream)
				_, err := call(s)
				wantErr(t, err, syscall.ENOTCONN)
				l, _ := listening(t, network)
				_, err = call(l)
				wantErr(t, err, syscall.ENOTCONN)
			}
		})
	}
}
