package sock_test

import (
	"errors"
	"github.com/berkeleysockets/sock"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

var tcpOptions = map[string]optionCase{
	"TCPCCInfo":             {sock.TCPCCInfo, "TCP_CC_INFO", "tcp4", ccInfo},
	"TCPCongestion":         {sock.TCPCongestion, "TCP_CONGESTION", "tcp4 tcp6", congestion},
	"TCPConnectionTimeout":  {sock.TCPConnectionTimeout, "TCP_CONNECTIONTIMEOUT", "tcp4", roundsUp(sock.TCPConnectionTimeout, time.Second)},
	"TCPCork":               {sock.TCPCork, "TCP_CORK", "tcp4 tcp6", toggled(sock.TCPCork)},
	"TCPDeferAccept":        {sock.TCPDeferAccept, "TCP_DEFER_ACCEPT", "tcp4 tcp6", changed(sock.TCPDeferAccept, time.Second, 3*time.Second, 7*time.Second)},
	"TCPDelAckMax":          {sock.TCPDelAckMax, "TCP_DELACK_MAX_US", "tcp4", recent(sock.TCPDelAckMax, settable(sock.TCPDelAckMax, 20*time.Millisecond))},
	"TCPFastOpen":           {sock.TCPFastOpen, "TCP_FASTOPEN", "tcp4", fastOpen},
	"TCPFastOpenConnect":    {sock.TCPFastOpenConnect, "TCP_FASTOPEN_CONNECT", "tcp4 tcp6", toggled(sock.TCPFastOpenConnect)},
	"TCPFastOpenKey":        {sock.TCPFastOpenKey, "TCP_FASTOPEN_KEY", "tcp4 tcp6", fastOpenKey},
	"TCPFastOpenNoCookie":   {sock.TCPFastOpenNoCookie, "TCP_FASTOPEN_NO_COOKIE", "tcp4 tcp6", toggled(sock.TCPFastOpenNoCookie)},
	"TCPInfo":               {sock.TCPInfo, "TCP_INFO", "tcp4 tcp6", told(sock.TCPInfo, func(v sock.TCPInfoValue) bool { return v.State == sock.TCPClosed && v.RTO > 0 })},
	"TCPInq":                {sock.TCPInq, "TCP_INQ", "tcp4 tcp6", toggled(sock.TCPInq)},
	"TCPIsMPTCP":            {sock.TCPIsMPTCP, "TCP_IS_MPTCP", "tcp4 mptcp4", recent(sock.TCPIsMPTCP, func(t *testing.T, s *sock.Socket) { toldAs(sock.TCPIsMPTCP, s.Protocol() == sock.MPTCP)(t, s) })},
	"TCPKeepCount":          {sock.TCPKeepCount, "TCP_KEEPCNT", "tcp4 tcp6", changed(sock.TCPKeepCount, 3, 100)},
	"TCPKeepIdle":           {sock.TCPKeepIdle, "TCP_KEEPIDLE", "tcp4 tcp6", roundsUpFrom1(sock.TCPKeepIdle)},
	"TCPKeepInit":           {sock.TCPKeepInit, "TCP_KEEPINIT", "tcp4", roundsUpFrom1(sock.TCPKeepInit)},
	"TCPKeepInterval":       {sock.TCPKeepInterval, "TCP_KEEPINTVL", "tcp4 tcp6", roundsUpFrom1(sock.TCPKeepInterval)},
	"TCPLinger2":            {sock.TCPLinger2, "TCP_LINGER2", "tcp4 tcp6", changed(sock.TCPLinger2, 10*time.Second, time.Second)},
	"TCPMD5Sig":             {sock.TCPMD5Sig, "TCP_MD5SIG", "tcp4 tcp6", signed},
	"TCPMaxSeg":             {sock.TCPMaxSeg, "TCP_MAXSEG", "tcp4", maxSeg},
	"TCPMaxUnackTime":       {sock.TCPMaxUnackTime, "TCP_MAXUNACKTIME", "tcp4", roundsUp(sock.TCPMaxUnackTime, time.Second)},
	"TCPNoDelay":            {sock.TCPNoDelay, "TCP_NODELAY", "tcp4 tcp6", toggled(sock.TCPNoDelay)},
	"TCPNoPush":             {sock.TCPNoPush, "TCP_NOPUSH", "tcp4", toggled(sock.TCPNoPush)},
	"TCPNotSentLowWater":    {sock.TCPNotSentLowWater, "TCP_NOTSENT_LOWAT", "tcp4 tcp6", settable(sock.TCPNotSentLowWater, 1000, 1<<31-1)},
	"TCPQuickAck":           {sock.TCPQuickAck, "TCP_QUICKACK", "tcp4", toggled(sock.TCPQuickAck)},
	"TCPRTOMax":             {sock.TCPRTOMax, "TCP_RTO_MAX_MS", "tcp4", recent(sock.TCPRTOMax, both(changed(sock.TCPRTOMax, time.Second, 60*time.Second), refused(sock.TCPRTOMax, 121*time.Second, syscall.EINVAL)))},
	"TCPRTOMin":             {sock.TCPRTOMin, "TCP_RTO_MIN_US", "tcp4", recent(sock.TCPRTOMin, settable(sock.TCPRTOMin, 100*time.Millisecond))},
	"TCPRepair":             {sock.TCPRepair, "TCP_REPAIR", "tcp4", privileged(changed(sock.TCPRepair, 1))},
	"TCPSaveSyn":            {sock.TCPSaveSyn, "TCP_SAVE_SYN", "tcp4 tcp6", changed(sock.TCPSaveSyn, 1, 2)},
	"TCPSavedSyn":           {sock.TCPSavedSyn, "TCP_SAVED_SYN", "tcp4", savedSyn},
	"TCPSynCount":           {sock.TCPSynCount, "TCP_SYNCNT", "tcp4 tcp6", changed(sock.TCPSynCount, 1, 127)},
	"TCPThinDupAck":         {sock.TCPThinDupAck, "TCP_THIN_DUPACK", "tcp4", both(written0(sock.TCPThinDupAck, true), toldNow(sock.TCPThinDupAck, false))},
	"TCPThinLinearTimeouts": {sock.TCPThinLinearTimeouts, "TCP_THIN_LINEAR_TIMEOUTS", "tcp4 tcp6", toggled(sock.TCPThinLinearTimeouts)},
	"TCPTimestamp":          {sock.TCPTimestamp, "TCP_TIMESTAMP", "tcp4", inRepair},
	"TCPTxDelay":            {sock.TCPTxDelay, "TCP_TX_DELAY", "tcp4", roundsUp(sock.TCPTxDelay, time.Microsecond)},
	"TCPULP":                {sock.TCPULP, "TCP_ULP", "tcp4", ulp},
	"TCPUserTimeout":        {sock.TCPUserTimeout, "TCP_USER_TIMEOUT", "tcp4 tcp6", roundsUp(sock.TCPUserTimeout, time.Millisecond)},
	"TCPWindowClamp":        {sock.TCPWindowClamp, "TCP_WINDOW_CLAMP", "tcp4", settable(sock.TCPWindowClamp, 10000)},
}

func congestion(t *testing.T, s *sock.Socket) {
	o := sock.TCPCongestion
	first, err := o.Get(s)
	if err != nil || first == "" {
		t.Fatal(first, err)
	}
	values := []string{first}
	if runtime.GOOS == "linux" {
		values = []string{"reno", first}
	}
	for _, v := range values {
		is(t, o.Set(s, v), nil)
		holds(t, o, s, v)
	}
	wrong(t, o.Set(s, "no such one"), "setsockopt TCP_CONGESTION", sock.Addr{}, syscall.ENOENT, syscall.ESRCH)
	misused(t, o.Set(s, strings.Repeat("x", 16)), "setsockopt TCP_CONGESTION", syscall.EINVAL)
	holds(t, o, s, first)
}

func onLinuxElse[T any](linux, other T) T {
	if runtime.GOOS == "linux" {
		return linux
	}
	return other
}

// ccInfo looks at one that tells nothing.
func ccInfo(t *testing.T, s *sock.Socket) {
	is(t, sock.TCPCongestion.Set(s, "reno"), nil)
	told(sock.TCPCCInfo, func(v []byte) bool { return len(v) == 0 })(t, s)
}

func fastOpen(t *testing.T, s *sock.Socket) {
	if runtime.GOOS != "linux" {
		is(t, sock.TCPFastOpen.Set(s, 1), nil)
		if v, err := sock.TCPFastOpen.Get(s); err != nil || v == 0 {
			t.Error(v, err)
		}
		settable(sock.TCPFastOpen, 0)(t, s)
		return
	}
	settable(sock.TCPFastOpen, 5, 0)(t, s)
	wrong(t, sock.TCPFastOpen.Set(s, -1), "setsockopt TCP_FASTOPEN", sock.Addr{}, syscall.EINVAL)
}

func fastOpenKey(t *testing.T, s *sock.Socket) {
	o := sock.TCPFastOpenKey
	for _, n := range []int{16, 32} {
		key := make([]byte, n)
		for i := range key {
			key[i] = byte(i + n)
		}
		is(t, o.Set(s, key), nil)
		if got, err := o.Get(s); err != nil || !slices.Equal(got, key) {
			t.Errorf("%x, %v, want %x", got, err, key)
		}
	}
	wrong(t, o.Set(s, make([]byte, 15)), "setsockopt TCP_FASTOPEN_KEY", sock.Addr{}, syscall.EINVAL)
}

// maxSeg: what a socket has before it is connected is not what was set.
func maxSeg(t *testing.T, s *sock.Socket) {
	if v, err := sock.TCPMaxSeg.Get(s); err != nil || v <= 0 {
		t.Error(v, err)
	}
	is(t, sock.TCPMaxSeg.Set(s, onLinuxElse(1000, 500)), nil) // at most 536 before Connect on FreeBSD
	if runtime.GOOS != "linux" {
		return
	}
	l, at := listening(t, "tcp4")
	is(t, s.Connect(at), nil)
	if v, err := sock.TCPMaxSeg.Get(s); err != nil || v > 1000 || v < 500 {
		t.Error(v, err)
	}
	end(t, l)
}

func savedSyn(t *testing.T, s *sock.Socket) {
	told(sock.TCPSavedSyn, func(v []byte) bool { return len(v) == 0 })(t, s)
	is(t, sock.TCPSaveSyn.Set(s, 1), nil)
	is(t, s.Bind(addr(t, "127.0.0.1:0")), nil)
	is(t, s.Listen(1), nil)
	at, err := s.Name()
	is(t, err, nil)
	is(t, open(t, sock.Inet, sock.Stream).Connect(at), nil)
	c, _, err := s.Accept()
	if err != nil {
		t.Fatal(err)
	}
	closed(t, c)
	told(sock.TCPSavedSyn, func(v []byte) bool { return len(v) >= 40 && v[0]>>4 == 4 && v[9] == 6 })(t, c)
	told(sock.TCPSavedSyn, func(v []byte) bool { return len(v) == 0 })(t, c)
}

func inRepair(t *testing.T, s *sock.Socket) {
	if _, err := sock.TCPTimestamp.Get(s); err != nil {
		t.Error(err)
	}
	wrong(t, sock.TCPTimestamp.Set(s, 1<<31), "setsockopt TCP_TIMESTAMP", sock.Addr{}, syscall.EPERM)
	if err := sock.TCPRepair.Set(s, 1); err != nil {
		t.Skip(err)
	}
	is(t, sock.TCPTimestamp.Set(s, 1<<31), nil)
	is(t, sock.TCPRepair.Set(s, 0), nil)
}

// ulp: which protocols there are, and what they ask for, is the machine's.
func ulp(t *testing.T, s *sock.Socket) {
	holds(t, sock.TCPULP, s, "")
	wrong(t, sock.TCPULP.Set(s, "no such one"), "setsockopt TCP_ULP", sock.Addr{}, syscall.ENOENT)
	wrong(t, sock.TCPULP.Set(s, "tls"), "setsockopt TCP_ULP", sock.Addr{}, syscall.ENOTCONN, syscall.ENOENT)
}

func signed(t *testing.T, s *sock.Socket) {
	o, at := sock.TCPMD5Sig, addr(t, "127.0.0.1:0")
	if s.Domain() == sock.Inet6 {
		at = loopback6
	}
	set := o.Set(s, sock.TCPMD5SigValue{Addr: at, Key: "secret"})
	if errors.Is(set, syscall.ENOPROTOOPT) {
		t.Skip(set)
	}
	is(t, set, nil)
	is(t, o.Set(s, sock.TCPMD5SigValue{Addr: at, Key: strings.Repeat("x", 80)}), nil)
	is(t, o.Set(s, sock.TCPMD5SigValue{Addr: at}), nil)
	wrong(t, o.Set(s, sock.TCPMD5SigValue{Addr: at}), "setsockopt TCP_MD5SIG", sock.Addr{}, syscall.ENOENT)
	misused(t, o.Set(s, sock.TCPMD5SigValue{Addr: at, Key: strings.Repeat("x", 81)}), "setsockopt TCP_MD5SIG", syscall.EINVAL)
	misused(t, o.Set(s, sock.TCPMD5SigValue{Addr: addr(t, "unix:/x"), Key: "x"}), "setsockopt TCP_MD5SIG", syscall.EINVAL)
	misused(t, o.Set(s, sock.TCPMD5SigValue{Key: "x"}), "setsockopt TCP_MD5SIG", syscall.EINVAL)
	_, err := o.Get(s)
	wrong(t, err, "getsockopt TCP_MD5SIG", sock.Addr{}, syscall.ENOPROTOOPT)
}

// A connection over which some bytes went, and its counters.
func TestOptionTCPInfo(t *testing.T) {
	t.Parallel()
	a, b := streams(t, "tcp4")
	if _, err := sock.TCPInfo.Get(a); errors.Is(err, errors.ErrUnsupported) {
		t.Skip(err)
	}
	p := make([]byte, 5000)
	if n, err := a.Write(p); err != nil || n != len(p) {
		t.Fatal(n, err)
	}
	for got, n := 0, 0; got < len(p); got += n {
		var err error
		if n, err = b.Read(p[got:]); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "all acknowledged", func() bool {
		v, err := sock.TCPInfo.Get(a)
		if err != nil {
			t.Fatal(err)
		}
		return v.State == sock.TCPEstablished && v.BytesAcked >= 5000 && v.Unacked == 0
	})
	v, err := sock.TCPInfo.Get(a)
	if err != nil {
		t.Fatal(err)
	}
	if v.State != sock.TCPEstablished || v.SendMSS < 500 || v.PathMTU < 1500 || v.RTT <= 0 || v.RTT > time.Minute || v.RTO < time.Millisecond || v.SendCwnd == 0 || v.AdvMSS < 500 || v.SegsOut < 2 || v.SegsIn < 1 ||
		v.Options&4 != 0 && v.SendWindowScale|v.RecvWindowScale == 0 || v.BytesAcked > 5001 || v.BytesReceived > 1 || v.Lost != 0 || v.LastDataSent > time.Minute || v.MaxPacingRate != 1<<64-1 {
		t.Errorf("%+v", v)
	}
	w, err := sock.TCPInfo.Get(b)
	if err != nil || w.BytesReceived != 5000 || w.DataSegsIn == 0 || w.SendWindowScale != v.RecvWindowScale || w.RecvWindowScale != v.SendWindowScale {
		t.Errorf("%+v, %v", w, err)
	}
}

func TestTCPStateString(t *testing.T) {
	t.Parallel()
	for s, want := range map[sock.TCPState]string{0: "0", sock.TCPEstablished: "ESTABLISHED", sock.TCPClosing: "CLOSING", sock.TCPNewSynRecv: "SYN_RECV", 13: "13", 255: "255"} {
		if s.String() != want {
			t.Errorf("%d is %q, want %q", uint8(s), s, want)
		}
	}
}
