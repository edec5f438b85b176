package main

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/berkeleysockets/sock/examples/internal/programtest"
)

// TestTelnetCommands takes commands out of text, at once and byte by byte.
func TestTelnetCommands(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ in, text, answer string }{
		"none":            {"hello\n", "hello\n", ""},
		"asked":           {"a\xff\xfd\x01b", "ab", "\xff\xfc\x01"},
		"offered":         {"\xff\xfb\x18\xff\xfb\x1f", "", "\xff\xfe\x18\xff\xfe\x1f"},
		"refused":         {"\xff\xfc\x01\xff\xfe\x01a", "a", ""}, // an answer would have one itself, without end
		"a value":         {"a\xff\xfa\x1f\x00\x50\xff\xff\x0a\xff\xf0b", "ab", ""},
		"interrupt":       {"a\xff\xf4\xff\xfd\x06b", "ab", "\xff\xfc\x06"}, // Ctrl-C: what comes is not shown until the answer
		"a byte 255":      {"\xff\xffa", "a", ""},
		"no end":          {"\xff\xfa" + strings.Repeat("x", maxLine) + "yes", "yes", ""},
		"no end, doubled": {"\xff\xfa" + strings.Repeat("\xff", maxLine) + "yes", "yes", ""},
		"half":            {"a\xff", "a", ""},
		"half a value":    {"a\xff\xfa\xff", "a", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var whole telnet
			text, answer := whole.strip([]byte(c.in))
			if string(text) != c.text || string(answer) != c.answer {
				t.Errorf("%q, %q; want %q, %q", text, answer, c.text, c.answer)
			}
			var parts telnet
			text, answer = nil, nil
			for _, b := range []byte(c.in) {
				more, say := parts.strip([]byte{b})
				text, answer = append(text, more...), append(answer, say...)
			}
			if string(text) != c.text || string(answer) != c.answer {
				t.Errorf("byte by byte: %q, %q; want %q, %q", text, answer, c.text, c.answer)
			}
		})
	}
}

// TestTelnet has a telnet, which offers and asks for options at once, before any text,
// with -PORT for a port that is not telnet's.
func TestTelnet(t *testing.T) {
	t.Parallel()
	for name, sign := range map[string]string{"plain": "", "options": "-"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if version, _ := exec.Command("telnet", "--version").CombinedOutput(); !bytes.Contains(version, []byte("GNU inetutils")) {
				t.Skip("no telnet of GNU inetutils here: another one knows other options")
			}
			room, addr := startRoom(t, "127.0.0.1:0", "-trace")
			bob := joined(t, addr, "bob")
			host, port, _ := net.SplitHostPort(addr)
			p := programtest.Installed(t, "telnet", "-E", "--", host, sign+port).Start(nil)
			p.Out.Find(t, `What is your name\?\r?\n`)
			p.Says("alice\n")
			bob.hears("* alice comes in")
			p.Out.Find(t, `\* alice comes in\r?\n`)
			p.Says("hello\n")
			bob.hears("alice: hello")
			bob.says("good morning\n")
			p.Out.Find(t, `bob: good morning\r?\n`)
			if name == "options" {
				room.Err.Find(t, `recvfrom\(\d+, "\\377\\37`)                 // it has offered
				room.Err.Find(t, `sendto\(\d+, "\\377\\37[46](.|\n)*= [1-9]`) // and heard no
			}
			p.In.Close()
			bob.hears("* alice leaves: goodbye")
			room.Signal(os.Interrupt)
		})
	}
}
