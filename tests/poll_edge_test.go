//go:build linux || freebsd || darwin || netbsd || openbsd || dragonfly

package sock_test

import (
	"errors"
	"fmt"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/berkeleysockets/sock"
)

// edged is a connection whose first end is in a Poller, edge-triggered.
func edged(t *testing.T, network string, want sock.Ready) (p *sock.Poller, s, peer *sock.Socket) {
	t.Helper()
	needPoller(t, sock.Edge|want)
	s, peer = streams(t, network)
	p = newPoller(t)
	attend(t, p, s, want|sock.Edge)
	return p, s, peer
}

// On a stream a receive that is short is enough: the next byte is reported, though
// nobody has heard that it would block.
func TestPollEdgeShortRead(t *testing.T) {
	t.Parallel()
	for _, network := range pollNetworks {
		t.Run(network, func(t *testing.T) {
			p, s, peer := edged(t, network, sock.Readable)
			buf := make([]byte, 64)
			for i := range 500 {
				message := "a message"[:1+i%9]
				send(t, peer, message)
				for got := ""; got != message; { // TCP may cut it
					wantEvent(t, p, s, sock.Readable, 0)
					n, err := s.Recv(buf, 0)
					if err != nil && (err != sock.ErrWouldBlock || pollerHere == byEpoll) {
						t.Fatal(err)
					}
					got += string(buf[:n])
				}
			}
			nothing(t, p, "all received")
		})
	}
}

// A receive that fills its buffer says nothing of what is left: the next one does.
func TestPollEdgeExactRead(t *testing.T) {
	t.Parallel()
	for _, network := range pollNetworks {
		t.Run(network, func(t *testing.T) {
			p, s, peer := edged(t, network, sock.Readable)
			for range 100 {
				send(t, peer, "abcdef")
				wantEvent(t, p, s, sock.Readable, 0)
				recv(t, s, 3, 0, "abc")
				recv(t, s, 3, 0, "def")
				_, err := s.Recv(make([]byte, 3), 0)
				wantErr(t, err, sock.ErrWouldBlock)
			}
			nothing(t, p, "all received")
			// And where it says nothing, what is left is reported with the next byte.
			send(t, peer, "abcdef")
			wantEvent(t, p, s, sock.Readable, 0)
			recv(t, s, 3, 0, "abc")
			nothing(t, p, "half of it is left")
			send(t, peer, "g")
			wantEvent(t, p, s, sock.Readable, 0)
			recv(t, s, 9, 0, "defg")
		})
	}
}

// What is left unread is not reported again, what is new is.
func TestPollEdgeUnread(t *testing.T) {
	t.Parallel()
	for _, network := range pollNetworks {
		t.Run(network, func(t *testing.T) {
			p, s, peer := edged(t, network, sock.Readable)
			nothing(t, p, "at first")
			for _, data := range []string{"a", "b", "c"} {
				send(t, peer, data)
				wantEvent(t, p, s, sock.Readable, 0)
				nothing(t, p, "unread, and nothing new")
			}
			recv(t, s, 1, 0, "a")
			nothing(t, p, "receiving is no news")
			recv(t, s, 9, 0, "bc")
			nothing(t, p, "all received")
		})
	}
}

// A half-close is news, though bytes are unread; they can still be read. A program that
// asked for ReadClosed knows that a short receive is not the end.
func TestPollEdgeHalfClose(t *testing.T) {
	t.Parallel()
	for _, network := range pollNetworks {
		for _, want := range []sock.Ready{sock.Readable, sock.Readable | sock.ReadClosed} {
			t.Run(network+" "+want.String(), func(t *testing.T) {
				p, s, peer := edged(t, network, want)
				send(t, peer, "abcdef")
				wantEvent(t, p, s, sock.Readable, 0)
				recv(t, s, 3, 0, "abc")
				nothing(t, p, "half of it is left")
				wantErr(t, peer.CloseWrite(), nil)
				wantEvent(t, p, s, want, 0)
				recv(t, s, 3, 0, "def")
				recv(t, s, 3, 0, "")
			})
			t.Run(network+" "+want.String()+", at once", func(t *testing.T) {
				needPoller(t, sock.Edge)
				s, peer := streams(t, network)
				send(t, peer, "abcdef")
				wantErr(t, peer.CloseWrite(), nil)
				p := newPoller(t)
				attend(t, p, s, want|sock.Edge)
				wantEvent(t, p, s, want, 0)
				recv(t, s, 9, 0, "abcdef")
				recv(t, s, 9, 0, "")
				send(t, s, "answer") // our half is open
				recv(t, peer, 9, 0, "answer")
			})
		}
	}
}

