//go:build linux || freebsd || netbsd || openbsd || dragonfly || darwin

package sock_test

import (
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/cmsg"
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

// What CloseRights has closed is in the control messages no more: called again, also by another
// name for the same memory, it does not close what has the number now.
func TestCloseRightsTwice(t *testing.T) {
	t.Parallel()
	_, w := pipes(t, 1)
	for how, receive := range map[string]func(*sock.Socket) []byte{
		"RecvMsg": func(s *sock.Socket) []byte {
			m := sock.Message{Bufs: [][]byte{make([]byte, 1)}, Control: make([]byte, cmsg.Space(12))}
			_, err := s.RecvMsg(&m, 0)
			wantErr(t, err, nil)
			return m.Control[:m.NControl]
		},
		"RecvMsg, cut": func(s *sock.Socket) []byte {
			m := sock.Message{Bufs: [][]byte{make([]byte, 1)}, Control: make([]byte, cmsg.Space(12)-4)}
			_, err := s.RecvMsg(&m, 0)
			wantErr(t, err, nil)
			return m.Control[:m.NControl]
		},
		"RecvBatch": func(s *sock.Socket) []byte {
			b := sock.NewBatch(1, 1, cmsg.Space(12))
			_, err := s.RecvBatch(b, 0)
			wantErr(t, err, nil)
			t.Cleanup(func() { // the Batch's own view
				for fd := range cmsg.Descriptors(b.Control(0)) {
					t.Errorf("the Batch still has %d", fd)
				}
			})
			return b.Control(0)
		},
	} {
		a, b := unixPair(t, sock.Dgram)
		if _, err := a.SendFiles([]byte("x"), w[0], w[0], w[0]); err != nil {
			t.Fatal(err)
		}
		control := receive(b)
		var fds []int
		for fd := range cmsg.Descriptors(control) {
			fds = append(fds, fd)
		}
		if len(fds) < 1 || !strings.Contains(how, "cut") && len(fds) != 3 {
			t.Fatalf("%s: %v", how, fds)
		}
		sock.CloseRights(control)
		// The numbers are free, and the next to be opened.
		var next []*sock.Socket
		for range 8 {
			next = append(next, open(t, sock.Unix, sock.Dgram))
		}
		sock.CloseRights(control)
		sock.CloseRights(slices.Clone(control))
		for _, s := range next {
			if _, err := s.Sockname(); err != nil {
				t.Errorf("%s: a Socket lost its descriptor: %v", how, err)
			}
		}
		for fd := range cmsg.Descriptors(control) {
			t.Errorf("%s: still has %d", how, fd)
		}
		for m := range cmsg.All(control) {
			if left, ok := m.Rights(nil); len(left) != 0 || !ok {
				t.Errorf("%s: Rights has %v, %v", how, left, ok)
			}
		}
		// A program that passes the messages on passes nothing that it does not have.
		if _, err := a.SendMsg(&sock.Message{Bufs: [][]byte{{1}}, Control: control}, 0); err == nil && !strings.Contains(how, "cut") {
			t.Errorf("%s: closed descriptors were sent", how)
		}
	}
}
