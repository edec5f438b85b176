package sock_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/netip"
	"os"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/sockopt"
)

// methods has every method of Socket that can fail, with valid arguments.
var methods = map[string]func(s *sock.Socket) error{
	"Accept":       func(s *sock.Socket) error { _, _, err := s.Accept(); return err },
	"AtMark":       func(s *sock.Socket) error { _, err := s.AtMark(); return err },
	"AttachFilter": func(s *sock.Socket) error { return s.AttachFilter(keepAll) },
	"AttachReusePortFilter": func(s *sock.Socket) error {
		return s.AttachReusePortFilter(keepAll)
	},
	"Bind":           func(s *sock.Socket) error { return s.Bind(anywhere) },
	"BlockSource":    func(s *sock.Socket) error { return s.BlockSource(sourceGroup) },
	"Close":          func(s *sock.Socket) error { return s.Close() },
	"CloseRead":      func(s *sock.Socket) error { return s.CloseRead() },
	"CloseWrite":     func(s *sock.Socket) error { return s.CloseWrite() },
	"Connect":        func(s *sock.Socket) error { return s.Connect(anywhere) },
	"ConnectContext": func(s *sock.Socket) error { return s.ConnectContext(context.Background(), anywhere) },
	"ConnectResult":  func(s *sock.Socket) error { return s.ConnectResult() },
	"Detach":         func(s *sock.Socket) error { _, err := s.Detach(); return err },
	"DetachFilter":   func(s *sock.Socket) error { return s.DetachFilter() },
	"DetachReusePort": func(s *sock.Socket) error {
		return s.DetachReusePort()
	},
	"Dup":           func(s *sock.Socket) error { _, err := s.Dup(); return err },
	"File":          func(s *sock.Socket) error { _, err := s.File(); return err },
	"Filter":        func(s *sock.Socket) error { _, err := s.Filter(); return err },
	"Getsockopt":    func(s *sock.Socket) error { _, err := s.Getsockopt(1, 1, make([]byte, 4)); return err },
	"Setsockopt":    func(s *sock.Socket) error { return s.Setsockopt(1, 1, make([]byte, 4)) },
	"JoinGroup":     func(s *sock.Socket) error { return s.JoinGroup(sock.Group{Addr: sourceGroup.Addr}) },
	"LeaveGroup":    func(s *sock.Socket) error { return s.LeaveGroup(sock.Group{Addr: sourceGroup.Addr}) },
	"Listen":        func(s *sock.Socket) error { return s.Listen(1) },
	"Sockname":      func(s *sock.Socket) error { _, err := s.Sockname(); return err },
	"NetConn":       func(s *sock.Socket) error { _, err := s.NetConn(); return err },
	"NetListener":   func(s *sock.Socket) error { _, err := s.NetListener(); return err },
	"NetPacketConn": func(s *sock.Socket) error { _, err := s.NetPacketConn(); return err },
	"Peername":      func(s *sock.Socket) error { _, err := s.Peername(); return err },
	"PeerCred":      func(s *sock.Socket) error { _, err := s.PeerCred(); return err },
	"Read":          func(s *sock.Socket) error { _, err := s.Read(make([]byte, 1)); return err },
	"ReadFrom":      func(s *sock.Socket) error { _, err := s.ReadFrom(strings.NewReader("x")); return err },
	"Readv":         func(s *sock.Socket) error { _, err := s.Readv([][]byte{make([]byte, 1)}); return err },
	"RecvQueue":     func(s *sock.Socket) error { _, err := s.RecvQueue(); return err },
	"SendQueue":     func(s *sock.Socket) error { _, err := s.SendQueue(); return err },
	"UnsentQueue":   func(s *sock.Socket) error { _, err := s.UnsentQueue(); return err },
	"Recv":          func(s *sock.Socket) error { _, err := s.Recv(make([]byte, 1), 0); return err },
	"RecvBatch":     func(s *sock.Socket) error { _, err := s.RecvBatch(sock.NewBatch(1, 1, 0), 0); return err },
	"RecvErr":       func(s *sock.Socket) error { _, err := s.RecvErr(nil); return err },
	"RecvFiles":     func(s *sock.Socket) error { _, _, _, err := s.RecvFiles(make([]byte, 1), 1); return err },
	"RecvFrom":      func(s *sock.Socket) error { _, _, err := s.RecvFrom(make([]byte, 1), 0); return err },
	"RecvMsg": func(s *sock.Socket) error {
		_, err := s.RecvMsg(&sock.Message{Bufs: [][]byte{make([]byte, 1)}}, 0)
		return err
	},
	"Send": func(s *sock.Socket) error { _, err := s.Send([]byte("x"), 0); return err },
	"SendBatch": func(s *sock.Socket) error {
		b := sock.NewBatch(1, 0, 0)
		b.Add([]byte("x"), nil, sock.Addr{})
		_, err := s.SendBatch(b, 0)
		return err
	},
	"SendFiles":    func(s *sock.Socket) error { _, err := s.SendFiles([]byte("x")); return err },
	"SendFile":     func(s *sock.Socket) error { _, err := s.SendFile(os.Stdin, nil, 0); return err },
	"SendMsg":      func(s *sock.Socket) error { _, err := s.SendMsg(&sock.Message{Bufs: [][]byte{{1}}}, 0); return err },
	"SendTo":       func(s *sock.Socket) error { _, err := s.SendTo([]byte("x"), 0, anywhere); return err },
	"SendZeroCopy": func(s *sock.Socket) error { _, _, err := s.SendZeroCopy([]byte("x"), 0); return err },
	"SetDeadline":  func(s *sock.Socket) error { return s.SetDeadline(time.Now().Add(time.Hour)) },
	"SetReadDeadline": func(s *sock.Socket) error {
		return s.SetReadDeadline(time.Time{})
	},
	"SetWriteDeadline": func(s *sock.Socket) error { return s.SetWriteDeadline(time.Unix(1, 0)) },
	"Shutdown":         func(s *sock.Socket) error { return s.Shutdown(sock.ShutBoth) },
	"SyscallConn":      func(s *sock.Socket) error { _, err := s.SyscallConn(); return err },
	"UnblockSource":    func(s *sock.Socket) error { return s.UnblockSource(sourceGroup) },
	"Wait":             func(s *sock.Socket) error { _, err := s.Wait(sock.Readable); return err },
	"WithFD":           func(s *sock.Socket) error { return s.WithFD(func(int) error { return nil }) },
	"Write":            func(s *sock.Socket) error { _, err := s.Write([]byte("x")); return err },
	"WriteTo":          func(s *sock.Socket) error { _, err := s.WriteTo(io.Discard); return err },
	"Writev":           func(s *sock.Socket) error { _, err := s.Writev([][]byte{{1}}); return err },
}

