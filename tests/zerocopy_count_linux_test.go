package sock_test

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"os/exec"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/internal/testhook"
	"github.com/berkeleysockets/sock/sockopt"
)

// The kernel counts sends, and does not say how far it is.

// sendsZeroCopy sends one, and has its completion be the one that is expected.
func sendsZeroCopy(t testing.TB, s *sock.Socket, id uint32) {
	t.Helper()
	n, got, err := s.SendZeroCopy([]byte("hello"), 0)
	if n != 5 || got != id || err != nil {
		t.Fatal(n, got, err, "want id", id)
	}
	first, last := nextCompletion(t, s)
	if first != id || last != id {
		t.Errorf("sends %d to %d are complete, want %d", first, last, id)
	}
	if kept := testhook.ZeroCopyPending(s); kept != 0 {
		t.Errorf("%d sends are kept", kept)
	}
}

func nextCompletion(t testing.TB, s *sock.Socket) (first, last uint32) {
	t.Helper()
	for {
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
		if first, last, _, ok := r.ZeroCopy(); ok {
			return first, last
		}
	}
}

// zeroCopyEnded is the answer from then on; with a copy all is as before.
func zeroCopyEnded(t testing.TB, s *sock.Socket) {
	t.Helper()
	for range 2 {
		n, _, err := s.SendZeroCopy([]byte("hello"), 0)
		if n != 0 || !errors.Is(err, errors.ErrUnsupported) {
			t.Fatal(n, err)
		}
	}
}

func connectedDatagrams(t testing.TB, network string) (a, b *sock.Socket) {
	t.Helper()
	a, _, b, to := datagrams(t, network)
	wantErr(t, a.Connect(to), nil)
	return a, b
}

func TestZeroCopyEmpty(t *testing.T) {
	t.Parallel()
	for _, network := range present(t, "udp4", "udp6") {
		a, b := connectedDatagrams(t, network)
		sendsZeroCopy(t, a, 0)
		recv(t, b, 9, 0, "hello")
		for range 2 { // the kernel would count it
			n, _, err := a.SendZeroCopy(nil, 0)
			if n != 0 || err != nil {
				t.Fatal(n, err)
			}
			recv(t, b, 9, 0, "")
		}
		sendsZeroCopy(t, a, 1)
	}
	a, _ := streams(t, "tcp4")
	n, _, err := a.SendZeroCopy([]byte{}, 0)
	if n != 0 || err != nil {
		t.Fatal(n, err)
	}
	sendsZeroCopy(t, a, 0)
}

// EINVAL of UDP_SEGMENT comes after the kernel has counted.
func TestZeroCopyLateError(t *testing.T) {
	t.Parallel()
	for _, network := range present(t, "udp4", "udp6") {
		a, b := connectedDatagrams(t, network)
		sendsZeroCopy(t, a, 0)
		recv(t, b, 9, 0, "hello")
		wantErr(t, sockopt.UDPSegment.Set(a, 10), nil)
		_, _, err := a.SendZeroCopy(make([]byte, 5000), 0) // too many segments
		if !isAny(err, syscall.EINVAL, syscall.EMSGSIZE) {
			t.Fatal(err)
		}
		wantErr(t, sockopt.UDPSegment.Set(a, 0), nil)
		zeroCopyEnded(t, a)
		if n, err := a.Send([]byte("copied"), 0); n != 6 || err != nil {
			t.Error(n, err)
		}
		recv(t, b, 9, 0, "copied")
	}
}

