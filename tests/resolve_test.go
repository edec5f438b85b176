//go:build linux || freebsd || darwin || netbsd || openbsd || dragonfly

package sock_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/berkeleysockets/sock"
)

func resolved(found []sock.Addr) (s []string) {
	for _, a := range found {
		s = append(s, a.String())
	}
	return s
}

// unresolved fails the test unless Resolve failed, for a reason like want.
func unresolved(t testing.TB, hostport string, found []sock.Addr, err, want error) {
	t.Helper()
	var e *sock.Error
	if found != nil || !errors.As(err, &e) || e.Op != "resolve" || !errors.Is(err, want) {
		t.Errorf("%q: %v, %v, want %v", hostport, found, err, want)
	}
}

// What is written in numbers needs no name server, whatever the service's form.
func TestResolveNumeric(t *testing.T) {
	t.Parallel()
	_, index := loopbackInterface(t)
	scoped := fmt.Sprintf("[fe80::1%%%d]", index)
	all := []sock.Domain{sock.Unspec, sock.Inet, sock.Inet6}
	for _, test := range []struct {
		hostport string
		domains  []sock.Domain // the others fail
		want     []string
	}{
		{"127.0.0.1:80", []sock.Domain{sock.Unspec, sock.Inet}, []string{"127.0.0.1:80"}},
		{"127.0.0.1:0", []sock.Domain{sock.Unspec, sock.Inet}, []string{"127.0.0.1:0"}},
		{"127.0.0.1:65535", []sock.Domain{sock.Unspec, sock.Inet}, []string{"127.0.0.1:65535"}},
		{"127.0.0.1:", []sock.Domain{sock.Unspec, sock.Inet}, []string{"127.0.0.1:0"}}, // as package net
		{"127.0.0.1:http", []sock.Domain{sock.Unspec, sock.Inet}, []string{"127.0.0.1:80"}},
		{"[127.0.0.1]:http", []sock.Domain{sock.Unspec, sock.Inet}, []string{"127.0.0.1:80"}},
		{"[::1]:80", []sock.Domain{sock.Unspec, sock.Inet6}, []string{"[::1]:80"}},
		{"[::1]:http", []sock.Domain{sock.Unspec, sock.Inet6}, []string{"[::1]:80"}},
		{"[::]:http", []sock.Domain{sock.Unspec, sock.Inet6}, []string{"[::]:80"}},
		{"[::ffff:127.0.0.1]:80", []sock.Domain{sock.Unspec, sock.Inet6}, []string{"[::ffff:127.0.0.1]:80"}},
		{"[::ffff:127.0.0.1]:http", []sock.Domain{sock.Unspec, sock.Inet6}, []string{"[::ffff:127.0.0.1]:80"}},
		{scoped + ":80", []sock.Domain{sock.Unspec, sock.Inet6}, []string{scoped + ":80"}},
		{scoped + ":http", []sock.Domain{sock.Unspec, sock.Inet6}, []string{scoped + ":80"}},
		{":0", []sock.Domain{sock.Unspec}, []string{"[::]:0", "0.0.0.0:0"}},
		{":http", []sock.Domain{sock.Unspec}, []string{"[::]:80", "0.0.0.0:80"}},
		{":http", []sock.Domain{sock.Inet}, []string{"0.0.0.0:80"}},
		{":http", []sock.Domain{sock.Inet6}, []string{"[::]:80"}},
		{"unix:/path", []sock.Domain{sock.Unspec, sock.Unix}, []string{"unix:/path"}},
		{"unix:/path:80", []sock.Domain{sock.Unspec, sock.Unix}, []string{"unix:/path:80"}},
	} {
		for _, d := range append(all, sock.Unix) {
			found, err := sock.Resolve(t.Context(), d, test.hostport)
			if slices.Contains(test.domains, d) {
				if diff := cmp.Diff(test.want, resolved(found)); diff != "" || err != nil {
					t.Errorf("%v %q: %v, %v, want %v", d, test.hostport, found, err, test.want)
				}
			} else if d == sock.Unix || test.hostport[0] != ':' {
				unresolved(t, test.hostport, found, err, syscall.EAFNOSUPPORT)
			}
		}
	}
}

// Numeric forms need no lookup: an ended context does not matter.
func TestResolveWithoutAsking(t *testing.T) {
	t.Parallel()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, hostport := range []string{"127.0.0.1:80", "[::1]:80", "127.0.0.1:http", ":80", "unix:/path"} {
		if found, err := sock.Resolve(ended, sock.Unspec, hostport); len(found) == 0 || err != nil {
			t.Errorf("%s: %v, %v", hostport, found, err)
		}
	}
	var none context.Context
	found, err := sock.Resolve(none, sock.Unspec, "localhost:80")
	unresolved(t, "localhost:80", found, err, syscall.EINVAL)
}

