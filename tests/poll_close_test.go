//go:build linux || freebsd || darwin || netbsd || openbsd || dragonfly

package sock_test

import (
	"errors"
	"net"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/berkeleysockets/sock"
)

func TestPollClose(t *testing.T) {
	t.Parallel()
	p := newPoller(t)
	s, peer := streams(t, "tcp4")
	unregistered, _ := streams(t, "pair")
	unregistered.SetNonblock(true)
	attend(t, p, s, sock.Readable)
	waiting := beginWait(t, p, make([]sock.Event, 1), -1)
	wantErr(t, p.Close(), nil)
	isWaited(t, waiting, 0, net.ErrClosed)
	for name, call := range pollerMethods {
		if err := call(p, s); !errors.Is(err, net.ErrClosed) {
			t.Errorf("%s: %v, want net.ErrClosed", name, err)
		}
		if err := call(p, unregistered); !errors.Is(err, net.ErrClosed) {
			t.Errorf("%s of an unregistered Socket: %v, want net.ErrClosed", name, err)
		}
	}
	talks(t, pollWaits{s}, peer)

	again := newPoller(t)
	attend(t, again, s, sock.Writable)
	wantEvent(t, again, s, sock.Writable, 0)
	wantErr(t, s.Close(), nil)
	wantErr(t, p.Remove(s), net.ErrClosed)
	wantErr(t, again.Remove(s), nil)
}

// pollWaits reads a non-blocking Socket.
type pollWaits struct{ *sock.Socket }

func (s pollWaits) Read(p []byte) (int, error) {
	if err := readable(s.Socket, sock.Readable); err != nil {
		return 0, err
	}
	return s.Socket.Read(p)
}

// A Close that meets an event, a Wake and other Closes: Wait says net.ErrClosed,
// and one Close is the one.
func TestPollCloseRace(t *testing.T) {
	t.Parallel()
	for i := range 200 {
		p := newPoller(t)
		s := open(t, sock.Inet, sock.Dgram)
		attend(t, p, s, sock.Writable|sock.OneShot)
		var first atomic.Int64
		var group sync.WaitGroup
		group.Go(func() {
			var events [1]sock.Event
			for {
				n, err := p.Wait(events[:], -1)
				if err != nil {
					wantErr(t, err, net.ErrClosed)
					if n != 0 {
						t.Error(n)
					}
					return
				}
			}
		})
		for range 3 {
			group.Go(func() {
				if err := p.Close(); err == nil {
					first.Add(1)
				} else {
					wantErr(t, err, net.ErrClosed)
				}
			})
			group.Go(func() {
				if err := p.Wake(); err != nil {
					wantErr(t, err, net.ErrClosed)
				}
			})
		}
		group.Go(func() {
			if err := p.Modify(s, sock.Writable|sock.OneShot); err != nil {
				wantErr(t, err, net.ErrClosed)
			}
		})
		if i%2 == 0 {
			group.Go(func() { wantErr(t, s.Close(), nil) })
		}
		group.Wait()
		if first.Load() != 1 {
			t.Fatalf("%d Closes were the first", first.Load())
		}
		s.Close()
	}
}

// Poller and Socket are closed in both orders; a Socket in several leaves all.
func TestPollSeveral(t *testing.T) {
	t.Parallel()
	s, peer := streams(t, "tcp4")
	var all []*sock.Poller
	for range 5 {
		p := newPoller(t)
		attend(t, p, s, sock.Readable)
		all = append(all, p)
	}
	send(t, peer, "x")
	for _, p := range all {
		wantEvent(t, p, s, sock.Readable, 0)
	}
	wantErr(t, all[0].Close(), nil) // the first place is another's now
	wantErr(t, all[2].Remove(s), nil)
	wantErr(t, all[2].Modify(s, 0), syscall.ENOENT)
	nothing(t, all[2], "removed")
	for _, i := range []int{1, 3, 4} {
		wantEvent(t, all[i], s, sock.Readable, 0)
		wantErr(t, all[i].Add(s, 0, nil), syscall.EEXIST)
	}
	wantErr(t, all[1].Remove(s), nil)
	wantErr(t, all[4].Remove(s), nil)
	wantErr(t, all[0].Remove(s), net.ErrClosed)
	wantEvent(t, all[3], s, sock.Readable, 0)
	attend(t, all[1], s, sock.Writable)
	wantEvent(t, all[1], s, sock.Writable, 0)
	wantErr(t, s.Close(), nil)
	for _, p := range all[1:] {
		nothing(t, p, "closed")
		wantErr(t, p.Remove(s), nil)
	}
}

// notEverywhere is what some systems cannot watch for.
const notEverywhere = sock.Readable | sock.Edge | sock.Exclusive

