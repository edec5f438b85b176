package main

import "github.com/berkeleysockets/sock/sockopt"

// life shows a connection from its beginning to its end, the usual way.
func life(s *session) {
	// The server's address must exist before the client connects.
	l := &s.listener
	s.call("server: Open", func() (err error) {
		l.Socket, err = s.open(sockopt.ReuseAddr.With(true)) // the last act explains why
		return err
	}, "-", "CLOSE", "a socket, and no address yet")
	s.call("server: Bind", func() error {
		if err := l.Bind(s.at); err != nil {
			return err
		}
		return s.isAt(l.Socket) // after Bind to port 0 the kernel has chosen one
	}, "-", "CLOSE", "an address, and nobody may come yet")
	s.call("server: Listen", func() error { return l.Listen(0) }, "-", "LISTEN", "this socket stays so, and is never connected")

	// The handshake has three segments: SYN, SYN+ACK, ACK. The kernels make it between
	// them, without the server's program.
	s.call("client: Open", s.openClient, "CLOSE", "LISTEN", "")
	s.call("client: Connect", s.connect, "ESTABLISHED", "ESTABLISHED", "SYN, SYN+ACK, ACK; the server's end is in the backlog")
	s.call("server: Accept", s.accept, "ESTABLISHED", "ESTABLISHED", "now it has a socket, a new one")

	// Data changes no state.
	s.send(s.client, "hello", "ESTABLISHED", "ESTABLISHED", "")
	s.recv(s.server, "hello", "ESTABLISHED", "ESTABLISHED", "")

	// A half-close ends one direction.
	s.call("client: CloseWrite", s.client.CloseWrite, "FIN_WAIT_2", "CLOSE_WAIT", "FIN, ACK: the client sends no more")
	s.recv(s.server, "", "FIN_WAIT_2", "CLOSE_WAIT", "the server hears of it")
	s.send(s.server, "goodbye", "FIN_WAIT_2", "CLOSE_WAIT", "the other direction is still open")
	s.recv(s.client, "goodbye", "FIN_WAIT_2", "CLOSE_WAIT", "")

	// The second FIN ends the other direction. The end that closed first keeps a record,
	// to answer if the last ACK was lost and the FIN arrives again.
	s.call("server: Close", s.server.Close, "TIME_WAIT", "forgotten", "FIN, ACK")
	s.recv(s.client, "", "TIME_WAIT", "forgotten", "")
	s.call("client: Close", s.client.Close, "TIME_WAIT", "forgotten", "no socket any more, and still a state, for a minute")
}
