package sock_test

import (
	"net/netip"
	"runtime"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/internal/slowmem"
	"github.com/berkeleysockets/sock/sockopt"
)

// A call that sleeps and keeps its processor stops every goroutine: at once if there is one
// processor, and as soon as a garbage collection begins if there are more. The tests here
// measure for how long.

// standstill returns the longest time that another goroutine did not run during do, with so
// many processors and garbage collections all the time.
func standstill(t testing.TB, processors int, do func()) time.Duration {
	t.Helper()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(processors))
	var longest atomic.Int64
	stop, done := make(chan struct{}), make(chan struct{}, 2)
	go func() {
		defer func() { done <- struct{}{} }()
		for last := time.Now(); ; {
			select {
			case <-stop:
				return
			default:
			}
			time.Sleep(time.Millisecond)
			now := time.Now()
			longest.Store(max(longest.Load(), int64(now.Sub(last))))
			last = now
		}
	}()
	go func() {
		defer func() { done <- struct{}{} }()
		for {
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
				runtime.GC()
			}
		}
	}()
	time.Sleep(5 * time.Millisecond) // both have begun
	longest.Store(0)
	do()
	time.Sleep(5 * time.Millisecond) // the goroutine has run again
	close(stop)
	<-done
	<-done
	return time.Duration(longest.Load())
}

// notStopped runs do, which returns how long its slowest call took, and wants that nobody
// stood still for half of that.
func notStopped(t *testing.T, what string, do func() time.Duration) {
	t.Helper()
	const slow = 100 * time.Millisecond
	for _, processors := range []int{1, 2} {
		var took time.Duration
		gap := standstill(t, processors, func() {
			for range 5 {
				if took = max(took, do()); took >= slow {
					break
				}
			}
		})
		t.Logf("%s, GOMAXPROCS=%d: a call of %v, a standstill of %v", what, processors, took, gap)
		if took < slow {
			t.Logf("%s: no call was slow", what)
		} else if gap > took/2 {
			t.Errorf("%s, GOMAXPROCS=%d: a call of %v stopped other goroutines for %v", what, processors, took, gap)
		}
	}
}

// slowLinks returns a netlink message of some 100 ms: it makes interfaces with very many
// queues, or with RTM_DELLINK removes them.
func slowLinks(command uint16, n int) (m []byte) {
	for i := range n {
		name := attribute(unix.IFLA_IFNAME, "slow"+strconv.Itoa(i)+"\x00")
		body := append(ifinfomsg(0, 0), name...)
		flags := uint16(unix.NLM_F_REQUEST)
		if command == unix.RTM_NEWLINK {
			body = append(body, attributes(
				attribute(unix.IFLA_NUM_TX_QUEUES, "\x00\x10\x00\x00"),
				attribute(unix.IFLA_NUM_RX_QUEUES, "\x00\x10\x00\x00"),
				attribute(unix.IFLA_LINKINFO, string(attribute(unix.IFLA_INFO_KIND, "dummy"))))...)
			flags |= unix.NLM_F_CREATE | unix.NLM_F_EXCL
		}
		if i == n-1 {
			flags |= unix.NLM_F_ACK
		}
		m = append(m, netlinkRequest(command, flags, body)...)
	}
	return m
}

// slowCommand sends m, waits for the answer, and returns how long the send took.
func slowCommand(t testing.TB, s *sock.Socket, m []byte) time.Duration {
	t.Helper()
	start := time.Now()
	if _, err := s.SendTo(m, 0, sock.NetlinkAddr(0, 0)); err != nil {
		t.Error(err)
		return 0
	}
	took := time.Since(start)
	answer := make([]byte, 1<<16)
	for {
		n, err := s.Recv(answer, sock.DontWait)
		if err != nil || n == 0 {
			return took
		}
	}
}

