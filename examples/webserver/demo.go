package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/berkeleysockets/sock"
)

const hello = "<!doctype html>\n<title>Hello</title>\n<h1>Hello from a socket</h1>\n"

// demo runs a server and a client in one process: one request for a file.
func demo(ctx context.Context, s *server) (err error) {
	folder, err := os.MkdirTemp("", "webserver")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	if err := os.WriteFile(filepath.Join(folder, "index.html"), []byte(hello), 0o600); err != nil {
		return err
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return err
	}
	defer root.Close()
	s.site.root = root

	at, err := sock.ParseAddr("127.0.0.1:0")
	if err != nil {
		return err
	}
	l, err := listen(at)
	if err != nil {
		return err
	}
	defer l.Close()
	name, err := l.Sockname()
	if err != nil {
		return err
	}

	// The client connects first, so that the server never waits and its calls are the
	// same each time.
	c, err := connect(ctx, name)
	if err != nil {
		return err
	}
	defer c.Close()
	fmt.Println("client: connected, though nobody has called Accept yet: the kernel did it")
	if err := ask(c, "/index.html"); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- s.serve(ctx, l) }()
	received, err := io.ReadAll(c) // until the server closes, as the request asked
	stop()
	if serverErr := <-ended; !errors.Is(serverErr, net.ErrClosed) {
		err = errors.Join(err, serverErr)
	}
	if err != nil {
		return err
	}
	show("client receives", string(received))

	fmt.Println("the server's calls for it, and what it did itself:")
	entries, _ := s.calls.newest.entries()
	for _, e := range entries {
		if e.note != "" {
			fmt.Printf("        (%s)\n", e.note)
		} else {
			fmt.Printf("    %s\n", e.call)
		}
	}
	return nil
}

// connect works as in examples/echo.
func connect(ctx context.Context, at sock.Addr) (*sock.Socket, error) {
	c, err := sock.Open(at.Domain(), sock.Stream, 0)
	if err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, func() { c.Close() })
	if err := c.Connect(at); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// ask sends a request like a browser's. A browser adds more lines of the same kind.
func ask(c *sock.Socket, path string) error {
	server, err := c.Peername()
	if err != nil {
		return err
	}
	request := "GET " + path + " HTTP/1.1\r\n" +
		"Host: " + server.String() + "\r\n" + // one address may have several names, each with its own site
		"Connection: close\r\n" + // the client will send no other request
		"\r\n"
	show("client sends", request)
	_, err = c.Write([]byte(request))
	return err
}

// show prints the bytes, a line each.
func show(what, text string) {
	fmt.Println(what + ":")
	for line := range strings.Lines(text) {
		fmt.Println(strings.TrimRight("    "+line, " \r\n"))
	}
}
