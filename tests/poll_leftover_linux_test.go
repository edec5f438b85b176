//go:build !sock_poll

package sock_test

import (
	"net"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/internal/testhook"
)

// A registration outlives close(2) if a copy of the descriptor is left that package
// sock does not know of: see leave. Wait ends it.

// processorTime returns what the process has used.
func processorTime(t testing.TB) time.Duration {
	t.Helper()
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// leftover makes one of p, which is ready from now on.
func leftover(t testing.TB, p *sock.Poller, want sock.Ready) {
	t.Helper()
	peer, copied := leave(t, p, want)
	t.Cleanup(func() { unix.Close(copied) })
	send(t, peer, "x")
}

// awaitRebuild calls Wait until p has another epoll descriptor. Nothing may be reported.
func awaitRebuild(t testing.TB, p *sock.Poller) {
	t.Helper()
	before := p.String()
	eventually(t, "rebuilt", func() bool {
		nothing(t, p, "a leftover")
		return p.String() != before
	})
}

// Leftovers cost no processor time worth mentioning, and other events come. Not
// parallel: the processor time is the process's.
func TestPollLeftover(t *testing.T) {
	for name, modes := range map[string][]sock.Ready{
		"one":  {0},
		"edge": {sock.Edge},
		"many": {0, 0, 0, sock.Edge, 0},
		"more than are counted": func() (many []sock.Ready) {
			return make([]sock.Ready, 200)
		}(),
	} {
		t.Run(name, func(t *testing.T) {
			for _, room := range []int{1, 8} {
				p := newPoller(t)
				s, peer := streams(t, "pair")
				attend(t, p, s, sock.Readable)
				var copies []func() // they are all left before one is ready
				for _, mode := range modes {
					peer, copied := leave(t, p, sock.Readable|mode)
					t.Cleanup(func() { unix.Close(copied) })
					copies = append(copies, func() { send(t, peer, "x") })
				}
				for _, f := range copies {
					f()
				}
				before := processorTime(t)
				const watched = 700 * time.Millisecond
				events := make([]sock.Event, room)
				if n, err := p.Wait(events, watched); n != 0 || err != nil {
					t.Fatalf("Wait = %v, %v", events[:n], err)
				}
				if used := processorTime(t) - before; used > watched/4 {
					t.Errorf("room %d: %v of processor time in %v", room, used, watched)
				} else {
					t.Logf("room %d: %v of processor time in %v", room, used, watched)
				}
				waiting := goBlocked(t, func() error { _, err := p.Wait(events, -1); return err })
				send(t, peer, "x")
				wantErr(t, recvTimeout(t, waiting), nil)
				if events[0].Socket != s {
					t.Errorf("reported %v", events[0])
				}
			}
		})
	}
}

// What is registered stays so when the epoll descriptor is replaced, in its mode.
func TestPollLeftoverOthers(t *testing.T) {
	t.Parallel()
	p := newPoller(t)
	modes := map[string]sock.Ready{"level": 0, "edge": sock.Edge, "one-shot": sock.OneShot, "fired": sock.OneShot, "exclusive": sock.Exclusive}
	sockets, peers := map[string]*sock.Socket{}, map[string]*sock.Socket{}
	for name, mode := range modes {
		s, peer := streams(t, "pair")
		s.SetNonblock(true)
		wantErr(t, p.Add(s, sock.Readable|mode, name), nil)
		sockets[name], peers[name] = s, peer
	}
	send(t, peers["fired"], "x")
	staleReported(t, p, sockets["fired"], "fired")
	r, w := fdPipe(t)
	defer unix.Close(r)
	defer unix.Close(w)
	wantErr(t, p.AddFD(r, sock.Readable, "pipe"), nil)

	// A number that is another description's by now is not registered for the old one.
	r2, w2 := fdPipe(t)
	defer unix.Close(w2)
	wantErr(t, p.AddFD(r2, sock.Readable, "closed"), nil)
	if err := unix.Dup3(r, r2, unix.O_CLOEXEC); err != nil { // closes it
		t.Fatal(err)
	}
	defer unix.Close(r2)

	leftover(t, p, sock.Readable)
	awaitRebuild(t, p)
	wantErr(t, p.AddFD(r2, sock.Readable, "new"), nil)
	wantErr(t, p.RemoveFD(r2), nil)
	for name, s := range sockets {
		if name == "fired" {
			wantErr(t, p.Modify(s, sock.Readable|sock.OneShot), nil)
		} else {
			send(t, peers[name], "x")
		}
		staleReported(t, p, s, name)
		if name == "level" || name == "exclusive" {
			staleReported(t, p, s, name)
		} else {
			staleQuiet(t, p, name+" again")
		}
		drain(t, s)
		staleQuiet(t, p, name+" drained")
	}
	fdWrite(t, w, "x")
	fdReported(t, p, r, "pipe")
	fdRead(t, r)

	// Wakes and short timeouts are none of the new set's beginning.
	for range 3 {
		for _, timeout := range []time.Duration{3 * time.Millisecond, 30 * time.Millisecond} {
			start := time.Now()
			staleTimeout(t, p, timeout)
			if took := time.Since(start); took < timeout {
				t.Errorf("Wait(%v) ended after %v", timeout, took)
			}
		}
		waiting := beginWait(t, p, make([]sock.Event, 1), -1)
		wantErr(t, p.Wake(), nil)
		isWaited(t, waiting, 0, nil)
	}
	for _, s := range sockets {
		wantErr(t, p.Remove(s), nil)
	}
	wantErr(t, p.RemoveFD(r), nil)
	if n := testhook.Registrations(p); n != 0 {
		t.Errorf("%d are registered", n)
	}
	waiting := beginWait(t, p, make([]sock.Event, 1), -1)
	wantErr(t, p.Close(), nil)
	isWaited(t, waiting, 0, net.ErrClosed)
}

func staleTimeout(t testing.TB, p *sock.Poller, timeout time.Duration) {
	t.Helper()
	if n, err := p.Wait(make([]sock.Event, 2), timeout); n != 0 || err != nil {
		t.Errorf("Wait(%v) = %d, %v", timeout, n, err)
	}
}

// A pending Wake survives the replacement: each Wake ends one Wait.
func TestPollLeftoverWake(t *testing.T) {
	t.Parallel()
	p := newPoller(t)
	leftover(t, p, sock.Readable)
	before := p.String()
	returned := make(chan error)
	go func() {
		defer close(returned)
		for {
			_, err := p.Wait(make([]sock.Event, 1), -1)
			if err != nil {
				return
			}
			returned <- err
		}
	}()
	end := time.Now().Add(10 * time.Second)
	for more := 100; more > 0; {
		wantErr(t, p.Wake(), nil)
		wantErr(t, recvTimeout(t, returned), nil)
		if p.String() != before {
			more--
		} else if time.Now().After(end) {
			t.Fatal("not rebuilt in ten seconds")
		}
	}
	wantErr(t, p.Close(), nil)
	recvTimeout(t, returned)
}

// After the first leftover close(2) is trusted no more: Close calls epoll_ctl(2). Not
// parallel: a tracer sees all calls.
func TestPollLeftoverOnce(t *testing.T) {
	p := newPoller(t)
	leftover(t, p, sock.Readable)
	awaitRebuild(t, p)
	rebuilt := p.String()
	r := record(t)
	peer, copied := leave(t, p, sock.Readable)
	defer unix.Close(copied)
	removed := false
	for _, c := range r.take() {
		removed = removed || c.Name == "epoll_ctl" && len(c.Args) > 13 && c.Args[:13] == "EPOLL_CTL_DEL"
	}
	sock.SetTracer(nil)
	if !removed {
		t.Error("Close has not called epoll_ctl")
	}
	send(t, peer, "x")
	for range 5 {
		nothing(t, p, "removed")
	}
	if p.String() != rebuilt {
		t.Error("rebuilt again")
	}
}

// Without a descriptor for another set, Wait goes on with what it has, at its ease. Not
// parallel: the limit is the process's.
func TestPollLeftoverNoDescriptor(t *testing.T) {
	p := newPoller(t)
	s, peer := streams(t, "pair")
	attend(t, p, s, sock.Readable)
	leftover(t, p, sock.Readable)
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	low := limit
	low.Cur = 3
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &low); err != nil {
		t.Skip("no limit: ", err)
	}
	t.Cleanup(func() { unix.Setrlimit(unix.RLIMIT_NOFILE, &limit) })
	before, was := processorTime(t), p.String()
	const watched = 500 * time.Millisecond
	staleTimeout(t, p, watched)
	if used := processorTime(t) - before; used > watched/4 {
		t.Errorf("%v of processor time in %v", used, watched)
	}
	send(t, peer, "x")
	staleReported(t, p, s, s.FD())
	drain(t, s)
	if p.String() != was {
		t.Error("rebuilt without a descriptor")
	}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	awaitRebuild(t, p)
}
