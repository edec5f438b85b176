package main

import (
	"errors"
	"syscall"
	"time"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/sockopt"
)

// lost is a filter that drops every segment: for its socket the network seems to lose
// everything. The other side sends again and again.
var lost = []sock.FilterInstruction{{Op: 0x06, K: 0}} // BPF_RET

// errPrivilege ends an act that needs lost: newer Linux kernels require a privilege for a
// filter on a TCP socket.
var errPrivilege = errors.New("the kernel refuses the filter: on a TCP socket it asks for the privilege CAP_NET_ADMIN; run as root to see the rest of this act")

// lossy is a life in slow motion. On one computer the answer to a segment arrives before
// the call returns, and some states are over at once. If the answer is lost, they last.
func lossy(s *session) {
	// With TCPDeferAccept the kernel drops the third segment of the handshake, and waits
	// for data. The client does not notice.
	s.call("server: Listen", func() error {
		return s.listen(0, sockopt.TCPDeferAccept.With(10*time.Minute))
	}, "-", "LISTEN", "TCPDeferAccept: no connection without data")
	s.call("client: Open", s.openClient, "CLOSE", "LISTEN", "")
	s.call("client: Connect", s.connect, "ESTABLISHED", "SYN_RECV", "SYN, SYN+ACK, and the ACK is dropped")
	s.send(s.client, "hello", "ESTABLISHED", "ESTABLISHED", "its segment is an ACK, too")
	s.call("server: Accept", s.accept, "ESTABLISHED", "ESTABLISHED", "")
	s.recv(s.server, "hello", "ESTABLISHED", "ESTABLISHED", "")

	s.call("server: AttachFilter", s.loses(s.server), "ESTABLISHED", "ESTABLISHED", "what the client sends is lost now")
	s.call("client: CloseWrite", s.client.CloseWrite, "FIN_WAIT_1", "ESTABLISHED", "FIN: lost, no ACK")
	s.call("server: DetachFilter", s.server.DetachFilter, "FIN_WAIT_2", "CLOSE_WAIT", "FIN once more, ACK")

	s.call("client: AttachFilter", s.loses(s.client), "FIN_WAIT_2", "CLOSE_WAIT", "what the server sends is lost now")
	s.call("server: Close", s.server.Close, "FIN_WAIT_2", "LAST_ACK", "FIN: lost, no ACK; the kernel goes on without a socket")
	s.call("client: DetachFilter", s.client.DetachFilter, "TIME_WAIT", "forgotten", "FIN once more, ACK")
	s.call("client: Close", s.client.Close, "TIME_WAIT", "forgotten", "")
}

// crossing: both ends close before either has received the other's FIN.
func crossing(s *session) {
	s.meet()
	s.call("client: AttachFilter", s.loses(s.client), "ESTABLISHED", "ESTABLISHED", "both directions lose everything")
	s.call("server: AttachFilter", s.loses(s.server), "ESTABLISHED", "ESTABLISHED", "")
	s.call("client: CloseWrite", s.client.CloseWrite, "FIN_WAIT_1", "ESTABLISHED", "FIN: lost")
	s.call("server: CloseWrite", s.server.CloseWrite, "FIN_WAIT_1", "FIN_WAIT_1", "FIN: lost. The two have crossed")
	s.call("server: DetachFilter", s.server.DetachFilter, "FIN_WAIT_1", "CLOSING", "the client's FIN once more; the ACK is lost")
	s.call("client: DetachFilter", s.client.DetachFilter, "TIME_WAIT", "TIME_WAIT", "the server's FIN once more; ACK")
	s.call("client: Close", s.client.Close, "TIME_WAIT", "TIME_WAIT", "nobody was first: both keep the memory")
	s.call("server: Close", s.server.Close, "TIME_WAIT", "TIME_WAIT", "")
}

func (s *session) loses(e *end) func() error {
	return func() error {
		err := e.AttachFilter(lost)
		if errors.Is(err, syscall.EPERM) {
			return errPrivilege
		}
		return err
	}
}
