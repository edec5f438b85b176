package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/berkeleysockets/sock/examples/internal/programtest"
)

// issued is a certificate that a test made, as files and as crypto/tls has it.
type issued struct {
	tls       tls.Certificate
	cert, key string
}

// issue makes one that signs itself, for these names, good until then.
func issue(t *testing.T, until time.Time, names ...string) issued {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	about := x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "a test \x1b[2J"},
		DNSNames: names, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
		NotBefore: until.Add(-48 * time.Hour), NotAfter: until, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, &about, &about, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	i := issued{tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")}
	for file, block := range map[string]pem.Block{i.cert: {Type: "CERTIFICATE", Bytes: der}, i.key: {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(&block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return i
}

// sealed is a server with TLS. It returns its port.
func sealed(t *testing.T, config *tls.Config, treat func(*tls.Conn)) string {
	t.Helper()
	at := serving(t, func(c net.Conn) {
		if s := tls.Server(c, config); s.Handshake() == nil {
			treat(s)
			s.Close()
		}
	})
	return programtest.Split(t, at)[1]
}

func TestSecure(t *testing.T) {
	t.Parallel()
	tomorrow, yesterday := time.Now().Add(24*time.Hour), time.Now().Add(-24*time.Hour)
	good, other, old := issue(t, tomorrow, "localhost"), issue(t, tomorrow, "other.example", "\x1b]0;owned\a"), issue(t, yesterday, "localhost")
	page := func(c *tls.Conn) {
		asked(c)
		io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\nby "+c.ConnectionState().NegotiatedProtocol+", for "+c.ConnectionState().ServerName)
	}
	serves := func(i issued) *tls.Config {
		return &tls.Config{Certificates: []tls.Certificate{i.tls}, NextProtos: []string{"h2", "http/1.1"}}
	}
	at := sealed(t, serves(good), page)

	p := fetched(t, 0, "-v", "-4", "-cacert", good.cert, "https://localhost:"+at+"/")
	if p.Out.String() != "by http/1.1, for localhost" {
		t.Errorf("it finds %q", p.Out.String())
	}
	if want := `* TLS 1.3; its certificate is from "CN=a test \x1b[2J", until `; !strings.Contains(p.Err.String(), want) {
		t.Errorf("it says %q, want %q", p.Err.String(), want)
	}
	if p := fetched(t, 0, "-cacert", good.cert, "https://127.0.0.1:"+at+"/"); p.Out.String() != "by http/1.1, for " {
		t.Errorf("it finds %q", p.Out.String())
	}
	for name, c := range map[string]struct {
		shown issued
		url   string
		trust issued
		why   string
	}{
		"nobody's":   {good, "https://localhost:AT/", other, `certificate signed by unknown authority`},
		"other name": {other, "https://localhost:AT/", other, `certificate is valid for other\.example, .*not localhost`},
		"expired":    {old, "https://localhost:AT/", old, `certificate has expired or is not yet valid`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := sealed(t, serves(c.shown), page)
			p := fails(t, `^browser: "?no TLS with localhost: tls: failed to verify certificate: x509: `+c.why, "-4", "-cacert", c.trust.cert, strings.Replace(c.url, "AT", at, 1))
			if strings.ContainsAny(p.Err.String(), "\x1b\a") {
				t.Errorf("to a terminal it says %q", p.Err.String())
			}
		})
	}
	t.Run("system's trust", func(t *testing.T) {
		t.Parallel()
		fails(t, `x509: certificate signed by unknown authority|x509: .*`, "-4", "https://localhost:"+at+"/")
	})
	t.Run("other protocols", func(t *testing.T) {
		t.Parallel()
		config := serves(good)
		config.NextProtos = []string{"gopher"}
		at := sealed(t, config, page)
		fails(t, `no TLS with localhost: remote error: tls: no application protocol`, "-4", "-cacert", good.cert, "https://localhost:"+at+"/")
	})
	t.Run("old TLS", func(t *testing.T) {
		t.Parallel()
		config := serves(good)
		config.MinVersion, config.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
		at := sealed(t, config, page)
		fails(t, `no TLS with localhost: .*protocol version`, "-4", "-cacert", good.cert, "https://localhost:"+at+"/")
	})
	t.Run("plain server", func(t *testing.T) {
		t.Parallel()
		at := serving(t, func(c net.Conn) {
			io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\nhello")
			c.Read(make([]byte, 4096))
		})
		fails(t, `^browser: no TLS with 127.0.0.1: tls: first record does not look like a TLS handshake\n$`, "https://"+at+"/")
	})
	t.Run("plain client", func(t *testing.T) {
		t.Parallel()
		fails(t, `^browser: that is no HTTP/1: |has said nothing|within the head of its response: |reset by peer`, "http://127.0.0.1:"+at+"/")
	})
	t.Run("ended at once", func(t *testing.T) {
		t.Parallel()
		at := serving(t, func(c net.Conn) { c.Read(make([]byte, 4096)) })
		fails(t, `^browser: no TLS with 127.0.0.1: .*(EOF|reset by peer)\n$`, "https://"+at+"/")
	})
	t.Run("no longer secret", func(t *testing.T) {
		t.Parallel()
		at := sealed(t, serves(good), func(c *tls.Conn) {
			asked(c)
			io.WriteString(c, "HTTP/1.1 302 Found\r\nLocation: http://localhost/\r\n\r\n")
		})
		fails(t, `redirect to "http://localhost/": it is no longer secret there`, "-4", "-cacert", good.cert, "https://localhost:"+at+"/")
	})
	t.Run("page cut", func(t *testing.T) {
		t.Parallel()
		at := sealed(t, serves(good), func(c *tls.Conn) {
			asked(c)
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
		})
		fails(t, `the page ends after 5 of 10 bytes`, "-4", "-cacert", good.cert, "https://localhost:"+at+"/")
	})
}

// TestSecureGarbage has a server forge a record after the handshake.
func TestSecureGarbage(t *testing.T) {
	t.Parallel()
	good := issue(t, time.Now().Add(24*time.Hour), "localhost")
	at := sealed(t, &tls.Config{Certificates: []tls.Certificate{good.tls}}, func(c *tls.Conn) {
		asked(c)
		io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
		c.NetConn().Write(append([]byte{0x17, 3, 3, 0, 40}, bytes.Repeat([]byte{'x'}, 40)...))
	})
	fails(t, `after 5 bytes of the page: .*bad record MAC`, "-4", "-cacert", good.cert, "https://localhost:"+at+"/")
}

// TestServer has package net's client and curl fetch what the demo serves.
func TestServer(t *testing.T) {
	t.Parallel()
	own, roots, err := certificate()
	if err != nil {
		t.Fatal(err)
	}
	for scheme, config := range map[string]*tls.Config{"http": nil, "https": {Certificates: []tls.Certificate{own}}} {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			s, err := serve(config)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { s.Close() })
			name, err := s.Sockname()
			if err != nil {
				t.Fatal(err)
			}
			transport := http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: "localhost"}, DisableKeepAlives: true}
			answer, err := (&http.Client{Transport: &transport}).Get(scheme + "://" + name.String() + "/long")
			if err != nil {
				t.Fatal(err)
			}
			page, err := io.ReadAll(answer.Body)
			answer.Body.Close()
			if strings.Count(string(page), "\n") != 3 || err != nil {
				t.Errorf("the page is %q, %v", page, err)
			}
			curl := programtest.Installed(t, "curl", "-sSk", scheme+"://"+name.String()+"/short").Start(strings.NewReader(""))
			curl.Wait(0)
			if want := "A page whose length is known beforehand.\n"; curl.Out.String() != want {
				t.Errorf("curl finds %q, want %q", curl.Out.String(), want)
			}
		})
	}
}