// What fails before it has counted changes nothing.
func TestZeroCopyEarlyError(t *testing.T) {
	t.Parallel()
	s := open(t, sock.Inet, sock.Dgram)
	_, _, err := s.SendZeroCopy([]byte("hello"), 0)
	wantErr(t, err, syscall.EDESTADDRREQ)
	b, to := bound(t, "udp4", sock.Dgram)
	wantErr(t, s.Connect(to), nil)
	sendsZeroCopy(t, s, 0)
	recv(t, b, 9, 0, "hello")
	_, _, err = s.SendZeroCopy(make([]byte, 70_000), 0)
	wantErr(t, err, syscall.EMSGSIZE)
	sendsZeroCopy(t, s, 1)

	a, peer := streams(t, "tcp4")
	a.SetNonblock(true)
	var next uint32
	for p := make([]byte, 1<<20); ; next++ {
		_, id, err := a.SendZeroCopy(p, 0)
		if err == sock.ErrWouldBlock || errors.Is(err, syscall.ENOBUFS) {
			break
		}
		if err != nil || id != next {
			t.Fatal(id, next, err)
		}
	}
	wantErr(t, a.CloseWrite(), nil)
	_, _, err = a.SendZeroCopy([]byte("x"), 0)
	wantErr(t, err, syscall.EPIPE)
	go io.Copy(io.Discard, peer)
	for done := uint32(0); done < next; {
		first, last := nextCompletion(t, a)
		if first != done {
			t.Fatalf("sends %d to %d are complete, want from %d", first, last, done)
		}
		done = last + 1
	}
	if kept := testhook.ZeroCopyPending(a); kept != 0 {
		t.Errorf("%d sends are kept", kept)
	}
}

// A firewall refuses a datagram that is counted.
func TestZeroCopyFirewall(t *testing.T) {
	if t.Parallel(); !alone(t) {
		return
	}
	nft, err := exec.LookPath("nft")
	if err != nil {
		t.Skip("no nft: ", err)
	}
	wantErr(t, interfaceUp(1, nil), nil)
	a, b := connectedDatagrams(t, "udp4")
	sendsZeroCopy(t, a, 0)
	recv(t, b, 9, 0, "hello")
	for _, rule := range []string{"add table ip t", "add chain ip t o { type filter hook output priority 0; }", "add rule ip t o udp length > 100 drop"} {
		if out, err := exec.Command(nft, rule).CombinedOutput(); err != nil {
			t.Skipf("nft %s: %v %s", rule, err, out)
		}
	}
	_, _, err = a.SendZeroCopy(make([]byte, 1000), 0)
	wantErr(t, err, syscall.EPERM)
	zeroCopyEnded(t, a)
}

// What else may have sent, or may send, is not counted here.
func TestZeroCopyShared(t *testing.T) {
	t.Parallel()
	for name, share := range map[string]func(t *testing.T, s *sock.Socket) (also *sock.Socket){
		"Dup": func(t *testing.T, s *sock.Socket) *sock.Socket {
			c, err := s.Dup()
			wantErr(t, err, nil)
			return c
		},
		"FD":     func(_ *testing.T, s *sock.Socket) *sock.Socket { s.FD(); return nil },
		"WithFD": func(_ *testing.T, s *sock.Socket) *sock.Socket { s.WithFD(func(int) error { return nil }); return nil },
		"SyscallConn": func(t *testing.T, s *sock.Socket) *sock.Socket {
			c, err := s.SyscallConn()
			wantErr(t, err, nil)
			wantErr(t, c.Control(func(uintptr) {}), nil)
			return nil
		},
		"File": func(t *testing.T, s *sock.Socket) *sock.Socket {
			f, err := s.File()
			wantErr(t, err, nil)
			defer f.Close()
			c, err := sock.FromConn(f)
			wantErr(t, err, nil)
			return c
		},
		"FromConn": func(t *testing.T, s *sock.Socket) *sock.Socket {
			c, err := sock.FromConn(s)
			wantErr(t, err, nil)
			return c
		},
		"SO_ZEROCOPY": func(t *testing.T, s *sock.Socket) *sock.Socket {
			wantErr(t, sockopt.ZeroCopy.Set(s, false), nil)
			wantErr(t, sockopt.ZeroCopy.Set(s, true), nil)
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, before := range []bool{false, true} {
				s, _ := streams(t, "tcp4")
				if before {
					sendsZeroCopy(t, s, 0)
				}
				c := share(t, s)
				zeroCopyEnded(t, s)
				if c != nil {
					zeroCopyEnded(t, c)
					wantErr(t, c.Close(), nil)
				}
				zeroCopyEnded(t, s)
			}
		})
	}
	t.Run("Detach", func(t *testing.T) {
		t.Parallel()
		a, _ := connectedDatagrams(t, "udp4")
		sendsZeroCopy(t, a, 0)
		fd, err := a.Detach()
		wantErr(t, err, nil)
		s, err := sock.FromFD(fd)
		wantErr(t, err, nil)
		defer s.Close()
		zeroCopyEnded(t, s)
	})
	t.Run("net", func(t *testing.T) {
		t.Parallel()
		c, _ := netPair(t, "tcp4")
		s, err := sock.FromConn(c.(*net.TCPConn))
		wantErr(t, err, nil)
		defer s.Close()
		zeroCopyEnded(t, s)
	})
	t.Run("Accept", func(t *testing.T) { // a connection is new, whatever the listener is
		t.Parallel()
		l, to := listening(t, "tcp4")
		l.FD()
		wantErr(t, open(t, sock.Inet, sock.Stream).Connect(to), nil)
		s, _, err := l.Accept()
		wantErr(t, err, nil)
		defer s.Close()
		sendsZeroCopy(t, s, 0)
	})
}

