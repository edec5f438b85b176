package main

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/berkeleysockets/sock/examples/internal/programtest"
)

// ended wants what a client says at its end.
func ended(t *testing.T, p *programtest.Process, want string) {
	t.Helper()
	p.Wait(1)
	if p.Err.String() != "game: "+want+"\n" {
		t.Errorf("the client says %q, want %q", p.Err.String(), want)
	}
}

// TestClientAlone has a server that is not there, or says nothing, or ends.
func TestClientAlone(t *testing.T) {
	t.Parallel()
	silent, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	none, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	quiet := programtest.Own(t, "-client", silent.LocalAddr().String(), "-bot", "1m").Start(strings.NewReader(""))
	none.Close() // another one may get its port, but hardly so soon
	ended(t, programtest.Own(t, "-client", none.LocalAddr().String(), "-bot", "1m").Start(strings.NewReader("")), "recv: connection refused")
	ended(t, programtest.Own(t, "-client", none.LocalAddr().String(), "-bot", "1m", "-stream").Start(strings.NewReader("")), "connect "+none.LocalAddr().String()+": connection refused")
	ended(t, quiet, "the server is silent")

	server, addr := startServer(t, "127.0.0.1:0")
	p := programtest.Own(t, "-client", addr, "-bot", "1m").Start(strings.NewReader(""))
	server.Out.Find(t, "A joins")
	server.Cmd.Process.Kill() // it cannot say so
	p.Wait(1)
	if !strings.Contains(p.Err.String(), "connection refused") {
		t.Errorf("the client says %q", p.Err.String())
	}
}

// TestClientGarbage has a server that talks nonsense between its states.
func TestClientGarbage(t *testing.T) {
	t.Parallel()
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	server.SetDeadline(time.Now().Add(programtest.Patience))
	p := programtest.Own(t, "-client", server.LocalAddr().String(), "-bot", "1s").Start(strings.NewReader(""))
	go func() {
		buf := make([]byte, 1024)
		for n := uint32(0); ; {
			size, from, err := server.ReadFrom(buf)
			if err != nil {
				return
			}
			say := func(b string) { server.WriteTo([]byte(b), from) }
			switch buf[0] {
			case 'J':
				for _, b := range []string{"", "W", "W1234567", "W123456789", "S", strings.Repeat("W", 2000), "Wtokentok"} {
					say(b)
				}
			case 'I':
				_, in, err := parseInput(buf[:size])
				if err != nil {
					t.Error(err)
					return
				}
				n++
				whole := appendState(nil, state{number: n, tick: n, echo: in.number, done: in.first + uint32(len(in.steps)) - 1, you: 'A', things: []thing{ballAt(float64(n))}})
				for _, b := range []string{"", "S", string(whole[:20]), "?" + string(whole[1:]), string(whole), string(whole) + "\xff\xff\xff\xff\xff", strings.Repeat("S", 60000)} {
					say(b)
				}
				say(string(appendState(nil, state{number: n, tick: n, echo: 1 << 31, done: 1 << 31, things: []thing{ballAt(float64(n))}}))) // twice the same number
			}
		}
	}()
	if s := sightOf(t, p); s.lost > 0 || s.late > 0 {
		t.Errorf("%+v", s)
	}
}

// TestClientGarbageStream has a server that makes no sense: there is no way on.
func TestClientGarbageStream(t *testing.T) {
	t.Parallel()
	for says, want := range map[string]string{
		"HTTP/1.1 400 Bad Request\r\n\r\n": "the message makes no sense",
		"":                                 "EOF",
		"\x00\x09W1":                       "unexpected EOF",
	} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		p := programtest.Own(t, "-client", l.Addr().String(), "-bot", "1m", "-stream").Start(strings.NewReader(""))
		c, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		c.Read(make([]byte, 11))
		c.Write([]byte(says))
		c.(*net.TCPConn).CloseWrite()
		ended(t, p, want)
		c.Close()
	}
}
