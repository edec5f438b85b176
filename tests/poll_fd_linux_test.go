package sock_test

import (
	"encoding/binary"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/berkeleysockets/sock"
)

// Both ends of a pseudo-terminal: a line, what is typed ahead, and the hang-up.
func TestPollFDTerminal(t *testing.T) {
	t.Parallel()
	master, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Skip("no pseudo-terminals here: ", err)
	}
	defer func() { unix.Close(master) }()
	n, err := unix.IoctlGetInt(master, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(master, unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	slave, err := unix.Open("/dev/pts/"+strconv.Itoa(n), unix.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Skip("no slave of the pseudo-terminal: ", err)
	}
	defer unix.Close(slave)
	mode, err := unix.IoctlGetTermios(slave, unix.TCGETS)
	wantErr(t, err, nil)
	mode.Lflag &^= unix.ECHO
	wantErr(t, unix.IoctlSetTermios(slave, unix.TCSETS, mode), nil)

	p := newPoller(t)
	wantErr(t, p.AddFD(master, sock.Readable, "master"), nil)
	wantErr(t, p.AddFD(slave, sock.Readable, "slave"), nil)
	fdWrite(t, master, "half a line")
	staleQuiet(t, p, "no line yet")
	fdWrite(t, master, "\n")
	if ready := fdReported(t, p, slave, "slave"); ready != sock.Readable {
		t.Errorf("%v with a line", ready)
	}
	if got := fdRead(t, slave); got != "half a line\n" {
		t.Errorf("read %q", got)
	}
	fdWrite(t, slave, "answer")
	if ready := fdReported(t, p, master, "master"); ready != sock.Readable {
		t.Errorf("%v with an answer", ready)
	}
	if got := fdRead(t, master); got != "answer" {
		t.Errorf("read %q", got)
	}
	wantErr(t, p.ModifyFD(slave, sock.Writable), nil)
	if ready := fdReported(t, p, slave, "slave"); ready != sock.Writable {
		t.Errorf("%v of an idle terminal", ready)
	}
	wantErr(t, p.ModifyFD(slave, 0), nil)
	wantErr(t, p.RemoveFD(master), nil)
	wantErr(t, unix.Close(master), nil)
	master = -1
	if ready := fdReported(t, p, slave, "slave"); ready&sock.Hangup == 0 {
		t.Errorf("%v when the terminal has hung up", ready)
	}
}

// A timer in the loop: it is Readable once its time has come, until it is read.
func TestPollFDTimer(t *testing.T) {
	t.Parallel()
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_CLOEXEC|unix.TFD_NONBLOCK)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	p := newPoller(t)
	wantErr(t, p.AddFD(fd, sock.Readable, "timer"), nil)
	staleQuiet(t, p, "not set")
	const after = 10 * time.Millisecond
	start := time.Now()
	wantErr(t, unix.TimerfdSettime(fd, 0, &unix.ItimerSpec{Value: unix.NsecToTimespec(int64(after))}, nil), nil)
	if ready := fdReported(t, p, fd, "timer"); ready != sock.Readable {
		t.Errorf("%v of a timer", ready)
	}
	if took := time.Since(start); took < after {
		t.Errorf("reported after %v, want %v", took, after)
	}
	if n := binary.NativeEndian.Uint64([]byte(fdRead(t, fd))); n != 1 {
		t.Errorf("it has run out %d times", n)
	}
	staleQuiet(t, p, "read")
}

// A counter: Readable above zero, Writable below the top.
func TestPollFDEventfd(t *testing.T) {
	t.Parallel()
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	p := newPoller(t)
	wantErr(t, p.AddFD(fd, sock.Readable|sock.Writable, nil), nil)
	if ready := fdReported(t, p, fd, nil); ready != sock.Writable {
		t.Errorf("%v at zero", ready)
	}
	count := func(n uint64) { fdWrite(t, fd, string(binary.NativeEndian.AppendUint64(nil, n))) }
	count(5)
	if ready := fdReported(t, p, fd, nil); ready != sock.Readable|sock.Writable {
		t.Errorf("%v at 5", ready)
	}
	count(1<<64 - 2 - 5)
	if ready := fdReported(t, p, fd, nil); ready != sock.Readable {
		t.Errorf("%v at the top", ready)
	}
	if n := binary.NativeEndian.Uint64([]byte(fdRead(t, fd))); n != 1<<64-2 {
		t.Errorf("read %d", n)
	}
	if pollerHas&sock.Edge != 0 {
		wantErr(t, p.ModifyFD(fd, sock.Readable|sock.Edge), nil)
		for range 3 { // each write is an edge, read or not
			count(1)
			fdReported(t, p, fd, nil)
			staleQuiet(t, p, "no edge")
		}
	}
}

func init() { children["signalfd"] = signalfdChild }

// signals has SIGUSR1.
func signals() *unix.Sigset_t {
	var set unix.Sigset_t
	set.Val[0] = 1 << (syscall.SIGUSR1 - 1)
	return &set
}

// signalfdChild gets a signal through the Poller. It has begun with the signal
// blocked: only then all its threads have it so, and none takes it.
func signalfdChild([]string) error {
	fd, err := unix.Signalfd(-1, signals(), unix.SFD_CLOEXEC|unix.SFD_NONBLOCK)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	p, err := sock.NewPoller()
	if err != nil {
		return err
	}
	defer p.Close()
	if err := p.AddFD(fd, sock.Readable, "signal"); err != nil {
		return err
	}
	events := make([]sock.Event, 2)
	if n, err := p.Wait(events, 0); n != 0 || err != nil {
		return fmt.Errorf("reported %v, %v before the signal", events[:n], err)
	}
	if err := unix.Kill(os.Getpid(), syscall.SIGUSR1); err != nil {
		return err
	}
	n, err := p.Wait(events, 10*time.Second)
	if n != 1 || err != nil || events[0].FD != fd || events[0].Socket != nil || events[0].Ready != sock.Readable {
		return fmt.Errorf("reported %+v, %v", events[:n], err)
	}
	info := make([]byte, 128) // struct signalfd_siginfo
	if _, err := unix.Read(fd, info); err != nil {
		return err
	}
	if signal := binary.NativeEndian.Uint32(info); signal != uint32(syscall.SIGUSR1) {
		return fmt.Errorf("signal %d", signal)
	}
	if n, err := p.Wait(events, 0); n != 0 || err != nil {
		return fmt.Errorf("reported %v, %v when it was read", events[:n], err)
	}
	return nil
}

func TestPollFDSignal(t *testing.T) {
	t.Parallel()
	c := child(t, "signalfd")
	runtime.LockOSThread() // what it has blocked the child begins with
	defer runtime.UnlockOSThread()
	var before unix.Sigset_t
	wantErr(t, unix.PthreadSigmask(unix.SIG_BLOCK, signals(), &before), nil)
	err := c.Start()
	wantErr(t, unix.PthreadSigmask(unix.SIG_SETMASK, &before, nil), nil)
	if err != nil {
		t.Fatal(err)
	}
	wantErr(t, c.Wait(), nil)
}