// Sends that were out when the descriptor became known keep their ids: the reports of
// others release nothing.
func TestZeroCopySharedInFlight(t *testing.T) {
	t.Parallel()
	a, b := streams(t, "tcp4")
	a.SetNonblock(true)
	if _, id, err := a.SendZeroCopy(make([]byte, 3<<20), 0); id != 0 || err != nil {
		t.Fatal(id, err)
	}
	wantErr(t, a.WithFD(func(fd int) error { // of another's, counted as 1, which waits behind
		_, err := unix.SendmsgN(fd, []byte("x"), nil, nil, unix.MSG_ZEROCOPY|unix.MSG_DONTWAIT)
		if err == unix.EAGAIN {
			err = nil
		}
		return err
	}), nil)
	zeroCopyEnded(t, a)
	if kept := testhook.ZeroCopyPending(a); kept != 1 {
		t.Fatalf("%d sends are kept, want 1", kept)
	}
	go io.Copy(io.Discard, b)
	if first, _ := nextCompletion(t, a); first != 0 {
		t.Error("first is", first)
	}
	if kept := testhook.ZeroCopyPending(a); kept != 0 {
		t.Errorf("%d sends are kept", kept)
	}
}

// The ids of goroutines that send at the same time are in the order of the stream.
func TestZeroCopyConcurrent(t *testing.T) {
	t.Parallel()
	a, b := streams(t, "tcp4")
	const senders, each = 4, 200
	order := make([]uint64, senders*each) // by id
	var wg sync.WaitGroup
	for g := range senders {
		wg.Go(func() {
			for i := range each {
				v := uint64(g*each + i)
				n, id, err := a.SendZeroCopy(binary.BigEndian.AppendUint64(nil, v), 0)
				if n != 8 || err != nil || int(id) >= len(order) {
					t.Error(n, id, err)
					return
				}
				order[id] = v
			}
		})
	}
	got := make([]byte, 8*senders*each)
	if _, err := io.ReadFull(b, got); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	for id, v := range order {
		if is := binary.BigEndian.Uint64(got[8*id:]); is != v {
			t.Fatalf("send %d is %d, and the stream has %d there", id, v, is)
		}
	}
	completions(t, a, senders*each-1)
}

