package sock_test

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/sockopt"
)

// Sentences of the documentation that no other test proves.

// Connect fails with ECONNABORTED if the attempt has failed and another call has taken its error.
func TestConnectAborted(t *testing.T) {
	t.Parallel()
	l, to := bound(t, "tcp4", sock.Stream)
	wantErr(t, l.Listen(1), nil)
	for range 2 { // one above the backlog: the next gets no answer
		wantErr(t, open(t, sock.Inet, sock.Stream).Connect(to), nil)
	}
	s := open(t, sock.Inet, sock.Stream)
	s.SetNonblock(true)
	wantErr(t, s.Connect(to), sock.ErrInProgress)
	wantErr(t, l.Close(), nil) // and the next SYN is refused
	wantErr(t, s.SetWriteDeadline(time.Now().Add(time.Minute)), nil)
	_, err := s.Wait(sock.Writable)
	wantErr(t, err, nil)
	pending, err := sockopt.Error.Get(s)
	if pending != syscall.ECONNREFUSED || err != nil {
		t.Fatal(pending, err)
	}
	wantErr(t, s.Connect(to), syscall.ECONNABORTED)
}

// With IPRecvErr the error of a packet is in the queue, and the next other call returns it as
// well, once, also on a socket that is not connected, also where without the option none is
// returned. RecvErr takes both.
func TestRecvErrOtherCalls(t *testing.T) {
	if t.Parallel(); !alone(t) {
		return
	}
	wantErr(t, interfaceUp(1, nil), nil)
	veth(t, 10, []netip.Prefix{netip.MustParsePrefix("10.9.0.1/24")}, newNamespace(t), []netip.Prefix{netip.MustParsePrefix("10.9.0.2/24")})
	os.WriteFile("/proc/sys/net/ipv4/neigh/here/retrans_time_ms", []byte("50"), 0) // else 1 s, three times
	others := map[string]func(*sock.Socket) error{
		"SendTo": func(s *sock.Socket) error { _, err := s.SendTo([]byte("x"), 0, addr(t, "10.9.0.1:9")); return err },
		"RecvFrom": func(s *sock.Socket) error {
			_, _, err := s.RecvFrom(make([]byte, 9), sock.DontWait)
			return err
		},
		"Error": func(s *sock.Socket) error {
			pending, err := sockopt.Error.Get(s)
			if err != nil {
				return err
			}
			return pending
		},
	}
	for to, want := range map[string]syscall.Errno{"127.0.0.1:9": syscall.ECONNREFUSED, "10.9.0.77:9": syscall.EHOSTUNREACH} {
		for name, other := range others {
			t.Run(to+" "+name, func(t *testing.T) {
				t.Parallel()
				s := open(t, sock.Inet, sock.Dgram, sockopt.IPRecvErr.With(true))
				without := open(t, sock.Inet, sock.Dgram)
				ask := func() {
					for _, s := range []*sock.Socket{s, without} {
						_, err := s.SendTo([]byte("x"), 0, addr(t, to))
						wantErr(t, err, nil)
					}
					wantErr(t, s.SetReadDeadline(time.Now().Add(20*time.Second)), nil)
					_, err := s.Wait(sock.Failed)
					wantErr(t, err, nil)
				}
				ask()
				wantErr(t, other(s), want)
				if err := other(s); isAny(err, want) {
					t.Errorf("%v a second time", err)
				}
				r, err := s.RecvErr(nil)
				if r.Extended.Err != want || err != nil {
					t.Errorf("the queue had %v, %v", r.Extended, err)
				}
				if err := other(without); isAny(err, want) {
					t.Errorf("%v without the option", err)
				}
				s = open(t, sock.Inet, sock.Dgram, sockopt.IPRecvErr.With(true))
				ask()
				r, err = s.RecvErr(nil)
				if r.Extended.Err != want || err != nil {
					t.Errorf("the queue had %v, %v", r.Extended, err)
				}
				if err := other(s); isAny(err, want) {
					t.Errorf("%v after RecvErr", err)
				}
			})
		}
	}
}

