//go:build linux || freebsd || darwin || netbsd || openbsd || dragonfly

package sock_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"syscall"
	"testing"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/sockopt"
)

// optionOfConn reads an option of a connection of package net.
func optionOfConn[T any](t *testing.T, o sockopt.Option[T], c syscall.Conn) (v T) {
	t.Helper()
	s, err := sock.FromConn(c)
	wantErr(t, err, nil)
	defer s.Close()
	v, err = o.Get(s)
	wantErr(t, err, nil)
	return v
}

// TestNetControl shows that the settings of Control are applied to sockets of package net,
// before they are bound or connected: of a stream two sockets can then share a port.
func TestNetControl(t *testing.T) {
	t.Parallel()
	share := net.ListenConfig{Control: sock.Control(sockopt.ReusePort.With(true), nil, sockopt.IPTTL.With(7))}
	l, err := share.Listen(t.Context(), "tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	again, err := share.Listen(t.Context(), "tcp4", l.Addr().String())
	if err != nil {
		t.Fatal("the port is not shared: ", err)
	}
	again.Close()
	if ttl := optionOfConn(t, sockopt.IPTTL, l.(syscall.Conn)); ttl != 7 {
		t.Error("the listener's TTL is", ttl)
	}
	d := net.Dialer{Control: sock.Control(sockopt.IPTTL.With(9))}
	c, err := d.DialContext(t.Context(), "tcp4", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if ttl := optionOfConn(t, sockopt.IPTTL, c.(syscall.Conn)); ttl != 9 {
		t.Error("the client's TTL is", ttl)
	}
	p, err := share.ListenPacket(t.Context(), "udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if ttl := optionOfConn(t, sockopt.IPTTL, p.(syscall.Conn)); ttl != 7 {
		t.Error("TTL of datagrams is", ttl)
	}
}

// TestNetControlHTTP shows that a web client and a web server of package net take Control.
func TestNetControlHTTP(t *testing.T) {
	t.Parallel()
	config := net.ListenConfig{Control: sock.Control(sockopt.IPTTL.With(7))}
	l, err := config.Listen(t.Context(), "tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	got := make(chan int, 1)
	server := http.Server{
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			got <- optionOfConn(t, sockopt.IPTTL, c.(syscall.Conn))
			return ctx
		},
		Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") }),
	}
	go server.Serve(l)
	defer server.Close()
	dialer := net.Dialer{Control: sock.Control(sockopt.KeepAlive.With(true))}
	client := http.Client{Transport: &http.Transport{DialContext: dialer.DialContext, DisableKeepAlives: true}}
	answer, err := client.Get("http://" + l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if body, err := io.ReadAll(answer.Body); string(body) != "hello" || err != nil {
		t.Errorf("%q, %v", body, err)
	}
	if ttl := recvTimeout(t, got); ttl != 7 {
		t.Error("the accepted connection's TTL is", ttl)
	}
}

// TestNetControlFails shows that the error of a setting is package net's, that the later
// settings are not applied, and that a Socket that a setting has kept is closed.
func TestNetControlFails(t *testing.T) {
	t.Parallel()
	refused, later := errors.New("refused"), false
	var kept *sock.Socket
	d := net.Dialer{Control: sock.Control(
		func(s *sock.Socket) error { kept = s; return refused },
		func(*sock.Socket) error { later = true; return nil })}
	c, err := d.DialContext(t.Context(), "tcp4", "127.0.0.1:1")
	if c != nil || !errors.Is(err, refused) || later {
		t.Error(c, err, later)
	}
	if kept == nil || kept.FD() != -1 {
		t.Error("the Socket that was kept is open: ", kept)
	}
}