// A second connection of the same socket goes on counting.
func TestZeroCopyReconnect(t *testing.T) {
	t.Parallel()
	_, to := listening(t, "tcp4")
	s := open(t, sock.Inet, sock.Stream)
	wantErr(t, s.Connect(to), nil)
	sendsZeroCopy(t, s, 0)
	none, err := sock.RawAddr(make([]byte, 16)) // AF_UNSPEC
	wantErr(t, err, nil)
	wantErr(t, s.Connect(none), nil)
	wantErr(t, s.Connect(to), nil)
	sendsZeroCopy(t, s, 1)
}

// The other calls that receive a report release the buffers too.
func TestZeroCopyOtherReceives(t *testing.T) {
	t.Parallel()
	a, _ := connectedDatagrams(t, "udp4")
	send := func() {
		if _, _, err := a.SendZeroCopy([]byte("hello"), 0); err != nil {
			t.Fatal(err)
		}
		if _, err := a.Wait(sock.Failed); err != nil {
			t.Fatal(err)
		}
	}
	send()
	if _, err := a.RecvMsg(&sock.Message{Control: make([]byte, 200)}, sock.ErrQueue); err != nil {
		t.Fatal(err)
	}
	if kept := testhook.ZeroCopyPending(a); kept != 0 {
		t.Errorf("RecvMsg: %d sends are kept", kept)
	}
	send()
	if _, err := a.RecvBatch(sock.NewBatch(1, 10, 200), sock.ErrQueue); err != nil {
		t.Fatal(err)
	}
	if kept := testhook.ZeroCopyPending(a); kept != 0 {
		t.Errorf("RecvBatch: %d sends are kept", kept)
	}
}

// A large buffer that the kernel has, and whether it is freed.
func zeroCopyFill(t testing.TB, s *sock.Socket, freed chan<- int) (bytes int) {
	t.Helper()
	s.SetNonblock(true)
	for {
		p := new([1 << 20]byte)
		n, _, err := s.SendZeroCopy(p[:], 0)
		if err == sock.ErrWouldBlock || errors.Is(err, syscall.ENOBUFS) {
			return bytes
		}
		if err != nil {
			t.Fatal(err)
		}
		if freed != nil {
			runtime.SetFinalizer(p, func(*[1 << 20]byte) { freed <- n })
		}
		bytes += n
	}
}

func resetPeer(t testing.TB, s *sock.Socket) {
	t.Helper()
	wantErr(t, sockopt.Linger.Set(s, sockopt.LingerValue{On: true}), nil)
	wantErr(t, s.Close(), nil)
}

// Clients that reset leave nothing.
func TestZeroCopyReset(t *testing.T) { // looks at the whole process: not parallel
	eventually(t, "nothing is kept", nothingClosing)
	freed := make(chan int, 1000)
	sent := 0
	for range 100 {
		a, b := streams(t, "tcp4")
		n := zeroCopyFill(t, a, freed)
		if sent += n; n == 0 {
			t.Fatal("nothing was sent")
		}
		if testhook.ZeroCopyPending(a) == 0 {
			t.Fatal("nothing is out")
		}
		resetPeer(t, b)
		if _, err := a.Wait(sock.Failed); err != nil {
			t.Fatal(err)
		}
		wantErr(t, a.Close(), nil)
	}
	sockets, bytes, forGood := testhook.ZeroCopyClosed()
	t.Logf("%d KiB were sent; %d sockets, %d KiB, %d for good are kept", sent>>10, sockets, bytes>>10, forGood)
	if sockets != 0 || bytes != 0 || forGood != 0 {
		t.Errorf("%d sockets, %d bytes, %d for good are kept", sockets, bytes, forGood)
	}
	eventually(t, "all are freed", func() bool {
		runtime.GC()
		for len(freed) > 0 {
			sent -= <-freed
		}
		return sent == 0
	})
}

func nothingClosing() bool {
	n, _, forGood := testhook.ZeroCopyClosed()
	return n == 0 && forGood == 0
}

