//go:build linux || freebsd || darwin || netbsd || openbsd || dragonfly

package netpoll

import (
	"os"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/berkeleysockets/sock/internal/sys"
)

// pair returns a Desc and the descriptor of its peer, which the test must close.
func pair(t *testing.T) (d *Desc, peer int) {
	t.Helper()
	a, b, e := sys.Socketpair(sys.AF_UNIX, sys.SOCK_STREAM, 0)
	if e != 0 {
		t.Fatal(e)
	}
	return New(a), b
}

func fillBuffer(t *testing.T, fd int) {
	t.Helper()
	p := make([]byte, 4096)
	for {
		if _, e := sys.Sendto(fd, p, sys.MSG_DONTWAIT, nil, false); e == sys.EAGAIN {
			return
		} else if e != 0 {
			t.Fatal(e)
		}
	}
}

func goWait(f func() sys.Errno) <-chan sys.Errno {
	c := make(chan sys.Errno, 1)
	go func() { c <- f() }()
	return c
}

func wantErrno(t *testing.T, c <-chan sys.Errno, e sys.Errno) {
	t.Helper()
	select {
	case got := <-c:
		if got != e {
			t.Errorf("the wait ended with %d, want %d", got, e)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the wait did not end in ten seconds")
	}
}

// waitAsleep waits until a wait of w has found nothing.
func waitAsleep(t *testing.T, w *Waiter, before uint32) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); w.Sleeps() == before; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("no wait sleeps")
		}
	}
}

func TestWait(t *testing.T) {
	t.Parallel()
	d, peer := pair(t)
	defer unix.Close(peer)
	defer d.Close()
	// A wait for a ready descriptor does not sleep.
	wantErrno(t, goWait(d.WaitWrite), 0)
	if n := d.Write.Sleeps(); n != 0 {
		t.Errorf("the wait slept %d times", n)
	}
	for range 3 {
		before := d.Read.Sleeps()
		c := goWait(d.WaitRead)
		waitAsleep(t, &d.Read, before)
		unix.Write(peer, []byte("x"))
		wantErrno(t, c, 0)
		wantErrno(t, goWait(d.WaitRead), 0) // still there
		if n := d.Read.Sleeps(); n != before+1 {
			t.Errorf("the wait slept %d times", n-before)
		}
		sys.Recvfrom(int(d.file.Fd()), make([]byte, 9), sys.MSG_DONTWAIT, nil, false)
	}
	fillBuffer(t, int(d.file.Fd()))
	c := goWait(d.WaitWrite)
	waitAsleep(t, &d.Write, 0)
	fill := make([]byte, 1<<20)
	for {
		if _, e := sys.Recvfrom(peer, fill, sys.MSG_DONTWAIT, nil, false); e != 0 {
			break
		}
	}
	wantErrno(t, c, 0)
}

func TestDeadline(t *testing.T) {
	t.Parallel()
	d, peer := pair(t)
	defer unix.Close(peer)
	defer d.Close()
	c := goWait(d.WaitRead)
	waitAsleep(t, &d.Read, 0)
	d.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
	wantErrno(t, c, Timeout)
	wantErrno(t, goWait(d.WaitRead), Timeout)
	wantErrno(t, goWait(d.WaitWrite), 0)
	d.SetReadDeadline(time.Time{})
	d.SetWriteDeadline(time.Unix(1, 0))
	wantErrno(t, goWait(d.WaitWrite), Timeout)
	unix.Write(peer, []byte("x"))
	wantErrno(t, goWait(d.WaitRead), 0)
}

// Evict ends the waits in both directions: the one in progress, those queued behind
// it, and later ones.
func TestEvict(t *testing.T) {
	t.Parallel()
	d, peer := pair(t)
	defer unix.Close(peer)
	fillBuffer(t, int(d.file.Fd()))
	var all []<-chan sys.Errno
	for range 5 {
		all = append(all, goWait(d.WaitRead), goWait(d.WaitWrite))
	}
	waitAsleep(t, &d.Read, 0)
	waitAsleep(t, &d.Write, 0)
	d.Evict()
	for _, c := range all {
		wantErrno(t, c, Timeout)
	}
	wantErrno(t, goWait(d.WaitRead), Timeout)
	wantErrno(t, goWait(d.WaitWrite), Timeout)
	if e := d.Close(); e != 0 {
		t.Error(e)
	}
}

