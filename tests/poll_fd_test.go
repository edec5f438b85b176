//go:build linux || freebsd || darwin || netbsd || openbsd || dragonfly

package sock_test

import (
	"errors"
	"net"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/internal/sys"
	"github.com/berkeleysockets/sock/internal/testhook"
)

// Descriptors that are no Sockets.

// fdPipe returns a pipe's ends, non-blocking, for the test to close.
func fdPipe(t testing.TB) (r, w int) {
	t.Helper()
	r, w, e := sys.Pipe()
	if e != 0 {
		t.Fatal(e)
	}
	return r, w
}

// fdReported waits for one event of fd, and returns what is so.
func fdReported(t testing.TB, p *sock.Poller, fd int, data any) sock.Ready {
	t.Helper()
	events := make([]sock.Event, 4)
	n, err := p.Wait(events, 10*time.Second)
	wantErr(t, err, nil)
	if n != 1 {
		t.Errorf("%d events, want one", n)
		return 0
	}
	if e := events[0]; e.Socket != nil || e.FD != fd || e.Data != data {
		t.Errorf("reported %+v, want descriptor %d with %v", e, fd, data)
	}
	return events[0].Ready
}

func fdWrite(t testing.TB, fd int, text string) {
	t.Helper()
	if n, err := unix.Write(fd, []byte(text)); n != len(text) || err != nil {
		t.Errorf("write: %d, %v", n, err)
	}
}

func fdRead(t testing.TB, fd int) string {
	t.Helper()
	b := make([]byte, 4096)
	n, err := unix.Read(fd, b)
	if err != nil {
		t.Errorf("read: %v", err)
	}
	return string(b[:max(n, 0)])
}

// Both ends of a pipe, through all that a pipe lives through.
func TestPollFDPipe(t *testing.T) {
	t.Parallel()
	p := newPoller(t)
	r, w := fdPipe(t)
	defer unix.Close(r)
	wantErr(t, p.AddFD(r, sock.Readable, "reads"), nil)
	staleQuiet(t, p, "empty")
	fdWrite(t, w, "news")
	for range 2 { // as long as it is so
		if ready := fdReported(t, p, r, "reads"); ready != sock.Readable {
			t.Errorf("%v with something to read", ready)
		}
	}
	if got := fdRead(t, r); got != "news" {
		t.Errorf("read %q", got)
	}
	staleQuiet(t, p, "read")

	wantErr(t, p.AddFD(w, sock.Writable, "writes"), nil)
	if ready := fdReported(t, p, w, "writes"); ready != sock.Writable {
		t.Errorf("%v with room to write", ready)
	}
	for { // until it is full
		if _, err := unix.Write(w, make([]byte, 512)); err != nil {
			wantErr(t, err, unix.EAGAIN)
			break
		}
	}
	if ready := fdReported(t, p, r, "reads"); ready != sock.Readable {
		t.Errorf("%v with a full pipe", ready)
	}
	wantErr(t, p.ModifyFD(r, 0), nil)
	staleQuiet(t, p, "full")
	wantErr(t, p.ModifyFD(w, 0), nil)
	wantErr(t, p.ModifyFD(r, sock.Readable|sock.OneShot), nil)
	if ready := fdReported(t, p, r, "reads"); ready != sock.Readable {
		t.Errorf("%v with a full pipe", ready)
	}
	staleQuiet(t, p, "one shot")
	wantErr(t, p.ModifyFD(r, sock.Readable), nil)

	// The writer goes; what it wrote is still there, and then the end.
	wantErr(t, p.RemoveFD(w), nil)
	wantErr(t, unix.Close(w), nil)
	const end = sock.Hangup | sock.ReadClosed | sock.WriteClosed
	if ready := fdReported(t, p, r, "reads"); ready&sock.Readable == 0 || ready&^(end|sock.Readable) != 0 {
		t.Errorf("%v with a full pipe that has no writer", ready)
	}
	for full := make([]byte, 4096); ; {
		if n, err := unix.Read(r, full); n == 0 && err == nil {
			break
		} else if err != nil { // a child that was being forked had a copy of w
			wantErr(t, err, unix.EAGAIN)
			fdReported(t, p, r, "reads")
		}
	}
	// Linux calls that a hang-up alone, the others an end to read.
	if ready := fdReported(t, p, r, "reads"); ready&(sock.Hangup|sock.Readable) == 0 || pollerHere == byKqueue && ready&sock.Readable == 0 {
		t.Errorf("%v with an empty pipe that has no writer", ready)
	}
	wantErr(t, p.RemoveFD(r), nil)
	staleQuiet(t, p, "removed")
}

