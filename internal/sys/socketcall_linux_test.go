//go:build 386 || s390x

package sys

import (
	"bytes"
	"runtime"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// want fails the test unless a call returned the wanted count.
func want(t *testing.T, call string, n uintptr, e Errno, wanted int) {
	t.Helper()
	if e != 0 || int(n) != wanted {
		t.Fatalf("%s: %d, %v, want %d", call, int(n), e, wanted)
	}
}

// waitReady polls until the socket is ready for events.
func waitReady(t *testing.T, fd int, events int16) {
	t.Helper()
	for range 10_000 {
		if got, e := Poll(fd, events, true); e != 0 {
			t.Fatal(e)
		} else if got != 0 {
			return
		}
		runtime.Gosched()
	}
	t.Fatal("not ready")
}

// Every call through socketcall(2), on a kernel that has the direct calls too.
func TestSocketcall(t *testing.T) {
	t.Parallel()
	const flags = unix.SOCK_CLOEXEC | unix.SOCK_NONBLOCK
	socket := func(typ int) int {
		fd, e := oldSocket(AF_INET, typ|flags, 0)
		if e != 0 {
			t.Fatal(e)
		}
		t.Cleanup(func() { Close(int(fd)) })
		return int(fd)
	}
	var sa [SizeInet4]byte
	PutInet4(sa[:], [4]byte{127, 0, 0, 1}, 0)
	l := socket(SOCK_STREAM)
	want(t, "bind", 0, oldBind(l, sa[:]), 0)
	want(t, "listen", 0, oldListen(l, 5), 0)
	name := Name{n: 128}
	want(t, "getsockname", 0, oldGetsockname(l, &name), 0)
	if _, port, ok := Inet4(name.Bytes()); !ok || port == 0 {
		t.Fatalf("getsockname: % x", name.Bytes())
	}
	c := socket(SOCK_STREAM)
	if e := oldConnect(c, name.Bytes()); e != 0 && e != EINPROGRESS {
		t.Fatal(e)
	}
	waitReady(t, l, POLLIN)
	from := Name{n: 128}
	fd, e := oldAccept4(l, &from, flags)
	if e != 0 {
		t.Fatal(e)
	}
	s := int(fd)
	defer Close(s)
	if fl, _ := StatusFlags(s); fl&O_NONBLOCK == 0 {
		t.Error("accept4 did not set its flags")
	}
	waitReady(t, c, POLLOUT)
	peer := Name{n: 128}
	want(t, "getpeername", 0, oldGetpeername(c, &peer), 0)
	if !bytes.Equal(peer.Bytes(), name.Bytes()) {
		t.Errorf("getpeername: % x, want % x", peer.Bytes(), name.Bytes())
	}
	self := Name{n: 128}
	want(t, "getsockname", 0, oldGetsockname(c, &self), 0)
	if !bytes.Equal(from.Bytes(), self.Bytes()) {
		t.Errorf("accept4: % x, want % x", from.Bytes(), self.Bytes())
	}

	one := []byte{0, 0, 0, 0}
	*(*int32)(unsafe.Pointer(&one[0])) = 1
	want(t, "setsockopt", 0, oldSetsockopt(c, IPPROTO_TCP, TCP_NODELAY, one), 0)
	var value [8]byte
	n := uint32(len(value))
	want(t, "getsockopt", 0, oldGetsockopt(c, IPPROTO_TCP, TCP_NODELAY, value[:], &n), 0)
	if n != 4 || *(*int32)(unsafe.Pointer(&value)) != 1 {
		t.Errorf("getsockopt: %d bytes, % x", n, value)
	}

	got, e := oldSendto(c, []byte("stream"), MSG_NOSIGNAL|MSG_DONTWAIT, nil)
	want(t, "sendto", got, e, 6)
	waitReady(t, s, POLLIN)
	var p [64]byte
	got, e = oldRecvfrom(s, p[:], MSG_DONTWAIT, nil, nil)
	want(t, "recvfrom", got, e, 6)
	if string(p[:6]) != "stream" {
		t.Errorf("received %q", p[:6])
	}
	if _, e = oldRecvfrom(s, p[:], MSG_DONTWAIT, nil, nil); e != EAGAIN {
		t.Errorf("recvfrom of nothing: %v", e)
	}
	want(t, "shutdown", 0, oldShutdown(c, SHUT_WR), 0)
	waitReady(t, s, POLLIN)
	got, e = oldRecvfrom(s, p[:], MSG_DONTWAIT, nil, nil)
	want(t, "recvfrom at the end", got, e, 0)

	a, b := socket(SOCK_DGRAM), socket(SOCK_DGRAM)
	want(t, "bind", 0, oldBind(a, sa[:]), 0)
	want(t, "bind", 0, oldBind(b, sa[:]), 0)
	aName, bName := Name{n: 128}, Name{n: 128}
	want(t, "getsockname", 0, oldGetsockname(a, &aName), 0)
	want(t, "getsockname", 0, oldGetsockname(b, &bName), 0)
	got, e = oldSendto(a, []byte("datagram"), 0, bName.Bytes())
	want(t, "sendto", got, e, 8)
	from = Name{n: 128}
	got, e = oldRecvfrom(b, p[:], 0, unsafe.Pointer(&from.b), unsafe.Pointer(&from.n))
	want(t, "recvfrom", got, e, 8)
	if string(p[:8]) != "datagram" || !bytes.Equal(from.Bytes(), aName.Bytes()) {
		t.Errorf("received %q from % x", p[:8], from.Bytes())
	}

	var fds [2]int32
	want(t, "socketpair", 0, oldSocketpair(AF_UNIX, SOCK_STREAM|flags, 0, &fds), 0)
	defer Close(int(fds[0]))
	defer Close(int(fds[1]))
	out := []byte("message")
	iov := [2]unix.Iovec{{Base: &out[0]}, {Base: &out[3]}}
	iov[0].SetLen(3)
	iov[1].SetLen(4)
	m := unix.Msghdr{Iov: &iov[0]}
	m.SetIovlen(2)
	got, e = oldSendmsg(int(fds[0]), &m, MSG_NOSIGNAL)
	want(t, "sendmsg", got, e, 7)
	iov[0].Base = &p[0]
	iov[0].SetLen(64)
	m.SetIovlen(1)
	got, e = oldRecvmsg(int(fds[1]), &m, MSG_DONTWAIT)
	want(t, "recvmsg", got, e, 7)
	if string(p[:7]) != "message" {
		t.Errorf("received %q", p[:7])
	}
}

// The functions that package sock calls, on a thread whose direct socket calls return
// ENOSYS, as those of an old kernel do.
func TestSocketcallOnOldKernel(t *testing.T) {
	runtime.LockOSThread() // not unlocked: the thread ends with the test
	if e := disableSocketCalls(); e != 0 {
		t.Skip("no seccomp on this system: ", e)
	}

	var sa [SizeInet4]byte
	PutInet4(sa[:], [4]byte{127, 0, 0, 1}, 0)
	l, e := Socket(AF_INET, SOCK_STREAM, 0)
	want(t, "socket", 0, e, 0)
	defer Close(l)
	want(t, "bind", 0, Bind(l, sa[:]), 0)
	want(t, "listen", 0, Listen(l, 5), 0)
	var name, self, from, peer Name
	want(t, "getsockname", 0, Getsockname(l, &name), 0)
	c, e := Socket(AF_INET, SOCK_STREAM, 0)
	want(t, "socket", 0, e, 0)
	defer Close(c)
	if e := Connect(c, name.Bytes()); e != 0 && e != EINPROGRESS {
		t.Fatal(e)
	}
	waitReady(t, l, POLLIN)
	s, e := Accept(l, &from)
	want(t, "accept", 0, e, 0)
	defer Close(s)
	waitReady(t, c, POLLOUT)
	want(t, "getpeername", 0, Getpeername(c, &peer), 0)
	want(t, "getsockname", 0, Getsockname(c, &self), 0)
	if !bytes.Equal(from.Bytes(), self.Bytes()) || !bytes.Equal(peer.Bytes(), name.Bytes()) {
		t.Errorf("accept: % x, want % x; getpeername: % x, want % x", from.Bytes(), self.Bytes(), peer.Bytes(), name.Bytes())
	}
	value := []byte{1, 1, 1, 1}
	want(t, "setsockopt", 0, Setsockopt(c, IPPROTO_TCP, TCP_NODELAY, value), 0)
	n, e := Getsockopt(c, IPPROTO_TCP, TCP_NODELAY, value)
	want(t, "getsockopt", uintptr(n), e, 4)

	// The buffers below stay on the stack of this goroutine.
	ints := func(n int, e Errno) (uintptr, Errno) { return uintptr(n), e }
	got := testing.AllocsPerRun(100, func() {
		var out, in [100]byte
		out[99] = 7
		k, e := ints(Sendto(c, out[:], MSG_DONTWAIT, nil, true))
		want(t, "sendto", k, e, 100)
		waitReady(t, s, POLLIN)
		k, e = ints(Recvfrom(s, in[:], MSG_DONTWAIT, &from, true))
		want(t, "recvfrom", k, e, 100)
		k, e = ints(Sendmsg(s, [][]byte{in[:50], in[50:]}, nil, nil, MSG_DONTWAIT, true))
		want(t, "sendmsg", k, e, 100)
		waitReady(t, c, POLLIN)
		r, _, _, e := Recvmsg(c, [][]byte{out[:]}, nil, nil, MSG_DONTWAIT, true)
		want(t, "recvmsg", uintptr(r), e, 100)
		if out[99] != 7 || in[99] != 7 {
			t.Error("the received data is not the sent data")
		}
	})
	if got != 0 {
		t.Errorf("%v allocations", got)
	}
	want(t, "shutdown", 0, Shutdown(c, SHUT_WR), 0)
	a, b, e := Socketpair(AF_UNIX, SOCK_DGRAM, 0)
	want(t, "socketpair", 0, e, 0)
	batch := NewBatch(3, 10, 0)
	for i := range 2 {
		batch.Put(i, []byte{'a', byte(i)}, nil, nil)
	}
	k, last, e := Sendmmsg(a, &batch, 0, 2, MSG_DONTWAIT, true)
	want(t, "sendmmsg", uintptr(k), e, 2)
	want(t, "sendmmsg", uintptr(last), e, 2)
	k, e = Recvmmsg(b, &batch, MSG_DONTWAIT, true)
	want(t, "recvmmsg", uintptr(k), e, 2)
	if !bytes.Equal(batch.Data(1), []byte{'a', 1}) {
		t.Errorf("received %q", batch.Data(1))
	}
	Close(a)
	Close(b)
}

// disableSocketCalls makes the direct socket calls of this thread fail with ENOSYS.
func disableSocketCalls() Errno {
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0}, // the number of the call
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jt: 3, K: unix.SYS_RECVMMSG},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jt: 2, K: unix.SYS_SENDMMSG},
		{Code: unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K, Jf: 2, K: unix.SYS_SOCKET},
		{Code: unix.BPF_JMP | unix.BPF_JGT | unix.BPF_K, Jt: 1, K: unix.SYS_SHUTDOWN},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(ENOSYS)},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	prog := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
	if err == nil {
		_, _, e := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, 0, uintptr(unsafe.Pointer(&prog)))
		if e != 0 {
			return e
		}
		_, _, e = unix.Syscall(unix.SYS_SOCKET, AF_INET, SOCK_DGRAM, 0)
		if e != ENOSYS {
			return EINVAL // the filter has no effect (qemu)
		}
	}
	return errno(err)
}
