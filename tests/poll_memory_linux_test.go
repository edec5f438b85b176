package sock_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/internal/testhook"
	"github.com/berkeleysockets/sock/sockopt"
)

// The memory of a process per idle connection that it has accepted and watches,
// all of ours included: at most 200 bytes are meant, and 250 fail the test, for
// what the runtime's own pages add.
func TestPollMemory(t *testing.T) {
	t.Parallel()
	const connections, most = 10_000, 250
	switch {
	case raceDetector:
		t.Skip("the race detector's shadow memory is not ours")
	case os.Getenv("SOCK_TEST_EXEC") != "":
		t.Skip("an emulator's memory is not ours")
	case pollerHere != byEpoll:
		t.Skip("poll(2) needs its list twice, and a map")
	case runtime.GOARCH != "amd64" && runtime.GOARCH != "arm64":
		t.Skip("the figure is for 64 bits")
	}
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil || limit.Max < connections+100 {
		t.Skipf("%d descriptors for a process, %d are needed: %v", limit.Max, connections+100, err)
	}
	server := child(t, "memory server", strconv.Itoa(connections))
	out, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	if !lines.Scan() {
		t.Fatal("no address from the server: ", server.Wait())
	}
	clients := child(t, "memory clients", lines.Text(), strconv.Itoa(connections))
	hold, err := clients.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := clients.Start(); err != nil {
		t.Fatal(err)
	}
	var rss, heap int
	if !lines.Scan() {
		t.Fatal("no figures from the server: ", server.Wait())
	}
	if _, err := fmt.Sscan(lines.Text(), &rss, &heap); err != nil {
		t.Fatalf("%q: %v", lines.Text(), err)
	}
	hold.Close()
	wantErr(t, server.Wait(), nil)
	wantErr(t, clients.Wait(), nil)
	t.Logf("%d bytes of RSS for each of %d connections, %d of them in heap objects", rss/connections, connections, heap/connections)
	if rss > most*connections {
		t.Errorf("%d bytes for each connection, want at most %d", rss/connections, most)
	}
}

func init() {
	children["memory server"] = memoryServer
	children["memory clients"] = memoryClients
}

// memoryServer accepts so many connections and watches them, and says what memory
// that has taken.
func memoryServer(args []string) error {
	n, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	l, err := sock.Open(sock.Inet, sock.Stream, 0)
	if err != nil {
		return err
	}
	at, err := sock.ParseAddr("127.0.0.1:0")
	if err != nil {
		return err
	}
	if err := errors.Join(l.Bind(at), l.Listen(0)); err != nil {
		return err
	}
	name, err := l.Sockname()
	if err != nil {
		return err
	}
	l.SetNonblock(true)
	p, err := sock.NewPoller()
	if err != nil {
		return err
	}
	if err := p.Add(l, sock.Readable, nil); err != nil {
		return err
	}
	events := make([]sock.Event, 64)
	accept := func(n int) error {
		for n > 0 {
			if _, err := p.Wait(events, -1); err != nil {
				return err
			}
			for ; n > 0; n-- {
				s, _, err := l.Accept()
				if err == sock.ErrWouldBlock {
					break
				}
				if err != nil {
					return err
				}
				if err := p.Add(s, sock.Readable, nil); err != nil {
					return err
				}
			}
		}
		return nil
	}
	// One of our own, so that all the code is there and has run.
	c, err := sock.Open(sock.Inet, sock.Stream, 0)
	if err != nil {
		return err
	}
	if err := errors.Join(c.Connect(name), accept(1)); err != nil {
		return err
	}
	rss, heap, err := memory()
	if err != nil {
		return err
	}
	fmt.Println(name)
	if err := accept(n); err != nil {
		return err
	}
	rss2, heap2, err := memory()
	if err != nil {
		return err
	}
	fmt.Println(rss2-rss, heap2-heap)
	if testhook.Registrations(p) != n+2 {
		return fmt.Errorf("%d registered, want %d", testhook.Registrations(p), n+2)
	}
	runtime.KeepAlive(events)
	return nil
}

// memory is what this process has, in bytes: RSS and heap objects.
func memory() (rss, heap int, err error) {
	for range 3 {
		runtime.GC()
		debug.FreeOSMemory()
	}
	// Its counters are exact: statm's are summed up late on several processors.
	b, err := os.ReadFile("/proc/self/smaps_rollup")
	if err != nil {
		return 0, 0, err
	}
	for line := range bytes.Lines(b) {
		if f := strings.Fields(string(line)); f[0] == "Rss:" {
			rss, err = strconv.Atoi(f[1])
			break
		}
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return rss << 10, int(m.HeapAlloc), err
}

// memoryClients connects so often, and holds it until its input ends.
func memoryClients(args []string) error {
	at, err := sock.ParseAddr(args[0])
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	for range n {
		s, err := sock.Open(sock.Inet, sock.Stream, 0)
		if err != nil {
			return err
		}
		// A reset leaves no port in TIME_WAIT.
		if err := errors.Join(sockopt.Linger.Set(s, sockopt.LingerValue{On: true}), s.Connect(at)); err != nil {
			return err
		}
	}
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}
