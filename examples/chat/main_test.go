package main

import (
	"bufio"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/berkeleysockets/sock/examples/internal/programtest"
)

func TestMain(m *testing.M) { programtest.Main(m, main) }

// startRoom starts this program as a server and returns its address.
func startRoom(t *testing.T, at string, more ...string) (*programtest.Process, string) {
	t.Helper()
	p := programtest.Own(t, append([]string{"-server", at}, more...)...).Start(strings.NewReader(""))
	return p, p.Out.Find(t, `room: listening on (.*)\n`)
}

// joined is a member of package net's, that has given its name.
func joined(t *testing.T, addr, name string) *memberConn {
	t.Helper()
	c := programtest.Dial(t, addr)
	g := &memberConn{t, c, bufio.NewReader(c)}
	g.hears("What is your name?")
	g.says(name + "\n")
	g.hears("* " + name + " comes in")
	return g
}

type memberConn struct {
	t *testing.T
	net.Conn
	lines *bufio.Reader
}

func (g *memberConn) says(bytes string) {
	g.t.Helper()
	if _, err := io.WriteString(g, bytes); err != nil {
		g.t.Fatal(err)
	}
}

func (g *memberConn) line() string {
	g.t.Helper()
	line, err := g.lines.ReadString('\n')
	if err != nil {
		g.t.Fatalf("%q, %v", line, err)
	}
	return strings.TrimSuffix(line, "\n")
}

func (g *memberConn) hears(want ...string) {
	g.t.Helper()
	for _, want := range want {
		if got := g.line(); got != want {
			g.t.Fatalf("hears %q, want %q", got, want)
		}
	}
}

func TestUsage(t *testing.T) {
	t.Parallel()
	programtest.Usages{
		{[]string{"127.0.0.1:1"}, 2, `^chat: there are no arguments, only flags: -h lists them\n$`},
		{[]string{"-server", "localhost"}, 2, `^chat: address .*\n$`},
		{[]string{"-server", "unix:/nowhere/at/all"}, 1, `^chat: bind unix:/nowhere/at/all: .*\n$`},
		{[]string{"-servant", "x"}, 2, `^chat: flag provided but not defined`},
		{[]string{"-server", "127.0.0.1:0", "-client", "127.0.0.1:1"}, 2, `^chat: -server or -client, not both\n$`},
		{[]string{"-client", "localhost"}, 2, `^chat: address .*\n$`},
		{[]string{"-client", "unix:/nowhere/at/all"}, 1, `^chat: connect unix:/nowhere/at/all: no such file or directory\n$`},
		{[]string{"-h"}, 0, `(?s)-client.*-server.*-trace`},
	}.Test(t)
}

func TestDemoInterrupted(t *testing.T) {
	t.Parallel()
	programtest.Interrupted(t)
}