// A pipe nobody reads: writing fails.
func TestPollFDPipeBroken(t *testing.T) {
	t.Parallel()
	p := newPoller(t)
	r, w := fdPipe(t)
	defer unix.Close(w)
	wantErr(t, p.AddFD(w, sock.Writable, nil), nil)
	wantErr(t, unix.Close(r), nil)
	if ready := fdReported(t, p, w, nil); ready&(sock.Failed|sock.Writable) == 0 {
		t.Errorf("%v when the reader has closed", ready)
	}
	wantErr(t, p.RemoveFD(w), nil)

	// To add it now is an error with kqueue, and no news elsewhere.
	err := p.AddFD(w, sock.Writable, nil)
	if pollerHere == byKqueue && err != nil {
		wantErr(t, err, unix.EPIPE)
		wantErr(t, p.RemoveFD(w), syscall.ENOENT)
		return
	}
	wantErr(t, err, nil)
	if ready := fdReported(t, p, w, nil); ready&(sock.Failed|sock.Writable) == 0 {
		t.Errorf("%v without a reader", ready)
	}
}

// What is watched for its end alone reports nothing of what is unread, and Wait
// does not go round over it.
func TestPollFDUnread(t *testing.T) {
	t.Parallel()
	needPoller(t, sock.ReadClosed)
	p := newPoller(t)
	r, w := fdPipe(t)
	defer unix.Close(r)
	fdWrite(t, w, "unread")
	wantErr(t, p.AddFD(r, sock.ReadClosed, nil), nil)
	nothing(t, p, "unread")
	wantErr(t, unix.Close(w), nil)
	if ready := fdReported(t, p, r, nil); ready&sock.ReadClosed == 0 {
		t.Errorf("%v when the writer has closed", ready)
	}
}

// An ordinary file is always ready, and epoll refuses it.
func TestPollFDFile(t *testing.T) {
	t.Parallel()
	p := newPoller(t)
	f, err := os.CreateTemp("", "s")
	if err != nil {
		t.Fatal(err)
	}
	defer os.Remove(f.Name())
	defer f.Close()
	if _, err := f.WriteString("text"); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Seek(0, 0); err != nil {
		t.Fatal(err)
	}
	fd := int(f.Fd())
	err = p.AddFD(fd, sock.Readable, "file")
	switch pollerHere {
	case byEpoll:
		wantErr(t, err, syscall.EPERM)
		wantErr(t, p.RemoveFD(fd), syscall.ENOENT)
		if n := testhook.Registrations(p); n != 0 {
			t.Errorf("%d slots are taken by what was refused", n)
		}
	default: // poll(2) by POSIX, kqueue while the end is not reached
		wantErr(t, err, nil)
		if ready := fdReported(t, p, fd, "file"); ready&sock.Readable == 0 {
			t.Errorf("%v", ready)
		}
		wantErr(t, p.RemoveFD(fd), nil)
	}
}

