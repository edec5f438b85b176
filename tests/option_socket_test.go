package sock_test

import (
	"errors"
	"math"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/sockopt"
)

var socketOptions = map[string]optionCase{
	"AcceptConn":               {sockopt.AcceptConn, "SO_ACCEPTCONN", "tcp4 tcp6 unix", acceptConn},
	"AttachBPF":                {sockopt.AttachBPF, "SO_ATTACH_BPF", "udp4", both(refused(sockopt.AttachBPF, -1, syscall.EBADF), notRead(sockopt.AttachBPF, syscall.ENOPROTOOPT))},
	"AttachReusePortEBPF":      {sockopt.AttachReusePortEBPF, "SO_ATTACH_REUSEPORT_EBPF", "udp4", both(refused(sockopt.AttachReusePortEBPF, -1, syscall.EBADF, syscall.EPERM), notRead(sockopt.AttachReusePortEBPF, syscall.ENOPROTOOPT))},
	"BPFExtensions":            {sockopt.BPFExtensions, "SO_BPF_EXTENSIONS", "udp4", readOnly(sockopt.BPFExtensions, func(v int) bool { return v > 0 })},
	"BindAny":                  {sockopt.BindAny, "SO_BINDANY", "tcp4", privileged(toggled(sockopt.BindAny))},
	"BindToDevice":             {sockopt.BindToDevice, "SO_BINDTODEVICE", "udp4 udp6 tcp4", bindsToDevice},
	"BindToIfIndex":            {sockopt.BindToIfIndex, "SO_BINDTOIFINDEX", "udp4 tcp6", privileged(recent(sockopt.BindToIfIndex, changed(sockopt.BindToIfIndex, 1)))},
	"Broadcast":                {sockopt.Broadcast, "SO_BROADCAST", "udp4", toggled(sockopt.Broadcast)},
	"BufferLock":               {sockopt.BufferLock, "SO_BUF_LOCK", "tcp4 udp6 unix", recent(sockopt.BufferLock, changed(sockopt.BufferLock, 1, 2, 3))},
	"BusyPoll":                 {sockopt.BusyPoll, "SO_BUSY_POLL", "udp4 tcp4", privileged(roundsUp(sockopt.BusyPoll, time.Microsecond))},
	"BusyPollBudget":           {sockopt.BusyPollBudget, "SO_BUSY_POLL_BUDGET", "udp4", privileged(written(sockopt.BusyPollBudget, 16, syscall.ENOPROTOOPT))},
	"ConnAdvice":               {sockopt.ConnAdvice, "SO_CNX_ADVICE", "tcp6", both(written0(sockopt.ConnAdvice, 1), notRead(sockopt.ConnAdvice, syscall.ENOPROTOOPT))},
	"Cookie":                   {sockopt.Cookie, "SO_COOKIE", "tcp4 udp4 unix", cookies},
	"Debug":                    {sockopt.Debug, "SO_DEBUG", "tcp4", privileged(toggled(sockopt.Debug))},
	"Domain":                   {sockopt.Domain, "SO_DOMAIN", all, func(t *testing.T, s *sock.Socket) { readOnlyAs(sockopt.Domain, s.Domain())(t, s) }},
	"DontRoute":                {sockopt.DontRoute, "SO_DONTROUTE", "udp4", toggled(sockopt.DontRoute)},
	"Error":                    {sockopt.Error, "SO_ERROR", "tcp4 udp6 unix", pendingNone},
	"IncomingCPU":              {sockopt.IncomingCPU, "SO_INCOMING_CPU", "tcp4 udp4", changed(sockopt.IncomingCPU, 0)},
	"IncomingNAPIID":           {sockopt.IncomingNAPIID, "SO_INCOMING_NAPI_ID", "tcp4 udp4", readOnlyAs(sockopt.IncomingNAPIID, 0)},
	"KeepAlive":                {sockopt.KeepAlive, "SO_KEEPALIVE", "tcp4 tcp6", toggled(sockopt.KeepAlive)},
	"Linger":                   {sockopt.Linger, lingerName(), "tcp4 tcp6 unix", lingering},
	"ListenIncompleteQueueLen": {sockopt.ListenIncompleteQueueLen, "SO_LISTENINCQLEN", "tcp4", readOnlyAs(sockopt.ListenIncompleteQueueLen, 0)},
	"ListenQueueLen":           {sockopt.ListenQueueLen, "SO_LISTENQLEN", "tcp4", readOnlyAs(sockopt.ListenQueueLen, 0)},
	"ListenQueueLimit":         {sockopt.ListenQueueLimit, "SO_LISTENQLIMIT", "tcp4", readOnlyAs(sockopt.ListenQueueLimit, 0)},
	"LockFilter":               {sockopt.LockFilter, "SO_LOCK_FILTER", "udp4", filterLocked},
	"Mark":                     {sockopt.Mark, "SO_MARK", "tcp4 udp6", privileged(changed(sockopt.Mark, 1, 1<<32-1))},
	"MaxPacingRate":            {sockopt.MaxPacingRate, "SO_MAX_PACING_RATE", "tcp4 udp4", paced},
	"MemInfo":                  {sockopt.MemInfo, "SO_MEMINFO", "tcp4 udp4 unix", readOnly(sockopt.MemInfo, func(v sockopt.MemInfoValue) bool { return v.RecvBuffer > 0 && v.SendBuffer > 0 && v.Drops == 0 })},
	"NRead":                    {sockopt.NRead, "SO_NREAD", "udp4", readOnlyAs(sockopt.NRead, 0)},
	"NWrite":                   {sockopt.NWrite, "SO_NWRITE", "udp4", readOnlyAs(sockopt.NWrite, 0)},
	"NetNSCookie":              {sockopt.NetNSCookie, "SO_NETNS_COOKIE", "tcp4 udp4", recent(sockopt.NetNSCookie, readOnly(sockopt.NetNSCookie, func(v uint64) bool { return v != 0 }))},
	"NoFCS":                    {sockopt.NoFCS, "SO_NOFCS", "packet", toggled(sockopt.NoFCS)},
	"NoSigPipe":                {sockopt.NoSigPipe, "SO_NOSIGPIPE", "tcp4", toggled(sockopt.NoSigPipe)},
	"OOBInline":                {sockopt.OOBInline, "SO_OOBINLINE", "tcp4 tcp6", toggled(sockopt.OOBInline)},
	"PassCred":                 {sockopt.PassCred, "SO_PASSCRED", "unix unixgram netlink", toggled(sockopt.PassCred)},
	"PassPIDFD":                {sockopt.PassPIDFD, "SO_PASSPIDFD", "unix unixgram", recent(sockopt.PassPIDFD, toggled(sockopt.PassPIDFD))},
	"PassRights":               {sockopt.PassRights, "SO_PASSRIGHTS", "unix unixgram", recent(sockopt.PassRights, toggled(sockopt.PassRights))},
	"PassSec":                  {sockopt.PassSec, "SO_PASSSEC", "unix unixgram", toggled(sockopt.PassSec)},
	"PeekOffset":               {sockopt.PeekOffset, "SO_PEEK_OFF", "udp4 unix unixgram", changed(sockopt.PeekOffset, 0, 100)},
	"PeerGroups":               {sockopt.PeerGroups, "SO_PEERGROUPS", "unix", noPeer(sockopt.PeerGroups)},
	"PeerPIDFD":                {sockopt.PeerPIDFD, "SO_PEERPIDFD", "unix", noPeer(sockopt.PeerPIDFD)},
	"PeerSec":                  {sockopt.PeerSec, "SO_PEERSEC", "unix", cannotRead(sockopt.PeerSec, syscall.ENOPROTOOPT)},
	"PreferBusyPoll":           {sockopt.PreferBusyPoll, "SO_PREFER_BUSY_POLL", "udp4", privileged(recent(sockopt.PreferBusyPoll, toggled(sockopt.PreferBusyPoll)))},
	"Priority":                 {sockopt.Priority, "SO_PRIORITY", "tcp4 udp6 packet", changed(sockopt.Priority, 1, 6)},
	"Protocol":                 {sockopt.Protocol, "SO_PROTOCOL", "tcp4 udp6 mptcp4", func(t *testing.T, s *sock.Socket) { readOnlyAs(sockopt.Protocol, protocolOf(s))(t, s) }},
	"RTable":                   {sockopt.RTable, "SO_RTABLE", "udp4", settable(sockopt.RTable, 0)},
	"RecvBuffer":               {sockopt.RecvBuffer, "SO_RCVBUF", all, sized(sockopt.RecvBuffer)},
	"RecvBufferForce":          {sockopt.RecvBufferForce, "SO_RCVBUFFORCE", "udp4", privileged(forced(sockopt.RecvBufferForce, sockopt.RecvBuffer))},
	"RecvLowWater":             {sockopt.RecvLowWater, "SO_RCVLOWAT", "tcp4 udp4", changed(sockopt.RecvLowWater, 100, 2)},
	"RecvMark":                 {sockopt.RecvMark, "SO_RCVMARK", "udp4", privileged(recent(sockopt.RecvMark, toggled(sockopt.RecvMark)))},
	"RecvPriority":             {sockopt.RecvPriority, "SO_RCVPRIORITY", "udp4", recent(sockopt.RecvPriority, toggled(sockopt.RecvPriority))},
	"ReserveMem":               {sockopt.ReserveMem, "SO_RESERVE_MEM", "tcp4", recent(sockopt.ReserveMem, readsNow(sockopt.ReserveMem, 0))},
	"ReuseAddr":                {sockopt.ReuseAddr, "SO_REUSEADDR", "tcp4 tcp6 udp4 udp6 unix", toggled(sockopt.ReuseAddr)},
	"ReusePort":                {sockopt.ReusePort, "SO_REUSEPORT", "tcp4 tcp6 udp4 udp6", toggled(sockopt.ReusePort)},
	"ReusePortLB":              {sockopt.ReusePortLB, "SO_REUSEPORT_LB", "tcp4 udp4", toggled(sockopt.ReusePortLB)},
	"RxQueueOverflow":          {sockopt.RxQueueOverflow, "SO_RXQ_OVFL", "udp4 unixgram packet", toggled(sockopt.RxQueueOverflow)},
	"SelectErrQueue":           {sockopt.SelectErrQueue, "SO_SELECT_ERR_QUEUE", "udp4", toggled(sockopt.SelectErrQueue)},
	"SendBuffer":               {sockopt.SendBuffer, "SO_SNDBUF", all, sized(sockopt.SendBuffer)},
	"SendBufferForce":          {sockopt.SendBufferForce, "SO_SNDBUFFORCE", "udp4", privileged(forced(sockopt.SendBufferForce, sockopt.SendBuffer))},
	"SendLowWater":             {sockopt.SendLowWater, "SO_SNDLOWAT", "tcp4", lowWater},
	"SetFIB":                   {sockopt.SetFIB, "SO_SETFIB", "udp4", written0(sockopt.SetFIB, 0)},
	"Timestamp":                {sockopt.Timestamp, "SO_TIMESTAMP", "udp4 unixgram", toggled(sockopt.Timestamp)},
	"TimestampClock":           {sockopt.TimestampClock, "SO_TS_CLOCK", "udp4", changed(sockopt.TimestampClock, 1, 2, 3)},
	"TimestampNS":              {sockopt.TimestampNS, "SO_TIMESTAMPNS", "udp4 unixgram", toggled(sockopt.TimestampNS)},
	"Timestamping":             {sockopt.Timestamping, "SO_TIMESTAMPING", "udp4 udp6 unixgram", changed(sockopt.Timestamping, sockopt.TimestampingRxSoftware|sockopt.TimestampingSoftware, sockopt.TimestampingTxSoftware|sockopt.TimestampingSoftware|sockopt.TimestampingOptID|sockopt.TimestampingOptTSOnly)},
	"TxRehash":                 {sockopt.TxRehash, "SO_TXREHASH", "tcp4", recent(sockopt.TxRehash, settable(sockopt.TxRehash, 0, 1))},
	"TxTime":                   {sockopt.TxTime, "SO_TXTIME", "udp4", privileged(settable(sockopt.TxTime, sockopt.TxTimeValue{Clock: 1, Deadline: true}, sockopt.TxTimeValue{Clock: 1, ReportErrors: true}, sockopt.TxTimeValue{Clock: 11}, sockopt.TxTimeValue{Clock: 1}))},
	"Type":                     {sockopt.Type, "SO_TYPE", all, func(t *testing.T, s *sock.Socket) { readOnlyAs(sockopt.Type, s.Type())(t, s) }},
	"UseLoopback":              {sockopt.UseLoopback, "SO_USELOOPBACK", "udp4", toggled(sockopt.UseLoopback)},
	"UserCookie":               {sockopt.UserCookie, "SO_USER_COOKIE", "udp4", written0(sockopt.UserCookie, 1<<32-1)},
	"WiFiStatus":               {sockopt.WiFiStatus, "SO_WIFI_STATUS", "packet", toggled(sockopt.WiFiStatus)},
	"ZeroCopy":                 {sockopt.ZeroCopy, "SO_ZEROCOPY", "tcp4 udp4", toggled(sockopt.ZeroCopy)},
}

