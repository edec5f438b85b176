package sock_test

import (
	"runtime"
	"syscall"
	"testing"

	"github.com/berkeleysockets/sock"
)

func TestErrnoRecv(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		make  func(t *testing.T) *sock.Socket
		flags sock.Flags
		want  []error
	}{
		"ENOTCONN tcp4":            {func(t *testing.T) *sock.Socket { return open(t, sock.Inet, sock.Stream) }, 0, onLinux(syscall.ENOTCONN)},
		"ENOTCONN tcp4, listening": {func(t *testing.T) *sock.Socket { l, _ := listening(t, "tcp4"); return l }, 0, onLinux(syscall.ENOTCONN)},
		"EINVAL unix stream":       {func(t *testing.T) *sock.Socket { return open(t, sock.Unix, sock.Stream) }, 0, onLinux(syscall.EINVAL, syscall.ENOTCONN)},
		"EINVAL unix, listening":   {func(t *testing.T) *sock.Socket { l, _ := listening(t, "unix"); return l }, 0, onLinux(syscall.EINVAL, syscall.ENOTCONN)},
		"ENOTCONN unix seqpacket":  {func(t *testing.T) *sock.Socket { return seqpacket(t) }, 0, onLinux(syscall.ENOTCONN)},
		"ECONNRESET tcp4":          {func(t *testing.T) *sock.Socket { return reset(t, "tcp4") }, 0, onLinux(syscall.ECONNRESET)},
		"ECONNRESET tcp6":          {func(t *testing.T) *sock.Socket { return reset(t, "tcp6") }, 0, onLinux(syscall.ECONNRESET)},
		"ECONNRESET tcp4, peeking": {func(t *testing.T) *sock.Socket { return reset(t, "tcp4") }, sock.Peek, onLinux(syscall.ECONNRESET)},
		"ECONNRESET tcp4, what was sent to it unread": {func(t *testing.T) *sock.Socket {
			a, b := streams(t, "tcp4")
			if _, err := a.Send([]byte("x"), 0); err != nil {
				t.Fatal(err)
			}
			if _, err := b.Wait(sock.Readable); err != nil {
				t.Fatal(err)
			}
			end(t, b)
			return a
		}, 0, onLinux(syscall.ECONNRESET, nil, syscall.ECONNRESET)},
		"ECONNRESET pair, what was sent to it unread": {func(t *testing.T) *sock.Socket {
			a, b := streams(t, "pair")
			if _, err := a.Send([]byte("x"), 0); err != nil {
				t.Fatal(err)
			}
			end(t, b)
			return a
		}, 0, onLinux(syscall.ECONNRESET, nil, syscall.ECONNRESET)},
		"ECONNREFUSED udp4":               {func(t *testing.T) *sock.Socket { return repulsed(t, "udp4") }, 0, onLinux(syscall.ECONNREFUSED)},
		"ECONNREFUSED udp6":               {func(t *testing.T) *sock.Socket { return repulsed(t, "udp6") }, 0, onLinux(syscall.ECONNREFUSED)},
		"EINVAL tcp4, no urgent data":     {func(t *testing.T) *sock.Socket { a, _ := streams(t, "tcp4"); return a }, sock.OOB, onLinux(syscall.EINVAL)},
		"EOPNOTSUPP unix datagrams, OOB":  {func(t *testing.T) *sock.Socket { s, _ := bound(t, "unix", sock.Dgram); return s }, sock.OOB, onLinux(syscall.EOPNOTSUPP, syscall.EOPNOTSUPP, syscall.EINVAL, sock.ErrWouldBlock)},
		"none tcp4, this side's end shut": {func(t *testing.T) *sock.Socket { a, _ := streams(t, "tcp4"); a.CloseRead(); return a }, 0, []error{nil}},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "ECONNRESET tcp6" || name == "ECONNREFUSED udp6" {
				needIPv6(t)
			}
			n, err := patient(t, c.make(t)).Recv(make([]byte, 9), c.flags)
			wrong(t, err, "recv", sock.Addr{}, c.want...)
			if n != 0 {
				t.Errorf("%d bytes, and %v", n, err)
			}
		})
	}
}

