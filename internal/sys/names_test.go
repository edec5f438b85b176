package sys

import (
	"os"
	"strings"
	"testing"
)

func TestConstName(t *testing.T) {
	for _, c := range []struct {
		group string
		v     int
		want  string
	}{
		{"AF", AF_INET6, "AF_INET6"}, {"SOCK", SOCK_RAW, "SOCK_RAW"}, {"SO", SO_RCVBUF, "SO_RCVBUF"}, {"TCP", TCP_NODELAY, "TCP_NODELAY"},
		{"AF", AF_NETLINK, "AF_NETLINK"}, {"IPPROTO", IPPROTO_MPTCP, "IPPROTO_MPTCP"}, // missing on some systems
		{"AF", 12345, "12345"}, {"AF", -7, "-7"}, {"", AF_INET, "2"}, {"no such group", 3, "3"},
	} {
		if got := ConstName(c.group, c.v); got != c.want {
			t.Errorf("ConstName(%s, %d) = %s, want %s", c.group, c.v, got, c.want)
		}
	}
}

func TestFlagNames(t *testing.T) {
	if !Supported {
		t.Skip("no flags here")
	}
	for _, c := range []struct {
		v    int
		want string
	}{
		{0, "0"},
		{MSG_PEEK, "MSG_PEEK"},
		{MSG_OOB | MSG_PEEK, "MSG_OOB|MSG_PEEK"},
		{MSG_WAITALL | 1<<24, "MSG_WAITALL|0x1000000"},
		{1 << 24, "0x1000000"},
		{MissingFlag, "0x80000000"},
		{MSG_PEEK | MissingFlag, "MSG_PEEK|0x80000000"},
		{MSG_DONTWAIT | MSG_NOSIGNAL, "MSG_DONTWAIT|MSG_NOSIGNAL"},
		{MSG_TRUNC | MSG_CTRUNC | MSG_OOB, "MSG_OOB|MSG_CTRUNC|MSG_TRUNC"},
		{MSG_DONTWAIT | MSG_EOR | MSG_TRUNC, "MSG_TRUNC|MSG_DONTWAIT|MSG_EOR"},
	} {
		if got := FlagNames("MSG", c.v); got != c.want {
			t.Errorf("FlagNames(%#x) = %s, want %s", c.v, got, c.want)
		}
	}
	if got := FlagNames("POLL", POLLIN|POLLHUP); got != "POLLIN|POLLHUP" {
		t.Error(got)
	}
}

// aliases are second names of a number: ConstName returns the first.
var aliases = map[string]bool{"IP_ORIGDSTADDR": true, "IP_MULTICAST_IFINDEX": true, "IP_RECVPKTINFO": true, "IP_SENDSRCADDR": true, "IPV6_ORIGDSTADDR": true}

// foreign reports whether an option has a number of its level, but another prefix.
func foreign(name string) bool {
	return strings.HasPrefix(name, "MCAST_") || strings.HasSuffix(name, "SO_ORIGINAL_DST") || name == "ICMP6_FILTER"
}

// A number has one name in its group, and a flag is one bit that no other has.
func TestNamesUnambiguous(t *testing.T) {
	type number struct {
		group string
		v     int
	}
	seen := map[number]string{}
	for _, n := range names {
		if !strings.HasPrefix(n.name, n.group) && !foreign(n.name) {
			t.Errorf("%s is in the group %s", n.name, n.group)
		}
		flag := n.group == "MSG" || n.group == "POLL"
		if flag && (n.value == MissingFlag || n.value == 0) {
			continue // many names share these values
		}
		if flag && (n.value <= 0 || n.value&(n.value-1) != 0) {
			t.Errorf("%s is %#x: not one bit", n.name, n.value)
		}
		if !flag && n.group != "EVFILT" && n.value < 0 && Has(n.value) {
			t.Errorf("%s is %d, and counts as there", n.name, n.value)
		}
		if aliases[n.name] {
			continue
		}
		k := number{n.group, n.value}
		if other := seen[k]; other != "" {
			t.Errorf("%s and %s are both %d", other, n.name, n.value)
		}
		seen[k] = n.name
		if got := ConstName(n.group, n.value); got != n.name {
			t.Errorf("%s reads back as %s", n.name, got)
		}
	}
}

// Names that each supported system must have.
func TestNamesPresent(t *testing.T) {
	if !Supported {
		t.Skip("no sockets here")
	}
	for name, v := range map[string]int{
		"AF_UNIX": AF_UNIX, "AF_INET": AF_INET, "AF_INET6": AF_INET6, "SOCK_STREAM": SOCK_STREAM, "SOCK_DGRAM": SOCK_DGRAM,
		"SOCK_SEQPACKET": SOCK_SEQPACKET, "SOL_SOCKET": SOL_SOCKET, "SO_ERROR": SO_ERROR, "SO_TYPE": SO_TYPE, "SO_REUSEADDR": SO_REUSEADDR,
		"SHUT_RD": SHUT_RD, "SHUT_WR": SHUT_WR, "SHUT_RDWR": SHUT_RDWR, "MSG_PEEK": MSG_PEEK, "MSG_DONTWAIT": MSG_DONTWAIT,
		"IPV6_V6ONLY": IPV6_V6ONLY, "IP_TTL": IP_TTL, "TCP_NODELAY": TCP_NODELAY,
	} {
		if !Has(v) {
			t.Errorf("%s is missing", name)
		}
	}
	if Has(Missing) || Has(Missing-500) || Has(MissingFlag) {
		t.Error("Has returns true for a missing constant")
	}
	if AF_UNSPEC != 0 || IPPROTO_IP != 0 {
		t.Error("a zero is not zero")
	}
}

// The table in names.go matches names.txt.
func TestNamesGenerated(t *testing.T) {
	text, err := os.ReadFile("names.txt")
	if err != nil {
		t.Skip("no source here: ", err)
	}
	i, group := 0, ""
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || line[0] == '#':
		case line[0] == '[':
			group = strings.Trim(line, "[]")
		case i >= len(names):
			t.Fatalf("%s is not in names.go", line)
		default:
			if name := strings.Fields(line)[0]; names[i].name != name || names[i].group != group {
				t.Fatalf("names.go has %s where names.txt has %s: go generate ./internal/sys", names[i].name, name)
			}
			i++
		}
	}
	if i != len(names) {
		t.Errorf("%s is not in names.txt", names[i].name)
	}
}

// Where two names share a number it is the one that the calls' pages have.
func TestErrnoName(t *testing.T) {
	if !Supported {
		t.Skip("no sockets here")
	}
	for e, want := range map[Errno]string{EAGAIN: "EAGAIN", EINVAL: "EINVAL", EOPNOTSUPP: "EOPNOTSUPP"} {
		if got := ErrnoName(e); got != want {
			t.Errorf("%d is %s, want %s", int(e), got, want)
		}
	}
}
