package main

import (
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/berkeleysockets/sock/examples/internal/programtest"
)

// TestCurl has curl ask in many ways.
func TestCurl(t *testing.T) {
	t.Parallel()
	big := strings.Repeat("0123456789abcdef", 1<<17)
	dir := folder(t, map[string]string{"secret.txt": "the secret", "root/index.html": "the index", "root/a.txt": "the first", "root/b.txt": "the second", "root/big.bin": big})
	for _, network := range []string{"tcp4", "tcp6", "unix"} {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			p, addr := startServerAt(t, programtest.Place(t, network), "-root", filepath.Join(dir, "root"), "-trace")
			before := descriptors(p)
			first, url := []string{"-q", "-sS", "-g", "--noproxy", "*"}, "http://"+addr
			if path, ok := strings.CutPrefix(addr, "unix:"); ok {
				first, url = append(first, "--unix-socket", path), "http://localhost"
			}
			curl := func(args ...string) *programtest.Process {
				t.Helper()
				for i := range args {
					args[i] = strings.ReplaceAll(args[i], "URL", url)
				}
				c := programtest.Installed(t, "curl", append(append([]string(nil), first...), args...)...).Start(strings.NewReader(strings.Repeat("y", 100_000)))
				c.Wait(0)
				return c
			}
			for _, c := range []struct {
				args string
				want string // a pattern, of what it prints
			}{
				{"URL/a.txt", `^the first$`},
				{"URL/", `^the index$`},
				{"-0 URL/a.txt", `^the first$`},
				{"-I URL/a.txt", `^HTTP/1.1 200 OK\r\n(?s:.*)Content-Length: 9\r\n(?s:.*)\r\n\r\n$`},
				{"-r 0-2 URL/a.txt", `^the first$`},
				{"-w %{http_code} --path-as-is URL/../secret.txt", `^403 Forbidden\n403$`},
				{"-w %{http_code} --path-as-is URL/%2e%2e/secret.txt", `^403 Forbidden\n403$`},
				{"-w %{http_code} --path-as-is URL//a.txt", `^404 Not Found\n404$`},
				{"-w %{http_code} URL/../secret.txt", `^404 Not Found\n404$`}, // curl takes the dots away
				{"-w %{http_code} -d x=1 URL/a.txt", `^405 Method Not Allowed\n405$`},
				{"-w %{http_code} -d @- URL/a.txt", `^413 Content Too Large\n413$`},
				{"-w %{http_code} -T - URL/a.txt", `^411 Length Required\n411$`},
				{"-w %{http_code} -T - -H Transfer-Encoding: -H Content-Length:100000 URL/a.txt", `^413 Content Too Large\n413$`},
				{"-w %{http_code} -X DELETE URL/a.txt", `405$`},
				{"-w %{http_code} -X BREW URL/a.txt", `501$`},
				{"-w %{http_code} -A " + strings.Repeat("x", maxHead) + " URL/a.txt", `431$`},
				{"-w %{http_code} URL/" + strings.Repeat("x", maxLine), `414$`},
				{"-w %{http_code} -H Host: URL/a.txt", `^400 Bad Request\n400$`},
				{"-w %{http_code} --noproxy none.test -x URL http://elsewhere.test/a.txt", `^the first200$`},
			} {
				if network == "unix" && strings.Contains(c.args, "-x ") {
					continue
				}
				if got := curl(strings.Fields(c.args)...).Out.String(); !regexp.MustCompile(c.want).MatchString(got) {
					t.Errorf("%.200s prints %.200q, want %s", c.args, got, c.want)
				}
			}
			c := curl("-v", "URL/a.txt", "URL/b.txt")
			if got := c.Out.String(); got != "the firstthe second" || !regexp.MustCompile(`(?i)re-?using existing`).MatchString(c.Err.String()) {
				t.Errorf("two on one connection: %q\n%s", got, c.Err.String())
			}
			if curl("URL/big.bin").Out.String() != big {
				t.Error("big.bin is not what it was")
			}
			letsGo(t, p, before)
			p.Signal(os.Interrupt)
			if runtime.GOOS == "linux" && !regexp.MustCompile(`(?m)^sendfile\(\d+, \d+, NULL, 131072\) = `).Match(p.Err.Bytes()) {
				t.Error("no sendfile in the trace")
			}
		})
	}
}

// TestTLS has curl speak TLS to the plain port: it hears at once that this is none.
func TestTLS(t *testing.T) {
	t.Parallel()
	p, addr := startServer(t, "-patience", "10m")
	before := descriptors(p)
	c := programtest.Installed(t, "curl", "-q", "-sS", "-k", "--noproxy", "*", "https://"+addr+"/").Start(strings.NewReader(""))
	c.Wait(35) // a problem in the handshake
	letsGo(t, p, before)
	works(t, addr)
	p.Signal(os.Interrupt)
}

// TestWrk has 200 connections ask for two seconds: the page, which is recorded, and
// a file.
func TestWrk(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: wrk takes two seconds, and all of the machine")
	}
	root := folder(t, map[string]string{"index.html": strings.Repeat("hello, ", 1000)})
	for name, more := range map[string][]string{"page": nil, "file": {"-root", root}} {
		t.Run(name, func(t *testing.T) {
			p, addr := startServer(t, append(more, "-patience", "60s")...)
			works(t, addr)
			before := descriptors(p)
			w := programtest.Installed(t, "wrk", "-t", "2", "-c", "200", "-d", "2s", "--timeout", "30s", "http://"+addr+"/").Start(strings.NewReader(""))
			w.Wait(0)
			out := w.Out.String()
			if strings.Contains(out, "Socket errors") || strings.Contains(out, "Non-2xx") {
				t.Errorf("wrk has errors:\n%s", out)
			}
			m := regexp.MustCompile(`(\d+) requests in`).FindStringSubmatch(out)
			if m == nil {
				t.Fatalf("wrk prints %q", out)
			}
			if n, _ := strconv.Atoi(m[1]); n < 200 {
				t.Errorf("%d requests", n)
			}
			t.Logf("%s requests in 2 s", m[1])
			letsGo(t, p, before)
			works(t, addr)
			p.Signal(os.Interrupt)
		})
	}
}
