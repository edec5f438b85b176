package sock_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/berkeleysockets/sock"
)

// setInt sets an option that the package has no name for yet.
func setInt(t testing.TB, s *sock.Socket, level, name, value int) {
	t.Helper()
	if err := s.WithFD(func(fd int) error { return unix.SetsockoptInt(fd, level, name, value) }); err != nil {
		t.Fatal(err)
	}
}

// stamped makes every send of s leave a message in its error queue.
func stamped(t testing.TB, s *sock.Socket) {
	t.Helper()
	setInt(t, s, unix.SOL_SOCKET, unix.SO_TIMESTAMPING,
		unix.SOF_TIMESTAMPING_TX_SOFTWARE|unix.SOF_TIMESTAMPING_TX_SCHED|unix.SOF_TIMESTAMPING_SOFTWARE|unix.SOF_TIMESTAMPING_OPT_ID|unix.SOF_TIMESTAMPING_OPT_TSONLY)
}

// calls counts the system calls on descriptors of s while f runs.
func calls(s *sock.Socket, f func()) (n int, names string) {
	var mu sync.Mutex
	var list []string
	sock.SetTracer(func(c sock.Call) {
		mu.Lock()
		defer mu.Unlock()
		list = append(list, c.String())
	})
	f()
	sock.SetTracer(nil)
	mu.Lock()
	defer mu.Unlock()
	return len(list), strings.Join(list[:min(len(list), 40)], "\n")
}

func TestSpinReader(t *testing.T) {
	a, b := streams(t, "tcp4")
	stamped(t, a)
	stuff(t, a)
	time.Sleep(50 * time.Millisecond)
	stuff(t, a)
	var done <-chan error
	n, names := calls(a, func() {
		done = begin(t, func() error { _, err := a.Recv(make([]byte, 10), 0); return err })
		time.Sleep(200 * time.Millisecond)
	})
	t.Log(n, names)
	b.Send([]byte("x"), 0)
	is(t, soon(t, done), nil)
}

func TestSpinWriter(t *testing.T) {
	a, b := streams(t, "tcp4")
	stamped(t, a)
	b.Send([]byte("x"), 0)
	stuff(t, a)
	time.Sleep(50 * time.Millisecond)
	stuff(t, a)
	var done <-chan error
	n, names := calls(a, func() {
		done = make(chan error)
		go func() { _, err := a.Send(make([]byte, 10), 0); _ = err }()
		time.Sleep(200 * time.Millisecond)
		a.Close()
	})
	t.Log(n, names)
	_ = errors.Is
	_ = done
}

func TestSpinShut(t *testing.T) {
	for _, nw := range []string{"udp4", "unix"} {
		a, _ := bound(t, nw, sock.Dgram)
		go func() { n, err := a.Recv(make([]byte, 10), 0); t.Log(n, err) }()
		n, names := calls(a, func() {
			time.Sleep(100 * time.Millisecond)
			t.Log(a.Shutdown(sock.ShutRead))
			time.Sleep(100 * time.Millisecond)
			a.Close()
		})
		t.Log(n, names)
	}
}
