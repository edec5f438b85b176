package main

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/berkeleysockets/sock/examples/internal/programtest"
	"github.com/berkeleysockets/sock/sockopt"
)

// site is a folder with pages: one of text, one of 10 MB, none, and one that a
// server can make as it goes.
func site(t *testing.T) (dir string, pages map[string][]byte) {
	t.Helper()
	dir = t.TempDir()
	big := make([]byte, 10<<20)
	rand.NewChaCha8([32]byte{1}).Read(big)
	pages = map[string][]byte{"index.html": []byte("<p>hello</p>\n"), "big.bin": big, "empty.txt": nil, "folder/index.html": []byte("<p>inside</p>\n")}
	for name, text := range pages {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir, pages
}

// finds fetches the pages of a site.
func finds(t *testing.T, pages map[string][]byte, base string, flags ...string) {
	t.Helper()
	for path, page := range map[string]string{"": "index.html", "big.bin": "big.bin", "empty.txt": "empty.txt", "folder": "folder/index.html"} {
		p := fetched(t, 0, append(flags, base+path)...)
		if p.Out.String() != string(pages[page]) {
			t.Errorf("%s is a page of %d bytes, want %d: %.200q", path, len(p.Out.String()), len(pages[page]), p.Out.String())
		}
	}
	file := filepath.Join(t.TempDir(), "big")
	p := fetched(t, 0, append(append([]string{"-v", "-o", file}, flags...), base+"big.bin")...)
	got, err := os.ReadFile(file)
	if string(got) != string(pages["big.bin"]) || err != nil || !strings.Contains(p.Err.String(), "* 10485760 bytes, as Content-Length says") {
		t.Errorf("the file has %d bytes, %v; it says\n%s", len(got), err, p.Err.String())
	}
	p = fetched(t, 0, append(append([]string{"-v"}, flags...), base+"nothing/here")...)
	if !strings.Contains(p.Err.String(), " 404 ") {
		t.Errorf("what is not there it finds: %s", p.Err.String())
	}
}

// TestPython fetches from Python's http.server, which speaks HTTP/1.0.
func TestPython(t *testing.T) {
	t.Parallel()
	for network, host := range map[string]string{"tcp4": "127.0.0.1", "tcp6": "::1"} {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			programtest.Place(t, network)
			dir, pages := site(t)
			python := programtest.Installed(t, "python3", "-u", "-m", "http.server", "-b", host, "-d", dir, "0").Start(strings.NewReader(""))
			port := python.Out.Find(t, `Serving HTTP on .* port (\d+) `)
			finds(t, pages, "http://"+net.JoinHostPort(host, port)+"/")
			if network == "tcp4" {
				finds(t, pages, "http://localhost:"+port+"/") // whatever else the name has, one answers
			}
		})
	}
}

// nginx serves a site by http, by https, and at a unix path.
type nginx struct {
	http, https, unix string
	cert              string
	pages             map[string][]byte
}

// reserved keeps a port that the kernel chooses for who asks for it with ReusePort.
func reserved(t *testing.T) (at string) {
	t.Helper()
	s, err := bound(sockopt.ReusePort.With(true))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	name, err := s.Sockname()
	if err != nil {
		t.Fatal(err)
	}
	return name.String()
}

func startNginx(t *testing.T) nginx {
	t.Helper()
	dir, pages := site(t)
	if err := os.WriteFile(filepath.Join(dir, "made.shtml"), []byte("<!--#echo var=\"made\" -->, as it goes\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	good := issue(t, time.Now().Add(24*time.Hour), "localhost")
	own := t.TempDir()
	p := programtest.Installed(t, "nginx", "-p", own, "-c", filepath.Join(own, "nginx.conf"), "-e", "stderr")
	n := nginx{http: reserved(t), https: reserved(t), unix: programtest.UnixPath(t), cert: good.cert, pages: pages}
	config := fmt.Sprintf(`
daemon off; master_process off; pid nginx.pid; error_log stderr notice;
events { worker_connections 64; }
http {
	access_log off; gzip off; default_type application/octet-stream; root %s;
	client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
	port_in_redirect off; absolute_redirect off;
	server {
		listen %s reuseport; listen unix:%s;
		ssi on; ssi_types *; set $made "a page that is made";
		location = /private { return 301 https://localhost:%s/; }
		location = /loop { return 302 /loop; }
	}
	server {
		listen %s ssl reuseport; ssl_certificate %s; ssl_certificate_key %s;
		server_name localhost;
		location = /public { return 302 http://localhost/; }
	}
}`, dir, n.http, n.unix, programtest.Split(t, n.https)[1], n.https, good.cert, good.key)
	if err := os.WriteFile(filepath.Join(own, "nginx.conf"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	p.Start(strings.NewReader(""))
	p.Err.Find(t, `using the ".*" event method`) // and by then it listens
	return n
}

func TestNginx(t *testing.T) {
	t.Parallel()
	n := startNginx(t)
	https := "https://localhost:" + programtest.Split(t, n.https)[1]
	finds(t, n.pages, https+"/", "-4", "-cacert", n.cert)
	finds(t, n.pages, "https://"+n.https+"/", "-cacert", n.cert)

	for path, want := range map[string]string{"/made.shtml": "a page that is made, as it goes\n", "/private": "<p>hello</p>\n"} {
		p := fetched(t, 0, "-v", "-4", "-cacert", n.cert, "http://"+n.http+path)
		if p.Out.String() != want {
			t.Errorf("%s is %q, want %q", path, p.Out.String(), want)
		}
		if path == "/made.shtml" && !strings.Contains(p.Err.String(), "bytes, up to a chunk of none") {
			t.Errorf("there are no chunks: %s", p.Err.String())
		}
	}
	fails(t, `more than 5 redirects`, "http://"+n.http+"/loop")
	fails(t, `it is no longer secret there`, "-4", "-cacert", n.cert, https+"/public")
	fails(t, `no TLS with 127.0.0.1: tls: first record does not look like a TLS handshake`, "https://"+n.http+"/")
	fails(t, `certificate signed by unknown authority`, "-4", "-cacert", issue(t, time.Now().Add(time.Hour), "localhost").cert, https+"/")
	if p := fetched(t, 0, "http://"+n.https+"/"); !strings.Contains(p.Out.String(), "The plain HTTP request was sent to HTTPS port") {
		t.Errorf("by http nginx says %q at its https port", p.Out.String())
	}

	p := fetched(t, 0, "-v", "-unix", n.unix, "http://nobody.invalid/folder/")
	if p.Out.String() != "<p>inside</p>\n" || !strings.Contains(p.Err.String(), "> Host: nobody.invalid\n") {
		t.Errorf("the unix path has %q; it says\n%s", p.Out.String(), p.Err.String())
	}
}
