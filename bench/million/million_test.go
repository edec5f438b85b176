//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// mainEnv makes the test binary run the program.
const mainEnv = "SOCK_MILLION_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(mainEnv) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// command returns the program as a command.
func command(t *testing.T, args ...string) *exec.Cmd {
	ctx, stop := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(stop)
	cmd := exec.CommandContext(ctx, "/proc/self/exe", args...)
	cmd.Env = append(os.Environ(), mainEnv+"=1")
	return cmd
}

// TestHold measures what a machine measures with a million connections, with as many as a
// process may have.
func TestHold(t *testing.T) {
	t.Parallel()
	n := 10_000
	if testing.Short() {
		n = 1000
	}
	cmd := command(t, "-here", "-json", "-n", strconv.Itoa(n))
	var progress strings.Builder
	cmd.Stderr = &progress
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, progress.String())
	}
	var r report
	if err := json.Unmarshal(out, &r); err != nil {
		t.Fatalf("%q: %v", out, err)
	}
	var text bytes.Buffer
	r.print(&text)
	t.Logf("%s%s", progress.String(), text.String())
	if r.Asked != n || r.Held < n && !strings.Contains(progress.String(), "a process may have") {
		t.Errorf("%d connections held of %d, and no word why; want %d", r.Held, r.Asked, n)
	}
	t.Run("echo", func(t *testing.T) { echoIsTheSame(t, &r) })
	t.Run("memory", func(t *testing.T) { memoryIsSmall(t, &r) })
	t.Run("left", func(t *testing.T) { nothingIsLeft(t, &r) })
}

// echoIsTheSame compares the system calls, which do not depend on other load of the machine.
// The Poller polls once or twice, for events that came while it was busy.
func echoIsTheSame(t *testing.T, r *report) {
	if len(r.Echoes) < 3 {
		t.Fatalf("measured %d times, want with few, with all, and with few again", len(r.Echoes))
	}
	for _, e := range r.Echoes {
		for call, most := range map[string]float64{"epoll_pwait": 2.1, "recvfrom": 1.1, "sendto": 1.1} {
			if n := e.Calls[call]; n < .99 || n > most {
				t.Errorf("%d connections: %.2f %s for an echo, want 1 to %.1f", e.Connections, n, call, most)
			}
		}
		for call := range e.Calls {
			if call != "epoll_pwait" && call != "recvfrom" && call != "sendto" {
				t.Errorf("%d connections: %.2f %s for an echo, want none", e.Connections, e.Calls[call], call)
			}
		}
	}
	// CPU time of the process: slightly above 1.0 is normal.
	if ratio, _ := r.ratio(); ratio > 3 {
		t.Errorf("an echo costs %.1f times as much with %d connections as with %d", ratio, r.Held, r.Echoes[0].Connections)
	}
}

// memoryIsSmall checks the memory of a Socket and of its registration in a Poller: normally
// 175 bytes together on a 64-bit system.
func memoryIsSmall(t *testing.T, r *report) {
	if raceDetector {
		t.Skip("the race detector's shadow memory is not ours")
	}
	if r.Held < 5000 {
		t.Skipf("the runtime's own pages weigh more than %d connections", r.Held)
	}
	const most, mostBeyond = 250, 192
	socket := r.socket()
	if socket == 0 {
		t.Errorf("no object of which there are %d", r.Held)
	}
	each := r.Server.RSS / r.Held
	t.Logf("%d bytes for each connection: %d for the Socket, %d for its place in the Poller and the rest", each, socket, each-socket)
	if each > most || each-socket > mostBeyond {
		t.Errorf("%d bytes of RSS for each connection, want at most %d; %d without the Socket, want at most %d", each, most, each-socket, mostBeyond)
	}
}

