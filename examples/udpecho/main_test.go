package main

import (
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/berkeleysockets/sock/examples/internal/programtest"
)

func TestMain(m *testing.M) { programtest.Main(m, main) }

// startServer starts this program as a server and returns its address.
func startServer(t *testing.T, at string) (*programtest.Process, string) {
	t.Helper()
	p := programtest.Own(t, "-server", at).Start(strings.NewReader(""))
	return p, p.Out.Find(t, `server: waiting at (.*)\n`)
}

var networks = []string{"udp4", "udp6", "unix"}

// place is an address to bind to.
func place(t *testing.T, network string) string {
	t.Helper()
	return programtest.Place(t, strings.Replace(network, "udp", "tcp", 1))
}

// longest is how many bytes a datagram may have. Where it is not what the protocol
// allows, the send buffer's default limits it: 9,216 bytes of UDP on the BSDs and
// macOS, 8,192 of unix.
func longest(network string) int {
	switch {
	case runtime.GOOS == "linux":
		return 65507
	case network == "unix":
		return 2048
	}
	return 9000
}

// dial is package net's client. One of a path is bound to a path of its own.
func dial(t *testing.T, addr string) net.Conn {
	t.Helper()
	var c net.Conn
	var err error
	if path, ok := strings.CutPrefix(addr, "unix:"); ok {
		own := &net.UnixAddr{Name: programtest.UnixPath(t), Net: "unixgram"}
		c, err = net.DialUnix("unixgram", own, &net.UnixAddr{Name: path, Net: "unixgram"})
	} else {
		c, err = net.Dial("udp", addr)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(programtest.Patience))
	return c
}

// echoed wants a datagram back, as it was.
func echoed(t *testing.T, c net.Conn, datagram string) {
	t.Helper()
	if _, err := c.Write([]byte(datagram)); err != nil {
		t.Fatal(err)
	}
	p := make([]byte, 1<<17)
	n, err := c.Read(p)
	if err != nil {
		t.Fatal(err)
	}
	if string(p[:n]) != datagram {
		t.Errorf("%.20q of %d bytes came back, want %.20q of %d", p[:n], n, datagram, len(datagram))
	}
}

func TestUsage(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	programtest.Usages{
		{[]string{"-server", "127.0.0.1:0", "-client", "127.0.0.1:1"}, 2, `^udpecho: -server or -client`},
		{[]string{"127.0.0.1:1"}, 2, `^udpecho: there are no arguments`},
		{[]string{"-server", "localhost"}, 2, `^udpecho: address`},
		{[]string{"-wait", "2s"}, 2, `^udpecho: -wait goes with -client`},
		{[]string{"-wait", "0s", "-client", "127.0.0.1:1"}, 2, `^udpecho: -wait: above 0`},
		{[]string{"-servant", "x"}, 2, `^udpecho: flag provided but not defined`},
		{[]string{"-h"}, 0, `(?s)^udpecho: .*-client.*-trace.*-wait`},
		{[]string{"-client", "unix:" + programtest.UnixPath(t)}, 1, `no such file`},
		{[]string{"-server", "unix:" + path}, 1, `^udpecho: bind unix:.*: address already in use`},
		{[]string{"-server", "203.0.113.1:0"}, 1, `^udpecho: bind 203.0.113.1:0: `},
		{[]string{"-client", "127.0.0.1:1"}, 0, `^0 sent, 0 came back, 0 lost: none\n`}, // with nothing to send
	}.Test(t)
}

func TestDemoInterrupted(t *testing.T) {
	t.Parallel()
	programtest.Interrupted(t)
}
