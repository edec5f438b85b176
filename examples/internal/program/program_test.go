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
