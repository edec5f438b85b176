//go:build linux || freebsd || netbsd || openbsd || dragonfly || darwin

package sock_test

import (
	"io"
	"os"
	"runtime"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/berkeleysockets/sock"
)

// Control messages pass through as bytes: a descriptor goes over, arrives
// close-on-exec, and works.
func TestUnixRights(t *testing.T) {
	t.Parallel()
	for _, ty := range []sock.Type{sock.Stream, sock.Dgram} {
		a, b, err := sock.Pair(sock.Unix, ty, 0)
		if err != nil {
			t.Fatal(err)
		}
		closed(t, a)
		closed(t, b)
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		out := sock.Message{Bufs: [][]byte{{'h', 'i'}}, Control: unix.UnixRights(int(w.Fd()))}
		if n, err := a.SendMsg(&out, 0); n != 2 || err != nil {
			t.Fatal(n, err)
		}
		w.Close()
		in := sock.Message{Bufs: [][]byte{make([]byte, 9)}, Control: make([]byte, 64)}
		n, err := b.RecvMsg(&in, 0)
		if n != 2 || err != nil || in.N != 2 || in.Flags&(sock.CTrunc|sock.Trunc) != 0 || in.NControl == 0 {
			t.Fatalf("%d, %v, %+v", n, err, in)
		}
		messages, err := unix.ParseSocketControlMessage(in.Control[:in.NControl])
		if err != nil || len(messages) != 1 {
			t.Fatal(messages, err)
		}
		fds, err := unix.ParseUnixRights(&messages[0])
		if err != nil || len(fds) != 1 {
			t.Fatal(fds, err)
		}
		flags, err := unix.FcntlInt(uintptr(fds[0]), unix.F_GETFD, 0)
		if err != nil || flags&unix.FD_CLOEXEC == 0 && runtime.GOOS != "darwin" {
			t.Errorf("descriptor flags %#x, %v", flags, err)
		}
		f := os.NewFile(uintptr(fds[0]), "passed")
		if _, err := f.WriteString("through"); err != nil {
			t.Error(err)
		}
		f.Close()
		if got, err := io.ReadAll(r); err != nil || string(got) != "through" {
			t.Errorf("%q, %v", got, err)
		}
	}
}

// With too little room for it CTrunc says that something was lost.
func TestUnixRightsCut(t *testing.T) {
	t.Parallel()
	a, b := streams(t, "pair")
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	fd := int(w.Fd())
	rooms := []int{1, unix.CmsgSpace(4)}
	if runtime.GOOS == "linux" { // the BSDs say nothing where nothing was wanted
		rooms = append(rooms, 0)
	}
	for _, room := range rooms {
		out := sock.Message{Bufs: [][]byte{{'x'}}, Control: unix.UnixRights(fd, fd, fd, fd, fd, fd)}
		if _, err := a.SendMsg(&out, 0); err != nil {
			t.Fatal(err)
		}
		in := sock.Message{Bufs: [][]byte{make([]byte, 9)}, Control: make([]byte, room)}
		if _, err := b.RecvMsg(&in, 0); err != nil || in.Flags&sock.CTrunc == 0 {
			t.Errorf("room for %d bytes: %v, %v", room, in.Flags, err)
		}
		messages, err := unix.ParseSocketControlMessage(in.Control[:in.NControl])
		if err != nil && room > 1 && runtime.GOOS == "linux" { // else the length inside is that of all
			t.Error(err)
		}
		for _, m := range messages {
			fds, _ := unix.ParseUnixRights(&m)
			for _, fd := range fds {
				syscall.Close(fd)
			}
		}
	}
}
