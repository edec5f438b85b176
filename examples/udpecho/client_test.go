package main

import (
	"errors"
	"io"
	"net"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/berkeleysockets/sock/examples/internal/programtest"
)

// TestClient has our client and our server talk.
func TestClient(t *testing.T) {
	t.Parallel()
	for _, network := range networks {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			_, addr := startServer(t, place(t, network))
			c := programtest.Own(t, "-client", addr, "-wait", "1m").Start(strings.NewReader("hello\n\ngood morning"))
			c.Wait(0)
			want := `(?s)^1: "hello" came back after \S+s\n2: "" came back .*\n3: "good morning" came back .*\n3 sent, 3 came back, 0 lost: none\n$`
			if !regexp.MustCompile(want).MatchString(c.Out.String()) {
				t.Errorf("prints %q, want %s", c.Out.String(), want)
			}
		})
	}
}

// TestClientTimes: no answer comes back before it was sent, however fast it is.
func TestClientTimes(t *testing.T) {
	t.Parallel()
	_, addr := startServer(t, place(t, "udp4"))
	c := programtest.Own(t, "-client", addr, "-wait", "1m").Start(strings.NewReader(strings.Repeat("x\n", 200)))
	c.Wait(0)
	if early := regexp.MustCompile(`.* after -.*`).FindString(c.Out.String()); early != "" {
		t.Error(early)
	}
}

func TestClientEndings(t *testing.T) {
	t.Parallel()
	for _, network := range networks {
		for name, signal := range programtest.Endings {
			t.Run(network+" "+name, func(t *testing.T) {
				t.Parallel()
				_, addr := startServer(t, place(t, network))
				c := programtest.Own(t, "-client", addr).Start(nil)
				c.Says("hello\n")
				c.Out.Find(t, `1: "hello" came back`)
				c.Signal(signal)
				if !strings.HasSuffix(c.Out.String(), "1 sent, 1 came back, 0 lost: none\n") || c.Err.String() != "" {
					t.Errorf("prints %q, and %q", c.Out.String(), c.Err.String())
				}
			})
		}
	}
}

// deaf is a server of the test's own, and what it knows of its client.
type deaf struct {
	t    *testing.T
	conn *net.UDPConn
	peer net.Addr
}

func startDeaf(t *testing.T) *deaf {
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return &deaf{t: t, conn: c}
}

func (d *deaf) hears(want string) {
	d.t.Helper()
	p := make([]byte, 1<<16)
	n, from, err := d.conn.ReadFrom(p)
	if err != nil {
		d.t.Fatal(err)
	}
	if string(p[:n]) != want {
		d.t.Fatalf("hears %.40q, want %q", p[:n], want)
	}
	d.peer = from
}

func (d *deaf) says(datagram string) {
	d.t.Helper()
	if _, err := d.conn.WriteTo([]byte(datagram), d.peer); err != nil {
		d.t.Fatal(err)
	}
}

// What the network may do, and what a server may that is not ours.
func TestClientNetwork(t *testing.T) {
	t.Parallel()
	d := startDeaf(t)
	c := programtest.Own(t, "-client", d.conn.LocalAddr().String(), "-wait", "1h").Start(strings.NewReader("a\nb\nc\n"))
	d.hears("1 a")
	d.hears("2 b")
	d.hears("3 c")
	d.says("3 c")
	d.says("3 c")
	d.says("2 b")
	d.says("4 never")
	d.says("-1 never")
	d.says("0 never")
	d.says("no number")
	d.says("")
	d.says("\x1b[31m\xff")
	d.says(strings.Repeat("9", 5000))
	d.says("1 " + strings.Repeat("x", 5000))
	c.Wait(0)
	for _, want := range []string{
		`^3: "c" came back after \S+\n3: "c" came back once more\n2: "b" came back after \S+, overtaken by 3\n`,
		`\n4: "never" came, which was never sent\n-1: "never" came, .*\n0: "never" came, .*\nwithout a number: "no number"\nwithout a number: ""\nwithout a number: ".x1b\[31m.xff"\n`,
		`\nwithout a number: "9{40}"\.\.\. \(5000 bytes\)\n1: "x{40}"\.\.\. \(5000 bytes\) came back after .*, overtaken by 3\n3 sent, 3 came back, 0 lost: none\n$`,
	} {
		if !regexp.MustCompile(want).MatchString(c.Out.String()) {
			t.Errorf("no %s in\n%s", want, c.Out.String())
		}
	}
}

// What is late is lost, and then it may come after all.
func TestClientLoss(t *testing.T) {
	t.Parallel()
	d := startDeaf(t)
	c := programtest.Own(t, "-client", d.conn.LocalAddr().String(), "-wait", "10ms").Start(nil)
	c.Says("a\nb\n")
	c.Out.Find(t, `1: nothing came back within 10ms\n`)
	c.Out.Find(t, `2: nothing came back within 10ms\n`)
	d.hears("1 a")
	d.hears("2 b")
	d.says("2 b")
	c.Out.Find(t, `2: "b" came back after all\n`)
	c.In.Close()
	c.Wait(0)
	if !strings.HasSuffix(c.Out.String(), "2 sent, 1 came back, 1 lost: 1\n") {
		t.Errorf("prints %q", c.Out.String())
	}
}

