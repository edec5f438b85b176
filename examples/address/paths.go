package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/berkeleysockets/sock"
)

// paths shows endpoints within one machine: a file is the name, and its permissions
// decide which processes may connect. There are no ports.
func paths() error {
	dir, err := os.MkdirTemp("", "address")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	at := "unix:" + filepath.Join(dir, "s")
	server, name, err := bound(sock.Dgram, at)
	if err != nil {
		return err
	}
	defer server.Close()
	info, err := os.Lstat(name.Path())
	if err != nil {
		return err
	}
	say("a server is bound to", name)
	say("which is a file:", info.Mode())

	// A client without a name can send, but the server cannot answer.
	client, err := sock.Open(sock.Unix, sock.Dgram, 0)
	if err != nil {
		return err
	}
	defer client.Close()
	if err := hears(server, client, name, "a client that did not Bind:"); err != nil {
		return err
	}
	if named, _, err := bound(sock.Dgram, "unix:"); err != nil {
		say("Bind to no name:", err)
	} else {
		defer named.Close()
		if err := hears(server, named, name, "one that did, to no name:"); err != nil {
			return err
		}
	}

	// An abstract name is no file. It vanishes with the socket (Linux).
	abstract := fmt.Sprintf("unix:@course/%d", os.Getpid())
	if s, name, err := bound(sock.Dgram, abstract); err != nil {
		say("an abstract name:", err)
	} else {
		defer s.Close()
		say("an abstract name:", name)
	}

	// The file stays when its socket is closed, and prevents the next Bind.
	if err := server.Close(); err != nil {
		return err
	}
	for _, again := range []string{"Close, and Bind again:", "remove the file, and Bind again:"} {
		s, name, err := bound(sock.Dgram, at)
		if err != nil {
			say(again, err)
			if err := os.Remove(name.Path()); err != nil {
				return err
			}
			continue
		}
		say(again, fmt.Sprint("bound to ", name))
		if err := s.Close(); err != nil {
			return err
		}
	}
	return nil
}

// hears sends an empty datagram, and prints the address that the server receives with it.
func hears(server, client *sock.Socket, to sock.Addr, who string) error {
	if _, err := client.SendTo(nil, 0, to); err != nil {
		return err
	}
	_, from, err := server.RecvFrom(nil, 0)
	if err != nil {
		return err
	}
	switch _, abstract := from.Abstract(); {
	case !from.IsValid():
		say(who, "the server hears it, from nowhere: no answer is possible")
	case abstract: // visible with -trace
		say(who, "the server hears it, from an abstract name that the kernel chose")
	default:
		say(who, fmt.Sprint("the server hears it, from ", from))
	}
	return nil
}
