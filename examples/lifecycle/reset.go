package main

import (
	"runtime"
	"syscall"

	"github.com/berkeleysockets/sock/sockopt"
)

// reset shows a connection that ends at once: one segment, RST, which has no answer.
// Neither kernel keeps an end, there is no TIME_WAIT, and data in flight is lost.
func reset(s *session) {
	// First: the program asks for it. Close with a Linger of zero time is an abort.
	s.meet()
	s.call("client: Linger 0", func() error {
		return sockopt.Linger.Set(s.client.Socket, sockopt.LingerValue{On: true})
	}, "ESTABLISHED", "ESTABLISHED", "Close is not to wait for anything")
	s.call("client: Close", s.client.Close, "forgotten", "CLOSE", "RST")
	s.fails("server: Recv: ECONNRESET", s.receives(s.server), syscall.ECONNRESET, "forgotten", "CLOSE", "an error, not the 0 of an end")
	s.fails("server: Send: EPIPE", s.sends(s.server), syscall.EPIPE, "forgotten", "CLOSE", "the error comes once; from now on this")

	// Second: Close with data that was not received. The client must not believe that it
	// was received, so it gets an error.
	s.meet()
	s.send(s.client, "hello", "ESTABLISHED", "ESTABLISHED", "")
	if runtime.GOOS == "freebsd" {
		s.call("server: Close", s.server.Close, "CLOSE_WAIT", "forgotten", "FIN: FreeBSD does not say that there was data")
	} else {
		s.call("server: Close", s.server.Close, "CLOSE", "forgotten", "RST: there was data that nobody has received")
		s.fails("client: Recv: ECONNRESET", s.receives(s.client), syscall.ECONNRESET, "CLOSE", "forgotten", "")
	}

	// Third: data for an end that is closed. The first Send succeeds, because its own
	// kernel does not know yet.
	s.meet()
	s.call("server: Close", s.server.Close, "CLOSE_WAIT", "FIN_WAIT_2", "FIN, ACK: it may still be a half-close")
	s.send(s.client, "hello", "CLOSE", "forgotten", "RST: nobody is there to receive it")
	s.fails("client: Send: EPIPE", s.sends(s.client), syscall.EPIPE, "CLOSE", "forgotten", "")
}
