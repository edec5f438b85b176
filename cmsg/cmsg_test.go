package cmsg_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/berkeleysockets/sock/cmsg"
	"github.com/berkeleysockets/sock/internal/sys"
)

// refMessages decodes control messages as cmsg(3) describes them, by offsets into b that cannot
// overflow.
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
		case sys.CmsgLen(0) == 16: // the BSDs: a socklen_t, and 4 bytes of padding behind the header
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

// Messages that were appended are read back, from the whole buffer and from each prefix.
func TestControlRoundTrip(t *testing.T) {
	t.Parallel()
	if sys.CmsgLen(0) != 16 && sys.CmsgLen(0) != 12 {
		t.Fatal("refMessages does not have this layout")
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
	// In memory that is not aligned, and that is not zero.
	odd := slices.Concat([]byte{0}, b)
	sameMessages(t, slices.Collect(cmsg.All(odd[1:])), want)
	dirty := bytes.Repeat([]byte{0xff}, 100)
	sameMessages(t, slices.Collect(cmsg.All(cmsg.Append(dirty[:0], 1, 2, []byte("abc")))), []cmsg.Message{{Level: 1, Type: 2, Data: []byte("abc")}})
	if !bytes.Equal(dirty[cmsg.Space(3):], bytes.Repeat([]byte{0xff}, 100-cmsg.Space(3))) {
		t.Error("bytes behind the end were changed")
	}
	// The caller ends the loop early.
	for range cmsg.All(b) {
		break
	}
	if _, _, ok := cmsg.Next(nil); ok {
		t.Error("a message in an empty buffer")
	}
	for _, n := range []int{-1, math.MinInt, math.MaxInt} {
		if got := cmsg.Space(n); got < cmsg.Space(0) {
			t.Errorf("Space(%d) = %d", n, got)
		}
	}
}

// readAll calls every decoder of a message, and returns how many decoded it. None may panic.
func readAll(m cmsg.Message) int {
	decoded := 0
	count := func(ok bool) {
		if ok {
			decoded++
		}
	}
	fds, ok := m.Rights(nil)
	if len(fds) > len(m.Data)/4 {
		panic("more descriptors than bytes")
	}
	count(ok)
	_, ok = m.Credentials()
	count(ok)
	_, ok = m.PIDFD()
	count(ok)
	_, ok = m.PacketInfo()
	count(ok)
	_, ok = m.TTL()
	count(ok)
	_, ok = m.TOS()
	count(ok)
	_, ok = m.Timestamp()
	count(ok)
	_, ok = m.Timestamps()
	count(ok)
	_, ok = m.SegmentSize()
	count(ok)
	_, ok = m.Drops()
	count(ok)
	_, ok = m.Mark()
	count(ok)
	_, ok = m.TxTime()
	count(ok)
	_, ok = m.OriginalDest()
	count(ok)
	x, ok := m.ExtendedError()
	_ = x.String()
	count(ok)
	_ = m.String()
	return decoded
}

func FuzzControl(f *testing.F) {
	one := cmsg.Append(nil, sys.SOL_SOCKET, sys.SCM_RIGHTS, []byte{1, 0, 0, 0})
	two := cmsg.AppendTOS(slices.Clone(one), netip.Addr{}, 3)
	f.Add(one)
	f.Add(two)
	f.Add(two[:len(two)-1])
	f.Add(cmsg.AppendRights(cmsg.AppendRights(nil, 5, -1, 6), 7))
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
		var fds, received []int
		for fd := range cmsg.Descriptors(b) {
			received = append(received, fd)
		}
		for _, m := range got {
			if fds, _ = m.Rights(fds); m.Level == sys.SOL_SOCKET && m.Type == sys.SCM_PIDFD && len(m.Data) == 4 {
				if fd, ok := m.PIDFD(); ok {
					fds = append(fds, fd)
				}
			}
			readAll(m)
			whole := cmsg.Append(nil, m.Level, m.Type, m.Data)
			if again, rest, ok := cmsg.Next(whole); !ok || len(rest) != 0 || again.Level != m.Level || again.Type != m.Type || !bytes.Equal(again.Data, m.Data) {
				t.Errorf("%v became %v", m, again)
			}
		}
		for _, fd := range fds { // those of complete messages are among all, in this order
			i := slices.Index(received, fd)
			if fd < 0 || i < 0 {
				t.Fatalf("descriptor %d of %v is not in %v", fd, fds, received)
			}
			received = received[i+1:]
		}
	})
}

// Each decoder, with data of every size: data that is too short is not decoded.
func TestControlSizes(t *testing.T) {
	t.Parallel()
	decoded := 0
	for _, level := range []int{sys.SOL_SOCKET, sys.IPPROTO_IP, sys.IPPROTO_IPV6, sys.IPPROTO_UDP, sys.SOL_PACKET, -5} {
		for typ := -3; typ < 100; typ++ {
			for n := range 60 {
				decoded += readAll(cmsg.Message{Level: level, Type: typ, Data: bytes.Repeat([]byte{0x80}, n)})
			}
		}
	}
	if sys.Supported && decoded == 0 {
		t.Error("nothing was decoded")
	}
}

