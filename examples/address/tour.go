package main

import (
	"context"
	"fmt"

	"github.com/berkeleysockets/sock"
)

// tour shows one idea after the other.
func tour(ctx context.Context) error {
	for i, stop := range []struct {
		title string
		visit func() error
	}{
		{"Port 0: the kernel chooses", portZero},
		{"Connect: two endpoints are a connection", fourNumbers},
		{"An endpoint belongs to one socket", taken},
		{"All addresses of this machine: the wildcard", wildcard},
		{"An address that is only valid on one network: the zone", zone},
		{"Within this machine: paths", paths},
		{"What the kernel is given", kernelBytes},
		{"What is no endpoint", noAddress},
	} {
		if ctx.Err() != nil {
			return nil
		}
		fmt.Printf("%d. %s\n", i+1, stop.title)
		if err := stop.visit(); err != nil {
			return err
		}
	}
	return nil
}

// say prints a step and its result.
func say(what string, result any) {
	fmt.Printf("   %-33s %v\n", what, result)
}

// bound opens a socket and binds it.
func bound(t sock.Type, at string, more ...sock.Setting) (*sock.Socket, sock.Addr, error) {
	a, err := sock.ParseAddr(at)
	if err != nil {
		return nil, a, err
	}
	s, err := sock.Open(a.Domain(), t, 0, more...)
	if err != nil {
		return nil, a, err
	}
	if err = s.Bind(a); err == nil {
		a, err = s.Sockname() // after Bind to port 0 the kernel has chosen one
	}
	if err != nil {
		s.Close()
		return nil, a, err
	}
	return s, a, nil
}

// listening opens a socket that accepts connections.
func listening(at string, more ...sock.Setting) (*sock.Socket, sock.Addr, error) {
	s, a, err := bound(sock.Stream, at, more...)
	if err != nil {
		return nil, a, err
	}
	if err := s.Listen(0); err != nil {
		s.Close()
		return nil, a, err
	}
	return s, a, nil
}

// connected opens a client and connects it, without Bind.
func connected(to sock.Addr) (*sock.Socket, error) {
	s, err := sock.Open(to.Domain(), sock.Stream, 0)
	if err != nil {
		return nil, err
	}
	if err := s.Connect(to); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// ends returns both ends of a connection, as this side sees them.
func ends(s *sock.Socket) (string, error) {
	own, err := s.Sockname()
	if err != nil {
		return "", err
	}
	other, err := s.Peername()
	return fmt.Sprintf("%v -> %v", own, other), err
}
