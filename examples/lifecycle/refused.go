package main

import "syscall"

// refused shows an attempt to connect that fails: the answer to the SYN is RST.
func refused(s *session) {
	// A bound socket that does not listen keeps the port from other sockets.
	s.call("server: Open, Bind", func() error { return s.bind() }, "-", "CLOSE", "no Listen")
	s.call("client: Open", s.openClient, "CLOSE", "CLOSE", "")
	s.fails("client: Connect: ECONNREFUSED", s.connect, syscall.ECONNREFUSED, "CLOSE", "-", "SYN, RST: from SYN_SENT back to CLOSE")
}
