package main

import (
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/berkeleysockets/sock/examples/internal/programtest"
)

// TestTricks asks for what is outside the root, in every way, and for what is no
// file. Some of it is answered; never with the secret.
func TestTricks(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{
		"secret.txt": "the secret", "root/index.html": "the index", "root/sub/index.html": "the sub", "root/sub/a b.txt": "a and b",
		"root/empty/x": "", "root/.hidden": "the secret", "root/.git/config": "the secret", "root/noext": "plain", "root/sub/locked/x": "locked",
	})
	root := filepath.Join(dir, "root")
	link := func(to, name string) {
		if err := os.Symlink(to, filepath.Join(root, name)); err != nil {
			t.Log("no symlinks here: ", err)
		}
	}
	link("../secret.txt", "out.txt")
	link(filepath.Join(dir, "secret.txt"), "absolute.txt")
	link("..", "up")
	link("/", "slash")
	link("sub/index.html", "in.html")
	link("sub", "subway")
	link("loop", "loop")
	link("nowhere", "broken")
	special := func(name string, command ...string) bool {
		err := exec.Command(command[0], append([]string{command[1]}, command[2:]...)...).Run()
		if err != nil {
			t.Logf("no %s here: %v", name, err)
		}
		return err == nil
	}
	fifo := special("fifo", "mkfifo", filepath.Join(root, "fifo"))
	zero := special("device", "mknod", filepath.Join(root, "zero"), "c", "1", "5")
	locked := os.Geteuid() > 0 && os.Chmod(filepath.Join(root, "noext"), 0) == nil

	p, addr := startServer(t, "-root", root)
	before := descriptors(p)
	for target, want := range map[string]struct {
		status int
		has    string
	}{
		"/":                            {200, "the index"},
		"/index.html":                  {200, "the index"},
		"/sub/":                        {200, "the sub"},
		"/sub":                         {301, "Location: /sub/\r\n"},
		"/sub/a%20b.txt?x":             {200, "a and b"},
		"/in.html":                     {200, "the sub"},
		"/subway/":                     {200, "the sub"},
		"/noext":                       {200, "Content-Type: application/octet-stream\r\n"},
		"/empty/":                      {403, ""},
		"/index.html/":                 {404, ""},
		"/index.html/x":                {404, ""},
		"/nothing":                     {404, ""},
		"/NOTHING/at/all":              {404, ""},
		"/broken":                      {404, ""},
		"/" + strings.Repeat("x", 300): {404, ""},

		"/../secret.txt":                      {403, ""},
		"/sub/../../secret.txt":               {403, ""},
		"/%2e%2e/secret.txt":                  {403, ""},
		"/%2E./secret.txt":                    {403, ""},
		"/..%2fsecret.txt":                    {403, ""},
		"/%2e%2e%2fsecret.txt":                {403, ""},
		"/sub%2f..%2f..%2fsecret.txt":         {403, ""},
		"/..%5csecret.txt":                    {400, ""},
		"/..\\secret.txt":                     {400, ""},
		"/%252e%252e/secret.txt":              {404, ""},
		"/..;/secret.txt":                     {403, ""},
		"/%c0%ae%c0%ae/secret.txt":            {400, ""},
		"/%00":                                {400, ""},
		"/index.html%00.png":                  {400, ""},
		"/../secret.txt%00.html":              {400, ""},
		"/./index.html":                       {403, ""},
		"/.hidden":                            {403, ""},
		"/.git/config":                        {403, ""},
		"/.git/":                              {403, ""},
		"//":                                  {404, ""},
		"//secret.txt":                        {404, ""},
		"//elsewhere.test/":                   {404, ""},
		"//sub":                               {404, ""},
		"/sub//index.html":                    {404, ""},
		"/%2fetc/passwd":                      {404, ""},
		"/etc/passwd":                         {404, ""},
		filepath.ToSlash(dir) + "/secret.txt": {404, ""},
		"http://elsewhere.test/":              {200, "the index"},
		"http://elsewhere.test/../secret.txt": {403, ""},
		"file:///etc/passwd":                  {400, ""},
		"../secret.txt":                       {400, ""},
		"/out.txt":                            {403, ""},
		"/absolute.txt":                       {403, ""},
		"/up/secret.txt":                      {403, ""},
		"/up/":                                {403, ""},
		"/up":                                 {403, ""},
		"/slash/etc/passwd":                   {403, ""},
		"/loop":                               {403, ""},
		"/fifo":                               {403, ""},
		"/zero":                               {403, ""},
	} {
		if base := strings.Trim(target, "/"); base == "fifo" && !fifo || base == "zero" && !zero || base == "noext" && locked {
			continue
		}
		if runtime.GOOS == "windows" && want.status == 403 {
			continue
		}
		for _, method := range []string{"GET", "HEAD"} {
			got := exchange(t, addr, method+" "+target+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
			head, body, _ := strings.Cut(got, "\r\n\r\n")
			if method == "HEAD" {
				if body != "" {
					t.Errorf("HEAD %s: %q", target, body)
				}
			} else if n := status(t, got); n != want.status || !strings.Contains(got, want.has) {
				t.Errorf("%s: %d, %q; want %d with %q", target, n, got, want.status, want.has)
			}
			if strings.Contains(got, "the secret") || strings.Contains(got, "root:") || len(head) > 1000 {
				t.Fatalf("%s: %q", target, got)
			}
		}
	}
	if locked {
		if got := exchange(t, addr, "GET /noext HTTP/1.0\r\n\r\n"); status(t, got) != 403 {
			t.Errorf("not for us to read: %q", got)
		}
	}
	letsGo(t, p, before)
	p.Signal(os.Interrupt)
}

