package netpoll_test

import (
	"fmt"
	"os"
	"syscall"
	"testing"

	_ "github.com/berkeleysockets/sock/internal/netpoll"
)

// pollerAtInit is whether the runtime poller existed after the init of package
// netpoll, before package testing set a timer.
var pollerAtInit = hasEpoll()

// hasEpoll looks for an epoll descriptor with bare system calls: package os would
// create the poller.
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

func TestPollerAtInit(t *testing.T) {
	if _, err := os.Stat("/proc/self/fd"); err != nil {
		t.Skip(err)
	}
	if !pollerAtInit {
		t.Error("a program that imports this package starts without the runtime poller")
	}
}
