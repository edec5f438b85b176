package sock_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"runtime"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/berkeleysockets/sock"
)

// These tests need their own network.

// ownNetwork starts a child in a network namespace with only a loopback interface that is
// down, and in a mount namespace.
func ownNetwork() *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWNS}
	if id := os.Getuid(); id != 0 { // root in a user namespace may have the others
		attr.Cloneflags |= syscall.CLONE_NEWUSER
		attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: id, Size: 1}}
		attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	return attr
}

// alone runs the test again in a process that has a network of its own, and
// reports whether this is that process: the other returns.
func alone(t *testing.T) bool {
	t.Helper()
	const name = "SOCK_TEST_ALONE"
	if os.Getenv(name) == t.Name() {
		return true
	}
	c := child(t, "", "-test.run=^"+t.Name()+"$", "-test.v", "-test.timeout=2m")
	c.Env = append(c.Env, name+"="+t.Name())
	c.SysProcAttr = ownNetwork()
	c.Stderr = nil
	out, err := c.CombinedOutput()
	var exit *os.SyscallError
	switch {
	case err == nil:
	case errors.As(err, &exit), errors.Is(err, syscall.EPERM), errors.Is(err, syscall.EINVAL):
		t.Skip("no network namespace to be had: ", err)
	default:
		t.Errorf("%v\n%s", err, out)
	}
	return false
}

// A namespace is a network namespace, as a descriptor; 0 is the process's.
type namespace int

// newNamespace makes one more.
func newNamespace(t testing.TB) namespace {
	t.Helper()
	runtime.LockOSThread()
	old := ownNamespace(t)
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Fatal(err) // and the thread ends with its goroutine
	}
	n := ownNamespace(t)
	old.back(t)
	return n
}

func ownNamespace(t testing.TB) namespace {
	t.Helper()
	fd, err := unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	return namespace(fd)
}

func (n namespace) back(t testing.TB) {
	t.Helper()
	if err := unix.Setns(int(n), unix.CLONE_NEWNET); err != nil {
		t.Fatal(err)
	}
	runtime.UnlockOSThread()
}

// enter lets the goroutine open sockets in n until leave.
func (n namespace) enter(t testing.TB) (leave func()) {
	t.Helper()
	if n == 0 {
		return func() {}
	}
	runtime.LockOSThread()
	old := ownNamespace(t)
	if err := unix.Setns(int(n), unix.CLONE_NEWNET); err != nil {
		t.Fatal(err)
	}
	return func() { old.back(t) }
}

const vethInfoPeer = 1 // VETH_INFO_PEER (linux/veth.h)

// veth makes a pair of interfaces, one here and one in another namespace, with
// the index that is given here and the next there. Both are up, with addresses.
func veth(t testing.TB, index int, here []netip.Prefix, n namespace, there []netip.Prefix) {
	t.Helper()
	peer := append(ifinfomsg(index+1, 0), attributes(
		attribute(unix.IFLA_IFNAME, "there\x00"),
		attribute(unix.IFLA_NET_NS_FD, string(binary.NativeEndian.AppendUint32(nil, uint32(n)))))...)
	link := append(ifinfomsg(index, 0), attributes(
		attribute(unix.IFLA_IFNAME, "here\x00"),
		attribute(unix.IFLA_LINKINFO, string(attributes(
			attribute(unix.IFLA_INFO_KIND, "veth"),
			attribute(unix.IFLA_INFO_DATA, string(attribute(vethInfoPeer, string(peer))))))))...)
	if err := rtnetlink(unix.RTM_NEWLINK, unix.NLM_F_CREATE|unix.NLM_F_EXCL, link); err != nil {
		t.Skip("no pair of interfaces to be had: ", err)
	}
	wantErr(t, interfaceUp(index, here), nil)
	leave := n.enter(t)
	wantErr(t, interfaceUp(index+1, there), nil)
	leave()

	// This end was up before it had a carrier. The kernel sees to that a moment
	// later, and until then drops what is sent, without a word.
	eventually(t, "a carrier", func() bool { return carrier(t, index) })
	wantErr(t, interfaceUp(index, nil), nil) // waits for the kernel to end what it began
}

