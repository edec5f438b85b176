//go:build linux || freebsd || darwin || netbsd || openbsd || dragonfly

package main

import (
	"maps"
	"runtime"
	"testing"

	"github.com/berkeleysockets/sock"
)

// These are the system calls of each work, by name. The BSDs have others.
var calls = []struct {
	work string
	size int
	want map[string]int
}{
	{"sendrecv", 64, map[string]int{"sendto": 1, "recvfrom": 1}},
	{"poller", 64, map[string]int{"sendto": 2, "recvfrom": 2, "epoll_pwait": 1}},
	{"connect", 0, map[string]int{"socket": 1, "connect": 1, "accept4": 1, "setsockopt": 2, "close": 2}},
	{"udp", 64, map[string]int{"sendto": 1, "recvfrom": 1}},
	{"batch", 64, map[string]int{"sendmmsg": 1, "recvmmsg": 1}},
	{"gso", 50, map[string]int{"sendmsg": 1, "recvmsg": 1}},
}

// TestCalls fails if an operation makes more system calls than listed. It takes the cheapest
// of several runs, because on a busy machine the kernel sometimes delivers data in pieces. It
// measures no time.
func TestCalls(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("other systems have other calls")
	}
	for _, c := range calls {
		t.Run(c.work, func(t *testing.T) {
			job, err := works[c.work](c.size)
			if err != nil {
				t.Fatal(err)
			}
			defer job.Close()
			defer sock.SetTracer(nil)
			var least map[string]int
			for range 100 {
				got := map[string]int{}
				sock.SetTracer(func(c sock.Call) { got[c.Name]++ })
				if err := job.Do(1); err != nil {
					t.Fatal(err)
				}
				sock.SetTracer(nil)
				if least == nil || sum(got) < sum(least) {
					least = got
				}
			}
			if !maps.Equal(least, c.want) {
				t.Errorf("an operation makes %v, not %v", least, c.want)
			}
		})
	}
}

func sum(m map[string]int) (n int) {
	for _, v := range m {
		n += v
	}
	return n
}

// TestAllocations fails if an operation allocates. A connection allocates two Sockets.
func TestAllocations(t *testing.T) {
	want := map[string]float64{"connect": 2}
	for _, c := range calls {
		if runtime.GOOS != "linux" && (c.work == "gso" || c.work == "batch") {
			continue
		}
		job, err := works[c.work](c.size)
		if err != nil {
			t.Fatal(err)
		}
		got := testing.AllocsPerRun(200, func() { err = job.Do(1) })
		if err != nil {
			t.Fatal(c.work, err)
		}
		if got > want[c.work] && !raced {
			t.Errorf("%s: %v allocations", c.work, got)
		}
		if err := job.Close(); err != nil {
			t.Error(c.work, err)
		}
	}
}
