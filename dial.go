package sock

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/berkeleysockets/sock/internal/sockfd"
	"github.com/berkeleysockets/sock/internal/sys"
)

// Dial connects a new Socket to an address in the form of package net. The networks are
// "tcp", "tcp4", "tcp6", "udp", "udp4", "udp6", "unix", "unixgram" and "unixpacket". An IP
// address is HOST:PORT, and an empty host is the loopback; a unix address is a path, or an
// abstract name after "@". The end of ctx ends the attempt.
//
// It calls [Resolve], and for each address [Open] with the settings and
// [Socket.ConnectContext]. TCP addresses are tried as RFC 8305 says: the families take turns,
// beginning with the family of the first address, and the next attempt begins after 250 ms or
// when the one before it has failed. The first connection is returned, and Dial closes the
// others before it returns. While there are several attempts each is a goroutine.
//
// Like package net it sets TCP_NODELAY, before the settings; unlike package net it does not
// switch on keep-alive. It waits in every mode; a setting may select non-blocking mode for the
// time after.
//
// Errors: [net.UnknownNetworkError], those of Resolve, Open and Connect; if all attempts of
// several failed, an error that contains them all. context.Canceled and
// context.DeadlineExceeded.
//
// Source: RFC 8305, connect(2).
func Dial(ctx context.Context, network, address string, set ...Setting) (*Socket, error) {
	if ctx == nil {
		return nil, invalidInput("dial", "no context")
	}
	k, err := netKindOf(network)
	if err != nil {
		return nil, &Error{Op: "dial", Err: err}
	}
	addrs, err := k.resolve(ctx, address)
	if err != nil {
		return nil, err
	}
	for i, a := range addrs {
		addrs[i] = a.toLoopback()
	}
	if k.typ != Stream || len(addrs) == 1 {
		return k.dialInOrder(ctx, address, addrs, set)
	}
	return k.race(ctx, address, takeTurns(addrs), set)
}

// attemptDelay is the time that an attempt has before the next one begins: RFC 8305 section 5.
const attemptDelay = 250 * time.Millisecond

// A netKind is what one of package net's networks stands for.
type netKind struct {
	domain Domain // Unspec: Inet and Inet6
	typ    Type
}

func netKindOf(network string) (k netKind, err error) {
	switch network {
	case "tcp":
		return netKind{Unspec, Stream}, nil
	case "tcp4":
		return netKind{Inet, Stream}, nil
	case "tcp6":
		return netKind{Inet6, Stream}, nil
	case "udp":
		return netKind{Unspec, Dgram}, nil
	case "udp4":
		return netKind{Inet, Dgram}, nil
	case "udp6":
		return netKind{Inet6, Dgram}, nil
	case "unix":
		return netKind{Unix, Stream}, nil
	case "unixgram":
		return netKind{Unix, Dgram}, nil
	case "unixpacket":
		return netKind{Unix, SeqPacket}, nil
	}
	return netKind{}, net.UnknownNetworkError(network)
}

func (k netKind) resolve(ctx context.Context, address string) ([]Addr, error) {
	if k.domain == Unix {
		var a Addr
		var err error
		if name, abstract := strings.CutPrefix(address, "@"); abstract {
			a, err = AbstractAddr(name)
		} else if address == "" {
			err = &Error{Op: "address", Err: &inputError{"no path", sys.EINVAL}}
		} else {
			a, err = UnixAddr(address)
		}
		return []Addr{a}, err
	}
	addrs, err := Resolve(ctx, k.domain, address)
	for _, a := range addrs {
		if a.Domain() != Inet && a.Domain() != Inet6 {
			return nil, &Error{Op: "dial", Addr: a, Err: &inputError{"no IP address", sys.EAFNOSUPPORT}}
		}
	}
	return addrs, err
}

// toLoopback replaces the unspecified address by the loopback.
func (a Addr) toLoopback() Addr {
	ap := a.AddrPort()
	switch ap.Addr() {
	case netip.IPv4Unspecified():
		a, _ = AddrFrom(netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), ap.Port()))
	case netip.IPv6Unspecified():
		a, _ = AddrFrom(netip.AddrPortFrom(netip.IPv6Loopback(), ap.Port()))
	}
	return a
}

