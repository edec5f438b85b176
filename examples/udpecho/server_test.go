package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/berkeleysockets/sock/examples/internal/programtest"
)

func TestServer(t *testing.T) {
	t.Parallel()
	for _, network := range networks {
		for name, signal := range programtest.Endings {
			t.Run(network+" "+name, func(t *testing.T) {
				t.Parallel()
				p, addr := startServer(t, place(t, network))
				alice, bob := dial(t, addr), dial(t, addr)
				for _, size := range []int{5, 0, 1, 1472, 1473, longest(network)} {
					echoed(t, alice, strings.Repeat("a", size))
					echoed(t, bob, strings.Repeat("b", size))
				}
				p.Out.Find(t, `server: 0 bytes from `+regexp.QuoteMeta(local(alice))+` go back\n`)
				p.Signal(signal)
				if p.Err.String() != "" {
					t.Errorf("stderr: %s", p.Err.String())
				}
				if path, ok := strings.CutPrefix(addr, "unix:"); ok {
					if _, err := os.Lstat(path); !os.IsNotExist(err) {
						t.Errorf("the file is left behind: %v", err)
					}
				}
			})
		}
	}
}

func local(c net.Conn) string {
	if a, ok := c.LocalAddr().(*net.UnixAddr); ok {
		return "unix:" + a.Name
	}
	return c.LocalAddr().String()
}

// The longest datagram there is, of IPv6.
func TestServerLongest(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("a socket's send buffer limits its datagrams on ", runtime.GOOS)
	}
	_, addr := startServer(t, place(t, "udp6"))
	echoed(t, dial(t, addr), strings.Repeat("x", 65527))
}

// A unix client that did not bind cannot be answered, and one whose path was removed
// neither. The others are.
func TestServerNowhere(t *testing.T) {
	t.Parallel()
	p, addr := startServer(t, place(t, "unix"))
	path := strings.TrimPrefix(addr, "unix:")
	unnamed, err := net.Dial("unixgram", path)
	if err != nil {
		t.Fatal(err)
	}
	defer unnamed.Close()
	for range 3 {
		if _, err := unnamed.Write([]byte("hello")); err != nil {
			t.Fatal(err)
		}
	}
	p.Out.Find(t, `server: 5 bytes from nowhere: .*no answer\n`)

	removed := dial(t, addr)
	if err := os.Remove(removed.LocalAddr().String()); err != nil {
		t.Fatal(err)
	}
	if _, err := removed.Write([]byte("still here")); err != nil {
		t.Fatal(err)
	}
	p.Out.Find(t, `server: 10 bytes from unix:.*: no answer: sendto unix:.*: no such file or directory\n`)
	echoed(t, dial(t, addr), "and I")
	p.Signal(os.Interrupt)
}

// A client that never reads does not stop the others.
func TestServerGreedy(t *testing.T) {
	t.Parallel()
	for _, network := range networks {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			p, addr := startServer(t, place(t, network))
			send := dial(t, addr).Write
			if path, ok := strings.CutPrefix(addr, "unix:"); ok { // connected it would take all room there is: see below
				c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: programtest.UnixPath(t), Net: "unixgram"})
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				send = func(p []byte) (int, error) {
					return c.WriteTo(p, &net.UnixAddr{Name: path, Net: "unixgram"})
				}
			}
			for i := range 2000 {
				if _, err := send([]byte(strings.Repeat("x", 1000))); err != nil && !errors.Is(err, syscall.ENOBUFS) {
					t.Fatal(i, err)
				}
			}
			if network == "unix" {
				p.Out.Find(t, `no room, the answer is dropped\n`)
			}
			served(t, addr)
			p.Signal(os.Interrupt)
		})
	}
}

// A connected unix client that never reads fills the server's send buffer. When it
// leaves there is room again.
func TestServerDeaf(t *testing.T) {
	t.Parallel()
	p, addr := startServer(t, place(t, "unix"))
	deaf := dial(t, addr)
	for i := range 2000 {
		if _, err := deaf.Write([]byte(strings.Repeat("x", 1000))); err != nil && !errors.Is(err, syscall.ENOBUFS) {
			t.Fatal(i, err)
		}
	}
	p.Out.Find(t, `no room, the answer is dropped\n`)
	deaf.Close()
	served(t, addr)
	p.Signal(os.Interrupt)
}