// What is out when Close comes is delivered, from buffers that stay as long as that takes.
func TestZeroCopyClose(t *testing.T) { // not parallel
	eventually(t, "nothing is kept", nothingClosing)
	a, b := streams(t, "tcp4")
	freed := make(chan int, 100)
	sent := zeroCopyFill(t, a, freed)
	wantErr(t, a.Close(), nil)
	for range 3 {
		runtime.GC()
	}
	if len(freed) > 0 {
		t.Fatal("freed before the kernel was done with it")
	}
	if n, bytes, _ := testhook.ZeroCopyClosed(); n != 1 || bytes == 0 {
		t.Fatalf("%d sockets, %d bytes are kept", n, bytes)
	}
	if got, err := io.Copy(io.Discard, b); got != int64(sent) || err != nil {
		t.Errorf("%d bytes, %v, want %d", got, err, sent)
	}
	eventually(t, "let go", nothingClosing)
	eventually(t, "freed", func() bool {
		runtime.GC()
		for len(freed) > 0 {
			sent -= <-freed
		}
		return sent == 0
	})
}

// Close of a socket that lingers for no time resets, as close(2) does.
func TestZeroCopyCloseReset(t *testing.T) { // not parallel
	eventually(t, "nothing is kept", nothingClosing)
	a, b := streams(t, "tcp4")
	zeroCopyFill(t, a, nil)
	resetPeer(t, a)
	_, err := io.Copy(io.Discard, b)
	wantErr(t, err, syscall.ECONNRESET)
	eventually(t, "let go", nothingClosing)
}

// Peers that read nothing make a server keep so much and no more.
func TestZeroCopyCloseBound(t *testing.T) { // not parallel
	eventually(t, "nothing is kept", nothingClosing)
	var peers []*sock.Socket
	sent, most := 0, 0
	for range 50 {
		a, b := streams(t, "tcp4")
		peers = append(peers, b)
		sent += zeroCopyFill(t, a, nil)
		wantErr(t, a.Close(), nil)
		_, bytes, _ := testhook.ZeroCopyClosed()
		most = max(most, bytes)
	}
	n, bytes, forGood := testhook.ZeroCopyClosed()
	t.Logf("%d KiB were sent to peers that read nothing; kept were at most %d KiB, in %d sockets", sent>>10, most>>10, n)
	if most > 64<<20 || bytes == 0 || forGood != 0 {
		t.Errorf("%d KiB, %d, %d", most>>10, bytes, forGood)
	}
	slices.Reverse(peers)
	if sent > 80<<20 { // the oldest were reset, the newest not
		if _, err := io.Copy(io.Discard, peers[0]); err != nil {
			t.Error("the newest:", err)
		}
		_, err := io.Copy(io.Discard, peers[len(peers)-1])
		wantErr(t, err, syscall.ECONNRESET)
	}
	for _, p := range peers {
		resetPeer(t, p)
	}
	eventually(t, "let go", nothingClosing)
}

// Reports that were received without room for them: the kernel has none left.
func TestZeroCopyCloseLostReports(t *testing.T) { // not parallel
	eventually(t, "nothing is kept", nothingClosing)
	a, _ := connectedDatagrams(t, "udp4")
	if _, _, err := a.SendZeroCopy([]byte("hello"), 0); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Wait(sock.Failed); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Recv(make([]byte, 9), sock.ErrQueue); err != nil {
		t.Fatal(err)
	}
	if kept := testhook.ZeroCopyPending(a); kept != 1 {
		t.Fatal(kept)
	}
	wantErr(t, a.Close(), nil)
	if !nothingClosing() {
		t.Error("kept")
	}
}