// Services have the numbers that package net gives them, for TCP or for UDP.
func TestResolveService(t *testing.T) {
	t.Parallel()
	for _, service := range []string{"http", "https", "domain", "HTTP", "tftp", "ssh", "80", "0080", "+80"} {
		want, err := net.LookupPort("ip", service)
		if err != nil {
			t.Logf("no service %s here: %v", service, err)
			continue
		}
		for _, host := range []string{"127.0.0.1", ""} {
			found, err := sock.Resolve(t.Context(), sock.Inet, host+":"+service)
			if err != nil || len(found) != 1 || int(found[0].Port()) != want {
				t.Errorf("%s:%s = %v, %v, want port %d", host, service, found, err, want)
			}
		}
	}
}

func TestResolveBad(t *testing.T) {
	t.Parallel()
	for _, hostport := range []string{
		"", "127.0.0.1", "localhost", "::1:80", "::1", "[::1]", "[::1]80", "[::1:80", "::1]:80", "127.0.0.1:80:80", "[127.0.0.1:80",
		"127.0.0.1:65536", "127.0.0.1:-1", ":65536", ":-1", "127.0.0.1:99999999999999999999", "localhost:65536",
	} {
		for _, d := range []sock.Domain{sock.Unspec, sock.Inet, sock.Inet6} {
			found, err := sock.Resolve(t.Context(), d, hostport)
			var e *net.AddrError
			if found != nil || !errors.As(err, &e) || !strings.HasPrefix(err.Error(), "resolve: ") {
				t.Errorf("%v %q: %v, %v, want *net.AddrError", d, hostport, found, err)
			}
		}
	}
	for _, hostport := range []string{"127.0.0.1:nosuchservice", ":nosuchservice", "localhost:nosuchservice"} {
		found, err := sock.Resolve(t.Context(), sock.Unspec, hostport)
		var e *net.DNSError
		if found != nil || !errors.As(err, &e) || !e.IsNotFound {
			t.Errorf("%q: %v, %v, want *net.DNSError", hostport, found, err)
		}
	}
	// A zone is not left off.
	for _, service := range []string{"80", "http"} {
		hostport := "[fe80::1%nobodys]:" + service
		found, err := sock.Resolve(t.Context(), sock.Unspec, hostport)
		unresolved(t, hostport, found, err, syscall.EINVAL)
	}
	// What begins as an address of another family is not looked up.
	for _, at := range []string{"unix:/" + strings.Repeat("x", 200), "raw:zz", "vsock:1:http", "netlink:1", "packet:80"} {
		found, err := sock.Resolve(nil, sock.Unspec, at) //lint:ignore SA1012 nobody is asked
		unresolved(t, at, found, err, syscall.EINVAL)
	}
	for _, d := range []sock.Domain{sock.Unix, sock.Netlink, 1000, -1} {
		found, err := sock.Resolve(t.Context(), d, "localhost:80")
		unresolved(t, "localhost:80", found, err, syscall.EAFNOSUPPORT)
	}
}

// The machine's own name has the addresses that package net finds, in its order,
// and there one can listen and connect.
func TestResolveLocalhost(t *testing.T) {
	t.Parallel()
	for d, network := range map[sock.Domain]string{sock.Unspec: "ip", sock.Inet: "ip4", sock.Inet6: "ip6"} {
		t.Run(d.String(), func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			ips, err := net.DefaultResolver.LookupNetIP(ctx, network, "localhost")
			if err != nil {
				_, err := sock.Resolve(ctx, d, "localhost:http")
				var a *net.AddrError
				var e *net.DNSError
				if !errors.As(err, &a) && !errors.As(err, &e) {
					t.Errorf("error %v", err)
				}
				t.Skip("localhost has no address of this family here: ", err)
			}
			var want []string
			for _, ip := range ips {
				want = append(want, netip.AddrPortFrom(ip.Unmap(), 80).String())
			}
			found, err := sock.Resolve(ctx, d, "localhost:http")
			if diff := cmp.Diff(want, resolved(found)); diff != "" || err != nil {
				t.Fatalf("%v\n%s", err, diff)
			}
			found, err = sock.Resolve(ctx, d, "localhost:0")
			if err != nil {
				t.Fatal(err)
			}
			for _, at := range found {
				if d != sock.Unspec && at.Domain() != d {
					t.Errorf("%v among those of %v", at, d)
				}
				if !at.AddrPort().Addr().IsLoopback() {
					t.Errorf("localhost has the address %v", at)
					continue
				}
				l := open(t, at.Domain(), sock.Stream)
				if err := l.Bind(at); errors.Is(err, syscall.EADDRNOTAVAIL) {
					t.Logf("%v: %v", at, err)
					continue
				} else if err != nil {
					t.Fatal(err)
				}
				wantErr(t, l.Listen(0), nil)
				name, err := l.Sockname()
				if err != nil {
					t.Fatal(err)
				}
				there, err := sock.Resolve(ctx, at.Domain(), fmt.Sprint("localhost:", name.Port()))
				if err != nil || !slices.Contains(there, name) {
					t.Fatalf("%v, %v lacks %v", there, err, name)
				}
				wantErr(t, open(t, at.Domain(), sock.Stream).Connect(name), nil)
			}
		})
	}
}

