package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/examples/internal/program"
)

// explain prints all endpoints of each text. A text without endpoints does not stop the
// others.
func explain(ctx context.Context, addresses []string) (failed error) {
	for _, text := range addresses {
		endpoints, err := lookup(ctx, text)
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		fmt.Println(text)
		for _, a := range endpoints {
			describe(a)
		}
	}
	return failed
}

// lookup finds the endpoints of a text, the best first. The system's resolver takes them
// from /etc/hosts, /etc/services and the name servers.
func lookup(ctx context.Context, text string) ([]sock.Addr, error) {
	if strings.HasPrefix(text, "unix:") { // no lookup, and a more precise error
		a, err := sock.ParseAddr(text)
		if err != nil {
			return nil, program.Wrong("%w", err)
		}
		return []sock.Addr{a}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	found, err := sock.Resolve(ctx, sock.Unspec, text)
	if bad := (*net.AddrError)(nil); errors.As(err, &bad) {
		return nil, program.Wrong("%w: not NAME:PORT, [IPv6]:PORT or unix:PATH", err)
	}
	return found, err
}

func describe(a sock.Addr) {
	fmt.Printf("   %v\n", a)
	switch ip := a.AddrPort().Addr(); {
	case a.Domain() == sock.Unix && a.Path() != "":
		say("   family", fmt.Sprint(a.Domain(), ", a file of this machine"))
	case a.Domain() == sock.Unix:
		say("   family", fmt.Sprint(a.Domain(), ", and no file"))
	case !ip.IsValid():
		say("   family", a.Domain())
	default:
		say("   family", fmt.Sprint(a.Domain(), ", ", ipClass(a)))
		say(fmt.Sprintf("   port %d", a.Port()), portClass(a.Port()))
	}
	say("   bytes", sockaddr(a))
}

// ipClass describes the reach of an IP address.
func ipClass(a sock.Addr) string {
	switch ip := a.AddrPort().Addr(); {
	case ip.Is4In6():
		return fmt.Sprintf("which stands for %v of IPv4", ip.Unmap())
	case ip.IsUnspecified():
		return "all addresses of this machine"
	case ip.IsLoopback():
		return "this machine, from within"
	case ip.IsMulticast():
		return "a group of machines"
	case ip.IsLinkLocalUnicast():
		return "a machine on the same network"
	case ip.IsPrivate():
		return "a machine in a private network"
	}
	return "a machine"
}