// A copy of the descriptor receives the reports for a Socket that is closed.
func TestZeroCopyCloseShared(t *testing.T) { // not parallel
	eventually(t, "nothing is kept", nothingClosing)
	a, b := streams(t, "tcp4")
	freed := make(chan int, 100)
	sent := zeroCopyFill(t, a, freed)
	fd, err := a.Detach()
	wantErr(t, err, nil)
	if _, _, forGood := testhook.ZeroCopyClosed(); forGood != int64(sent) {
		t.Errorf("%d are kept, want %d", forGood, sent)
	}
	c, err := sock.FromFD(fd)
	wantErr(t, err, nil)
	wantErr(t, c.CloseWrite(), nil)
	if got, err := io.Copy(io.Discard, b); got != int64(sent) || err != nil {
		t.Errorf("%d bytes, %v, want %d", got, err, sent)
	}
	eventually(t, "let go", func() bool { c.RecvErr(nil); return nothingClosing() })
	wantErr(t, c.Close(), nil)
}

// A datagram that waits for its neighbor's answer is with the kernel for seconds. The
// address is free once it is done.
func TestZeroCopyCloseDatagram(t *testing.T) {
	if t.Parallel(); !alone(t) {
		return
	}
	wantErr(t, interfaceUp(1, nil), nil)
	there := newNamespace(t)
	veth(t, 10, []netip.Prefix{netip.MustParsePrefix("10.9.0.1/24")}, there, []netip.Prefix{netip.MustParsePrefix("10.9.0.2/24")})
	s := open(t, sock.Inet, sock.Dgram)
	wantErr(t, s.Bind(addr(t, "10.9.0.1:0")), nil)
	own, err := s.Sockname()
	wantErr(t, err, nil)
	wantErr(t, s.Connect(addr(t, "10.9.0.77:9")), nil)
	freed := make(chan int, 1)
	p := new([1000]byte)
	runtime.SetFinalizer(p, func(*[1000]byte) { freed <- 1 })
	if _, _, err := s.SendZeroCopy(p[:], 0); err != nil {
		t.Fatal(err)
	}
	wantErr(t, s.Close(), nil)
	runtime.GC()
	if n, _, _ := testhook.ZeroCopyClosed(); n != 1 || len(freed) > 0 {
		t.Fatal("let go while the kernel has it")
	}
	again := open(t, sock.Inet, sock.Dgram)
	eventually(t, "bound", func() bool { return again.Bind(own) == nil })
	eventually(t, "freed", func() bool { runtime.GC(); return len(freed) > 0 })
}

// Parts of one datagram have an id each.
func TestZeroCopyMore(t *testing.T) {
	t.Parallel()
	a, b := connectedDatagrams(t, "udp4")
	for id, flags := range []sock.Flags{sock.More, sock.More, 0} {
		if n, got, err := a.SendZeroCopy([]byte("part "), flags); n != 5 || got != uint32(id) || err != nil {
			t.Fatal(n, got, err)
		}
	}
	recv(t, b, 99, 0, "part part part ")
	completions(t, a, 2)
	sendsZeroCopy(t, a, 3)
}

// What can be let go by a report alone is bounded too: SendZeroCopy sends no more.
func TestZeroCopyForGoodBound(t *testing.T) { // not parallel
	eventually(t, "nothing is kept", nothingClosing)
	forGood := func() int64 { _, _, n := testhook.ZeroCopyClosed(); return n }
	var peers, copies []*sock.Socket
	for i := 0; i < 200 && forGood() <= 64<<20; i++ { // RLIMIT_MEMLOCK may end it earlier
		a, b := streams(t, "tcp4")
		zeroCopyFill(t, a, nil)
		c, err := a.Dup()
		wantErr(t, err, nil)
		wantErr(t, a.Close(), nil)
		peers, copies = append(peers, b), append(copies, c)
	}
	a, _ := connectedDatagrams(t, "udp4")
	if forGood() > 64<<20 {
		_, _, err := a.SendZeroCopy([]byte("hello"), 0)
		wantErr(t, err, syscall.ENOBUFS)
	} else {
		t.Logf("only %d bytes can be out", forGood())
	}
	for _, b := range peers {
		resetPeer(t, b)
	}
	eventually(t, "let go", func() bool {
		for _, c := range copies {
			for err := error(nil); err == nil; _, err = c.RecvErr(nil) {
			}
		}
		return nothingClosing()
	})
	for _, c := range copies {
		wantErr(t, c.Close(), nil)
	}
	sendsZeroCopy(t, a, 0)
}

