package sock

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/berkeleysockets/sock/internal/netpoll"
	"github.com/berkeleysockets/sock/internal/sys"
	"github.com/berkeleysockets/sock/internal/trace"
)

// A Call is one system call, for a tracer. It holds copies of the first bytes of the caller's
// buffers, and no pointer to them.
type Call struct {
	Name     string        // as the kernel has it: "sendto", "accept4"
	FD       int           // the descriptor it was made on; -1 for none
	Args     string        // the other arguments, decoded: in String between the parentheses
	Addr     Addr          // the address given or received, if any
	Flags    Flags         // of a transfer, as really passed
	Len      int           // of a transfer, the size of the buffers
	Data     []byte        // of a transfer, at most TracePrefix bytes of what was carried
	Result   int           // what it returned; -1 with Err
	Err      error         // the errno
	Start    time.Time     //
	Duration time.Duration //
}

// TracePrefix is how many bytes of a transfer a Call keeps.
const TracePrefix = 32

// String returns the call in strace's form, "name(fd, args) = result ERRNO
// (text)", with addresses in this package's short form:
//
//	bind(3, 127.0.0.1:8080) = 0
//	accept4(3, NULL, SOCK_CLOEXEC|SOCK_NONBLOCK) = -1 EAGAIN (resource temporarily unavailable)
func (c Call) String() string {
	var b strings.Builder
	b.WriteString(c.Name)
	b.WriteByte('(')
	if c.FD >= 0 {
		b.WriteString(strconv.Itoa(c.FD))
		if c.Args != "" {
			b.WriteString(", ")
		}
	}
	b.WriteString(c.Args)
	b.WriteString(") = ")
	b.WriteString(strconv.Itoa(c.Result))
	var e sys.Errno
	if errors.As(c.Err, &e) {
		fmt.Fprintf(&b, " %s (%s)", sys.ErrnoName(e), e.Error())
	}
	return b.String()
}

// ErrnoName returns the C name of the errno, "EAGAIN", or "" if the call succeeded. The
// number is in Err, a syscall.Errno; where no system has one, as on Windows, Err is a number of
// this package.
func (c Call) ErrnoName() string {
	var e sys.Errno
	if errors.As(c.Err, &e) {
		return sys.ErrnoName(e)
	}
	return ""
}

type tracer struct{ f func(Call) }

var current atomic.Pointer[tracer]

// detour is not 0 while transfers leave the fast path: because of a tracer, or of slow memory.
var detour atomic.Uint32

const (
	detourTraced = 1 << iota
	detourSlow
)

func slowMemory() bool { return detour.Load()&detourSlow != 0 }

// SetSlowMemory selects what a transfer does with its processor during the system call. Off,
// the default: a transfer of up to 64 KiB keeps it (Linux; IPv4, IPv6 and unix sockets of the
// usual protocols), because the call does not sleep. On: every transfer of the process
// releases it, as package net's do. It may be called at any time, from any goroutine.
//
// A call sleeps all the same if the kernel must wait for the caller's memory: for a page of a
// mapped file or of a swap device, or one that another process provides (userfaultfd). Then
// no other goroutine runs on that processor, and none in the program once the garbage
// collector waits for it. A process that shares the socket and uses such memory has the same
// effect. A program that transfers from or to such memory turns this on first.
//
// Off, it costs nothing. On, a small transfer takes a little longer.
func SetSlowMemory(on bool) {
	if on {
		detour.Or(detourSlow)
	} else {
		detour.And(^uint32(detourSlow))
	}
}

var tracerMu sync.Mutex // held to change the tracer, which is in several places

