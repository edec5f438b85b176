package sock_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
	"time"

	"github.com/berkeleysockets/sock"
)

// content returns bytes without repetition.
func content(n int) []byte {
	p := make([]byte, n)
	rand.NewChaCha8(sha256.Sum256([]byte("content"))).Read(p)
	return p
}

func fileWith(t testing.TB, p []byte) *os.File {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, p, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// collects reads from s until the end, in a goroutine.
func collects(s io.Reader) <-chan []byte {
	c := make(chan []byte, 1)
	go func() {
		p, err := io.ReadAll(s)
		if err != nil {
			p = append(p, err.Error()...)
		}
		c <- p
	}()
	return c
}

func same(t testing.TB, got, want []byte) {
	t.Helper()
	if !bytes.Equal(got, want) {
		at := 0
		for at < len(got) && at < len(want) && got[at] == want[at] {
			at++
		}
		t.Errorf("%d bytes, want %d; they differ from %d on", len(got), len(want), at)
	}
}

const copied = 3<<20 + 12345 // more than any buffer or pipe holds

// readers are the sources for ReadFrom. Each contains p.
var readers = map[string]func(t testing.TB, p []byte) io.Reader{
	"file": func(t testing.TB, p []byte) io.Reader { return fileWith(t, p) },
	"file from its middle": func(t testing.TB, p []byte) io.Reader {
		f := fileWith(t, append(make([]byte, 1000), p...))
		if _, err := f.Seek(1000, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		return f
	},
	"part of a file": func(t testing.TB, p []byte) io.Reader {
		return io.LimitReader(fileWith(t, append(slices.Clone(p), "more"...)), int64(len(p)))
	},
	"file with less than the limit": func(t testing.TB, p []byte) io.Reader { return io.LimitReader(fileWith(t, p), 1<<40) },
	"file as a reader":              func(t testing.TB, p []byte) io.Reader { return struct{ io.Reader }{fileWith(t, p)} },
	"pipe":                          func(t testing.TB, p []byte) io.Reader { return pipeOf(t, p) },
	"part of a pipe": func(t testing.TB, p []byte) io.Reader {
		return io.LimitReader(pipeOf(t, append(slices.Clone(p), "more"...)), int64(len(p)))
	},
	"buffer":       func(t testing.TB, p []byte) io.Reader { return bytes.NewReader(p) },
	"one by one":   func(t testing.TB, p []byte) io.Reader { return iotest.HalfReader(bytes.NewReader(p)) },
	"Socket, tcp4": func(t testing.TB, p []byte) io.Reader { return socketOf(t, p, "tcp4") },
	"Socket, unix": func(t testing.TB, p []byte) io.Reader { return socketOf(t, p, "pair") },
	"part of Socket": func(t testing.TB, p []byte) io.Reader {
		return io.LimitReader(socketOf(t, append(slices.Clone(p), "more"...), "tcp4"), int64(len(p)))
	},
	"net, tcp4": func(t testing.TB, p []byte) io.Reader { return netOf(t, p, "tcp4") },
	"net, unix": func(t testing.TB, p []byte) io.Reader { return netOf(t, p, "unix") },
}

func pipe(t testing.TB) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	return r, w
}

func pipeOf(t testing.TB, p []byte) *os.File {
	t.Helper()
	r, w := pipe(t)
	go func() {
		w.Write(p)
		w.Close()
	}()
	return r
}

func socketOf(t testing.TB, p []byte, network string) *sock.Socket {
	a, b := streams(t, network)
	go func() {
		a.Write(p)
		a.CloseWrite()
	}()
	return b
}

func netOf(t testing.TB, p []byte, network string) net.Conn {
	a, b := netPair(t, network)
	go func() {
		a.Write(p)
		a.Close()
	}()
	return b
}

func TestReadFrom(t *testing.T) {
	t.Parallel()
	for name, reader := range readers {
		for _, network := range []string{"tcp4", "pair"} {
			for size, p := range map[string][]byte{"much": content(copied), "little": content(100), "nothing": nil} {
				t.Run(name+"/"+network+"/"+size, func(t *testing.T) {
					t.Parallel()
					a, b := streams(t, network)
					got := collects(b)
					n, err := a.ReadFrom(reader(t, p))
					if n != int64(len(p)) || err != nil {
						t.Errorf("%d of %d, %v", n, len(p), err)
					}
					wantErr(t, a.CloseWrite(), nil)
					same(t, recvTimeout(t, got), p)
				})
			}
		}
	}
}

// io.Copy finds ReadFrom, whatever the source would rather do itself.
func TestReadFromCopy(t *testing.T) {
	t.Parallel()
	for name, reader := range readers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := content(copied)
			a, b := streams(t, "tcp4")
			got := collects(b)
			if n, err := io.Copy(a, reader(t, p)); n != int64(len(p)) || err != nil {
				t.Errorf("%d of %d, %v", n, len(p), err)
			}
			wantErr(t, a.CloseWrite(), nil)
			same(t, recvTimeout(t, got), p)
		})
	}
}