// TestRefused has the status come over a socket for each bad request, and then the
// end of the connection; where only the method is wrong it goes on.
func TestRefused(t *testing.T) {
	t.Parallel()
	p, addr := startServer(t)
	before := descriptors(p)
	for text, want := range requests {
		if want == 0 {
			continue
		}
		if want == 405 || want == 501 {
			text = strings.Replace(text, "Host: x\r\n", "Host: x\r\nConnection: close\r\n", 1)
		}
		if got := exchange(t, addr, text); status(t, got) != want {
			t.Errorf("%.100q: %.100q, want %d", text, got, want)
		}
	}
	for _, method := range []string{"POST", "GET"} { // the body is not sent, or is
		for _, body := range []string{"", "12345"} {
			got := exchange(t, addr, method+" / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"+body)
			if n := status(t, got); method == "POST" && n != 405 || method == "GET" && n != 200 || !strings.Contains(got, "Connection: close\r\n") {
				t.Errorf("%q", got)
			}
		}
	}
	got := exchange(t, addr, "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 28\r\n\r\nGET /secret HTTP/1.1\r\nHost: "+
		"GET /.calls.svg HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	if status(t, got) != 405 || !strings.Contains(got, "Allow: GET, HEAD\r\n") || strings.Count(got, "HTTP/1.1 ") != 2 || !strings.HasSuffix(strings.TrimSpace(got), "</svg>") {
		t.Errorf("a body that looks like a request: %q", got)
	}
	letsGo(t, p, before)
	p.Signal(os.Interrupt)
}

// TestLongBody has a client that has sent megabytes before it looks at the answer.
func TestLongBody(t *testing.T) {
	t.Parallel()
	p, addr := startServer(t)
	before := descriptors(p)
	c := programtest.Dial(t, addr)
	go func() {
		io.WriteString(c, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n")
		for junk := make([]byte, 64<<10); ; {
			if _, err := c.Write(junk); err != nil {
				return
			}
		}
	}()
	b := make([]byte, 1000)
	if n, err := c.Read(b); err != nil || !strings.HasPrefix(string(b[:n]), "HTTP/1.1 413 ") {
		t.Errorf("%q, %v", b[:n], err)
	}
	letsGo(t, p, before)
	works(t, addr)
	p.Signal(os.Interrupt)
}

// TestSlow has clients that send a byte every now and then. Each of them gets
// that it took too long, however it divides its time.
func TestSlow(t *testing.T) {
	t.Parallel()
	p, addr := startServer(t, "-patience", "500ms")
	before := descriptors(p)
	var all sync.WaitGroup
	for range 20 {
		c := programtest.Dial(t, addr)
		all.Go(func() {
			closed := make(chan bool)
			all.Go(func() {
				io.WriteString(c, "GET / HTTP/1.1\r\n")
				for {
					select {
					case <-closed:
						return
					case <-time.After(50 * time.Millisecond):
						io.WriteString(c, "X")
					}
				}
			})
			b, _ := io.ReadAll(c) // it may end with a reset: bytes came after the answer
			close(closed)
			if !strings.HasPrefix(string(b), "HTTP/1.1 408 Request Timeout\r\n") {
				t.Errorf("%q", b)
			}
		})
	}
	all.Wait()
	// And those that say nothing at all are not worth an answer.
	if b, err := io.ReadAll(programtest.Dial(t, addr)); len(b) > 0 || err != nil {
		t.Errorf("%q, %v", b, err)
	}
	if got := exchange(t, addr, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n123"); status(t, got) != 408 {
		t.Errorf("half a body: %q", got)
	}
	letsGo(t, p, before)
	p.Signal(os.Interrupt)
}

// TestFull has slow clients in all places, and more of them. Others are served all
// the same, at once and not after the slow ones' time.
func TestFull(t *testing.T) {
	t.Parallel()
	const places = 8
	p, addr := startServer(t, "-clients", "8", "-patience", "10m")
	before := descriptors(p)
	var slow []net.Conn
	for range 4 * places {
		c := programtest.Dial(t, addr)
		io.WriteString(c, "GET / HTTP/1.1\r\nHost: ")
		slow = append(slow, c)
	}
	for range 20 {
		works(t, addr)
	}
	if n := descriptors(p); n > before+places+1 {
		t.Errorf("%d descriptors with %d places, and %d before", n, places, before)
	}
	for _, c := range slow[:2*places] { // were the first to come, and to go
		if b, err := io.ReadAll(c); len(b) > 0 || err != nil && !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("%q, %v", b, err)
		}
	}
	for _, c := range slow {
		c.Close()
	}
	letsGo(t, p, before)
	p.Signal(os.Interrupt)
}

