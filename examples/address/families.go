package main

import (
	"fmt"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/sockopt"
)

// wildcard binds to the wildcard address: clients reach such a server at each address of
// the machine. An IPv6 server may also accept IPv4 clients; it then sees their addresses
// in IPv6 form.
func wildcard() error {
	// The default differs between systems, so the program sets it.
	l, at, err := listening("[::]:0", sockopt.IPv6Only.With(false))
	if err != nil {
		say("a server at [::]:0:", err) // no IPv6 here, or OpenBSD, where a socket has one family
		return nil
	}
	defer l.Close()
	say("a server listens at", at)
	for _, ip := range []string{"127.0.0.1", "[::1]"} {
		to, err := sock.ParseAddr(fmt.Sprintf("%s:%d", ip, at.Port()))
		if err != nil {
			return err
		}
		c, err := connected(to)
		if err != nil {
			say("a client of "+ip+":", err)
			continue
		}
		defer c.Close()
		name, err := c.Sockname()
		if err != nil {
			return err
		}
		accepted, from, err := l.Accept()
		if err != nil {
			return err
		}
		defer accepted.Close()
		say("a client's Sockname:", name)
		say("the server's Accept says:", from)
	}
	return nil
}

// zone shows addresses that exist in each network, such as fe80::1: they need the
// interface. Its name is for people, its number for the kernel.
func zone() error {
	for _, loopback := range []string{"lo", "lo0"} {
		text := "[fe80::1%" + loopback + "]:80"
		a, err := sock.ParseAddr(text)
		if err == nil {
			say(text, a)
			return nil
		}
	}
	say("[fe80::1%lo]:80", "there is no interface of this name here")
	return nil
}
