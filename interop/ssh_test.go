package interop

import (
	"crypto/ed25519"
	"errors"
	"io"
	"testing"

	"github.com/berkeleysockets/sock"
	"golang.org/x/crypto/ssh"
)

// TestSSH runs a command over SSH with Sockets at both ends: package ssh takes a net.Conn.
func TestSSH(t *testing.T) {
	t.Parallel()
	for network, at := range streamPlaces {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			_, private, err := ed25519.GenerateKey(nil)
			must(t, err)
			key, err := ssh.NewSignerFromKey(private)
			must(t, err)
			l, name := listening(t, at)
			served := make(chan error, 1)
			go func() {
				conn, _, err := l.Accept()
				if err == nil {
					defer conn.Close()
					err = serveSSH(conn, key)
				}
				served <- err
			}()

			conn, channels, requests, err := ssh.NewClientConn(dial(t, name), "interop", &ssh.ClientConfig{
				User: "someone", HostKeyCallback: ssh.FixedHostKey(key.PublicKey()),
			})
			must(t, err)
			client := ssh.NewClient(conn, channels, requests)
			session, err := client.NewSession()
			must(t, err)
			out, err := session.Output("greet")
			must(t, err)
			if want := "greet, someone"; string(out) != want {
				t.Errorf("answered %q, want %q", out, want)
			}
			must(t, client.Close())
			if err := soon(t, served); !errors.Is(err, io.EOF) {
				t.Errorf("the server: %v, want io.EOF", err)
			}
		})
	}
}

// serveSSH accepts any client, and answers commands until the client closes.
func serveSSH(conn *sock.Socket, key ssh.Signer) error {
	config := &ssh.ServerConfig{NoClientAuth: true}
	config.AddHostKey(key)
	c, channels, requests, err := ssh.NewServerConn(conn, config)
	if err != nil {
		return err
	}
	go ssh.DiscardRequests(requests)
	for open := range channels {
		channel, requests, err := open.Accept()
		if err != nil {
			return err
		}
		for r := range requests {
			if r.Type != "exec" {
				r.Reply(false, nil)
				continue
			}
			r.Reply(true, nil)
			var command struct{ Line string }
			if err := ssh.Unmarshal(r.Payload, &command); err != nil {
				return err
			}
			io.WriteString(channel, command.Line+", "+c.User())
			channel.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{0}))
			channel.Close()
		}
	}
	return c.Wait()
}