// SetTracer makes t receive each system call of every Socket as it returns; nil turns tracing
// off. t runs in the goroutine that made the call and holds nothing of the Socket: it may use
// the Socket, Close included, and several goroutines may call it at the same time. It must
// not Write to the stream whose Write it is shown, which holds the write lock until all is
// sent. A call that is made during a wait is shown when the wait ends, and a call of a Poller
// when one of its methods returns. Off, it costs a branch and allocates nothing.
//
// The runtime poller's calls are not shown. On macOS neither are the calls that replace the
// flags which socket and accept do not take there.
func SetTracer(t func(Call)) {
	tracerMu.Lock()
	defer tracerMu.Unlock()
	netpoll.Recording.Store(t != nil)
	if t == nil {
		detour.And(^uint32(detourTraced))
		trace.Set(nil)
		current.Store(nil)
		return
	}
	trace.Set(func(c trace.Call) {
		x := Call{Name: c.Name, Args: c.Args, FD: c.FD, Result: c.Result, Len: c.Len, Start: c.Start, Duration: c.Duration}
		if c.Errno != 0 {
			x.Err = c.Errno
		}
		if c.Name == "recvfrom" { // a peek
			x.Flags, x.Len = Peek|DontWait, 1
		}
		t(x)
	})
	current.Store(&tracer{t})
	detour.Or(detourTraced)
}

// tracing returns the tracer and the time, or nil if tracing is off.
func tracing() (t *tracer, start time.Time) {
	if t = current.Load(); t != nil {
		start = time.Now()
	}
	return
}

func (t *tracer) emit(c Call, fd, result int, e sys.Errno, start time.Time) {
	t.f(c.finish(fd, result, e, start))
}

// finish sets the result of a call that has just returned.
func (c Call) finish(fd, result int, e sys.Errno, start time.Time) Call {
	c.FD, c.Result, c.Start = fd, result, start
	if c.Duration == 0 {
		c.Duration = time.Since(start)
	}
	if e != 0 {
		c.Result, c.Err = -1, e
	}
	return c
}

func itoa(n int) string { return strconv.Itoa(n) }

func (t *tracer) open(name string, d Domain, ty Type, p Protocol, a, b int, e sys.Errno, start time.Time) {
	args := d.String() + ", " + ty.String() + sys.OpenFlags + ", "
	if d == Inet || d == Inet6 {
		args += p.String()
	} else {
		args += itoa(int(p))
	}
	result := a
	if name == "socketpair" {
		result = 0
		if e == 0 {
			args += fmt.Sprintf(", [%d, %d]", a, b)
		}
	}
	t.emit(Call{Name: name, Args: args}, -1, result, e, start)
}

func (t *tracer) accept(fd int, name *sys.Name, s int, e sys.Errno, start time.Time) {
	c := Call{Name: sys.AcceptCall}
	var args []string
	if e == 0 {
		c.Addr = addrFromKernel(name.Bytes())
		args = append(args, c.Addr.String())
	} else {
		args = append(args, "NULL")
	}
	if sys.AcceptFlags != "" {
		args = append(args, sys.AcceptFlags)
	}
	c.Args = strings.Join(args, ", ")
	t.emit(c, fd, s, e, start)
}

func (t *tracer) name(call string, fd int, d Domain, name *sys.Name, e sys.Errno, start time.Time) {
	c := Call{Name: call, Args: "NULL"}
	if e == 0 {
		c.Addr = addrFromKernel(name.Bytes())
		c.Args = c.Addr.String()
	}
	t.emit(c, fd, resultOf(e), e, start)
}

func (t *tracer) option(call string, fd int, d Domain, level, name int, value []byte, e sys.Errno, start time.Time) {
	args := sys.LevelName(int(d), level) + ", " + sys.OptionName(int(d), level, name)
	if call == "setsockopt" || e == 0 {
		args += ", " + sys.OptionValue(level, name, value)
	}
	t.emit(Call{Name: call, Args: args}, fd, resultOf(e), e, start)
}

func (t *tracer) sendto(fd int, p []byte, flags Flags, to *Addr, n int, e sys.Errno, start time.Time) {
	c := transfer("sendto", flags|sys.SendFlags, len(p), p)
	c.Addr = to.clone()
	c.Args = quote(p, len(p)) + ", " + itoa(len(p)) + ", " + c.Flags.String() + ", " + orNull(c.Addr)
	t.emit(c, fd, n, e, start)
}

func (t *tracer) recvfrom(fd int, p []byte, flags Flags, from *sys.Name, n int, e sys.Errno, start time.Time) {
	got := p[:min(max(n, 0), len(p))]
	c := transfer("recvfrom", flags, len(p), got)
	if from != nil && e == 0 {
		c.Addr = addrFromKernel(from.Bytes())
	}
	c.Args = quote(got, len(got)) + ", " + itoa(len(p)) + ", " + flags.String() + ", " + orNull(c.Addr)
	t.emit(c, fd, n, e, start)
}

