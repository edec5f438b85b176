//go:build linux || freebsd || netbsd || openbsd || dragonfly || darwin

package sock_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/cmsg"
)

var rightsTypes = map[string]sock.Type{"stream": sock.Stream, "dgram": sock.Dgram, "seqpacket": sock.SeqPacket}

func unixPair(t testing.TB, ty sock.Type) (a, b *sock.Socket) {
	t.Helper()
	a, b, err := sock.Pair(sock.Unix, ty, 0)
	if err != nil {
		t.Skip("no such pair here: ", err)
	}
	return closed(t, a), closed(t, b)
}

func pipes(t testing.TB, n int) (r, w []*os.File) {
	t.Helper()
	for range n {
		x, y, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { x.Close(); y.Close() })
		r, w = append(r, x), append(w, y)
	}
	return r, w
}

// Files go over, in order, close-on-exec, and work.
func TestFiles(t *testing.T) {
	t.Parallel()
	for name, ty := range rightsTypes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, b := unixPair(t, ty)
			r, w := pipes(t, 3)
			n, err := a.SendFiles([]byte("three"), w...)
			if n != 5 || err != nil {
				t.Fatal(n, err)
			}
			for _, f := range w {
				f.Close() // a copy is on its way
			}
			p := make([]byte, 9)
			n, files, flags, err := b.RecvFiles(p, 5)
			if string(p[:n]) != "three" || len(files) != 3 || flags&^sock.EOR != 0 || err != nil {
				t.Fatalf("%q, %d files, %v, %v", p[:n], len(files), flags, err)
			}
			for i, f := range files {
				c, err := f.SyscallConn()
				wantErr(t, err, nil)
				c.Control(func(fd uintptr) {
					if got, err := unix.FcntlInt(fd, unix.F_GETFD, 0); err != nil || got&unix.FD_CLOEXEC == 0 {
						t.Errorf("descriptor flags %#x, %v", got, err)
					}
				})
				fmt.Fprint(f, "to pipe ", i)
				f.Close()
				if got, err := io.ReadAll(r[i]); string(got) != fmt.Sprint("to pipe ", i) || err != nil {
					t.Errorf("%q, %v", got, err)
				}
			}
			// None is a message like any other.
			if n, err := a.SendFiles([]byte("none")); n != 4 || err != nil {
				t.Error(n, err)
			}
			n, files, flags, err = b.RecvFiles(p, 5)
			if string(p[:n]) != "none" || len(files) != 0 || flags&^sock.EOR != 0 || err != nil {
				t.Errorf("%q, %d files, %v, %v", p[:n], len(files), flags, err)
			}
			wantErr(t, a.Close(), nil)
			if ty == sock.Stream {
				if n, files, flags, err := b.RecvFiles(p, 5); n != 0 || files != nil || flags != 0 || err != nil {
					t.Errorf("at the end %d, %v, %v, %v", n, files, flags, err)
				}
			}
		})
	}
}

// A Socket goes over as a file, and is one again.
func TestFilesSocket(t *testing.T) {
	t.Parallel()
	a, b := unixPair(t, sock.Stream)
	x, y := streams(t, "tcp4")
	f, err := x.File()
	wantErr(t, err, nil)
	defer f.Close()
	if _, err := a.SendFiles([]byte{0}, f); err != nil {
		t.Fatal(err)
	}
	_, files, _, err := b.RecvFiles(make([]byte, 1), 1)
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	defer files[0].Close()
	s, err := sock.FromConn(files[0])
	wantErr(t, err, nil)
	closed(t, s)
	if s.Domain() != sock.Inet || s.Type() != sock.Stream {
		t.Error(s.Domain(), s.Type())
	}
	if _, err := s.Write([]byte("hello")); err != nil {
		t.Error(err)
	}
	recv(t, y, 9, 0, "hello")
}

