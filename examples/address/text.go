package main

import (
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/berkeleysockets/sock"
)

// kernelBytes prints some endpoints in the form that the kernel receives.
func kernelBytes() error {
	for _, text := range []string{"127.0.0.1:80", "[::1]:80", "unix:/tmp/x"} {
		a, err := sock.ParseAddr(text)
		if err != nil {
			return err
		}
		say(text, sockaddr(a))
	}
	return nil
}

// sockaddr prints the bytes of an address, each field with its name. Ports and addresses
// are in network byte order, big-endian, on every system; the family is in the machine's
// own order.
func sockaddr(a sock.Addr) string {
	b := a.Bytes()
	var out []string
	field := func(name string, size int) {
		size = min(size, len(b))
		out = append(out, fmt.Sprintf("%s %x", name, b[:size]))
		b = b[size:]
	}
	if int(binary.NativeEndian.Uint16(b)) == int(a.Domain()) {
		field("family", 2)
	} else { // the BSDs and macOS: the length, then the family
		field("length", 1)
		field("family", 1)
	}
	switch a.Domain() {
	case sock.Inet:
		field("port", 2)
		field("address", 4)
		field("unused", len(b))
	case sock.Inet6:
		field("port", 2)
		field("flow", 4)
		field("address", 16)
		field("zone", 4)
	case sock.Unix:
		out = append(out, fmt.Sprintf("path %q", b))
		b = nil
	}
	if len(b) > 0 { // of another family
		field("rest", len(b))
	}
	return strings.Join(out, ", ")
}

// noAddress shows texts that ParseAddr refuses. ParseAddr reads numbers; Resolve looks
// names up.
func noAddress() error {
	for _, text := range []string{"localhost:80", "127.0.0.1", "127.0.0.1:65536", "1.2.3.256:80", "::1:80", "unix:/" + strings.Repeat("long", 30)} {
		a, err := sock.ParseAddr(text)
		if err == nil {
			return fmt.Errorf("%s is an endpoint: %v", text, a)
		}
		fmt.Println("  ", err)
	}
	return nil
}
