package program

import (
	"net"
	"net/netip"

	"github.com/berkeleysockets/sock"
)

// Forms lists the forms of address that -server and -client take, for -h.
const Forms = "127.0.0.1:7000, [::1]:7000 or unix:/path; names are not looked up"

// ParseAddr reads the address of a flag. For a name its error explains that names are not
// looked up: examples/address is about names.
func ParseAddr(text string) (sock.Addr, error) {
	a, err := sock.ParseAddr(text)
	if err == nil {
		return a, nil
	}
	if host, _, e := net.SplitHostPort(text); e == nil && host != "" {
		if _, e := netip.ParseAddr(host); e != nil {
			return a, Wrong("address %q: %s is a name, and names are not looked up here: give %s", text, host, "an address, such as 127.0.0.1:7000")
		}
	}
	return a, Wrong("%w", err)
}
