package sock

import (
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"syscall"

	"github.com/berkeleysockets/sock/internal/sys"
)

// FromConn makes a Socket of a duplicate of the descriptor of c: a [net.Conn],
// [net.Listener] or [net.PacketConn] of package net, or an [os.File] that is a socket. The
// two share one kernel socket, and the caller must close both. It calls fcntl(2) with
// F_DUPFD_CLOEXEC, then as [FromFD].
//
// Errors: ENOTSOCK (a file that is no socket), EMFILE, net.ErrClosed and os.ErrClosed.
//
// Source: fcntl(2).
func FromConn(c syscall.Conn) (*Socket, error) {
	if c == nil {
		return nil, invalidInput("fromconn", "no connection")
	}
	rc, err := c.SyscallConn()
	if err != nil {
		return nil, &Error{Op: "fromconn", Err: err}
	}
	return fromRawConn(rc)
}

func fromRawConn(rc syscall.RawConn) (*Socket, error) {
	var old, fd int
	var e sys.Errno
	tr, start := tracing()
	if err := rc.Control(func(n uintptr) { old = int(n); fd, e = sys.Dup(old) }); err != nil {
		return nil, &Error{Op: "fromconn", Err: err}
	}
	if tr != nil {
		tr.emit(Call{Name: "fcntl", Args: dupArgs}, old, fd, e, start)
	}
	if e != 0 {
		return nil, opError("fromconn", Addr{}, e)
	}
	s, err := FromFD(fd)
	if err != nil {
		closeFD(fd)
		return nil, err
	}
	return s, nil
}

// Control returns a function that applies settings to a socket of package net before it is
// bound or connected: for [net.Dialer.Control] and [net.ListenConfig.Control]. Package net
// closes the socket if a setting fails, and returns the error.
//
// It calls [FromConn], so that the settings see a Socket of a duplicate descriptor, and Close.
// A setting must not keep that Socket.
//
// Errors: those of FromConn and of the settings.
func Control(set ...Setting) func(network, address string, c syscall.RawConn) error {
	return func(_, _ string, c syscall.RawConn) error {
		s, err := fromRawConn(c)
		if err != nil {
			return err
		}
		defer s.Close()
		for _, o := range set {
			if o == nil {
				continue
			}
			if err := o(s); err != nil {
				return err
			}
		}
		return nil
	}
}

// NetConn hands the socket over to package net. It returns a *net.TCPConn, *net.UDPConn,
// *net.IPConn or *net.UnixConn, by the kind of socket, and closes s, which wakes its calls.
// On an error s is unchanged. [FromConn] is the way back.
//
// It calls [Socket.File], [net.FileConn] and Close. Package net sets TCP_NODELAY and
// keep-alive on a TCP connection.
//
// Errors: ENOTCONN (a stream without a peer: it listens, or is not connected),
// EPROTONOSUPPORT and EAFNOSUPPORT (a family that package net does not have), EMFILE,
// net.ErrClosed.
func (s *Socket) NetConn() (net.Conn, error) {
	if s.Type().connected() && s.peer.Load() == nil {
		if _, err := s.Peername(); err != nil {
			return nil, &Error{Op: "netconn", Err: errors.Unwrap(err)}
		}
	}
	return toNet(s, "netconn", net.FileConn)
}

// NetListener hands a listening socket over to package net. It returns a *net.TCPListener or
// *net.UnixListener, and closes s, as [Socket.NetConn] does. The path of a unix listener is
// not removed when it is closed. It calls [net.FileListener].
//
// Errors: EINVAL (it does not listen), EPROTONOSUPPORT, EAFNOSUPPORT, EMFILE,
// net.ErrClosed.
func (s *Socket) NetListener() (net.Listener, error) {
	listening, e := s.getInt(sys.SOL_SOCKET, sys.SO_ACCEPTCONN)
	switch {
	case e == errnoClosed:
		return nil, opError("netlistener", Addr{}, e)
	case e == 0 && listening == 0:
		return nil, invalidInput("netlistener", "it does not listen")
	}
	return toNet(s, "netlistener", net.FileListener)
}

