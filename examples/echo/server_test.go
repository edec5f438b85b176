package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/examples/internal/programtest"
	"github.com/berkeleysockets/sock/sockopt"
)

// clientsOf are programs that send stdin to a server, half-close, and print
// what comes back.
func clientsOf(t *testing.T, addr string) map[string][]string {
	at := programtest.Split(t, addr)
	socat, unix := "UNIX-CONNECT:"+at[0], len(at) == 1
	switch {
	case !unix && strings.Contains(at[0], ":"):
		socat = "TCP6:[" + at[0] + "]:" + at[1]
	case !unix:
		socat = "TCP4:" + at[0] + ":" + at[1]
	}
	nc := append([]string{"nc", "-N"}, at...)
	if unix {
		nc = append([]string{"nc", "-N", "-U"}, at...)
	}
	return map[string][]string{
		"nc":     nc,
		"socat":  {"socat", "-t", "60", "-", socat},
		"python": append([]string{"python3", "testdata/client.py"}, at...),
		"echo":   {"-client", addr},
	}
}

// TestServer has other people's clients, and ours, talk to our server, all at once.
func TestServer(t *testing.T) {
	t.Parallel()
	for _, network := range networks {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			onServers(t, network, func(t *testing.T, flags ...string) {
				server, addr := startServer(t, programtest.Place(t, network), flags...)
				t.Run("clients", func(t *testing.T) {
					for name, args := range clientsOf(t, addr) {
						for size, data := range map[string][]byte{"line": []byte("good morning\n"), "nothing": nil, "1MB": noise(1 << 20)} {
							t.Run(name+"/"+size, func(t *testing.T) {
								t.Parallel()
								var c *programtest.Process
								if name == "echo" {
									c = programtest.Own(t, args...)
								} else {
									c = programtest.Installed(t, args[0], args[1:]...)
								}
								c.Start(bytes.NewReader(data)).Wait(0)
								same(t, c.Out.Bytes(), data)
							})
						}
					}
				})
				server.Signal(os.Interrupt)
				if path := programtest.Split(t, addr)[0]; network == "unix" {
					if _, err := os.Stat(path); !os.IsNotExist(err) {
						t.Errorf("%s is still there: %v", path, err)
					}
				}
			})
		})
	}
}

func same(t *testing.T, got, want []byte) {
	t.Helper()
	if g, w := sha256.Sum256(got), sha256.Sum256(want); g != w {
		t.Errorf("%d bytes with checksum %.4x, want %d with %.4x", len(got), g, len(want), w)
	}
}

// TestManyClients has 50 clients of package net connected at the same time, who
// are answered in an order that is not that of their coming.
func TestManyClients(t *testing.T) {
	t.Parallel()
	onServers(t, "tcp4", manyClients)
}

func manyClients(t *testing.T, flags ...string) {
	server, addr := startServer(t, "127.0.0.1:0", flags...)
	conns := make([]net.Conn, 50)
	for i := range conns {
		conns[i] = programtest.Dial(t, addr)
	}
	for i := len(conns) - 1; i >= 0; i-- {
		text := fmt.Sprintf("I am number %d", i)
		if _, err := io.WriteString(conns[i], text); err != nil {
			t.Fatal(err)
		}
		answer := make([]byte, len(text))
		if _, err := io.ReadFull(conns[i], answer); err != nil || string(answer) != text {
			t.Fatalf("%q came back as %q, %v", text, answer, err)
		}
	}
	for _, c := range conns {
		c.(*net.TCPConn).CloseWrite()
		if rest, err := io.ReadAll(c); err != nil || len(rest) > 0 {
			t.Errorf("after the end: %q, %v", rest, err)
		}
	}
	server.Signal(os.Interrupt)
}

// TestServerInterrupt ends a server that has a client.
func TestServerInterrupt(t *testing.T) {
	t.Parallel()
	for name, sig := range programtest.Endings {
		for _, network := range networks {
			t.Run(name+"/"+network, func(t *testing.T) {
				t.Parallel()
				onServers(t, network, func(t *testing.T, flags ...string) {
					server, addr := startServer(t, programtest.Place(t, network), flags...)
					c := programtest.Dial(t, addr)
					server.Out.Find(t, `socket \d+ is for the client`)
					server.Signal(sig)
					if n, err := c.Read(make([]byte, 1)); n != 0 || err != io.EOF {
						t.Errorf("the client reads %d, %v; want the end", n, err)
					}
					if !strings.Contains(server.Out.String(), "closed by us") {
						t.Errorf("the server does not tell of its client:\n%s", server.Out.String())
					}
					if _, err := os.Stat(programtest.Split(t, addr)[0]); network == "unix" && !os.IsNotExist(err) {
						t.Errorf("%s is still there: %v", addr, err)
					}
				})
			})
		}
	}
}