// writers are the destinations for WriteTo, with the bytes that arrived there.
var writers = map[string]func(t testing.TB) (io.Writer, func() []byte){
	"buffer":            func(t testing.TB) (io.Writer, func() []byte) { b := new(bytes.Buffer); return b, b.Bytes },
	"file":              func(t testing.TB) (io.Writer, func() []byte) { return fileFor(t, 0) },
	"file to append to": func(t testing.TB) (io.Writer, func() []byte) { return fileFor(t, os.O_APPEND) },
	"pipe": func(t testing.TB) (io.Writer, func() []byte) {
		r, w := pipe(t)
		got := collects(r)
		return w, func() []byte { w.Close(); return recvTimeout(t, got) }
	},
	"Socket, tcp4": func(t testing.TB) (io.Writer, func() []byte) {
		a, b := streams(t, "tcp4")
		got := collects(b)
		return a, func() []byte { a.CloseWrite(); return recvTimeout(t, got) }
	},
	"Socket, unix": func(t testing.TB) (io.Writer, func() []byte) {
		a, b := streams(t, "pair")
		got := collects(b)
		return a, func() []byte { a.CloseWrite(); return recvTimeout(t, got) }
	},
	"net, tcp4": func(t testing.TB) (io.Writer, func() []byte) {
		a, b := netPair(t, "tcp4")
		got := collects(b)
		return a, func() []byte { a.Close(); return recvTimeout(t, got) }
	},
	"net, unix": func(t testing.TB) (io.Writer, func() []byte) {
		a, b := netPair(t, "unix")
		got := collects(b)
		return a, func() []byte { a.Close(); return recvTimeout(t, got) }
	},
}

func fileFor(t testing.TB, flags int) (io.Writer, func() []byte) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file")
	f, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|flags, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f, func() []byte {
		p, err := os.ReadFile(name)
		if err != nil {
			t.Error(err)
		}
		return p
	}
}

func TestWriteTo(t *testing.T) {
	t.Parallel()
	for name, writer := range writers {
		for _, network := range []string{"tcp4", "pair"} {
			for size, p := range map[string][]byte{"much": content(copied), "little": content(100), "nothing": nil} {
				t.Run(name+"/"+network+"/"+size, func(t *testing.T) {
					t.Parallel()
					w, got := writer(t)
					s := socketOf(t, p, network)
					n, err := io.Copy(w, s)
					if n != int64(len(p)) || err != nil {
						t.Errorf("%d of %d, %v", n, len(p), err)
					}
					same(t, got(), p)
				})
			}
		}
	}
}

