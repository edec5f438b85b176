//go:build linux || freebsd || darwin || netbsd || openbsd || dragonfly

package sock_test

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/berkeleysockets/sock"
)

// A Socket that cannot be handed over stays unchanged.
func TestHandOverRefused(t *testing.T) {
	t.Parallel()
	connects := func(s *sock.Socket) func(t *testing.T) {
		return func(t *testing.T) {
			network := "tcp4"
			if s.Domain() == sock.Unix {
				network = "unix"
			}
			l, at := listening(t, network)
			wantErr(t, s.Connect(at), nil)
			c, _, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			talks(t, s, closed(t, c))
		}
	}
	fresh := func(d sock.Domain) func(t *testing.T) (*sock.Socket, func(t *testing.T)) {
		return func(t *testing.T) (*sock.Socket, func(t *testing.T)) {
			s := open(t, d, sock.Stream)
			return s, connects(s)
		}
	}
	listens := func(network string) func(t *testing.T) (*sock.Socket, func(t *testing.T)) {
		return func(t *testing.T) (*sock.Socket, func(t *testing.T)) {
			l, at := listening(t, network)
			waiting := goBlocked(t, func() error {
				c, _, err := l.Accept()
				if err == nil {
					err = c.Close()
				}
				return err
			})
			return l, func(t *testing.T) { // the goroutine that waited waits
				wantErr(t, open(t, at.Domain(), sock.Stream).Connect(at), nil)
				wantErr(t, recvTimeout(t, waiting), nil)
			}
		}
	}
	connected := func(network string) func(t *testing.T) (*sock.Socket, func(t *testing.T)) {
		return func(t *testing.T) (*sock.Socket, func(t *testing.T)) {
			a, b := streams(t, network)
			says(t, b, "early")
			return a, func(t *testing.T) { hears(t, a, "early"); talks(t, a, b) }
		}
	}
	packets := func(t *testing.T) (*sock.Socket, func(t *testing.T)) {
		a, b, err := sock.Pair(sock.Unix, sock.SeqPacket, 0)
		if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, syscall.EPROTONOSUPPORT) || errors.Is(err, syscall.EPROTOTYPE) {
			t.Skip("no unix seqpacket here: ", err)
		}
		if err != nil {
			t.Fatal(err)
		}
		closed(t, a)
		closed(t, b)
		return a, func(t *testing.T) { talks(t, a, b) }
	}
	datagram := func(t *testing.T) (*sock.Socket, func(t *testing.T)) {
		a, _, b, bName := datagrams(t, "udp4")
		return a, func(t *testing.T) {
			if _, err := a.SendTo([]byte("x"), 0, bName); err != nil {
				t.Error(err)
			}
			recv(t, b, 9, 0, "x")
		}
	}
	foreign := func(d sock.Domain, ty sock.Type) func(t *testing.T) (*sock.Socket, func(t *testing.T)) {
		return func(t *testing.T) (*sock.Socket, func(t *testing.T)) {
			s, err := sock.Open(d, ty, 0)
			if err != nil {
				t.Skip("no such socket here: ", err)
			}
			return closed(t, s), func(t *testing.T) {
				_, err := s.Sockname()
				wantErr(t, err, nil)
			}
		}
	}
	virtual := func(t *testing.T) (*sock.Socket, func(t *testing.T)) {
		s, whole := foreign(sock.VSock, sock.Stream)(t)
		if err := errors.Join(s.Bind(sock.VSockAddr(1<<32-1, 1<<32-1)), s.Listen(1)); err != nil {
			t.Skip("no vsock here: ", err)
		}
		return s, whole
	}
	for _, c := range []struct {
		name string
		make func(t *testing.T) (s *sock.Socket, whole func(t *testing.T))
		op   string
		want error
	}{
		{"fresh tcp", fresh(sock.Inet), "netconn", syscall.ENOTCONN},
		{"fresh tcp", fresh(sock.Inet), "netlistener", syscall.EINVAL},
		{"fresh tcp", fresh(sock.Inet), "netpacketconn", syscall.EINVAL},
		{"fresh unix", fresh(sock.Unix), "netconn", syscall.ENOTCONN},
		{"fresh unix", fresh(sock.Unix), "netlistener", syscall.EINVAL},
		{"fresh unix", fresh(sock.Unix), "netpacketconn", syscall.EINVAL},
		{"listening tcp", listens("tcp4"), "netconn", syscall.ENOTCONN},
		{"listening tcp", listens("tcp4"), "netpacketconn", syscall.EINVAL},
		{"listening unix", listens("unix"), "netconn", syscall.ENOTCONN},
		{"listening unix", listens("unix"), "netpacketconn", syscall.EINVAL},
		{"connected tcp", connected("tcp4"), "netlistener", syscall.EINVAL},
		{"connected tcp", connected("tcp4"), "netpacketconn", syscall.EINVAL},
		{"pair", connected("pair"), "netlistener", syscall.EINVAL},
		{"pair", connected("pair"), "netpacketconn", syscall.EINVAL},
		{"seqpacket", packets, "netlistener", syscall.EINVAL},
		{"seqpacket", packets, "netpacketconn", syscall.EINVAL},
		{"udp", datagram, "netlistener", syscall.EINVAL},
		{"netlink", foreign(sock.Netlink, sock.Raw), "netconn", syscall.EPROTONOSUPPORT},
		{"netlink", foreign(sock.Netlink, sock.Raw), "netpacketconn", syscall.EPROTONOSUPPORT},
		{"netlink", foreign(sock.Netlink, sock.Raw), "netlistener", syscall.EINVAL},
		{"packet", foreign(sock.Packet, sock.Dgram), "netconn", syscall.EPROTONOSUPPORT},
		{"packet", foreign(sock.Packet, sock.Dgram), "netpacketconn", syscall.EPROTONOSUPPORT},
		{"packet", foreign(sock.Packet, sock.Dgram), "netlistener", syscall.EINVAL},
		{"vsock", virtual, "netlistener", syscall.EAFNOSUPPORT},
	} {
		t.Run(c.name+", "+c.op, func(t *testing.T) {
			t.Parallel()
			s, whole := c.make(t)
			fd := s.FD()
			for range 2 {
				got, err := handOvers[c.op](s)
				wantErr(t, err, c.want)
				var e *sock.Error
				if !errors.As(err, &e) || e.Op != c.op || !strings.HasPrefix(err.Error(), c.op+": ") {
					t.Errorf("error %q of %s", err, c.op)
				}
				if got != nil && !reflect.ValueOf(got).IsNil() {
					t.Errorf("%T, and an error", got)
				}
			}
			if s.FD() != fd {
				t.Errorf("descriptor %d became %d", fd, s.FD())
			}
			if nonblock, cloexec := flags(t, fd); !nonblock || !cloexec {
				t.Errorf("it is now non-blocking %v, close-on-exec %v", nonblock, cloexec)
			}
			whole(t)
			wantErr(t, s.Close(), nil)
		})
	}
}

