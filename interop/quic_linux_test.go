package interop

import (
	"encoding/binary"
	"errors"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"testing"
	"unsafe"

	"github.com/berkeleysockets/sock"
	"github.com/quic-go/quic-go"
)

// Package syscall does not have these.
const (
	udpSegment = 103 // UDP_SEGMENT
	ect0       = 2   // the value of ECN's two bits that means: capable
)

// A udpConn has the methods of a net.UDPConn that quic-go and golang.org/x/net use.
type udpConn interface {
	net.Conn
	quic.OOBCapablePacketConn
	SetWriteBuffer(bytes int) error
}

// A watched counts the calls that quic-go makes on a udpConn.
type watched struct {
	udpConn
	plain    atomic.Int64 // calls of the methods that a slow path takes
	reads    atomic.Int64 // callbacks of SyscallConn's Read that received: recvmmsg(2)
	sent     atomic.Int64 // datagrams
	segments atomic.Int64 // datagrams that left together with others in one call
	ecn      atomic.Int64 // the ECN mark of the last datagram that was sent, except probes
}

func (w *watched) ReadFrom(p []byte) (int, net.Addr, error) {
	w.plain.Add(1)
	return w.udpConn.ReadFrom(p)
}

func (w *watched) ReadMsgUDP(b, oob []byte) (n, oobn, flags int, addr *net.UDPAddr, err error) {
	w.plain.Add(1)
	return w.udpConn.ReadMsgUDP(b, oob)
}

func (w *watched) WriteTo(p []byte, to net.Addr) (int, error) {
	w.plain.Add(1)
	return w.udpConn.WriteTo(p, to)
}

func (w *watched) WriteMsgUDP(b, oob []byte, addr *net.UDPAddr) (n, oobn int, err error) {
	segment, ecn := 0, 0
	messages, err := syscall.ParseSocketControlMessage(oob)
	if err != nil {
		return 0, 0, err
	}
	for _, m := range messages {
		switch [2]int32{m.Header.Level, m.Header.Type} {
		case [2]int32{syscall.IPPROTO_UDP, udpSegment}:
			segment = int(binary.NativeEndian.Uint16(m.Data))
		case [2]int32{syscall.IPPROTO_IP, syscall.IP_TOS}:
			ecn = int(m.Data[0])
		case [2]int32{syscall.IPPROTO_IPV6, syscall.IPV6_TCLASS}:
			ecn = int(binary.NativeEndian.Uint32(m.Data))
		}
	}
	count := int64(1)
	if segment > 0 && len(b) > segment {
		count = int64((len(b) + segment - 1) / segment)
		w.segments.Add(count)
	}
	w.sent.Add(count)
	w.ecn.Store(int64(ecn))
	return w.udpConn.WriteMsgUDP(b, oob, addr)
}

func (w *watched) SyscallConn() (syscall.RawConn, error) {
	c, err := w.udpConn.SyscallConn()
	return watchedRaw{c, w}, err
}

type watchedRaw struct {
	syscall.RawConn
	w *watched
}

func (c watchedRaw) Read(f func(fd uintptr) (done bool)) error {
	return c.RawConn.Read(func(fd uintptr) bool {
		done := f(fd)
		if done {
			c.w.reads.Add(1)
		}
		return done
	})
}

// TestQUICFastPath shows that quic-go uses our PacketConn like a net.UDPConn: it receives in
// batches, sends many segments in one call, and marks its datagrams with ECN, which it
// continues only if the other end reports the marks. Its log says "Disabling optimizations" if
// it does not.
func TestQUICFastPath(t *testing.T) {
	t.Parallel()
	for network, at := range map[string]string{"udp4": "127.0.0.1:0", "udp6": "[::1]:0"} {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			client := &watched{udpConn: ours(t, at).(udpConn)}
			server := &watched{udpConn: ours(t, at).(udpConn)}
			q := quicCall(t, client, server, server.LocalAddr())
			carry(t, q.client, q.server, 8<<20)
			carry(t, q.server, q.client, 8<<20)

			for _, end := range []struct {
				name string
				conn *quic.Conn
				w    *watched
				peer *watched
			}{{"client", q.client, client, server}, {"server", q.server, server, client}} {
				w, arrived := end.w, end.peer.sent.Load()
				t.Logf("%s: %d datagrams, %d of them in batches; received %d in %d calls", end.name, w.sent.Load(), w.segments.Load(), arrived, w.reads.Load())
				if !end.conn.ConnectionState().GSO {
					t.Errorf("%s: quic-go does not segment in the kernel", end.name)
				}
				if n := w.plain.Load(); n != 0 {
					t.Errorf("%s: %d calls of the slow path", end.name, n)
				}
				if w.segments.Load() < w.sent.Load()/2 {
					t.Errorf("%s: of %d datagrams %d were sent several in one call, want most", end.name, w.sent.Load(), w.segments.Load())
				}
				if n := w.reads.Load(); n == 0 || n >= arrived {
					t.Errorf("%s: %d calls received %d datagrams, want several in one", end.name, n, arrived)
				}
				if m := w.ecn.Load(); m != ect0 {
					t.Errorf("%s: the last datagram had the ECN mark %d, want %d", end.name, m, ect0)
				}
			}
			// The buffers have the size that quic-go gives a net.UDPConn.
			net := ofNet(t, at)
			must(t, (&quic.Transport{Conn: net}).Close())
			if got, want := buffers(t, server), buffers(t, net); got != want {
				t.Errorf("buffers of %v bytes to receive and to send, package net's have %v", got, want)
			}
		})
	}
}

// TestQUICWithoutSegmentation shows that quic-go continues without segments if the kernel returns EIO,
// which it looks for in an os.SyscallError. UDP-Lite is such a case. The test makes no transfer,
// because the change is a data race inside quic-go, also with package net.
func TestQUICWithoutSegmentation(t *testing.T) {
	t.Parallel()
	s, err := sock.Open(sock.Inet, sock.Dgram, sock.UDPLite)
	if err != nil {
		t.Skip("no UDP-Lite here: ", err)
	}
	defer s.Close()
	must(t, s.Bind(addr(t, "127.0.0.1:0")))
	c := sock.PacketConn(s).(udpConn)
	self := c.LocalAddr().(*net.UDPAddr)
	segment := make([]byte, syscall.CmsgSpace(2))
	h := (*syscall.Cmsghdr)(unsafe.Pointer(&segment[0]))
	h.Level, h.Type = syscall.IPPROTO_UDP, udpSegment
	h.SetLen(syscall.CmsgLen(2))
	binary.NativeEndian.PutUint16(segment[syscall.CmsgLen(0):], 100)
	_, _, err = c.WriteMsgUDP(make([]byte, 1000), segment, self)
	is, ok := errors.AsType[*os.SyscallError](err)
	if !ok || is.Err != syscall.EIO || is.Syscall != "sendmsg" {
		t.Errorf("%v: %#v, want EIO of sendmsg", err, is)
	}
	if _, _, err := c.WriteMsgUDP(make([]byte, 1000), nil, self); err != nil {
		t.Error("without: ", err)
	}
}

func buffers(t testing.TB, c net.PacketConn) (size [2]int) {
	t.Helper()
	raw, err := c.(syscall.Conn).SyscallConn()
	must(t, err)
	must(t, raw.Control(func(fd uintptr) {
		for i, name := range []int{syscall.SO_RCVBUF, syscall.SO_SNDBUF} {
			size[i], err = syscall.GetsockoptInt(int(fd), syscall.SOL_SOCKET, name)
			must(t, err)
		}
	}))
	return size
}