var anywhere, _ = sock.ParseAddr("127.0.0.1:0")

// These arguments are valid.
var (
	keepAll     = []sock.FilterInstruction{{Op: 0x06, K: 0xffff}} // ret #65535
	sourceGroup = sock.Group{Addr: netip.MustParseAddr("232.1.2.3"), Source: netip.MustParseAddr("127.0.0.1")}
)

// calls are more calls, to which a closed Socket returns the same error.
var calls = map[string]func(s *sock.Socket) error{
	"Connect, IPv6":              func(s *sock.Socket) error { return s.Connect(loopback6) },
	"Read, nil":                  func(s *sock.Socket) error { _, err := s.Read(nil); return err },
	"Readv, empty":               func(s *sock.Socket) error { _, err := s.Readv([][]byte{{}}); return err },
	"Readv, 17":                  func(s *sock.Socket) error { _, err := s.Readv(make([][]byte, 17)); return err },
	"Recv, nil":                  func(s *sock.Socket) error { _, err := s.Recv(nil, 0); return err },
	"Recv, DontWait":             func(s *sock.Socket) error { _, err := s.Recv(nil, sock.DontWait); return err },
	"Recv, no such flag":         func(s *sock.Socket) error { _, err := s.Recv(make([]byte, 1), math.MinInt); return err },
	"RecvFrom, no such flag":     func(s *sock.Socket) error { _, _, err := s.RecvFrom(make([]byte, 1), math.MinInt); return err },
	"RecvMsg, no such flag":      func(s *sock.Socket) error { _, err := s.RecvMsg(&sock.Message{}, math.MinInt); return err },
	"RecvBatch, no such flag":    func(s *sock.Socket) error { _, err := s.RecvBatch(sock.NewBatch(1, 1, 0), math.MinInt); return err },
	"Send, no such flag":         func(s *sock.Socket) error { _, err := s.Send([]byte("x"), math.MinInt); return err },
	"SendTo, no such flag":       func(s *sock.Socket) error { _, err := s.SendTo([]byte("x"), math.MinInt, anywhere); return err },
	"SendMsg, no such flag":      func(s *sock.Socket) error { _, err := s.SendMsg(&sock.Message{}, math.MinInt); return err },
	"SendBatch, no such flag":    func(s *sock.Socket) error { _, err := s.SendBatch(sock.NewBatch(1, 0, 0), math.MinInt); return err },
	"SendZeroCopy, no such flag": func(s *sock.Socket) error { _, _, err := s.SendZeroCopy([]byte("x"), math.MinInt); return err },
	"Shutdown, no such half":     func(s *sock.Socket) error { return s.Shutdown(math.MinInt) },
	"Recv, OOB":                  func(s *sock.Socket) error { _, err := s.Recv(nil, sock.OOB); return err },
	"Recv, WaitAll":              func(s *sock.Socket) error { _, err := s.Recv(nil, sock.WaitAll); return err },
	"Recv, 1 MiB":                func(s *sock.Socket) error { _, err := s.Recv(make([]byte, 1<<20), 0); return err },
	"RecvBatch, DontWait":        func(s *sock.Socket) error { _, err := s.RecvBatch(sock.NewBatch(9, 9, 9), sock.DontWait); return err },
	"RecvFrom, nil":              func(s *sock.Socket) error { _, _, err := s.RecvFrom(nil, 0); return err },
	"RecvMsg, empty":             func(s *sock.Socket) error { _, err := s.RecvMsg(&sock.Message{}, 0); return err },
	"SendBatch, empty":           func(s *sock.Socket) error { _, err := s.SendBatch(sock.NewBatch(1, 0, 0), 0); return err },
	"Send, nil":                  func(s *sock.Socket) error { _, err := s.Send(nil, 0); return err },
	"Send, DontWait":             func(s *sock.Socket) error { _, err := s.Send(nil, sock.DontWait); return err },
	"Send, 1 MiB":                func(s *sock.Socket) error { _, err := s.Send(make([]byte, 1<<20), 0); return err },
	"SendMsg, empty":             func(s *sock.Socket) error { _, err := s.SendMsg(&sock.Message{}, 0); return err },
	"SendTo, no address":         func(s *sock.Socket) error { _, err := s.SendTo(nil, 0, sock.Addr{}); return err },
	"SetDeadline, none":          func(s *sock.Socket) error { return s.SetDeadline(time.Time{}) },
	"Wait, Writable":             func(s *sock.Socket) error { _, err := s.Wait(sock.Writable); return err },
	"Wait, all":                  func(s *sock.Socket) error { _, err := s.Wait(sock.Edge - 1); return err },
	"Wait, 0":                    func(s *sock.Socket) error { _, err := s.Wait(0); return err },
	"Write, nil":                 func(s *sock.Socket) error { _, err := s.Write(nil); return err },
	"Writev, empty":              func(s *sock.Socket) error { _, err := s.Writev([][]byte{{}}); return err },
	"Writev, 17":                 func(s *sock.Socket) error { _, err := s.Writev(make([][]byte, 17)); return err },
	"Option.Get":                 func(s *sock.Socket) error { _, err := sockopt.ReuseAddr.Get(s); return err },
	"Option.Set":                 func(s *sock.Socket) error { return sockopt.Linger.Set(s, sockopt.LingerValue{}) },
	"Error.Get":                  func(s *sock.Socket) error { _, err := sockopt.Error.Get(s); return err },
	"FromConn":                   func(s *sock.Socket) error { _, err := sock.FromConn(s); return err },
	"fmt, and no String":         func(s *sock.Socket) error { return fmt.Errorf("%w", s.Close()) },
	"io.WriteString":             func(s *sock.Socket) error { _, err := io.WriteString(s, "x"); return err },
	"io.ReadFull":                func(s *sock.Socket) error { _, err := io.ReadFull(s, make([]byte, 2)); return err },
	"Shutdown of nonsense":       func(s *sock.Socket) error { return s.Shutdown(77) },
}