// The unspecified addresses are to bind to.
func TestResolveUnspecified(t *testing.T) {
	t.Parallel()
	found, err := sock.Resolve(t.Context(), sock.Unspec, ":0")
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range found {
		t.Run(at.Domain().String(), func(t *testing.T) {
			if at.Domain() == sock.Inet6 {
				needIPv6(t)
			}
			wantErr(t, open(t, at.Domain(), sock.Stream).Bind(at), nil)
		})
	}
}

// A name that cannot exist is an error in good time, with or without a server.
func TestResolveNobody(t *testing.T) {
	t.Parallel()
	for _, d := range []sock.Domain{sock.Unspec, sock.Inet, sock.Inet6} {
		t.Run(d.String(), func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			began := time.Now()
			found, err := sock.Resolve(ctx, d, "nobody.invalid:80")
			var e *net.DNSError
			if found != nil || !errors.As(err, &e) || e.Name != "nobody.invalid" {
				t.Errorf("%v, %v, want *net.DNSError", found, err)
			}
			var ne net.Error
			if !errors.As(err, &ne) || e != nil && ne.Timeout() != e.Timeout() {
				t.Errorf("%v: Timeout differs from that of its reason", err)
			}
			if d := time.Since(began); d > 10*time.Second {
				t.Errorf("it took %v", d)
			}
		})
	}
}

// A context that has ended is the error's reason. (Package net may find what is in
// a file before it looks at the context.)
func TestResolveEnded(t *testing.T) {
	t.Parallel()
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	late, cancel := context.WithDeadline(t.Context(), time.Unix(1, 0))
	defer cancel()
	for want, ctx := range map[error]context.Context{context.Canceled: cancelled, context.DeadlineExceeded: late} {
		for _, host := range []string{"localhost", "nobody.invalid"} {
			eventually(t, want.Error(), func() bool {
				_, err := sock.Resolve(ctx, sock.Unspec, host+":80")
				return errors.Is(err, want)
			})
		}
	}
}

// With a name server of our own, for which package net's resolver is changed: in
// a process of its own.
func TestResolveServer(t *testing.T) {
	t.Parallel()
	if out, err := child(t, "name server").Output(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func init() { children["name server"] = nameServer }

func nameServer([]string) error {
	asked := make(chan string, 100)
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		others, ours := net.Pipe()
		go answerNames(ours, func(name string, kind byte) (all [][]byte, ok bool) {
			data, question := []byte{127, 0, 0, 1}, "A "
			if kind == typeAAAA {
				data, question = net.IPv6loopback, "AAAA "
			}
			asked <- question + name
			return [][]byte{data}, name != "silent.test"
		})
		return others, nil
	}}
	questions := func() (s []string) {
		for len(asked) > 0 {
			s = append(s, <-asked)
		}
		slices.Sort(s)
		return s
	}
	var bad []error
	for _, test := range []struct {
		d        sock.Domain
		hostport string
		asked    []string
		want     []string
	}{
		{sock.Inet, "both.test.:80", []string{"A both.test"}, []string{"127.0.0.1:80"}},
		{sock.Inet6, "both.test.:80", []string{"AAAA both.test"}, []string{"[::1]:80"}},
		{sock.Unspec, "both.test.:http", []string{"A both.test", "AAAA both.test"}, []string{"127.0.0.1:80", "[::1]:80"}},
		{sock.Unspec, "127.0.0.1:http", nil, []string{"127.0.0.1:80"}},
	} {
		found, err := sock.Resolve(context.Background(), test.d, test.hostport)
		got := resolved(found)
		slices.Sort(got) // which is the best depends on this machine
		slices.Sort(test.want)
		if !slices.Equal(got, test.want) || err != nil {
			bad = append(bad, fmt.Errorf("%v %s: %v, %w, want %v", test.d, test.hostport, got, err, test.want))
		}
		if q := questions(); !slices.Equal(q, test.asked) {
			bad = append(bad, fmt.Errorf("%v %s: asked %q, want %q", test.d, test.hostport, q, test.asked))
		}
	}

	// Without an answer the context ends the lookup.
	ctx, cancel := context.WithCancel(context.Background())
	go func() { <-asked; cancel() }()
	if _, err := sock.Resolve(ctx, sock.Inet, "silent.test.:80"); !errors.Is(err, context.Canceled) {
		bad = append(bad, fmt.Errorf("cancelled: %w", err))
	}
	ctx, cancel = context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	_, err := sock.Resolve(ctx, sock.Inet, "silent.test.:80")
	var e net.Error
	if !errors.Is(err, context.DeadlineExceeded) || !errors.As(err, &e) || !e.Timeout() {
		bad = append(bad, fmt.Errorf("past the deadline: %w", err))
	}

	// A server that does not answer is a time-out too.
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, os.ErrDeadlineExceeded
	}}
	_, err = sock.Resolve(context.Background(), sock.Inet, "nowhere.test.:80")
	var dns *net.DNSError
	if !errors.As(err, &dns) || !errors.As(err, &e) || !e.Timeout() {
		bad = append(bad, fmt.Errorf("without an answer: %w", err))
	}
	return errors.Join(bad...)
}

