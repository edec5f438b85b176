//go:build linux || freebsd || darwin || netbsd || openbsd || dragonfly

package park

import (
	"os"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/berkeleysockets/sock/internal/sys"
)

// pair returns an FD and the number of its peer, which is the test's to close.
func pair(t *testing.T) (f *FD, peer int) {
	t.Helper()
	a, b, e := sys.Socketpair(sys.AF_UNIX, sys.SOCK_STREAM, 0)
	if e != 0 {
		t.Fatal(e)
	}
	return New(a), b
}

func fill(t *testing.T, fd int) {
	t.Helper()
	p := make([]byte, 4096)
	for {
		if _, e := sys.Sendto(fd, p, sys.MSG_DONTWAIT, nil); e == sys.EAGAIN {
			return
		} else if e != 0 {
			t.Fatal(e)
		}
	}
}

func begin(f func() sys.Errno) <-chan sys.Errno {
	c := make(chan sys.Errno, 1)
	go func() { c <- f() }()
	return c
}

func want(t *testing.T, c <-chan sys.Errno, e sys.Errno) {
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

// asleep waits until a wait of s has found nothing.
func asleep(t *testing.T, s *Side, before uint32) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); s.Sleeps() == before; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("nobody sleeps")
		}
	}
}

func TestWaits(t *testing.T) {
	t.Parallel()
	f, peer := pair(t)
	defer unix.Close(peer)
	defer f.Close()
	// A wait that finds it ready does not sleep.
	want(t, begin(f.WaitWrite), 0)
	if n := f.Write.Sleeps(); n != 0 {
		t.Errorf("it slept %d times", n)
	}
	for range 3 {
		before := f.Read.Sleeps()
		c := begin(f.WaitRead)
		asleep(t, &f.Read, before)
		unix.Write(peer, []byte("x"))
		want(t, c, 0)
		want(t, begin(f.WaitRead), 0) // still there
		if n := f.Read.Sleeps(); n != before+1 {
			t.Errorf("it slept %d times", n-before)
		}
		sys.Recvfrom(int(f.file.Fd()), make([]byte, 9), sys.MSG_DONTWAIT, nil)
	}
	fill(t, int(f.file.Fd()))
	c := begin(f.WaitWrite)
	asleep(t, &f.Write, 0)
	fill := make([]byte, 1<<20)
	for {
		if _, e := sys.Recvfrom(peer, fill, sys.MSG_DONTWAIT, nil); e != 0 {
			break
		}
	}
	want(t, c, 0)
}

func TestDeadlines(t *testing.T) {
	t.Parallel()
	f, peer := pair(t)
	defer unix.Close(peer)
	defer f.Close()
	c := begin(f.WaitRead)
	asleep(t, &f.Read, 0)
	f.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
	want(t, c, Timeout)
	want(t, begin(f.WaitRead), Timeout)
	want(t, begin(f.WaitWrite), 0)
	f.SetReadDeadline(time.Time{})
	f.SetWriteDeadline(time.Unix(1, 0))
	want(t, begin(f.WaitWrite), Timeout)
	unix.Write(peer, []byte("x"))
	want(t, begin(f.WaitRead), 0)
}

// Wake ends the waits of both sides, those behind another and those to come.
func TestWake(t *testing.T) {
	t.Parallel()
	f, peer := pair(t)
	defer unix.Close(peer)
	fill(t, int(f.file.Fd()))
	var all []<-chan sys.Errno
	for range 5 {
		all = append(all, begin(f.WaitRead), begin(f.WaitWrite))
	}
	asleep(t, &f.Read, 0)
	asleep(t, &f.Write, 0)
	f.Wake()
	for _, c := range all {
		want(t, c, Timeout)
	}
	want(t, begin(f.WaitRead), Timeout)
	want(t, begin(f.WaitWrite), Timeout)
	if e := f.Close(); e != 0 {
		t.Error(e)
	}
}

// What Go's poller does not take cannot be waited for, and says so.
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
	f := New(fd)
	want(t, begin(f.WaitRead), Unavailable)
	want(t, begin(f.WaitWrite), Unavailable)
	f.Wake()
	if e := f.Close(); e != 0 {
		t.Error(e)
	}
	// Nor a socket that is not non-blocking: it would hold a thread.
	a, b, e := sys.Socketpair(sys.AF_UNIX, sys.SOCK_STREAM, 0)
	if e != 0 {
		t.Fatal(e)
	}
	sys.SetStatusFlags(a, 0)
	f = New(a)
	want(t, begin(f.WaitRead), Unavailable)
	f.Close()
	unix.Close(b)
}

// The end of the peer and a reset are ready for reading.
func TestEnd(t *testing.T) {
	t.Parallel()
	f, peer := pair(t)
	defer f.Close()
	c := begin(f.WaitRead)
	asleep(t, &f.Read, 0)
	unix.Close(peer)
	want(t, c, 0)
	for range 3 {
		want(t, begin(f.WaitRead), 0)
		want(t, begin(f.WaitWrite), 0)
	}
}

// Every FD is kept until its Close, in whatever order they go.
func TestKept(t *testing.T) {
	var all []*FD
	for range 4 {
		f, peer := pair(t)
		defer unix.Close(peer)
		all = append(all, f)
	}
	count := func() (n int) {
		kept.Lock()
		defer kept.Unlock()
		for f := kept.head; f != nil; f = f.next {
			if f.next != nil && f.next.prev != f {
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
			t.Errorf("%d are kept, want %d", got, n-i-1)
		}
	}
	runtime.GC()
}

// What a wait calls is noted when it is asked for, and forgotten when told. Not
// parallel: the noting is for all.
func TestRecording(t *testing.T) {
	f, peer := pair(t)
	defer unix.Close(peer)
	defer f.Close()
	want(t, begin(f.WaitWrite), 0)
	if calls := f.Write.Calls(); len(calls) != 0 {
		t.Errorf("noted %v", calls)
	}
	Recording.Store(true)
	defer Recording.Store(false)
	want(t, begin(f.WaitWrite), 0)
	calls := f.Write.Calls()
	if len(calls) != 1 || calls[0].Events != sys.POLLOUT || calls[0].Got != sys.POLLOUT || calls[0].Errno != 0 ||
		calls[0].Start.IsZero() || calls[0].Duration <= 0 {
		t.Errorf("noted %+v", calls)
	}
	if calls := f.Write.Calls(); len(calls) != 0 {
		t.Errorf("still noted %v", calls)
	}
}

func TestNoAllocation(t *testing.T) {
	f, peer := pair(t)
	defer unix.Close(peer)
	defer f.Close()
	unix.Write(peer, []byte("x"))
	if n := testing.AllocsPerRun(100, func() {
		if f.WaitWrite() != 0 || f.WaitRead() != 0 {
			t.Error("not ready")
		}
	}); n != 0 && runtime.GOOS != "darwin" && runtime.GOOS != "openbsd" { // there x/sys' poll allocates
		t.Errorf("%v allocations", n)
	}
}
