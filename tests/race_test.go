package sock_test

import (
	"bytes"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/berkeleysockets/sock"
)

// What these tests show, they show with -race: without it they only run.

// handover gives a word written in one goroutine to another, which reads it:
// send and receive are all that orders the two.
func handover(t *testing.T, name string, send, receive func() error) {
	t.Run(name, func(t *testing.T) {
		words := make([]int, 3)
		sent := make(chan error, 1)
		go func() {
			for i := range words {
				words[i] = i + 1
				if err := send(); err != nil {
					sent <- err
					return
				}
			}
			sent <- nil
		}()
		for i := range words {
			if err := receive(); err != nil {
				t.Fatal(err)
			}
			if words[i] != i+1 {
				t.Errorf("read %d", words[i])
			}
		}
		wantErr(t, recvTimeout(t, sent), nil)
	})
}

func TestRaceStreamHandsOver(t *testing.T) {
	t.Parallel()
	for _, network := range streamNetworks {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			a, b := streams(t, network)
			var out, in [4]byte
			var outs, ins [17][]byte // more than fit the small frame
			for i := range outs {
				outs[i], ins[i] = out[i/5:i/5+1], in[i/5:i/5+1]
			}
			whole := func(n int, err error) error { return err }
			handover(t, "Send, Recv",
				func() error { return whole(a.Send(out[:], 0)) },
				func() error { return whole(b.Recv(in[:], sock.WaitAll)) })
			handover(t, "Write, Read",
				func() error { return whole(a.Write(out[:])) },
				func() error { return whole(io.ReadFull(b, in[:])) })
			handover(t, "Writev, Readv",
				func() error { return whole(a.Writev([][]byte{out[:2]})) },
				func() error { return whole(b.Readv([][]byte{in[:1], in[1:2]})) })
			handover(t, "Writev, Readv of many",
				func() error { return whole(a.Writev(outs[:])) },
				func() error { // two may have come as one
					for n := 0; n < len(ins); {
						k, err := b.Readv(ins[:len(ins)-n])
						if err != nil {
							return err
						}
						n += k
					}
					return nil
				})
			handover(t, "SendMsg, RecvMsg",
				func() error { return whole(a.SendMsg(&sock.Message{Bufs: [][]byte{out[:1]}}, 0)) },
				func() error { return whole(b.RecvMsg(&sock.Message{Bufs: [][]byte{in[:1]}}, 0)) })
			handover(t, "Send, Wait",
				func() error { return whole(a.Send(out[:1], 0)) },
				func() error {
					if _, err := b.Wait(sock.Readable); err != nil {
						return err
					}
					return whole(b.Recv(in[:1], 0))
				})
		})
	}
}

func TestRaceDatagramHandsOver(t *testing.T) {
	t.Parallel()
	for _, network := range datagramNetworks {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			a, _, b, to := datagrams(t, network)
			var out, in [4]byte
			handover(t, "SendTo, RecvFrom",
				func() error { _, err := a.SendTo(out[:], 0, to); return err },
				func() error { _, _, err := b.RecvFrom(in[:], 0); return err })
			handover(t, "SendMsg, RecvMsg",
				func() error {
					_, err := a.SendMsg(&sock.Message{Bufs: [][]byte{out[:1], out[1:]}, Addr: to}, 0)
					return err
				},
				func() error {
					_, err := b.RecvMsg(&sock.Message{Bufs: [][]byte{in[:3], in[3:]}}, 0)
					return err
				})
		})
	}
}

// What only reports that something has happened orders as well.
func TestRaceEventsHandOver(t *testing.T) {
	t.Parallel()
	ends := map[string]func(*sock.Socket) error{
		"Close": (*sock.Socket).Close, "CloseWrite": (*sock.Socket).CloseWrite,
	}
	sees := map[string]func(*sock.Socket) error{
		"Recv": func(s *sock.Socket) error {
			var p [1]byte
			_, err := s.Recv(p[:], 0)
			return err
		},
		"Wait": func(s *sock.Socket) error { _, err := s.Wait(sock.Readable); return err },
	}
	for end, finish := range ends {
		for see, notice := range sees {
			for _, network := range streamNetworks {
				t.Run(network+" "+end+" "+see, func(t *testing.T) {
					t.Parallel()
					a, b := streams(t, network)
					word := 0
					done := make(chan error, 1)
					go func() {
						word = 1
						done <- finish(a)
					}()
					wantErr(t, notice(b), nil)
					if word != 1 {
						t.Error("not seen")
					}
					wantErr(t, recvTimeout(t, done), nil)
				})
			}
		}
	}
	t.Run("Connect Accept", func(t *testing.T) {
		t.Parallel()
		l, to := listening(t, "tcp4")
		s := open(t, sock.Inet, sock.Stream)
		word := 0
		done := make(chan error, 1)
		go func() {
			word = 1
			done <- s.Connect(to)
		}()
		c, _, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		closed(t, c)
		if word != 1 {
			t.Error("not seen")
		}
		wantErr(t, recvTimeout(t, done), nil)
	})
}

