package sock_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/berkeleysockets/sock"
)

// There is no answer: not a deadline ends the attempt, but the kernel's own limit.
func TestConnectResultTimedOut(t *testing.T) {
	t.Parallel()
	to := silent(t)
	for _, nonblock := range []bool{true, false} {
		c := open(t, sock.Inet, sock.Stream)
		setInt(t, c, unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, 100) // ms; seen when the SYN is sent again, after a second
		c.SetNonblock(nonblock)
		err := c.Connect(to)
		if nonblock {
			wantErr(t, err, sock.ErrInProgress)
			wantErr(t, readable(c, sock.Writable), nil)
			err = c.ConnectResult()
		}
		wantErr(t, err, syscall.ETIMEDOUT)
		var e *sock.Error
		if !errors.As(err, &e) || !e.Timeout() || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%v is not the kernel's time-out", err)
		}
		wantErr(t, c.ConnectResult(), syscall.ENOTCONN)
	}
}

// The destination is unreachable: the kernel knows it at once (no route), or later (no
// answer to ARP). In its own network namespace.
func TestConnectResultUnreachable(t *testing.T) {
	t.Parallel()
	c := child(t, "unreachable")
	c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	if os.Getuid() != 0 {
		c.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		c.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
	}
	out, err := c.Output()
	t.Logf("%s", out)
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Skip("no network namespace to be had: ", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	if why, ok := strings.CutPrefix(string(out), "skip: "); ok {
		t.Skip(why)
	}
}

func init() { children["unreachable"] = unreachableChild }

func unreachableChild([]string) error {
	attempt := func(nonblock bool, to string, want error) error {
		at, err := sock.ParseAddr(to)
		if err != nil {
			return err
		}
		c, err := sock.Open(sock.Inet, sock.Stream, 0)
		if err != nil {
			return err
		}
		defer c.Close()
		c.SetNonblock(nonblock)
		err = c.Connect(at)
		if err == sock.ErrInProgress {
			if _, err := c.Wait(sock.Writable); err != nil {
				return err
			}
			err = c.ConnectResult()
			fmt.Printf("in progress, then %v\n", err)
		}
		if !errors.Is(err, want) {
			return fmt.Errorf("connect to %s: %v, want %v", to, err, want)
		}
		if err := c.ConnectResult(); !errors.Is(err, syscall.ENOTCONN) {
			return fmt.Errorf("the next ConnectResult: %v", err)
		}
		return nil
	}
	for _, nonblock := range []bool{true, false} {
		if err := attempt(nonblock, "192.0.2.99:9", syscall.ENETUNREACH); err != nil {
			return err
		}
	}
	if err := deafNeighbours(); err != nil {
		fmt.Println("no interface to find nobody on:", err)
		return nil
	}
	for _, nonblock := range []bool{true, false} {
		if err := attempt(nonblock, "192.0.2.99:9", syscall.EHOSTUNREACH); err != nil {
			return err
		}
	}
	return nil
}

// deafNeighbours makes an Ethernet interface with the network 192.0.2.0/24, on
// which nobody answers.
func deafNeighbours() error {
	tap, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	r, err := unix.NewIfreq("deaf")
	if err != nil {
		return err
	}
	r.SetUint16(unix.IFF_TAP | unix.IFF_NO_PI)
	if err := unix.IoctlIfreq(tap, unix.TUNSETIFF, r); err != nil {
		return err
	}
	for name, value := range map[string]string{"retrans_time_ms": "20", "mcast_solicit": "1"} {
		if err := os.WriteFile("/proc/sys/net/ipv4/neigh/deaf/"+name, []byte(value), 0); err != nil {
			fmt.Println(err) // then it takes three seconds
		}
	}
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(s)
	for _, step := range []struct {
		call  uint
		bytes []byte
	}{{unix.SIOCSIFADDR, []byte{192, 0, 2, 1}}, {unix.SIOCSIFNETMASK, []byte{255, 255, 255, 0}}} {
		if err := r.SetInet4Addr(step.bytes); err != nil {
			return err
		}
		if err := unix.IoctlIfreq(s, step.call, r); err != nil {
			return err
		}
	}
	lo, err := unix.NewIfreq("lo") // the kernel reports itself over it
	if err != nil {
		return err
	}
	for _, r := range []*unix.Ifreq{lo, r} {
		r.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
		if err := unix.IoctlIfreq(s, unix.SIOCSIFFLAGS, r); err != nil {
			return err
		}
	}
	return nil
}
