//go:build linux || freebsd || darwin || netbsd || openbsd || dragonfly

package sock_test

import (
	"errors"
	"fmt"
	"os"
	"runtime/pprof"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/berkeleysockets/sock"
)

// fillBuffer sends until there is no more room.
func fillBuffer(t testing.TB, s *sock.Socket) {
	t.Helper()
	p := make([]byte, 4096)
	for {
		_, err := s.Send(p, sock.DontWait)
		if errors.Is(err, sock.ErrWouldBlock) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// Waiting costs no thread. In a process of its own: parallel tests have their own.
func TestBlockingThreads(t *testing.T) {
	t.Parallel()
	for _, network := range []string{"pair", "tcp4"} {
		t.Run(network, func(t *testing.T) {
			out, err := child(t, "blocking", network).Output()
			t.Logf("%s", out)
			if err != nil {
				t.Fatal(err)
			}
			if why, ok := strings.CutPrefix(string(out), "skip: "); ok {
				t.Skip(why)
			}
		})
	}
}

func init() { children["blocking"] = blockingChild }

// blockingChild parks 5,000 goroutines, has a deadline pass for all of them, has
// them park again, and then sends something to each.
func blockingChild(args []string) error {
	const many, few = 5000, 50
	n := many
	if limit := raiseFiles(); limit < 2*many+100 {
		n = (limit - 100) / 2
	}
	if n < 500 {
		fmt.Printf("skip: descriptors for %d connections, where 500 would tell something\n", n)
		return nil
	}
	ours, others, err := connections(args[0], n)
	if n = len(ours); n < 500 && err != nil {
		return err // with more of them, this system has no memory for all 5,000
	}
	var expired, served atomic.Int32
	failed := make(chan error, 2*len(ours))
	for _, s := range ours {
		go func() {
			var p [8]byte
			_, err := s.Recv(p[:], 0)
			if !errors.Is(err, os.ErrDeadlineExceeded) {
				failed <- fmt.Errorf("the first Recv: %v", err)
			}
			s.SetReadDeadline(time.Time{})
			expired.Add(1)
			if n, err := s.Recv(p[:], 0); n != 1 || err != nil {
				failed <- fmt.Errorf("the second Recv: %d, %v", n, err)
			}
			served.Add(1)
		}()
	}
	most := 0
	until := func(what string, is func() bool) error {
		for end := time.Now().Add(time.Minute); !is(); time.Sleep(10 * time.Millisecond) {
			most = max(most, threads())
			if time.Now().After(end) {
				return fmt.Errorf("not in a minute: %s", what)
			}
		}
		return nil
	}
	parked := func() bool { return strings.Count(stacks(), " [IO wait") >= n }
	if err := until("all parked", parked); err != nil {
		return err
	}
	at := time.Now().Add(300 * time.Millisecond)
	for _, s := range ours {
		if err := s.SetReadDeadline(at); err != nil {
			return err
		}
	}
	if err := until("all expired", func() bool { return int(expired.Load()) == n }); err != nil {
		return err
	}
	if early := time.Until(at); early > 0 {
		return fmt.Errorf("all had expired %v before the deadline", early)
	}
	late := time.Since(at)
	if err := until("all parked again", parked); err != nil {
		return err
	}
	for _, s := range others {
		if _, err := s.Send([]byte("x"), 0); err != nil {
			return err
		}
	}
	if err := until("all served", func() bool { return int(served.Load()) == n }); err != nil {
		return err
	}
	fmt.Printf("%d goroutines parked, %d threads at most, all expired %v after their deadline\n", n, most, late)
	if most >= few {
		return fmt.Errorf("%d threads, want fewer than %d", most, few)
	}
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

// connections makes n of them, or as many as it can, and returns their two ends.
func connections(network string, n int) (ours, others []*sock.Socket, err error) {
	if network == "pair" {
		for range n {
			a, b, err := sock.Pair(sock.Unix, sock.Stream, 0)
			if err != nil {
				return ours, others, err
			}
			ours, others = append(ours, a), append(others, b)
		}
		return ours, others, nil
	}
	l, err := sock.Open(sock.Inet, sock.Stream, 0)
	if err != nil {
		return nil, nil, err
	}
	at, err := sock.ParseAddr("127.0.0.1:0")
	if err == nil {
		err = l.Bind(at)
	}
	if err == nil {
		err = l.Listen(0)
	}
	if err != nil {
		return nil, nil, err
	}
	name, err := l.Sockname()
	for range n {
		a, err := sock.Open(sock.Inet, sock.Stream, 0)
		if err != nil {
			return ours, others, err
		}
		if err := a.Connect(name); err != nil {
			return ours, others, err
		}
		b, _, err := l.Accept()
		if err != nil {
			return ours, others, err
		}
		ours, others = append(ours, a), append(others, b)
	}
	return ours, others, err
}

// threads counts this process's: the kernel's count on Linux, elsewhere all that
// the runtime has ever made.
func threads() int {
	if tasks, err := os.ReadDir("/proc/self/task"); err == nil {
		return len(tasks)
	}
	return pprof.Lookup("threadcreate").Count()
}
