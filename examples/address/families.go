package main

import (
	"fmt"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/sockopt"
)

// wildcard binds to no address in particular: such a server is reached at each of
// the machine's. One of IPv6 may be reached over IPv4 as well, and then sees the
// IPv4 addresses in IPv6's clothes.
func wildcard() error {
	// What a new socket does differs from system to system, so it is said.
	l, at, err := listening("[::]:0", sockopt.IPv6Only.With(false))
	if err != nil {
		say("a server at [::]:0:", err) // no IPv6 here, or OpenBSD: one family for each socket
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

// zone is for addresses that each network has again, as fe80::1: they say nothing
// without the interface. Its name is for people, its number for the kernel.
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
