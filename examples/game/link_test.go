package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/berkeleysockets/sock/examples/internal/programtest"
)

// startLink starts a link to a server, and returns its address.
func startLink(t *testing.T, server string, how ...string) (*programtest.Process, string) {
	t.Helper()
	p := programtest.Own(t, append([]string{"-link", "127.0.0.1:0," + server}, how...)...).Start(strings.NewReader(""))
	return p, p.Out.Find(t, `link: listening on (.*), for .*\n`)
}

// seen is what a bot says that it saw.
type seen struct{ received, lost, late, trip, behind, back, steps, made int }

func (s seen) share() float64 { return float64(s.lost) / float64(s.received+s.lost+s.late) }

var sight = regexp.MustCompile(`(?s)received (\d+), lost (\d+), late (\d+), round trip (\d+) ms\n.*at worst (\d+) ms behind; went back in time (\d+) times.*bot: (\d+) steps, of which the server has made (\d+)\n`)

func sightOf(t *testing.T, p *programtest.Process) (s seen) {
	t.Helper()
	p.Wait(0)
	m := sight.FindStringSubmatch(p.Out.String())
	if m == nil {
		t.Fatalf("the bot says:\n%s", p.Out.String())
	}
	for i, n := range []*int{&s.received, &s.lost, &s.late, &s.trip, &s.behind, &s.back, &s.steps, &s.made} {
		*n, _ = strconv.Atoi(m[1+i])
	}
	if s.back != 0 || s.steps == 0 || s.made != s.steps || s.received == 0 {
		t.Errorf("%+v; want no step back in time, and all steps made", s)
	}
	return s
}

// TestLink has a bot at the end of a link, which sees what the link does.
func TestLink(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		how                       []string
		stream                    bool
		least, most               float64 // of the states that are lost
		late, noneLate, roundTrip int
	}{
		"good":          {nil, false, 0, 0, 0, 0, 0},
		"lossy":         {[]string{"-drop", "20"}, false, 0.08, 0.35, 0, 0, 0},
		"far away":      {[]string{"-delay", "100ms"}, false, 0, 0, 0, 0, 200},
		"reordering":    {[]string{"-delay", "50ms", "-jitter", "45ms"}, false, 0, 0.05, 20, 0, 10},
		"all of it":     {[]string{"-drop", "50", "-delay", "50ms", "-jitter", "30ms"}, false, 0.3, 0.7, 5, 0, 40},
		"stream, good":  {nil, true, 0, 0, 0, 0, 0},
		"stream, worst": {[]string{"-drop", "30", "-delay", "50ms", "-jitter", "30ms"}, true, 0, 0, 0, 0, 40},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, addr := startServer(t, "127.0.0.1:0")
			link, through := startLink(t, addr, c.how...)
			long := "3s"
			if c.how == nil {
				long = (patience + time.Second).String() // which is for silence, not for a game
			}
			flags := []string{"-client", through, "-bot", long}
			if c.stream {
				flags = append(flags, "-stream")
			}
			s := sightOf(t, programtest.Own(t, flags...).Start(strings.NewReader("")))
			t.Logf("%+v", s)
			if s.share() < c.least || s.share() > c.most {
				t.Errorf("%.2f of the states are lost, want %.2f to %.2f", s.share(), c.least, c.most)
			}
			if s.late < c.late || s.trip < c.roundTrip {
				t.Errorf("%d are late and the round trip takes %d ms, want at least %d and %d", s.late, s.trip, c.late, c.roundTrip)
			}
			server.Out.Find(t, `server: A leaves\n|server: A is silent, and has left\n|server: A has no connection`)
			server.Signal(os.Interrupt)
			link.Signal(os.Interrupt)
			link.Out.Find(t, `link: carried \d+ packets, lost \d+\n`)
		})
	}
}

// TestLinkStream has the link carry bytes both ways, to the end of each: whatever
// it does to them, all come and in order.
func TestLinkStream(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	link, through := startLink(t, l.Addr().String(), "-drop", "20", "-delay", "2ms", "-jitter", "2ms")
	go func() {
		if c, err := l.Accept(); err == nil {
			io.Copy(c, c)
			c.Close()
		}
	}()
	c, err := net.Dial("tcp", through)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(programtest.Patience))
	var sent strings.Builder
	for i := range 20000 {
		fmt.Fprintln(&sent, i)
	}
	go func() {
		io.WriteString(c, sent.String())
		c.(*net.TCPConn).CloseWrite()
	}()
	if got, err := io.ReadAll(c); err != nil || string(got) != sent.String() {
		t.Errorf("%d bytes and %v, want %d", len(got), err, sent.Len())
	}

	// Where there is no server any more the link ends what it cannot carry.
	l.Close()
	c, err = net.Dial("tcp", through)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(programtest.Patience))
	if n, err := c.Read(make([]byte, 1)); n != 0 || err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%d, %v; want the end", n, err)
	}
	link.Signal(os.Interrupt)
}
