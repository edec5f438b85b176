package park_test

import (
	"fmt"
	"os"
	"syscall"
	"testing"

	_ "github.com/berkeleysockets/sock/internal/park"
)

// atStart is whether Go's poller was there after package park's init, before
// package testing set a timer.
var atStart = hasEpoll()

// hasEpoll looks at the descriptors by bare calls: package os would make the
// poller.
func hasEpoll() bool {
	name := make([]byte, 100)
	for fd := range 100 {
		n, err := syscall.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd), name)
		if err == nil && string(name[:n]) == "anon_inode:[eventpoll]" {
			return true
		}
	}
	return false
}

func TestPollerAtStart(t *testing.T) {
	if _, err := os.Stat("/proc/self/fd"); err != nil {
		t.Skip(err)
	}
	if !atStart {
		t.Error("a program of ours starts without Go's poller")
	}
}