func nothingIsLeft(t *testing.T, r *report) {
	if l := r.Left; l.Descriptors != 0 || l.Sockets != 0 {
		t.Errorf("%d descriptors and %d sockets are left, want none", l.Descriptors, l.Sockets)
	}
	// These are parts of a million bytes and more.
	if l := r.Left.Closed; l.Heap > 128<<10 {
		t.Errorf("%d bytes of live objects are left", l.Heap)
	} else if l.RSS > 1<<20 && !raceDetector {
		t.Errorf("%d bytes of RSS are left", l.RSS)
	}
}

// A process with a low limit on descriptors reports it, and holds as many connections as it can.
func TestHoldFew(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), "sh", "-c", `ulimit -n 300 && exec "$0" -here -json -n 1000`, os.Args[0])
	cmd.Env = append(os.Environ(), mainEnv+"=1")
	var progress strings.Builder
	cmd.Stderr = &progress
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, progress.String())
	}
	var r report
	if err := json.Unmarshal(out, &r); err != nil {
		t.Fatalf("%q: %v", out, err)
	}
	if r.Held != 200 || r.Asked != 1000 || !strings.Contains(progress.String(), "300 descriptors") {
		t.Errorf("%d of %d connections, want 200 of 1000; it said\n%s", r.Held, r.Asked, progress.String())
	}
}

func TestUsage(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"more"}, {"-n", "0"}, {"-n", "many"}, {"-m", "-1"}, {"-accel", "fast"}, {"-limit", "0s"}, {"-nonsense"}} {
		var said strings.Builder
		cmd := command(t, args...)
		cmd.Stderr = &said
		err := cmd.Run()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != 2 || strings.Count(said.String(), "\n") != 1 {
			t.Errorf("%v: %v, %q; want exit status 2 and one line", args, err, said.String())
		}
	}
	out, err := command(t, "-h").Output()
	if err != nil || !strings.Contains(string(out), "-here") {
		t.Errorf("-h: %v, %q", err, out)
	}
}

func TestSteps(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{1: "[1]", 500: "[50 500]", 1000: "[100 1000]", 1001: "[100 1000 1001]", 10_000: "[1000 10000]", 300_000: "[1000 10000 100000 300000]"} {
		var words []string
		for _, k := range steps(n) {
			words = append(words, strconv.Itoa(k))
		}
		if got := "[" + strings.Join(words, " ") + "]"; got != want {
			t.Errorf("steps(%d) = %s, want %s", n, got, want)
		}
	}
}

// The kernel unpacks the same format as cpio.
func TestArchive(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("cpio"); err != nil {
		t.Skip("cpio is not installed")
	}
	content := []byte("#!/bin/sh\n")
	var b bytes.Buffer
	err := writeArchive(&b, []entry{
		{name: "dev", mode: directory},
		{name: "dev/console", mode: charDev, device: [2]int{5, 1}},
		{name: "init", mode: program, content: content},
	})
	if err != nil {
		t.Fatal(err)
	}
	list := exec.Command("sh", "-c", "gzip -d | cpio -itv")
	list.Stdin = bytes.NewReader(b.Bytes())
	var listed strings.Builder
	list.Stderr = &listed
	out, err := list.Output()
	if err != nil {
		t.Fatal(err, listed.String())
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	for i, want := range [][2]string{{"drwxr-xr-x", " dev"}, {"crw-------", " dev/console"}, {"-rwxr-xr-x", " init"}} {
		if len(lines) != 3 || !strings.HasPrefix(lines[i], want[0]) || !strings.HasSuffix(lines[i], want[1]) {
			t.Fatalf("cpio lists\n%s\nwant line %d to be %s ...%s", out, i+1, want[0], want[1])
		}
	}
	read := exec.Command("sh", "-c", "gzip -d | cpio -i --to-stdout init")
	read.Stdin = bytes.NewReader(b.Bytes())
	if out, err := read.Output(); err != nil || !bytes.Equal(out, content) {
		t.Errorf("cpio reads %q, %v; want %q", out, err, content)
	}
}
