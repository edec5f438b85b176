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

// shows waits until these lines are the last ones above the line to type in, and
// wants that one to be as given.
func (s *simulated) shows(t *testing.T, input string, want ...string) {
	t.Helper()
	var got []string
	for end := time.Now().Add(programtest.Patience); time.Now().Before(end); time.Sleep(time.Millisecond) {
		s.mu.Lock()
		got = s.lines
		s.mu.Unlock()
		if len(got) == 0 || got[len(got)-1] != input {
			continue
		}
		said := strings.TrimRight(strings.Join(got[:len(got)-1], "\n"), "\n")
		if strings.HasSuffix("\n"+said, "\n"+strings.Join(want, "\n")) {
			return
		}
	}
	t.Fatalf("the screen shows\n%q\nwant at the end\n%q\n%q", got, want, input)
}

func (s *simulated) types(text string) {
	for _, r := range text {
		if r == '\n' {
			s.InjectKey(tcell.KeyEnter, 0, 0)
		} else {
			s.InjectKey(tcell.KeyRune, r, 0)
		}
	}
}

// atTerminal has a member of this room on a terminal in memory.
func atTerminal(t *testing.T, addr string) (*simulated, <-chan error) {
	t.Helper()
	at, err := sock.ParseAddr(addr)
	if err != nil {
		t.Fatal(err)
	}
	s, err := enterRoom(context.Background(), at)
	if err != nil {
		t.Fatal(err)
	}
	screen := &simulated{SimulationScreen: tcell.NewSimulationScreen("UTF-8")}
	ended := make(chan error, 1)
	go func() {
		err := onTerminal(t.Context(), s, screen)
		s.Close()
		ended <- err
	}()
	screen.shows(t, ">", "What is your name?")
	return screen, ended
}

// TestTerminal has somebody type, and others talk: long lines, wide runes, and what
// a terminal or the library would obey.
func TestTerminal(t *testing.T) {
	t.Parallel()
	room, addr := startRoom(t, "127.0.0.1:0")
	screen, ended := atTerminal(t, addr)
	screen.types("alice\n")
	screen.shows(t, ">", "> alice", "* alice comes in")
	bob := joined(t, addr, "bob")
	screen.shows(t, ">", "* bob comes in")
	screen.types("hello")
	screen.shows(t, "> hello", "* bob comes in")
	bob.says("wait, [red]I[-] am \x1b[31mnot\x1b[m done\n")
	screen.shows(t, "> hello", "bob: wait, [red]I[-] am ?[31mnot?[m done")
	screen.types(" 世界\n")
	screen.shows(t, ">", "> hello 世 界")
	bob.hears("alice: hello 世界")
	bob.says(strings.Repeat("0123456789", 17) + "\n")
	whole := strings.Repeat("0123456789", 8)
	screen.shows(t, ">", "bob:", whole, whole, "0123456789") // wrapped, at a space if there is one
	for i := range 100 {
		bob.says(fmt.Sprintf("line %d\n", i))
	}
	screen.shows(t, ">", "bob: line 98", "bob: line 99")
	screen.InjectKey(tcell.KeyPgUp, 0, 0)
	screen.shows(t, ">", "bob: line 76")
	screen.types(strings.Repeat("x", maxLine+100) + "\n") // more than there may be in a line
	bob.hears("alice: " + strings.Repeat("x", maxLine-1))
	screen.InjectKey(tcell.KeyCtrlC, 0, 0)
	if err := <-ended; err != nil {
		t.Error(err)
	}
	bob.hears("* alice leaves: goodbye")
	room.Signal(os.Interrupt)
}

// TestTerminalEnds has the room go away.
func TestTerminalEnds(t *testing.T) {
	t.Parallel()
	room, addr := startRoom(t, "127.0.0.1:0")
	_, ended := atTerminal(t, addr)
	room.Signal(os.Interrupt)
	select {
	case err := <-ended:
		if err != errEnded {
			t.Errorf("%v, want %v", err, errEnded)
		}
	case <-time.After(programtest.Patience):
		t.Error("it does not notice")
	}
}

// TestRealTerminal has the program in a terminal that is tmux's: typed, drawn, made
// smaller, and left; and once more, for the end of the room.
func TestRealTerminal(t *testing.T) {
	t.Parallel()
	room, addr := startRoom(t, "127.0.0.1:0")
	inner := programtest.Own(t, "-client", addr)
	socket := programtest.UnixPath(t)
	tmux := func(args ...string) string {
		t.Helper()
		p := programtest.Installed(t, "tmux", append([]string{"-u", "-f", "/dev/null", "-S", socket}, args...)...)
		p.Cmd.Env = append(inner.Cmd.Env, "TERM=xterm", "LC_ALL=C.UTF-8")
		p.Start(strings.NewReader("")).Wait(0)
		return p.Out.String()
	}
	shows := func(want ...string) {
		t.Helper()
		for end := time.Now().Add(programtest.Patience); ; time.Sleep(50 * time.Millisecond) {
			now := tmux("capture-pane", "-p")
			missing := false
			for _, line := range want {
				missing = missing || !strings.Contains("\n"+now, "\n"+line+"\n")
			}
			if !missing {
				return
			}
			if time.Now().After(end) {
				t.Fatalf("the terminal shows\n%s\nwant %q", now, want)
			}
		}
	}
	var command strings.Builder
	for _, arg := range inner.Cmd.Args {
		fmt.Fprintf(&command, "'%s' ", arg)
	}
	tmux("new-session", "-d", "-x", "60", "-y", "12", command.String()+"; echo first $?; read x; "+command.String()+"; echo then $?; cat")
	t.Cleanup(func() { exec.Command("tmux", "-S", socket, "kill-server").Run() })
	bob := joined(t, addr, "bob")
	shows("What is your name?", ">")
	tmux("send-keys", "-l", "alice")
	shows("> alice")
	tmux("send-keys", "Enter")
	bob.hears("* alice comes in")
	bob.says("grüß dich 世界, " + strings.Repeat("and then ", 8) + "\n")
	shows("* alice comes in", "bob: grüß dich 世界, and then and then and then and then", "and then and then and then and then")
	tmux("resize-window", "-x", "30", "-y", "8")
	shows("and then and then and then", "and then", ">")
	tmux("send-keys", "C-c")
	shows("first 0")
	bob.hears("* alice leaves: goodbye")
	tmux("send-keys", "Enter")
	shows("What is your name?", ">")
	room.Signal(os.Interrupt)
	shows("chat: the room has ended", "then 1")
}

// TestTraceOnTerminal wants no trace on the screen.
func TestTraceOnTerminal(t *testing.T) {
	t.Parallel()
	inner := programtest.Own(t, "-client", "127.0.0.1:1", "-trace")
	p := programtest.Installed(t, "script", "-q", "-e", "-c", "'"+strings.Join(inner.Cmd.Args, "' '")+"'", "/dev/null")
	p.Cmd.Env = inner.Cmd.Env
	p.Start(strings.NewReader("")).Wait(2)
	if !strings.Contains(p.Out.String(), "chat: -trace would draw over the room: add 2>FILE") {
		t.Errorf("says %q", p.Out.String())
	}
}
