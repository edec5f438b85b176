package main

import (
	"fmt"
	"net"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/examples/internal/programtest"
)

// startListening starts this program with -listen, and returns the endpoint that
// it says.
func startListening(t *testing.T, at string) (*programtest.Process, string) {
	t.Helper()
	p := programtest.Own(t, "-listen", at).Start(strings.NewReader(""))
	return p, p.Out.Find(t, `listening at (\S+)\n`)
}

var networks = []string{"tcp4", "tcp6", "unix"}

func TestListen(t *testing.T) {
	t.Parallel()
	for _, network := range networks {
		for name, signal := range programtest.Endings {
			t.Run(network+" "+name, func(t *testing.T) {
				t.Parallel()
				p, addr := startListening(t, programtest.Place(t, network))
				c := programtest.Dial(t, addr)
				if network == "unix" {
					p.Out.Find(t, `a client: (`+regexp.QuoteMeta(addr)+` -> unix:)\n`)
				} else {
					p.Out.Find(t, `a client: (`+regexp.QuoteMeta(fmt.Sprintf("%v -> %v", c.RemoteAddr(), c.LocalAddr()))+`)\n`)
				}
				p.Signal(signal)
				if p.Err.String() != "" {
					t.Errorf("stderr: %s", p.Err.String())
				}
				if path, ok := strings.CutPrefix(addr, "unix:"); ok {
					if _, err := os.Lstat(path); !os.IsNotExist(err) {
						t.Errorf("the file is left behind: %v", err)
					}
				}
			})
		}
	}
}

// Clients that have closed before they are asked are no reason to stop.
func TestListenReset(t *testing.T) {
	t.Parallel()
	p, addr := startListening(t, "127.0.0.1:0")
	for range 100 {
		c := programtest.Dial(t, addr)
		if err := c.(*net.TCPConn).SetLinger(0); err != nil {
			t.Fatal(err)
		}
		c.Close()
	}
	c := programtest.Dial(t, addr)
	p.Out.Find(t, `-> `+regexp.QuoteMeta(c.LocalAddr().String())+`\n`)
	p.Signal(os.Interrupt)
}

func TestListenTwice(t *testing.T) {
	t.Parallel()
	for _, network := range networks {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			_, addr := startListening(t, programtest.Place(t, network))
			p := programtest.Own(t, "-listen", addr).Start(strings.NewReader(""))
			p.Wait(1)
			if want := "address: bind " + addr + ": address already in use\n"; p.Err.String() != want {
				t.Errorf("stderr %q, want %q", p.Err.String(), want)
			}
			programtest.Dial(t, addr) // the first one listens still
		})
	}
}

// All addresses of both families, which is two endpoints of one port: with port 0
// each would have its own.
func TestListenBothFamilies(t *testing.T) {
	t.Parallel()
	programtest.Place(t, "tcp6")
	port := ""
	for range 5 { // the kernel's choice may be taken in the other family
		p, addr := startListening(t, "0.0.0.0:0")
		port = programtest.Split(t, addr)[1]
		p.Signal(os.Interrupt)
		both := programtest.Own(t, "-listen", ":"+port).Start(strings.NewReader(""))
		both.Out.Until(t, "the second endpoint, or an end", func(b []byte) bool {
			return strings.Count(string(b), "bytes ") == 2 || strings.Contains(both.Err.String(), "in use")
		})
		if both.Err.String() != "" {
			both.Wait(1)
			continue
		}
		programtest.Dial(t, "127.0.0.1:"+port)
		both.Out.Find(t, `a client: 127\.0\.0\.1:`+port) // not ::ffff:127.0.0.1
		programtest.Dial(t, "[::1]:"+port)
		both.Out.Find(t, `a client: \[::1\]:`+port)
		both.Signal(os.Interrupt)
		return
	}
	t.Errorf("port %s is taken in one of the families, and four others were", port)
}

// The kernel's own list has what we print: the endpoint, and this process.
func TestSS(t *testing.T) {
	t.Parallel()
	name := fmt.Sprintf("@course-%d", os.Getpid())
	for at, pattern := range map[string]string{
		"127.0.0.1:0":                `\s127\.0\.0\.1:PORT\s`,
		"[::1]:0":                    `\s\[::1\]:PORT\s`,
		"[::]:0":                     `\s(\*|\[::\]):PORT\s`, // * is both families
		"0.0.0.0:0":                  `\s0\.0\.0\.0:PORT\s`,
		"localhost:0":                `:PORT\s`,
		programtest.Place(t, "unix"): `\sNAME\s`,
		"unix:" + name:               `\sNAME\s`,
		programtest.Place(t, "unix") + "-" + strings.Repeat("x", 60): `\sNAME\s`,
	} {
		t.Run(at, func(t *testing.T) {
			t.Parallel()
			if strings.HasPrefix(at, "[") {
				programtest.Place(t, "tcp6")
			}
			if a, err := sock.ParseAddr(at); strings.HasPrefix(at, "unix:@") && err != nil {
				t.Skip(a, err)
			}
			flags := "-Htlnp"
			if strings.HasPrefix(at, "unix:") {
				flags = "-Hxlp"
			}
			p, addr := startListening(t, at)
			ss := programtest.Installed(t, "ss", flags).Start(strings.NewReader(""))
			ss.Wait(0)
			if path, ok := strings.CutPrefix(addr, "unix:"); ok {
				pattern = strings.ReplaceAll(pattern, "NAME", regexp.QuoteMeta(path))
			} else {
				pattern = strings.ReplaceAll(pattern, "PORT", programtest.Split(t, addr)[1])
			}
			pattern = `(?m)^.*` + pattern + `.*$`
			line := regexp.MustCompile(pattern).FindString(ss.Out.String())
			if line == "" {
				t.Fatalf("ss shows no %s:\n%s", pattern, ss.Out.String())
			}
			if pid := fmt.Sprintf("pid=%d,", p.Cmd.Process.Pid); strings.Contains(line, "pid=") && !strings.Contains(line, pid) {
				t.Errorf("%s is somebody else's, not %s", line, pid)
			}
		})
	}
}
