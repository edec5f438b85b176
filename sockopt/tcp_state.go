package sockopt

import "strconv"

// A TCPState is the state of an end of a TCP connection (RFC 9293), by Linux's
// numbers: in [TCPInfoValue], and in the answers of sock_diag.
//
// Source: tcp(7), sock_diag(7).
type TCPState uint8

// The states, in the order of the numbers.
const (
	TCPEstablished TCPState = iota + 1 // both may send
	TCPSynSent                         // Connect is waiting for an answer
	TCPSynRecv                         // and has been answered, which is not confirmed
	TCPFinWait1                        // we have ended our half; the peer has not confirmed it
	TCPFinWait2                        // it has, and may still send
	TCPTimeWait                        // both have; what is late is awaited
	TCPClosed                          // no connection, or none any more
	TCPCloseWait                       // the peer has ended its half, and we may still send
	TCPLastAck                         // we have too; it has not confirmed that
	TCPListen                          // waits for connections
	TCPClosing                         // both have ended, at the same time
	TCPNewSynRecv                      // a TCPSynRecv that has no socket yet
)

var tcpStates = [...]string{
	TCPEstablished: "ESTABLISHED", TCPSynSent: "SYN_SENT", TCPSynRecv: "SYN_RECV", TCPFinWait1: "FIN_WAIT_1", TCPFinWait2: "FIN_WAIT_2",
	TCPTimeWait: "TIME_WAIT", TCPClosed: "CLOSE", TCPCloseWait: "CLOSE_WAIT", TCPLastAck: "LAST_ACK", TCPListen: "LISTEN", TCPClosing: "CLOSING",
	TCPNewSynRecv: "SYN_RECV",
}

// String returns the name that netstat(8) gives a state, "TIME_WAIT"; of a number that
// is none, the number.
func (s TCPState) String() string {
	if int(s) < len(tcpStates) && s > 0 {
		return tcpStates[s]
	}
	return strconv.Itoa(int(s))
}