// TestFullKeepsNobody has one place: between two requests it is given up.
func TestFullKeepsNobody(t *testing.T) {
	t.Parallel()
	p, addr := startServer(t, "-clients", "1", "-patience", "10m")
	for range 3 {
		if got := exchange(t, addr, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); status(t, got) != 200 || !strings.Contains(got, "\r\nConnection: close\r\n") {
			t.Errorf("%q", got)
		}
	}
	p.Signal(os.Interrupt)
}

// TestFewDescriptors has more clients than descriptors.
func TestFewDescriptors(t *testing.T) {
	t.Parallel()
	inner := programtest.Own(t, "-server", "127.0.0.1:0", "-root", folder(t, map[string]string{"index.html": "hello"}))
	p := programtest.Installed(t, "sh", append([]string{"-c", `ulimit -n 24; exec "$0" "$@"`}, inner.Cmd.Args...)...)
	p.Cmd.Env = inner.Cmd.Env
	p.Start(strings.NewReader(""))
	addr := p.Out.Find(t, `server: listening on (.*)\n`)
	for range 40 {
		io.WriteString(programtest.Dial(t, addr), "GET / HT")
	}
	for range 10 {
		got := exchange(t, addr, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		if n := status(t, got); n != 200 && n != 503 { // no descriptor for the file
			t.Errorf("%q", got)
		}
	}
	p.Signal(os.Interrupt)
}

// TestNeverReads has clients that ask for a large file, and take none of it.
func TestNeverReads(t *testing.T) {
	t.Parallel()
	root := folder(t, map[string]string{"index.html": "hello"})
	big, err := os.Create(filepath.Join(root, "big"))
	if err == nil {
		err = big.Truncate(1 << 30)
		big.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	p, addr := startServer(t, "-root", root, "-patience", "500ms")
	before := descriptors(p)
	for range 5 {
		io.WriteString(programtest.Dial(t, addr), "GET /big HTTP/1.1\r\nHost: x\r\n\r\n")
	}
	p.Out.Until(t, "five answers", func(b []byte) bool { return strings.Count(string(b), "1073741824 bytes") == 5 })
	works(t, addr)
	letsGo(t, p, before)
	p.Signal(os.Interrupt)
}

// TestResets has clients that break their connections: before a request, in it, in
// an answer and after it.
func TestResets(t *testing.T) {
	t.Parallel()
	root := folder(t, map[string]string{"index.html": "hello", "big": strings.Repeat("x", 8<<20)})
	p, addr := startServer(t, "-root", root)
	before := descriptors(p)
	for range 10 {
		for _, text := range []string{"", "GET", "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "GET /big HTTP/1.1\r\nHost: x\r\n\r\n"} {
			for _, reads := range []bool{false, strings.HasSuffix(text, "\n\r\n")} {
				c := programtest.Dial(t, addr).(*net.TCPConn)
				io.WriteString(c, text)
				if reads {
					c.Read(make([]byte, 1))
				}
				c.SetLinger(0)
				c.Close()
			}
		}
	}
	// Half a request and then the end; and a client that half-closes, and is answered.
	if got := exchangeHalf(t, addr, "GET / HTTP/1.1\r\nHost: x\r\n"); got != "" {
		t.Errorf("%q", got)
	}
	if got := exchangeHalf(t, addr, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); status(t, got) != 200 {
		t.Errorf("%q", got)
	}
	letsGo(t, p, before)
	if text := p.Err.String(); text != "" {
		t.Errorf("the server complains: %s", text)
	}
	p.Signal(os.Interrupt)
}

func exchangeHalf(t *testing.T, addr, text string) string {
	t.Helper()
	c := programtest.Dial(t, addr)
	io.WriteString(c, text)
	c.(*net.TCPConn).CloseWrite()
	b, err := io.ReadAll(c)
	if err != nil {
		t.Error(err)
	}
	return string(b)
}

// TestGarbage has clients that send anything.
func TestGarbage(t *testing.T) {
	t.Parallel()
	p, addr := startServer(t, "-patience", "1s")
	before := descriptors(p)
	noise := rand.NewChaCha8([32]byte{5})
	var all sync.WaitGroup
	for i := range 50 {
		b := make([]byte, 1+i*400)
		noise.Read(b)
		if i%2 == 0 {
			copy(b, "GET /")
		}
		c := programtest.Dial(t, addr)
		all.Go(func() {
			c.Write(b) // may be refused before it is all sent
			got, _ := io.ReadAll(c)
			if len(got) > 0 && !strings.HasPrefix(string(got), "HTTP/1.1 4") {
				t.Errorf("%q is answered with %q", b, got)
			}
			c.Close()
		})
	}
	all.Wait()
	letsGo(t, p, before)
	works(t, addr)
	p.Signal(os.Interrupt)
}