func TestFilesMisuse(t *testing.T) {
	t.Parallel()
	r, w := pipes(t, 2)
	w[1].Close()
	many := make([]*os.File, 254)
	for i := range many {
		many[i] = r[0]
	}
	for name, ty := range rightsTypes {
		t.Run(name, func(t *testing.T) {
			a, b := unixPair(t, ty)
			_, err := a.SendFiles([]byte("x"), nil)
			wantErr(t, err, os.ErrInvalid)
			_, err = a.SendFiles([]byte("x"), w[1])
			wantErr(t, err, os.ErrClosed)
			_, err = a.SendFiles([]byte("x"), w[0], w[1], w[0])
			wantErr(t, err, os.ErrClosed)
			_, err = a.SendFiles([]byte("x"), many...)
			wantErr(t, err, syscall.EINVAL)
			_, _, _, err = b.RecvFiles(nil, -1)
			wantErr(t, err, syscall.EINVAL)
			if ty == sock.Stream {
				_, err = a.SendFiles(nil, w[0])
				wantErr(t, err, syscall.EINVAL)
			} else if runtime.GOOS == "linux" {
				if _, err = a.SendFiles(nil, w[0]); err != nil {
					t.Error(err)
				}
				if n, files, _, err := b.RecvFiles(nil, 1); n != 0 || len(files) != 1 || err != nil {
					t.Error(n, files, err)
				} else {
					files[0].Close()
				}
			}
			if _, err := b.Recv(make([]byte, 1), sock.DontWait); err != sock.ErrWouldBlock {
				t.Errorf("something was sent: %v", err)
			}
		})
	}
	u, _, _, to := datagrams(t, "udp4")
	wantErr(t, u.Connect(to), nil)
	if _, err := u.SendFiles([]byte("x"), r[0]); err == nil && runtime.GOOS != "linux" {
		t.Log("a file over UDP is passed over here")
	}
}

// Whatever is not wanted, or cut, is closed: in a process where nothing else opens
// descriptors, since they are counted.
func TestFilesSurplus(t *testing.T) {
	t.Parallel()
	if out, err := child(t, "files surplus").Output(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func init() {
	children["files surplus"] = func([]string) error {
		r, w, err := os.Pipe()
		if err != nil {
			return err
		}
		defer r.Close()
		defer w.Close()
		for name, ty := range rightsTypes {
			a, b, err := sock.Pair(sock.Unix, ty, 0)
			if err != nil {
				continue
			}
			before, err := nextFree()
			if err != nil {
				return err
			}
			for max := range 4 {
				if _, err := a.SendFiles([]byte("x"), w, w, w, w, w); err != nil {
					return err
				}
				n, files, flags, err := b.RecvFiles(make([]byte, 1), max)
				if n != 1 || len(files) != max || flags&sock.CTrunc == 0 || err != nil {
					return fmt.Errorf("%s, %d wanted: %d, %v, %v, %w", name, max, n, files, flags, err)
				}
				for _, f := range files {
					f.Close()
				}
			}
			for room := 0; room <= cmsg.Space(20); room += 4 { // what the kernel cuts
				if _, err := a.SendFiles([]byte("x"), w, w, w, w, w); err != nil {
					return err
				}
				m := sock.Message{Bufs: [][]byte{make([]byte, 1)}, Control: make([]byte, room)}
				if _, err := b.RecvMsg(&m, 0); err != nil {
					return err
				}
				sock.CloseRights(m.Control[:m.NControl])
			}
			if after, err := nextFree(); err != nil || after != before {
				return fmt.Errorf("%s: the next descriptor is %d, was %d: %w", name, after, before, err)
			}
			if err := errors.Join(a.Close(), b.Close()); err != nil {
				return err
			}
		}
		return nil
	}
}

// nextFree is the number that the next descriptor will have.
func nextFree() (int, error) {
	s, err := sock.Open(sock.Unix, sock.Dgram, 0)
	if err != nil {
		return 0, err
	}
	return s.FD(), s.Close()
}

// As many as Linux passes at a time.
func TestFilesMany(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("how many go at a time is Linux's: 253")
	}
	a, b := unixPair(t, sock.Stream)
	_, w := pipes(t, 1)
	many := make([]*os.File, 253)
	for i := range many {
		many[i] = w[0]
	}
	if _, err := a.SendFiles([]byte("x"), many...); err != nil {
		t.Fatal(err)
	}
	_, files, flags, err := b.RecvFiles(make([]byte, 1), 300)
	if len(files) != 253 || flags != 0 || err != nil {
		t.Errorf("%d files, %v, %v", len(files), flags, err)
	}
	for _, f := range files {
		f.Close()
	}
}
