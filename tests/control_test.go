package sock_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/cmsg"
	"github.com/berkeleysockets/sock/internal/sys"
)

// refMessages reads control messages as cmsg(3) describes them, slowly: by offsets into
// the whole, with numbers that cannot overflow.
func refMessages(b []byte) (all []cmsg.Message) {
	for at := int64(0); ; {
		var length, header int64
		level0 := int64(-8)
		switch {
		case sys.CmsgLen(0) == 16 && runtime.GOOS == "linux":
			if header = 16; at+header > int64(len(b)) {
				return all
			}
			length = int64(min(binary.NativeEndian.Uint64(b[at:]), math.MaxInt32))
		case sys.CmsgLen(0) == 16: // the BSDs: a socklen_t, and four bytes of padding behind the header
			if header = 16; at+12 > int64(len(b)) {
				return all
			}
			length = int64(binary.NativeEndian.Uint32(b[at:]))
			level0 = -12
		default:
			if header = 12; at+header > int64(len(b)) {
				return all
			}
			length = int64(binary.NativeEndian.Uint32(b[at:]))
		}
		if length < header || at+length > int64(len(b)) {
			return all
		}
		level, typ := int32(binary.NativeEndian.Uint32(b[at+header+level0:])), int32(binary.NativeEndian.Uint32(b[at+header+level0+4:]))
		all = append(all, cmsg.Message{Level: int(level), Type: int(typ), Data: b[at+header : at+length]})
		align := int64(sys.CmsgSpace(1) - sys.CmsgSpace(0))
		at = (at + length + align - 1) / align * align
	}
}

func sameMessages(t testing.TB, got, want []cmsg.Message) {
	t.Helper()
	equal := func(a, b cmsg.Message) bool {
		return a.Level == b.Level && a.Type == b.Type && bytes.Equal(a.Data, b.Data)
	}
	if !slices.EqualFunc(got, want, equal) {
		t.Errorf("%v, want %v", got, want)
	}
}

// What is appended comes out again, from the beginning and from any prefix.
func TestControlRoundTrip(t *testing.T) {
	t.Parallel()
	if sys.CmsgLen(0) != 16 && sys.CmsgLen(0) != 12 {
		t.Fatal("the reference does not know this layout")
	}
	var want []cmsg.Message
	var b []byte
	for n := range 40 {
		m := cmsg.Message{Level: n * n, Type: -n, Data: bytes.Repeat([]byte{byte(n + 1)}, n)}
		want = append(want, m)
		before := len(b)
		b = cmsg.Append(b, m.Level, m.Type, m.Data)
		if got := len(b) - before; got != cmsg.Space(n) {
			t.Fatalf("%d bytes of data took %d, want %d", n, got, cmsg.Space(n))
		}
	}
	sameMessages(t, slices.Collect(cmsg.All(b)), want)
	for n := range b {
		sameMessages(t, slices.Collect(cmsg.All(b[:n])), refMessages(b[:n]))
	}
	// In memory that is not aligned, and that is not clean.
	odd := slices.Concat([]byte{0}, b)
	sameMessages(t, slices.Collect(cmsg.All(odd[1:])), want)
	dirty := bytes.Repeat([]byte{0xff}, 100)
	sameMessages(t, slices.Collect(cmsg.All(cmsg.Append(dirty[:0], 1, 2, []byte("abc")))), []cmsg.Message{{Level: 1, Type: 2, Data: []byte("abc")}})
	if !bytes.Equal(dirty[cmsg.Space(3):], bytes.Repeat([]byte{0xff}, 100-cmsg.Space(3))) {
		t.Error("it wrote behind the end")
	}
	// Ended early, by the caller.
	for range cmsg.All(b) {
		break
	}
	if _, _, ok := cmsg.Next(nil); ok {
		t.Error("a message in nothing")
	}
	for _, n := range []int{-1, math.MinInt, math.MaxInt} {
		if got := cmsg.Space(n); got < cmsg.Space(0) {
			t.Errorf("ControlSpace(%d) = %d", n, got)
		}
	}
}

// Every accessor of every message: none may panic, or see what is not there.
func readAll(m cmsg.Message) int {
	said := 0
	see := func(ok bool) {
		if ok {
			said++
		}
	}
	fds, ok := m.Rights(nil)
	if len(fds) > len(m.Data)/4 {
		panic("more descriptors than bytes")
	}
	see(ok)
	_, ok = m.Credentials()
	see(ok)
	_, ok = m.PidFD()
	see(ok)
	_, ok = m.PacketInfo()
	see(ok)
	_, ok = m.TTL()
	see(ok)
	_, ok = m.TOS()
	see(ok)
	_, ok = m.Timestamp()
	see(ok)
	_, ok = m.Timestamps()
	see(ok)
	_, ok = m.SegmentSize()
	see(ok)
	_, ok = m.Drops()
	see(ok)
	_, ok = m.Mark()
	see(ok)
	_, ok = m.TxTime()
	see(ok)
	_, ok = m.OriginalDest()
	see(ok)
	x, ok := m.ExtendedError()
	_ = x.String()
	see(ok)
	_ = m.String()
	return said
}