// The calls that carry the bytes: by hand these are recv and send, of 32 KiB.
func TestCopyCalls(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("what takes which way is Linux's")
	}
	p := content(200_000)
	for name, want := range map[string]string{
		"file": "sendfile", "part of a file": "sendfile", "file with less than the limit": "sendfile", "file from its middle": "sendfile",
		"pipe": "splice", "part of a pipe": "splice",
		"Socket, tcp4": "splice", "Socket, unix": "splice", "part of Socket": "splice", "net, tcp4": "splice", "net, unix": "splice",
		"buffer": "sendto", "file as a reader": "sendto",
	} {
		t.Run("from "+name, func(t *testing.T) {
			for way, f := range map[string]func(a *sock.Socket, r io.Reader) (int64, error){
				"ReadFrom": (*sock.Socket).ReadFrom,
				"Copy":     func(a *sock.Socket, r io.Reader) (int64, error) { return io.Copy(a, r) },
			} {
				a, b := streams(t, "pair")
				got := collects(b)
				from := readers[name](t, p)
				r := record(t)
				if n, err := f(a, from); n != int64(len(p)) || err != nil {
					t.Error(n, err)
				}
				sock.SetTracer(nil)
				used := carriers(r.take(), a.FD())
				if used != want {
					t.Errorf("%s: by %s, want %s", way, used, want)
				}
				wantErr(t, a.CloseWrite(), nil)
				same(t, recvTimeout(t, got), p)
			}
		})
	}
	for name, want := range map[string]string{
		"buffer": "recvfrom", "file to append to": "recvfrom",
		"file": "splice", "pipe": "splice", "Socket, tcp4": "splice", "Socket, unix": "splice", "net, tcp4": "splice", "net, unix": "splice",
	} {
		t.Run("to "+name, func(t *testing.T) {
			w, got := writers[name](t)
			s := socketOf(t, p, "pair")
			r := record(t)
			if n, err := s.WriteTo(w); n != int64(len(p)) || err != nil {
				t.Error(n, err)
			}
			sock.SetTracer(nil)
			if used := carriers(r.take(), s.FD()); used != want {
				t.Errorf("by %s, want %s", used, want)
			}
			same(t, got(), p)
		})
	}
}

// carriers names the calls on fd that carried bytes.
func carriers(calls []sock.Call, fd int) string {
	var names []string
	for _, c := range calls {
		if c.Result > 0 && slices.Contains([]string{"sendfile", "splice", "sendto", "recvfrom"}, c.Name) && (c.FD == fd || c.Name == "splice") && !slices.Contains(names, c.Name) {
			names = append(names, c.Name)
		}
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// A wrapper that embeds a file has its own Read, which must be used.
type counted struct {
	*os.File
	n int
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.File.Read(p)
	c.n += n
	return n, err
}

func TestReadFromWrapper(t *testing.T) {
	t.Parallel()
	p := content(100_000)
	a, b := streams(t, "tcp4")
	got := collects(b)
	c := &counted{File: fileWith(t, p)}
	if n, err := a.ReadFrom(c); n != int64(len(p)) || err != nil || c.n != len(p) {
		t.Errorf("%d, %v, it read %d", n, err, c.n)
	}
	wantErr(t, a.CloseWrite(), nil)
	same(t, recvTimeout(t, got), p)
}

// A file from which the kernel does not send is copied: a file of /proc has no length.
func TestReadFromProc(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("no /proc like Linux's")
	}
	for _, name := range []string{"/proc/self/status", "/proc/filesystems", "/proc/self/cmdline"} {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		a, b := streams(t, "pair")
		got := collects(b)
		n, err := a.ReadFrom(f)
		if n == 0 || err != nil {
			t.Errorf("%s: %d, %v", name, n, err)
		}
		wantErr(t, a.CloseWrite(), nil)
		if p := recvTimeout(t, got); int64(len(p)) != n {
			t.Errorf("%s: %d of %d", name, len(p), n)
		}
	}
}

// If a file becomes shorter while it is sent, ReadFrom ends at its new end.
func TestReadFromShrinking(t *testing.T) {
	t.Parallel()
	p := content(8 << 20)
	f := fileWith(t, p)
	a, b := streams(t, "pair")
	ended := make(chan int64, 1)
	done := goBlocked(t, func() error { // waits: nobody receives
		n, err := a.ReadFrom(f)
		ended <- n
		a.CloseWrite()
		return err
	})
	if err := os.Truncate(f.Name(), 1<<20); err != nil {
		t.Fatal(err)
	}
	got := recvTimeout(t, collects(b))
	wantErr(t, recvTimeout(t, done), nil)
	if n := recvTimeout(t, ended); n != int64(len(got)) || n >= int64(len(p)) {
		t.Errorf("%d sent, %d received", n, len(got))
	}
	if k := min(len(got), 1<<20); !bytes.Equal(got[:k], p[:k]) {
		t.Error("other bytes")
	}
}

// An error of either side ends the copy. The count is that of the bytes until then.
func TestCopyErrors(t *testing.T) {
	t.Parallel()
	p := content(copied)
	for name, reader := range readers {
		a, b := streams(t, "tcp4")
		wantErr(t, b.Close(), nil)
		n, err := a.ReadFrom(reader(t, p))
		if n >= int64(len(p)) || !errors.Is(err, syscall.EPIPE) && !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("from %s to who is closed: %d, %v", name, n, err)
		}
	}
	for name, writer := range writers {
		w, _ := writer(t)
		s := reset(t, "tcp4")
		n, err := s.WriteTo(w)
		if n != 0 || !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("to %s from who has reset: %d, %v", name, n, err)
		}
	}
	s, _ := streams(t, "pair")
	f := fileWith(t, p)
	f.Close()
	if _, err := s.ReadFrom(f); !errors.Is(err, os.ErrClosed) {
		t.Error(err)
	}
	_, err := s.ReadFrom(iotest.ErrReader(io.ErrNoProgress))
	wantErr(t, err, io.ErrNoProgress)
	wantErr(t, s.Close(), nil)
	_, err = s.ReadFrom(fileWith(t, p))
	wantErr(t, err, net.ErrClosed)
	_, err = s.WriteTo(io.Discard)
	wantErr(t, err, net.ErrClosed)
}

