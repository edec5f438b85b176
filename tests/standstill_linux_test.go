package sock_test

import (
	"encoding/binary"
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
			case <-time.After(5 * time.Millisecond):
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

// slowCall is how long the slow calls of these tests take.
const slowCall = 200 * time.Millisecond

// notStopped runs do, which returns how long its slow call took, and fails the test if
// another goroutine stood still for half of that. A loaded machine may stop a goroutine
// as long, but not every time.
func notStopped(t *testing.T, what string, do func() time.Duration) {
	t.Helper()
	for _, processors := range []int{1, 2} {
		stopped := false
		for range 5 {
			var took time.Duration
			gap := standstill(t, processors, func() { took = do() })
			t.Logf("%s, GOMAXPROCS=%d: a call of %v, a standstill of %v", what, processors, took, gap)
			if stopped = took >= slowCall/2 && gap > took/2; !stopped {
				break
			}
		}
		if stopped {
			t.Errorf("%s, GOMAXPROCS=%d: the call stops other goroutines", what, processors)
		}
	}
}

// lockNetwork returns a function that holds the lock of all network configuration, asleep,
// for a delay: it joins a multicast group that lies in memory which the kernel waits for.
func lockNetwork(t *testing.T, delay time.Duration) (hold func()) {
	t.Helper()
	m, err := slowmem.New(delay)
	if err != nil {
		t.Skip("no memory to delay with userfaultfd: ", err)
	}
	s := open(t, sock.Inet, sock.Dgram)
	mreqn := m.Across(4, unix.SizeofIPMreqn)
	copy(mreqn[:4], []byte{224, 0, 0, 7})
	return func() {
		s.Setsockopt(unix.IPPROTO_IP, unix.IP_ADD_MEMBERSHIP, mreqn) // no interface has index 0 here: it fails
		m.Close()
	}
}

// Netlink works in the context of the sender, in spite of MSG_DONTWAIT.
func TestStandstillNetlink(t *testing.T) {
	t.Parallel()
	if !alone(t) {
		return
	}
	s := open(t, sock.Netlink, sock.Raw)
	kernel := sock.NetlinkAddr(0, 0)
	up := netlinkRequest(unix.RTM_NEWLINK, unix.NLM_F_REQUEST, ifinfomsg(1, unix.IFF_UP))
	batch := sock.NewBatch(1, 0, 0)
	wantErr(t, batch.Add(up, nil, kernel), nil)
	connected := open(t, sock.Netlink, sock.Raw)
	wantErr(t, connected.Connect(kernel), nil)
	for name, send := range map[string]func() error{
		"SendTo":    func() error { _, err := s.SendTo(up, 0, kernel); return err },
		"SendMsg":   func() error { _, err := s.SendMsg(&sock.Message{Bufs: [][]byte{up}, Addr: kernel}, 0); return err },
		"SendBatch": func() error { _, err := s.SendBatch(batch, 0); return err },
		"Send":      func() error { _, err := connected.Send(up, 0); return err },
		"Write":     func() error { _, err := connected.Write(up); return err },
		"Writev":    func() error { _, err := connected.Writev([][]byte{up}); return err },
	} {
		notStopped(t, name, func() time.Duration { return besideLock(t, send) })
	}
}

// besideLock returns the duration of call while the network configuration is locked.
func besideLock(t *testing.T, call func() error) time.Duration {
	t.Helper()
	hold := lockNetwork(t, slowCall)
	held := make(chan struct{})
	go func() {
		defer close(held)
		hold()
	}()
	time.Sleep(20 * time.Millisecond) // it has the lock; if not, the call is not slow
	start := time.Now()
	wantErr(t, call(), nil)
	took := time.Since(start)
	recvTimeout(t, held)
	return took
}

// To leave a multicast group, close(2) waits until nobody changes the network configuration.
func TestStandstillClose(t *testing.T) {
	t.Parallel()
	if !alone(t) {
		return
	}
	wantErr(t, interfaceUp(1, nil), nil)
	group := sock.Group{Addr: netip.MustParseAddr("224.0.0.251"), Interface: 1}
	request := make([]byte, strconv.IntSize/8, 136) // struct group_req: the interface, aligned for what follows
	binary.NativeEndian.PutUint32(request, 1)
	request = binary.NativeEndian.AppendUint16(request, unix.AF_INET)
	request = append(request, 0, 0, 224, 0, 0, 251)
	request = append(request, make([]byte, 120)...)
	for name, join := range map[string]func(s *sock.Socket) error{
		"JoinGroup":  func(s *sock.Socket) error { return s.JoinGroup(group) },
		"Setsockopt": func(s *sock.Socket) error { return s.Setsockopt(unix.IPPROTO_IP, unix.MCAST_JOIN_GROUP, request) },
		"WithFD": func(s *sock.Socket) error {
			return s.WithFD(func(fd int) error {
				return unix.SetsockoptString(fd, unix.IPPROTO_IP, unix.MCAST_JOIN_GROUP, string(request))
			})
		},
	} {
		notStopped(t, "Close after "+name, func() time.Duration {
			s := open(t, sock.Inet, sock.Stream)
			wantErr(t, join(s), nil)
			return besideLock(t, s.Close)
		})
	}
}

// With SetSlowMemory, memory that the kernel must wait for stops nobody, whichever call uses
// it, and whatever tracer comes and goes.
func TestStandstillMemory(t *testing.T) {
	t.Parallel()
	if !alone(t) {
		return
	}
	wantErr(t, interfaceUp(1, nil), nil)
	sock.SetSlowMemory(true)
	sock.SetTracer(func(sock.Call) {})
	sock.SetTracer(nil)
	page := func() []byte {
		m, err := slowmem.New(slowCall)
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