// takeTurns orders addresses so that the families alternate, beginning with the first one's.
func takeTurns(addrs []Addr) (turns []Addr) {
	var first, second []Addr
	for _, a := range addrs {
		if a.Domain() == addrs[0].Domain() {
			first = append(first, a)
		} else {
			second = append(second, a)
		}
	}
	for len(first)+len(second) > 0 {
		for _, list := range []*[]Addr{&first, &second} {
			if len(*list) > 0 {
				turns, *list = append(turns, (*list)[0]), (*list)[1:]
			}
		}
	}
	return turns
}

// dialInOrder tries one address after another: of datagrams a connect does not wait.
func (k netKind) dialInOrder(ctx context.Context, address string, addrs []Addr, set []Setting) (*Socket, error) {
	var failed attemptErrors
	for _, a := range addrs {
		s, err := k.dialOne(ctx, a, set)
		if err == nil {
			return s, nil
		}
		failed = append(failed, err)
	}
	return nil, failed.join(address)
}

func (k netKind) dialOne(ctx context.Context, a Addr, set []Setting) (*Socket, error) {
	s, err := Open(a.Domain(), k.typ, 0, append([]Setting{k.noDelay}, set...)...)
	if err != nil {
		return nil, err
	}
	mode := s.fd.State() & sockfd.Nonblock
	s.fd.Clear(sockfd.Nonblock)
	if err := s.ConnectContext(ctx, a); err != nil {
		s.Close()
		return nil, err
	}
	s.fd.Set(mode)
	return s, nil
}

// race tries the addresses side by side, each later than the one before it.
func (k netKind) race(ctx context.Context, address string, addrs []Addr, set []Setting) (*Socket, error) {
	ctx, stop := context.WithCancel(ctx)
	type result struct {
		attempt int
		s       *Socket
		err     error
	}
	results := make(chan result, len(addrs))
	var running sync.WaitGroup
	defer func() { // nothing of the others is left when Dial returns
		stop()
		running.Wait()
		for close(results); ; {
			r, more := <-results
			if !more {
				return
			}
			if r.s != nil {
				r.s.Close()
			}
		}
	}()
	failed := make(attemptErrors, len(addrs))
	next := time.NewTimer(0)
	defer next.Stop()
	for begun, ended := 0, 0; ended < len(addrs); {
		select {
		case <-next.C:
			attempt := begun
			running.Go(func() {
				s, err := k.dialOne(ctx, addrs[attempt], set)
				results <- result{attempt, s, err}
			})
			if begun++; begun < len(addrs) {
				next.Reset(attemptDelay)
			}
		case r := <-results:
			if r.err == nil {
				return r.s, nil
			}
			failed[r.attempt] = r.err
			if err := ctx.Err(); err != nil {
				return nil, &Error{Op: "dial", Name: address, Err: err}
			}
			ended++
			if begun < len(addrs) {
				next.Reset(0)
			}
		}
	}
	return nil, failed.join(address)
}

// attemptErrors are the failures of the attempts of one Dial.
type attemptErrors []error

func (e attemptErrors) join(address string) error {
	if len(e) == 1 {
		return e[0]
	}
	return &Error{Op: "dial", Name: address, Err: e}
}

func (e attemptErrors) Error() string {
	texts := make([]string, len(e))
	for i, err := range e {
		texts[i] = err.Error()
	}
	return strings.Join(texts, "; ")
}

func (e attemptErrors) Unwrap() []error { return e }

// noDelay is a Setting.
func (k netKind) noDelay(s *Socket) error {
	if !s.isTCP() {
		return nil
	}
	return s.setDefault(sys.IPPROTO_TCP, sys.TCP_NODELAY, 1)
}

func (s *Socket) setDefault(level, name, v int) error {
	if e := s.setInt(level, name, v); e != 0 {
		return s.optionFailed("setsockopt", level, name, e)
	}
	return nil
}