// served wants a client to be answered, though datagrams may be lost while the
// server is busy with others.
func served(t *testing.T, addr string) {
	t.Helper()
	c := dial(t, addr)
	for late := time.Now().Add(programtest.Patience); time.Now().Before(late); {
		if _, err := c.Write([]byte("hello")); err != nil && !errors.Is(err, syscall.ENOBUFS) {
			t.Fatal(err)
		}
		c.SetReadDeadline(time.Now().Add(time.Second))
		_, err := c.Read(make([]byte, 5))
		if err == nil {
			return
		}
		if n, ok := err.(net.Error); !ok || !n.Timeout() {
			t.Fatal(err)
		}
	}
	t.Error("no answer")
}

// Clients that have closed when their answer comes: the machine says so to the
// server's socket, which is everybody's.
func TestServerClientClosed(t *testing.T) {
	t.Parallel()
	for _, network := range networks {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			p, addr := startServer(t, place(t, network))
			for range 50 {
				c := dial(t, addr)
				if _, err := c.Write([]byte("ring, and run")); err != nil {
					t.Fatal(err)
				}
				c.Close()
			}
			echoed(t, dial(t, addr), "good morning")
			p.Signal(os.Interrupt)
		})
	}
}

// A unix datagram may be longer than any of UDP: it is cut.
func TestServerCut(t *testing.T) {
	t.Parallel()
	p, addr := startServer(t, place(t, "unix"))
	c := dial(t, addr)
	if _, err := c.Write([]byte(strings.Repeat("x", 100_000))); err != nil {
		t.Skip("no datagrams so long here: ", err)
	}
	n, err := c.Read(make([]byte, 1<<17))
	if err != nil || n != 65527 {
		t.Errorf("%d bytes came back, %v", n, err)
	}
	p.Out.Find(t, `server: 65527 bytes of a longer datagram from `)
	echoed(t, c, "and a short one")
}

// othersClients are other people's clients of our server.
func othersClients(t *testing.T, addr string) map[string][]string {
	s := map[string][]string{}
	at := programtest.Split(t, addr)
	if len(at) == 1 {
		s["nc"] = []string{"nc", "-U", "-u", at[0]}
		s["socat"] = []string{"socat", "-", "UNIX-SENDTO:" + at[0] + ",bind=" + programtest.UnixPath(t)}
		return s
	}
	s["nc"] = append([]string{"nc", "-u"}, at...)
	if strings.Contains(at[0], ":") {
		s["socat"] = []string{"socat", "-", fmt.Sprintf("UDP6:[%s]:%s", at[0], at[1])}
	} else {
		s["socat"] = []string{"socat", "-", fmt.Sprintf("UDP4:%s:%s", at[0], at[1])}
	}
	return s
}

func TestServerOthers(t *testing.T) {
	t.Parallel()
	for _, network := range networks {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			p, addr := startServer(t, place(t, network))
			for name, args := range othersClients(t, addr) {
				t.Run(name, func(t *testing.T) {
					c := programtest.Installed(t, args[0], args[1:]...).Start(nil)
					for _, line := range []string{"hello\n", "good morning\n"} {
						c.Says(line)
						c.Out.Find(t, `(?:^|\n)`+line)
					}
					if got := c.Out.String(); got != "hello\ngood morning\n" {
						t.Errorf("%s prints %q", name, got)
					}
					p.Out.Find(t, `server: 13 bytes from .* go back\n`)
				})
			}
			if path, ok := strings.CutPrefix(addr, "unix:"); ok {
				t.Run("socat unnamed", func(t *testing.T) {
					c := programtest.Installed(t, "socat", "-u", "-", "UNIX-SENDTO:"+path).Start(strings.NewReader("hello"))
					c.Wait(0)
					p.Out.Find(t, `server: 5 bytes from nowhere`)
				})
			}
			p.Signal(os.Interrupt)
		})
	}
}
