//go:build linux || freebsd || darwin || netbsd || openbsd || dragonfly

package sock_test

import (
	"errors"
	"net"
	"runtime"
	"syscall"
	"testing"

	"github.com/berkeleysockets/sock"
)

// TestQueueRecv shows that RecvQueue is the number of bytes that a receive finds.
func TestQueueRecv(t *testing.T) {
	t.Parallel()
	for _, network := range present(t, streamNetworks...) {
		a, b := streams(t, network)
		for _, sent := range []int{0, 1, 1000, 3000} {
			if sent > 0 {
				_, err := a.Write(make([]byte, sent))
				wantErr(t, err, nil)
			}
			eventually(t, network+": the bytes have arrived", func() bool {
				n, err := b.RecvQueue()
				wantErr(t, err, nil)
				return n == sent
			})
			if sent > 0 {
				_, err := b.Recv(make([]byte, sent), sock.WaitAll)
				wantErr(t, err, nil)
			}
		}
	}
	for _, network := range present(t, datagramNetworks...) {
		a, _, b, to := datagrams(t, network)
		for range 2 {
			_, err := a.SendTo(make([]byte, 100), 0, to)
			wantErr(t, err, nil)
		}
		wantErr(t, readable(b, sock.Readable), nil)
		n, err := b.RecvQueue()
		if n < 100 || err != nil || runtime.GOOS == "linux" && n != 100 && network != "unix" {
			t.Error(network, n, err)
		}
	}
}

// TestQueueSend shows that SendQueue is what the peer has not acknowledged, and UnsentQueue the
// part of it that was not sent: a receiver that reads nothing closes its window.
func TestQueueSend(t *testing.T) {
	t.Parallel()
	a, b := streams(t, "tcp4")
	n, err := a.SendQueue()
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip("not on this system: ", err)
	}
	if n != 0 || err != nil {
		t.Fatal(n, err)
	}
	a.SetNonblock(true)
	sent := 0
	for {
		n, err := a.Send(make([]byte, 32<<10), 0)
		if sent += n; err != nil {
			wantErr(t, err, sock.ErrWouldBlock)
			break
		}
	}
	eventually(t, "the window is closed, with bytes behind it", func() bool {
		queued, err := a.SendQueue()
		wantErr(t, err, nil)
		unsent, err := a.UnsentQueue()
		if errors.Is(err, errors.ErrUnsupported) {
			unsent, err = queued, nil
		}
		wantErr(t, err, nil)
		received, err := b.RecvQueue()
		wantErr(t, err, nil)
		if queued > sent || unsent > queued {
			t.Fatal(sent, queued, unsent)
		}
		return queued > 0 && unsent > 0 && received+queued >= sent
	})
}

// TestQueueErrors shows what has no such queue.
func TestQueueErrors(t *testing.T) {
	t.Parallel()
	l, _ := listening(t, "tcp4")
	if runtime.GOOS == "linux" {
		for name, call := range map[string]func() (int, error){"recv": l.RecvQueue, "send": l.SendQueue, "unsent": l.UnsentQueue} {
			_, err := call()
			if !errors.Is(err, syscall.EINVAL) {
				t.Error(name, err)
			}
		}
		u, _ := bound(t, "udp4", sock.Dgram)
		_, err := u.UnsentQueue()
		wantErr(t, err, syscall.ENOTTY)
	}
	wantErr(t, l.Close(), nil)
	for name, call := range map[string]func() (int, error){"recv": l.RecvQueue, "send": l.SendQueue, "unsent": l.UnsentQueue} {
		if _, err := call(); !errors.Is(err, net.ErrClosed) {
			t.Error(name, err)
		}
	}
}
