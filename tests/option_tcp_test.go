package sock_test

import (
	"errors"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/sockopt"
)

var tcpOptions = map[string]optionCase{
	"TCPCCInfo":             {sockopt.TCPCCInfo, "TCP_CC_INFO", "tcp4", ccInfo},
	"TCPCongestion":         {sockopt.TCPCongestion, "TCP_CONGESTION", "tcp4 tcp6", congestion},
	"TCPConnectionTimeout":  {sockopt.TCPConnectionTimeout, "TCP_CONNECTIONTIMEOUT", "tcp4", roundsUp(sockopt.TCPConnectionTimeout, time.Second)},
	"TCPCork":               {sockopt.TCPCork, "TCP_CORK", "tcp4 tcp6", toggled(sockopt.TCPCork)},
	"TCPDeferAccept":        {sockopt.TCPDeferAccept, "TCP_DEFER_ACCEPT", "tcp4 tcp6", changed(sockopt.TCPDeferAccept, time.Second, 3*time.Second, 7*time.Second)},
	"TCPDelAckMax":          {sockopt.TCPDelAckMax, "TCP_DELACK_MAX_US", "tcp4", recent(sockopt.TCPDelAckMax, settable(sockopt.TCPDelAckMax, 20*time.Millisecond))},
	"TCPFastOpen":           {sockopt.TCPFastOpen, "TCP_FASTOPEN", "tcp4", fastOpen},
	"TCPFastOpenConnect":    {sockopt.TCPFastOpenConnect, "TCP_FASTOPEN_CONNECT", "tcp4 tcp6", toggled(sockopt.TCPFastOpenConnect)},
	"TCPFastOpenKey":        {sockopt.TCPFastOpenKey, "TCP_FASTOPEN_KEY", "tcp4 tcp6", fastOpenKey},
	"TCPFastOpenNoCookie":   {sockopt.TCPFastOpenNoCookie, "TCP_FASTOPEN_NO_COOKIE", "tcp4 tcp6", toggled(sockopt.TCPFastOpenNoCookie)},
	"TCPInfo":               {sockopt.TCPInfo, "TCP_INFO", "tcp4 tcp6", readOnly(sockopt.TCPInfo, func(v sockopt.TCPInfoValue) bool { return v.State == sockopt.TCPClosed && v.RTO > 0 })},
	"TCPInq":                {sockopt.TCPInq, "TCP_INQ", "tcp4 tcp6", toggled(sockopt.TCPInq)},
	"TCPIsMPTCP":            {sockopt.TCPIsMPTCP, "TCP_IS_MPTCP", "tcp4 mptcp4", recent(sockopt.TCPIsMPTCP, func(t *testing.T, s *sock.Socket) { readOnlyAs(sockopt.TCPIsMPTCP, s.Protocol() == sock.MPTCP)(t, s) })},
	"TCPKeepCount":          {sockopt.TCPKeepCount, "TCP_KEEPCNT", "tcp4 tcp6", changed(sockopt.TCPKeepCount, 3, 100)},
	"TCPKeepIdle":           {sockopt.TCPKeepIdle, "TCP_KEEPIDLE", "tcp4 tcp6", roundsUpFrom1(sockopt.TCPKeepIdle)},
	"TCPKeepInit":           {sockopt.TCPKeepInit, "TCP_KEEPINIT", "tcp4", roundsUpFrom1(sockopt.TCPKeepInit)},
	"TCPKeepInterval":       {sockopt.TCPKeepInterval, "TCP_KEEPINTVL", "tcp4 tcp6", roundsUpFrom1(sockopt.TCPKeepInterval)},
	"TCPLinger2":            {sockopt.TCPLinger2, "TCP_LINGER2", "tcp4 tcp6", changed(sockopt.TCPLinger2, 10*time.Second, time.Second)},
	"TCPMD5Sig":             {sockopt.TCPMD5Sig, "TCP_MD5SIG", "tcp4 tcp6", signed},
	"TCPMaxSeg":             {sockopt.TCPMaxSeg, "TCP_MAXSEG", "tcp4", maxSeg},
	"TCPMaxUnackTime":       {sockopt.TCPMaxUnackTime, "TCP_MAXUNACKTIME", "tcp4", roundsUp(sockopt.TCPMaxUnackTime, time.Second)},
	"TCPNoDelay":            {sockopt.TCPNoDelay, "TCP_NODELAY", "tcp4 tcp6", toggled(sockopt.TCPNoDelay)},
	"TCPNoPush":             {sockopt.TCPNoPush, "TCP_NOPUSH", "tcp4", toggled(sockopt.TCPNoPush)},
	"TCPNotSentLowWater":    {sockopt.TCPNotSentLowWater, "TCP_NOTSENT_LOWAT", "tcp4 tcp6", settable(sockopt.TCPNotSentLowWater, 1000, 1<<31-1)},
	"TCPQuickAck":           {sockopt.TCPQuickAck, "TCP_QUICKACK", "tcp4", toggled(sockopt.TCPQuickAck)},
	"TCPRTOMax":             {sockopt.TCPRTOMax, "TCP_RTO_MAX_MS", "tcp4", recent(sockopt.TCPRTOMax, both(changed(sockopt.TCPRTOMax, time.Second, 60*time.Second), refused(sockopt.TCPRTOMax, 121*time.Second, syscall.EINVAL)))},
	"TCPRTOMin":             {sockopt.TCPRTOMin, "TCP_RTO_MIN_US", "tcp4", recent(sockopt.TCPRTOMin, settable(sockopt.TCPRTOMin, 100*time.Millisecond))},
	"TCPRepair":             {sockopt.TCPRepair, "TCP_REPAIR", "tcp4", privileged(changed(sockopt.TCPRepair, 1))},
	"TCPSaveSyn":            {sockopt.TCPSaveSyn, "TCP_SAVE_SYN", "tcp4 tcp6", changed(sockopt.TCPSaveSyn, 1, 2)},
	"TCPSavedSyn":           {sockopt.TCPSavedSyn, "TCP_SAVED_SYN", "tcp4", savedSyn},
	"TCPSynCount":           {sockopt.TCPSynCount, "TCP_SYNCNT", "tcp4 tcp6", changed(sockopt.TCPSynCount, 1, 127)},
	"TCPThinDupAck":         {sockopt.TCPThinDupAck, "TCP_THIN_DUPACK", "tcp4", both(written0(sockopt.TCPThinDupAck, true), readsNow(sockopt.TCPThinDupAck, false))},
	"TCPThinLinearTimeouts": {sockopt.TCPThinLinearTimeouts, "TCP_THIN_LINEAR_TIMEOUTS", "tcp4 tcp6", toggled(sockopt.TCPThinLinearTimeouts)},
	"TCPTimestamp":          {sockopt.TCPTimestamp, "TCP_TIMESTAMP", "tcp4", inRepair},
	"TCPTxDelay":            {sockopt.TCPTxDelay, "TCP_TX_DELAY", "tcp4", roundsUp(sockopt.TCPTxDelay, time.Microsecond)},
	"TCPULP":                {sockopt.TCPULP, "TCP_ULP", "tcp4", ulp},
	"TCPUserTimeout":        {sockopt.TCPUserTimeout, "TCP_USER_TIMEOUT", "tcp4 tcp6", roundsUp(sockopt.TCPUserTimeout, time.Millisecond)},
	"TCPWindowClamp":        {sockopt.TCPWindowClamp, "TCP_WINDOW_CLAMP", "tcp4", settable(sockopt.TCPWindowClamp, 10000)},
}

