package interop

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/berkeleysockets/sock"
)

func init() { children["activated"] = activated }

// activated serves all inherited sockets by their names: HTTP on listening sockets, an echo on
// datagram sockets.
func activated() error {
	names := strings.Split(os.Getenv("LISTEN_FDNAMES"), ":")
	given, err := sock.Inherited()
	if err != nil {
		return err
	}
	for _, v := range os.Environ() {
		if strings.HasPrefix(v, "LISTEN_") {
			return errors.New("left in the environment: " + v)
		}
	}
	if len(given) != len(names) {
		return fmt.Errorf("%d sockets, named %q", len(given), names)
	}
	ended := make(chan error)
	for i, s := range given {
		who := fmt.Sprint(names[i], " of ", os.Getpid(), ": ")
		go func() {
			if s.Type() == sock.Stream {
				ended <- http.Serve(sock.Listener(s), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					io.WriteString(w, who)
					shout(w, r)
				}))
			} else {
				ended <- repeat(s, who)
			}
		}()
	}
	return <-ended
}

func repeat(s *sock.Socket, who string) error {
	var p [512]byte
	for {
		n, from, err := s.RecvFrom(p[:], 0)
		if err == nil {
			_, err = s.SendTo(append([]byte(who), p[:n]...), 0, from)
		}
		if err != nil {
			return err
		}
	}
}

// ask sends activated an HTTP request at a network and address in package net's form.
func ask(t testing.TB, network, address string) string {
	t.Helper()
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, address)
		},
		DisableKeepAlives: true,
	}}
	response, err := client.Post("http://interop/", "", strings.NewReader("hello"))
	must(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	must(t, err)
	return string(body)
}

// askDatagram sends activated a datagram and compares the answer.
func askDatagram(t testing.TB, network, address string) string {
	t.Helper()
	own, scheme := "127.0.0.1:0", ""
	if network == "unixgram" {
		own, scheme = "unix", "unix:"
	}
	s := bound(t, own, sock.Dgram)
	must(t, s.SetDeadline(time.Now().Add(10*time.Second)))
	_, err := s.SendTo([]byte("hello"), 0, addr(t, scheme+address))
	must(t, err)
	var p [512]byte
	n, from, err := s.RecvFrom(p[:], 0)
	must(t, err)
	if got := strings.TrimPrefix(from.String(), "unix:"); got != address {
		t.Errorf("answered by %s, want %s", got, address)
	}
	return string(p[:n])
}
