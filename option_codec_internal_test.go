package sock

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"
	"time"
)

// How values lie in memory, in this machine's order: an emulator of another one knows few
// options.

func TestOptionCodecs(t *testing.T) {
	t.Parallel()
	native := func(words ...uint32) (b []byte) {
		for _, w := range words {
			b = binary.NativeEndian.AppendUint32(b, w)
		}
		return b
	}
	check := func(name string, r raw, err error, want []byte) {
		t.Helper()
		if err != nil || !bytes.Equal(r.b[:r.n], want) {
			t.Errorf("%s: %x, %v, want %x", name, r.b[:r.n], err, want)
		}
	}
	r, err := txTimeCodec.put(TxTimeValue{11, true, true})
	check("txtime", r, err, native(11, 3))
	if v := txTimeCodec.get(r); v != (TxTimeValue{11, true, true}) {
		t.Error(v)
	}
	r, err = swappedCodec.put(7)
	check("swapped", r, err, []byte{0, 0, 0, 7})
	r, err = portRangeCodec.put(PortRangeValue{1, 2})
	check("ports", r, err, native(2<<16|1))
	r, err = packetMembershipCodec.put(PacketMembershipValue{Interface: 3, Type: 1, Address: [8]byte{1, 2, 3}, Len: 6})
	check("membership", r, err, slices.Concat(native(3), binary.NativeEndian.AppendUint16(binary.NativeEndian.AppendUint16(nil, 1), 6), []byte{1, 2, 3, 0, 0, 0, 0, 0}))
	r, err = timevalCodec.put(3*time.Second + 5*time.Microsecond)
	if v := timevalCodec.get(r); v != 3*time.Second+5*time.Microsecond || err != nil || r.n != 2*word {
		t.Error(v, err, r.n)
	}
	var f ICMP6FilterValue
	f.Block(33)
	r, err = icmp6FilterCodec.put(f)
	if v := icmp6FilterCodec.get(r); v != f || err != nil {
		t.Error(v, err)
	}
	if got := r.uint32(4) ^ icmp6Passes; got != 2 {
		t.Errorf("bits %x", got)
	}
	for _, unit := range []codec[time.Duration]{secondsCodec, millisecondsCodec, microsecondsCodec} {
		if r, err := unit.put(1); err != nil || unit.get(r) < 1 || r.int() != 1 {
			t.Error(r.int(), err)
		}
	}
}

func TestOptionCodecTCPInfo(t *testing.T) {
	t.Parallel()
	var w wide
	w.n = sizeTCPInfo
	for at := 8; at+4 <= w.n; at += 4 {
		binary.NativeEndian.PutUint32(w.b[at:], uint32(at))
	}
	for at := 104; at < 136; at += 8 {
		binary.NativeEndian.PutUint64(w.b[at:], uint64(at)<<32)
	}
	w.b[0] = 1
	w.b[6] = 0x7a // snd_wscale first
	w.b[7] = 0x01
	if bigEndian {
		w.b[6], w.b[7] = 0xa7, 0x80
	}
	v := tcpInfoCodec.wide(w)
	if v.State != 1 || v.SendWindowScale != 10 || v.RecvWindowScale != 7 || !v.AppLimited || v.RTT != 68*time.Microsecond || v.TotalRetrans != 100 {
		t.Errorf("%+v", v)
	}
	if tcpInfoLinux := v.PacingRate != 0; tcpInfoLinux && (v.PacingRate != 104<<32 || v.SendWindow != 228 || v.TotalRTOTime != 244*time.Millisecond) {
		t.Errorf("%+v", v)
	}
	w.n = 104 // an old kernel
	if v := tcpInfoCodec.wide(w); v.TotalRetrans != 100 || v.PacingRate != 0 || v.SendWindow != 0 {
		t.Errorf("%+v", v)
	}
}
