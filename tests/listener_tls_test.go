//go:build linux || freebsd || darwin || netbsd || openbsd || dragonfly

package sock_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/big"
	"testing"
	"time"

	"github.com/berkeleysockets/sock"
)

// certificate makes a certificate for the name "sock", and the pool that trusts
// it.
func certificate(t testing.TB) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"sock"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-24 * time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, roots
}

// talkTLS makes the two ends of a TLS connection over two Sockets.
func talkTLS(t *testing.T, network string) (client, server *tls.Conn) {
	t.Helper()
	own, roots := certificate(t)
	serverConfig := &tls.Config{Certificates: []tls.Certificate{own}}
	clientConfig := &tls.Config{RootCAs: roots, ServerName: "sock"}
	if network == "pair" {
		a, b := streams(t, "pair")
		return tls.Client(a, clientConfig), tls.Server(b, serverConfig)
	}
	l, at := listening(t, network)
	c, err := reach(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	closed(t, c.(*sock.Socket))
	s, err := tls.NewListener(sock.Listener(l), serverConfig).Accept()
	if err != nil {
		t.Fatal(err)
	}
	server = s.(*tls.Conn)
	closed(t, server.NetConn().(*sock.Socket))
	return tls.Client(c, clientConfig), server
}

// Each side ends its half with a close_notify, and receives the rest of the other.
func TestListenerTLS(t *testing.T) {
	t.Parallel()
	there, back := noise(1<<20), noise(1<<20+1)
	for _, network := range streamNetworks {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			client, server := talkTLS(t, network)
			served := make(chan error, 1)
			go func() {
				p, err := io.ReadAll(server)
				if err == nil && sum(p) != sum(there) {
					err = fmt.Errorf("the server heard %d other bytes", len(p))
				}
				if err == nil {
					_, err = server.Write(back)
				}
				served <- errors.Join(err, server.CloseWrite())
			}()
			if err := client.HandshakeContext(t.Context()); err != nil {
				t.Fatal(err)
			}
			if !client.ConnectionState().HandshakeComplete {
				t.Error("no handshake")
			}
			if n, err := client.Write(there); n != len(there) || err != nil {
				t.Error(n, err)
			}
			wantErr(t, client.CloseWrite(), nil)
			if _, err := client.Write([]byte("x")); err == nil {
				t.Error("it writes after CloseWrite")
			}
			p, err := io.ReadAll(client)
			if err != nil || sum(p) != sum(back) {
				t.Errorf("the client heard %d bytes, %v", len(p), err)
			}
			wantErr(t, recvTimeout(t, served), nil)
			wantErr(t, client.Close(), nil)
			wantErr(t, server.Close(), nil)
		})
	}
}

// A stream that ends within a record is no end of what is said. The other
// direction still works.
func TestListenerTLSHalfClose(t *testing.T) {
	t.Parallel()
	for _, network := range present(t, streamNetworks...) {
		client, server := talkTLS(t, network)
		served := make(chan error, 1)
		go func() {
			_, err := io.ReadAll(server)
			_, writing := io.WriteString(server, "bye")
			wantErr(t, writing, nil)
			wantErr(t, server.Close(), nil)
			served <- err
		}()
		says(t, client, "hello")
		says(t, client.NetConn(), "\x17\x03\x03") // a record begins so
		wantErr(t, client.NetConn().(*sock.Socket).CloseWrite(), nil)
		wantErr(t, recvTimeout(t, served), io.ErrUnexpectedEOF)
		p, err := io.ReadAll(client)
		if string(p) != "bye" || err != nil {
			t.Errorf("it hears %q, %v", p, err)
		}
		client.Close()
	}
}

func TestListenerTLSDeadline(t *testing.T) {
	t.Parallel()
	client, server := talkTLS(t, "tcp4")
	shaken := make(chan error, 1)
	go func() { shaken <- server.Handshake() }()
	wantErr(t, client.Handshake(), nil)
	wantErr(t, recvTimeout(t, shaken), nil)
	lateRead(t, client)
	wantErr(t, client.SetReadDeadline(time.Time{}), nil)
	talks(t, client, server)

	// There is no answer: a context ends the handshake, and closes.
	a, _ := streams(t, "tcp4")
	alone := tls.Client(a, &tls.Config{InsecureSkipVerify: true})
	ctx, cancel := context.WithCancel(t.Context())
	waiting := goBlocked(t, func() error { return alone.HandshakeContext(ctx) })
	cancel()
	wantErr(t, recvTimeout(t, waiting), context.Canceled)
	if a.FD() != -1 {
		t.Error("the Socket is open")
	}
}
