package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gdamore/tcell/v2"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/examples/internal/programtest"
)

// A simulated screen is a terminal in memory, which keeps what it showed last.
type simulated struct {
	tcell.SimulationScreen
	mu    sync.Mutex
	lines []string
}

func simulate(t *testing.T, columns, rows int) *simulated {
	t.Helper()
	s := &simulated{SimulationScreen: tcell.NewSimulationScreen("UTF-8")}
	if err := s.Init(); err != nil {
		t.Fatal(err)
	}
	s.SetSize(columns, rows)
	return s
}

func (s *simulated) Show() {
	s.SimulationScreen.Show()
	cells, columns, rows := s.GetContents()
	var lines []string
	for y := range rows {
		var line strings.Builder
		for x := range columns {
			line.WriteString(string(cells[y*columns+x].Runes))
		}
		lines = append(lines, strings.TrimRight(line.String(), " "))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines = lines
}

func (s *simulated) text() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lines
}

// TestDraw wants the letters where the state says.
func TestDraw(t *testing.T) {
	t.Parallel()
	screen := simulate(t, 80, 24)
	defer screen.Fini()
	var c client
	now := time.Now()
	c.take(state{number: 1, tick: 1, you: 'A', things: []thing{{'o', 0, 0}, {'A', width - 1, height - 1}, {'B', 10.4, 3.6}}}, now)
	c.take(state{number: 3, tick: 3, you: 'A', things: []thing{{'o', 2, 0}, {'A', width - 1, height - 1}, {'B', 14.4, 3.6}}}, now.Add(3*tick))
	c.draw(screen, false, now.Add(3*tick))
	lines := screen.text()
	for _, want := range []struct {
		x, y   int
		letter byte
	}{{2, 0, 'o'}, {width - 1, height - 1, 'A'}, {14, 4, 'B'}} {
		if got := lines[1+want.y][1+want.x]; got != want.letter {
			t.Errorf("at %d, %d is %c, want %c:\n%s", want.x, want.y, got, want.letter, strings.Join(lines, "\n"))
		}
	}
	letters := 0
	for y := range height {
		letters += len(strings.ReplaceAll(lines[1+y], " ", "")) - 2
	}
	if letters != 3 || lines[0] != strings.Repeat("-", width+2) || lines[height+1] != lines[0] {
		t.Errorf("%d letters, want 3, and a wall:\n%s", letters, strings.Join(lines, "\n"))
	}
	if lines[height+2] != "received 2, lost 1, late 0, round trip 0 ms" || !strings.HasPrefix(lines[height+3], "the picture is raw; its state ") {
		t.Errorf("the status is %q, %q", lines[height+2], lines[height+3])
	}
	cells, columns, _ := screen.GetContents()
	if _, _, attr := cells[height*columns+width].Style.Decompose(); attr&tcell.AttrReverse == 0 {
		t.Error("one's own letter is as the others'")
	}

	// Half way between the two states.
	c.draw(screen, true, c.view.zero.Add(2*tick+delay))
	if lines = screen.text(); lines[1+4][1+12] != 'B' || lines[1][1+1] != 'o' || !strings.HasPrefix(lines[height+3], "the picture is interpolated; ") {
		t.Errorf("the ball must be at 1, and B at 12:\n%s", strings.Join(lines, "\n"))
	}

	// A terminal that is too small shows what fits, and how the network is.
	for _, size := range [][2]int{{50, 10}, {5, 2}, {1, 1}} {
		screen.SetSize(size[0], size[1])
		screen.Sync()
		c.draw(screen, false, now)
		lines = screen.text()
		status := lines[max(0, len(lines)-3)]
		if want := "received 2, lost 1, late 0, round trip 0 ms"; status != want[:min(size[0], len(want))] {
			t.Errorf("%v: %q:\n%s", size, status, strings.Join(lines, "\n"))
		}
	}
}

