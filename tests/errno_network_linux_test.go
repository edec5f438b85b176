package sock_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/berkeleysockets/sock"
)

// These are errors of the network itself, in the child's own network namespace, which has
// only a loopback interface that is down.

var errnoNetwork = []errnoCase{
	{"ENETUNREACH tcp4", "connect", onLinux(syscall.ENETUNREACH), connecting("127.0.0.1:9")},
	{"ENETUNREACH udp4", "connect", onLinux(syscall.ENETUNREACH), func([]string) error {
		return opened(sock.Inet, sock.Dgram, 0, func(s *sock.Socket) error { return s.Connect(parsed("198.51.100.1:9")) })
	}},
	{"ENETUNREACH udp4", "sendto", onLinux(syscall.ENETUNREACH), sendingTo("198.51.100.1:9")},
	{"EADDRNOTAVAIL tcp6, no address to come from", "connect", onLinux(syscall.EADDRNOTAVAIL), func(a []string) error {
		s, err := sock.Open(sock.Inet6, sock.Stream, 0)
		if err != nil {
			return fmt.Errorf("no IPv6 here: %w", errSkip)
		}
		return s.Connect(parsed("[2001:db8::1]:9"))
	}},
	{"none, with the loopback interface up", "", []error{nil}, func([]string) error { return loopbackUp() }},
	{"ECONNREFUSED then", "connect", onLinux(syscall.ECONNREFUSED), connecting("127.0.0.1:9")},
	{"ENETUNREACH still", "connect", onLinux(syscall.ENETUNREACH), connecting("198.51.100.1:9")},
	{"none, with routes that refuse", "", []error{nil}, func([]string) error {
		return errors.Join(
			addRoute([4]byte{198, 51, 100, 1}, unix.RTN_UNREACHABLE),
			addRoute([4]byte{198, 51, 100, 2}, unix.RTN_PROHIBIT),
			addRoute([4]byte{198, 51, 100, 3}, unix.RTN_BLACKHOLE))
	}},
	{"EHOSTUNREACH tcp4", "connect", onLinux(syscall.EHOSTUNREACH), connecting("198.51.100.1:9")},
	{"EHOSTUNREACH udp4", "sendto", onLinux(syscall.EHOSTUNREACH), sendingTo("198.51.100.1:9")},
	{"EACCES a prohibited route", "connect", onLinux(syscall.EACCES), connecting("198.51.100.2:9")},
	{"EINVAL a black hole", "connect", onLinux(syscall.EINVAL), connecting("198.51.100.3:9")},
	{"EADDRNOTAVAIL no port left", "connect", onLinux(syscall.EADDRNOTAVAIL), func([]string) error {
		if err := os.WriteFile("/proc/sys/net/ipv4/ip_local_port_range", []byte("40000 40000"), 0); err != nil {
			return fmt.Errorf("%w: %w", err, errSkip)
		}
		return opened(sock.Inet, sock.Stream, 0, func(l *sock.Socket) error {
			at := parsed("127.0.0.1:4000")
			if err := errors.Join(l.Bind(at), l.Listen(0)); err != nil {
				return err
			}
			if err := connectingTo(at); err != nil {
				return err
			}
			return connectingTo(at)
		})
	}},
	{"EADDRINUSE no port left", "bind", onLinux(syscall.EADDRINUSE), func([]string) error {
		return opened(sock.Inet, sock.Dgram, 0, func(first *sock.Socket) error {
			if err := first.Bind(parsed("127.0.0.1:0")); err != nil {
				return err
			}
			return opened(sock.Inet, sock.Dgram, 0, func(s *sock.Socket) error { return s.Bind(parsed("127.0.0.1:0")) })
		})
	}},
	{"EADDRINUSE no port left to listen on", "listen", onLinux(syscall.EADDRINUSE), func([]string) error {
		return opened(sock.Inet, sock.Stream, 0, func(s *sock.Socket) error { return s.Listen(0) })
	}},
	{"EAGAIN no port left for udp4", "", []error{nil}, func([]string) error {
		return opened(sock.Inet, sock.Dgram, 0, func(s *sock.Socket) error {
			// Waiting would not help, and this is no would-block.
			if err := s.Connect(parsed("127.0.0.1:9")); !errors.Is(err, syscall.EAGAIN) || errors.Is(err, sock.ErrWouldBlock) {
				return fmt.Errorf("connect: %w", err)
			}
			s.SetNonblock(true)
			if _, err := s.SendTo(nil, 0, parsed("127.0.0.1:9")); err != sock.ErrWouldBlock {
				return err
			}
			return nil
		})
	}},
	{"EROFS", "bind", onLinux(syscall.EROFS), func(a []string) error {
		if err := unix.Mount("none", a[0], "tmpfs", unix.MS_RDONLY, ""); err != nil {
			return fmt.Errorf("%w: %w", err, errSkip)
		}
		return opened(sock.Unix, sock.Stream, 0, func(s *sock.Socket) error { return s.Bind(parsed("unix:" + a[0] + "/s")) })
	}},
}