// A datagram that the queue of the interface drops is an error with IPRecvErr, and none without.
func TestRecvErrDropped(t *testing.T) {
	if t.Parallel(); !alone(t) {
		return
	}
	veth(t, 10, []netip.Prefix{netip.MustParsePrefix("10.9.0.1/24")}, newNamespace(t), []netip.Prefix{netip.MustParsePrefix("10.9.0.2/24")})
	to := addr(t, "10.9.0.2:9")
	s := open(t, sock.Inet, sock.Dgram)
	eventually(t, "the neighbour", func() bool { // else the datagram waits for it
		s.SendTo([]byte("x"), 0, to)
		p, err := os.ReadFile("/proc/net/arp")
		return err != nil || len(p) > 100
	})
	body := binary.NativeEndian.AppendUint32(nil, 0) // struct tcmsg
	body = binary.NativeEndian.AppendUint32(body, 10)
	body = binary.NativeEndian.AppendUint32(body, 0)
	body = binary.NativeEndian.AppendUint32(body, 0xffffffff) // TC_H_ROOT
	body = binary.NativeEndian.AppendUint32(body, 0)
	body = append(body, attributes(attribute(1, "pfifo\x00"), attribute(2, "\x00\x00\x00\x00"))...) // TCA_KIND, TCA_OPTIONS: a limit of 0
	if err := rtnetlink(unix.RTM_NEWQDISC, unix.NLM_F_CREATE|unix.NLM_F_REPLACE, body); err != nil {
		t.Skip("no queue that drops: ", err)
	}
	if _, err := s.SendTo([]byte("x"), 0, to); err != nil {
		t.Errorf("without the option: %v", err)
	}
	wantErr(t, sockopt.IPRecvErr.Set(s, true), nil)
	eventually(t, "ENOBUFS", func() bool {
		_, err := s.SendTo([]byte("x"), 0, to)
		if err != nil && !isAny(err, syscall.ENOBUFS) {
			t.Error(err)
		}
		return err != nil
	})
}

// A send to a peer that has closed fails with EPIPE and raises no signal, and a program that has
// not asked for SIGPIPE survives every copy to one.
func TestSendRaisesNoSignal(t *testing.T) {
	t.Parallel()
	for _, what := range []string{"sends", "copies"} {
		if out, err := child(t, "sigpipe", what).Output(); err != nil {
			t.Errorf("%s: %v\n%s", what, err, out)
		}
	}
}

func init() { children["sigpipe"] = sigpipeChild }

func sigpipeChild(args []string) error {
	got := make(chan os.Signal, 100)
	if args[0] == "sends" {
		signal.Notify(got, syscall.SIGPIPE)
	}
	file, err := os.Open("/proc/self/exe")
	if err != nil {
		return err
	}
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	if _, err := w.Write([]byte("x")); err != nil {
		return err
	}
	sends := map[string]map[string]func(*sock.Socket) error{
		"sends": {
			"Send":    func(s *sock.Socket) error { _, err := s.Send([]byte("x"), 0); return err },
			"SendTo":  func(s *sock.Socket) error { _, err := s.SendTo([]byte("x"), 0, sock.Addr{}); return err },
			"Write":   func(s *sock.Socket) error { _, err := s.Write([]byte("x")); return err },
			"Writev":  func(s *sock.Socket) error { _, err := s.Writev([][]byte{{'x'}, {'y'}}); return err },
			"SendMsg": func(s *sock.Socket) error { _, err := s.SendMsg(&sock.Message{Bufs: [][]byte{{'x'}}}, 0); return err },
			"SendBatch": func(s *sock.Socket) error {
				b := sock.NewBatch(1, 0, 0)
				if err := b.Add([]byte("x"), nil, sock.Addr{}); err != nil {
					return err
				}
				_, err := s.SendBatch(b, 0)
				return err
			},
			"SendFiles": func(s *sock.Socket) error { _, err := s.SendFiles([]byte("x"), file); return err },
		},
		"copies": {
			"SendFile": func(s *sock.Socket) error { _, err := s.SendFile(file, nil, 10); return err },
			"ReadFrom file": func(s *sock.Socket) error {
				_, err := s.ReadFrom(file)
				return err
			},
			"ReadFrom pipe": func(s *sock.Socket) error { _, err := s.ReadFrom(r); return err },
		},
	}
	for name, send := range sends[args[0]] {
		a, b, err := sock.Pair(sock.Unix, sock.Stream, 0)
		if err != nil {
			return err
		}
		b.Close()
		if err := send(a); !isAny(err, syscall.EPIPE) {
			return fmt.Errorf("%s: %w", name, err)
		}
		a.Close()
	}
	// Signals arrive in order of their numbers: this one after any SIGPIPE.
	after := make(chan os.Signal, 1)
	signal.Notify(after, syscall.SIGUSR2)
	syscall.Kill(os.Getpid(), syscall.SIGUSR2)
	<-after
	select {
	case s := <-got:
		return fmt.Errorf("a send raised %v", s)
	case <-time.After(50 * time.Millisecond):
	}
	return nil
}