// Close and a deadline wake a waiting copy, in both directions.
func TestCopyWakes(t *testing.T) {
	t.Parallel()
	for _, from := range []string{"file", "buffer", "Socket, tcp4", "pipe"} {
		a, _ := streams(t, "pair")
		r := readers[from](t, content(copied))
		done := goBlocked(t, func() error { _, err := a.ReadFrom(r); return err })
		wantErr(t, a.Close(), nil)
		wantErr(t, recvTimeout(t, done), net.ErrClosed)

		a, _ = streams(t, "pair")
		wantErr(t, a.SetWriteDeadline(time.Now().Add(30*time.Millisecond)), nil)
		_, err := a.ReadFrom(readers[from](t, content(copied)))
		wantErr(t, err, os.ErrDeadlineExceeded)
	}
	for to, writer := range writers {
		w, _ := writer(t)
		a, _ := streams(t, "pair")
		done := goBlocked(t, func() error { _, err := a.WriteTo(w); return err })
		wantErr(t, a.Close(), nil)
		if err := recvTimeout(t, done); !errors.Is(err, net.ErrClosed) {
			t.Errorf("to %s: %v", to, err)
		}
	}
}

// Bytes arrive one by one, each just when the copy begins to wait for it: a copy that
// waits for the wrong end would wait without end.
func TestCopyTrickle(t *testing.T) {
	t.Parallel()
	for name, ends := range map[string]func(t *testing.T) (w io.Writer, copies func() error, r io.Reader){
		"into a pipe": func(t *testing.T) (io.Writer, func() error, io.Reader) {
			a, b := streams(t, "pair")
			r, w := pipe(t)
			return a, func() error { _, err := b.WriteTo(w); return err }, r
		},
		"out of a pipe": func(t *testing.T) (io.Writer, func() error, io.Reader) {
			a, b := streams(t, "pair")
			r, w := pipe(t)
			return w, func() error { _, err := a.ReadFrom(r); return err }, b
		},
		"between streams": func(t *testing.T) (io.Writer, func() error, io.Reader) {
			a, b := streams(t, "pair")
			c, d := streams(t, "pair")
			return a, func() error { _, err := c.ReadFrom(b); return err }, d
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, copies, r := ends(t)
			done := goBlocked(t, copies)
			passed := make(chan error, 1)
			pass := func() error {
				for i := range 5000 {
					p := []byte{byte(i)}
					if _, err := w.Write(p); err != nil {
						return err
					}
					if _, err := io.ReadFull(r, p); err != nil || p[0] != byte(i) {
						return fmt.Errorf("byte %d is %d, %v", i, p[0], err)
					}
				}
				switch w := w.(type) {
				case *sock.Socket:
					return w.CloseWrite()
				case io.Closer:
					return w.Close()
				}
				return nil
			}
			go func() { passed <- pass() }()
			wantErr(t, recvTimeout(t, passed), nil)
			wantErr(t, recvTimeout(t, done), nil)
		})
	}
}