// NetPacketConn hands a datagram or raw socket over to package net. It returns a
// *net.UDPConn, *net.IPConn or *net.UnixConn, and closes s, as [Socket.NetConn] does. It
// calls [net.FilePacketConn].
//
// Errors: EINVAL (a stream), EPROTONOSUPPORT, EMFILE, net.ErrClosed.
func (s *Socket) NetPacketConn() (net.PacketConn, error) {
	if s.Type().connected() {
		if e := s.fd.Check(0); e != 0 {
			return nil, opError("netpacketconn", Addr{}, e)
		}
		return nil, invalidInput("netpacketconn", "a stream")
	}
	return toNet(s, "netpacketconn", net.FilePacketConn)
}

// toNet gives package net a duplicate, and closes s if that succeeds.
func toNet[T io.Closer](s *Socket, op string, take func(*os.File) (T, error)) (conn T, err error) {
	var none T
	fd, e := s.dup()
	if e != 0 {
		return none, opError(op, Addr{}, e)
	}
	f := os.NewFile(uintptr(fd), "socket")
	defer f.Close()
	conn, err = take(f) // of a duplicate of its own
	if err != nil {
		if oe, ok := err.(*net.OpError); ok {
			err = oe.Err // its words around it are "file file+net"
		}
		return none, &Error{Op: op, Err: err}
	}
	if err := s.Close(); errors.Is(err, net.ErrClosed) { // another was faster
		conn.Close()
		return none, opError(op, Addr{}, errnoClosed)
	}
	return conn, nil
}

// LocalAddr returns the socket's own address in the form of package net: *net.TCPAddr,
// *net.UDPAddr, *net.IPAddr or *net.UnixAddr by domain and type, [Addr.String] for others.
// It calls getsockname(2). After Close it is the family's unspecified address.
//
// Source: getsockname(2).
func (s *Socket) LocalAddr() net.Addr { return s.localAddr(Addr{}) }

// localAddr is LocalAddr with the address that the caller knows already.
func (s *Socket) localAddr(known Addr) net.Addr {
	if a, err := s.Sockname(); err == nil {
		known = a
	}
	return s.netAddr(known)
}

// RemoteAddr returns the peer's address in the form of package net, nil if there is none. For
// a stream it is the address that Accept, Connect, ConnectResult or an earlier RemoteAddr
// learned; it makes no call, and works after a reset and after Close. Otherwise it calls
// getpeername(2).
//
// Source: getpeername(2).
func (s *Socket) RemoteAddr() net.Addr {
	known, connected := s.peer.Load(), s.Type().connected()
	if known != nil && connected {
		return s.netAddr(*known)
	}
	// Another may have connected a datagram socket elsewhere, or disconnected it.
	a, err := s.Peername()
	if err == nil {
		if connected { // one that was adopted: from now on it is known
			keep := a
			s.peer.CompareAndSwap(nil, &keep)
		}
		return s.netAddr(a)
	}
	if known != nil && (s.Type() == Raw || errors.Is(err, net.ErrClosed)) { // Linux does not tell where there is no port
		return s.netAddr(*known)
	}
	return nil
}

func (s *Socket) netAddr(a Addr) net.Addr {
	switch s.Domain() {
	case Inet, Inet6:
		switch s.Type() {
		case Stream, SeqPacket:
			return tcpAddr(a)
		case Dgram:
			return udpAddr(a)
		}
		return ipAddr(a)
	case Unix:
		return s.unixAddr(a)
	}
	return otherAddr{s.Domain(), a}
}

// Each of these is one allocation: the address with the bytes of its IP.

func tcpAddr(a Addr) *net.TCPAddr {
	v := new(struct {
		net.TCPAddr
		ip [16]byte
	})
	v.IP, v.Port, v.Zone = a.parts(&v.ip)
	return &v.TCPAddr
}

func udpAddr(a Addr) *net.UDPAddr {
	v := new(struct {
		net.UDPAddr
		ip [16]byte
	})
	v.IP, v.Port, v.Zone = a.parts(&v.ip)
	return &v.UDPAddr
}

func ipAddr(a Addr) *net.IPAddr {
	v := new(struct {
		net.IPAddr
		ip [16]byte
	})
	v.IP, _, v.Zone = a.parts(&v.ip)
	return &v.IPAddr
}