// pollerMethods has every method of Poller, called as it should be, and behind a
// comma with what some systems lack. S is a non-blocking Socket.
var pollerMethods = map[string]func(p *sock.Poller, s *sock.Socket) error{
	"Add":                     func(p *sock.Poller, s *sock.Socket) error { return p.Add(s, sock.Readable, nil) },
	"Add, notEverywhere":      func(p *sock.Poller, s *sock.Socket) error { return p.Add(s, notEverywhere, nil) },
	"AddFD":                   func(p *sock.Poller, s *sock.Socket) error { return p.AddFD(0, sock.Readable, nil) },
	"Close":                   func(p *sock.Poller, s *sock.Socket) error { return p.Close() },
	"AddFD, notEverywhere":    func(p *sock.Poller, s *sock.Socket) error { return p.AddFD(0, notEverywhere, nil) },
	"Modify":                  func(p *sock.Poller, s *sock.Socket) error { return p.Modify(s, sock.Readable) },
	"Modify, notEverywhere":   func(p *sock.Poller, s *sock.Socket) error { return p.Modify(s, notEverywhere) },
	"ModifyFD, notEverywhere": func(p *sock.Poller, s *sock.Socket) error { return p.ModifyFD(0, notEverywhere) },
	"ModifyFD":                func(p *sock.Poller, s *sock.Socket) error { return p.ModifyFD(0, sock.Readable) },
	"Remove":                  func(p *sock.Poller, s *sock.Socket) error { return p.Remove(s) },
	"RemoveFD":                func(p *sock.Poller, s *sock.Socket) error { return p.RemoveFD(0) },
	"Wait": func(p *sock.Poller, s *sock.Socket) error {
		_, err := p.Wait(make([]sock.Event, 1), -1)
		return err
	},
	"Wake": func(p *sock.Poller, s *sock.Socket) error { return p.Wake() },
	"All": func(p *sock.Poller, s *sock.Socket) error {
		for _, err := range p.All(make([]sock.Event, 1)) {
			return err
		}
		return nil
	},
}

func TestPollTables(t *testing.T) {
	t.Parallel()
	ty := reflect.TypeFor[*sock.Poller]()
	for i := range ty.NumMethod() {
		m := ty.Method(i)
		if file, _ := runtime.FuncForPC(m.Func.Pointer()).FileLine(m.Func.Pointer()); strings.HasSuffix(file, "_test.go") {
			continue
		}
		if name := m.Name; name != "String" && name != "FD" && name != "Len" && pollerMethods[name] == nil { // the three cannot fail
			t.Errorf("Poller.%s is not tested on a closed Poller: add it to pollerMethods, in poll_test.go", name)
		}
	}
}

// No Poller, the zero Poller, a closed one; no Socket, the zero Socket: errors.
func TestPollNil(t *testing.T) {
	t.Parallel()
	s, _ := streams(t, "pair")
	s.SetNonblock(true)
	ended := newPoller(t)
	wantErr(t, ended.Close(), nil)
	for what, p := range map[string]*sock.Poller{"nil": nil, "zero": {}, "closed": ended} {
		for name, call := range pollerMethods {
			for _, x := range []*sock.Socket{s, nil, {}} {
				err := call(p, x)
				if !errors.Is(err, net.ErrClosed) {
					t.Errorf("%s, %s: %v, want net.ErrClosed", what, name, err)
				}
				op, _, _ := strings.Cut(strings.ToLower(name), ",")
				if name == "All" {
					op = "wait"
				}
				var e *sock.Error
				if !errors.As(err, &e) || e.Op != op {
					t.Errorf("%s, %s: %#v", what, name, err)
				}
			}
		}
	}
	p := newPoller(t)
	for _, x := range []*sock.Socket{nil, {}} {
		wantErr(t, p.Add(x, sock.Readable, nil), net.ErrClosed)
		wantErr(t, p.Modify(x, sock.Readable), net.ErrClosed)
	}
	wantErr(t, p.Remove(nil), net.ErrClosed)
	wantErr(t, p.Remove(&sock.Socket{}), nil) // as good as closed
	nothing(t, p, "nobody is in")
}

// A closed Poller leaves no descriptor behind, closed while somebody waited too.
// Not parallel: other tests open their own.
func TestPollDescriptors(t *testing.T) {
	most := raiseFiles()
	for range 100 { // its first use of Go's poller
		p, err := sock.NewPoller()
		if err != nil {
			t.Fatal(err)
		}
		wantErr(t, p.Close(), nil)
	}
	before := openFiles(most)
	for i := range 50 {
		p := newPoller(t)
		s, _ := streams(t, "pair")
		attend(t, p, s, sock.Readable)
		if i%2 == 0 {
			waiting := beginWait(t, p, make([]sock.Event, 1), -1)
			wantErr(t, p.Close(), nil)
			isWaited(t, waiting, 0, net.ErrClosed)
		} else {
			wantErr(t, p.Close(), nil)
		}
	}
	if more := openFiles(most) - before; more != 100 { // the streams
		t.Errorf("%d descriptors more than before, want 100", more)
	}
}

// openFiles counts the descriptors below most.
func openFiles(most int) (n int) {
	for fd := range most {
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == nil {
			n++
		}
	}
	return n
}
