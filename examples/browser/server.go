package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"time"

	"github.com/berkeleysockets/sock"
)

// serve lets net/http serve the demo's pages on a Socket, until the Socket is closed.
// Accept gives a server of package net a Socket too.
func serve(secret *tls.Config) (*sock.Socket, error) {
	s, err := bound()
	if err != nil {
		return nil, err
	}
	if err := s.Listen(0); err != nil {
		s.Close()
		return nil, err
	}
	var l net.Listener = sock.Listener(s)
	if secret != nil {
		l = tls.NewListener(l, secret)
	}
	server := http.Server{Handler: pages(), ErrorLog: log.New(io.Discard, "", 0)}
	go server.Serve(l)
	return s, nil
}

// bound opens a socket at a port that the kernel chooses.
func bound(set ...sock.Setting) (*sock.Socket, error) {
	at, err := sock.ParseAddr("127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s, err := sock.Open(at.Domain(), sock.Stream, 0, set...)
	if err != nil {
		return nil, err
	}
	if err := s.Bind(at); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func pages() http.Handler {
	pages := http.NewServeMux()
	pages.HandleFunc("/short", func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Date"] = nil // to be the same in every run
		io.WriteString(w, "A page whose length is known beforehand.\n")
	})
	pages.HandleFunc("/long", func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Date"] = nil
		for i := range 3 {
			fmt.Fprintf(w, "Part %d of a page that is sent while it is made.\n", i+1)
			http.NewResponseController(w).Flush()
		}
	})
	return pages
}

// certificate makes a certificate for localhost, and the pool that trusts it. It signs
// itself, so only this pool trusts it.
func certificate() (tls.Certificate, *x509.CertPool, error) {
	fail := func(err error) (tls.Certificate, *x509.CertPool, error) { return tls.Certificate{}, nil, err }
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fail(err)
	}
	about := x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "the demo itself"},
		DNSNames:     []string{"localhost"},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, &about, &about, &key.PublicKey, key)
	if err != nil {
		return fail(err)
	}
	signed, err := x509.ParseCertificate(der)
	if err != nil {
		return fail(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(signed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots, nil
}