func congestion(t *testing.T, s *sock.Socket) {
	o := sockopt.TCPCongestion
	first, err := o.Get(s)
	if err != nil || first == "" {
		t.Fatal(first, err)
	}
	values := []string{first}
	if runtime.GOOS == "linux" {
		values = []string{"reno", first}
	}
	for _, v := range values {
		wantErr(t, o.Set(s, v), nil)
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

// ccInfo reads the state of an algorithm that has none.
func ccInfo(t *testing.T, s *sock.Socket) {
	wantErr(t, sockopt.TCPCongestion.Set(s, "reno"), nil)
	readOnly(sockopt.TCPCCInfo, func(v []byte) bool { return len(v) == 0 })(t, s)
}

func fastOpen(t *testing.T, s *sock.Socket) {
	if runtime.GOOS != "linux" {
		wantErr(t, sockopt.TCPFastOpen.Set(s, 1), nil)
		if v, err := sockopt.TCPFastOpen.Get(s); err != nil || v == 0 {
			t.Error(v, err)
		}
		settable(sockopt.TCPFastOpen, 0)(t, s)
		return
	}
	settable(sockopt.TCPFastOpen, 5, 0)(t, s)
	wrong(t, sockopt.TCPFastOpen.Set(s, -1), "setsockopt TCP_FASTOPEN", sock.Addr{}, syscall.EINVAL)
}

func fastOpenKey(t *testing.T, s *sock.Socket) {
	o := sockopt.TCPFastOpenKey
	for _, n := range []int{16, 32} {
		key := make([]byte, n)
		for i := range key {
			key[i] = byte(i + n)
		}
		wantErr(t, o.Set(s, key), nil)
		if got, err := o.Get(s); err != nil || !slices.Equal(got, key) {
			t.Errorf("%x, %v, want %x", got, err, key)
		}
	}
	wrong(t, o.Set(s, make([]byte, 15)), "setsockopt TCP_FASTOPEN_KEY", sock.Addr{}, syscall.EINVAL)
}

// maxSeg sets a size before Connect. A read before Connect does not return it.
func maxSeg(t *testing.T, s *sock.Socket) {
	if v, err := sockopt.TCPMaxSeg.Get(s); err != nil || v <= 0 {
		t.Error(v, err)
	}
	wantErr(t, sockopt.TCPMaxSeg.Set(s, onLinuxElse(1000, 500)), nil) // at most 536 before Connect on FreeBSD
	if runtime.GOOS != "linux" {
		return
	}
	l, at := listening(t, "tcp4")
	wantErr(t, s.Connect(at), nil)
	if v, err := sockopt.TCPMaxSeg.Get(s); err != nil || v > 1000 || v < 500 {
		t.Error(v, err)
	}
	end(t, l)
}

func savedSyn(t *testing.T, s *sock.Socket) {
	readOnly(sockopt.TCPSavedSyn, func(v []byte) bool { return len(v) == 0 })(t, s)
	wantErr(t, sockopt.TCPSaveSyn.Set(s, 1), nil)
	wantErr(t, s.Bind(addr(t, "127.0.0.1:0")), nil)
	wantErr(t, s.Listen(1), nil)
	at, err := s.Sockname()
	wantErr(t, err, nil)
	wantErr(t, open(t, sock.Inet, sock.Stream).Connect(at), nil)
	c, _, err := s.Accept()
	if err != nil {
		t.Fatal(err)
	}
	closed(t, c)
	readOnly(sockopt.TCPSavedSyn, func(v []byte) bool { return len(v) >= 40 && v[0]>>4 == 4 && v[9] == 6 })(t, c)
	readOnly(sockopt.TCPSavedSyn, func(v []byte) bool { return len(v) == 0 })(t, c)
}

func inRepair(t *testing.T, s *sock.Socket) {
	if _, err := sockopt.TCPTimestamp.Get(s); err != nil {
		t.Error(err)
	}
	wrong(t, sockopt.TCPTimestamp.Set(s, 1<<31), "setsockopt TCP_TIMESTAMP", sock.Addr{}, syscall.EPERM)
	if err := sockopt.TCPRepair.Set(s, 1); err != nil {
		t.Skip(err)
	}
	wantErr(t, sockopt.TCPTimestamp.Set(s, 1<<31), nil)
	wantErr(t, sockopt.TCPRepair.Set(s, 0), nil)
}

// ulp tries protocols that this machine may or may not have.
func ulp(t *testing.T, s *sock.Socket) {
	holds(t, sockopt.TCPULP, s, "")
	wrong(t, sockopt.TCPULP.Set(s, "no such one"), "setsockopt TCP_ULP", sock.Addr{}, syscall.ENOENT)
	wrong(t, sockopt.TCPULP.Set(s, "tls"), "setsockopt TCP_ULP", sock.Addr{}, syscall.ENOTCONN, syscall.ENOENT)
}

func signed(t *testing.T, s *sock.Socket) {
	o, at := sockopt.TCPMD5Sig, addr(t, "127.0.0.1:0")
	if s.Domain() == sock.Inet6 {
		at = loopback6
	}
	set := o.Set(s, sockopt.TCPMD5SigValue{Addr: at, Key: "secret"})
	if errors.Is(set, syscall.ENOPROTOOPT) {
		t.Skip(set)
	}
	wantErr(t, set, nil)
	wantErr(t, o.Set(s, sockopt.TCPMD5SigValue{Addr: at, Key: strings.Repeat("x", 80)}), nil)
	wantErr(t, o.Set(s, sockopt.TCPMD5SigValue{Addr: at}), nil)
	wrong(t, o.Set(s, sockopt.TCPMD5SigValue{Addr: at}), "setsockopt TCP_MD5SIG", sock.Addr{}, syscall.ENOENT)
	misused(t, o.Set(s, sockopt.TCPMD5SigValue{Addr: at, Key: strings.Repeat("x", 81)}), "setsockopt TCP_MD5SIG", syscall.EINVAL)
	misused(t, o.Set(s, sockopt.TCPMD5SigValue{Addr: addr(t, "unix:/x"), Key: "x"}), "setsockopt TCP_MD5SIG", syscall.EINVAL)
	misused(t, o.Set(s, sockopt.TCPMD5SigValue{Key: "x"}), "setsockopt TCP_MD5SIG", syscall.EINVAL)
	_, err := o.Get(s)
	wrong(t, err, "getsockopt TCP_MD5SIG", sock.Addr{}, syscall.ENOPROTOOPT)
}

// The counters of a connection that has transferred some bytes.
func TestOptionTCPInfo(t *testing.T) {
	t.Parallel()
	a, b := streams(t, "tcp4")
	if _, err := sockopt.TCPInfo.Get(a); errors.Is(err, errors.ErrUnsupported) {
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
		v, err := sockopt.TCPInfo.Get(a)
		if err != nil {
			t.Fatal(err)
		}
		return v.State == sockopt.TCPEstablished && v.BytesAcked >= 5000 && v.Unacked == 0
	})
	v, err := sockopt.TCPInfo.Get(a)
	if err != nil {
		t.Fatal(err)
	}
	if v.State != sockopt.TCPEstablished || v.SendMSS < 500 || v.PathMTU < 1500 || v.RTT <= 0 || v.RTT > time.Minute || v.RTO < time.Millisecond || v.SendCwnd == 0 || v.AdvMSS < 500 || v.SegsOut < 2 || v.SegsIn < 1 ||
		v.Options&4 != 0 && v.SendWindowScale|v.RecvWindowScale == 0 || v.BytesAcked > 5001 || v.BytesReceived > 1 || v.Lost != 0 || v.LastDataSent > time.Minute || v.MaxPacingRate != 1<<64-1 {
		t.Errorf("%+v", v)
	}
	w, err := sockopt.TCPInfo.Get(b)
	if err != nil || w.BytesReceived != 5000 || w.DataSegsIn == 0 || w.SendWindowScale != v.RecvWindowScale || w.RecvWindowScale != v.SendWindowScale {
		t.Errorf("%+v, %v", w, err)
	}
}

func TestTCPStateString(t *testing.T) {
	t.Parallel()
	for s, want := range map[sockopt.TCPState]string{0: "0", sockopt.TCPEstablished: "ESTABLISHED", sockopt.TCPClosing: "CLOSING", sockopt.TCPNewSynRecv: "SYN_RECV", 13: "13", 255: "255"} {
		if s.String() != want {
			t.Errorf("%d is %q, want %q", uint8(s), s, want)
		}
	}
}
