//go:build linux || freebsd || darwin || netbsd || openbsd || dragonfly

package sock_test

import (
	"errors"
	"fmt"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/berkeleysockets/sock"
)

// An unreachable Socket leaks its descriptor: the garbage collector closes nothing,
// whether the Socket has waited in the runtime poller, where an os.File owns it, or not.
// The test runs in its own process, because it leaks.
func TestGarbage(t *testing.T) {
	t.Parallel()
	out, err := child(t, "garbage").Output()
	t.Logf("%s", out)
	if err != nil {
		t.Fatal(err)
	}
}

func init() { children["garbage"] = garbageChild }

func garbageChild([]string) error {
	// What is done with a Socket before it is dropped.
	uses := map[string]func(s, peer *sock.Socket) error{
		"nothing": func(s, peer *sock.Socket) error { return nil },
		"talk": func(s, peer *sock.Socket) error {
			_, err := s.Write([]byte("x"))
			return err
		},
		"wait": func(s, peer *sock.Socket) error {
			result := make(chan error)
			go func() { _, err := s.Recv(make([]byte, 1), 0); result <- err }()
			time.Sleep(time.Millisecond)
			if _, err := peer.Write([]byte("x")); err != nil {
				return err
			}
			return <-result
		},
		"deadline": func(s, peer *sock.Socket) error {
			s.SetDeadline(time.Now().Add(time.Millisecond))
			if _, err := s.Recv(make([]byte, 1), 0); err == nil {
				return errors.New("Recv succeeded")
			}
			return nil
		},
		"wait for two": func(s, peer *sock.Socket) error {
			s.SetDeadline(time.Now().Add(time.Millisecond))
			if _, err := s.Wait(sock.Readable | sock.Priority); err == nil {
				return errors.New("Wait succeeded")
			}
			return nil
		},
		"WithFD": func(s, peer *sock.Socket) error { return s.WithFD(func(int) error { return nil }) },
	}
	type dropped struct {
		use  string
		fd   int
		peer *sock.Socket
	}
	var all []dropped
	for use, f := range uses {
		for _, network := range []string{"pair", "tcp4"} {
			ours, others, err := connections(network, 1)
			if err != nil {
				return err
			}
			s, peer := ours[0], others[0]
			if err := f(s, peer); err != nil {
				return fmt.Errorf("%s: %w", use, err)
			}
			drain := make([]byte, 9)
			if use == "talk" {
				peer.Recv(drain, 0) // the loopback of FreeBSD delivers later
			}
			peer.Recv(drain, sock.DontWait)
			all = append(all, dropped{network + ", " + use, s.FD(), peer})
		}
	}
	canary := make(chan bool, 1)
	runtime.SetFinalizer(new([8]int), func(*[8]int) { canary <- true })
	for i := 0; i < 5 || len(canary) == 0; i++ { // finalizers run, or it would prove nothing
		runtime.GC()
		time.Sleep(time.Millisecond)
	}
	for _, d := range all {
		if _, err := unix.FcntlInt(uintptr(d.fd), unix.F_GETFD, 0); err != nil {
			return fmt.Errorf("%s: descriptor %d: %w", d.use, d.fd, err)
		}
		if n, err := d.peer.Recv(make([]byte, 9), sock.DontWait); !errors.Is(err, sock.ErrWouldBlock) {
			return fmt.Errorf("%s: the peer received %d, %v", d.use, n, err)
		}
		if _, err := d.peer.Write([]byte("still there")); err != nil {
			return fmt.Errorf("%s: %w", d.use, err)
		}
		p := make([]byte, 99)
		n, err := unix.Read(d.fd, p)
		for err == unix.EAGAIN {
			time.Sleep(time.Millisecond)
			n, err = unix.Read(d.fd, p)
		}
		if string(p[:max(n, 0)]) != "still there" || err != nil {
			return fmt.Errorf("%s: descriptor %d received %q, %v", d.use, d.fd, p[:max(n, 0)], err)
		}
	}
	fmt.Printf("%d Sockets dropped, all their connections live\n", len(all))
	return nil
}
