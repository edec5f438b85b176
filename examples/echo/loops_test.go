package main

import (
	"io"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/berkeleysockets/sock/examples/internal/programtest"
)

// TestLoops looks in the trace for who accepts the clients, and in whose poller
// they are.
func TestLoops(t *testing.T) {
	t.Parallel()
	onServers(t, "tcp4", func(t *testing.T, flags ...string) {
		if flags == nil {
			t.Skip("server.go has no loops")
		}
		const clients = 40
		server, addr := startServer(t, "127.0.0.1:0", append(flags, "-trace")...)
		for range clients {
			c := programtest.Dial(t, addr)
			io.WriteString(c, "hello")
			if _, err := io.ReadFull(c, make([]byte, 5)); err != nil {
				t.Fatal(err)
			}
		}
		server.Signal(os.Interrupt)
		trace := server.Err.String()
		if !strings.Contains(trace, "epoll_create1(") {
			t.Skip("the trace is read as epoll's")
		}
		listeners, pollers := map[string]int{}, map[string]int{}
		for _, m := range regexp.MustCompile(`(?m)^accept4\((\d+), .*\) = \d+$`).FindAllStringSubmatch(trace, -1) {
			listeners[m[1]]++
		}
		for _, m := range regexp.MustCompile(`(?m)^epoll_ctl\((\d+), EPOLL_CTL_ADD, (\d+), \{events=EPOLLIN\}\) = 0$`).FindAllStringSubmatch(trace, -1) {
			if listeners[m[2]] == 0 {
				pollers[m[1]]++
			}
		}
		t.Log("accepted by each listening socket: ", listeners, "; in each poller: ", pollers)
		switch want := map[string][2]int{"-acceptor": {1, 2}, "2": {2, 2}, "-poller": {1, 1}}[flags[len(flags)-1]]; {
		case len(listeners) != want[0] || len(pollers) != want[1]:
			t.Errorf("want %d and %d of them", want[0], want[1])
		case want[0] != want[1]: // in turn
			for _, n := range pollers {
				if n != clients/2 {
					t.Errorf("want %d in each", clients/2)
				}
			}
		}
		// What was opened was closed.
		opened := regexp.MustCompile(`(?m)^(?:socket|accept4|epoll_create1|eventfd2|timerfd_create)\(.*\) = \d+$`).FindAllString(trace, -1)
		closed := regexp.MustCompile(`(?m)^close\(\d+\) = 0$`).FindAllString(trace, -1)
		if len(opened) != len(closed) {
			t.Errorf("%d descriptors were opened, and %d closed", len(opened), len(closed))
		}
	})
}
