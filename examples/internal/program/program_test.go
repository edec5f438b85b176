package program

import (
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/berkeleysockets/sock"
)

func TestLine(t *testing.T) {
	t.Parallel()
	good := sock.Call{Name: "close", FD: 3}
	bad := sock.Call{Name: "accept4", FD: 3, Args: "NULL", Result: -1, Err: syscall.EAGAIN}
	for _, c := range []struct {
		call   sock.Call
		colour bool
		want   string
	}{
		{good, false, good.String()},
		{good, true, "\x1b[36mclose\x1b[0m(3) = 0"},
		{bad, false, bad.String()},
		{bad, true, "\x1b[36maccept4\x1b[0m(3, NULL)\x1b[31m = -1 EAGAIN (" + syscall.EAGAIN.Error() + ")\x1b[0m"},
	} {
		if got := Line(c.call, c.colour); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

func TestWrong(t *testing.T) {
	t.Parallel()
	err := Wrong("-port %d: %w", 0, os.ErrInvalid)
	if err.Error() != "-port 0: invalid argument" || !errors.Is(err, os.ErrInvalid) || !errors.Is(err, errWrong) {
		t.Errorf("%v", err)
	}
	if other := errors.New("another"); errors.Is(other, errWrong) || strings.Contains(err.Error(), "usage") {
		t.Error("everything is wrong usage")
	}
}

func TestParseAddr(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"127.0.0.1:80":   "",
		"[::1]:80":       "",
		"localhost:7000": `address "localhost:7000": localhost is a name, and names are not looked up here`,
		"localhost":      `address "localhost": `,
		"127.0.0.1:http": `address "127.0.0.1:http": `,
		":80":            `address ":80": `,
	} {
		_, err := ParseAddr(text)
		if want == "" && err != nil || want != "" && (err == nil || !strings.HasPrefix(err.Error(), want) || !errors.Is(err, errWrong)) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}