// The decoders read what the builders append, if the message is the same in both directions.
func TestControlBuilt(t *testing.T) {
	t.Parallel()
	four, six, mapped := netip.MustParseAddr("10.1.2.3"), netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("::ffff:10.1.2.3")
	only := func(b []byte) cmsg.Message {
		t.Helper()
		m, rest, ok := cmsg.Next(b)
		if !ok || len(rest) != 0 {
			t.Fatalf("%x: %v, %d bytes behind it", b, ok, len(rest))
		}
		return m
	}
	missing := func(m cmsg.Message) bool { return m.Level == sys.SOL_SOCKET && m.Type == sys.Missing }
	if fds, ok := only(cmsg.AppendRights(nil, 1, 0, 77)).Rights([]int{9}); sys.Supported && (!ok || !slices.Equal(fds, []int{9, 1, 0, 77})) {
		t.Error(fds, ok)
	}
	for _, to := range []netip.Addr{four, six, mapped} {
		if m := only(cmsg.AppendTTL(nil, to, 200)); !missing(m) {
			if v, ok := m.TTL(); v != 200 || !ok {
				t.Error(to, v, ok)
			}
			if is4 := m.Level == sys.IPPROTO_IP; is4 != (to != six) {
				t.Error(to, m)
			}
		}
		if m := only(cmsg.AppendTOS(nil, to, 0xb9)); !missing(m) {
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
		if got, ok := m.PacketInfo(); !missing(m) && sys.SendSource4 != sys.IP_SENDSRCADDR && (!ok || got.Local != want.Local.Unmap() || got.Interface != 0) {
			t.Error(got, ok)
		}
	}
	if m := only(cmsg.AppendSegmentSize(nil, 1200)); !missing(m) {
		if n, ok := m.SegmentSize(); n != 1200 || !ok {
			t.Error(n, ok)
		}
	}
	if m := only(cmsg.AppendTxTime(nil, 1<<60+5)); !missing(m) {
		if n, ok := m.TxTime(); n != 1<<60+5 || !ok {
			t.Error(n, ok)
		}
	}
	if m := only(cmsg.AppendMark(nil, 1<<31+1)); !missing(m) {
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

// Check returns the error of a builder where the kernel does not return it.
func TestControlCheck(t *testing.T) {
	t.Parallel()
	good := cmsg.Append(nil, 1, 2, []byte("abc"))
	for name, c := range map[string]struct {
		b    []byte
		want error
	}{
		"none":    {nil, nil},
		"any":     {good, nil},
		"invalid": {cmsg.AppendTTL(slices.Clone(good), netip.IPv6Unspecified(), 256), sys.EINVAL},
		"missing": {cmsg.Append(good, sys.SOL_SOCKET, sys.Missing, nil), errors.ErrUnsupported},
	} {
		if sys.PassesAnyControl || !sys.Supported {
			c.want = nil
		}
		if err := cmsg.Check(c.b); !sys.Supported && err == nil || sys.Supported && !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// An entry of the error queue as the kernel writes it, and its text.
func TestControlExtendedError(t *testing.T) {
	t.Parallel()
	if !sys.Has(sys.IP_RECVERR) {
		t.Skip("no error queue on this system")
	}
	origin, family := cmsg.OriginICMP, sys.AF_INET // variables: the constants do not fit on every system
	entry := binary.NativeEndian.AppendUint32(nil, uint32(syscall.ECONNREFUSED))
	entry = append(entry, byte(origin), 3, 3, 0)
	entry = append(entry, make([]byte, 8)...)
	for offender, want := range map[string]string{
		"127.0.0.1": "ICMP type 3 code 3 from 127.0.0.1:0: connection refused",
		"":          "ICMP type 3 code 3 connection refused",
	} {
		name := make([]byte, 16) // a struct sockaddr_in
		if offender != "" {
			binary.NativeEndian.PutUint16(name, uint16(family))
			ip := netip.MustParseAddr(offender).As4()
			copy(name[4:], ip[:])
		}
		m, _, _ := cmsg.Next(cmsg.Append(nil, sys.IPPROTO_IP, sys.IP_RECVERR, slices.Concat(entry, name)))
		e, ok := m.ExtendedError()
		if !ok || e.Err != syscall.ECONNREFUSED || e.Origin != cmsg.OriginICMP || e.Type != 3 || e.Code != 3 || e.Offender.IsValid() != (offender != "") || e.String() != want {
			t.Errorf("%+v, %v: %s", e, ok, e)
		}
	}
	for e, want := range map[cmsg.ExtendedError]string{
		{}: "no error",
		{Err: syscall.EMSGSIZE, Origin: cmsg.OriginLocal}:     "local: message too long",
		{Origin: cmsg.OriginTimestamping, Data: 7}:            "timestamp 7",
		{Origin: cmsg.OriginZeroCopy, Info: 2, Data: 4}:       "sends 2 to 4 are complete",
		{Err: syscall.ECONNREFUSED, Origin: cmsg.OriginICMP6}: "ICMPv6 type 0 code 0 connection refused",
		{Err: syscall.ECANCELED, Origin: cmsg.OriginTxTime}:   "transmit time: operation canceled",
	} {
		if got := e.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// Origins and moments have a text on every system, also where they have no number.
func TestControlTexts(t *testing.T) {
	t.Parallel()
	for got, want := range map[string]string{
		cmsg.OriginNone.String(): "none", cmsg.OriginLocal.String(): "local", cmsg.OriginICMP.String(): "ICMP", cmsg.OriginICMP6.String(): "ICMPv6",
		cmsg.OriginTimestamping.String(): "timestamping", cmsg.OriginZeroCopy.String(): "zero copy", cmsg.OriginTxTime.String(): "transmit time",
		cmsg.Origin(99).String(): "origin 99", cmsg.MomentSent.String(): "sent", cmsg.MomentScheduled.String(): "scheduled",
		cmsg.MomentAcknowledged.String(): "acknowledged", cmsg.MomentCompleted.String(): "completed", cmsg.Moment(99).String(): "moment 99",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
