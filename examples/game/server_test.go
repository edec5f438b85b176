package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/berkeleysockets/sock/examples/internal/programtest"
)

// A visitor is package net's, and says what it likes.
type visitor struct {
	t *testing.T
	*net.UDPConn
	token token
}

func visit(t *testing.T, addr string) *visitor {
	t.Helper()
	c, err := net.Dial("udp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return &visitor{t: t, UDPConn: c.(*net.UDPConn)}
}

func (v *visitor) says(message []byte) {
	v.t.Helper()
	if _, err := v.Write(message); err != nil {
		v.t.Fatal(err)
	}
}

// asks says something until the answer is what is wanted: on the loopback too a
// datagram is lost, where a buffer is full.
func (v *visitor) asks(message []byte, kind byte, wanted func([]byte) bool) []byte {
	v.t.Helper()
	buf := make([]byte, 2*maxMessage)
	for end := time.Now().Add(programtest.Patience); time.Now().Before(end); {
		v.says(message)
		v.SetReadDeadline(time.Now().Add(time.Second / 5))
		for {
			n, err := v.Read(buf)
			if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
				v.t.Fatal(err)
			}
			if err != nil {
				break
			}
			if n > 0 && buf[0] == kind && wanted(buf[:n]) {
				return buf[:n]
			}
		}
	}
	v.t.Fatalf("%q has no answer", message)
	return nil
}

func (v *visitor) joins() (answer []byte) {
	v.t.Helper()
	answer = v.asks(make9('J'), 'W', func(b []byte) bool { return len(b) == 9 })
	copy(v.token[:], answer[1:])
	return answer
}

func make9(kind byte) []byte { return append([]byte{kind}, make([]byte, 8)...) }

func (v *visitor) plays(number, first uint32, steps string) state {
	v.t.Helper()
	in := appendInput(nil, v.token, input{number, first, []byte(steps)})
	s, err := parseState(v.asks(in, 'S', func(b []byte) bool {
		s, err := parseState(b)
		return err != nil || s.echo >= number
	}))
	if err != nil {
		v.t.Fatal(err)
	}
	return s
}

// quiet wants that nothing more comes, for a while in which a player would hear much.
func (v *visitor) quiet(why string) {
	v.t.Helper()
	v.SetReadDeadline(time.Now().Add(time.Second / 4))
	buf := make([]byte, 2*maxMessage)
	if n, err := v.Read(buf); err == nil {
		v.t.Errorf("%s, and hears %q", why, buf[:n])
	}
}

func TestServer(t *testing.T) {
	t.Parallel()
	for _, network := range []string{"tcp4", "tcp6"} {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			server, addr := startServer(t, programtest.Place(t, network))
			v := visit(t, addr)
			v.joins()
			s := v.plays(1, 1, "rrr")
			if s.you != 'A' {
				t.Errorf("the first one is %c", s.you)
			}
			before, _ := find(s.things, 'A')
			for n := uint32(2); s.done < 3; n++ { // one a tick
				s = v.plays(n, 1, "rrr")
			}
			x0 := float64(width/2 - 13)
			if after, ok := find(s.things, 'A'); !ok || after.x != x0+3 || before.x > after.x {
				t.Errorf("A was at %v, and after three steps at %v", before, after)
			}
			if _, ok := find(s.things, 'o'); !ok {
				t.Error("there is no ball")
			}
			other := visit(t, addr)
			other.joins()
			if s := other.plays(1, 1, ""); s.you != 'B' || len(s.things) != 3 {
				t.Errorf("the second one is %c of %v", s.you, s.things)
			}
			v.says(append([]byte{'L'}, v.token[:]...))
			server.Out.Find(t, `server: A leaves\n`)
			server.Out.Find(t, `server: B is silent, and has left\n`)
			server.Signal(os.Interrupt)
		})
	}
}

// TestServerOthers has messages of those who have no token, or somebody else's.
func TestServerOthers(t *testing.T) {
	t.Parallel()
	server, addr := startServer(t, "127.0.0.1:0")
	alice, eve := visit(t, addr), visit(t, addr)
	alice.joins()
	own := eve.joins()
	if string(own[1:]) == string(alice.token[:]) {
		t.Fatal("two have the same token")
	}
	if len(own) > len(make9('J')) {
		t.Error("the answer is longer than the question: of use to who asks in the name of others")
	}
	alice.plays(1, 1, "")
	eve.quiet("eve has not shown her token")
	eve.says(appendInput(nil, alice.token, input{1 << 30, 1, []byte("rrrr")})) // alice's, but not from her address
	eve.says(append([]byte{'L'}, alice.token[:]...))
	eve.says(make9('L'))
	eve.says(make9('J')[:8])
	eve.says(append(make9('J'), 0))
	eve.says(nil)
	random := rand.New(rand.NewPCG(1, 0))
	for range 5000 {
		b := make([]byte, random.IntN(300))
		for i := range b {
			b[i] = byte(random.Uint32())
		}
		if len(b) > 0 {
			b[0] = "IJWSLFB"[random.IntN(7)]
		}
		eve.says(b)
	}
	eve.says(make([]byte, 60000))
	eve.says(appendInput(nil, token{}, input{1, 1, []byte("r")}))
	for n := uint32(2); n < 30; n++ {
		s := alice.plays(n, 1, "")
		if p, _ := find(s.things, 'A'); s.echo > n || len(s.things) != 2 || p.x != width/2-13 || s.done != 0 {
			t.Fatalf("alice hears %v", s)
		}
	}
	if strings.Contains(server.Out.String(), "B joins") {
		t.Error("eve plays")
	}
	server.Signal(os.Interrupt)
	if server.Err.String() != "" {
		t.Errorf("the server complains: %s", server.Err.String())
	}
}

