package sock

import (
	"net"
	"syscall"
)

// LocalAddr returns the socket's own address as package net has it:
// *net.TCPAddr, *net.UDPAddr, *net.IPAddr or *net.UnixAddr by domain and type,
// [Addr.String] for the rest. It calls getsockname(2). After Close it is the
// family's unspecified address.
func (s *Socket) LocalAddr() net.Addr {
	a, _ := s.Name()
	return s.netAddr(a)
}

// RemoteAddr returns the address of the other end as package net has it, nil if
// there is none. It calls getpeername(2); when that does not tell, after a reset
// or Close, it returns what Accept, Connect or ConnectResult learned.
func (s *Socket) RemoteAddr() net.Addr {
	a, err := s.Peer()
	if err != nil {
		known := s.peer.Load()
		if known == nil {
			return nil
		}
		a = *known
	}
	return s.netAddr(a)
}

func (s *Socket) netAddr(a Addr) net.Addr {
	switch s.Domain() {
	case Inet, Inet6:
		ap := a.AddrPort()
		var ip net.IP
		if ap.Addr().IsValid() {
			ip = ap.Addr().AsSlice()
		}
		switch s.Type() {
		case Stream, SeqPacket:
			return &net.TCPAddr{IP: ip, Port: int(ap.Port()), Zone: ap.Addr().Zone()}
		case Dgram:
			return &net.UDPAddr{IP: ip, Port: int(ap.Port()), Zone: ap.Addr().Zone()}
		}
		return &net.IPAddr{IP: ip, Zone: ap.Addr().Zone()}
	case Unix:
		return s.unixAddr(a)
	}
	return otherAddr{s.Domain(), a}
}

var unixNetworks = map[Type]string{Stream: "unix", Dgram: "unixgram", SeqPacket: "unixpacket"}

func (s *Socket) unixAddr(a Addr) *net.UnixAddr {
	name := a.Path()
	if n, ok := a.Abstract(); ok {
		name = "@" + n // package net's way to write it
	}
	return &net.UnixAddr{Name: name, Net: unixNetworks[s.Type()]}
}

// otherAddr is a net.Addr of a family that package net does not have.
type otherAddr struct {
	domain Domain
	addr   Addr
}

func (o otherAddr) Network() string { return o.domain.String() }
func (o otherAddr) String() string  { return o.addr.String() }

// A Socket is at home where package net's connections are.
var (
	_ net.Conn     = (*Socket)(nil)
	_ syscall.Conn = (*Socket)(nil)
)