func FuzzControl(f *testing.F) {
	one := cmsg.Append(nil, sys.SOL_SOCKET, sys.SCM_RIGHTS, []byte{1, 0, 0, 0})
	two := cmsg.AppendTOS(slices.Clone(one), netip.Addr{}, 3)
	f.Add(one)
	f.Add(two)
	f.Add(two[:len(two)-1])
	for _, length := range []uint64{0, 1, 11, 12, 15, 16, 17, 1 << 31, 1<<32 - 1, 1 << 63, math.MaxUint64} {
		bad := slices.Clone(two)
		binary.NativeEndian.PutUint64(bad, length)
		f.Add(bad)
	}
	for _, level := range []int{sys.SOL_SOCKET, sys.IPPROTO_IP, sys.IPPROTO_IPV6, sys.IPPROTO_UDP} {
		for typ := range 80 {
			f.Add(cmsg.Append(nil, level, typ, make([]byte, typ)))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got := slices.Collect(cmsg.All(b))
		want := refMessages(b)
		if len(got) > 0 && len(want) > 0 && len(got[0].Data) > 1<<29 {
			t.Skip()
		}
		sameMessages(t, got, want)
		for _, m := range got {
			readAll(m)
			whole := cmsg.Append(nil, m.Level, m.Type, m.Data)
			if again, rest, ok := cmsg.Next(whole); !ok || len(rest) != 0 || again.Level != m.Level || again.Type != m.Type || !bytes.Equal(again.Data, m.Data) {
				t.Errorf("%v became %v", m, again)
			}
		}
	})
}

// Each accessor, with data of every size: the ones that are too short say nothing.
func TestControlSizes(t *testing.T) {
	t.Parallel()
	said := 0
	for _, level := range []int{sys.SOL_SOCKET, sys.IPPROTO_IP, sys.IPPROTO_IPV6, sys.IPPROTO_UDP, sys.SOL_PACKET, -5} {
		for typ := -3; typ < 100; typ++ {
			for n := range 60 {
				said += readAll(cmsg.Message{Level: level, Type: typ, Data: bytes.Repeat([]byte{0x80}, n)})
			}
		}
	}
	if sys.Supported && said == 0 {
		t.Error("nothing was understood")
	}
}

// What the builders write the accessors read, as far as the one is the other's.
func TestControlBuilt(t *testing.T) {
	t.Parallel()
	four, six, mapped := addr(t, "10.1.2.3:4"), addr(t, "[2001:db8::1]:4"), addr(t, "[::ffff:10.1.2.3]:4")
	only := func(b []byte) cmsg.Message {
		t.Helper()
		m, rest, ok := cmsg.Next(b)
		if !ok || len(rest) != 0 {
			t.Fatalf("%x: %v, %d behind it", b, ok, len(rest))
		}
		return m
	}
	lacks := func(m cmsg.Message) bool { return m.Level == sys.SOL_SOCKET && m.Type == sys.Missing }
	if fds, ok := only(cmsg.AppendRights(nil, 1, 0, 77)).Rights([]int{9}); sys.Supported && (!ok || !slices.Equal(fds, []int{9, 1, 0, 77})) {
		t.Error(fds, ok)
	}
	for _, to := range []sock.Addr{four, six, mapped} {
		if m := only(cmsg.AppendTTL(nil, to.AddrPort().Addr(), 200)); !lacks(m) {
			if v, ok := m.TTL(); v != 200 || !ok {
				t.Error(to, v, ok)
			}
			if is4 := m.Level == sys.IPPROTO_IP; is4 != (to != six) {
				t.Error(to, m)
			}
		}
		if m := only(cmsg.AppendTOS(nil, to.AddrPort().Addr(), 0xb9)); !lacks(m) {
			if v, ok := m.TOS(); v != 0xb9 || !ok {
				t.Error(to, v, ok)
			}
			if is4 := m.Level == sys.IPPROTO_IP; is4 != (to != six) {
				t.Error(to, m)
			}
		}
	}
	for _, ip := range []string{"127.0.0.9", "2001:db8::7", "::ffff:1.2.3.4"} {
		want := cmsg.PacketInfo{Interface: 0, Local: netip.MustParseAddr(ip)}
		m := only(cmsg.AppendPacketInfo(nil, want))
		if got, ok := m.PacketInfo(); !lacks(m) && sys.SendSource4 != sys.IP_SENDSRCADDR && (!ok || got.Local != want.Local || got.Interface != 0) {
			t.Error(got, ok)
		}
	}
	if m := only(cmsg.AppendSegmentSize(nil, 1200)); !lacks(m) {
		if n, ok := m.SegmentSize(); n != 1200 || !ok {
			t.Error(n, ok)
		}
	}
	if m := only(cmsg.AppendTxTime(nil, 1<<60+5)); !lacks(m) {
		if n, ok := m.TxTime(); n != 1<<60+5 || !ok {
			t.Error(n, ok)
		}
	}
	if m := only(cmsg.AppendMark(nil, 1<<31+1)); !lacks(m) {
		if n, ok := m.Mark(); n != 1<<31+1 || !ok {
			t.Error(n, ok)
		}
	}
	if m := only(cmsg.AppendCredentials(nil, cmsg.Credentials{PID: 7, UID: 1, GID: 1<<31 - 1})); sys.Has(sys.SCM_CREDENTIALS) {
		if c, ok := m.Credentials(); c != (cmsg.Credentials{PID: 7, UID: 1, GID: 1<<31 - 1}) || !ok {
			t.Error(c, ok)
		}
	}
	if text := only(cmsg.AppendRights(nil, 1)).String(); sys.Supported && !strings.HasPrefix(text, "SOL_SOCKET SCM_RIGHTS ") {
		t.Error(text)
	}
}

// A value that does not fit is refused when it is sent, never cut.
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
