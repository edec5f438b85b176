package main

import (
	"runtime"

	"github.com/berkeleysockets/sock"
)

// backlog shows what happens before Accept, and without Accept: the kernel makes
// connections, they wait, and when enough of them wait it makes no more.
func backlog(s *session) {
	s.call("server: Listen(1)", func() error { return s.listen(1) }, "-", "LISTEN", "one may wait; Linux means: more than one is too many")
	s.theClient("1st")
	s.call("1st client: Open", s.openClient, "CLOSE", "LISTEN", "")
	s.call("1st client: Connect", s.connect, "ESTABLISHED", "ESTABLISHED", "connected, and nobody has called Accept")
	s.send(s.client, "hello?", "ESTABLISHED", "ESTABLISHED", "the kernel keeps it for the server")
	first, firstServer := s.client, s.server

	s.theClient("2nd")
	s.call("2nd client: Open", s.openClient, "CLOSE", "LISTEN", "")
	s.call("2nd client: Connect", s.connect, "ESTABLISHED", "ESTABLISHED", "now the backlog is full")

	if runtime.GOOS != "linux" {
		return // the fate of a third differs between systems
	}
	// A listener with a full backlog sends no RST, because there may be room soon.
	s.theClient("3rd")
	s.call("3rd client: Open", s.openClient, "CLOSE", "LISTEN", "")
	s.fails("3rd client: Connect", s.connectLater, sock.ErrInProgress, "SYN_SENT", "-", "SYN, and no answer: the call is not done (ErrInProgress)")
	third, thirdServer := s.client, s.server

	s.client, s.server = first, firstServer
	s.call("server: Accept the 1st", s.accept, "ESTABLISHED", "ESTABLISHED", "there is room again")
	s.client, s.server = third, thirdServer
	s.call("3rd client: waits", nil, "ESTABLISHED", "ESTABLISHED", "SYN once more, a second later, SYN+ACK, ACK")
	s.call("3rd client: ConnectResult", s.client.ConnectResult, "ESTABLISHED", "ESTABLISHED", "")

	// A client that was not accepted learns of the end from the kernel alone.
	s.call("server: Close the listener", s.listener.Close, "CLOSE", "forgotten", "RST to all in the backlog")
	s.client, s.server = first, firstServer
	s.recv(s.server, "hello?", "ESTABLISHED", "ESTABLISHED", "the 1st was accepted, and lives on")
}
