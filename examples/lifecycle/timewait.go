package main

import (
	"syscall"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/sockopt"
)

// timeWait shows a server that closes first, and then needs its port again.
func timeWait(s *session) {
	s.meet()
	s.call("server: Close", s.server.Close, "CLOSE_WAIT", "FIN_WAIT_2", "FIN, ACK")
	s.call("client: Close", s.client.Close, "forgotten", "TIME_WAIT", "FIN, ACK: the server closed first, so it is the one")
	s.call("server: Close the listener", s.listener.Close, "forgotten", "TIME_WAIT", "as when the program ends")

	// The next server. The old connection still uses the port, although no socket has it.
	var l *sock.Socket
	s.call("new server: Open", func() (err error) {
		l, err = s.open()
		return err
	}, "forgotten", "TIME_WAIT", "")
	bind := func() error { return l.Bind(s.name) }
	if keepsTimeWait {
		s.fails("new server: Bind: EADDRINUSE", bind, syscall.EADDRINUSE, "forgotten", "TIME_WAIT", "and so for a minute, if it does not ask")
	}
	s.call("new server: ReuseAddr", func() error { return sockopt.ReuseAddr.Set(l, true) }, "forgotten", "TIME_WAIT", "the first server had it set, too")
	s.call("new server: Bind", bind, "forgotten", "TIME_WAIT", "old connections do not matter now")
	s.call("new server: Listen", func() error { return l.Listen(0) }, "forgotten", "TIME_WAIT", "")

	// A connection is identified by two addresses and two ports. The new client has
	// another port than the old one.
	s.nextClient()
	s.listener.Socket = l
	s.call("new client: Open", s.openClient, "CLOSE", "LISTEN", "")
	s.call("new client: Connect", s.connect, "ESTABLISHED", "ESTABLISHED", "another port, another connection")
}
