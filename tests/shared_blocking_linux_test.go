package sock_test

import (
	"io"
	"net"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/berkeleysockets/sock"
)

// makeBlocking clears O_NONBLOCK of the description of s through a copy of the descriptor: what a
// Python program does that inherits it and calls settimeout(None).
func makeBlocking(t *testing.T, s *sock.Socket) {
	t.Helper()
	f, err := s.File()
	wantErr(t, err, nil)
	defer f.Close()
	c, err := f.SyscallConn()
	wantErr(t, err, nil)
	wantErr(t, c.Control(func(fd uintptr) { wantErr(t, unix.SetNonblock(int(fd), false), nil) }), nil)
}

// blockedCopies are copies that wait without end: for bytes of a Socket, or for room in it.
func blockedCopies(t *testing.T) map[string]func(t *testing.T) (*sock.Socket, func() error) {
	full := func(t *testing.T) *sock.Socket {
		a, _ := streams(t, "tcp4")
		fillBuffer(t, a)
		return a
	}
	empty := func(t *testing.T) *sock.Socket {
		_, b := streams(t, "tcp4")
		return b
	}
	return map[string]func(t *testing.T) (*sock.Socket, func() error){
		"WriteTo a Socket": func(t *testing.T) (*sock.Socket, func() error) {
			s, to := empty(t), empty(t)
			return s, func() error { _, err := s.WriteTo(to); return err }
		},
		"WriteTo a pipe": func(t *testing.T) (*sock.Socket, func() error) {
			s := empty(t)
			_, w := pipe(t)
			return s, func() error { _, err := s.WriteTo(w); return err }
		},
		"WriteTo a file": func(t *testing.T) (*sock.Socket, func() error) {
			s := empty(t)
			w, _ := fileFor(t, 0)
			return s, func() error { _, err := s.WriteTo(w); return err }
		},
		"ReadFrom a pipe": func(t *testing.T) (*sock.Socket, func() error) {
			s := full(t)
			r := pipeOf(t, megabyte[:])
			return s, func() error { _, err := s.ReadFrom(r); return err }
		},
		"ReadFrom a file": func(t *testing.T) (*sock.Socket, func() error) {
			s := full(t)
			f := fileWith(t, make([]byte, 8<<20))
			return s, func() error { _, err := s.ReadFrom(f); return err }
		},
		"ReadFrom a Socket": func(t *testing.T) (*sock.Socket, func() error) {
			s := full(t)
			from := socketOf(t, megabyte[:], "tcp4")
			return s, func() error { _, err := s.ReadFrom(from); return err }
		},
		"SendFile": func(t *testing.T) (*sock.Socket, func() error) {
			s := full(t)
			f := fileWith(t, make([]byte, 1<<20))
			return s, func() error {
				for {
					if _, err := s.SendFile(f, new(int64), 1<<20); err != nil {
						return err
					}
				}
			}
		},
		"Accept": func(t *testing.T) (*sock.Socket, func() error) {
			l, _ := listening(t, "tcp4")
			return l, func() error { _, _, err := l.Accept(); return err }
		},
	}
}

// TestSharedBlocking shows that a process that shares a socket and clears O_NONBLOCK does not
// make a call of ours wait in the kernel: Close and deadlines end it, and in non-blocking mode
// it does not wait.
func TestSharedBlocking(t *testing.T) {
	t.Parallel()
	for name, make := range blockedCopies(t) {
		t.Run(name+"/Close", func(t *testing.T) {
			t.Parallel()
			s, call := make(t)
			makeBlocking(t, s)
			result := goBlocked(t, call)
			wantErr(t, s.Close(), nil)
			wantErr(t, recvTimeout(t, result), net.ErrClosed)
		})
		t.Run(name+"/deadline", func(t *testing.T) {
			t.Parallel()
			s, call := make(t)
			makeBlocking(t, s)
			wantErr(t, s.SetDeadline(time.Now().Add(10*time.Millisecond)), nil)
			result := begun(call)
			wantErr(t, recvTimeout(t, result), os.ErrDeadlineExceeded)
		})
	}
	t.Run("non-blocking", func(t *testing.T) {
		t.Parallel()
		a, _ := streams(t, "tcp4")
		a.SetNonblock(true)
		makeBlocking(t, a)
		fillBuffer(t, a)
		f := fileWith(t, make([]byte, 1<<20))
		for {
			if _, err := a.SendFile(f, new(int64), 1<<20); err != nil {
				wantErr(t, err, sock.ErrWouldBlock)
				break
			}
		}
		l, _ := listening(t, "tcp4")
		l.SetNonblock(true)
		makeBlocking(t, l)
		_, _, err := l.Accept()
		wantErr(t, err, sock.ErrWouldBlock)
	})
}

func begun(call func() error) <-chan error {
	c := make(chan error, 1)
	go func() { c <- call() }()
	return c
}

// TestSharedBlockingCopies shows that the bytes of such copies are right, and where the file's
// offset is after SendFile.
func TestSharedBlockingCopies(t *testing.T) {
	t.Parallel()
	p := content(copied)
	for name, reader := range readers {
		t.Run("from "+name, func(t *testing.T) {
			t.Parallel()
			a, b := streams(t, "tcp4")
			makeBlocking(t, a)
			got := collects(b)
			if n, err := io.Copy(a, reader(t, p)); n != int64(len(p)) || err != nil {
				t.Errorf("%d of %d, %v", n, len(p), err)
			}
			wantErr(t, a.CloseWrite(), nil)
			same(t, recvTimeout(t, got), p)
		})
	}
	for name, writer := range writers {
		t.Run("to "+name, func(t *testing.T) {
			t.Parallel()
			w, got := writer(t)
			s := socketOf(t, p, "tcp4")
			makeBlocking(t, s)
			if n, err := io.Copy(w, s); n != int64(len(p)) || err != nil {
				t.Errorf("%d of %d, %v", n, len(p), err)
			}
			same(t, got(), p)
		})
	}
	a, b := streams(t, "tcp4")
	makeBlocking(t, a)
	f := fileWith(t, []byte("hello, world"))
	n, err := a.SendFile(f, nil, 5)
	if n != 5 || err != nil {
		t.Error(n, err)
	}
	n, err = a.SendFile(f, nil, 100)
	if n != 7 || err != nil {
		t.Error(n, err)
	}
	n, err = a.SendFile(f, nil, 100)
	if n != 0 || err != nil {
		t.Error("at the end of the file: ", n, err)
	}
	off := int64(7)
	n, err = a.SendFile(f, &off, 3)
	if n != 3 || off != 10 || err != nil {
		t.Error(n, off, err)
	}
	recv(t, b, 15, sock.WaitAll, "hello, worldwor")
}
