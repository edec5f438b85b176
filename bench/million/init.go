//go:build linux

package main

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/berkeleysockets/sock"
)

// In the machine this program is the first process; the clients are the only other one. It
// reports to the host through the console, in lines with this prefix.
const (
	sayPrefix    = "million: "
	reportPrefix = "million-report: "
	failPrefix   = "million-failed: "
)

// inside is an environment variable of the first process, which the kernel takes from its
// command line: the number of connections. Another is the unit of the clock.
const (
	inside      = "MILLION"
	insideClock = "MILLION_CLOCK"
)

// bootstrap runs everything that the machine does.
func bootstrap() error {
	if err := live(); err != nil {
		fmt.Println(failPrefix + strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	os.Stdout.Sync()
	return unix.Reboot(unix.LINUX_REBOOT_CMD_RESTART) // qemu ends on a reboot
}

func live() error {
	n, err := strconv.Atoi(os.Getenv(inside))
	if err != nil {
		return err
	}
	fmt.Println(sayPrefix + "the machine runs: " + system())
	for _, m := range [][2]string{{"proc", "/proc"}, {"sysfs", "/sys"}} {
		if err := os.MkdirAll(m[1], 0o755); err != nil {
			return err
		}
		if err := unix.Mount(m[0], m[1], m[0], 0, ""); err != nil {
			return fmt.Errorf("mount %s: %w", m[1], err)
		}
	}
	if err := loopbackUp(); err != nil {
		return fmt.Errorf("lo: %w", err)
	}
	many := uint64(n + 1000)
	for _, s := range [][2]string{
		{"fs/file-max", strconv.FormatUint(2*many, 10)},
		{"fs/nr_open", strconv.FormatUint((many+63)/64*64, 10)},
		{"fs/epoll/max_user_watches", strconv.FormatUint(many, 10)},
		{"net/core/somaxconn", "16384"},
		{"net/core/netdev_max_backlog", "1000000"}, // of lo too; a dropped reset is not sent again
		{"net/ipv4/tcp_max_syn_backlog", "16384"},
		{"net/ipv4/ip_local_port_range", "1024 65535"},
	} {
		if err := os.WriteFile("/proc/sys/"+s[0], []byte(s[1]), 0); err != nil {
			return err
		}
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: many, Max: many}); err != nil {
		return err
	}
	r, err := hold(plan{
		connections: n,
		step:        10_000, // below the backlog
		machine:     true,
		clock:       os.Getenv(insideClock),
		spare:       400 << 20,
		say:         func(format string, args ...any) { fmt.Printf(sayPrefix+format+"\n", args...) },
	})
	if err != nil {
		return err
	}
	r.System = system()
	b, err := json.Marshal(r)
	fmt.Println(reportPrefix + string(b))
	return err
}

// loopbackUp does the same as `ip link set lo up`: it sends the kernel a netlink message with
// the interface's number and flag, and reads the answer.
func loopbackUp() error {
	s, err := sock.Open(sock.Netlink, sock.Raw, unix.NETLINK_ROUTE)
	if err != nil {
		return err
	}
	defer s.Close()
	o := binary.NativeEndian
	var m []byte
	m = o.AppendUint32(m, unix.SizeofNlMsghdr+unix.SizeofIfInfomsg)
	m = o.AppendUint16(m, unix.RTM_NEWLINK)
	m = o.AppendUint16(m, unix.NLM_F_REQUEST|unix.NLM_F_ACK)
	m = o.AppendUint64(m, 0)           // sequence and port
	m = o.AppendUint32(m, 0)           // family and type
	m = o.AppendUint32(m, 1)           // lo
	m = o.AppendUint32(m, unix.IFF_UP) // the flags
	m = o.AppendUint32(m, unix.IFF_UP) // and which of them change
	if _, err := s.SendTo(m, 0, sock.NetlinkAddr(0, 0)); err != nil {
		return err
	}
	answer := make([]byte, 512)
	n, err := s.Recv(answer, 0)
	if err != nil {
		return err
	}
	if n < unix.SizeofNlMsghdr+4 || o.Uint16(answer[4:]) != unix.NLMSG_ERROR {
		return errors.New("no answer")
	}
	if e := -int32(o.Uint32(answer[unix.SizeofNlMsghdr:])); e != 0 {
		return syscall.Errno(e)
	}
	return nil
}
