package sock_test

import (
	"math"
	"net/netip"
	"syscall"
	"testing"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/cmsg"
	"github.com/berkeleysockets/sock/internal/sys"
)

// A value that does not fit fails when it is sent. It is never truncated.
func TestControlUnfit(t *testing.T) {
	t.Parallel()
	a, _, _, to := datagrams(t, "udp4")
	loopback := netip.MustParseAddr("127.0.0.1")
	for name, control := range map[string][]byte{
		"TTL -1":          cmsg.AppendTTL(nil, to.AddrPort().Addr(), -1),
		"TTL 256":         cmsg.AppendTTL(nil, to.AddrPort().Addr(), 256),
		"TOS -1":          cmsg.AppendTOS(nil, to.AddrPort().Addr(), -1),
		"TOS 256":         cmsg.AppendTOS(nil, to.AddrPort().Addr(), 256),
		"TOS huge":        cmsg.AppendTOS(nil, to.AddrPort().Addr(), math.MaxInt),
		"interface -1":    cmsg.AppendPacketInfo(nil, cmsg.PacketInfo{Interface: -1, Local: loopback}),
		"interface huge":  cmsg.AppendPacketInfo(nil, cmsg.PacketInfo{Interface: math.MaxInt, Local: loopback}), // ENODEV on 32 bits
		"no address":      cmsg.AppendPacketInfo(nil, cmsg.PacketInfo{Interface: 1}),
		"segments of 0":   cmsg.AppendSegmentSize(nil, 0),
		"segments of -1":  cmsg.AppendSegmentSize(nil, -1),
		"segments of 64K": cmsg.AppendSegmentSize(nil, 1<<16),
	} {
		for how, send := range map[string]func() error{
			"SendMsg": func() error {
				_, err := a.SendMsg(&sock.Message{Bufs: [][]byte{[]byte("x")}, Control: control, Addr: to}, 0)
				return err
			},
			"SendBatch": func() error {
				b := sock.NewBatch(1, 0, 100)
				if err := b.Add([]byte("x"), control, to); err != nil {
					return err
				}
				_, err := a.SendBatch(b, 0)
				return err
			},
		} {
			err := send()
			if !isAny(err, syscall.EINVAL, syscall.ENODEV, errUnsupported) {
				t.Errorf("%s by %s: %v", name, how, err)
			}
		}
	}
}

func TestControlZeroReport(t *testing.T) {
	t.Parallel()
	var r sock.Report
	if _, _, ok := r.Timestamp(); ok && sys.Supported {
		t.Error("a timestamp")
	}
	if _, _, _, ok := r.ZeroCopy(); ok && sys.Supported {
		t.Error("a completion")
	}
	if (cmsg.ExtendedError{}).String() == "" {
		t.Error("no text")
	}
}