// parts splits an IP address; ip uses the array b. The zero Addr has no parts.
func (a Addr) parts(b *[16]byte) (ip net.IP, port int, zone string) {
	ap := a.AddrPort()
	switch addr := ap.Addr(); {
	case addr.Is4():
		v4 := addr.As4()
		ip = b[:copy(b[:], v4[:])]
	case addr.Is6():
		*b = addr.As16()
		ip = b[:]
	}
	return ip, int(ap.Port()), ap.Addr().Zone()
}

var unixNetworks = map[Type]string{Stream: "unix", Dgram: "unixgram", SeqPacket: "unixpacket"}

func (s *Socket) unixAddr(a Addr) *net.UnixAddr {
	name := a.Path()
	if n, ok := a.Abstract(); ok {
		name = "@" + n // package net's way to write it
	}
	return &net.UnixAddr{Name: name, Net: unixNetworks[s.Type()]}
}

var errStream = &inputError{"a stream, to which no address is written", sys.EINVAL}

// addrOf is the inverse of netAddr: an address of package net for this socket. A missing IP
// is the unspecified address, as in package net.
func (s *Socket) addrOf(to net.Addr) (Addr, error) {
	if s.Type() == Stream {
		return Addr{}, errStream
	}
	switch a := to.(type) {
	case *net.UDPAddr:
		if a != nil {
			return s.fitIP(a.IP, a.Port, a.Zone)
		}
	case *net.TCPAddr:
		if a != nil {
			return s.fitIP(a.IP, a.Port, a.Zone)
		}
	case *net.IPAddr:
		if a != nil {
			return s.fitIP(a.IP, 0, a.Zone)
		}
	case *net.UnixAddr:
		if a != nil {
			if name, ok := strings.CutPrefix(a.Name, "@"); ok && sys.Abstract {
				return AbstractAddr(name)
			}
			return UnixAddr(a.Name)
		}
	case otherAddr:
		return a.addr, nil
	case nil:
	default:
		// Its methods are not called: of a nil pointer they may panic.
		return Addr{}, &inputError{fmt.Sprintf("an address of type %T: not one of package net's or ours", to), sys.EAFNOSUPPORT}
	}
	return Addr{}, &inputError{"no address", sys.EDESTADDRREQ}
}

func (s *Socket) fitIP(ip net.IP, port int, zone string) (Addr, error) {
	if port < 0 || port > math.MaxUint16 {
		return Addr{}, &inputError{"port " + strconv.Itoa(port), sys.EINVAL}
	}
	addr, ok := netip.AddrFromSlice(ip)
	switch {
	case len(ip) == 0 && s.Domain() == Inet6:
		addr = netip.IPv6Unspecified()
	case len(ip) == 0:
		addr = netip.IPv4Unspecified()
	case !ok:
		return Addr{}, &inputError{"an IP address of " + strconv.Itoa(len(ip)) + " bytes", sys.EINVAL}
	}
	if zone != "" {
		addr = addr.WithZone(zone)
	}
	return s.fit(netip.AddrPortFrom(addr, uint16(port)))
}

// fit returns an IPv4 address in the form of the socket's family: see [PacketConn].
func (s *Socket) fit(ap netip.AddrPort) (Addr, error) {
	if s.Type() == Stream {
		return Addr{}, errStream
	}
	ip := ap.Addr()
	switch {
	case s.Domain() == Inet:
		ip = ip.Unmap()
	case s.Domain() == Inet6 && ip.Is4():
		ip = netip.AddrFrom16(ip.As16())
	}
	return AddrFrom(netip.AddrPortFrom(ip, ap.Port()))
}

// otherAddr is a net.Addr of a family that package net does not have.
type otherAddr struct {
	domain Domain
	addr   Addr
}

func (o otherAddr) Network() string { return o.domain.String() }

func (o otherAddr) String() string { return o.addr.String() }

// A Socket is at home where package net's connections are.
var (
	_ net.Conn     = (*Socket)(nil)
	_ syscall.Conn = (*Socket)(nil)
)
