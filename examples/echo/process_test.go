package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/berkeleysockets/sock/examples/internal/programtest"
)

// cpuTime is what a process has used so far, all its threads; 0 where that is not
// to be had.
func cpuTime(t *testing.T, p *programtest.Process) (used time.Duration) {
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", p.Cmd.Process.Pid))
	for _, thread := range threads {
		var ns int64
		if b, err := os.ReadFile(thread); err == nil {
			fmt.Sscan(string(b), &ns)
		}
		used += time.Duration(ns)
	}
	if used == 0 {
		t.Log("CPU time is not measured: no schedstat in /proc here")
	}
	return used
}

// memory is what of a process is in memory now, in KiB; 0 where that is not to be
// had.
func memory(t *testing.T, p *programtest.Process) (kib int) {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.Cmd.Process.Pid))
	if _, rest, ok := strings.Cut(string(status), "VmRSS:"); ok {
		fmt.Sscan(rest, &kib)
	} else {
		t.Log("memory is not measured: no VmRSS in /proc here")
	}
	return kib
}
