package interop

import (
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/berkeleysockets/sock"
)

// TestCurl has curl ask net/http on our Listener: in the clear, over TLS, with HTTP/2, and on
// a unix path.
func TestCurl(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, at, protocol string
		tls                bool
		args               []string
	}{
		{"tcp4", "127.0.0.1:0", "HTTP/1.1", false, []string{"--http1.1"}},
		{"tcp6", "[::1]:0", "HTTP/1.1", false, []string{"--http1.1"}},
		{"unix", "unix", "HTTP/1.1", false, []string{"--http1.1"}},
		{"tls", "127.0.0.1:0", "HTTP/1.1", true, []string{"-k", "--http1.1"}},
		{"http2", "127.0.0.1:0", "HTTP/2.0", true, []string{"-k", "--http2"}},
		{"http2 unix", "unix", "HTTP/2.0", true, []string{"-k", "--http2"}},
		{"http2 in the clear", "127.0.0.1:0", "HTTP/2.0", false, []string{"--http2-prior-knowledge"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			curl := installed(t, "curl", append([]string{"--noproxy", "*", "-sS", "--fail", "--max-time", "10", "--data-binary", "@-"}, c.args...)...)
			if c.protocol == "HTTP/2.0" {
				needHTTP2(t)
			}
			s, name := listening(t, c.at)
			url := "http://" + name.String() + "/"
			if name.Domain() == sock.Unix {
				curl.Args = append(curl.Args, "--unix-socket", name.Path())
				url = "http://interop/"
			}
			if c.tls {
				url = strings.Replace(url, "http:", "https:", 1)
			}
			serve(t, sock.Listener(s), c.tls)
			text := strings.Repeat("over a socket ", 1<<16)
			curl.Args = append(curl.Args, url)
			curl.Stdin = strings.NewReader(text)
			var complaint strings.Builder
			curl.Stderr = &complaint
			got, err := curl.Output()
			if err != nil {
				t.Fatalf("curl: %v: %s", err, complaint.String())
			}
			if want := c.protocol + " " + strings.ToUpper(text); string(got) != want {
				t.Errorf("curl got %d bytes that begin with %.30q, want %d with %.30q", len(got), got, len(want), want)
			}
		})
	}
}

func needHTTP2(t *testing.T) {
	t.Helper()
	if v, _ := installed(t, "curl", "--version").Output(); !strings.Contains(string(v), "HTTP2") {
		t.Skip("curl here has no HTTP/2")
	}
}

// serve serves shout until the test's end.
func serve(t testing.TB, l net.Listener, tls bool) {
	t.Helper()
	server := &http.Server{Handler: http.HandlerFunc(shout), Protocols: new(http.Protocols)}
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetHTTP2(tls)
	server.Protocols.SetUnencryptedHTTP2(!tls)
	served := make(chan error, 1)
	go func() {
		if tls {
			server.TLSConfig, _ = certificate()
			served <- server.ServeTLS(l, "", "")
			return
		}
		served <- server.Serve(l)
	}()
	t.Cleanup(func() {
		must(t, server.Close())
		if err := soon(t, served); err != http.ErrServerClosed {
			t.Errorf("Serve: %v, want %v", err, http.ErrServerClosed)
		}
	})
}
