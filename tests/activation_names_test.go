//go:build linux || freebsd || darwin || netbsd || openbsd || dragonfly

package sock_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/berkeleysockets/sock"
)

// TestInheritedFDs shows that a child gets sockets as Sockets, a pipe as a file, and the name of
// each.
func TestInheritedFDs(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ env, want string }{
		{"LISTEN_FDNAMES=web:log:control", "web socket, log file, control socket"},
		{"LISTEN_FDNAMES=::", " socket,  file,  socket"},
		{"", "unknown socket, unknown file, unknown socket"},
		{"LISTEN_FDNAMES=web:log", `inherited: LISTEN_FDNAMES="web:log": not 3 names`},
		{"LISTEN_FDNAMES=", `inherited: LISTEN_FDNAMES="": not 3 names`},
	} {
		t.Run(test.env, func(t *testing.T) {
			t.Parallel()
			l, _ := listening(t, "tcp4")
			own, others := streams(t, "pair")
			r, w, err := os.Pipe()
			wantErr(t, err, nil)
			defer r.Close()
			defer w.Close()
			c := heirOf(t, "heir of names", []*os.File{fileOf(t, l), w, fileOf(t, others)}, []string{"LISTEN_FDS=3", test.env})
			out, err := c.Output()
			if got := strings.TrimSuffix(string(out), "\n"); got != test.want || err != nil {
				t.Fatalf("%q, %v, want %q", got, err, test.want)
			}
			if strings.Contains(test.want, "not 3 names") {
				return
			}
			w.Close()
			if text, err := io.ReadAll(r); string(text) != "logged" || err != nil {
				t.Errorf("through the pipe came %q, %v", text, err)
			}
			recv(t, own, 9, 0, "hello")
		})
	}
}

func init() {
	children["heir of names"] = func([]string) error {
		all, err := sock.InheritedFDs()
		if err != nil {
			fmt.Println(err)
			if env := listenEnvironment(); !strings.Contains(env, "LISTEN_FDS=3") {
				return errors.New("after an error the environment is " + env)
			}
			return nil
		}
		var texts []string
		for i, x := range all {
			switch {
			case x.Socket != nil && x.File == nil && x.Socket.FD() == 3+i:
				texts = append(texts, x.Name+" socket")
			case x.Socket == nil && x.File != nil && x.File.Name() == x.Name && x.File.Fd() == uintptr(3+i):
				texts = append(texts, x.Name+" file")
			default:
				return fmt.Errorf("%+v", x)
			}
			if state := descriptorState(3 + i); !strings.Contains(state, "close-on-exec") {
				return errors.New(x.Name + " is " + state)
			}
		}
		if env := listenEnvironment(); env != "" {
			return errors.New("the environment has " + env)
		}
		if again, err := sock.InheritedFDs(); again != nil || err != nil {
			return fmt.Errorf("the second time: %v, %w", again, err)
		}
		fmt.Println(strings.Join(texts, ", "))
		_, err = all[1].File.WriteString("logged")
		_, err2 := all[2].Socket.Write([]byte("hello"))
		return errors.Join(err, err2)
	}
}

// TestNotify shows what the service manager receives: a unix socket of the test's own stands in
// for it.
func TestNotify(t *testing.T) {
	t.Parallel()
	manager, at := bound(t, "unix", sock.Dgram)
	places := map[string]*sock.Socket{at.Path(): manager}
	name := "notify " + at.Path()
	if a, err := sock.AbstractAddr(name); err == nil {
		abstract := open(t, sock.Unix, sock.Dgram)
		wantErr(t, abstract.Bind(a), nil)
		places["@"+name] = abstract
	}
	for place, s := range places {
		c := child(t, "notify", sock.NotifyReady, sock.NotifyMainPID(42))
		c.Env = append(c.Env, "NOTIFY_SOCKET="+place)
		if out, err := c.Output(); string(out) != "true <nil>\n" || err != nil {
			t.Errorf("%s: %q, %v", place, out, err)
		}
		recv(t, s, 99, sock.DontWait, "READY=1\nMAINPID=42")
	}
}

// TestNotifyBad shows the errors, and that nothing is sent then.
func TestNotifyBad(t *testing.T) {
	t.Parallel()
	for _, state := range []string{"", "READY", "=1", "READY=1\nX=2", "READY=\x00"} {
		sent, err := sock.Notify(state)
		if sent || !errors.Is(err, syscall.EINVAL) {
			t.Errorf("%q: %t, %v", state, sent, err)
		}
	}
	for place, want := range map[string]string{
		"":           "false <nil>",
		"relative":   `false notify: NOTIFY_SOCKET="relative": no unix address`,
		"vsock:2:1":  `false notify: NOTIFY_SOCKET="vsock:2:1": no unix address`,
		"/no/socket": `false sendto unix:/no/socket: no such file or directory`,
	} {
		c := child(t, "notify", sock.NotifyStopping)
		c.Env = append(c.Env, "NOTIFY_SOCKET="+place)
		if out, err := c.Output(); string(out) != want+"\n" || err != nil {
			t.Errorf("%q: %q, %v, want %q", place, out, err, want)
		}
	}
}

func init() {
	children["notify"] = func(args []string) error {
		sent, err := sock.Notify(args...)
		fmt.Println(sent, err)
		return nil
	}
}
