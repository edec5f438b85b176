package sock

import (
	"github.com/berkeleysockets/sock/cmsg"
	"github.com/berkeleysockets/sock/internal/sys"
)

// A Report is one entry of a Socket's error queue. It is about a packet that was sent.
type Report struct {
	N        int                // bytes of the packet that were received; Flags reports if some were cut
	To       Addr               // where it was sent to; zero if that is not known
	Flags    Flags              // ErrQueue; Trunc, CTrunc
	Extended cmsg.ExtendedError // what became of it
	Time     cmsg.Timestamps    // of a transmit timestamp
}

// Timestamp returns the id of the send and the moment that the Report's Time is of. The id
// counts datagrams since the option sockopt.Timestamping was set with
// sockopt.TimestampingOptID; on a stream it counts bytes, and is that of the send's last byte.
func (r *Report) Timestamp() (id uint32, moment cmsg.Moment, ok bool) {
	return r.Extended.Data, cmsg.Moment(r.Extended.Info), r.Extended.Origin == cmsg.OriginTimestamping
}

// ZeroCopy returns which sends of [Socket.SendZeroCopy] are complete: the ids from first to
// last. copied reports that the kernel copied the data after all, so that nothing was saved.
func (r *Report) ZeroCopy() (first, last uint32, copied, ok bool) {
	const copiedCode = 1 // SO_EE_CODE_ZEROCOPY_COPIED
	return r.Extended.Info, r.Extended.Data, r.Extended.Code&copiedCode != 0, r.Extended.Origin == cmsg.OriginZeroCopy
}

// RecvErr receives one Report from the error queue: one recvmsg(2) with MSG_ERRQUEUE. It
// never waits and no deadline applies: an empty queue is [ErrWouldBlock]. [Socket.Wait] with
// Failed waits for a report, and a [Poller] reports Failed while there is one (once if it
// watches for nothing else). p receives the beginning of the packet, and may be empty.
//
// ICMP errors arrive here with the options sockopt.IPRecvErr and sockopt.IPv6RecvErr,
// transmit timestamps with sockopt.Timestamping, completions after SendZeroCopy. RecvErr
// allocates nothing. [Socket.RecvMsg] with ErrQueue returns the entry as the kernel has it.
//
// The two options do not take an error away from the other calls. The next send or receive, or
// sockopt.Error, returns it too, once, unless RecvErr is first. With them that is every error,
// on a socket without a peer as well, EHOSTUNREACH and EMSGSIZE among them, and a send that
// the queue of the interface drops returns ENOBUFS. Without them a datagram socket returns the
// final errors alone, such as ECONNREFUSED, of its peer alone, and drops without an error.
//
// When the queue is empty RecvErr calls getsockopt(2) with SO_ERROR, which takes a pending
// error, and returns it: Wait with Failed reports that too, and would go on to.
//
// A report of SendZeroCopy releases the buffers of the sends that are complete. RecvMsg and
// RecvBatch release them too if there is room for the control message. If another call
// receives the report, or a process that shares the socket, they stay until Close.
//
// Errors: [ErrWouldBlock], the socket's pending error (ECONNREFUSED, ECONNRESET, EHOSTUNREACH
// ...), net.ErrClosed, [errors.ErrUnsupported] (not Linux; unix and
// netlink sockets, which have no such queue).
//
// Source: recv(2), ip(7), https://docs.kernel.org/networking/timestamping.html
func (s *Socket) RecvErr(p []byte) (r Report, err error) {
	if d := s.Domain(); ErrQueue < 0 || d == Unix || d == Netlink { // whose kernel passes over the flag, and would hand out data
		return r, s.unsupportedOrClosed("recverr", "an error queue")
	}
	var name sys.Name
	var control [roomForReport]byte
	n, nc, got, e := s.callRecvmsg([][]byte{p}, control[:], &name, ErrQueue)
	if e == sys.EAGAIN {
		if pending, e := s.getInt(sys.SOL_SOCKET, sys.SO_ERROR); e == 0 && pending != 0 {
			return r, opError("recverr", Addr{}, sys.Errno(pending))
		}
	}
	if e != 0 {
		return r, opResult("recverr", e)
	}
	r.N, r.To, r.Flags = min(n, len(p)), addrFromKernel(name.Bytes()), Flags(got)
	for m, rest, ok := cmsg.Next(control[:nc]); ok; m, rest, ok = cmsg.Next(rest) { // see cmsg.All
		if x, ok := m.ExtendedError(); ok {
			r.Extended = x
		} else if t, ok := m.Timestamps(); ok {
			r.Time = t
		}
	}
	return r, nil
}

// roomForReport is enough for the error and every control message that an option asks for.
const roomForReport = 512
