package main

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/berkeleysockets/sock/examples/internal/programtest"
)

// A foreign server is started with a port of its own choice, which it prints:
// no port is ever taken from somebody else.

// socatServer has socat answer each client with a command's output.
func socatServer(t *testing.T, network, command string) string {
	t.Helper()
	at := programtest.Place(t, network)
	listen := map[string]string{
		"tcp4": "TCP4-LISTEN:0,bind=127.0.0.1,fork",
		"tcp6": "TCP6-LISTEN:0,bind=[::1],fork",
		"unix": "UNIX-LISTEN:" + strings.TrimPrefix(at, "unix:") + ",fork",
	}[network]
	p := programtest.Installed(t, "socat", "-d", "-d", "-t", "60", listen, "EXEC:"+command).Start(strings.NewReader(""))
	return with(at, p.Err.Find(t, `listening on AF=\d+ .*?(\d*)\n`))
}

func pythonServer(t *testing.T, network string) string {
	t.Helper()
	at := programtest.Place(t, network)
	p := programtest.Installed(t, "python3", "testdata/server.py", programtest.Split(t, at)[0]).Start(strings.NewReader(""))
	return with(at, p.Out.Find(t, `listening on \('.*?', (\d+).*\)\n|listening on .*/.*\n`))
}

// with puts a port into an address that has port 0.
func with(at, port string) string {
	if ip, ok := strings.CutSuffix(at, ":0"); ok {
		return ip + ":" + port
	}
	return at
}

// TestClient has our client talk to other people's echo servers.
func TestClient(t *testing.T) {
	t.Parallel()
	for _, network := range networks {
		for name, serve := range map[string]func(*testing.T) string{
			"socat":  func(t *testing.T) string { return socatServer(t, network, "cat") },
			"python": func(t *testing.T) string { return pythonServer(t, network) },
		} {
			t.Run(name+"/"+network, func(t *testing.T) {
				t.Parallel()
				addr := serve(t)
				for _, data := range [][]byte{[]byte("good morning\n"), nil, noise(1 << 20)} {
					c := programtest.Own(t, "-client", addr).Start(bytes.NewReader(data))
					c.Wait(0)
					same(t, c.Out.Bytes(), data)
				}
			})
		}
	}
}

// TestClientHalfClose asks a server that answers only once it has heard all.
func TestClientHalfClose(t *testing.T) {
	t.Parallel()
	for _, network := range networks {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			programtest.Installed(t, "sha256sum")
			addr := socatServer(t, network, "sha256sum")
			data := noise(1 << 20)
			c := programtest.Own(t, "-client", addr).Start(bytes.NewReader(data))
			c.Wait(0)
			if want := fmt.Sprintf("%x  -\n", sha256.Sum256(data)); c.Out.String() != want {
				t.Errorf("the server answers %q, want %q", c.Out.String(), want)
			}
		})
	}
}

// TestClientOfNc talks with nc, which sends its own stdin, and prints ours.
func TestClientOfNc(t *testing.T) {
	t.Parallel()
	for _, network := range networks {
		// With nothing to say nc ends its direction at once. That must not
		// end ours. The other way nc is not so kind: as a server it leaves
		// when its client ends, its own input sent or not. So stdin ends last.
		for name, answer := range map[string][]byte{"answers": noise(1 << 20), "listens": nil} {
			t.Run(network+"/"+name, func(t *testing.T) {
				t.Parallel()
				at := programtest.Place(t, network)
				args := append([]string{"-l", "-v", "-n", "-N"}, programtest.Split(t, at)...)
				if network == "unix" {
					args = append([]string{"-l", "-v", "-N", "-U"}, programtest.Split(t, at)...)
				}
				nc := programtest.Installed(t, "nc", args...).Start(bytes.NewReader(answer))
				port := nc.Err.Find(t, `Listening on .*?(\d*)\n`)
				if port == "0" {
					t.Skip("nc here does not print the port it listens on")
				}
				data := bytes.ToUpper(noise(1 << 20))
				c := programtest.Own(t, "-client", with(at, port)).Start(nil)
				go func() {
					c.In.Write(data)
					c.Out.Until(t, "nc's answer", func(b []byte) bool { return len(b) >= len(answer) })
					c.In.Close()
				}()
				c.Wait(0)
				nc.Wait(0)
				same(t, c.Out.Bytes(), answer)
				same(t, nc.Out.Bytes(), data)
			})
		}
	}
}

// accepted starts our client, with stdin open, on a server of package net's.
func accepted(t *testing.T) (*programtest.Process, *net.TCPConn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	l.(*net.TCPListener).SetDeadline(time.Now().Add(programtest.Patience))
	p := programtest.Own(t, "-client", l.Addr().String()).Start(nil)
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(programtest.Patience))
	return p, c.(*net.TCPConn)
}

// TestClientInterrupt ends a client that waits for its server, and one that
// only its stdin keeps.
func TestClientInterrupt(t *testing.T) {
	t.Parallel()
	for name, sig := range programtest.Endings {
		for _, ended := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/ended=%v", name, ended), func(t *testing.T) {
				t.Parallel()
				p, c := accepted(t)
				if _, err := io.WriteString(c, "hello"); err != nil {
					t.Fatal(err)
				}
				p.Out.Find(t, "hello")
				if ended {
					c.CloseWrite()
					p.Err.Find(t, "the server sends no more")
				}
				p.Signal(sig)
				if n, err := c.Read(make([]byte, 1)); n != 0 || err != io.EOF {
					t.Errorf("the server reads %d, %v; want the end", n, err)
				}
			})
		}
	}
}

// TestClientReset has the server break the connection.
func TestClientReset(t *testing.T) {
	t.Parallel()
	p, c := accepted(t)
	c.SetLinger(0)
	c.Close()
	p.Wait(1)
	if want := "connection reset by peer"; !strings.Contains(p.Err.String(), want) {
		t.Errorf("the client says %q, want %q", p.Err.String(), want)
	}
}

// TestClientRefused finds a path that a server has left behind.
func TestClientRefused(t *testing.T) {
	t.Parallel()
	path := programtest.UnixPath(t)
	u, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	u.(*net.UnixListener).SetUnlinkOnClose(false)
	u.Close()
	p := programtest.Own(t, "-client", "unix:"+path).Start(strings.NewReader(""))
	p.Wait(1)
	if want := "echo: connect unix:" + path + ": connection refused\n"; p.Err.String() != want {
		t.Errorf("the client says %q, want %q", p.Err.String(), want)
	}
}

// TestClientBadInput has a stdin that cannot be read.
func TestClientBadInput(t *testing.T) {
	t.Parallel()
	_, addr := startServer(t, "127.0.0.1:0")
	dir, err := os.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	if _, err := dir.Read(make([]byte, 1)); !errors.Is(err, syscall.EISDIR) {
		t.Skip("a directory can be read here: ", err)
	}
	p := programtest.Own(t, "-client", addr).Start(dir)
	p.Wait(1)
	if want := "is a directory"; !strings.Contains(p.Err.String(), want) {
		t.Errorf("the client says %q, want %q", p.Err.String(), want)
	}
}
