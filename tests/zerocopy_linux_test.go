package sock_test

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"syscall"
	"testing"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/internal/testhook"
)

// completions reads the error queue until all sends up to an id are done.
func completions(t testing.TB, s *sock.Socket, upTo uint32) {
	t.Helper()
	next := uint32(0)
	for next <= upTo {
		if _, err := s.Wait(sock.Failed); err != nil {
			t.Fatal(err)
		}
		r, err := s.RecvErr(nil)
		if err == sock.ErrWouldBlock {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		first, last, copied, ok := r.ZeroCopy()
		if !ok || first != next || last < first || !copied { // the loopback copies
			t.Errorf("sends %d to %d, copied %v, %v, want from %d", first, last, copied, ok, next)
		}
		next = last + 1
	}
	if next != upTo+1 {
		t.Errorf("done up to %d, want %d", next-1, upTo)
	}
}

func TestZeroCopy(t *testing.T) {
	t.Parallel()
	for _, network := range []string{"tcp4", "tcp6"} {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			a, b := streams(t, network)
			got := collects(b)
			p := content(200_000)
			sent, last := 0, uint32(0)
			for i := uint32(0); sent < len(p); i++ {
				n, id, err := a.SendZeroCopy(p[sent:min(sent+40_000, len(p))], 0)
				if err != nil || id != i {
					t.Fatal(n, id, err)
				}
				sent, last = sent+n, id
			}
			completions(t, a, last)
			if kept := testhook.ZeroCopyPending(a); kept != 0 {
				t.Errorf("%d sends are kept, though they are done", kept)
			}
			wantErr(t, a.CloseWrite(), nil)
			same(t, recvTimeout(t, got), p)
		})
	}
}

// A datagram goes so too.
func TestZeroCopyDatagram(t *testing.T) {
	t.Parallel()
	a, _, b, to := datagrams(t, "udp4")
	wantErr(t, a.Connect(to), nil)
	n, id, err := a.SendZeroCopy([]byte("hello"), 0)
	if n != 5 || id != 0 || err != nil {
		t.Fatal(n, id, err)
	}
	recv(t, b, 9, 0, "hello")
	completions(t, a, 0)
}

// A buffer in flight stays reachable after its owner has dropped it and the Socket.
func TestZeroCopyKeeps(t *testing.T) {
	t.Parallel()
	a, b := streams(t, "tcp4")
	freed := make(chan bool, 1)
	send := func() {
		p := new([40_000]byte)
		runtime.SetFinalizer(p, func(*[40_000]byte) { freed <- true })
		if _, _, err := a.SendZeroCopy(p[:], 0); err != nil {
			t.Fatal(err)
		}
	}
	send()
	for range 3 {
		runtime.GC()
	}
	if len(freed) > 0 {
		t.Fatal("freed before the kernel was done with it")
	}
	if _, err := io.ReadFull(b, make([]byte, 40_000)); err != nil {
		t.Fatal(err)
	}
	completions(t, a, 0)
	eventually(t, "freed", func() bool { runtime.GC(); return len(freed) > 0 })
}

// The flag is no other call's: their buffers may be on a stack.
func TestZeroCopyFlag(t *testing.T) {
	t.Parallel()
	a, _ := streams(t, "tcp4")
	var p [1]byte
	_, err := a.Send(p[:], sock.ZeroCopy)
	wantErr(t, err, syscall.EINVAL)
	_, err = a.SendTo(p[:], sock.ZeroCopy, sock.Addr{})
	wantErr(t, err, syscall.EINVAL)
	_, err = a.SendMsg(&sock.Message{Bufs: [][]byte{p[:]}}, sock.ZeroCopy)
	wantErr(t, err, syscall.EINVAL)
	_, err = a.SendBatch(sock.NewBatch(1, 0, 0), sock.ZeroCopy)
	wantErr(t, err, syscall.EINVAL)
	u, _ := streams(t, "pair")
	_, _, err = u.SendZeroCopy(p[:], 0)
	if !isAny(err, syscall.EOPNOTSUPP, syscall.ENOTSUP, errors.ErrUnsupported) {
		t.Errorf("over a unix socket: %v", err)
	}
	_, _, err = a.SendZeroCopy(p[:], -1)
	wantErr(t, err, errors.ErrUnsupported)
	n, _, err := a.SendZeroCopy(nil, 0)
	if n != 0 || err != nil {
		t.Error(n, err)
	}
}

// With too many sends in flight the kernel returns an error, and reading the queue helps;
// or the call waits for room like any send.
func TestZeroCopyMany(t *testing.T) {
	t.Parallel()
	a, b := streams(t, "tcp4")
	got := collects(b)
	p := content(3 << 20)
	var next uint32
	for rest := p; len(rest) > 0; {
		n, id, err := a.SendZeroCopy(rest[:min(len(rest), 3000)], 0)
		if errors.Is(err, syscall.ENOBUFS) {
			if _, err := a.RecvErr(nil); err != nil && err != sock.ErrWouldBlock {
				t.Fatal(err)
			}
			continue
		}
		if err != nil || id != next {
			t.Fatal(n, id, next, err)
		}
		rest, next = rest[n:], next+1
	}
	wantErr(t, a.CloseWrite(), nil)
	if !bytes.Equal(recvTimeout(t, got), p) {
		t.Error("other bytes")
	}
}
