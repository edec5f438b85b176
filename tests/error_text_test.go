package sock_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/sockopt"
)

// clean fails the test if a text could change the terminal or the log that shows it.
func clean(t testing.TB, what, text string) {
	t.Helper()
	for _, r := range text {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r == 0x202e {
			t.Errorf("%s prints %q", what, text)
			return
		}
	}
	if !utf8.ValidString(text) {
		t.Errorf("%s prints %q", what, text)
	}
}

// hostile are texts of a caller or a peer.
var hostile = []string{"\x1b[2J", "a\nb", "a\rb", "\x00", "\x7f", "\xff\xfe", "\u202eabc", "\u009b2J", "\t"}

// No error and no String prints what would change a terminal or a log, wherever it came from.
func TestErrorTextPrintable(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	cancel() // no name server is asked
	s := open(t, sock.Inet, sock.Dgram)
	for _, text := range hostile {
		long := strings.Repeat(text, 200)
		errs := map[string]error{}
		try := func(name string, err error) { errs[name] = err }
		for _, kind := range []string{"", "unix:", "unix:@", `unix:"`, `unix:@"`, "vsock:", "netlink:", "packet:", "raw:", "1.2.3.4:", "[fe80::1%", "[fe80::1%x"} {
			for _, end := range []string{"", "]:1"} {
				_, err := sock.ParseAddr(kind + text + end)
				try("ParseAddr "+kind, err)
				_, err = sock.ParseAddr(kind + long + end)
				try("ParseAddr long "+kind, err)
				_, err = sock.Resolve(ctx, sock.Unspec, kind+text+end+":80")
				try("Resolve "+kind, err)
				_, err = sock.Resolve(ctx, sock.Inet, kind+text+end+":"+text)
				try("Resolve service "+kind, err)
			}
		}
		_, err := sock.UnixAddr(text + "\x00")
		try("UnixAddr", err)
		_, err = sock.UnixAddr(long)
		try("UnixAddr long", err)
		_, err = sock.AbstractAddr(long)
		try("AbstractAddr", err)
		zone := netip.IPv6LinkLocalAllNodes().WithZone(text)
		_, err = sock.AddrFrom(netip.AddrPortFrom(zone, 1))
		try("AddrFrom", err)
		clean(t, "Group", sock.Group{Addr: zone, Source: zone}.String())
		try("JoinGroup", s.JoinGroup(sock.Group{Addr: zone}))
		try("BindToDevice", sockopt.BindToDevice.Set(s, text))
		try("BindToDevice long", sockopt.BindToDevice.Set(s, long))
		c := sock.PacketConn(s)
		_, err = c.WriteTo(nil, &net.UDPAddr{IP: net.ParseIP("fe80::1"), Zone: text, Port: 1})
		try("WriteTo", err)
		_, err = c.WriteTo(nil, &net.UnixAddr{Name: long, Net: "unixgram"})
		try("WriteTo unix", err)
		if a, err := sock.UnixAddr("/" + strings.TrimRight(text, "\x00")); err == nil {
			clean(t, "Addr", a.String())
			clean(t, "Message", sock.Message{Addr: a}.String())
			try("Bind", s.Bind(a))
			_, err = s.SendTo(nil, 0, a)
			try("SendTo", err)
		}
		try("by hand", &sock.Error{Op: "op" + text, Name: text, Err: errors.New(text)})
		for name, err := range errs {
			if err == nil {
				continue
			}
			clean(t, name, err.Error())
			clean(t, name, fmt.Sprint(err))
		}
	}
	// What prints, prints as it is.
	for _, text := range []string{`a "b" \c`, "Gerät/世界", ""} {
		if got := (&sock.Error{Op: "op", Name: text}).Error(); got != strings.TrimSuffix("op "+text, " ") {
			t.Errorf("%q prints %q", text, got)
		}
	}
}