// Without a descriptor for the duplicate Close resets the connection.
func TestZeroCopyCloseNoDescriptor(t *testing.T) {
	if t.Parallel(); !alone(t) { // the limit is the process's
		return
	}
	wantErr(t, interfaceUp(1, nil), nil)
	a, b := streams(t, "tcp4")
	zeroCopyFill(t, a, nil)
	var old unix.Rlimit
	wantErr(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &old), nil)
	wantErr(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 0, Max: old.Max}), nil)
	err := a.Close()
	wantErr(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &old), nil)
	wantErr(t, err, nil)
	_, err = io.Copy(io.Discard, b)
	wantErr(t, err, syscall.ECONNRESET)
	eventually(t, "let go", nothingClosing)
}

// A tracer may use the Socket, also in SendZeroCopy.
func TestZeroCopyTracer(t *testing.T) { // the tracer is the process's: not parallel
	a, _ := connectedDatagrams(t, "udp4")
	var sends []uint32
	sock.SetTracer(func(c sock.Call) {
		if c.Name == "sendto" && len(sends) == 0 {
			r, err := a.RecvErr(nil)
			if _, last, _, ok := r.ZeroCopy(); ok && err == nil {
				sends = append(sends, last)
			}
		}
	})
	defer sock.SetTracer(nil)
	wantErr(t, recvTimeout(t, began(func() error {
		_, _, err := a.SendZeroCopy([]byte("hello"), 0)
		return err
	})), nil)
	if !slices.Equal(sends, []uint32{0}) {
		t.Error(sends)
	}
}

func began(f func() error) <-chan error {
	c := make(chan error, 1)
	go func() { c <- f() }()
	return c
}

// What does not hand the descriptor out ends nothing.
func TestZeroCopyNotShared(t *testing.T) {
	t.Parallel()
	s, _ := streams(t, "tcp4")
	_ = s.String()
	_, err := s.SyscallConn() // os.File.ReadFrom asks every source for one
	wantErr(t, err, nil)
	_, err = s.PeerCred()
	wantErr(t, err, syscall.EOPNOTSUPP)
	p := newPoller(t)
	wantErr(t, p.Remove(s), syscall.ENOENT)
	s.SetNonblock(true)
	wantErr(t, p.Add(s, sock.Readable, nil), nil)
	wantErr(t, p.Remove(s), nil)
	s.SetNonblock(false)
	sendsZeroCopy(t, s, 0)
	n, _, err := s.SendZeroCopy(nil, sock.ZeroCopy)
	if n != 0 || err != nil {
		t.Error(n, err)
	}
}

// A peer that reads nothing ends, at the latest, with TCP_USER_TIMEOUT, which Close sets
// unless a shorter one is set.
func TestZeroCopyCloseTimeout(t *testing.T) { // not parallel
	eventually(t, "nothing is kept", nothingClosing)
	a, _ := streams(t, "tcp4")
	var set []string
	sock.SetTracer(func(c sock.Call) {
		if c.Name == "setsockopt" && c.Err == nil {
			set = append(set, c.Args)
		}
	})
	defer sock.SetTracer(nil)
	zeroCopyFill(t, a, nil)
	c, d := streams(t, "tcp4")
	zeroCopyFill(t, c, nil)
	wantErr(t, sockopt.TCPUserTimeout.Set(a, 200*time.Millisecond), nil)
	set = nil
	wantErr(t, a.Close(), nil)
	if len(set) != 0 {
		t.Error("a shorter time was set: ", set)
	}
	wantErr(t, c.Close(), nil)
	if !slices.Equal(set, []string{"TCP_USER_TIMEOUT, 60000"}) {
		t.Error(set)
	}
	resetPeer(t, d)
	eventually(t, "let go", nothingClosing)
}