// Waits for a descriptor that the runtime poller refuses return Unavailable.
func TestUnavailable(t *testing.T) {
	t.Parallel()
	name, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	fd, e := sys.Dup(int(file.Fd()))
	file.Close()
	if e != 0 {
		t.Fatal(e)
	}
	d := New(fd)
	wantErrno(t, goWait(d.WaitRead), Unavailable)
	wantErrno(t, goWait(d.WaitWrite), Unavailable)
	d.Evict()
	if e := d.Close(); e != 0 {
		t.Error(e)
	}
	// The same for a blocking socket: its wait would hold a thread.
	a, b, e := sys.Socketpair(sys.AF_UNIX, sys.SOCK_STREAM, 0)
	if e != 0 {
		t.Fatal(e)
	}
	sys.SetStatusFlags(a, 0)
	d = New(a)
	wantErrno(t, goWait(d.WaitRead), Unavailable)
	d.Close()
	unix.Close(b)
}

// The close of the peer makes a socket readable.
func TestPeerClosed(t *testing.T) {
	t.Parallel()
	d, peer := pair(t)
	defer d.Close()
	c := goWait(d.WaitRead)
	waitAsleep(t, &d.Read, 0)
	unix.Close(peer)
	wantErrno(t, c, 0)
	for range 3 {
		wantErrno(t, goWait(d.WaitRead), 0)
		wantErrno(t, goWait(d.WaitWrite), 0)
	}
}

// registry holds every Desc until its Close, whatever the order of the closes.
func TestRegistry(t *testing.T) {
	var all []*Desc
	for range 4 {
		d, peer := pair(t)
		defer unix.Close(peer)
		all = append(all, d)
	}
	count := func() (n int) {
		registry.Lock()
		defer registry.Unlock()
		for d := registry.head; d != nil; d = d.next {
			if d.next != nil && d.next.prev != d {
				t.Error("the list is broken")
			}
			n++
		}
		return n
	}
	n := count()
	for i, k := range []int{1, 3, 0, 2} {
		if e := all[k].Close(); e != 0 {
			t.Error(e)
		}
		if got := count(); got != n-i-1 {
			t.Errorf("registry holds %d, want %d", got, n-i-1)
		}
	}
	runtime.GC()
}

// Waits record their calls if Recording is set, and Calls removes them. Not
// parallel: Recording is global.
func TestRecording(t *testing.T) {
	d, peer := pair(t)
	defer unix.Close(peer)
	defer d.Close()
	wantErrno(t, goWait(d.WaitWrite), 0)
	if calls := d.Write.Calls(); len(calls) != 0 {
		t.Errorf("recorded %v", calls)
	}
	Recording.Store(true)
	defer Recording.Store(false)
	wantErrno(t, goWait(d.WaitWrite), 0)
	calls := d.Write.Calls()
	if len(calls) != 1 || calls[0].Events != sys.POLLOUT || calls[0].Got != sys.POLLOUT || calls[0].Errno != 0 ||
		calls[0].Start.IsZero() || calls[0].Duration <= 0 {
		t.Errorf("recorded %+v", calls)
	}
	if calls := d.Write.Calls(); len(calls) != 0 {
		t.Errorf("still recorded %v", calls)
	}
}

func TestNoAllocation(t *testing.T) {
	d, peer := pair(t)
	defer unix.Close(peer)
	defer d.Close()
	unix.Write(peer, []byte("x"))
	if n := testing.AllocsPerRun(100, func() {
		if d.WaitWrite() != 0 || d.WaitRead() != 0 {
			t.Error("not ready")
		}
	}); n != 0 && runtime.GOOS != "darwin" && runtime.GOOS != "openbsd" { // x/sys' Poll allocates on these
		t.Errorf("%v allocations", n)
	}
}
