package sock

import (
	"errors"
	"iter"
	"net/netip"
	"strconv"

	"github.com/berkeleysockets/sock/cmsg"
	"github.com/berkeleysockets/sock/internal/sockfd"
	"github.com/berkeleysockets/sock/internal/sys"
)

// SendTo sends p to an address: one sendto(2). With the zero Addr it is Send.
//
// On a unix datagram socket whose receiver is full it waits (Linux). If the socket is not
// connected it tries again at least every millisecond, since no readiness reports the room.
// The BSDs return ENOBUFS.
//
// Errors: those of [Socket.Send]; EAFNOSUPPORT and EINVAL (an address of another family),
// EISCONN (a connected socket; not on Linux), EACCES (broadcast, unix permissions),
// ENETUNREACH, EHOSTUNREACH, ENOENT (unix paths), EPERM (a firewall).
//
// Source: sendto(2).
func (s *Socket) SendTo(p []byte, flags Flags, to Addr) (int, error) {
	return s.sendto("sendto", p, flags, &to)
}

// RecvFrom receives a datagram and its sender's address: one recvfrom(2). The address is the
// zero Addr if there is none: on a stream, or from a unix sender that did not bind. An empty
// datagram is (0, its sender, nil). It allocates only for a unix sender with a path above 28
// bytes.
//
// Errors: those of [Socket.Recv].
//
// Source: recvfrom(2).
func (s *Socket) RecvFrom(p []byte, flags Flags) (n int, from Addr, err error) {
	var name sys.Name
	n, err = s.recvfrom("recvfrom", p, flags, &name)
	if err != nil {
		return n, Addr{}, err
	}
	return n, sourceAddr(name.Bytes()), nil
}

// A Message is the argument of SendMsg and RecvMsg: data in several buffers, control
// messages (ancillary data), and an address.
type Message struct {
	Bufs    [][]byte // the data; RecvMsg fills them in order
	Control []byte   // control messages as the kernel has them; RecvMsg fills it
	Addr    Addr     // the receiver, or the sender; zero is none

	N        int   // received: bytes of data
	NControl int   // received: bytes of control messages
	Flags    Flags // received: Trunc, CTrunc, EOR, OOB, ErrQueue
}

// String describes the message by its sizes, address and flags, not its data.
func (m Message) String() string {
	size := 0
	for _, b := range m.Bufs {
		size += len(b)
	}
	text := "message: " + strconv.Itoa(size) + " bytes in " + strconv.Itoa(len(m.Bufs)) + " buffers"
	if len(m.Control) > 0 {
		text += ", " + strconv.Itoa(len(m.Control)) + " of control messages"
	}
	if m.Addr.IsValid() {
		text += ", address " + m.Addr.String()
	}
	if m.N != 0 || m.NControl != 0 || m.Flags != 0 {
		text += "; received " + strconv.Itoa(m.N) + " and " + strconv.Itoa(m.NControl)
	}
	if m.Flags != 0 {
		text += ", " + m.Flags.String()
	}
	return text
}

// Controls returns an iterator over the control messages that RecvMsg received, the first
// NControl bytes of Control. It makes no call, and allocates as [cmsg.All] does.
//
// Source: cmsg(3).
func (m *Message) Controls() iter.Seq[cmsg.Message] {
	return cmsg.All(m.Control[:max(0, min(m.NControl, len(m.Control)))])
}

// SendMsg sends a message: one sendmsg(2). Without buffers it is an empty message, which may
// still carry control messages (not on macOS and OpenBSD: EOPNOTSUPP).
//
// Control messages of package cmsg that this datagram or this socket cannot use are an error,
// though the kernel ignores them: those of IPv6 to an IPv4 or v4-mapped destination and those of
// IPv4 to an IPv6 one, those of IP, UDP, marks and times on a stream, descriptors on any but a
// unix socket. A connected Inet6 socket compares them with the peer of its Connect; an adopted
// one, or one that Connect has not connected, calls getpeername(2). Messages of another level
// are passed to the kernel, which ignores those that it does not know.
//
// Errors: those of [Socket.SendTo]; EMSGSIZE (more than 1,024 buffers), EINVAL (control
// messages that the kernel does not understand, or that do not fit; a nil Message).
//
// Source: sendmsg(2), cmsg(3).
func (s *Socket) SendMsg(m *Message, flags Flags) (int, error) {
	if m == nil {
		return 0, invalidInput("sendmsg", "no message")
	}
	if flags&unsendable != 0 {
		return 0, s.refusedFlags("sendmsg", flags)
	}
	if len(m.Bufs) > sys.MaxVectors {
		return 0, opError("sendmsg", m.Addr.clone(), sys.EMSGSIZE)
	}
	if len(m.Control) > 0 {
		if err := s.checkControl("sendmsg", m.Control, &m.Addr); err != nil {
			return 0, s.orClosed("sendmsg", err)
		}
	}
	tries, to := 0, &m.Addr
	for {
		n, e := s.callSendmsg(m.Bufs, m.Control, to, flags)
		if e == 0 {
			return n, nil
		}
		if e == sys.EINPROGRESS && flags&fastOpenIfAny != 0 {
			if e = s.fastOpening(flags); e == 0 {
				flags, to = flags&^FastOpen, nil
				continue
			}
		}
		if e = s.fd.Retry(e, sockfd.Write, int(flags), &tries); e != 0 {
			return 0, s.addrResult("sendmsg", &m.Addr, e)
		}
	}
}

