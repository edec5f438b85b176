package sockopt

import (
	"bytes"
	"encoding/binary"
	"testing"
	"time"
)

// A tcp_info of which each field is its offset, in this machine's byte order, as
// the kernel would have it; and the short ones of older kernels.
func TestTCPInfoDecode(t *testing.T) {
	t.Parallel()
	var b [sizeTCPInfo]byte
	for at := 8; at < len(b); at += 4 {
		binary.NativeEndian.PutUint32(b[at:], uint32(at))
	}
	for _, at := range []int{104, 112, 120, 128, 160, 168, 176, 184, 200, 208} {
		binary.NativeEndian.PutUint64(b[at:], uint64(at))
	}
	for _, at := range []int{240, 242, 276, 278} {
		binary.NativeEndian.PutUint16(b[at:], uint16(at))
	}
	copy(b[:], []byte{1, 2, 3, 4, 5, 6, 0x87, 0x05}) // scales 7 and 8, limited, failed for 2
	if bigEndian {
		b[6], b[7] = 0x78, 0xc0
	}
	var v TCPInfoValue
	v.decode(b[:])
	const us, ms = time.Microsecond, time.Millisecond
	want := TCPInfoValue{
		State: 1, CAState: 2, Retransmits: 3, Probes: 4, Backoff: 5, Options: 6, SendWindowScale: 7, RecvWindowScale: 8, DeliveryRateAppLimit: true, FastOpenClientFail: 2,
		RTO: 8 * us, ATO: 12 * us, SendMSS: 16, RecvMSS: 20, Unacked: 24, Sacked: 28, Lost: 32, Retrans: 36, Fackets: 40,
		LastDataSent: 44 * ms, LastAckSent: 48 * ms, LastDataRecv: 52 * ms, LastAckRecv: 56 * ms, PathMTU: 60, RecvSSThresh: 64, RTT: 68 * us, RTTVar: 72 * us,
		SendSSThresh: 76, SendCwnd: 80, AdvMSS: 84, Reordering: 88, RecvRTT: 92 * us, RecvSpace: 96, TotalRetrans: 100,
		PacingRate: 104, MaxPacingRate: 112, BytesAcked: 120, BytesReceived: 128, SegsOut: 136, SegsIn: 140, NotSentBytes: 144, MinRTT: 148 * us, DataSegsIn: 152, DataSegsOut: 156,
		DeliveryRate: 160, BusyTime: 168 * us, RecvWindowLimited: 176 * us, SendBufferLimited: 184 * us, Delivered: 192, DeliveredCE: 196, BytesSent: 200, BytesRetrans: 208,
		DSACKDups: 216, ReordSeen: 220, RecvOutOfOrder: 224, SendWindow: 228, RecvWindow: 232, Rehash: 236, TotalRTO: 240, TotalRTORecoveries: 242, TotalRTOTime: 244 * ms,
		ReceivedCE: 248, DeliveredE1Bytes: 252, DeliveredE0Bytes: 256, DeliveredCEBytes: 260, ReceivedE1Bytes: 264, ReceivedE0Bytes: 268, ReceivedCEBytes: 272, AccECNFailMode: 276, AccECNOptSeen: 278,
	}
	if v != want {
		t.Errorf("%+v\nwant %+v", v, want)
	}
	for n := range len(b) { // no panic, and what is cut is zero
		var v, zeroed TCPInfoValue
		v.decode(b[:n])
		zeroed.decode(append(bytes.Clone(b[:n&^7]), make([]byte, len(b)-n&^7)...))
		if n%8 == 0 && v != zeroed {
			t.Errorf("%d bytes: %+v", n, v)
		}
	}
}

func TestToNetwork(t *testing.T) {
	t.Parallel()
	var b [4]byte
	binary.NativeEndian.PutUint32(b[:], toNetwork(0x01020304))
	if b != [4]byte{1, 2, 3, 4} || toNetwork(toNetwork(7)) != 7 {
		t.Error(b)
	}
}
