package sock_test

import (
	"net/netip"
	"os"
	"testing"
	"time"
)

// Groups between two network namespaces, over a pair of interfaces.
func TestGroupNetwork(t *testing.T) {
	if t.Parallel(); !alone(t) {
		return
	}
	prefixes := func(all ...string) (p []netip.Prefix) {
		for _, s := range all {
			p = append(p, netip.MustParsePrefix(s))
		}
		return p
	}
	const index = 11
	here, there := prefixes("192.0.2.2/24"), prefixes("192.0.2.1/24", "192.0.2.3/24")
	here6, there6 := prefixes("2001:db8::2/64"), prefixes("2001:db8::1/64", "2001:db8::3/64")
	wires := map[string]wire{
		"IPv4": {
			group:   netip.MustParseAddr("239.1.2.3"),
			listens: here[0].Addr(),
			sends:   [2]netip.Addr{there[0].Addr(), there[1].Addr()},
		},
		"IPv6": {
			group:   netip.MustParseAddr("ff05::1:3"),
			listens: here6[0].Addr(),
			sends:   [2]netip.Addr{there6[0].Addr(), there6[1].Addr()},
		},
	}
	if noInet6() == nil {
		here, there = append(here, here6...), append(there, there6...)
	}
	elsewhere := newNamespace(t)
	veth(t, index, here, elsewhere, there)
	for name, w := range wires {
		w.listensBy, w.sendBy, w.elsewhere = index, index+1, elsewhere
		t.Run(name, func(t *testing.T) {
			if name == "IPv6" {
				needInet6(t)
			}
			w.awaited(t)
			w.tried(t)
		})
	}
}

// awaited returns once the interfaces carry what is sent.
func (w wire) awaited(t *testing.T) {
	l := w.listener(t)
	s, _ := w.senders(t)
	eventually(t, "a datagram between the namespaces", func() bool {
		s.says(t, l.at.Addr(), l.at.Port(), "anybody there?")
		if err := l.SetReadDeadline(time.Now().Add(10 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		_, err := l.Recv(make([]byte, 100), 0)
		if err != nil && !os.IsTimeout(err) {
			t.Fatal(err)
		}
		return err == nil
	})
}
