package main

import (
	"fmt"
	"net"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/examples/internal/programtest"
)

// tick is soon. It is never how a test waits for something to happen.
func tick() <-chan time.Time { return time.After(50 * time.Millisecond) }

// vacant is a port that is taken, and where nobody listens.
func vacant(t *testing.T) sock.Addr {
	t.Helper()
	s, err := bound()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	at, err := s.Sockname()
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// vacant6 is the same of IPv6. Where there is none, Connect fails for that reason.
func vacant6(t *testing.T) sock.Addr {
	t.Helper()
	at, err := sock.ParseAddr("[::1]:0")
	if err != nil {
		t.Fatal(err)
	}
	s, err := sock.Open(sock.Inet6, sock.Stream, 0)
	if err == nil {
		t.Cleanup(func() { s.Close() })
		err = s.Bind(at)
	}
	if err == nil {
		at, err = s.Sockname()
	}
	if err != nil {
		t.Log("no IPv6: ", err)
	}
	return at
}

func TestRefused(t *testing.T) {
	t.Parallel()
	at := vacant(t).String()
	fails(t, `^browser: connect `+at+`: connection refused\n$`, "http://"+at+"/")
	fails(t, `^browser: connect `+at+`: connection refused\n$`, "https://"+at+"/")
}

// TestSeveral has names with several addresses.
func TestSeveral(t *testing.T) {
	t.Parallel()
	at, err := sock.ParseAddr(saying(t, "HTTP/1.1 200 OK\r\n\r\nhello"))
	if err != nil {
		t.Fatal(err)
	}
	four := vacant(t)
	six := vacant6(t)
	refused6 := "(connect " + regexp.QuoteMeta(six.String()) + "|socket): " // a kernel without IPv6 opens no socket
	var said []string
	b := browser{timeout: programtest.Patience, say: func(format string, a ...any) { said = append(said, fmt.Sprintf(format, a...)) }}

	s, err := b.connect(t.Context(), []sock.Addr{six, four, at, four})
	if err != nil {
		t.Fatal(err)
	}
	if peer, err := s.Peername(); err != nil || peer != at {
		t.Errorf("it is connected to %v, %v", peer, err)
	}
	s.Close()
	if len(said) != 6 || said[0] != "* try "+six.String() || !regexp.MustCompile(`^\* `+refused6).MatchString(said[1]) || said[2] != "* try "+four.String() ||
		said[3] != "* connect "+four.String()+": connection refused" || said[4] != "* try "+at.String() || !strings.HasPrefix(said[5], "* connected: we are 127.0.0.1:") {
		t.Errorf("it says %q", said)
	}

	s, err = b.connect(t.Context(), []sock.Addr{six, four})
	if err == nil {
		s.Close()
		t.Fatal("it is connected")
	}
	if !regexp.MustCompile("^"+refused6).MatchString(err.Error()) || !strings.HasSuffix(err.Error(), "; connect "+four.String()+": connection refused") {
		t.Error(err)
	}
}

// TestSilentAddress has one that never answers: a listening socket whose backlog is
// full.
func TestSilentAddress(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "freebsd" {
		t.Skip("a listening socket with a full backlog resets on FreeBSD")
	}
	s, err := bound()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Listen(1); err != nil {
		t.Fatal(err)
	}
	at, err := s.Sockname()
	if err != nil {
		t.Fatal(err)
	}
	for full := false; !full; {
		c, err := net.DialTimeout("tcp", at.String(), time.Second)
		if full = err != nil; !full {
			defer c.Close()
		}
	}
	fails(t, `^browser: connect `+at.String()+`: i/o timeout: it took longer than 300ms\n$`, "-timeout", "300ms", "http://"+at.String()+"/")
}

// TestNoSuchName asks for names that nobody has. Some machines have no name server
// to say so.
func TestNoSuchName(t *testing.T) {
	t.Parallel()
	began := time.Now()
	fails(t, `^browser: resolve: lookup nobody\.invalid.*\n$`, "-timeout", "2s", "http://nobody.invalid/")
	fails(t, `^browser: resolve: .*nobody\.onion.*\n$`, "http://nobody.onion/") // never asked for: RFC 7686
	fails(t, `^browser: "unix" is no name of a host\n$`, "http://unix:80/")
	if took := time.Since(began); took > programtest.Patience {
		t.Error("it takes ", took)
	}
}