// RecvMsg receives a message: one recvmsg(2). It sets Addr, N, NControl and Flags, and
// returns N. Trunc in Flags reports that the datagram was longer than the buffers, CTrunc
// that control messages were cut. Received descriptors are close-on-exec where the kernel
// can do it (not on macOS).
//
// WaitAll has the kernel's effect for a non-blocking descriptor: none. On an error m is
// unchanged.
//
// Errors: those of [Socket.Recv]; EMSGSIZE (more than 1,024 buffers), EINVAL (a nil
// Message).
//
// Source: recvmsg(2), cmsg(3).
func (s *Socket) RecvMsg(m *Message, flags Flags) (int, error) {
	if m == nil {
		return 0, invalidInput("recvmsg", "no message")
	}
	if flags < 0 {
		return 0, s.unsupportedOrClosed("recvmsg", "a flag")
	}
	if len(m.Bufs) > sys.MaxVectors {
		return 0, opError("recvmsg", Addr{}, sys.EMSGSIZE)
	}
	var name sys.Name
	tries := 0
	if e := s.fd.Prepare(sockfd.Read, int(flags), &tries); e != 0 {
		return 0, opResult("recvmsg", e)
	}
	hasRoom := room(m.Bufs)
	for {
		var n, nc, got int
		e := s.awaitsData(hasRoom, flags)
		if e == 0 {
			n, nc, got, e = s.callRecvmsg(m.Bufs, m.Control, &name, flags)
		}
		if e == 0 {
			m.Addr, m.N, m.NControl, m.Flags = sourceAddr(name.Bytes()), n, nc, Flags(got)
			return n, nil
		}
		if e = s.fd.Retry(e, sockfd.Read, int(flags), &tries); e == errnoShut {
			m.Addr, m.N, m.NControl, m.Flags = Addr{}, 0, 0, 0
		}
		if e != 0 {
			return 0, opResult("recvmsg", e)
		}
	}
}

// checkBuilt is cmsg.Check as an error of op.
func checkBuilt(op string, control []byte) error {
	switch err := cmsg.Check(control); {
	case err == nil:
		return nil
	case errors.Is(err, errors.ErrUnsupported):
		return unsupported(op, "a control message")
	}
	return invalidInput(op, "a control message with a value that does not fit")
}

// checkControl is checkBuilt, and refuses the messages that the kernel would ignore.
func (s *Socket) checkControl(op string, control []byte, to *Addr) error {
	if err := checkBuilt(op, control); err != nil {
		return err
	}
	if wrong := s.misfit(control, to); wrong != "" {
		return misfitError(op, to.clone(), wrong)
	}
	return nil
}

func misfitError(op string, to Addr, wrong string) error {
	return &Error{Op: op, Addr: to, Err: &inputError{"a control message " + wrong, sys.EINVAL}}
}

// misfit says for what the first control message is that the kernel would ignore; "" if there
// is none.
func (s *Socket) misfit(control []byte, to *Addr) string {
	domain, ty := s.Domain(), s.Type()
	ip, known := domain == Inet || domain == Inet6, true
	switch domain {
	case Inet, Inet6, Unix, Packet, Netlink, VSock:
	default:
		known = false
	}
	for m, rest, ok := cmsg.Next(control); ok; m, rest, ok = cmsg.Next(rest) {
		invalid := m.Level == sys.SOL_SOCKET && m.Type == -1
		switch {
		case invalid: // of a builder: not every protocol reads it
			return "with a value that does not fit"
		case !known:
			continue
		}
		switch m.Level {
		case sys.SOL_SOCKET:
			switch m.Type {
			case sys.SCM_RIGHTS, sys.SCM_CREDENTIALS, sys.SCM_CREDS:
				if ip || domain == Packet || domain == VSock {
					return "for unix sockets"
				}
			case sys.SO_MARK, sys.SO_PRIORITY, sys.SCM_TXTIME:
				if ip && (ty == Stream || ty == SeqPacket) || domain == VSock {
					return "for datagrams"
				}
			case sys.SO_TIMESTAMPING:
				if domain == VSock || s.Protocol() == MPTCP {
					return "for another kind of socket"
				}
			}
		case sys.IPPROTO_UDP:
			if p := s.Protocol(); !ip || ty != Dgram || p == ICMP || p == ICMPv6 {
				return "for UDP"
			}
		case sys.IPPROTO_IP:
			if !ip || ty != Dgram && ty != Raw || domain == Inet6 && (ty == Raw || s.sendsIPv4(to) == no) {
				return "for IPv4 datagrams"
			}
		case sys.IPPROTO_IPV6:
			if domain != Inet6 || ty != Dgram && ty != Raw || m.Type != sys.IPV6_PKTINFO && s.sendsIPv4(to) == yes {
				return "for IPv6 datagrams"
			}
		}
	}
	return ""
}

type answer byte

const (
	unknown answer = iota
	no
	yes
)

// sendsIPv4 reports whether what an Inet6 socket sends to an address, or to its peer, is IPv4.
func (s *Socket) sendsIPv4(to *Addr) answer {
	if !to.IsValid() {
		peer := s.peer.Load()
		if peer == nil {
			a, err := s.Peername()
			if err != nil {
				return unknown // the send fails
			}
			peer = &a
		}
		to = peer
	}
	switch ip, _, _, ok := sys.Inet6(to.bytes()); {
	case !ok:
		return unknown
	case netip.AddrFrom16(ip).Is4In6():
		return yes
	}
	return no
}