// Where nobody listens each datagram is news, and no reason to end; nor is the
// server's beginning.
func TestClientRefused(t *testing.T) {
	t.Parallel()
	d := startDeaf(t)
	addr := d.conn.LocalAddr().String()
	d.conn.Close()
	c := programtest.Own(t, "-client", addr, "-wait", "10ms").Start(nil)
	c.Says("hello?\n")
	c.Out.Find(t, `an earlier one found nobody: \w+: connection refused\n`)
	c.Out.Find(t, `1: nothing came back within 10ms\n`)

	at, err := net.ResolveUDPAddr("udp4", addr)
	if err != nil {
		t.Fatal(err)
	}
	if d.conn, err = net.ListenUDP("udp4", at); err != nil {
		t.Skip("the port is somebody else's by now: ", err)
	}
	defer d.conn.Close()
	c.Says("hello again\n")
	d.hears("2 hello again")
	d.says("2 hello again")
	c.Out.Find(t, `2: "hello again" came back`)
	c.In.Close()
	c.Wait(0)
}

func TestClientFailures(t *testing.T) {
	t.Parallel()
	d := startDeaf(t)
	for stdin, want := range map[string]string{
		"hello\n": "^udpecho: nothing came back\n$",
		strings.Repeat("x", longest("udp4")-2) + "\n": "^udpecho: nothing came back\n$", // with its number
		strings.Repeat("x", 65506) + "\n":             "^udpecho: send: message too long\n$",
		strings.Repeat("x", 2<<20):                    "^udpecho: .*too long\n$",
	} {
		c := programtest.Own(t, "-client", d.conn.LocalAddr().String(), "-wait", "1ms").Start(strings.NewReader(stdin))
		c.Wait(1)
		if !regexp.MustCompile(want).MatchString(c.Err.String()) {
			t.Errorf("stderr %q, want %s", c.Err.String(), want)
		}
	}
}

// The server of a path goes away, and takes the path with it.
func TestClientServerClosed(t *testing.T) {
	t.Parallel()
	p, addr := startServer(t, place(t, "unix"))
	c := programtest.Own(t, "-client", addr).Start(nil)
	c.Says("hello\n")
	c.Out.Find(t, `1: "hello" came back`)
	p.Signal(os.Interrupt)
	io.WriteString(c.In, "hello?\n") // which the client may not wait for: FreeBSD reports it to recv
	c.Wait(1)
	if !regexp.MustCompile(`^udpecho: (send|recv): .*\n$`).MatchString(c.Err.String()) {
		t.Errorf("stderr %q", c.Err.String())
	}
}

// TestClientOfSocat has our client talk to socat's echo.
func TestClientOfSocat(t *testing.T) {
	t.Parallel()
	for _, network := range networks {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			at := place(t, network)
			listen := map[string]string{
				"udp4": "UDP4-LISTEN:0,bind=127.0.0.1",
				"udp6": "UDP6-LISTEN:0,bind=[::1]",
				"unix": "UNIX-RECVFROM:" + strings.TrimPrefix(at, "unix:") + ",fork",
			}[network]
			socat := programtest.Installed(t, "socat", "-d", "-d", listen, "PIPE").Start(strings.NewReader(""))
			if network == "unix" {
				socat.Err.Find(t, `(receiving on .*)\n`)
			} else {
				at = strings.TrimSuffix(at, "0") + socat.Err.Find(t, `listening on UDP AF=\d+ .*:(\d+)\n`)
			}
			c := programtest.Own(t, "-client", at, "-wait", "1m").Start(nil)
			for _, line := range []string{"hello", "good morning"} {
				c.Says(line + "\n")
				c.Out.Find(t, `\d: "`+line+`" came back after`)
			}
			c.In.Close()
			c.Wait(0)
		})
	}
}

// TestClientOfNc talks with nc, which prints what we send, and sends its stdin.
func TestClientOfNc(t *testing.T) {
	t.Parallel()
	for _, network := range networks {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			at := place(t, network)
			args := []string{"-u", "-l", "-v", "-n"}
			if network == "unix" {
				args = append(args, "-U", strings.TrimPrefix(at, "unix:"))
			} else {
				args = append(args, programtest.Split(t, at)...)
			}
			nc := programtest.Installed(t, "nc", args...).Start(nil)
			port := nc.Err.Find(t, `(?:Bound|Listening) on .*?(\d*)\n`)
			if network != "unix" {
				at = strings.TrimSuffix(at, "0") + port
			}
			c := programtest.Own(t, "-client", at, "-wait", "1m").Start(nil)
			c.Says("hello\n")
			nc.Out.Find(t, `(1 hello)`)
			if network == "unix" {
				return // nc answers no unix datagram
			}
			nc.Says("who is there?\n")
			c.Out.Find(t, `without a number: "who is there\?.n"\n`)
			nc.Says("1 hello\n")
			c.Out.Find(t, `1: "hello.n" came back after`)
			c.In.Close()
			c.Wait(0)
		})
	}
}

// A client's socket has a file of its own, which goes with it.
func TestClientPath(t *testing.T) {
	t.Parallel()
	p, addr := startServer(t, place(t, "unix"))
	c := programtest.Own(t, "-client", addr).Start(strings.NewReader("hello\n"))
	c.Wait(0)
	path := p.Out.Find(t, `server: 7 bytes from unix:(.*) go back\n`)
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is left behind: %v", path, err)
	}
}