func seqpacket(t testing.TB) *sock.Socket {
	t.Helper()
	if runtime.GOOS == "darwin" {
		t.Skip("no unix seqpacket on macOS")
	}
	return open(t, sock.Unix, sock.SeqPacket)
}

// EAGAIN is ErrWouldBlock, from each call.
func TestErrnoRecvWouldBlock(t *testing.T) {
	t.Parallel()
	for _, network := range present(t, streamNetworks...) {
		a, _ := streams(t, network)
		_, err := a.Recv(make([]byte, 1), sock.DontWait)
		wantErr(t, err, syscall.EAGAIN)
		if err != sock.ErrWouldBlock {
			t.Errorf("%s: %v", network, err)
		}
	}
	for _, network := range present(t, datagramNetworks...) {
		a, _ := bound(t, network, sock.Dgram)
		if _, _, err := a.RecvFrom(make([]byte, 1), sock.DontWait); err != sock.ErrWouldBlock {
			t.Errorf("%s: %v", network, err)
		}
	}
}

// A pending error is reported once: then a refused datagram socket waits again, and a
// stream that was reset has ended.
func TestErrnoRecvPendingOnce(t *testing.T) {
	t.Parallel()
	u := repulsed(t, "udp4")
	_, _, err := u.RecvFrom(make([]byte, 1), sock.DontWait)
	wrong(t, err, "recvfrom", sock.Addr{}, syscall.ECONNREFUSED)
	if _, _, err := u.RecvFrom(make([]byte, 1), sock.DontWait); err != sock.ErrWouldBlock {
		t.Error(err)
	}
	s := reset(t, "tcp4")
	_, err = s.Read(make([]byte, 1))
	wrong(t, err, "read", sock.Addr{}, syscall.ECONNRESET)
	if n, err := s.Recv(make([]byte, 1), 0); n != 0 || err != nil {
		t.Errorf("after a reset: %d, %v", n, err)
	}
}

// Every receiving method reports the same, under its own name.
func TestErrnoRecvNames(t *testing.T) {
	t.Parallel()
	p := make([]byte, 9)
	for op, do := range map[string]func(s *sock.Socket) error{
		"recv":     func(s *sock.Socket) error { _, err := s.Recv(p, 0); return err },
		"recvfrom": func(s *sock.Socket) error { _, _, err := s.RecvFrom(p, 0); return err },
		"recvmsg":  func(s *sock.Socket) error { _, err := s.RecvMsg(&sock.Message{Bufs: [][]byte{p}}, 0); return err },
		"read":     func(s *sock.Socket) error { _, err := s.Read(p); return err },
		"readv":    func(s *sock.Socket) error { _, err := s.Readv([][]byte{p}); return err },
	} {
		wrong(t, do(reset(t, "tcp4")), op, sock.Addr{}, syscall.ECONNRESET)
		wrong(t, do(repulsed(t, "udp4")), op, sock.Addr{}, syscall.ECONNREFUSED)
		wrong(t, do(open(t, sock.Inet, sock.Stream)), op, sock.Addr{}, syscall.ENOTCONN)
	}
	for op, do := range map[string]func(s *sock.Socket) error{
		"send":    func(s *sock.Socket) error { _, err := s.Send(p, 0); return err },
		"sendto":  func(s *sock.Socket) error { _, err := s.SendTo(p, 0, sock.Addr{}); return err },
		"sendmsg": func(s *sock.Socket) error { _, err := s.SendMsg(&sock.Message{Bufs: [][]byte{p}}, 0); return err },
		"write":   func(s *sock.Socket) error { _, err := s.Write(p); return err },
		"writev":  func(s *sock.Socket) error { _, err := s.Writev([][]byte{p}); return err },
	} {
		wrong(t, do(shut(t, "tcp4")), op, sock.Addr{}, syscall.EPIPE)
		wrong(t, do(shut(t, "unix")), op, sock.Addr{}, syscall.EPIPE)
		wrong(t, do(repulsed(t, "udp4")), op, sock.Addr{}, syscall.ECONNREFUSED)
	}
}