// Netlink works in the context of the sender, in spite of MSG_DONTWAIT.
func TestStandstillNetlink(t *testing.T) {
	t.Parallel()
	if !alone(t) {
		return
	}
	s := open(t, sock.Netlink, sock.Raw)
	add := true
	for name, send := range map[string]func(m []byte) error{
		"SendTo": func(m []byte) error { _, err := s.SendTo(m, 0, sock.NetlinkAddr(0, 0)); return err },
		"SendMsg": func(m []byte) error {
			_, err := s.SendMsg(&sock.Message{Bufs: [][]byte{m}, Addr: sock.NetlinkAddr(0, 0)}, 0)
			return err
		},
		"SendBatch": func(m []byte) error {
			b := sock.NewBatch(1, 0, 0)
			wantErr(t, b.Add(m, nil, sock.NetlinkAddr(0, 0)), nil)
			_, err := s.SendBatch(b, 0)
			return err
		},
		"Writev": func(m []byte) error {
			wantErr(t, s.Connect(sock.NetlinkAddr(0, 0)), nil)
			_, err := s.Writev([][]byte{m})
			return err
		},
	} {
		notStopped(t, name, func() time.Duration {
			command := uint16(unix.RTM_DELLINK)
			if add {
				command = unix.RTM_NEWLINK
			}
			add = !add
			start := time.Now()
			wantErr(t, send(slowLinks(command, 4)), nil)
			return time.Since(start)
		})
	}
}

// To leave a multicast group, close(2) waits until nobody changes the network configuration.
func TestStandstillClose(t *testing.T) {
	t.Parallel()
	if !alone(t) {
		return
	}
	wantErr(t, interfaceUp(1, nil), nil)
	s := open(t, sock.Netlink, sock.Raw)
	group := sock.Group{Addr: netip.MustParseAddr("224.0.0.251"), Interface: 1}
	notStopped(t, "Close", func() (took time.Duration) {
		var all []*sock.Socket
		for range 200 {
			m := open(t, sock.Inet, sock.Stream)
			wantErr(t, m.JoinGroup(group), nil)
			all = append(all, m)
		}
		busy := make(chan struct{})
		go func() {
			defer close(busy)
			slowCommand(t, s, slowLinks(unix.RTM_NEWLINK, 4))
			slowCommand(t, s, slowLinks(unix.RTM_DELLINK, 4))
		}()
		for _, m := range all {
			start := time.Now()
			wantErr(t, m.Close(), nil)
			took = max(took, time.Since(start))
			select {
			case <-busy:
				continue
			case <-time.After(2 * time.Millisecond):
			}
		}
		<-busy
		return took
	})
}

// With SetSlowMemory, memory that the kernel must wait for stops nobody, whichever call uses
// it, and whatever tracer comes and goes.
func TestStandstillMemory(t *testing.T) {
	t.Parallel()
	if !alone(t) {
		return
	}
	sock.SetSlowMemory(true)
	sock.SetTracer(func(sock.Call) {})
	sock.SetTracer(nil)
	const delay = 150 * time.Millisecond
	page := func() []byte {
		m, err := slowmem.New(delay)
		if err != nil {
			t.Skip("no memory to delay with userfaultfd: ", err)
		}
		t.Cleanup(m.Close)
		return m.Bytes()[:100]
	}
	a, b := streams(t, "tcp4")
	wantErr(t, sockopt.TCPNoDelay.Set(a, true), nil)
	full := make([]byte, 100)
	for name, call := range map[string]func(p []byte) error{
		"Send":   func(p []byte) error { _, err := a.Send(p, 0); return err },
		"Writev": func(p []byte) error { _, err := a.Writev([][]byte{p}); return err },
		"Recv":   func(p []byte) error { _, err := b.Recv(p, 0); return err },
		"Readv":  func(p []byte) error { _, err := b.Readv([][]byte{p}); return err },
	} {
		notStopped(t, name, func() time.Duration {
			if name[0] == 'R' {
				if _, err := a.Send(full, 0); err != nil {
					t.Error(err)
				}
			}
			p := page()
			start := time.Now()
			wantErr(t, call(p), nil)
			return time.Since(start)
		})
	}
}
