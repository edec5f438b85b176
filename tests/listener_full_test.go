//go:build linux || freebsd || darwin || netbsd || openbsd || dragonfly

package sock_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/berkeleysockets/sock"
)

// A server without free descriptors waits, and serves again when there are some. The test
// runs in its own process.
func TestListenerNoDescriptors(t *testing.T) {
	t.Parallel()
	if out, err := child(t, "serve without descriptors").Output(); err != nil {
		t.Fatalf("%s%v", out, err)
	}
}

func init() { children["serve without descriptors"] = serveWithoutDescriptors }

func serveWithoutDescriptors([]string) error {
	l, err := sock.Open(sock.Inet, sock.Stream, 0)
	if err != nil {
		return err
	}
	if err := errors.Join(l.Bind(anywhere), l.Listen(0)); err != nil {
		return err
	}
	at, err := l.Sockname()
	if err != nil {
		return err
	}
	complaints, left := make(lines, 100), make(chan bool, 10)
	v := &http.Server{
		ErrorLog: log.New(complaints, "", 0),
		Handler:  http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "served") }),
		ConnState: func(_ net.Conn, state http.ConnState) {
			if state == http.StateClosed {
				left <- true
			}
		},
	}
	served := make(chan error, 1)
	go func() { served <- v.Serve(sock.Listener(l)) }()
	// Once it returns all descriptors are closed, which with http.Client they
	// are a little later.
	get := func() error {
		c, err := reach(context.Background(), at)
		if err != nil {
			return err
		}
		if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: sock\r\nConnection: close\r\n\r\n"); err != nil {
			return err
		}
		r, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			return err
		}
		if body, err := io.ReadAll(r.Body); string(body) != "served" {
			return fmt.Errorf("body %q, %v", body, err)
		}
		<-left
		return c.Close()
	}
	if err := get(); err != nil {
		return err
	}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 40, Max: 40}); err != nil {
		return err
	}
	for range 2 {
		var all []int
		for {
			fd, err := unix.Dup(0)
			if err != nil {
				break
			}
			all = append(all, fd)
		}
		unix.Close(all[0]) // for the client
		result := make(chan error, 1)
		go func() { result <- get() }()
		for range 3 {
			select {
			case line := <-complaints:
				if !strings.Contains(line, "retrying") || !strings.Contains(line, syscall.EMFILE.Error()) {
					return errors.New(line)
				}
			case err := <-served:
				return fmt.Errorf("the server has given up: %w", err)
			case err := <-result:
				return fmt.Errorf("served without a descriptor: %v", err)
			case <-time.After(20 * time.Second):
				return errors.New("the server does not complain")
			}
		}
		for _, fd := range all[1:] {
			unix.Close(fd)
		}
		if err := <-result; err != nil {
			return err
		}
		if err := get(); err != nil {
			return err
		}
	}
	if err := v.Close(); err != nil {
		return err
	}
	if err := <-served; err != http.ErrServerClosed {
		return fmt.Errorf("Serve = %v", err)
	}
	return nil
}