// notRead is for a write-only option: the kernel refuses Get.
func notRead[T any](o sockopt.Option[T], want ...error) func(*testing.T, *sock.Socket) {
	return func(t *testing.T, s *sock.Socket) {
		_, err := o.Get(s)
		wrong(t, err, "getsockopt "+o.String(), sock.Addr{}, want...)
	}
}

// written0 is for an option whose value cannot be read back.
func written0[T any](o sockopt.Option[T], v T) func(*testing.T, *sock.Socket) {
	return func(t *testing.T, s *sock.Socket) { wantErr(t, o.Set(s, v), nil) }
}

func readsNow[T comparable](o sockopt.Option[T], want T) func(*testing.T, *sock.Socket) {
	return func(t *testing.T, s *sock.Socket) { holds(t, o, s, want) }
}

// roundsUp is for a time that counts units: Set rounds up, and refuses a time that is negative
// or too long.
func roundsUp(o sockopt.Option[time.Duration], unit time.Duration) func(*testing.T, *sock.Socket) {
	return roundsUpFrom(o, unit, 0)
}

// roundsUpFrom1 is roundsUp for a time that cannot be 0.
func roundsUpFrom1(o sockopt.Option[time.Duration]) func(*testing.T, *sock.Socket) {
	return roundsUpFrom(o, time.Second, time.Second)
}