// What cannot be added, or is not in.
func TestPollFDRefused(t *testing.T) {
	t.Parallel()
	p := newPoller(t)
	r, w := fdPipe(t)
	defer unix.Close(r)
	defer unix.Close(w)
	none := 1 << 20 // more than there may be
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) == nil && uint64(limit.Cur) >= uint64(none) && uint64(limit.Cur) < 1<<30 {
		none = int(limit.Cur) + 1
	}
	for _, fd := range []int{-1, -1 << 31, none, 1<<31 - 1} {
		wantErr(t, p.AddFD(fd, sock.Readable, nil), syscall.EBADF)
		wantErr(t, p.ModifyFD(fd, sock.Readable), syscall.ENOENT)
		wantErr(t, p.RemoveFD(fd), syscall.ENOENT)
	}
	big := int64(1) << 32 // plus r is r in 32 bits
	if fd := int(big) + r; fd != r {
		wantErr(t, p.AddFD(fd, sock.Readable, nil), syscall.EBADF)
	}
	wantErr(t, p.ModifyFD(r, sock.Readable), syscall.ENOENT)
	wantErr(t, p.RemoveFD(r), syscall.ENOENT)
	wantErr(t, p.AddFD(r, 1<<15, nil), syscall.EINVAL)
	wantErr(t, p.AddFD(r, sock.Readable, nil), nil)
	wantErr(t, p.AddFD(r, sock.Writable, nil), syscall.EEXIST)
	wantErr(t, p.ModifyFD(r, 1<<14|sock.Readable), syscall.EINVAL)
	wantErr(t, p.RemoveFD(r), nil)
	wantErr(t, p.RemoveFD(r), syscall.ENOENT)
	if n := testhook.Registrations(p); n != 0 {
		t.Errorf("%d slots are taken by what was refused", n)
	}
	wantErr(t, p.Close(), nil)
	wantErr(t, p.AddFD(r, sock.Readable, nil), net.ErrClosed)
	wantErr(t, p.ModifyFD(r, sock.Readable), net.ErrClosed)
	wantErr(t, p.RemoveFD(r), net.ErrClosed)
	var nobody *sock.Poller
	wantErr(t, nobody.AddFD(r, sock.Readable, nil), net.ErrClosed)
	wantErr(t, nobody.RemoveFD(r), net.ErrClosed)
}

// A descriptor is closed without RemoveFD, and its number is a Socket's next: the
// Socket is in, and nothing that is done by the number disturbs it.
func TestPollFDNumberReused(t *testing.T) {
	t.Parallel()
	for range 50 { // other tests open descriptors too
		p := newPoller(t)
		r, w := fdPipe(t)
		wantErr(t, p.AddFD(r, sock.Readable, "pipe"), nil)
		wantErr(t, unix.Close(r), nil)
		a, b := stalePair(t)
		s, peer := a, b
		if b.FD() == r {
			s, peer = b, a
			s.SetNonblock(true)
		}
		if s.FD() != r {
			a.Close()
			b.Close()
			unix.Close(w)
			p.Close()
			continue
		}
		defer unix.Close(w)
		wantErr(t, p.Add(s, sock.Readable, "socket"), nil)
		staleSend(t, peer)
		staleReported(t, p, s, "socket")
		wantErr(t, p.ModifyFD(r, 0), syscall.ENOENT)
		wantErr(t, p.RemoveFD(r), syscall.ENOENT)
		staleReported(t, p, s, "socket")
		if n := testhook.Registrations(p); n != 1 {
			t.Errorf("%d slots are taken, want the Socket's", n)
		}
		wantErr(t, p.Remove(s), nil)
		staleQuiet(t, p, "removed")
		return
	}
	t.Skip("the number was always another's")
}

// The same, but RemoveFD comes before the Socket is added: it ends what was, and
// not what will be.
func TestPollFDClosedFirst(t *testing.T) {
	t.Parallel()
	p := newPoller(t)
	r, w := fdPipe(t)
	defer unix.Close(w)
	wantErr(t, p.AddFD(r, sock.Readable, "pipe"), nil)
	wantErr(t, unix.Close(r), nil)
	wantErr(t, p.RemoveFD(r), nil)
	wantErr(t, p.RemoveFD(r), syscall.ENOENT)
	staleQuiet(t, p, "closed")
	if n := testhook.Registrations(p); n != 0 {
		t.Errorf("%d slots are taken", n)
	}
}

