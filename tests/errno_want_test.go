package sock_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/berkeleysockets/sock"
)

// The tables of errors, errno_*_test.go: a file a system call, a subtest an
// errno of the ERRORS section of its man page and what provokes it.

// onLinux is the expected errno: Linux's there, elsewhere one of the others (POSIX's and
// FreeBSD's), or the same if there are none.
func onLinux(linux error, others ...error) []error {
	if runtime.GOOS == "linux" || len(others) == 0 {
		return []error{linux}
	}
	return others
}

// wrong fails the test unless err is the error of a call, given an address or
// none, for one of the reasons in want, and its text names the three. A nil
// among them is success.
func wrong(t testing.TB, err error, op string, to sock.Addr, want ...error) {
	t.Helper()
	for _, w := range want {
		if w == nil && err == nil {
			return
		}
		if w == nil || !errors.Is(err, w) {
			continue
		}
		if err == sock.ErrWouldBlock { // which names nothing
			return
		}
		var e *sock.Error
		if !errors.As(err, &e) || opName(e) != op || e.Addr != to {
			t.Errorf("error %#v, want of call %s, address %v", err, op, to)
		}
		begin := op + ": "
		if to.IsValid() {
			begin = op + " " + to.String() + ": "
		}
		if text := err.Error(); !strings.HasPrefix(text, begin) || !strings.HasSuffix(text, w.Error()) {
			t.Errorf("error %q, want %q ... %q", text, begin, w.Error())
		}
		return
	}
	t.Errorf("error %v, want one of %v", err, want)
}

// opName is the method and what it was called for.
func opName(e *sock.Error) string {
	if e.Name != "" {
		return e.Op + " " + e.Name
	}
	return e.Op
}

// end closes a Socket and its socket with it. A child that another test starts has
// copies of all descriptors until it becomes another program, and with one of
// them the socket lives on; it becomes one before the lock is free again.
func end(t testing.TB, s *sock.Socket) {
	t.Helper()
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// An errnoCase is one that takes a process of another kind to provoke.
type errnoCase struct {
	name string
	op   string
	want []error
	do   func(args []string) error
}

// heard is the child's report of a case.
type heard struct {
	Name, Op, Text string
	Errno          syscall.Errno
	Skip           string
}

var errSkip = errors.New("cannot be provoked here")

// tell runs in the child: it runs the cases in order and prints the results. The parent
// judges them.
func tell(cases []errnoCase, args []string) error {
	out := json.NewEncoder(os.Stdout)
	for _, c := range cases {
		err := c.do(args)
		h := heard{Name: c.name}
		var e *sock.Error
		switch {
		case errors.Is(err, errSkip):
			h.Skip = err.Error()
		case errors.As(err, &e):
			h.Op, h.Text = e.Op, err.Error()
			errors.As(err, &h.Errno)
		case err != nil:
			return fmt.Errorf("%s: %w", c.name, err)
		}
		if err := out.Encode(h); err != nil {
			return err
		}
	}
	return nil
}

// hear runs in the parent: it makes a subtest of each case.
func hear(t *testing.T, c *exec.Cmd, cases []errnoCase) {
	t.Helper()
	out, err := c.Output()
	if err != nil {
		t.Errorf("the child: %v", err)
	}
	answers := json.NewDecoder(strings.NewReader(string(out)))
	for _, c := range cases {
		var h heard
		if err := answers.Decode(&h); err != nil {
			t.Fatalf("%s: no answer from the child: %v", c.name, err)
		}
		t.Run(c.name, func(t *testing.T) {
			if h.Skip != "" {
				t.Skip(h.Skip)
			}
			for _, w := range c.want {
				if w == nil && h.Text == "" || w == h.Errno && h.Op == c.op {
					return
				}
			}
			t.Errorf("%s %v %q, want %s %v", h.Op, h.Errno, h.Text, c.op, c.want)
		})
	}
}

var errUnsupported = errors.ErrUnsupported

func isAny(err error, want ...error) bool {
	for _, w := range want {
		if errors.Is(err, w) {
			return true
		}
	}
	return false
}