func roundsUpFrom(o sockopt.Option[time.Duration], unit, least time.Duration) func(*testing.T, *sock.Socket) {
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
		wantErr(t, o.Set(s, first), nil)
		holds(t, o, s, first)
		for _, v := range []time.Duration{-1, -unit, math.MinInt64} {
			err := o.Set(s, v)
			misused(t, err, "setsockopt "+o.String(), syscall.EINVAL)
			if err == nil || !strings.Contains(err.Error(), "a time-out of -") {
				t.Error(err)
			}
		}
		if long := time.Duration(math.MaxInt64); long/unit > math.MaxInt32 {
			wantErr(t, o.Set(s, long), syscall.EINVAL)
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
	o := sockopt.BindToDevice
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

// Each socket has its own cookie, which does not change.
func cookies(t *testing.T, s *sock.Socket) {
	v, err := sockopt.Cookie.Get(s)
	if err != nil || v == 0 {
		t.Fatal(v, err)
	}
	readOnlyAs(sockopt.Cookie, v)(t, s)
	if other, err := sockopt.Cookie.Get(open(t, s.Domain(), s.Type())); err != nil || other == v {
		t.Errorf("another has %d, %v, this %d", other, err, v)
	}
}

func filterLocked(t *testing.T, s *sock.Socket) {
	holds(t, sockopt.LockFilter, s, false)
	wantErr(t, sockopt.LockFilter.Set(s, true), nil)
	holds(t, sockopt.LockFilter, s, true)
	if runtime.GOOS == "linux" {
		wrong(t, sockopt.LockFilter.Set(s, false), "setsockopt SO_LOCK_FILTER", sock.Addr{}, syscall.EPERM)
	}
}

// paced tries rates on both sides of 32 bits.
func paced(t *testing.T, s *sock.Socket) {
	o := sockopt.MaxPacingRate
	if runtime.GOOS == "linux" {
		holds(t, o, s, math.MaxUint64)
	}
	for _, v := range []uint64{1, 1<<32 - 2, math.MaxUint64} {
		wantErr(t, o.Set(s, v), nil)
		holds(t, o, s, v)
	}
	large := []uint64{1<<32 - 1, 1 << 32, 1 << 40}
	for _, v := range large {
		if runtime.GOOS != "linux" {
			wantErr(t, o.Set(s, v), syscall.EINVAL)
			continue
		}
		wantErr(t, o.Set(s, v), nil)
		if got, err := o.Get(s); err != nil || got != v && (got < v || math.MaxUint == math.MaxUint64) {
			t.Errorf("%d, %v, want %d", got, err, v)
		}
	}
}

// forced sets the size of a buffer above the limit of the system.
func forced(o, buffer sockopt.Option[int]) func(*testing.T, *sock.Socket) {
	return func(t *testing.T, s *sock.Socket) {
		const size = 64 << 20
		wantErr(t, buffer.Set(s, size), nil)
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
		settable(sockopt.SendLowWater, 100)(t, s)
		return
	}
	holds(t, sockopt.SendLowWater, s, 1)
	wrong(t, sockopt.SendLowWater.Set(s, 2), "setsockopt SO_SNDLOWAT", sock.Addr{}, syscall.ENOPROTOOPT)
}

// noPeer reads an option of the peer on a socket without one: an errno.
func noPeer[T any](o sockopt.Option[T]) func(*testing.T, *sock.Socket) {
	return func(t *testing.T, s *sock.Socket) {
		if v, err := o.Get(s); !isErrno(err) {
			t.Error(v, err)
		}
		refusesSet(t, o, s)
	}
}

// The options that describe a peer, once there is one.
func TestOptionPeer(t *testing.T) {
	t.Parallel()
	a, _ := streams(t, "pair")
	if v, err := sockopt.PeerGroups.Get(a); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		t.Error(v, err)
	}
	if v, err := sockopt.PeerPIDFD.Get(a); err == nil {
		wantErr(t, os.NewFile(uintptr(v), "pidfd").Close(), nil)
	} else if !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, syscall.ENOPROTOOPT) {
		t.Error(err)
	}
}

func TestTimestampingFlagsString(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("Linux has them")
	}
	for f, want := range map[sockopt.TimestampingFlags]string{
		0:                              "0",
		sockopt.TimestampingTxHardware: "SOF_TIMESTAMPING_TX_HARDWARE",
		sockopt.TimestampingRxSoftware | sockopt.TimestampingTxCompletion | 1<<30: "SOF_TIMESTAMPING_RX_SOFTWARE|SOF_TIMESTAMPING_TX_COMPLETION|0x40000000",
	} {
		if got := f.String(); got != want {
			t.Errorf("%d is %s, want %s", int(f), got, want)
		}
	}
}
