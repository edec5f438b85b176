package main

import (
	"fmt"
	"os"

	"github.com/berkeleysockets/sock"
)

// portZero lets the kernel choose a port.
func portZero() error {
	s, err := sock.Open(sock.Inet, sock.Stream, 0)
	if err != nil {
		return err
	}
	defer s.Close()
	before, err := s.Sockname()
	if err != nil {
		return err
	}
	say("Sockname, before Bind:", before)
	at, err := sock.ParseAddr("127.0.0.1:0")
	if err != nil {
		return err
	}
	if err := s.Bind(at); err != nil {
		return err
	}
	after, err := s.Sockname()
	if err != nil {
		return err
	}
	say("Sockname, after Bind 127.0.0.1:0:", after)
	say("which is", portClass(after.Port()))
	return nil
}

// fourNumbers shows both endpoints of two connections, from both sides. Two addresses and
// two ports distinguish a connection from all others.
func fourNumbers() error {
	l, server, err := listening("127.0.0.1:0")
	if err != nil {
		return err
	}
	defer l.Close()
	say("a server listens at", server)
	for _, name := range []string{"alice", "bob"} {
		client, err := connected(server) // no Bind: the kernel chooses a port for it too
		if err != nil {
			return err
		}
		defer client.Close()
		accepted, _, err := l.Accept()
		if err != nil {
			return err
		}
		defer accepted.Close()
		mine, err := ends(client)
		if err != nil {
			return err
		}
		other, err := ends(accepted)
		if err != nil {
			return err
		}
		say(name+", Sockname -> Peername:", mine)
		say("and on the server's side:", other)
	}
	return nil
}

// taken binds again to an endpoint that already has a socket, and to some endpoints that
// look similar.
func taken() error {
	l, at, err := listening("127.0.0.1:0")
	if err != nil {
		return err
	}
	defer l.Close()
	say("a server listens at", at)
	for _, try := range []struct {
		what string
		kind sock.Type
		ip   string
	}{
		{"the same again", sock.Stream, "127.0.0.1"},
		{"all addresses, that one too", sock.Stream, "0.0.0.0"},
		{"the same port, another address", sock.Stream, "[::1]"},
		{"the same port of UDP", sock.Dgram, "127.0.0.1"},
		{"not an address of ours", sock.Stream, "203.0.113.1"},
	} {
		s, name, err := bound(try.kind, fmt.Sprintf("%s:%d", try.ip, at.Port()))
		if err != nil {
			say(try.what+":", err) // most systems: EADDRINUSE, and at last EADDRNOTAVAIL
			continue
		}
		say(try.what+":", fmt.Sprint("bound to ", name))
		if err := s.Close(); err != nil {
			return err
		}
	}
	return nil
}

// portClass describes a port. Ports below 1024 are well-known, and most systems let only
// root bind to them. Ports up to 49151 may be registered for a service. The rest is free
// for all (RFC 6335). Each kernel has its own range from which it chooses.
func portClass(port uint16) string {
	class := "dynamic: registered for nobody"
	switch {
	case port == 0:
		return "the kernel's choice, when a socket is bound to it"
	case port < 1024:
		class = "well-known: for a service everybody knows, and not for everybody to bind to"
	case port < 49152:
		class = "registered: for a service, or free"
	}
	if low, high := ephemeral(); port >= low && port <= high {
		class = fmt.Sprintf("ephemeral: this kernel chooses from %d to %d", low, high)
	}
	return class
}

// ephemeral returns the range from which the kernel chooses ports. Linux reports it; for
// other systems this is the range that the standard proposes.
func ephemeral() (low, high uint16) {
	text, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	if err == nil {
		_, err = fmt.Sscan(string(text), &low, &high)
	}
	if err != nil {
		return 49152, 65535
	}
	return low, high
}
