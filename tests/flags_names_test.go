package sock_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/berkeleysockets/sock"
)

// Every name prints as C has it, also where the system lacks the thing.
func TestFlagsNames(t *testing.T) {
	t.Parallel()
	for want, v := range map[string]fmt.Stringer{
		"AF_UNSPEC": sock.Unspec, "AF_UNIX": sock.Unix, "AF_INET": sock.Inet, "AF_INET6": sock.Inet6,
		"AF_NETLINK": sock.Netlink, "AF_PACKET": sock.Packet, "AF_VSOCK": sock.VSock,
		"SOCK_STREAM": sock.Stream, "SOCK_DGRAM": sock.Dgram, "SOCK_SEQPACKET": sock.SeqPacket, "SOCK_RAW": sock.Raw,
		"IPPROTO_ICMP": sock.ICMP, "IPPROTO_TCP": sock.TCP, "IPPROTO_UDP": sock.UDP, "IPPROTO_ICMPV6": sock.ICMPv6,
		"IPPROTO_SCTP": sock.SCTP, "IPPROTO_UDPLITE": sock.UDPLite, "IPPROTO_RAW": sock.RawIP, "IPPROTO_MPTCP": sock.MPTCP,
		"SHUT_RD": sock.ShutRead, "SHUT_WR": sock.ShutWrite, "SHUT_RDWR": sock.ShutBoth,
		"MSG_OOB": sock.OOB, "MSG_PEEK": sock.Peek, "MSG_DONTROUTE": sock.DontRoute, "MSG_CTRUNC": sock.CTrunc, "MSG_TRUNC": sock.Trunc,
		"MSG_DONTWAIT": sock.DontWait, "MSG_EOR": sock.EOR, "MSG_WAITALL": sock.WaitAll, "MSG_NOSIGNAL": sock.NoSignal,
		"77": sock.Domain(77), "9": sock.Type(9), "200": sock.Protocol(200), "7": sock.How(7), "-3": sock.Domain(-3),
		"0": sock.Flags(0), "0x1000000": sock.Flags(0x1000000), "MSG_PEEK|MSG_DONTWAIT": sock.DontWait | sock.Peek,
		"MSG_OOB|0x1000000": sock.OOB | 0x1000000,
		"Readable":          sock.Readable, "Writable": sock.Writable, "Priority": sock.Priority, "ReadClosed": sock.ReadClosed,
		"WriteClosed": sock.WriteClosed, "Hangup": sock.Hangup, "Failed": sock.Failed, "Edge": sock.Edge, "OneShot": sock.OneShot,
		"Exclusive": sock.Exclusive, "Readable|Hangup": sock.Readable | sock.Hangup,
	} {
		if v.String() != want {
			t.Errorf("%T %d = %s, want %s", v, v, v, want)
		}
	}
	if s := sock.Ready(0).String(); s != "0" {
		t.Errorf("no Ready is %s", s)
	}
	if s := (^sock.Ready(0)).String(); !strings.HasPrefix(s, "Readable|Writable|") || !strings.Contains(s, "|Exclusive") {
		t.Errorf("every Ready is %s", s)
	}
	linux := map[string]sock.Flags{
		"MSG_CONFIRM": sock.Confirm, "MSG_ERRQUEUE": sock.ErrQueue, "MSG_MORE": sock.More, "MSG_ZEROCOPY": sock.ZeroCopy, "MSG_FASTOPEN": sock.FastOpen,
	}
	for want, f := range linux {
		if runtime.GOOS == "linux" && f.String() != want {
			t.Errorf("%#x = %s, want %s", int(f), f, want)
		}
		if f < 0 && f.String() != "0x80000000" {
			t.Errorf("a flag that is missing = %s", f)
		}
	}
}

// What 0 means for a Protocol.
func TestFlagsProtocol(t *testing.T) {
	t.Parallel()
	needIPv6(t)
	for _, c := range []struct {
		d    sock.Domain
		ty   sock.Type
		p    sock.Protocol
		want sock.Protocol
	}{
		{sock.Inet, sock.Stream, 0, sock.TCP}, {sock.Inet6, sock.Stream, sock.TCP, sock.TCP},
		{sock.Inet, sock.Dgram, 0, sock.UDP}, {sock.Inet6, sock.Dgram, sock.UDP, sock.UDP},
		{sock.Unix, sock.Stream, 0, 0}, {sock.Unix, sock.Dgram, 0, 0},
	} {
		s, err := sock.Open(c.d, c.ty, c.p)
		if err != nil {
			t.Fatal(err)
		}
		closed(t, s)
		if s.Domain() != c.d || s.Type() != c.ty || s.Protocol() != c.want {
			t.Errorf("%v %v %v", s.Domain(), s.Type(), s.Protocol())
		}
		// The kernel agrees.
		dup, err := s.Dup()
		if err != nil {
			t.Fatal(err)
		}
		same, err := sock.FromFD(detach(t, dup))
		if err != nil {
			t.Fatal(err)
		}
		closed(t, same)
		if same.Domain() != c.d || same.Type() != c.ty || same.Protocol() != c.want {
			t.Errorf("of the descriptor: %v %v %v", same.Domain(), same.Type(), same.Protocol())
		}
	}
}

func detach(t testing.TB, s *sock.Socket) int {
	t.Helper()
	fd, err := s.Detach()
	if err != nil {
		t.Fatal(err)
	}
	return fd
}