// certain lists the methods that cannot fail, and that return something after Close too.
var certain = []string{"Domain", "FD", "LocalAddr", "Protocol", "RemoteAddr", "SetNonblock", "String", "Type"}

// A new method of Socket needs a row in a table above.
func TestBadInputTables(t *testing.T) {
	t.Parallel()
	ty := reflect.TypeFor[*sock.Socket]()
	for i := range ty.NumMethod() {
		name := ty.Method(i).Name
		if methods[name] == nil && !slices.Contains(certain, name) {
			t.Errorf("Socket.%s is not tested on a closed Socket: add it to methods, in badinput_test.go", name)
		}
	}
}

// ended are Sockets at the end of different lives.
func ended(t *testing.T) map[string]*sock.Socket {
	t.Helper()
	fresh := open(t, sock.Inet, sock.Stream)
	dgram := open(t, sock.Inet, sock.Dgram)
	named, _ := bound(t, "unix", sock.Dgram)
	l, _ := listening(t, "tcp4")
	client, server := streams(t, "tcp4")
	a, b := streams(t, "pair")

	waited, _ := streams(t, "unix") // has been in Go's poller
	if err := waited.SetReadDeadline(time.Now().Add(time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	_, err := waited.Recv(make([]byte, 1), 0)
	wantErr(t, err, os.ErrDeadlineExceeded)

	past, _ := streams(t, "tcp4") // a deadline does not hide that it is closed
	if err := past.SetDeadline(time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	quiet, _ := streams(t, "tcp4")
	quiet.SetNonblock(true)
	ends := map[string]*sock.Socket{
		"fresh": fresh, "datagrams": dgram, "named": named, "listening": l, "client": client, "server": server, "pair": a, "waited": waited, "past": past, "non-blocking": quiet,
	}
	for _, s := range ends {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	fd, err := b.Detach()
	if err != nil {
		t.Fatal(err)
	}
	again, err := sock.FromFD(fd)
	if err != nil {
		t.Fatal(err)
	}
	closed(t, again)
	ends["detached"] = b
	return ends
}

func TestBadInputClosed(t *testing.T) {
	t.Parallel()
	for life, s := range ended(t) {
		for _, table := range []map[string]func(*sock.Socket) error{methods, calls} {
			for name, call := range table {
				err := call(s)
				if !errors.Is(err, net.ErrClosed) {
					t.Errorf("%s, %s: error %v, want net.ErrClosed", life, name, err)
				}
				var ne net.Error
				if !errors.As(err, &ne) || ne.Timeout() {
					t.Errorf("%s, %s: %#v is no net.Error, or a time-out", life, name, err)
				}
			}
		}
		if s.FD() != -1 {
			t.Errorf("%s: FD = %d", life, s.FD())
		}
		if s.Domain() == sock.Unspec || s.Type() == 0 {
			t.Errorf("%s: %v %v", life, s.Domain(), s.Type())
		}
		s.Protocol()
		s.SetNonblock(false)
		if a := s.LocalAddr(); a == nil || a.Network() == "" {
			t.Errorf("%s: LocalAddr = %v", life, a)
		} else {
			_ = a.String()
		}
		if a := s.RemoteAddr(); a != nil {
			_ = a.String()
		}
	}
}

// The error contains the address, closed or not.
func TestBadInputClosedText(t *testing.T) {
	t.Parallel()
	s := open(t, sock.Inet, sock.Stream)
	s.Close()
	at := addr(t, "127.0.0.1:9")
	wrong(t, s.Bind(at), "bind", at, net.ErrClosed)
	wrong(t, s.Connect(at), "connect", at, net.ErrClosed)
	_, err := s.SendTo(nil, 0, at)
	wrong(t, err, "sendto", at, net.ErrClosed)
	wrong(t, s.Listen(0), "listen", sock.Addr{}, net.ErrClosed)
	wrong(t, s.Close(), "close", sock.Addr{}, net.ErrClosed)
}

// A RawConn outlives its Socket harmlessly.
func TestBadInputClosedRawConn(t *testing.T) {
	t.Parallel()
	s := open(t, sock.Inet, sock.Stream)
	rc, err := s.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	never := func(uintptr) { t.Error("called with a closed descriptor") }
	wantErr(t, rc.Control(never), net.ErrClosed)
	wantErr(t, rc.Read(func(fd uintptr) bool { never(fd); return true }), net.ErrClosed)
	wantErr(t, rc.Write(func(fd uintptr) bool { never(fd); return true }), net.ErrClosed)
	wantErr(t, s.WithFD(func(int) error { never(0); return nil }), net.ErrClosed)
}

func TestBadInputNil(t *testing.T) {
	t.Parallel()
	s := aimed(t, "udp4")
	rc, err := s.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	for what, do := range map[string]func() error{
		"withfd":            func() error { return s.WithFD(nil) },
		"syscallconn":       func() error { return rc.Control(nil) },
		"syscallconn read":  func() error { return rc.Read(nil) },
		"syscallconn write": func() error { return rc.Write(nil) },
		"fromconn":          func() error { _, err := sock.FromConn(nil); return err },
		"sendmsg":           func() error { _, err := s.SendMsg(nil, 0); return err },
		"recvmsg":           func() error { _, err := s.RecvMsg(nil, 0); return err },
		"readv":             func() error { _, err := s.Readv(nil); return err },
		"readv of none":     func() error { _, err := s.Readv([][]byte{}); return err },
		"writev":            func() error { _, err := s.Writev(nil); return err },
		"bind":              func() error { return s.Bind(sock.Addr{}) },
		"connect":           func() error { return s.Connect(sock.Addr{}) },
	} {
		err := do()
		wantErr(t, err, syscall.EINVAL)
		var e *sock.Error
		if !errors.As(err, &e) || err.Error() == e.Op+": "+syscall.EINVAL.Error() {
			t.Errorf("%s: %v does not say what is wrong", what, err)
		}
	}
	if _, err := sock.FromConn((*os.File)(nil)); !errors.Is(err, os.ErrInvalid) {
		t.Error(err)
	}
	c, err := net.Dial("udp", "127.0.0.1:9")
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	_, err = sock.FromConn(c.(syscall.Conn))
	wantErr(t, err, net.ErrClosed)
	if sock.AcceptRetryable(nil) {
		t.Error("no error is retryable")
	}
}

func TestBadInputSettings(t *testing.T) {
	t.Parallel()
	s, err := sock.Open(sock.Inet, sock.Stream, 0, nil, sockopt.ReuseAddr.With(true), nil)
	if err != nil {
		t.Fatal(err)
	}
	closed(t, s)
	if on, err := sockopt.ReuseAddr.Get(s); err != nil || !on {
		t.Error(on, err)
	}
}

// Empty buffers, which do nothing on streams and are a message elsewhere, in blocking
// mode: no call waits for data that it does not request.
func TestBadInputEmpty(t *testing.T) {
	t.Parallel()
	for _, network := range present(t, streamNetworks...) {
		a, b := streams(t, network)
		for name, do := range map[string]func() (int, error){
			"Write":           func() (int, error) { return a.Write(nil) },
			"Write empty":     func() (int, error) { return a.Write([]byte{}) },
			"Send":            func() (int, error) { return a.Send(nil, 0) },
			"SendTo":          func() (int, error) { return a.SendTo(nil, 0, sock.Addr{}) },
			"SendMsg":         func() (int, error) { return a.SendMsg(&sock.Message{}, 0) },
			"SendMsg empty":   func() (int, error) { return a.SendMsg(&sock.Message{Bufs: [][]byte{nil, {}}, Control: []byte{}}, 0) },
			"Writev":          func() (int, error) { return a.Writev([][]byte{nil, {}}) },
			"Read":            func() (int, error) { return b.Read(nil) },
			"Read empty":      func() (int, error) { return b.Read([]byte{}) },
			"Recv, not there": func() (int, error) { return nonzero(b.Recv(nil, sock.DontWait)) },
		} {
			if n, err := do(); n != 0 || err != nil {
				t.Errorf("%s, %s: %d, %v", network, name, n, err)
			}
		}
		send(t, a, "x")
		for name, do := range map[string]func() (int, error){
			"Recv":           func() (int, error) { return b.Recv(nil, 0) },
			"RecvFrom":       func() (int, error) { n, _, err := b.RecvFrom([]byte{}, 0); return n, err },
			"RecvMsg":        func() (int, error) { return b.RecvMsg(&sock.Message{}, 0) },
			"RecvMsg, empty": func() (int, error) { return b.RecvMsg(&sock.Message{Bufs: [][]byte{nil}}, 0) },
			"Readv":          func() (int, error) { return b.Readv([][]byte{nil, {}}) },
		} {
			if n, err := do(); n != 0 || err != nil {
				t.Errorf("%s, %s: %d, %v", network, name, n, err)
			}
		}
		recv(t, b, 9, 0, "x")
	}
}

// nonzero ignores ErrWouldBlock: kernels differ for an empty receive of an empty stream.
func nonzero(n int, err error) (int, error) {
	if err == sock.ErrWouldBlock {
		err = nil
	}
	return n, err
}

func TestBadInputBacklog(t *testing.T) {
	t.Parallel()
	for _, backlog := range []int{-1, 0, 1, math.MinInt, math.MaxInt, math.MaxInt32} {
		for _, network := range []string{"tcp4", "unix"} {
			l, at := bound(t, network, sock.Stream)
			if err := l.Listen(backlog); err != nil {
				t.Errorf("%s, %d: %v", network, backlog, err)
				continue
			}
			c := open(t, at.Domain(), sock.Stream)
			if err := c.Connect(at); err != nil {
				t.Errorf("%s, %d: %v", network, backlog, err)
			}
		}
	}
}

// More buffers than one call takes: on a stream the rest is left for the next call, and a
// message is not cut.
func TestBadInputVectors(t *testing.T) {
	t.Parallel()
	bufs := make([][]byte, 2000)
	for i := range bufs {
		bufs[i] = []byte{byte(i)}
	}
	room := make([][]byte, 2000)
	for i := range room {
		room[i] = make([]byte, 1)
	}
	a, b := streams(t, "pair")
	if n, err := a.Writev(bufs); n != 1024 || err != nil {
		t.Fatalf("Writev = %d, %v", n, err)
	}
	if n, err := a.Writev(bufs[1024:]); n != 2000-1024 || err != nil {
		t.Fatalf("Writev = %d, %v", n, err)
	}
	n, err := b.Readv(room)
	if n != 1024 || err != nil {
		t.Fatalf("Readv = %d, %v", n, err)
	}
	for i := range n {
		if room[i][0] != byte(i) {
			t.Fatalf("byte %d is %d", i, room[i][0])
		}
	}
	d := aimed(t, "udp4")
	_, err = d.Writev(bufs)
	wrong(t, err, "writev", sock.Addr{}, syscall.EMSGSIZE)
	_, err = d.Readv(room)
	wrong(t, err, "readv", sock.Addr{}, syscall.EMSGSIZE)
	for _, s := range []*sock.Socket{a, d} {
		_, err = s.SendMsg(&sock.Message{Bufs: bufs}, 0)
		wrong(t, err, "sendmsg", sock.Addr{}, syscall.EMSGSIZE)
		_, err = s.RecvMsg(&sock.Message{Bufs: room}, 0)
		wrong(t, err, "recvmsg", sock.Addr{}, syscall.EMSGSIZE)
	}
	for _, n := range []int{1, 15, 16, 17, 1023, 1024} { // both sides of each array
		if k, err := a.Writev(bufs[:n]); k != n || err != nil {
			t.Errorf("Writev of %d = %d, %v", n, k, err)
		}
		if _, err := b.Recv(make([]byte, 4000), 0); err != nil {
			t.Error(err)
		}
		if k, err := d.Writev(bufs[:n]); k != n || err != nil {
			t.Errorf("Writev of %d = %d, %v", n, k, err)
		}
	}
}

// Errors leave a Message as it was.
func TestBadInputMessageKept(t *testing.T) {
	t.Parallel()
	s, at := bound(t, "udp4", sock.Dgram)
	m := sock.Message{Bufs: [][]byte{make([]byte, 4)}, Control: make([]byte, 8), Addr: at, N: 1, NControl: 2, Flags: sock.EOR}
	want := m
	_, err := s.RecvMsg(&m, sock.DontWait)
	if err != sock.ErrWouldBlock || !reflect.DeepEqual(m, want) {
		t.Errorf("%+v, %v", m, err)
	}
}

func TestBadInputWait(t *testing.T) {
	t.Parallel()
	s, _ := streams(t, "pair")
	for _, want := range []sock.Ready{sock.Edge, sock.OneShot | sock.Readable, sock.Exclusive, 1 << 10, 1<<15 | sock.Writable, math.MaxUint16} {
		if r, err := s.Wait(want); r != 0 || !errors.Is(err, syscall.EINVAL) {
			t.Errorf("Wait(%v) = %v, %v", want, r, err)
		}
	}
	if s := (sock.Readable | 1<<12).String(); s != "Readable|0x1000" {
		t.Error(s)
	}
}

// Deadlines at the ends of time.
func TestBadInputDeadlines(t *testing.T) {
	t.Parallel()
	for at, past := range map[time.Time]bool{
		time.Time{}.Add(1): true, time.Unix(-1<<62, 0): true, time.Unix(0, 0): true, time.Unix(1<<62, 0): false, time.Unix(1<<40, 0): false,
	} {
		a, b := streams(t, "tcp4")
		send(t, a, "x")
		if err := b.SetDeadline(at); err != nil {
			t.Fatal(err)
		}
		n, err := b.Recv(make([]byte, 1), 0)
		if past {
			wantErr(t, err, os.ErrDeadlineExceeded)
		} else if n != 1 || err != nil {
			t.Errorf("deadline %v: %d, %v", at, n, err)
		}
		_, err = b.Send(nil, 0)
		if past != errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("deadline %v: %v", at, err)
		}
	}
}

// TestErrnoFromFD covers descriptors that are no sockets. This is a socket of another
// kind than the calls expect: they return, with an error or without.
func TestBadInputForeignSocket(t *testing.T) {
	t.Parallel()
	if sock.Netlink < 0 {
		t.Skip("no netlink here")
	}
	s := open(t, sock.Netlink, sock.Raw)
	for name, call := range methods {
		if slices.Contains([]string{"Close", "Detach", "Dup", "File", "Wait"}, name) {
			continue
		}
		s.SetNonblock(true)
		if err := call(s); err != nil && err.Error() == "" {
			t.Error(name)
		}
	}
	_ = fmt.Sprint(s.LocalAddr(), s.RemoteAddr())
}
