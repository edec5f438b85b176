package main

import (
	"net/netip"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/examples/internal/programtest"
)

func TestExplain(t *testing.T) {
	t.Parallel()
	p := programtest.Own(t, "127.0.0.1:http", "[::ffff:192.0.2.7]:8080", "unix:/tmp/x", ":0", "unix:").Start(strings.NewReader(""))
	p.Wait(0)
	for _, want := range []string{
		`127\.0\.0\.1:http\n +127\.0\.0\.1:80\n +family +AF_INET, this machine, from within\n +port 80 +well-known: .*\n +bytes .*port 0050, address 7f000001`,
		`\n +\[::ffff:192\.0\.2\.7\]:8080\n +family +AF_INET6, which stands for 192\.0\.2\.7 of IPv4\n +port 8080 +registered: `,
		`unix:/tmp/x\n +unix:/tmp/x\n +family +AF_UNIX, a file of this machine\n +bytes `,
		`:0\n +\[::\]:0\n +family +AF_INET6, all addresses of this machine\n +port 0 +the kernel's choice.*\n +bytes .*\n +0\.0\.0\.0:0\n`,
		`unix:\n +unix:\n +family +AF_UNIX, and no file\n +bytes +.*path ""\n$`,
	} {
		if !regexp.MustCompile(want).MatchString(p.Out.String()) {
			t.Errorf("no %s", want)
		}
	}
}

// A name that is none does not hide the others.
func TestExplainFailing(t *testing.T) {
	t.Parallel()
	p := programtest.Own(t, "no..such:53", "127.0.0.1:53", "no..more:53").Start(strings.NewReader(""))
	p.Wait(1)
	if out := p.Out.String(); !strings.HasPrefix(out, "127.0.0.1:53\n") {
		t.Errorf("prints %q", out)
	}
	if err := p.Err.String(); err != "address: resolve: lookup no..such: no such host\nresolve: lookup no..more: no such host\n" {
		t.Errorf("stderr %q", err)
	}
}

func TestPortClass(t *testing.T) {
	t.Parallel()
	low, high := ephemeral()
	if low < 1024 || high < low {
		t.Fatalf("ephemeral from %d to %d", low, high)
	}
	for port, want := range map[uint16]string{0: "the kernel's", 1: "well-known", 1023: "well-known", 1024: "registered", low: "ephemeral", high: "ephemeral"} {
		if low <= 1024 && port == 1024 {
			continue
		}
		if got := portClass(port); !strings.HasPrefix(got, want) {
			t.Errorf("port %d is %s, want %s", port, got, want)
		}
	}
}

func TestIPClass(t *testing.T) {
	t.Parallel()
	for ip, want := range map[string]string{
		"127.3.2.1": "this machine, from within", "::1": "this machine, from within", "0.0.0.0": "all addresses of this machine", "::": "all addresses of this machine",
		"224.0.0.1": "a group of machines", "ff02::1": "a group of machines", "fe80::1": "a machine on the same network", "169.254.1.1": "a machine on the same network",
		"10.1.2.3": "a machine in a private network", "fd00::1": "a machine in a private network", "198.51.100.1": "a machine", "2001:db8::1": "a machine",
	} {
		a, err := sock.AddrFrom(netip.AddrPortFrom(netip.MustParseAddr(ip), 80))
		if err != nil {
			t.Fatal(err)
		}
		if got := ipClass(a); got != want {
			t.Errorf("%s is %s, want %s", ip, got, want)
		}
	}
}

// The system's own getent finds the same addresses, of whatever is in /etc/hosts.
func TestGetent(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("getent"); err != nil {
		t.Skip("no getent here")
	}
	hosts, err := os.ReadFile("/etc/hosts")
	if err != nil {
		t.Skip(err)
	}
	names := []string{"localhost"}
	for line := range strings.Lines(string(hosts)) {
		line, _, _ = strings.Cut(line, "#")
		if w := strings.Fields(line); len(w) > 1 {
			names = append(names, w[1:]...)
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	for _, name := range names[:min(len(names), 8)] {
		t.Run(name, func(t *testing.T) {
			getent := programtest.Installed(t, "getent", "ahosts", name).Start(strings.NewReader(""))
			getent.Wait(0)
			want := map[string]bool{}
			families := map[bool]bool{} // getent leaves out a family that the machine has no address of
			for line := range strings.Lines(getent.Out.String()) {
				ip, err := netip.ParseAddr(strings.Fields(line)[0])
				if err != nil {
					t.Fatal(err)
				}
				want[ip.String()], families[ip.Is4()] = true, true
			}
			p := programtest.Own(t, name+":80").Start(strings.NewReader(""))
			p.Wait(0)
			for _, m := range regexp.MustCompile(`(?m)^   (\S+:80)$`).FindAllStringSubmatch(p.Out.String(), -1) {
				ip := netip.MustParseAddrPort(m[1]).Addr()
				if !want[ip.String()] && families[ip.Is4()] {
					t.Errorf("%v is not among getent's %v", ip, want)
				}
				delete(want, ip.String())
			}
			if len(want) > 0 {
				t.Errorf("not found: %v", want)
			}
		})
	}
}
