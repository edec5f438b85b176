package interop

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"os/exec"
	"testing"
)

// TestSystemd shows that the sockets of systemd-socket-activate arrive with their names.
func TestSystemd(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind, tcp, unix string
		ask             func(t testing.TB, network, address string) string
		want            string
	}{
		{"stream", "tcp", "unix", ask, "HTTP/1.1 HELLO"},
		{"datagram", "udp", "unixgram", askDatagram, "hello"},
	} {
		t.Run(c.kind, func(t *testing.T) {
			t.Parallel()
			at, file := free(t, c.tcp), path(t)
			command := installed(t, "systemd-socket-activate", "--listen="+at, "--listen="+file, "--fdname=web:local")
			if c.kind == "datagram" {
				command.Args = append(command.Args, "--datagram")
			}
			for _, v := range asChild("activated") {
				command.Args = append(command.Args, "--setenv="+v)
			}
			command.Args = append(command.Args, self(t))
			listens := &awaited{text: "Listening on", count: 2, seen: make(chan struct{})}
			start(t, command, listens)
			soon(t, listens.seen)

			// Its process executes ours at the first message, so LISTEN_PID is the same.
			for range 2 {
				if got, want := c.ask(t, c.tcp, at), fmt.Sprintf("web of %d: %s", command.Process.Pid, c.want); got != want {
					t.Errorf("answered %q, want %q", got, want)
				}
				if got, want := c.ask(t, c.unix, file), fmt.Sprintf("local of %d: %s", command.Process.Pid, c.want); got != want {
					t.Errorf("answered %q, want %q", got, want)
				}
			}
		})
	}
}

// start starts a program that is killed at the end of the test. It logs the program's standard
// error if the test failed.
func start(t *testing.T, c *exec.Cmd, stderr *awaited) {
	t.Helper()
	c.Stderr = stderr
	must(t, c.Start())
	t.Cleanup(func() {
		c.Wait()
		if t.Failed() {
			t.Log(stderr.got.String())
		}
	})
}

// An awaited is the output of a program, in which a text must appear a number of times.
type awaited struct {
	text  string
	count int
	seen  chan struct{}
	got   bytes.Buffer
}

func (a *awaited) Write(p []byte) (int, error) {
	before := bytes.Count(a.got.Bytes(), []byte(a.text))
	a.got.Write(p)
	if now := bytes.Count(a.got.Bytes(), []byte(a.text)); before < a.count && now >= a.count {
		close(a.seen)
	}
	return len(p), nil
}

// free returns a free address. It is a loopback address of this test only, so that no other
// program gets the port meanwhile.
func free(t *testing.T, network string) string {
	t.Helper()
	host := fmt.Sprintf("127.77.%d.%d:0", rand.N(256), 1+rand.N(254))
	if network == "udp" {
		c, err := net.ListenPacket(network, host)
		must(t, err)
		defer c.Close()
		return c.LocalAddr().String()
	}
	l, err := net.Listen(network, host)
	must(t, err)
	defer l.Close()
	return l.Addr().String()
}