// Listen opens a Socket that listens at an address in the form of package net. The networks
// are "tcp", "tcp4", "tcp6", "unix" and "unixpacket". Of the addresses of a name it takes an
// IPv4 one if there is one. An empty host, ":80", is every address of the machine; "tcp" then
// takes IPv4 connections on an IPv6 socket, where the system can.
//
// It calls [Resolve], [Open], [Socket.Bind] and [Socket.Listen] with the largest backlog. Like
// package net it sets SO_REUSEADDR, IPV6_V6ONLY and TCP_NODELAY (which accepted sockets
// inherit), before the settings. The file of a unix path stays after Close; package net
// removes it. [Listener] makes it a net.Listener.
//
// Errors: [net.UnknownNetworkError], those of the calls.
//
// Source: bind(2), listen(2), ipv6(7).
func Listen(network, address string, set ...Setting) (*Socket, error) {
	k, err := netKindOf(network)
	if err != nil || k.typ == Dgram {
		return nil, &Error{Op: "listen", Err: net.UnknownNetworkError(network)}
	}
	s, err := k.bind(network, address, set)
	if err != nil {
		return nil, err
	}
	if err := s.Listen(0); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// ListenPacket opens a datagram Socket that is bound to an address in the form of package
// net. The networks are "udp", "udp4", "udp6" and "unixgram"; the address is as for [Listen].
// It calls [Resolve], [Open] and [Socket.Bind], and sets IPV6_V6ONLY. [PacketConn] makes it a
// net.PacketConn.
//
// Errors: [net.UnknownNetworkError], those of the calls.
//
// Source: bind(2), ipv6(7).
func ListenPacket(network, address string, set ...Setting) (*Socket, error) {
	k, err := netKindOf(network)
	if err != nil || k.typ != Dgram {
		return nil, &Error{Op: "listen", Err: net.UnknownNetworkError(network)}
	}
	return k.bind(network, address, set)
}

// bind opens a Socket and binds it to the first address that it can have.
func (k netKind) bind(network, address string, set []Setting) (*Socket, error) {
	addrs, err := k.resolve(context.Background(), address)
	if err != nil {
		return nil, err
	}
	var first error
	for _, a := range bindOrder(addrs, strings.HasPrefix(address, ":")) {
		s, err := k.bindOne(network, a, set)
		if err == nil {
			return s, nil
		}
		if first == nil {
			first = err
		}
		if !errors.Is(err, sys.EAFNOSUPPORT) && !errors.Is(err, sys.EADDRNOTAVAIL) {
			break
		}
	}
	return nil, first
}

// bindOrder puts the address to bind to first. The others follow only for the unspecified
// addresses of a host that is empty: a machine may lack IPv6.
func bindOrder(addrs []Addr, every bool) []Addr {
	if every {
		return addrs
	}
	for _, a := range addrs {
		if a.Domain() == Inet {
			return []Addr{a}
		}
	}
	return addrs[:1]
}

func (k netKind) bindOne(network string, a Addr, set []Setting) (*Socket, error) {
	s, err := Open(a.Domain(), k.typ, 0, append([]Setting{k.noDelay, func(s *Socket) error { return k.shareAddr(s, network, a) }}, set...)...)
	if err != nil {
		return nil, err
	}
	if err := s.Bind(a); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// shareAddr is a Setting: with whom the address to bind to is shared.
func (k netKind) shareAddr(s *Socket, network string, a Addr) error {
	if a.Domain() == Inet6 {
		dualStack := k.domain == Unspec && a.AddrPort().Addr() == netip.IPv6Unspecified()
		v := 1
		if dualStack {
			v = 0
		}
		if err := s.setDefault(sys.IPPROTO_IPV6, sys.IPV6_V6ONLY, v); err != nil {
			return err
		}
	}
	if k.typ == Stream && k.domain != Unix {
		return s.setDefault(sys.SOL_SOCKET, sys.SO_REUSEADDR, 1)
	}
	return nil
}