// Behind a Socket is no buffer and no goroutine: what a call did not take is in the kernel, for
// another descriptor of the same socket, and a program with many Sockets has its own goroutines.
func TestNothingBehindASocket(t *testing.T) {
	t.Parallel()
	if out, err := child(t, "nothing behind").Output(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func init() { children["nothing behind"] = func([]string) error { return nothingBehind() } }

func nothingBehind() error {
	before := runtime.NumGoroutine()
	p, err := sock.NewPoller()
	if err != nil {
		return err
	}
	defer p.Close()
	for range 100 {
		a, b, err := sock.Pair(sock.Unix, sock.Stream, 0)
		if err != nil {
			return err
		}
		defer a.Close()
		defer b.Close()
		if err := b.SetReadDeadline(time.Now().Add(time.Millisecond)); err != nil {
			return err
		}
		if _, err := b.Recv(make([]byte, 1), 0); !isAny(err, os.ErrDeadlineExceeded) { // it has waited
			return fmt.Errorf("nothing to receive: %w", err)
		}
		b.SetReadDeadline(time.Time{})
		if _, err := a.Write([]byte("hello")); err != nil {
			return err
		}
		if _, err := b.Read(make([]byte, 2)); err != nil {
			return err
		}
		c, err := b.Dup()
		if err != nil {
			return err
		}
		rest := make([]byte, 9)
		if n, err := c.Read(rest); string(rest[:n]) != "llo" || err != nil {
			return fmt.Errorf("%q is left in the kernel, %w", rest[:n], err)
		}
		c.SetNonblock(true)
		if err := p.Add(c, sock.Readable, nil); err != nil {
			return err
		}
		defer c.Close()
	}
	if _, err := p.Wait(make([]sock.Event, 1), time.Millisecond); err != nil {
		return err
	}
	if after := runtime.NumGoroutine(); after != before {
		return fmt.Errorf("%d goroutines, %d before", after, before)
	}
	return nil
}

// The first wait of a Socket costs some 600 bytes, and a Socket that never waits none of them.
func TestFirstWaitMemory(t *testing.T) {
	t.Parallel()
	switch {
	case raceDetector:
		t.Skip("the race detector's shadow memory is not ours")
	case os.Getenv("SOCK_TEST_EXEC") != "":
		t.Skip("an emulator's memory is not ours")
	}
	out, err := child(t, "first wait").Output()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}

func init() { children["first wait"] = func([]string) error { return firstWait() } }

func firstWait() error {
	const pairs = 400
	var all []*sock.Socket
	for range pairs {
		a, b, err := sock.Pair(sock.Unix, sock.Stream, 0)
		if err != nil {
			return err
		}
		defer a.Close()
		defer b.Close()
		all = append(all, a, b)
	}
	used := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	each := func(wait bool) (int, error) {
		before := used()
		for _, s := range all {
			if !wait {
				if _, err := s.Recv(make([]byte, 1), sock.DontWait); err != sock.ErrWouldBlock {
					return 0, err
				}
				continue
			}
			if err := s.SetReadDeadline(time.Now().Add(time.Millisecond / 4)); err != nil {
				return 0, err
			}
			if _, err := s.Recv(make([]byte, 1), 0); !isAny(err, os.ErrDeadlineExceeded) {
				return 0, err
			}
		}
		return int(used()-before) / len(all), nil
	}
	none, err := each(false)
	if err != nil {
		return err
	}
	first, err := each(true)
	if err != nil {
		return err
	}
	again, err := each(true)
	if err != nil {
		return err
	}
	fmt.Printf("%d bytes without a wait, %d for the first one, %d for the next", none, first, again)
	if none > 20 || again > 20 || first < 100 || first > 900 {
		return fmt.Errorf("%d, %d and %d bytes", none, first, again)
	}
	return nil
}

// Setting a deadline makes no system call, also where one is waiting. Not parallel: there is one
// tracer.
func TestDeadlineMakesNoCall(t *testing.T) {
	a, b := streams(t, "pair")
	wantErr(t, b.SetReadDeadline(time.Now().Add(time.Millisecond)), nil)
	_, err := b.Recv(make([]byte, 1), 0) // b has waited
	wantErr(t, err, os.ErrDeadlineExceeded)
	var calls []string
	sock.SetTracer(func(c sock.Call) {
		if c.FD == a.FD() || c.FD == b.FD() {
			calls = append(calls, c.String())
		}
	})
	defer sock.SetTracer(nil)
	for _, s := range []*sock.Socket{a, b} {
		for _, at := range []time.Time{time.Now(), time.Now().Add(time.Hour), {}} {
			wantErr(t, s.SetReadDeadline(at), nil)
			wantErr(t, s.SetWriteDeadline(at), nil)
			wantErr(t, s.SetDeadline(at), nil)
		}
	}
	sock.SetTracer(nil)
	if len(calls) > 0 {
		t.Errorf("the calls are %q", calls)
	}
}

// TestConnectShutdown shows that Shutdown ends a Connect that waits, with the error of
// connect(2) for it.
func TestConnectShutdown(t *testing.T) {
	t.Parallel()
	to := silent(t)
	s := open(t, sock.Inet, sock.Stream)
	result := goBlocked(t, func() error { return s.Connect(to) })
	wantErr(t, s.Shutdown(sock.ShutBoth), nil)
	wantErr(t, recvTimeout(t, result), syscall.ECONNABORTED)
}