// A reset is reported, whether bytes are unread or not.
func TestPollEdgeReset(t *testing.T) {
	t.Parallel()
	for _, want := range []sock.Ready{0, sock.Readable, sock.Writable, sock.Readable | sock.Writable} {
		for _, unread := range []bool{false, true} {
			t.Run(fmt.Sprint(want, unread), func(t *testing.T) {
				p, s, peer := edged(t, "tcp4", want)
				if unread {
					send(t, peer, "x")
				}
				settle(t, p)
				abort(t, peer)
				wantEvent(t, p, s, want|sock.Hangup, sock.Failed)
				n, err := s.Recv(make([]byte, 9), 0)
				if n == 1 { // it is still there
					_, err = s.Recv(make([]byte, 9), 0)
				}
				wantErr(t, err, syscall.ECONNRESET)
			})
		}
	}
}

// settle takes what p reports, until it is quiet.
func settle(t testing.TB, p *sock.Poller) {
	t.Helper()
	var events [4]sock.Event
	eventually(t, "quiet", func() bool {
		n, err := p.Wait(events[:], quietFor)
		wantErr(t, err, nil)
		return n == 0
	})
}

// Urgent data is Priority and not Readable, and the other way round.
func TestPollEdgeUrgent(t *testing.T) {
	t.Parallel()
	urge := func(t *testing.T, s *sock.Socket) {
		t.Helper()
		n, err := s.Send([]byte("!"), sock.OOB)
		must(t, n, err, 1)
	}
	take := func(t *testing.T, s *sock.Socket) {
		t.Helper()
		b := make([]byte, 9)
		if n, err := s.Recv(b, sock.OOB); n != 1 || err != nil || b[0] != '!' {
			t.Errorf("urgent %q, %v", b[:n], err)
		}
	}
	t.Run("Priority alone", func(t *testing.T) {
		p, s, peer := edged(t, "tcp4", sock.Priority)
		send(t, peer, "a")
		wantErr(t, readable(s, sock.Readable), nil)
		nothing(t, p, "other data")
		for range 3 {
			urge(t, peer)
			wantEvent(t, p, s, sock.Priority, 0)
			nothing(t, p, "reported")
			take(t, s)
		}
		send(t, peer, "b")
		nothing(t, p, "other data again")
	})
	t.Run("both", func(t *testing.T) {
		p, s, peer := edged(t, "tcp4", sock.Priority|sock.Readable)
		urge(t, peer)
		wantEvent(t, p, s, sock.Priority, 0)
		take(t, s)
		send(t, peer, "a")
		wantEvent(t, p, s, sock.Readable, 0)
		recv(t, s, 9, 0, "a")
		nothing(t, p, "all received")
		send(t, peer, "b")
		wantEvent(t, p, s, sock.Readable, 0)
		urge(t, peer)
		wantEvent(t, p, s, sock.Priority, sock.Readable)
		take(t, s)
		recv(t, s, 9, 0, "b")
	})
	t.Run("Readable alone", func(t *testing.T) {
		p, s, peer := edged(t, "tcp4", sock.Readable)
		needPoller(t, sock.Priority) // elsewhere it is not known to be kept apart
		urge(t, peer)
		_, err := s.Wait(sock.Priority)
		wantErr(t, err, nil)
		nothing(t, p, "urgent data")
	})
}

// Once, though there is news; each Modify arms it.
func TestPollEdgeOneShot(t *testing.T) {
	t.Parallel()
	for _, network := range pollNetworks {
		t.Run(network, func(t *testing.T) {
			p, s, peer := edged(t, network, sock.Readable|sock.OneShot)
			nothing(t, p, "at first")
			send(t, peer, "a")
			wantEvent(t, p, s, sock.Readable, 0)
			send(t, peer, "b")
			wantErr(t, peer.CloseWrite(), nil)
			nothing(t, p, "reported once")
			for range 2 {
				wantErr(t, p.Modify(s, sock.Readable|sock.Edge|sock.OneShot), nil)
				wantEvent(t, p, s, sock.Readable, 0)
				nothing(t, p, "reported once more")
			}
		})
	}
}

// Modify reports what is so now, Remove and Add do; and the mode may change.
func TestPollEdgeModify(t *testing.T) {
	t.Parallel()
	for _, network := range pollNetworks {
		t.Run(network, func(t *testing.T) {
			p, s, peer := edged(t, network, sock.Readable)
			send(t, peer, "abc")
			wantEvent(t, p, s, sock.Readable, 0)
			for range 3 {
				nothing(t, p, "reported")
				wantErr(t, p.Modify(s, sock.Readable|sock.Edge), nil)
				wantEvent(t, p, s, sock.Readable, 0)
			}
			wantErr(t, p.Modify(s, sock.Writable|sock.Edge), nil)
			wantEvent(t, p, s, sock.Writable, 0)
			nothing(t, p, "writable reported")
			wantErr(t, p.Modify(s, sock.Readable|sock.Writable|sock.Edge), nil)
			wantEvent(t, p, s, sock.Readable|sock.Writable, 0)
			nothing(t, p, "both reported")
			wantErr(t, p.Remove(s), nil)
			wantErr(t, p.Add(s, sock.Readable|sock.Edge, s.FD()), nil)
			wantEvent(t, p, s, sock.Readable, 0)
			nothing(t, p, "reported after Add")

			wantErr(t, p.Modify(s, sock.Readable), nil)
			for range 3 {
				wantEvent(t, p, s, sock.Readable, 0)
			}
			wantErr(t, p.Modify(s, sock.Readable|sock.Edge), nil)
			wantEvent(t, p, s, sock.Readable, 0)
			nothing(t, p, "edge-triggered again")
			recv(t, s, 9, 0, "abc")
			wantErr(t, p.Modify(s, sock.Readable|sock.Edge), nil)
			nothing(t, p, "there is nothing to tell")
		})
	}
}