// TestServerFull has one more than there are letters.
func TestServerFull(t *testing.T) {
	t.Parallel()
	server, addr := startServer(t, "127.0.0.1:0")
	all := make([]*visitor, 26)
	for i := range all {
		all[i] = visit(t, addr)
		all[i].joins()
		for _, v := range all[:i] { // they are not silent
			v.says(appendInput(nil, v.token, input{1, 1, nil}))
		}
		if s := all[i].plays(1, 1, ""); s.you != 'A'+byte(i) {
			t.Fatalf("number %d is %c", i, s.you)
		}
	}
	late := programtest.Own(t, "-client", addr, "-bot", "30s").Start(strings.NewReader(""))
	again := time.NewTicker(time.Second / 2)
	defer again.Stop()
	stay := make(chan bool)
	go func() {
		for n := uint32(2); ; n++ {
			for _, v := range all {
				_, _ = v.Write(appendInput(nil, v.token, input{n, 1, nil}))
			}
			select {
			case <-stay:
				return
			case <-again.C:
			}
		}
	}()
	late.Wait(1)
	close(stay)
	if want := "game: the arena is full\n"; late.Err.String() != want {
		t.Errorf("the last one says %q, want %q", late.Err.String(), want)
	}
	server.Signal(os.Interrupt)
}

// TestServerFlood has two who talk as fast as they can, while a third one plays.
func TestServerFlood(t *testing.T) {
	t.Parallel()
	server, addr := startServer(t, "127.0.0.1:0")
	v := visit(t, addr)
	v.joins()
	over := make(chan bool)
	for range 2 {
		loud := visit(t, addr)
		loud.joins()
		go func() {
			for n := uint32(1); ; n++ {
				select {
				case <-over:
					return
				default:
					_, _ = loud.Write(appendInput(nil, loud.token, input{n, 1, []byte("rrrrrrrr")}))
				}
			}
		}()
	}
	defer close(over)
	server.Out.Find(t, `(?s)joins.*joins`)
	start, n := time.Now(), uint32(1)
	first := v.plays(n, 1, "")
	last := first
	for last.number < first.number+60 {
		n++
		last = v.plays(n, 1, "")
	}
	t.Logf("%d states took %v, and %d ticks of the arena, beside a flood", last.number-first.number, time.Since(start), last.tick-first.tick)
	for _, p := range last.things {
		if p.letter > 'A' && p.letter <= 'Z' && p.x > float64(width/2-13+int(p.letter-'A')+8) {
			t.Errorf("%c is at %v: with more steps than it has sent", p.letter, p.x)
		}
	}
	server.Signal(os.Interrupt)
}

// TestServerStream has streams that are cut anywhere, that make no sense, that do
// not play, and that do not read.
func TestServerStream(t *testing.T) {
	t.Parallel()
	server, addr := startServer(t, "127.0.0.1:0")
	dial := func() net.Conn {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		c.SetDeadline(time.Now().Add(programtest.Patience))
		return c
	}
	ended := func(c net.Conn, why string) {
		t.Helper()
		for buf := make([]byte, 4096); ; {
			if _, err := c.Read(buf); err != nil {
				if os.IsTimeout(err) {
					t.Error(why, ", and is not closed")
				}
				return
			}
		}
	}
	idle := dial()
	garbage := dial()
	fmt.Fprint(garbage, "GET / HTTP/1.1\r\n\r\n")
	ended(garbage, "garbage")

	read := func(c net.Conn) []byte {
		t.Helper()
		var length [2]byte
		message := make([]byte, maxMessage)
		_, err := readFull(c, length[:])
		if err == nil {
			message = message[:binary.BigEndian.Uint16(length[:])]
			_, err = readFull(c, message)
		}
		if err != nil {
			t.Fatal(err)
		}
		return message
	}
	slow := dial()
	for _, b := range frame(make9('J')) { // byte by byte
		slow.Write([]byte{b})
	}
	var tok token
	copy(tok[:], read(slow)[1:])
	in := frame(appendInput(nil, tok, input{1, 1, []byte("r")}))
	slow.Write(append(append(frame(nil), in...), in[:5]...)) // an empty one, one, and a half
	if s, err := parseState(read(slow)); err != nil || s.you != 'A' {
		t.Errorf("%v, %v", s, err)
	}
	slow.Write(in[5:])
	server.Out.Find(t, `server: A joins from 127`)
	slow.(*net.TCPConn).SetLinger(0)
	slow.Close()
	server.Out.Find(t, `server: A has no connection any more\n`)
	ended(idle, "does not play")

	crowded := make([]net.Conn, crowd+1)
	for i := range crowded {
		crowded[i] = dial()
	}
	ended(crowded[crowd], "one too many")
	server.Signal(os.Interrupt)
}

func readFull(c net.Conn, b []byte) (n int, err error) {
	for n < len(b) && err == nil {
		var m int
		m, err = c.Read(b[n:])
		n += m
	}
	return n, err
}

// TestServerPortInUse has both kinds of port taken.
func TestServerPortInUse(t *testing.T) {
	t.Parallel()
	first, addr := startServer(t, "127.0.0.1:0")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, taken := range []string{addr, l.Addr().String()} {
		p := programtest.Own(t, "-server", taken).Start(strings.NewReader(""))
		p.Wait(1)
		if want := "game: bind " + taken + ": address already in use\n"; p.Err.String() != want {
			t.Errorf("says %q, want %q", p.Err.String(), want)
		}
	}
	first.Signal(os.Interrupt)
}
