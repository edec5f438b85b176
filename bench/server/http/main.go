// A web server on net/http, with package net's listener or with sock's.
package main

import (
	"context"
	"flag"
	"log"
	"net"
	"net/http"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/bench/internal/rules"
	"github.com/berkeleysockets/sock/sockopt"
)

var body = []byte("hello, world\n")

func main() {
	whose := flag.String("listener", "net", "net or sock")
	rules.Parse()
	listen := map[string]func() (net.Listener, error){"net": listenNet, "sock": listenSock}[*whose]
	if listen == nil {
		log.Fatalf("-listener %s: it is net or sock", *whose)
	}
	l, err := listen()
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write(body) })))
}

func listenNet() (net.Listener, error) {
	var config net.ListenConfig
	config.SetMultipathTCP(false) // as in server/net
	config.KeepAlive = -1         // ...
	return config.Listen(context.Background(), "tcp4", rules.Addr)
}

// listenSock sets TCP_NODELAY on the listener, and the connections inherit it. Package net
// sets it itself.
func listenSock() (net.Listener, error) {
	at, err := sock.ParseAddr(rules.Addr)
	if err != nil {
		return nil, err
	}
	s, err := sock.Open(at.Domain(), sock.Stream, 0, sockopt.ReuseAddr.With(true), sockopt.TCPNoDelay.With(true))
	if err != nil {
		return nil, err
	}
	if err := s.Bind(at); err != nil {
		return nil, err
	}
	if err := s.Listen(rules.Backlog); err != nil {
		return nil, err
	}
	return sock.Listener(s), nil
}
