package sock_test

import (
	"errors"
	"fmt"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/berkeleysockets/sock"
)

// TestRecvMsgFamilies shows that RecvMsg, Readv and RecvBatch return what recvmsg(2) returns in
// every family of this kernel: many refuse a flag that only unix sockets need.
func TestRecvMsgFamilies(t *testing.T) {
	t.Parallel()
	const anyProtocol = 0x300 // ETH_P_ALL in network byte order
	opened := 0
	for _, k := range []struct {
		name             string
		domain, typ, pro int
	}{
		{"SOCK_PACKET", unix.AF_INET, unix.SOCK_PACKET, anyProtocol},
		{"packet raw", unix.AF_PACKET, unix.SOCK_RAW, anyProtocol},
		{"packet datagram", unix.AF_PACKET, unix.SOCK_DGRAM, anyProtocol},
		{"key", unix.AF_KEY, unix.SOCK_RAW, 2},
		{"CAN raw", unix.AF_CAN, unix.SOCK_RAW, unix.CAN_RAW},
		{"CAN broadcast manager", unix.AF_CAN, unix.SOCK_DGRAM, unix.CAN_BCM},
		{"CAN ISO-TP", unix.AF_CAN, unix.SOCK_DGRAM, unix.CAN_ISOTP},
		{"CAN J1939", unix.AF_CAN, unix.SOCK_DGRAM, unix.CAN_J1939},
		{"MCTP", unix.AF_MCTP, unix.SOCK_DGRAM, 0},
		{"QIPCRTR", unix.AF_QIPCRTR, unix.SOCK_DGRAM, 0},
		{"phonet", unix.AF_PHONET, unix.SOCK_DGRAM, 0},
		{"TIPC", unix.AF_TIPC, unix.SOCK_RDM, 0},
		{"RXRPC", unix.AF_RXRPC, unix.SOCK_DGRAM, unix.AF_INET},
		{"KCM", unix.AF_KCM, unix.SOCK_DGRAM, 0},
		{"SMC", unix.AF_SMC, unix.SOCK_STREAM, 0},
		{"ALG", unix.AF_ALG, unix.SOCK_SEQPACKET, 0},
		{"XDP", unix.AF_XDP, unix.SOCK_RAW, 0},
		{"netlink", unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_ROUTE},
		{"crypto netlink", unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_CRYPTO},
		{"IPv4 raw", unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_ICMP},
		{"IPv6 raw", unix.AF_INET6, unix.SOCK_RAW, unix.IPPROTO_ICMPV6},
		{"UDP", unix.AF_INET, unix.SOCK_DGRAM, 0},
		{"TCP", unix.AF_INET, unix.SOCK_STREAM, 0},
		{"MPTCP", unix.AF_INET, unix.SOCK_STREAM, unix.IPPROTO_MPTCP},
		{"unix stream", unix.AF_UNIX, unix.SOCK_STREAM, 0},
		{"unix datagram", unix.AF_UNIX, unix.SOCK_DGRAM, 0},
	} {
		s, err := sock.Open(sock.Domain(k.domain), sock.Type(k.typ), sock.Protocol(k.pro))
		if err != nil {
			t.Logf("no %s here: %v", k.name, err)
			continue
		}
		opened++
		closed(t, s)
		want := func() (e error) { // of the call without our flag; a packet may have arrived
			wantErr(t, s.WithFD(func(fd int) error {
				_, _, _, _, e = unix.RecvmsgBuffers(fd, [][]byte{make([]byte, 2048)}, make([]byte, 64), unix.MSG_DONTWAIT)
				return nil
			}), nil)
			return e
		}
		batch := sock.NewBatch(2, 2048, 64)
		for name, call := range map[string]func() error{
			"RecvMsg": func() error {
				_, err := s.RecvMsg(&sock.Message{Bufs: [][]byte{make([]byte, 2048)}, Control: make([]byte, 64)}, sock.DontWait)
				return err
			},
			"Readv": func() error { s.SetNonblock(true); _, err := s.Readv([][]byte{make([]byte, 2048)}); return err },
			"RecvBatch": func() error {
				_, err := s.RecvBatch(batch, sock.DontWait)
				return err
			},
		} {
			got, want := call(), want()
			var ge, we syscall.Errno
			errors.As(got, &ge)
			errors.As(want, &we)
			if got == sock.ErrWouldBlock {
				ge = syscall.EAGAIN
			}
			if ge != we && ge != 0 && we != 0 {
				t.Errorf("%s, %s: %v, and the kernel says %v", k.name, name, got, want)
			}
			if ge == syscall.EINVAL && we != syscall.EINVAL {
				t.Error(fmt.Sprint(k.name, ", ", name), "refuses the flags")
			}
		}
	}
	if opened < 4 {
		t.Errorf("only %d families were tried", opened)
	}
}
