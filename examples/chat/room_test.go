package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/berkeleysockets/sock/examples/internal/programtest"
)

// ncTo is a member with nc, that has given its name.
func ncTo(t *testing.T, addr, name string) *programtest.Process {
	t.Helper()
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	p := programtest.Installed(t, "nc", host, port).Start(nil)
	p.Out.Find(t, `What is your name\?\n`)
	p.Says(name + "\n")
	p.Out.Find(t, `\* `+name+` comes in\n`)
	return p
}

// TestNc has three members with nc, one of whom stops reading. The others hear each
// other all the time, and at last that carol has left.
func TestNc(t *testing.T) {
	t.Parallel()
	room, addr := startRoom(t, "127.0.0.1:0")
	alice, bob := ncTo(t, addr, "alice"), ncTo(t, addr, "bob")

	// What carol's nc prints goes into a pipe, which nobody reads.
	host, port, _ := net.SplitHostPort(addr)
	carol := programtest.Installed(t, "nc", host, port)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	carol.Cmd.Stdout = w
	carol.Start(nil)
	carol.Says("carol\n")
	alice.Out.Find(t, `\* carol comes in\n`)
	carol.Says("good night\n")
	bob.Out.Find(t, `carol: good night\n`)

	story := strings.Repeat("and then ", 100)
	said := 0
	var longest time.Duration
	for left := false; !left; said++ {
		if said > 100<<10 {
			t.Fatal("carol reads nothing, and is sent everything")
		}
		start := time.Now()
		alice.Says(fmt.Sprintf("%d %s\n", said, story))
		line := fmt.Sprintf("\nalice: %d and", said)
		bob.Out.Until(t, line, func(b []byte) bool {
			left = strings.Contains(string(b[max(0, len(b)-2000):]), "* carol leaves: does not read\n")
			return strings.Contains(string(b[max(0, len(b)-2000):]), line)
		})
		longest = max(longest, time.Since(start))
	}
	t.Logf("carol was sent %d KiB; bob heard each line within %v", said*len(story)>>10, longest)
	alice.Out.Find(t, `\* carol leaves: does not read\n`)
	bob.Says("where is carol?\n")
	alice.Out.Find(t, `\nbob: where is carol\?\n`)
	alice.In.Close() // nc ends its half only with -N: the room hears no more, and alice still does
	bob.Cmd.Process.Kill()
	room.Out.Find(t, `room: bob leaves: `)
	room.Signal(os.Interrupt)
	alice.Wait(0)
}

// TestOthers has other programs of which each hears what it should, with its
// own name given and a line said, over each network.
func TestOthers(t *testing.T) {
	t.Parallel()
	for _, network := range []string{"tcp4", "tcp6", "unix"} {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			room, addr := startRoom(t, programtest.Place(t, network))
			path, unix := strings.CutPrefix(addr, "unix:")
			host, port, _ := net.SplitHostPort(addr)
			commands := map[string][]string{
				"nc":     {"nc", "-N", host, port},
				"socat":  {"socat", "-t", "60", "-", strings.ToUpper(network) + ":" + addr},
				"python": {"python3", "testdata/member.py", host, port},
				"chat":   {"-client", addr},
			}
			if unix {
				commands = map[string][]string{
					"nc":     {"nc", "-N", "-U", path},
					"socat":  {"socat", "-t", "60", "-", "UNIX-CONNECT:" + path},
					"python": {"python3", "testdata/member.py", path},
					"chat":   {"-client", addr},
				}
			}
			witnesses := 0
			for name, command := range commands {
				t.Run(name, func(t *testing.T) {
					p := programtest.Own(t, command...)
					if name != "chat" {
						p = programtest.Installed(t, command[0], command[1:]...)
					}
					witness := joined(t, addr, "witness")
					p.Start(strings.NewReader(name + "\nhello\nand goodbye"))
					witness.hears("* "+name+" comes in", name+": hello", name+": and goodbye", "* "+name+" leaves: goodbye")
					p.Wait(0)
					if want := "What is your name?\n* " + name + " comes in\n"; p.Out.String() != want {
						t.Errorf("hears %q, want %q", p.Out.String(), want)
					}
					witness.Close()
					witnesses++ // the next one is not to hear of it
					room.Out.Until(t, "no witness left", func(b []byte) bool {
						return bytes.Count(b, []byte("room: witness leaves")) == witnesses
					})
				})
			}
			room.Signal(os.Interrupt)
			if _, err := os.Stat(path); unix && !os.IsNotExist(err) {
				t.Errorf("%s is still there: %v", path, err)
			}
		})
	}
}