// TestServerAgain starts a server at an address whose old connections linger.
func TestServerAgain(t *testing.T) {
	t.Parallel()
	for try := 1; ; try++ {
		server, addr := startServer(t, "127.0.0.1:0")
		c := programtest.Dial(t, addr)
		server.Out.Find(t, `socket \d+ is for the client`)
		server.Signal(os.Interrupt) // it closes first, and so has the connection in TIME_WAIT
		c.Close()

		again := programtest.Own(t, "-server", addr)
		again.Cmd.Stderr = &again.Out
		again.Start(strings.NewReader(""))
		if says := again.Out.Find(t, `(.*)\n`); says == "server: listening on "+addr {
			again.Signal(os.Interrupt)
			return
		} else if try == 3 { // the port may be another program's by now, but not each time
			t.Fatal("three times: ", says)
		}
		again.Wait(1)
	}
}

// TestServerPathInUse leaves a file alone that another server has made.
func TestServerPathInUse(t *testing.T) {
	t.Parallel()
	first, addr := startServer(t, programtest.Place(t, "unix"))
	second := programtest.Own(t, "-server", addr).Start(strings.NewReader(""))
	second.Wait(1)
	if !strings.Contains(second.Err.String(), "address already in use") {
		t.Errorf("the second server says %q", second.Err.String())
	}
	c := programtest.Own(t, "-client", addr).Start(strings.NewReader("still here?"))
	c.Wait(0)
	same(t, c.Out.Bytes(), []byte("still here?"))
	first.Signal(os.Interrupt)
}

// TestServerReset has a client break its connection: the others do not care.
func TestServerReset(t *testing.T) {
	t.Parallel()
	onServers(t, "tcp4", serverReset)
}

func serverReset(t *testing.T, flags ...string) {
	server, addr := startServer(t, "127.0.0.1:0", flags...)
	c := programtest.Dial(t, addr)
	server.Out.Find(t, `socket \d+ is for the client`)
	c.(*net.TCPConn).SetLinger(0)
	c.Close()
	server.Out.Find(t, `server: socket \d+: after 0 bytes: recv: connection reset by peer\n`)
	other := programtest.Own(t, "-client", addr).Start(strings.NewReader("hello"))
	other.Wait(0)
	same(t, other.Out.Bytes(), []byte("hello"))
	server.Signal(os.Interrupt)
}

// TestServerTrace wants the calls of a server in the order in which the course
// reports them.
func TestServerTrace(t *testing.T) {
	t.Parallel()
	server, addr := startServer(t, "127.0.0.1:0", "-trace")
	c := programtest.Dial(t, addr)
	io.WriteString(c, "hello")
	c.(*net.TCPConn).CloseWrite()
	if p, err := io.ReadAll(c); err != nil || string(p) != "hello" {
		t.Errorf("%q, %v", p, err)
	}
	c.Close()
	server.Signal(os.Interrupt)
	calls := server.Err.String()
	for _, want := range []string{
		`socket\(`, `setsockopt\(`, `bind\(`, `listen\(`, `getsockname\(\d+, ` + regexp.QuoteMeta(addr),
		acceptCall() + `\(\d+, 127.0.0.1:\d+`, `recvfrom\(\d+, "hello"`, `sendto\(\d+, "hello"`, `recvfrom\(\d+, "", .* = 0`, `close\(`, `close\(`,
	} {
		at := regexp.MustCompile(`(?m)^` + want).FindStringIndex(calls)
		if at == nil {
			t.Fatalf("no %s, or not in order, in\n%s", want, server.Err.String())
		}
		calls = calls[at[1]:]
	}
}

// TestSendAll sends more than the buffers hold to a slow receiver.
func TestSendAll(t *testing.T) {
	t.Parallel()
	a, b, err := sock.Pair(sock.Unix, sock.Stream, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	defer b.Close()
	if err := sockopt.SendBuffer.Set(a, 4096); err != nil {
		t.Fatal(err)
	}
	data := noise(1<<20 + 1)
	sent := make(chan error, 1)
	go func() {
		err := sendAll(a, data)
		a.CloseWrite()
		sent <- err
	}()
	var got bytes.Buffer
	if err := receive(b, &slow{&got}); err != nil {
		t.Fatal(err)
	}
	if err := <-sent; err != nil {
		t.Fatal(err)
	}
	same(t, got.Bytes(), data)
}

// slow lets the sender run into full buffers before each write.
type slow struct{ io.Writer }

func (s *slow) Write(p []byte) (int, error) {
	time.Sleep(50 * time.Microsecond)
	return s.Writer.Write(p)
}
