package interop

import (
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
)

// TestHTTP3 makes one request over HTTP/3 with our PacketConns at both ends.
func TestHTTP3(t *testing.T) {
	t.Parallel()
	const at = "127.0.0.1:0"
	serverTLS, clientTLS := certificate(http3.NextProtoH3)
	conn := ours(t, at)
	server := &http3.Server{TLSConfig: serverTLS, Handler: http.HandlerFunc(shout)}
	served := make(chan error, 1)
	go func() { served <- server.Serve(conn) }()

	from := &quic.Transport{Conn: ours(t, at)}
	defer from.Close()
	client := &http3.Transport{
		TLSClientConfig: clientTLS,
		Dial: func(ctx context.Context, _ string, tls *tls.Config, c *quic.Config) (*quic.Conn, error) {
			return from.DialEarly(ctx, conn.LocalAddr(), tls, c)
		},
	}
	request, err := http.NewRequestWithContext(t.Context(), "POST", "https://interop/", strings.NewReader("over quic"))
	must(t, err)
	response, err := client.RoundTrip(request)
	must(t, err)
	body, err := io.ReadAll(response.Body)
	must(t, err)
	if want := "HTTP/3.0 OVER QUIC"; string(body) != want {
		t.Errorf("answered %q, want %q", body, want)
	}
	must(t, client.Close())
	must(t, server.Close())
	if err := soon(t, served); err != http.ErrServerClosed {
		t.Errorf("Serve: %v, want %v", err, http.ErrServerClosed)
	}
}

// shout is a handler that answers with the protocol and the request's body in capitals.
func shout(w http.ResponseWriter, r *http.Request) {
	b, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	io.WriteString(w, r.Proto+" "+strings.ToUpper(string(b)))
}