// What a peer calls itself is quoted in a trace. Not parallel: there is one tracer.
func TestErrorTextTraced(t *testing.T) {
	a, b := sockOfName(t, "\x1b[2J"), sockOfName(t, "b")
	to, err := b.Sockname()
	wantErr(t, err, nil)
	var texts []string
	sock.SetTracer(func(c sock.Call) {
		if c.FD == a.FD() || c.FD == b.FD() {
			texts = append(texts, c.String())
		}
	})
	defer sock.SetTracer(nil)
	_, err = a.SendTo([]byte("\x1b\u202e"), 0, to)
	wantErr(t, err, nil)
	_, _, err = b.RecvFrom(make([]byte, 9), 0)
	wantErr(t, err, nil)
	_, _ = a.Sockname()
	sockopt.BindToDevice.Set(a, "\x1b")
	a.Setsockopt(1, 25, []byte("\x1b"))
	sock.SetTracer(nil)
	if len(texts) < 3 {
		t.Errorf("traced %q", texts)
	}
	for _, text := range texts {
		clean(t, "the trace", text)
	}
}

func sockOfName(t *testing.T, name string) *sock.Socket {
	s := open(t, sock.Unix, sock.Dgram)
	at, err := sock.UnixAddr(filepath.Dir(path(t)) + "/" + name)
	wantErr(t, err, nil)
	wantErr(t, s.Bind(at), nil)
	return s
}

// Op is one word in lower case, whatever failed. The option's name, or the text that is no
// address, is in Name, and the printed text has all of them in this order.
func TestErrorOpIsOneWord(t *testing.T) {
	t.Parallel()
	s := open(t, sock.Inet, sock.Stream)
	u := open(t, sock.Unix, sock.Dgram)
	at := addr(t, "192.0.2.1:9")
	word := regexp.MustCompile(`^[a-z0-9]+$`)
	for name, c := range map[string]struct {
		err      error
		op, name string
	}{
		"option Set":     {sockopt.IPTTL.Set(s, -5), "setsockopt", "IP_TTL"},
		"option invalid": {sockopt.BindToDevice.Set(s, "a\x00"), "setsockopt", "SO_BINDTODEVICE"},
		"option other":   {sockopt.TCPNoDelay.Set(u, true), "setsockopt", "TCP_NODELAY"},
		"option Get":     {second(sockopt.TCPNoDelay.Get(u)), "getsockopt", "TCP_NODELAY"},
		"Setsockopt":     {s.Setsockopt(6, 9999, nil), "setsockopt", "option 9999 of level 6"},
		"Getsockopt":     {second(s.Getsockopt(6, 9999, make([]byte, 4))), "getsockopt", "option 9999 of level 6"},
		"ParseAddr":      {second(sock.ParseAddr("nothing")), "address", `"nothing"`},
		"UnixAddr":       {second(sock.UnixAddr("a\x00")), "address", `unix:"a\x00"`},
		"Bind":           {s.Bind(at), "bind", ""},
		"JoinGroup":      {s.JoinGroup(sock.Group{}), "joingroup", ""},
		"closed":         {sockopt.IPTTL.Set(new(sock.Socket), 1), "setsockopt", "IP_TTL"},
		"buffer":         {sock.PacketConn(new(sock.Socket)).(interface{ SetReadBuffer(int) error }).SetReadBuffer(1), "setsockopt", "SO_RCVBUF"},
	} {
		var e *sock.Error
		if !errors.As(c.err, &e) {
			t.Errorf("%s: %v", name, c.err)
			continue
		}
		if !word.MatchString(e.Op) || e.Op != c.op || e.Name != c.name && !errors.Is(e, errors.ErrUnsupported) {
			t.Errorf("%s: Op %q, Name %q of %v", name, e.Op, e.Name, e)
		}
		begin := e.Op
		if e.Name != "" {
			begin += " " + e.Name
		}
		if e.Addr.IsValid() {
			begin += " " + e.Addr.String()
		}
		if !strings.HasPrefix(e.Error(), begin+": ") {
			t.Errorf("%s prints %q", name, e)
		}
		var se *os.SyscallError
		if errors.As(e, &se) && se.Syscall != c.op {
			t.Errorf("%s: the call is %q", name, se.Syscall)
		}
	}
}

func second[T any](_ T, err error) error { return err }