func (t *tracer) sendmsg(fd int, bufs [][]byte, control []byte, to *Addr, flags Flags, n int, e sys.Errno, start time.Time) {
	data, total := gather(bufs, -1)
	c := transfer("sendmsg", flags|sys.SendFlags, total, data)
	c.Addr = to.clone()
	c.Args = message(c.Addr, data, total, len(bufs), len(control), "") + ", " + c.Flags.String()
	t.emit(c, fd, n, e, start)
}

func (t *tracer) recvmsg(fd int, bufs [][]byte, control []byte, from *sys.Name, flags, got Flags, n int, e sys.Errno, start time.Time) {
	data, total := gather(bufs, max(n, 0))
	_, size := gather(bufs, -1)
	c := transfer("recvmsg", flags, size, data)
	if from != nil && e == 0 {
		c.Addr = addrFromKernel(from.Bytes())
	}
	c.Args = message(c.Addr, data, total, len(bufs), len(control), got.String()) + ", " + c.Flags.String()
	t.emit(c, fd, n, e, start)
}

// shownOfBatch is how many messages of a batch a trace shows.
const shownOfBatch = 3

func (t *tracer) batch(name string, fd int, b *Batch, from, to, room int, flags Flags, n int, e sys.Errno, start time.Time) {
	var list []string
	var first []byte
	total := 0
	for i := from; i < to; i++ {
		p := b.m.Data(i)
		if total += len(p); i == from {
			first = p
		}
		if i-from < shownOfBatch {
			got := ""
			if name == "recvmmsg" {
				got = Flags(b.m.Flags(i)).String()
			}
			list = append(list, message(addrFromKernel(b.m.Name(i)), p, len(p), 1, len(b.m.Control(i)), got))
		}
	}
	if to-from > shownOfBatch {
		list = append(list, "...")
	}
	c := transfer(name, flags, total, first)
	c.Args = "[" + strings.Join(list, ", ") + "], " + itoa(room) + ", " + flags.String()
	if name == "recvmmsg" {
		c.Args += ", NULL" // a time-out, which there never is
	}
	t.emit(c, fd, n, e, start)
}

func transfer(name string, flags Flags, size int, data []byte) Call {
	return Call{Name: name, Flags: flags, Len: size, Data: append([]byte(nil), data[:min(len(data), TracePrefix)]...)}
}

// message formats a msghdr: address, data, number of buffers, size of control messages.
func message(a Addr, data []byte, total, pieces, control int, flags string) string {
	s := "{" + orNull(a) + ", " + quote(data, total)
	if pieces != 1 {
		s += fmt.Sprintf(" in %d", pieces)
	}
	if control > 0 {
		s += fmt.Sprintf(", control %d", control)
	}
	if flags != "" {
		s += ", " + flags
	}
	return s + "}"
}

// gather copies the beginning of the first n bytes of bufs; n -1 is all.
func gather(bufs [][]byte, n int) (prefix []byte, total int) {
	for _, b := range bufs {
		if n >= 0 {
			b = b[:min(len(b), n-total)]
		}
		total += len(b)
		prefix = append(prefix, b[:min(len(b), TracePrefix-len(prefix))]...)
	}
	return prefix, total
}

// quote formats bytes as strace does, with dots where they are cut.
func quote(p []byte, total int) string {
	var b strings.Builder
	b.WriteByte('"')
	for i, c := range p[:min(len(p), TracePrefix)] {
		switch {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c >= ' ' && c <= '~':
			b.WriteByte(c)
		case strings.IndexByte("\t\n\v\f\r", c) >= 0:
			b.WriteByte('\\')
			b.WriteByte("tnvfr"[c-'\t'])
		default: // octal, as short as what follows allows
			if i+1 < len(p) && p[i+1] >= '0' && p[i+1] <= '7' {
				fmt.Fprintf(&b, "\\%03o", c)
			} else {
				fmt.Fprintf(&b, "\\%o", c)
			}
		}
	}
	b.WriteByte('"')
	if total > TracePrefix {
		b.WriteString("...")
	}
	return b.String()
}

func orNull(a Addr) string {
	if !a.IsValid() {
		return "NULL"
	}
	return a.String()
}