// TestLines has lines in parts and at once, over a real connection.
func TestLines(t *testing.T) {
	t.Parallel()
	room, addr := startRoom(t, "127.0.0.1:0")
	alice := joined(t, addr, "alice")
	bob := joined(t, addr, "bob")
	alice.hears("* bob comes in")
	for _, b := range []byte("one by one\r\n") {
		alice.says(string(b))
	}
	bob.hears("alice: one by one")
	alice.says("two\nat once\n\nand half")
	bob.hears("alice: two", "alice: at once")
	bob.says("meanwhile\n")
	alice.hears("bob: meanwhile")
	alice.says(" a line\n")
	bob.hears("alice: and half a line")

	long := strings.Repeat("x", 3*maxLine)
	alice.says(long + "y\n")
	part := "alice: " + long[:maxLine]
	bob.hears(part, part, part, "alice: y")

	nameless := dialRoom(t, addr)
	nameless.Close() // of whom nobody hears
	late := dialRoom(t, addr)
	if _, err := io.WriteString(late, strings.Repeat("\n", 5)+"a name that is much too long for one\nhello\n"); err != nil {
		t.Fatal(err)
	}
	bob.hears("* a name that is much  comes in", "a name that is much : hello")
	room.Signal(os.Interrupt)
}

func dialRoom(t *testing.T, addr string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// TestBinary has a member that sends no text. What the others hear is lines all the
// same, and nothing that a terminal would obey.
func TestBinary(t *testing.T) {
	t.Parallel()
	room, addr := startRoom(t, "127.0.0.1:0")
	bob := joined(t, addr, "bob")
	alice := joined(t, addr, "alice")
	bob.hears("* alice comes in")
	noise := make([]byte, 50<<10)
	rand.NewChaCha8([32]byte{1}).Read(noise)
	go func() {
		alice.Write(noise)
		alice.Conn.(*net.TCPConn).CloseWrite()
		io.Copy(io.Discard, alice) // there may be telnet's commands in it, and what the room answers: unread, it would reset the connection
	}()
	heard := 0
	for {
		line := bob.line()
		if line == "* alice leaves: goodbye" {
			break
		}
		if !strings.HasPrefix(line, "alice: ") || !utf8.ValidString(line) || strings.ContainsFunc(line, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Fatalf("bob hears %q", line)
		}
		heard++
	}
	if heard < len(noise)/maxLine {
		t.Errorf("of %d bytes bob hears %d lines", len(noise), heard)
	}
	room.Signal(os.Interrupt)
}

// TestReset has a member break its connection.
func TestReset(t *testing.T) {
	t.Parallel()
	room, addr := startRoom(t, "127.0.0.1:0")
	alice := joined(t, addr, "alice")
	bob := joined(t, addr, "bob")
	alice.hears("* bob comes in")
	bob.Conn.(*net.TCPConn).SetLinger(0)
	bob.Close()
	alice.hears("* bob leaves: recv: connection reset by peer")
	room.Signal(os.Interrupt)
}

// TestManyGuests has many come and go while two talk. All that they say is heard,
// and each coming and going.
func TestManyGuests(t *testing.T) {
	t.Parallel()
	const goroutines, rounds = 20, 20
	room, addr := startRoom(t, "127.0.0.1:0")
	bob := joined(t, addr, "bob")
	alice := joined(t, addr, "alice")
	bob.hears("* alice comes in")
	var all sync.WaitGroup
	failed := make(chan error, goroutines)
	for i := range goroutines {
		all.Go(func() {
			for j := range rounds {
				if err := visit(addr, fmt.Sprintf("member %d/%d", i, j), j%2 == 0); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	go io.Copy(io.Discard, alice)
	said := make(chan bool)
	go func() {
		all.Wait()
		close(said)
	}()
	go func() {
		for i := 0; ; i++ {
			if _, err := fmt.Fprintf(alice, "line %d\n", i); err != nil {
				failed <- err
			}
			select {
			case <-said:
				io.WriteString(alice, "that was all\n")
				return
			case <-time.After(time.Millisecond):
			}
		}
	}()
	lines, came, left := 0, 0, 0
	for over := false; !over || left < goroutines*rounds; {
		select {
		case err := <-failed:
			t.Fatal(err)
		default:
		}
		switch line := bob.line(); {
		case line == fmt.Sprintf("alice: line %d", lines):
			lines++
		case line == "alice: that was all":
			over = true
		case regexp.MustCompile(`^\* member \d+/\d+ comes in$`).MatchString(line):
			came++
		case regexp.MustCompile(`^\* member \d+/\d+ leaves: `).MatchString(line):
			left++
		case regexp.MustCompile(`^member (\d+/\d+): I am member \d+/\d+$`).MatchString(line):
		default:
			t.Fatalf("bob hears %q, after %d lines", line, lines)
		}
	}
	if came != goroutines*rounds || left != came {
		t.Errorf("%d came, %d left, want %d", came, left, goroutines*rounds)
	}
	t.Logf("%d came and went, and %d lines were heard", came, lines)
	room.Signal(os.Interrupt)
}

// visit comes, says who it is, and goes: politely or not.
func visit(addr, name string, politely bool) error {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(programtest.Patience))
	if _, err := fmt.Fprintf(c, "%s\nI am %s\n", name, name); err != nil {
		return err
	}
	var heard []byte
	for buf := make([]byte, 4096); !strings.Contains(string(heard), "* "+name+" comes in\n"); {
		n, err := c.Read(buf)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		heard = append(heard, buf[:n]...)
	}
	if !politely {
		c.(*net.TCPConn).SetLinger(0)
	}
	return nil
}

// TestInterrupt ends a room that has members: they hear its end.
func TestInterrupt(t *testing.T) {
	t.Parallel()
	for name, sig := range map[string]os.Signal{"SIGINT": os.Interrupt, "SIGTERM": syscall.SIGTERM} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			room, addr := startRoom(t, "unix:"+programtest.UnixPath(t))
			alice := joined(t, addr, "alice")
			room.Signal(sig)
			if line, err := alice.lines.ReadString('\n'); line != "" || err != io.EOF {
				t.Errorf("alice hears %q, %v; want the end", line, err)
			}
			if room.Err.String() != "" {
				t.Errorf("the room complains: %s", room.Err.String())
			}
			if _, err := os.Stat(strings.TrimPrefix(addr, "unix:")); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("%s is still there: %v", addr, err)
			}
		})
	}
}