const typeAAAA = 28 // the type of a question or an answer; A is 1

// answerNames is a name server on a stream. It answers a question with the addresses that find
// returns, or not at all.
func answerNames(c net.Conn, find func(name string, kind byte) (all [][]byte, ok bool)) {
	for {
		size := make([]byte, 2)
		if _, err := io.ReadFull(c, size); err != nil {
			return
		}
		query := make([]byte, binary.BigEndian.Uint16(size))
		if _, err := io.ReadFull(c, query); err != nil {
			return
		}
		name, rest := "", query[12:] // behind the header
		for rest[0] != 0 {
			name += "." + string(rest[1:1+rest[0]])
			rest = rest[1+rest[0]:]
		}
		name = name[1:]
		question := query[12 : len(query)-len(rest)+5]
		all, ok := find(name, rest[2])
		if !ok {
			continue
		}
		reply := slices.Concat(query[:2], []byte{0x81, 0x80, 0, 1, 0, byte(len(all)), 0, 0, 0, 0}, question)
		for _, data := range all {
			reply = append(reply, 0xc0, 12, 0, rest[2], 0, 1, 0, 0, 0, 60, 0, byte(len(data)))
			reply = append(reply, data...)
		}
		c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(reply))), reply...))
	}
}

// In numbers it reads what netip reads, and nothing else as an address.
func FuzzResolve(f *testing.F) {
	for _, s := range []string{"127.0.0.1:80", "[::1]:80", "[fe80::1%1]:0", "[::ffff:1.2.3.4]:65535", "[::1%4294967296]:1", "1.2.3.4:", "1.2.3.4:+80",
		"::1:80", "01.2.3.4:80", "1.2.3.4:065536", "[1.2.3.4]:80", "[::%]:1", "1.2.3.4:80 ", "[::1]:-0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, hostport string) {
		host, service, err := net.SplitHostPort(hostport)
		if err != nil {
			return
		}
		ip, err := netip.ParseAddr(host)
		if err != nil || strings.Trim(ip.Zone(), "0123456789") != "" {
			return // a name, or an interface's
		}
		if strings.Trim(service, "+-0123456789") != "" {
			return // a service's
		}
		ap, noNumbers := netip.ParseAddrPort(hostport)
		if noNumbers != nil { // of the port package net takes more
			port, err := net.LookupPort("ip", service)
			if err != nil {
				if found, err := sock.Resolve(t.Context(), sock.Unspec, hostport); err == nil {
					t.Fatalf("%q = %v", hostport, found)
				}
				return
			}
			ap = netip.AddrPortFrom(ip, uint16(port))
		}
		for _, d := range []sock.Domain{sock.Unspec, sock.Inet, sock.Inet6} {
			want, fails := sock.AddrFrom(ap)
			found, err := sock.Resolve(t.Context(), d, hostport)
			switch {
			case fails != nil || d != sock.Unspec && d != want.Domain():
				unresolved(t, hostport, found, err, map[bool]error{true: syscall.EINVAL, false: syscall.EAFNOSUPPORT}[fails != nil])
			case err != nil || len(found) != 1 || found[0] != want:
				t.Fatalf("%v %q = %v, %v, want %v", d, hostport, found, err, want)
			}
		}
	})
}