// The races: what two goroutines do to one buffer at a time. Where both use
// sockets they use two, since one's guard would put the calls in order if they
// did not happen to overlap.
var races = map[string]func() error{
	"recv-recv": func() error {
		var p [8]byte
		return race(func(_, b *sock.Socket) error { _, err := b.Recv(p[:], 0); return err },
			func(_, b *sock.Socket) error { _, err := b.Recv(p[:], 0); return err })
	},
	"send-write": func() error {
		var p [8]byte
		return race(func(a, _ *sock.Socket) error { _, err := a.Send(p[:], 0); return err },
			func(_, _ *sock.Socket) error { p[3]++; return nil })
	},
	"recv-read": func() error {
		var p [8]byte
		return race(func(_, b *sock.Socket) error { _, err := b.Recv(p[:], 0); return err },
			func(_, _ *sock.Socket) error { runtime.KeepAlive(bytes.Clone(p[:4])); return nil })
	},
	"write-write": func() error {
		var p [8]byte
		return race(func(a, _ *sock.Socket) error { _, err := a.Write(p[:]); return err },
			func(_, _ *sock.Socket) error { p[7]++; return nil })
	},
	"writev-write": func() error {
		var p [8]byte
		return race(func(a, _ *sock.Socket) error { _, err := a.Writev([][]byte{p[:4], p[4:]}); return err },
			func(_, _ *sock.Socket) error { p[5]++; return nil })
	},
	"writev-many-write": func() error {
		var p [17]byte
		var bufs [17][]byte
		for i := range p {
			bufs[i] = p[i : i+1]
		}
		return race(func(a, _ *sock.Socket) error { _, err := a.Writev(bufs[:]); return err },
			func(_, _ *sock.Socket) error { p[16]++; return nil })
	},
	"readv-read": func() error {
		var p [8]byte
		return race(func(_, b *sock.Socket) error { _, err := b.Readv([][]byte{p[:2], p[2:]}); return err },
			func(_, _ *sock.Socket) error { runtime.KeepAlive(bytes.Clone(p[2:3])); return nil })
	},
	"readv-many-read": func() error {
		var p [17 * 8]byte // the detector remembers four accesses of each eight bytes
		var bufs [17][]byte
		for i := range bufs {
			bufs[i] = p[8*i : 8*i+1]
		}
		return race(func(_, b *sock.Socket) error { _, err := b.Readv(bufs[:]); return err },
			func(_, _ *sock.Socket) error { runtime.KeepAlive(bytes.Clone(p[7*8 : 7*8+1])); return nil })
	},
	"recvmsg-recvmsg": func() error {
		var p [8]byte
		f := func(_, b *sock.Socket) error {
			_, err := b.RecvMsg(&sock.Message{Bufs: [][]byte{p[:]}}, 0)
			return err
		}
		return race(f, f)
	},
	"sendmsg-write": func() error {
		var p [8]byte
		return race(func(a, _ *sock.Socket) error {
			_, err := a.SendMsg(&sock.Message{Bufs: [][]byte{p[:]}}, 0)
			return err
		}, func(_, _ *sock.Socket) error { p[0]++; return nil })
	},
	// No race: the sender of the same bytes may read them as well.
	"none": func() error {
		var p [8]byte
		f := func(a, _ *sock.Socket) error { _, err := a.Send(p[:], 0); return err }
		return race(f, f)
	},
}

// race runs two functions in goroutines of their own, each with a pair of
// sockets of its own, where b has something to receive.
func race(f, g func(a, b *sock.Socket) error) error {
	errs := make(chan error, 2)
	for _, f := range []func(a, b *sock.Socket) error{f, g} {
		a, b, err := sock.Pair(sock.Unix, sock.Stream, 0)
		if err != nil {
			return err
		}
		defer a.Close()
		defer b.Close()
		if _, err := a.Send(make([]byte, 8), 0); err != nil {
			return err
		}
		go func() { errs <- f(a, b) }()
	}
	if err := <-errs; err != nil {
		return err
	}
	return <-errs
}

func init() {
	children["race"] = func(args []string) error { return races[args[0]]() }
}

// A real race is found as in a program without sockets.
func TestRaceDetectorFinds(t *testing.T) {
	t.Parallel()
	if !raceDetector {
		t.Skip("not built with -race")
	}
	for name := range races {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := child(t, "race", name)
			c.Env = append(c.Env, "GORACE=exitcode=66 halt_on_error=1 log_path=stderr")
			var out bytes.Buffer
			c.Stderr = &out
			err := c.Run()
			found := c.ProcessState != nil && c.ProcessState.ExitCode() == 66 && strings.Contains(out.String(), "DATA RACE")
			if want := name != "none"; found != want || !found && err != nil {
				t.Errorf("found %v, want %v: %v\n%s", found, want, err, out.String())
			}
		})
	}
}