// TestFull has more members than the room has descriptors. Those inside talk on, and
// who waits comes in when one of them leaves.
func TestFull(t *testing.T) {
	t.Parallel()
	inner := programtest.Own(t, "-server", "127.0.0.1:0")
	room := programtest.Installed(t, "sh", append([]string{"-c", `ulimit -n 20; exec "$0" "$@"`}, inner.Cmd.Args...)...)
	room.Cmd.Env = inner.Cmd.Env
	room.Start(strings.NewReader(""))
	addr := room.Out.Find(t, `room: listening on (.*)\n`)
	alice, bob := joined(t, addr, "alice"), joined(t, addr, "bob")
	alice.hears("* bob comes in")
	waiting := map[net.Conn]bool{}
	for range 30 {
		c := dialRoom(t, addr)
		c.SetReadDeadline(time.Now().Add(time.Second / 2))
		if n, _ := c.Read(make([]byte, 1)); n == 0 { // no question: it is not inside
			waiting[c] = true
			if len(waiting) == 3 {
				break
			}
		}
	}
	if len(waiting) < 3 {
		t.Fatal("there is room for all")
	}
	alice.says("a full house\n")
	bob.hears("alice: a full house")
	alice.Close()
	bob.hears("* alice leaves: goodbye")
	inside := make(chan bool, 3)
	for c := range waiting {
		c.SetReadDeadline(time.Now().Add(programtest.Patience))
		go func() {
			if n, _ := c.Read(make([]byte, 1)); n == 1 {
				inside <- true
			}
		}()
	}
	select {
	case <-inside:
	case <-time.After(programtest.Patience):
		t.Error("one has left, and none of those who wait comes in")
	}
	room.Signal(os.Interrupt)
	for c := range waiting {
		c.Close()
	}
	if used := room.Cmd.ProcessState.UserTime() + room.Cmd.ProcessState.SystemTime(); used > time.Second {
		t.Errorf("the room used %v of CPU time", used)
	} else {
		t.Logf("the room used %v of CPU time, most of a second and a half at its limit", used)
	}
}
