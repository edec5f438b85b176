package sock

import (
	"net"
	"net/netip"

	"github.com/berkeleysockets/sock/internal/sys"
)

// PacketConn returns s as a [net.PacketConn]. ReadFrom is [Socket.RecvFrom] and WriteTo is
// [Socket.SendTo], with addresses in the form of package net; every other method of s is there
// too. It calls getsockname(2), and returns that address after Close.
//
// It has the methods that programs look for in a net.UDPConn: ReadFromUDP,
// ReadFromUDPAddrPort, ReadMsgUDP, ReadMsgUDPAddrPort, the same for Write, SyscallConn,
// SetReadBuffer, SetWriteBuffer. quic-go's fast path needs them. ipv4.NewPacketConn and
// ipv6.NewPacketConn of golang.org/x/net accept it too, for options, groups, WriteTo and batches
// of messages. Their ReadFrom accepts a *net.UDPConn alone ("invalid conn type"): receive a
// batch of one, or give them what [Socket.NetPacketConn] returns.
//
// An IPv4 address is converted to the form of the socket's family: v4-mapped for an Inet6
// socket; a v4-mapped address is unmapped for an Inet socket. A zone is a scope id in digits;
// WriteTo also takes an interface's name, which is looked up each time.
//
// A non-blocking s returns [ErrWouldBlock], which few users of a net.PacketConn expect. On a
// stream WriteTo with an address is an error, EINVAL: some kernels would send to the peer, and
// others connect. What a raw IPv4 socket reads begins with the IP header, which net.IPConn
// removes.
//
// Source: getsockname(2), recvmsg(2), sendmsg(2).
func PacketConn(s *Socket) net.PacketConn {
	if s == nil {
		s = new(Socket)
	}
	at, _ := s.Sockname()
	return &packetConn{s, at}
}

type packetConn struct {
	*Socket
	at Addr
}

// String describes the socket, with its own address. It makes no system call.
func (c *packetConn) String() string { return c.describe(c.at) }

// As golang.org/x/net and quic-go spell what they want of a net.UDPConn.
var _ interface {
	net.Conn
	ReadMsgUDP(b, oob []byte) (n, oobn, flags int, addr *net.UDPAddr, err error)
	WriteMsgUDP(b, oob []byte, addr *net.UDPAddr) (n, oobn int, err error)
	SetReadBuffer(bytes int) error
	SetWriteBuffer(bytes int) error
} = (*packetConn)(nil)

func (c *packetConn) ReadFrom(p []byte) (int, net.Addr, error) {
	n, from, err := c.RecvFrom(p, 0)
	if err != nil || !from.IsValid() {
		return n, nil, err
	}
	return n, c.netAddr(from), nil
}

func (c *packetConn) ReadFromUDP(p []byte) (int, *net.UDPAddr, error) {
	n, from, err := c.RecvFrom(p, 0)
	if err != nil {
		return n, nil, err
	}
	return n, udpAddr(from), nil
}

func (c *packetConn) ReadFromUDPAddrPort(p []byte) (int, netip.AddrPort, error) {
	n, from, err := c.RecvFrom(p, 0)
	return n, from.AddrPort(), err
}

func (c *packetConn) ReadMsgUDP(p, oob []byte) (n, oobn, flags int, from *net.UDPAddr, err error) {
	m := Message{Bufs: [][]byte{p}, Control: oob}
	if _, err := c.RecvMsg(&m, 0); err != nil {
		return 0, 0, 0, nil, err
	}
	return m.N, m.NControl, int(m.Flags), udpAddr(m.Addr), nil
}

func (c *packetConn) ReadMsgUDPAddrPort(p, oob []byte) (n, oobn, flags int, from netip.AddrPort, err error) {
	m := Message{Bufs: [][]byte{p}, Control: oob}
	if _, err := c.RecvMsg(&m, 0); err != nil {
		return 0, 0, 0, netip.AddrPort{}, err
	}
	return m.N, m.NControl, int(m.Flags), m.Addr.AddrPort(), nil
}

func (c *packetConn) WriteTo(p []byte, to net.Addr) (int, error) {
	a, err := c.addrOf(to)
	if err != nil {
		return 0, &Error{Op: "writeto", Err: err}
	}
	return c.SendTo(p, 0, a)
}

func (c *packetConn) WriteToUDP(p []byte, to *net.UDPAddr) (int, error) { return c.WriteTo(p, to) }

func (c *packetConn) WriteToUDPAddrPort(p []byte, to netip.AddrPort) (int, error) {
	a, err := c.fit(to)
	if err != nil {
		return 0, &Error{Op: "writeto", Err: err}
	}
	return c.SendTo(p, 0, a)
}

// WriteMsgUDP sends to the peer if there is no address, as in package net.
func (c *packetConn) WriteMsgUDP(p, oob []byte, to *net.UDPAddr) (n, oobn int, err error) {
	m := Message{Bufs: [][]byte{p}, Control: oob}
	if to != nil {
		if m.Addr, err = c.addrOf(to); err != nil {
			return 0, 0, &Error{Op: "writemsg", Err: err}
		}
	}
	return c.writeMsg(&m)
}

func (c *packetConn) WriteMsgUDPAddrPort(p, oob []byte, to netip.AddrPort) (n, oobn int, err error) {
	m := Message{Bufs: [][]byte{p}, Control: oob}
	if to.IsValid() {
		if m.Addr, err = c.fit(to); err != nil {
			return 0, 0, &Error{Op: "writemsg", Err: err}
		}
	}
	return c.writeMsg(&m)
}

func (c *packetConn) writeMsg(m *Message) (n, oobn int, err error) {
	if n, err = c.SendMsg(m, 0); err != nil {
		return n, 0, err
	}
	return n, len(m.Control), nil
}

func (c *packetConn) LocalAddr() net.Addr { return c.localAddr(c.at) }

func (c *packetConn) SetReadBuffer(bytes int) error { return c.setBuffer(sys.SO_RCVBUF, bytes) }

func (c *packetConn) SetWriteBuffer(bytes int) error { return c.setBuffer(sys.SO_SNDBUF, bytes) }

func (c *packetConn) setBuffer(name, bytes int) error {
	if int(int32(bytes)) != bytes {
		return invalidInput("setsockopt", "does not fit 32 bits")
	}
	if e := c.setInt(sys.SOL_SOCKET, name, bytes); e != 0 {
		return c.optionFailed("setsockopt", sys.SOL_SOCKET, name, e)
	}
	return nil
}