// A non-blocking Socket accepts sources of which nothing can be lost, and refuses the
// others before it takes anything.
func TestCopyNonblock(t *testing.T) {
	t.Parallel()
	p := content(copied)
	a, b := streams(t, "pair")
	a.SetNonblock(true)
	f := fileWith(t, p)
	_, err := a.ReadFrom(bytes.NewReader(p))
	wantErr(t, err, syscall.EINVAL)
	_, err = a.ReadFrom(socketOf(t, p, "tcp4"))
	wantErr(t, err, syscall.EINVAL)
	_, err = a.ReadFrom(netOf(t, p, "tcp4"))
	wantErr(t, err, syscall.EINVAL)
	_, err = a.WriteTo(io.Discard)
	wantErr(t, err, syscall.EINVAL)
	if _, err := b.Recv(make([]byte, 1), sock.DontWait); err != sock.ErrWouldBlock {
		t.Errorf("something was sent: %v", err)
	}
	if runtime.GOOS != "linux" {
		return
	}
	c, d := streams(t, "pair")
	c.SetNonblock(true)
	got := make([]byte, 0, len(p))
	blocked := 0
	for {
		n, err := c.ReadFrom(f)
		if err == nil && n == 0 {
			break
		}
		if err != nil && err != sock.ErrWouldBlock {
			t.Fatal(err)
		}
		if err != nil {
			blocked++
		}
		for n > 0 {
			var buf [64 << 10]byte
			k, err := d.Recv(buf[:], 0)
			if err != nil {
				t.Fatal(err)
			}
			got, n = append(got, buf[:k]...), n-int64(k)
		}
	}
	same(t, got, p)
	if blocked == 0 {
		t.Error("it never blocked")
	}
}

func TestSendFile(t *testing.T) {
	t.Parallel()
	p := content(10_000)
	f := fileWith(t, p)
	a, b := streams(t, "tcp4")
	got := collects(b)
	off := int64(9000)
	n, err := a.SendFile(f, &off, 500)
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip(err)
	}
	if n != 500 || err != nil || off != 9500 {
		t.Errorf("%d, %v, now at %d", n, err, off)
	}
	n, err = a.SendFile(f, &off, 5000) // as much as there is
	if n != 500 || err != nil || off != 10_000 {
		t.Errorf("%d, %v, now at %d", n, err, off)
	}
	n, err = a.SendFile(f, &off, 5000) // the end
	if n != 0 || err != nil || off != 10_000 {
		t.Errorf("%d, %v, now at %d", n, err, off)
	}
	n, err = a.SendFile(f, nil, 1000)
	if at, _ := f.Seek(0, io.SeekCurrent); n != 1000 || err != nil || at != 1000 {
		t.Errorf("%d, %v, now at %d", n, err, at)
	}
	n, err = a.SendFile(f, nil, 0)
	if n != 0 || err != nil {
		t.Error(n, err)
	}
	wantErr(t, a.CloseWrite(), nil)
	same(t, recvTimeout(t, got), slices.Concat(p[9000:], p[:1000]))

	_, err = a.SendFile(f, nil, -1)
	wantErr(t, err, syscall.EINVAL)
	before := int64(-1)
	_, err = a.SendFile(f, &before, 1)
	wantErr(t, err, syscall.EINVAL)
	_, err = a.SendFile(nil, nil, 1)
	wantErr(t, err, os.ErrInvalid)
	_, err = a.SendFile(f, nil, 1)
	wrong(t, err, "sendfile", sock.Addr{}, syscall.EPIPE)
	f.Close()
	_, err = a.SendFile(f, nil, 1)
	wantErr(t, err, os.ErrClosed)
	w, err := os.OpenFile(filepath.Join(t.TempDir(), "w"), os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	_, err = a.SendFile(w, nil, 1)
	wrong(t, err, "sendfile", sock.Addr{}, syscall.EBADF)
	wantErr(t, a.Close(), nil)
	_, err = a.SendFile(w, nil, 1)
	wantErr(t, err, net.ErrClosed)
}
