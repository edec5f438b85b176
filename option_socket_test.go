package sock_test

import (
	"errors"
	"github.com/berkeleysockets/sock"
	"math"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

var socketOptions = map[string]optionCase{
	"AcceptConn":          {sock.AcceptConn, "SO_ACCEPTCONN", "tcp4 tcp6 unix", acceptConn},
	"AttachBPF":           {sock.AttachBPF, "SO_ATTACH_BPF", "udp4", both(refused(sock.AttachBPF, -1, syscall.EBADF), notRead(sock.AttachBPF, syscall.ENOPROTOOPT))},
	"AttachReusePortEBPF": {sock.AttachReusePortEBPF, "SO_ATTACH_REUSEPORT_EBPF", "udp4", both(refused(sock.AttachReusePortEBPF, -1, syscall.EBADF, syscall.EPERM), notRead(sock.AttachReusePortEBPF, syscall.ENOPROTOOPT))},
	"BPFExtensions":       {sock.BPFExtensions, "SO_BPF_EXTENSIONS", "udp4", told(sock.BPFExtensions, func(v int) bool { return v > 0 })},
	"BindAny":             {sock.BindAny, "SO_BINDANY", "tcp4", privileged(toggled(sock.BindAny))},
	"BindToDevice":        {sock.BindToDevice, "SO_BINDTODEVICE", "udp4 udp6 tcp4", bindsToDevice},
	"BindToIfIndex":       {sock.BindToIfIndex, "SO_BINDTOIFINDEX", "udp4 tcp6", privileged(recent(sock.BindToIfIndex, changed(sock.BindToIfIndex, 1)))},
	"Broadcast":           {sock.Broadcast, "SO_BROADCAST", "udp4", toggled(sock.Broadcast)},
	"BufferLock":          {sock.BufferLock, "SO_BUF_LOCK", "tcp4 udp6 unix", recent(sock.BufferLock, changed(sock.BufferLock, 1, 2, 3))},
	"BusyPoll":            {sock.BusyPoll, "SO_BUSY_POLL", "udp4 tcp4", privileged(roundsUp(sock.BusyPoll, time.Microsecond))},
	"BusyPollBudget":      {sock.BusyPollBudget, "SO_BUSY_POLL_BUDGET", "udp4", privileged(written(sock.BusyPollBudget, 16, syscall.ENOPROTOOPT))},
	"ConnAdvice":          {sock.ConnAdvice, "SO_CNX_ADVICE", "tcp6", both(written0(sock.ConnAdvice, 1), notRead(sock.ConnAdvice, syscall.ENOPROTOOPT))},
	"Cookie":              {sock.Cookie, "SO_COOKIE", "tcp4 udp4 unix", cookies},
	"Debug":               {sock.Debug, "SO_DEBUG", "tcp4", privileged(toggled(sock.Debug))},
	"IncomingCPU":         {sock.IncomingCPU, "SO_INCOMING_CPU", "tcp4 udp4", changed(sock.IncomingCPU, 0)},
	"IncomingNAPIID":      {sock.IncomingNAPIID, "SO_INCOMING_NAPI_ID", "tcp4 udp4", toldAs(sock.IncomingNAPIID, 0)},
	"KeepAlive":           {sock.KeepAlive, "SO_KEEPALIVE", "tcp4 tcp6", toggled(sock.KeepAlive)},
	"Linger":              {sock.Linger, lingerName(), "tcp4 tcp6 unix", lingering},
	"ListenIncomplete":    {sock.ListenIncomplete, "SO_LISTENINCQLEN", "tcp4", toldAs(sock.ListenIncomplete, 0)},
	"ListenLimit":         {sock.ListenLimit, "SO_LISTENQLIMIT", "tcp4", toldAs(sock.ListenLimit, 0)},
	"ListenQueue":         {sock.ListenQueue, "SO_LISTENQLEN", "tcp4", toldAs(sock.ListenQueue, 0)},
	"LockFilter":          {sock.LockFilter, "SO_LOCK_FILTER", "udp4", filterLocked},
	"Mark":                {sock.Mark, "SO_MARK", "tcp4 udp6", privileged(changed(sock.Mark, 1, 1<<32-1))},
	"MaxPacingRate":       {sock.MaxPacingRate, "SO_MAX_PACING_RATE", "tcp4 udp4", paced},
	"MemInfo":             {sock.MemInfo, "SO_MEMINFO", "tcp4 udp4 unix", told(sock.MemInfo, func(v sock.MemInfoValue) bool { return v.RecvBuffer > 0 && v.SendBuffer > 0 && v.Drops == 0 })},
	"NetNSCookie":         {sock.NetNSCookie, "SO_NETNS_COOKIE", "tcp4 udp4", recent(sock.NetNSCookie, told(sock.NetNSCookie, func(v uint64) bool { return v != 0 }))},
	"NoFCS":               {sock.NoFCS, "SO_NOFCS", "packet", toggled(sock.NoFCS)},
	"NoSigPipe":           {sock.NoSigPipe, "SO_NOSIGPIPE", "tcp4", toggled(sock.NoSigPipe)},
	"OOBInline":           {sock.OOBInline, "SO_OOBINLINE", "tcp4 tcp6", toggled(sock.OOBInline)},
	"PassCred":            {sock.PassCred, "SO_PASSCRED", "unix unixgram netlink", toggled(sock.PassCred)},
	"PassPIDFD":           {sock.PassPIDFD, "SO_PASSPIDFD", "unix unixgram", recent(sock.PassPIDFD, toggled(sock.PassPIDFD))},
	"PassRights":          {sock.PassRights, "SO_PASSRIGHTS", "unix unixgram", recent(sock.PassRights, toggled(sock.PassRights))},
	"PassSec":             {sock.PassSec, "SO_PASSSEC", "unix unixgram", toggled(sock.PassSec)},
	"PeekOffset":          {sock.PeekOffset, "SO_PEEK_OFF", "udp4 unix unixgram", changed(sock.PeekOffset, 0, 100)},
	"PeerGroups":          {sock.PeerGroups, "SO_PEERGROUPS", "unix", noPeer(sock.PeerGroups)},
	"PeerPIDFD":           {sock.PeerPIDFD, "SO_PEERPIDFD", "unix", noPeer(sock.PeerPIDFD)},
	"PeerSec":             {sock.PeerSec, "SO_PEERSEC", "unix", untold(sock.PeerSec, syscall.ENOPROTOOPT)},
	"PendingError":        {sock.PendingError, "SO_ERROR", "tcp4 udp6 unix", pendingNone},
	"PreferBusyPoll":      {sock.PreferBusyPoll, "SO_PREFER_BUSY_POLL", "udp4", privileged(recent(sock.PreferBusyPoll, toggled(sock.PreferBusyPoll)))},
	"RTable":              {sock.RTable, "SO_RTABLE", "udp4", settable(sock.RTable, 0)},
	"RecvBuffer":          {sock.RecvBuffer, "SO_RCVBUF", all, sized(sock.RecvBuffer)},
	"RecvBufferForce":     {sock.RecvBufferForce, "SO_RCVBUFFORCE", "udp4", privileged(forced(sock.RecvBufferForce, sock.RecvBuffer))},
	"RecvLowWater":        {sock.RecvLowWater, "SO_RCVLOWAT", "tcp4 udp4", changed(sock.RecvLowWater, 100, 2)},
	"RecvMark":            {sock.RecvMark, "SO_RCVMARK", "udp4", privileged(recent(sock.RecvMark, toggled(sock.RecvMark)))},
	"RecvPriority":        {sock.RecvPriority, "SO_RCVPRIORITY", "udp4", recent(sock.RecvPriority, toggled(sock.RecvPriority))},
	"RecvQueueOverflow":   {sock.RecvQueueOverflow, "SO_RXQ_OVFL", "udp4 unixgram packet", toggled(sock.RecvQueueOverflow)},
	"ReserveMem":          {sock.ReserveMem, "SO_RESERVE_MEM", "tcp4", recent(sock.ReserveMem, toldNow(sock.ReserveMem, 0))},
	"ReuseAddr":           {sock.ReuseAddr, "SO_REUSEADDR", "tcp4 tcp6 udp4 udp6 unix", toggled(sock.ReuseAddr)},
	"ReusePort":           {sock.ReusePort, "SO_REUSEPORT", "tcp4 tcp6 udp4 udp6", toggled(sock.ReusePort)},
	"ReusePortLB":         {sock.ReusePortLB, "SO_REUSEPORT_LB", "tcp4 udp4", toggled(sock.ReusePortLB)},
	"SelectErrQueue":      {sock.SelectErrQueue, "SO_SELECT_ERR_QUEUE", "udp4", toggled(sock.SelectErrQueue)},
	"SendBuffer":          {sock.SendBuffer, "SO_SNDBUF", all, sized(sock.SendBuffer)},
	"SendBufferForce":     {sock.SendBufferForce, "SO_SNDBUFFORCE", "udp4", privileged(forced(sock.SendBufferForce, sock.SendBuffer))},
	"SendLowWater":        {sock.SendLowWater, "SO_SNDLOWAT", "tcp4", lowWater},
	"SendPriority":        {sock.SendPriority, "SO_PRIORITY", "tcp4 udp6 packet", changed(sock.SendPriority, 1, 6)},
	"SetFIB":              {sock.SetFIB, "SO_SETFIB", "udp4", written0(sock.SetFIB, 0)},
	"SocketDomain":        {sock.SocketDomain, "SO_DOMAIN", all, func(t *testing.T, s *sock.Socket) { toldAs(sock.SocketDomain, s.Domain())(t, s) }},
	"SocketDontRoute":     {sock.SocketDontRoute, "SO_DONTROUTE", "udp4", toggled(sock.SocketDontRoute)},
	"SocketProtocol":      {sock.SocketProtocol, "SO_PROTOCOL", "tcp4 udp6 mptcp4", func(t *testing.T, s *sock.Socket) { toldAs(sock.SocketProtocol, protocolOf(s))(t, s) }},
	"SocketType":          {sock.SocketType, "SO_TYPE", all, func(t *testing.T, s *sock.Socket) { toldAs(sock.SocketType, s.Type())(t, s) }},
	"Timestamp":           {sock.Timestamp, "SO_TIMESTAMP", "udp4 unixgram", toggled(sock.Timestamp)},
	"TimestampClock":      {sock.TimestampClock, "SO_TS_CLOCK", "udp4", changed(sock.TimestampClock, 1, 2, 3)},
	"TimestampNS":         {sock.TimestampNS, "SO_TIMESTAMPNS", "udp4 unixgram", toggled(sock.TimestampNS)},
	"Timestamping":        {sock.Timestamping, "SO_TIMESTAMPING", "udp4 udp6 unixgram", changed(sock.Timestamping, sock.TimestampingRxSoftware|sock.TimestampingSoftware, sock.TimestampingTxSoftware|sock.TimestampingSoftware|sock.TimestampingOptID|sock.TimestampingOptTSOnly)},
	"TxRehash":            {sock.TxRehash, "SO_TXREHASH", "tcp4", recent(sock.TxRehash, settable(sock.TxRehash, 0, 1))},
	"TxTime":              {sock.TxTime, "SO_TXTIME", "udp4", privileged(settable(sock.TxTime, sock.TxTimeValue{Clock: 1, Deadline: true}, sock.TxTimeValue{Clock: 1, ReportErrors: true}, sock.TxTimeValue{Clock: 11}, sock.TxTimeValue{Clock: 1}))},
	"UnreadBytes":         {sock.UnreadBytes, "SO_NREAD", "udp4", toldAs(sock.UnreadBytes, 0)},
	"UnsentBytes":         {sock.UnsentBytes, "SO_NWRITE", "udp4", toldAs(sock.UnsentBytes, 0)},
	"UseLoopback":         {sock.UseLoopback, "SO_USELOOPBACK", "udp4", toggled(sock.UseLoopback)},
	"UserCookie":          {sock.UserCookie, "SO_USER_COOKIE", "udp4", written0(sock.UserCookie, 1<<32-1)},
	"WiFiStatus":          {sock.WiFiStatus, "SO_WIFI_STATUS", "packet", toggled(sock.WiFiStatus)},
	"ZeroCopySend":        {sock.ZeroCopySend, "SO_ZEROCOPY", "tcp4 udp4", toggled(sock.ZeroCopySend)},
}

// notRead is for one that is set only: Get is the kernel's to refuse.
func notRead[T any](o sock.Option[T], want ...error) func(*testing.T, *sock.Socket) {
	return func(t *testing.T, s *sock.Socket) {
		_, err := o.Get(s)
		wrong(t, err, "getsockopt "+o.String(), sock.Addr{}, want...)
	}
}

// written0 is for one of which nothing can be read that says what was set.
func written0[T any](o sock.Option[T], v T) func(*testing.T, *sock.Socket) {
	return func(t *testing.T, s *sock.Socket) { is(t, o.Set(s, v), nil) }
}

func toldNow[T comparable](o sock.Option[T], want T) func(*testing.T, *sock.Socket) {
	return func(t *testing.T, s *sock.Socket) { holds(t, o, s, want) }
}

// roundsUp is for a time of a unit: parts are rounded up, and what is negative or
// too long is refused.
func roundsUp(o sock.Option[time.Duration], unit time.Duration) func(*testing.T, *sock.Socket) {
	return roundsUpFrom(o, unit, 0)
}

// roundsUpFrom1 is for one of seconds that cannot be 0.
func roundsUpFrom1(o sock.Option[time.Duration]) func(*testing.T, *sock.Socket) {
	return roundsUpFrom(o, time.Second, time.Second)
}

func roundsUpFrom(o sock.Option[time.Duration], unit, least time.Duration) func(*testing.T, *sock.Socket) {
	return func(t *testing.T, s *sock.Socket) {
		first, err := o.Get(s)
		if err != nil {
			t.Fatal(err)
		}
		for v, want := range map[time.Duration]time.Duration{least: least, unit - 1: unit, unit: unit, unit + 1: 2 * unit, 9*unit - unit/3: 9 * unit} {
			if err := o.Set(s, v); err != nil {
				t.Fatal(err)
			}
			holds(t, o, s, want)
		}
		is(t, o.Set(s, first), nil)
		holds(t, o, s, first)
		for _, v := range []time.Duration{-1, -unit, math.MinInt64} {
			err := o.Set(s, v)
			misused(t, err, "setsockopt "+o.String(), syscall.EINVAL)
			if err == nil || !strings.Contains(err.Error(), "a time-out of -") {
				t.Error(err)
			}
		}
		if long := time.Duration(math.MaxInt64); long/unit > math.MaxInt32 {
			is(t, o.Set(s, long), syscall.EINVAL)
		}
		holds(t, o, s, first)
	}
}

func protocolOf(s *sock.Socket) sock.Protocol {
	switch {
	case s.Protocol() != 0:
		return s.Protocol()
	case s.Type() == sock.Dgram:
		return sock.UDP
	}
	return sock.TCP
}

func bindsToDevice(t *testing.T, s *sock.Socket) {
	o := sock.BindToDevice
	for _, v := range []string{"", "lo"} {
		if err := o.Set(s, v); err != nil {
			t.Fatal(err)
		}
		holds(t, o, s, v)
	}
	wrong(t, o.Set(s, "no such device"), "setsockopt SO_BINDTODEVICE", sock.Addr{}, syscall.ENODEV)
	misused(t, o.Set(s, "of16bytesand more"), "setsockopt SO_BINDTODEVICE", syscall.EINVAL)
	misused(t, o.Set(s, "lo\x00"), "setsockopt SO_BINDTODEVICE", syscall.EINVAL)
	holds(t, o, s, "lo")
	if err := o.Set(s, ""); err != nil && !errors.Is(err, syscall.EPERM) {
		t.Error(err)
	}
}

// A cookie is a socket's own, and stays.
func cookies(t *testing.T, s *sock.Socket) {
	v, err := sock.Cookie.Get(s)
	if err != nil || v == 0 {
		t.Fatal(v, err)
	}
	toldAs(sock.Cookie, v)(t, s)
	if other, err := sock.Cookie.Get(open(t, s.Domain(), s.Type())); err != nil || other == v {
		t.Errorf("another has %d, %v, this %d", other, err, v)
	}
}

func filterLocked(t *testing.T, s *sock.Socket) {
	holds(t, sock.LockFilter, s, false)
	is(t, sock.LockFilter.Set(s, true), nil)
	holds(t, sock.LockFilter, s, true)
	if runtime.GOOS == "linux" {
		wrong(t, sock.LockFilter.Set(s, false), "setsockopt SO_LOCK_FILTER", sock.Addr{}, syscall.EPERM)
	}
}

// paced tries rates on both sides of 32 bits.
func paced(t *testing.T, s *sock.Socket) {
	o := sock.MaxPacingRate
	if runtime.GOOS == "linux" {
		holds(t, o, s, math.MaxUint64)
	}
	for _, v := range []uint64{1, 1<<32 - 2, math.MaxUint64} {
		is(t, o.Set(s, v), nil)
		holds(t, o, s, v)
	}
	large := []uint64{1<<32 - 1, 1 << 32, 1 << 40}
	for _, v := range large {
		if runtime.GOOS != "linux" {
			is(t, o.Set(s, v), syscall.EINVAL)
			continue
		}
		is(t, o.Set(s, v), nil)
		if got, err := o.Get(s); err != nil || got != v && (got < v || math.MaxUint == math.MaxUint64) {
			t.Errorf("%d, %v, want %d", got, err, v)
		}
	}
}

// forced sets a buffer beyond the limit.
func forced(o, buffer sock.Option[int]) func(*testing.T, *sock.Socket) {
	return func(t *testing.T, s *sock.Socket) {
		const size = 64 << 20
		is(t, buffer.Set(s, size), nil)
		if v, err := buffer.Get(s); err != nil || v >= 2*size {
			t.Skip("the limit is as high: ", v, err)
		}
		if err := o.Set(s, size); errors.Is(err, syscall.EPERM) {
			t.Skip(err)
		} else if err != nil {
			t.Fatal(err)
		}
		holds(t, buffer, s, 2*size)
		_, err := o.Get(s)
		wrong(t, err, "getsockopt "+o.String(), sock.Addr{}, syscall.ENOPROTOOPT)
	}
}

func lowWater(t *testing.T, s *sock.Socket) {
	if runtime.GOOS != "linux" {
		settable(sock.SendLowWater, 100)(t, s)
		return
	}
	holds(t, sock.SendLowWater, s, 1)
	wrong(t, sock.SendLowWater.Set(s, 2), "setsockopt SO_SNDLOWAT", sock.Addr{}, syscall.ENOPROTOOPT)
}

// noPeer: without a peer there is an errno; which, only Linux has a name for.
func noPeer[T any](o sock.Option[T]) func(*testing.T, *sock.Socket) {
	return func(t *testing.T, s *sock.Socket) {
		if v, err := o.Get(s); !isErrno(err) {
			t.Error(v, err)
		}
		refusesSet(t, o, s)
	}
}

// What is told of a peer, once there is one.
func TestOptionPeer(t *testing.T) {
	t.Parallel()
	a, _ := streams(t, "pair")
	if v, err := sock.PeerGroups.Get(a); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		t.Error(v, err)
	}
	if v, err := sock.PeerPIDFD.Get(a); err == nil {
		is(t, os.NewFile(uintptr(v), "pidfd").Close(), nil)
	} else if !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, syscall.ENOPROTOOPT) {
		t.Error(err)
	}
}

func TestTimestampingFlagsString(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("Linux has them")
	}
	for f, want := range map[sock.TimestampingFlags]string{
		0:                           "0",
		sock.TimestampingTxHardware: "SOF_TIMESTAMPING_TX_HARDWARE",
		sock.TimestampingRxSoftware | sock.TimestampingTxCompletion | 1<<30: "SOF_TIMESTAMPING_RX_SOFTWARE|SOF_TIMESTAMPING_TX_COMPLETION|0x40000000",
	} {
		if got := f.String(); got != want {
			t.Errorf("%d is %s, want %s", int(f), got, want)
		}
	}
}