// Closed before RemoveFD, with a copy that lives: the kernel of Linux reports it
// for as long as that does, and no call reaches it any more. Wait drops it, and
// ends when its time has come.
func TestPollFDCopyLeft(t *testing.T) {
	t.Parallel()
	p := newPoller(t)
	r, w := fdPipe(t)
	defer unix.Close(w)
	wantErr(t, p.AddFD(r, sock.Readable, "pipe"), nil)
	kept, err := unix.FcntlInt(uintptr(r), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(kept)
	wantErr(t, unix.Close(r), nil)
	wantErr(t, p.RemoveFD(r), nil)
	fdWrite(t, w, "x")
	for _, timeout := range []time.Duration{0, time.Millisecond, 20 * time.Millisecond} {
		start := time.Now()
		n, err := p.Wait(make([]sock.Event, 4), timeout)
		wantErr(t, err, nil)
		if took := time.Since(start); n != 0 || took < timeout || took > timeout+5*time.Second {
			t.Errorf("Wait(%v): %d after %v", timeout, n, took)
		}
	}
	woken := make(chan error, 1)
	go func() {
		_, err := p.Wait(make([]sock.Event, 4), -1)
		woken <- err
	}()
	wantErr(t, p.Wake(), nil)
	wantErr(t, recvTimeout(t, woken), nil)
}

// Descriptors and Sockets in one Poller, reported apart.
func TestPollFDBesideSockets(t *testing.T) {
	t.Parallel()
	p := newPoller(t)
	r, w := fdPipe(t)
	defer unix.Close(r)
	defer unix.Close(w)
	a, b := stalePair(t)
	wantErr(t, p.AddFD(r, sock.Readable, 1), nil)
	wantErr(t, p.Add(a, sock.Readable, 2), nil)
	fdWrite(t, w, "x")
	staleSend(t, b)
	events := make([]sock.Event, 4)
	n, err := p.Wait(events, 10*time.Second)
	wantErr(t, err, nil)
	if n != 2 {
		t.Fatalf("reported %+v", events[:n])
	}
	for _, e := range events[:n] {
		want := sock.Event{Socket: a, FD: a.FD(), Data: 2, Ready: sock.Readable}
		if e.Socket == nil {
			want = sock.Event{FD: r, Data: 1, Ready: sock.Readable}
		}
		if e.Socket != want.Socket || e.FD != want.FD || e.Data != want.Data || e.Ready != want.Ready {
			t.Errorf("reported %+v, want %+v", e, want)
		}
	}
	wantErr(t, a.Close(), nil)
	fdReported(t, p, r, 1)
}

// A pipe's end by AddFD in two Pollers.
func TestPollFDTwoPollers(t *testing.T) {
	t.Parallel()
	p, q := newPoller(t), newPoller(t)
	r, w := fdPipe(t)
	defer unix.Close(r)
	defer unix.Close(w)
	wantErr(t, p.AddFD(r, sock.Readable, "p"), nil)
	wantErr(t, q.AddFD(r, sock.Readable, "q"), nil)
	fdWrite(t, w, "x")
	fdReported(t, p, r, "p")
	fdReported(t, q, r, "q")
	wantErr(t, p.RemoveFD(r), nil)
	staleQuiet(t, p, "removed")
	fdReported(t, q, r, "q")
}

// Misuse: a Socket's own descriptor. It is in once, as one or the other.
func TestPollFDOfSocket(t *testing.T) {
	t.Parallel()
	p := newPoller(t)
	a, b := stalePair(t)
	wantErr(t, p.Add(a, sock.Readable, "socket"), nil)
	wantErr(t, p.AddFD(a.FD(), sock.Readable, "fd"), syscall.EEXIST)
	wantErr(t, p.ModifyFD(a.FD(), 0), syscall.ENOENT)
	wantErr(t, p.RemoveFD(a.FD()), syscall.ENOENT)
	staleSend(t, b)
	staleReported(t, p, a, "socket")
	wantErr(t, p.Remove(a), nil)
	wantErr(t, p.AddFD(a.FD(), sock.Readable, "fd"), nil)
	if pollerHere == byPoll && runtime.GOOS != "linux" {
		t.Skip("neither poll(2) nor the inode of a socket says that it is in already")
	}
	wantErr(t, p.Add(a, sock.Readable, "socket"), syscall.EEXIST)
	wantErr(t, p.AddFD(a.FD(), sock.Readable, "again"), syscall.EEXIST)
	fdReported(t, p, a.FD(), "fd")
	wantErr(t, p.RemoveFD(a.FD()), nil)
	if n := testhook.Registrations(p); n != 0 {
		t.Errorf("%d slots are taken", n)
	}
}

// The errors say which call it was.
func TestPollFDErrors(t *testing.T) {
	t.Parallel()
	p := newPoller(t)
	for op, err := range map[string]error{
		"addfd":    p.AddFD(-1, sock.Readable, nil),
		"modifyfd": p.ModifyFD(1<<30, sock.Readable),
		"removefd": p.RemoveFD(1 << 30),
	} {
		var e *sock.Error
		if !errors.As(err, &e) || e.Op != op || !strings.HasPrefix(err.Error(), op+": ") {
			t.Errorf("%s: %v", op, err)
		}
	}
}