// carrier reports whether the kernel has seen that an interface has one.
func carrier(t testing.TB, index int) bool {
	t.Helper()
	s := open(t, sock.Netlink, sock.Raw)
	if _, err := s.SendTo(netlinkRequest(unix.RTM_GETLINK, unix.NLM_F_REQUEST, ifinfomsg(index, 0)), 0, sock.NetlinkAddr(0, 0)); err != nil {
		t.Fatal(err)
	}
	p := make([]byte, 8192)
	n, err := s.Recv(p, 0)
	wantErr(t, err, nil)
	messages, err := syscall.ParseNetlinkMessage(p[:n])
	wantErr(t, err, nil)
	for _, m := range messages {
		all, err := syscall.ParseNetlinkRouteAttr(&m)
		wantErr(t, err, nil)
		for _, a := range all {
			if a.Attr.Type == unix.IFLA_OPERSTATE {
				return a.Value[0] == operUp
			}
		}
	}
	t.Fatalf("no state of interface %d", index)
	return false
}

const operUp = 6 // IF_OPER_UP (linux/if.h)

// interfaceUp is "ip link set index up", and "ip address add" for each address; of
// IPv6 without asking whether another has it.
func interfaceUp(index int, own []netip.Prefix) error {
	err := rtnetlink(unix.RTM_NEWLINK, 0, ifinfomsg(index, unix.IFF_UP))
	for _, p := range own {
		family := byte(unix.AF_INET)
		if p.Addr().Is6() {
			family = unix.AF_INET6
		}
		m := []byte{family, byte(p.Bits()), unix.IFA_F_NODAD, unix.RT_SCOPE_UNIVERSE}
		m = binary.NativeEndian.AppendUint32(m, uint32(index))
		m = append(m, attributes(
			attribute(unix.IFA_LOCAL, string(p.Addr().AsSlice())),
			attribute(unix.IFA_ADDRESS, string(p.Addr().AsSlice())))...)
		err = errors.Join(err, rtnetlink(unix.RTM_NEWADDR, unix.NLM_F_CREATE|unix.NLM_F_EXCL, m))
	}
	return err
}

// ifinfomsg is what a message on an interface begins with.
func ifinfomsg(index int, flags uint32) []byte {
	m := make([]byte, 4, 16)
	m = binary.NativeEndian.AppendUint32(m, uint32(index))
	m = binary.NativeEndian.AppendUint32(m, flags)
	return binary.NativeEndian.AppendUint32(m, flags) // the flags to change
}

func attribute(kind uint16, value string) []byte {
	a := binary.NativeEndian.AppendUint16(nil, uint16(4+len(value)))
	a = binary.NativeEndian.AppendUint16(a, kind)
	a = append(a, value...)
	return append(a, make([]byte, -len(value)&3)...)
}

func attributes(all ...[]byte) (b []byte) {
	for _, a := range all {
		b = append(b, a...)
	}
	return b
}

// rtnetlink asks the kernel to do something, over a Socket of ours.
func rtnetlink(kind, flags uint16, body []byte) error {
	s, err := sock.Open(sock.Netlink, sock.Raw, unix.NETLINK_ROUTE)
	if err != nil {
		return err
	}
	defer s.Close()
	if _, err := s.SendTo(netlinkRequest(kind, unix.NLM_F_REQUEST|unix.NLM_F_ACK|flags, body), 0, sock.NetlinkAddr(0, 0)); err != nil {
		return err
	}
	answer := make([]byte, 4096)
	n, err := s.Recv(answer, 0)
	if err != nil {
		return err
	}
	if n < 20 {
		return fmt.Errorf("%d bytes from the kernel", n)
	}
	if e := -int32(binary.NativeEndian.Uint32(answer[16:])); e != 0 {
		return syscall.Errno(e)
	}
	return nil
}