// It takes two descriptors for a moment. With none to be had, or one, it fails and
// nothing has changed. In a process of its own, which runs out of them.
func TestHandOverNoneLeft(t *testing.T) {
	t.Parallel()
	if out, err := child(t, "hand over without descriptors").Output(); err != nil {
		t.Fatalf("%s%v", out, err)
	}
}

func init() { children["hand over without descriptors"] = handOverNoneLeft }

func handOverNoneLeft([]string) error {
	a, b, err := sock.Pair(sock.Unix, sock.Stream, 0)
	if err != nil {
		return err
	}
	l, err := sock.Open(sock.Inet, sock.Stream, 0)
	if err != nil {
		return err
	}
	d, err := sock.Open(sock.Inet, sock.Dgram, 0)
	if err != nil {
		return err
	}
	if err := errors.Join(l.Bind(anywhere), l.Listen(1), d.Bind(anywhere)); err != nil {
		return err
	}
	// Go's poller is made at the first wait, with descriptors of its own.
	if err := a.SetReadDeadline(time.Now().Add(time.Millisecond)); err != nil {
		return err
	}
	if _, err := a.Recv(make([]byte, 1), 0); !errors.Is(err, os.ErrDeadlineExceeded) {
		return fmt.Errorf("Recv = %v", err)
	}
	if err := a.SetReadDeadline(time.Time{}); err != nil {
		return err
	}

	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 40, Max: 40}); err != nil {
		return err
	}
	var last []int // that were to be had
	for {
		fd, err := unix.Dup(0)
		if err != nil {
			break
		}
		last = append(last, fd)
	}
	all := map[string]*sock.Socket{"netconn": a, "netlistener": l, "netpacketconn": d}
	for _, left := range []string{"none", "one"} {
		if left == "one" {
			unix.Close(last[0])
		}
		for op, s := range all {
			for range 3 {
				if _, err := handOvers[op](s); err != nil {
					if err := emfile(op, err); err != nil {
						return fmt.Errorf("with %s left: %w", left, err)
					}
				} else {
					return fmt.Errorf("%s with %s left: no error", op, left)
				}
			}
			if status, err := unix.FcntlInt(uintptr(s.FD()), unix.F_GETFL, 0); err != nil || status&unix.O_NONBLOCK == 0 {
				return fmt.Errorf("%s left it with flags %x, %v", op, status, err)
			}
		}
		for _, way := range [][2]*sock.Socket{{a, b}, {b, a}} {
			if _, err := way[0].Write([]byte("x")); err != nil {
				return err
			}
			if n, err := way[1].Read(make([]byte, 9)); n != 1 || err != nil {
				return fmt.Errorf("Read = %d, %v", n, err)
			}
		}
	}
	unix.Close(last[1])
	for op, s := range all {
		if _, err := handOvers[op](s); err != nil {
			return fmt.Errorf("%s with two left: %w", op, err)
		}
	}
	return nil
}