func connecting(to string) func([]string) error {
	return func([]string) error { return connectingTo(parsed(to)) }
}

func connectingTo(to sock.Addr) error {
	return opened(sock.Inet, sock.Stream, 0, func(s *sock.Socket) error { return s.Connect(to) })
}

func sendingTo(to string) func([]string) error {
	return func([]string) error {
		return opened(sock.Inet, sock.Dgram, 0, func(s *sock.Socket) error {
			_, err := s.SendTo([]byte("x"), 0, parsed(to))
			return err
		})
	}
}

func TestErrnoNetwork(t *testing.T) {
	t.Parallel()
	c := child(t, "errno network", filepath.Dir(path(t)))
	c.SysProcAttr = ownNetwork()
	// Whether it may be made at all is known once it is tried.
	try := child(t, "errno network", "")
	try.SysProcAttr = ownNetwork()
	if err := try.Run(); err != nil {
		t.Skip("no network namespace to be had: ", err)
	}
	hear(t, c, errnoNetwork)
}

func init() {
	children["errno network"] = func(args []string) error {
		if args[0] == "" {
			return nil
		}
		return tell(errnoNetwork, args)
	}
}

// loopbackUp is "ip link set lo up".
func loopbackUp() error {
	s, err := sock.Open(sock.Inet, sock.Dgram, 0)
	if err != nil {
		return err
	}
	defer s.Close()
	r, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	r.SetUint16(unix.IFF_UP)
	return s.WithFD(func(fd int) error { return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, r) })
}

// addRoute is "ip route add KIND to", said over a Socket of ours.
func addRoute(to [4]byte, kind byte) error {
	s, err := sock.Open(sock.Netlink, sock.Raw, unix.NETLINK_ROUTE)
	if err != nil {
		return err
	}
	defer s.Close()
	p := binary.NativeEndian.AppendUint32(nil, 16+12+8)
	p = binary.NativeEndian.AppendUint16(p, unix.RTM_NEWROUTE)
	p = binary.NativeEndian.AppendUint16(p, unix.NLM_F_REQUEST|unix.NLM_F_ACK|unix.NLM_F_CREATE)
	p = append(p, 1, 0, 0, 0, 0, 0, 0, 0) // sequence, port
	p = append(p, unix.AF_INET, 32, 0, 0, unix.RT_TABLE_MAIN, unix.RTPROT_BOOT, unix.RT_SCOPE_UNIVERSE, kind, 0, 0, 0, 0)
	p = binary.NativeEndian.AppendUint16(p, 8)
	p = binary.NativeEndian.AppendUint16(p, unix.RTA_DST)
	p = append(p, to[:]...)
	if _, err := s.SendTo(p, 0, sock.NetlinkAddr(0, 0)); err != nil {
		return err
	}
	answer := make([]byte, 4096)
	n, from, err := s.RecvFrom(answer, 0)
	if err != nil {
		return err
	}
	if from != sock.NetlinkAddr(0, 0) || n < 20 {
		return fmt.Errorf("%d bytes from %v", n, from)
	}
	if e := -int32(binary.NativeEndian.Uint32(answer[16:])); e != 0 {
		return syscall.Errno(e)
	}
	return nil
}
