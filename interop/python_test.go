//go:build unix

package interop

import (
	"bufio"
	"io"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/berkeleysockets/sock"
)

// pythonServer answers one connection on its inherited descriptor. Our descriptors are
// non-blocking, and so are all copies until a process changes the flag.
const pythonServer = `
import os, socket
assert os.environ["LISTEN_FDS"] == "1"
s = socket.socket(fileno=3)
assert not os.get_blocking(3)
s.setblocking(True)
c, _ = s.accept()
while data := c.recv(4096):
    c.sendall(data.upper())
`

// TestPythonTakes passes a listening Socket to a Python program: Socket.File is the parent's
// half of Inherited, for any kind of child.
func TestPythonTakes(t *testing.T) {
	t.Parallel()
	for network, at := range streamPlaces {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			python := installed(t, "python3", "-c", pythonServer)
			s, name := listening(t, at)
			f, err := s.File()
			must(t, err)
			defer f.Close()
			python.ExtraFiles = []*os.File{f}
			python.Env = append(os.Environ(), "LISTEN_FDS=1")
			var complaint strings.Builder
			python.Stderr = &complaint
			must(t, python.Start())
			must(t, s.Close()) // only the child's copy is left

			c := dial(t, name)
			_, err = c.Write([]byte("hello, snake"))
			must(t, err)
			must(t, c.Shutdown(sock.ShutWrite))
			got, err := io.ReadAll(c)
			if string(got) != "HELLO, SNAKE" {
				t.Errorf("answered %q, %v", got, err)
			}
			if err := python.Wait(); err != nil {
				t.Errorf("python3: %v: %s", err, complaint.String())
			}
		})
	}
}

// pythonParent passes three sockets to a program, and prints their addresses.
const pythonParent = `
import fcntl, os, socket, subprocess, sys
tcp = socket.create_server(("127.0.0.1", 0))
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind(("127.0.0.1", 0))
unix = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
unix.bind(sys.argv[2])
unix.listen()
for s in tcp, udp:
    print("%s:%d" % s.getsockname(), flush=True)
high = [fcntl.fcntl(s.detach(), fcntl.F_DUPFD, 10) for s in (tcp, udp, unix)]
for i, fd in enumerate(high):
    os.dup2(fd, 3 + i)
os.environ.update(LISTEN_FDS="3", LISTEN_FDNAMES="web:echo:local")
subprocess.run([sys.argv[1]], pass_fds=(3, 4, 5))
`

// TestPythonGives inherits the sockets of a Python program. A parent does not know the PID of
// its child, and these sockets are in blocking mode.
func TestPythonGives(t *testing.T) {
	t.Parallel()
	file := path(t)
	python := installed(t, "python3", "-c", pythonParent, self(t), file)
	python.Env = append(os.Environ(), asChild("activated")...)
	python.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	python.Cancel = func() error { return syscall.Kill(-python.Process.Pid, syscall.SIGKILL) } // the child too
	var complaint strings.Builder
	python.Stderr = &complaint
	out, err := python.StdoutPipe()
	must(t, err)
	must(t, python.Start())
	t.Cleanup(func() {
		python.Wait()
		if t.Failed() {
			t.Log(complaint.String())
		}
	})
	var at [2]string
	lines := bufio.NewScanner(out)
	for i := range at {
		if !lines.Scan() {
			t.Fatal("python3 printed no address: ", lines.Err())
		}
		at[i] = lines.Text()
	}
	for range 2 {
		for _, c := range []struct{ got, want string }{
			{ask(t, "tcp", at[0]), `^web of \d+: HTTP/1.1 HELLO$`},
			{askDatagram(t, "udp", at[1]), `^echo of \d+: hello$`},
			{ask(t, "unix", file), `^local of \d+: HTTP/1.1 HELLO$`},
		} {
			if !regexp.MustCompile(c.want).MatchString(c.got) {
				t.Errorf("answered %q, want %q", c.got, c.want)
			}
		}
	}
}
