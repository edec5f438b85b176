package main

import "syscall"

// refused is a connection that is none: the answer to the SYN is RST.
func refused(s *session) {
	// A socket that is bound and does not listen keeps others from the port.
	s.call("server: Open, Bind", func() error { return s.bind() }, "-", "CLOSE", "no Listen")
	s.call("client: Open", s.openClient, "CLOSE", "CLOSE", "")
	s.fails("client: Connect: ECONNREFUSED", s.connect, syscall.ECONNREFUSED, "CLOSE", "-", "SYN, RST: from SYN_SENT back to CLOSE")
}