// TestPlay has keys pressed in a terminal in memory, and a real server.
func TestPlay(t *testing.T) {
	t.Parallel()
	server, addr := startServer(t, "127.0.0.1:0")
	at, err := sock.ParseAddr(addr)
	if err != nil {
		t.Fatal(err)
	}
	c, err := join(context.Background(), at, false)
	if err != nil {
		t.Fatal(err)
	}
	screen := simulate(t, 80, 24)
	ended := make(chan error, 1)
	go func() {
		ended <- c.playOn(screen)
		screen.Fini()
	}()
	shows := func(what string, wanted func(lines []string) bool) {
		t.Helper()
		for end := time.Now().Add(programtest.Patience); ; time.Sleep(tick) {
			lines := screen.text()
			if len(lines) == 24 && wanted(lines) {
				return
			}
			if time.Now().After(end) {
				t.Fatalf("no %s:\n%s", what, strings.Join(lines, "\n"))
			}
		}
	}
	is := func(x, y int) func([]string) bool {
		return func(lines []string) bool {
			return len(lines[1+y]) > 1+x && (lines[1+y][1+x] == 'A' || lines[1+y][1+x] == 'o' && strings.Count(strings.Join(lines, ""), "A") == 0)
		}
	}
	x, y := width/2-13, height/2
	shows("A", is(x, y))
	for _, k := range []tcell.Key{tcell.KeyRight, tcell.KeyRight, tcell.KeyRight, tcell.KeyDown, tcell.KeyLeft, tcell.KeyUp, tcell.KeyUp} {
		screen.InjectKey(k, 0, 0)
	}
	shows("A after seven steps", is(x+2, y-1))
	for _, r := range "dddsawwx" {
		screen.InjectKey(tcell.KeyRune, r, 0)
	}
	shows("A after fourteen", is(x+4, y-2))
	screen.InjectKey(tcell.KeyRune, 'i', 0)
	shows("interpolation", func(lines []string) bool { return strings.Contains(lines[height+3], "interpolated;") })
	screen.InjectKey(tcell.KeyRune, 'i', 0)
	shows("raw picture", func(lines []string) bool { return strings.Contains(lines[height+3], "raw;") })
	screen.InjectKey(tcell.KeyRune, 'q', 0)
	if err := <-ended; err != nil {
		t.Error(err)
	}
	server.Out.Find(t, `server: A leaves\n`)
	server.Signal(os.Interrupt)
}

// TestTerminal has the program in a real terminal, which is tmux's: keys come in,
// the picture is as drawn, another size is heeded, and at the end all is as before.
func TestTerminal(t *testing.T) {
	t.Parallel()
	server, addr := startServer(t, "127.0.0.1:0")
	inner := programtest.Own(t, "-client", addr)
	socket := programtest.UnixPath(t)
	tmux := func(args ...string) string {
		t.Helper()
		p := programtest.Installed(t, "tmux", append([]string{"-f", "/dev/null", "-S", socket}, args...)...)
		p.Cmd.Env = append(inner.Cmd.Env, "TERM=xterm", "LC_ALL=C.UTF-8")
		p.Start(strings.NewReader("")).Wait(0)
		return p.Out.String()
	}
	shows := func(want func(string) bool) {
		t.Helper()
		for end := time.Now().Add(programtest.Patience); ; time.Sleep(50 * time.Millisecond) {
			if now := tmux("capture-pane", "-p"); want(now) {
				return
			} else if time.Now().After(end) {
				t.Fatalf("the terminal shows\n%s", now)
			}
		}
	}
	var command strings.Builder
	for _, arg := range inner.Cmd.Args {
		fmt.Fprintf(&command, "'%s' ", arg)
	}
	tmux("new-session", "-d", "-x", "80", "-y", "24", command.String()+"; echo ended with $?; cat")
	t.Cleanup(func() {
		exec.Command("tmux", "-S", socket, "kill-server").Run()
	})
	shows(func(s string) bool { return strings.Contains(s, "A") && strings.Contains(s, "received ") })
	tmux("send-keys", "Right", "Up", "d", "w")
	row := func(s string) string { return strings.Split(s, "\n")[1+height/2-2] }
	shows(func(s string) bool {
		return strings.IndexByte(row(s), 'A') == 1+width/2-13+2 || strings.IndexByte(row(s), 'o') == 1+width/2-13+2
	})
	tmux("resize-window", "-x", "70", "-y", "10")
	shows(func(s string) bool {
		lines := strings.Split(s, "\n")
		return len(lines) > 9 && strings.HasPrefix(lines[7], "received ") && strings.HasPrefix(lines[9], "arrows or WASD")
	})
	tmux("send-keys", "C-c")
	shows(func(s string) bool { return strings.HasPrefix(s, "ended with 0\n") })
	server.Out.Find(t, `server: A leaves\n`)
	server.Signal(os.Interrupt)
}

// TestNoTerminal has none: the test's own is taken away.
func TestNoTerminal(t *testing.T) {
	t.Parallel()
	server, addr := startServer(t, "127.0.0.1:0")
	inner := programtest.Own(t, "-client", addr)
	p := programtest.Installed(t, "setsid", append([]string{"-w"}, inner.Cmd.Args...)...)
	p.Cmd.Env = append(inner.Cmd.Env, "TERM=xterm")
	p.Start(strings.NewReader("")).Wait(1)
	if !strings.HasPrefix(p.Err.String(), "game: no terminal to play on (") || strings.Count(p.Err.String(), "\n") != 1 {
		t.Errorf("says %q", p.Err.String())
	}
	server.Signal(os.Interrupt)
}