// Room is reported at first, and again after a send that would have blocked.
func TestPollEdgeWritable(t *testing.T) {
	t.Parallel()
	for _, network := range pollNetworks {
		t.Run(network, func(t *testing.T) {
			p, s, peer := edged(t, network, sock.Writable)
			wantEvent(t, p, s, sock.Writable, 0)
			nothing(t, p, "reported")
			for range 3 {
				fillBufferFirmly(t, s)
				settle(t, p) // some drained by itself
				fillBuffer(t, s)
				settle(t, p)
				drainAll(t, s, peer)
				wantEvent(t, p, s, sock.Writable, 0)
				// It is true.
				if _, err := s.Send([]byte("x"), 0); err != nil {
					t.Error(err)
				}
				settle(t, p)
				drainAll(t, s, peer)
				settle(t, p)
			}
			send(t, peer, "x")
			wantErr(t, readable(s, sock.Readable), nil)
			settle(t, p) // with data some kernels tell of room again
			nothing(t, p, "quiet")
		})
	}
}

// All of a large transfer comes through, either end a Poller's, each at its pace.
func TestPollEdgeTransfer(t *testing.T) {
	t.Parallel()
	const size = 8 << 20
	for _, network := range pollNetworks {
		t.Run(network, func(t *testing.T) {
			p, s, peer := edged(t, network, sock.Readable)
			out := newPoller(t)
			attend(t, out, peer, sock.Writable|sock.Edge)
			failed := make(chan error, 1)
			go func() {
				var events [1]sock.Event
				data := make([]byte, 300<<10)
				for sent := 0; sent < size; {
					n, err := peer.Send(data[:min(len(data), size-sent)], 0)
					if err == sock.ErrWouldBlock {
						if n, err := out.Wait(events[:], 10*time.Second); n != 1 || err != nil {
							failed <- fmt.Errorf("no room after %d bytes: %d, %v", sent, n, err)
							return
						}
					} else if err != nil {
						failed <- err
						return
					}
					sent += max(n, 0)
				}
				failed <- peer.CloseWrite()
			}()
			var events [1]sock.Event
			received := 0
			for data, ended := make([]byte, 100_000), false; !ended; {
				if n, err := p.Wait(events[:], 10*time.Second); n != 1 || err != nil {
					t.Fatalf("nothing after %d of %d bytes: %d, %v", received, size, n, err)
				}
				for {
					n, err := s.Recv(data, 0)
					if errors.Is(err, sock.ErrWouldBlock) {
						break
					}
					if ended = n == 0; ended {
						wantErr(t, err, nil)
						break
					}
					received += n
				}
			}
			wantErr(t, recvTimeout(t, failed), nil)
			if received != size {
				t.Errorf("%d bytes, want %d", received, size)
			}
		})
	}
}

// A listener reports new clients. A program that accepts until it would block has them
// all; who does not hears of the rest with the next.
func TestPollEdgeAccept(t *testing.T) {
	t.Parallel()
	needPoller(t, sock.Edge)
	for _, network := range []string{"tcp4", "unix"} {
		t.Run(network, func(t *testing.T) {
			l, name := listening(t, network)
			p := newPoller(t)
			attend(t, p, l, sock.Readable|sock.Edge)
			nothing(t, p, "at first")
			knock := func(n int) {
				for range n {
					wantErr(t, open(t, name.Domain(), sock.Stream).Connect(name), nil)
				}
			}
			accept := func() bool {
				s, _, err := l.Accept()
				if err == nil {
					closed(t, s)
				} else {
					wantErr(t, err, sock.ErrWouldBlock)
				}
				return err == nil
			}
			// The last of them may be on their way still, and reported then.
			for _, n := range []int{1, 5, 20} {
				knock(n)
				for got := 0; got < n; {
					wantEvent(t, p, l, sock.Readable, 0)
					for accept() {
						got++
					}
				}
				settle(t, p)
			}
			knock(5)
			wantEvent(t, p, l, sock.Readable, 0)
			settle(t, p)
			if !accept() {
				t.Error("nobody is there")
			}
			if runtime.GOOS == "freebsd" && pollerHere == byKqueue {
				settle(t, p) // an accept reports the others again (kern_accept4)
			} else {
				nothing(t, p, "four are left, and nobody came")
			}
			knock(1)
			wantEvent(t, p, l, sock.Readable, 0)
			n := 0
			eventually(t, "five clients", func() bool {
				for accept() {
					n++
				}
				return n == 5
			})
		})
	}
}
