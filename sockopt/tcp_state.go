package sockopt

import "strconv"

// A TCPState is the state of one end of a TCP connection (RFC 9293), with Linux's numbers:
// those of [TCPInfoValue] and of sock_diag.
//
// Source: tcp(7), sock_diag(7).
type TCPState uint8

// The states, in the order of the numbers.
const (
	TCPEstablished TCPState = iota + 1 // both ends may send
	TCPSynSent                         // a SYN was sent; Connect waits for the answer
	TCPSynRecv                         // a SYN was received and answered; the answer is not acknowledged yet
	TCPFinWait1                        // this end has sent its FIN; the peer has not acknowledged it
	TCPFinWait2                        // the peer has acknowledged the FIN, and may still send
	TCPTimeWait                        // both ends have sent their FIN; waiting for late segments
	TCPClosed                          // no connection
	TCPCloseWait                       // the peer has sent its FIN; this end may still send
	TCPLastAck                         // this end has sent its FIN after that; the peer has not acknowledged it
	TCPListen                          // waiting for connections
	TCPClosing                         // both ends have sent their FIN at the same time
	TCPNewSynRecv                      // as TCPSynRecv, before there is a socket
)

var tcpStates = [...]string{
	TCPEstablished: "ESTABLISHED", TCPSynSent: "SYN_SENT", TCPSynRecv: "SYN_RECV", TCPFinWait1: "FIN_WAIT_1", TCPFinWait2: "FIN_WAIT_2",
	TCPTimeWait: "TIME_WAIT", TCPClosed: "CLOSE", TCPCloseWait: "CLOSE_WAIT", TCPLastAck: "LAST_ACK", TCPListen: "LISTEN", TCPClosing: "CLOSING",
	TCPNewSynRecv: "SYN_RECV",
}

// String returns the name that netstat(8) prints, such as "TIME_WAIT". For an unknown state
// it returns the number.
func (s TCPState) String() string {
	if int(s) < len(tcpStates) && s > 0 {
		return tcpStates[s]
	}
	return strconv.Itoa(int(s))
}
