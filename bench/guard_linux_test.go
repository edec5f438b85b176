package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestGuard fails if an operation of sock makes more system calls than listed. strace(1)
// counts them, so calls that bypass our own tracer (see the test in micro/sock) count too. It
// takes the difference between a short and a long run, which excludes start and end. It
// measures no time.
func TestGuard(t *testing.T) {
	t.Parallel()
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("no strace: ", err)
	}
	if out, err := exec.Command(strace, "-f", "-o", os.DevNull, "true").CombinedOutput(); err != nil {
		t.Skipf("strace may not trace here: %v\n%s", err, out)
	}
	b := built(t)
	program, err := b.goProgram(t.Context(), "micro/sock", "guarded")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		work string
		want map[string]float64
	}{
		{"poller 64", map[string]float64{"sendto": 2, "recvfrom": 2, "epoll_pwait": 1}},
		{"connect 0", map[string]float64{"socket": 1, "connect": 1, "accept4": 1, "setsockopt": 2, "close": 2}},
		{"udp 64", map[string]float64{"sendto": 1, "recvfrom": 1}},
		{"batch 64", map[string]float64{"sendmmsg": 1, "recvmmsg": 1}},
		{"gso 50", map[string]float64{"sendmsg": 1, "recvmsg": 1}},
	} {
		t.Run(c.work, func(t *testing.T) {
			t.Parallel()
			var wrong string
			for range 3 { // a call of ours appears each time
				if wrong = costs(t, strace, program, c.work, c.want); wrong == "" {
					return
				}
				t.Log(wrong)
			}
			t.Error(wrong)
		})
	}
}

// costs reports the operations that make other calls than listed.
func costs(t *testing.T, strace, program, work string, want map[string]float64) (wrong string) {
	t.Helper()
	few, many := traced(t, strace, program, work+" 100"), traced(t, strace, program, work+" 600")
	for name := range want {
		many[name] += 0 // includes a call that is not made at all
	}
	for name := range many {
		// A few more calls can come from the kernel, which may deliver data in
		// pieces; one more in each operation is ours.
		if n := float64(many[name]-few[name]) / 500; n < want[name]-.02 || n > want[name]+.3 {
			wrong += fmt.Sprintf("an operation makes %.2f calls of %s, not %v\n", n, name, want[name])
		}
	}
	return wrong
}

var straceLine = regexp.MustCompile(`^\d+ +(\w+)\((\d*)`)

// traced counts the calls of a program that does one work. Calls that found nothing do not
// count, because their number depends on timing. Of epoll_pwait it takes the descriptor with
// the most calls, because the runtime poller has another.
func traced(t *testing.T, strace, program, work string) map[string]int {
	t.Helper()
	account := filepath.Join(t.TempDir(), "strace")
	c := exec.CommandContext(t.Context(), strace, "-f", "-qq", "-o", account, "-e", "signal=none",
		"-e", "trace=%network,close,fcntl,ioctl,read,write,poll,ppoll,epoll_pwait,epoll_ctl,nanosleep", program)
	c.Stdin = strings.NewReader(work + "\n")
	c.Env = append(os.Environ(), "GODEBUG=asyncpreemptoff=1", "GOMAXPROCS=1", "GOGC=off")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	text, err := os.ReadFile(account)
	if err != nil {
		t.Fatal(err)
	}
	calls, epolls := map[string]int{}, map[string]int{}
	for line := range strings.Lines(string(text)) {
		m := straceLine.FindStringSubmatch(line)
		switch {
		case m == nil || strings.Contains(line, "EAGAIN") || m[1] == "nanosleep": // the runtime's timer sleeps
		case m[1] == "epoll_pwait":
			if !strings.Contains(line, " = 0") {
				epolls[m[2]]++
			}
		default:
			calls[m[1]]++
		}
	}
	for _, n := range epolls {
		calls["epoll_pwait"] = max(calls["epoll_pwait"], n)
	}
	return calls
}
