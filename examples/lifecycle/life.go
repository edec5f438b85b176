package main

import "github.com/berkeleysockets/sock/sockopt"

// life is a connection from its beginning to its end, as nearly all of them go.
func life(s *session) {
	// The server's address has to be there before the client comes.
	l := &s.listener
	s.call("server: Open", func() (err error) {
		l.Socket, err = s.open(sockopt.ReuseAddr.With(true)) // the last act says why
		return err
	}, "-", "CLOSE", "a socket, and no address yet")
	s.call("server: Bind", func() error {
		if err := l.Bind(s.at); err != nil {
			return err
		}
		return s.isAt(l.Socket) // where Bind was given port 0, the kernel chose one
	}, "-", "CLOSE", "an address, and nobody may come yet")
	s.call("server: Listen", func() error { return l.Listen(0) }, "-", "LISTEN", "this socket stays so, and is never connected")

	// The handshake has three ways: SYN, SYN+ACK, ACK. The kernels make it
	// between them: the server's program is not asked.
	s.call("client: Open", s.openClient, "CLOSE", "LISTEN", "")
	s.call("client: Connect", s.connect, "ESTABLISHED", "ESTABLISHED", "SYN, SYN+ACK, ACK; the server's end is in the backlog")
	s.call("server: Accept", s.accept, "ESTABLISHED", "ESTABLISHED", "now it has a socket, a new one")

	// Data moves bytes, and no state.
	s.send(s.client, "hello", "ESTABLISHED", "ESTABLISHED", "")
	s.recv(s.server, "hello", "ESTABLISHED", "ESTABLISHED", "")

	// A half-close ends one direction.
	s.call("client: CloseWrite", s.client.CloseWrite, "FIN_WAIT_2", "CLOSE_WAIT", "FIN, ACK: the client sends no more")
	s.recv(s.server, "", "FIN_WAIT_2", "CLOSE_WAIT", "the server hears of it")
	s.send(s.server, "goodbye", "FIN_WAIT_2", "CLOSE_WAIT", "the other direction is still open")
	s.recv(s.client, "goodbye", "FIN_WAIT_2", "CLOSE_WAIT", "")

	// The second FIN ends the other. Who closed first keeps the memory of it,
	// to answer if the last ACK was lost and the FIN comes again.
	s.call("server: Close", s.server.Close, "TIME_WAIT", "forgotten", "FIN, ACK")
	s.recv(s.client, "", "TIME_WAIT", "forgotten", "")
	s.call("client: Close", s.client.Close, "TIME_WAIT", "forgotten", "no socket any more, and still a state, for a minute")
}
