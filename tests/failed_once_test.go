//go:build linux || freebsd || darwin || netbsd || openbsd || dragonfly

package sock_test

import (
	"errors"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/sockopt"
)

// TestWaitFailedConsumed shows that the documented loop over Wait(Failed) and RecvErr ends: a
// pending error wakes it once, with and without an error queue.
func TestWaitFailedConsumed(t *testing.T) {
	t.Parallel()
	for name, set := range map[string]sock.Setting{"no queue": nil, "IP_RECVERR": sockopt.IPRecvErr.With(true)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			to := fullReceiver(t, "udp4")
			s, err := sock.Open(sock.Inet, sock.Dgram, 0, set)
			if errors.Is(err, errors.ErrUnsupported) {
				t.Skip("not on this system: ", err)
			}
			wantErr(t, err, nil)
			closed(t, s)
			wantErr(t, s.Connect(to), nil)
			send(t, s, "anyone?")
			wantErr(t, s.SetReadDeadline(time.Now().Add(300*time.Millisecond)), nil)
			wakes, refused := 0, 0
			for {
				if _, err := s.Wait(sock.Failed); err != nil {
					wantErr(t, err, os.ErrDeadlineExceeded)
					break
				}
				wakes++
				for {
					r, err := s.RecvErr(nil)
					if errors.Is(err, errors.ErrUnsupported) {
						t.Skip("no error queue: ", err)
					}
					if err == sock.ErrWouldBlock {
						break
					}
					if errors.Is(err, syscall.ECONNREFUSED) || err == nil && r.Extended.Err == syscall.ECONNREFUSED {
						refused++
					} else {
						t.Fatal(err, r)
					}
				}
				if wakes > 100 {
					break
				}
			}
			if wakes > 3 || refused == 0 {
				t.Errorf("%d wake-ups, %d errors", wakes, refused)
			}
		})
	}
}

// TestPollNothingWanted shows that a Socket of which nothing is wanted is reported once when it
// hangs up, in each Poller and again after Modify, and that a failure is reported too.
func TestPollNothingWanted(t *testing.T) {
	t.Parallel()
	for _, want := range []sock.Ready{0, sock.Hangup, sock.Failed, sock.Hangup | sock.Failed} {
		p := newPoller(t)
		a, b := streams(t, "pair")
		b.SetNonblock(true)
		wantErr(t, p.Add(b, want, nil), nil)
		send(t, a, "x") // is not wanted
		events := make([]sock.Event, 4)
		if n, err := p.Wait(events, 0); n != 0 || err != nil {
			t.Fatalf("%v: %d, %v, %v", want, n, err, events[0])
		}
		wantErr(t, a.Close(), nil)
		for range 2 {
			n, err := p.Wait(events, 10*time.Second)
			if n != 1 || err != nil || events[0].Ready&sock.Hangup == 0 {
				t.Fatalf("%v: %d, %v, %v", want, n, err, events[0])
			}
			for range 3 {
				if n, err := p.Wait(events, 0); n != 0 || err != nil {
					t.Fatalf("%v: reported again: %d, %v, %v", want, n, err, events[0])
				}
			}
			wantErr(t, p.Modify(b, want), nil)
		}
		wantErr(t, p.Modify(b, sock.Readable), nil) // level-triggered, as long as it is so
		for range 3 {
			if n, err := p.Wait(events, 10*time.Second); n != 1 || err != nil || events[0].Ready&sock.Readable == 0 {
				t.Fatalf("%v: %d, %v, %v", want, n, err, events[0])
			}
		}
	}
	p := newPoller(t)
	s := open(t, sock.Inet, sock.Dgram)
	wantErr(t, s.Connect(fullReceiver(t, "udp4")), nil)
	s.SetNonblock(true)
	wantErr(t, p.Add(s, 0, nil), nil)
	events := make([]sock.Event, 4)
	send(t, s, "x")
	if n, err := p.Wait(events, 10*time.Second); n != 1 || err != nil || events[0].Ready&sock.Failed == 0 {
		t.Fatal(n, err, events[0])
	}
	if n, err := p.Wait(events, 0); n != 0 || err != nil {
		t.Fatal("reported again: ", n, err, events[0])
	}
}
