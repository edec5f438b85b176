package main

import (
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/berkeleysockets/sock/examples/internal/programtest"
)

// inRoom starts our client between two pipes, with its name given.
func inRoom(t *testing.T, addr, name string) *programtest.Process {
	t.Helper()
	p := programtest.Own(t, "-client", addr).Start(nil)
	p.Out.Find(t, `What is your name\?\n`)
	p.Says(name + "\n")
	p.Out.Find(t, `\* `+name+` comes in\n`)
	return p
}

// TestClientPipe has two of our clients talk, until the stdin of one ends.
func TestClientPipe(t *testing.T) {
	t.Parallel()
	for _, network := range []string{"tcp4", "tcp6", "unix"} {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			room, addr := startRoom(t, programtest.Place(t, network))
			alice, bob := inRoom(t, addr, "alice"), inRoom(t, addr, "bob")
			alice.Says("hello\nbob")
			bob.Out.Find(t, `alice: hello\n`)
			bob.Says("good morning\n")
			alice.Out.Find(t, `bob: good morning\n`)
			alice.In.Close()
			alice.Wait(0)
			bob.Out.Find(t, `alice: bob\n\* alice leaves: goodbye\n`)
			if alice.Err.String() != "" {
				t.Errorf("alice complains: %s", alice.Err.String())
			}
			room.Signal(os.Interrupt)
			bob.Wait(1)
			if want := "chat: the room has ended\n"; bob.Err.String() != want {
				t.Errorf("bob says %q, want %q", bob.Err.String(), want)
			}
		})
	}
}

// TestClientInterrupt ends a client that waits.
func TestClientInterrupt(t *testing.T) {
	t.Parallel()
	room, addr := startRoom(t, "127.0.0.1:0")
	for _, sig := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		p := inRoom(t, addr, "alice")
		p.Signal(sig)
		if p.Err.String() != "" {
			t.Errorf("%v: the client complains: %s", sig, p.Err.String())
		}
	}
	room.Signal(os.Interrupt)
}

// otherRoom is a room of package net's, that says what it likes.
func otherRoom(t *testing.T) (*programtest.Process, *net.TCPConn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	p := programtest.Own(t, "-client", l.Addr().String()).Start(nil)
	l.(*net.TCPListener).SetDeadline(time.Now().Add(programtest.Patience))
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(programtest.Patience))
	return p, c.(*net.TCPConn)
}

// TestClientHostile has a room that sends what a terminal would obey, and a line
// without an end.
func TestClientHostile(t *testing.T) {
	t.Parallel()
	p, c := otherRoom(t)
	if _, err := io.WriteString(c, "\x1b[2J\x07\xff\u202eabc\r\n\x9b31m\nno end"+strings.Repeat("x", 1<<20)+"\n"); err != nil {
		t.Fatal(err)
	}
	c.CloseWrite()
	p.Wait(1)
	out := p.Out.String()
	if want := "?[2J?\ufffd?abc\n\ufffd31m\nno end"; !strings.HasPrefix(out, want) {
		t.Errorf("prints %.60q, want %q", out, want)
	}
	if n := strings.Count(out, "x"); n != 1<<20 {
		t.Errorf("%d bytes of the line without end, want %d", n, 1<<20)
	}
	for line := range strings.Lines(out) {
		if len(line) > 4*maxLine+1 {
			t.Errorf("a line of %d bytes", len(line))
		}
	}
}

// TestClientReset has a room break the connection, and none at all.
func TestClientReset(t *testing.T) {
	t.Parallel()
	p, c := otherRoom(t)
	if _, err := io.WriteString(c, "hello\n"); err != nil {
		t.Fatal(err)
	}
	p.Out.Find(t, `hello\n`) // Connect has returned
	c.SetLinger(0)
	c.Close()
	p.Wait(1)
	if want := "chat: read: connection reset by peer\n"; p.Err.String() != want {
		t.Errorf("says %q, want %q", p.Err.String(), want)
	}
	path := programtest.UnixPath(t)
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	l.Close()
	p = programtest.Own(t, "-client", "unix:"+path).Start(strings.NewReader(""))
	p.Wait(1)
	if want := "chat: connect unix:" + path + ": connection refused\n"; p.Err.String() != want {
		t.Errorf("says %q, want %q", p.Err.String(), want)
	}
}

// TestClientBadInput has a stdin that cannot be read.
func TestClientBadInput(t *testing.T) {
	t.Parallel()
	room, addr := startRoom(t, "127.0.0.1:0")
	dir, err := os.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	p := programtest.Own(t, "-client", addr).Start(dir)
	p.Wait(1)
	if !strings.HasPrefix(p.Err.String(), "chat: ") || strings.Count(p.Err.String(), "\n") != 1 {
		t.Errorf("says %q", p.Err.String())
	}
	room.Signal(os.Interrupt)
}
