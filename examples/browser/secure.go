package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"

	"github.com/berkeleysockets/sock"
)

// secure puts TLS on a connection. In the handshake both sides agree on keys, and the
// server shows a certificate: a trusted authority has signed that the name belongs to the
// server. crypto/tls checks the signature, the name and the dates. After that everything
// on the socket is encrypted.
func (b *browser) secure(s *sock.Socket, host string) (*tls.Conn, error) {
	c := tls.Client(s, &tls.Config{ // a Socket is a net.Conn
		ServerName: host, // also sent to the server, unencrypted, since it may have several certificates
		RootCAs:    b.roots,
		NextProtos: []string{"http/1.1"}, // not h2, which this program does not implement
	})
	if err := c.Handshake(); err != nil {
		return nil, fmt.Errorf("no TLS with %s: %w", host, err)
	}
	state := c.ConnectionState()
	shows := state.PeerCertificates[0]
	b.say("* %s; its certificate is from %s, until %s", tls.VersionName(state.Version), shown(shows.Issuer.String()), shows.NotAfter.Format("2006-01-02"))
	return c, nil
}

// authorities reads certificates from a file.
func authorities(file string) (*x509.CertPool, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s has no certificate in it", file)
	}
	return pool, nil
}
