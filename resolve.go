package sock

import (
	"context"
	"net"
	"net/netip"

	"github.com/berkeleysockets/sock/internal/sys"
)

// Resolve looks up a host and a service, "example.org:http", and returns the addresses to
// try, the best first, as getaddrinfo(3) does. It asks [net.DefaultResolver]. With [Inet] or
// [Inet6] the addresses are of that family; with [Unspec] of both, and a text that [ParseAddr]
// reads is an address too, such as "unix:/path": a host must not be called unix, vsock,
// netlink, packet or raw then. Without a host, ":80", it is the unspecified address, to bind
// to.
//
// The caller tries the addresses, one after another or both families side by side.
//
// Errors: *net.AddrError (not HOST:PORT; a host that has addresses of the other family alone),
// *net.DNSError (not found, no answer), EAFNOSUPPORT (an address of another family), EINVAL (a
// zone that is no interface, a path that does not fit), context.Canceled,
// context.DeadlineExceeded.
//
// Source: getaddrinfo(3).
func Resolve(ctx context.Context, d Domain, hostport string) ([]Addr, error) {
	resolveError := func(err error) ([]Addr, error) { return nil, &Error{Op: "resolve", Err: err} }
	literal := func(a Addr, err error) ([]Addr, error) {
		if err != nil {
			return resolveError(err)
		}
		if d != Unspec && a.Domain() != d {
			return resolveError(&inputError{a.String() + " is " + a.Domain().String() + ", not " + d.String(), sys.EAFNOSUPPORT})
		}
		return []Addr{a}, nil
	}
	if a, err := ParseAddr(hostport); err == nil || namesFamily(hostport) {
		return literal(a, err)
	}
	if ctx == nil {
		return nil, invalidInput("resolve", "no context")
	}
	network, ok := map[Domain]string{Unspec: "ip", Inet: "ip4", Inet6: "ip6"}[d]
	if !ok {
		return resolveError(&inputError{"no names in " + d.String(), sys.EAFNOSUPPORT})
	}
	host, service, err := net.SplitHostPort(hostport)
	if err != nil {
		return resolveError(err)
	}
	port, err := net.DefaultResolver.LookupPort(ctx, "ip", service)
	if err != nil {
		return resolveError(err)
	}
	if ip, err := netip.ParseAddr(host); err == nil { // package net would lose the zone
		return literal(AddrFrom(netip.AddrPortFrom(ip, uint16(port))))
	}
	var ips []netip.Addr
	if host == "" {
		ips = unspecified(d)
	} else if ips, err = net.DefaultResolver.LookupNetIP(ctx, network, host); err != nil {
		return resolveError(err)
	}
	var found []Addr
	for _, ip := range ips {
		a, err := AddrFrom(netip.AddrPortFrom(ip.Unmap(), uint16(port)))
		if err != nil {
			return resolveError(err)
		}
		found = append(found, a)
	}
	return found, nil
}

func unspecified(d Domain) (ips []netip.Addr) {
	if d != Inet {
		ips = append(ips, netip.IPv6Unspecified())
	}
	if d != Inet6 {
		ips = append(ips, netip.IPv4Unspecified())
	}
	return ips
}
