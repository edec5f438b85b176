package sock

import (
	"errors"
	"io"
	"math"
	"reflect"
	"syscall"

	"github.com/berkeleysockets/sock/internal/sys"
)

// ReadFrom sends all that r has, until its end, and returns how much: what
// io.Copy(s, r) does. Where it can no byte passes through the program:
//
//   - a regular file: sendfile(2), as [Socket.SendFile]
//   - a pipe: splice(2) (Linux)
//   - a stream, of this package or of net: splice(2) into a pipe that is made for
//     the time (pipe2(2), fcntl(2), close(2) twice), and out of it (Linux)
//
// and the same inside an [io.LimitedReader]. Of other types than *os.File and those
// of net it knows nothing: they may do more than their descriptor does. They are
// read, and what was read is sent; so is a file that the kernel does not send from.
//
// Its calls take turns with Write, one by one. If it stops early n bytes were sent;
// of a stream or another reader more may have been read, as with every copy. So a
// non-blocking Socket takes nothing but files and pipes, of which nothing is lost.
//
// Errors: those of [Socket.Write] and of r; EINVAL (non-blocking, and no file or
// pipe).
//
// Source: sendfile(2), splice(2).
func (s *Socket) ReadFrom(r io.Reader) (n int64, err error) {
	if e := s.fd.Check(0); e != 0 {
		return 0, fail("readfrom", Addr{}, e)
	}
	left, from := int64(math.MaxInt64), r
	limited, _ := r.(*io.LimitedReader)
	if limited != nil {
		left, from = limited.N, limited.R
	}
	if s.Type() == Stream && left > 0 {
		n, err = s.fill(from, left)
		if limited != nil {
			limited.N -= n
		}
		if err != errByHand {
			return n, err
		}
	}
	if s.fd.State()&nonblock != 0 {
		return n, invalid("readfrom", "a non-blocking Socket: what was read and could not be sent would be lost")
	}
	k, err := io.Copy(onlyWriter{s}, onlyReader{r})
	return n + k, err
}

// WriteTo writes all that comes to w, until the end of the stream, and returns how
// much: what io.Copy(w, s) does. Where w is a pipe, a regular file that is not
// open for appending, or a stream, splice(2) does it as in [Socket.ReadFrom]
// (Linux). Else what is received is written.
//
// Errors: those of [Socket.Read] and of w; EINVAL (non-blocking).
//
// Source: splice(2).
func (s *Socket) WriteTo(w io.Writer) (n int64, err error) {
	if e := s.fd.Check(0); e != 0 {
		return 0, fail("writeto", Addr{}, e)
	}
	if s.fd.State()&nonblock != 0 {
		return 0, invalid("writeto", "a non-blocking Socket")
	}
	if s.Type() == Stream && sys.HasSplice {
		if n, err = s.drain(w); err != errByHand {
			return n, err
		}
	}
	k, err := io.Copy(w, onlyReader{s})
	return n + k, err
}

type onlyWriter struct{ io.Writer } // without ReadFrom
type onlyReader struct{ io.Reader } // without WriteTo

// errByHand: the kernel does not do it, and has taken nothing.
var errByHand = errors.New("by hand")

// descriptorOf returns the descriptor behind a reader or writer that is nothing else:
// one that embeds an *os.File may count or change what passes.
func descriptorOf(x any) syscall.RawConn {
	c, ok := x.(syscall.Conn)
	if !ok {
		return nil
	}
	t := reflect.TypeOf(x)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if p := t.PkgPath(); p != "os" && p != "net" { // theirs without WriteTo or ReadFrom too
		return nil
	}
	rc, err := c.SyscallConn()
	if err != nil {
		return nil
	}
	return rc
}

func kindOf(rc syscall.RawConn) (k sys.Kind, appends bool) {
	rc.Control(func(fd uintptr) {
		if k, _ = sys.KindOf(int(fd)); k == sys.RegularKind {
			appends = sys.Appends(int(fd))
		}
	})
	return k, appends
}

// fill sends at most left bytes of from.
func (s *Socket) fill(from io.Reader, left int64) (int64, error) {
	relays := sys.HasSplice && s.fd.State()&nonblock == 0 // else what is in the pipe could be lost
	if other, ok := from.(*Socket); ok && other.Type() == Stream && relays {
		return relay(other, s, left, nil)
	}
	rc := descriptorOf(from)
	if rc == nil {
		return 0, errByHand
	}
	switch kind, _ := kindOf(rc); {
	case kind == sys.RegularKind && sys.HasSendfile:
		return s.fillFile(rc, left)
	case kind == sys.PipeKind && sys.HasSplice:
		return s.fillPipe(rc, left)
	case kind == sys.SocketKind && relays:
		return relay(stranger{rc}, s, left, nil)
	}
	return 0, errByHand
}

// most is what one call is asked for: a length that every kernel takes.
const most = 1 << 30

// drain writes all that comes to w.
func (s *Socket) drain(w io.Writer) (int64, error) {
	if other, ok := w.(*Socket); ok && other.Type() == Stream && other.fd.State()&nonblock == 0 {
		return relay(s, other, math.MaxInt64, nil)
	}
	rc := descriptorOf(w)
	if rc == nil {
		return 0, errByHand
	}
	switch kind, appends := kindOf(rc); {
	case kind == sys.PipeKind:
		return s.drainPipe(rc)
	case kind == sys.SocketKind:
		return relay(s, stranger{rc}, math.MaxInt64, w)
	case kind == sys.RegularKind && !appends:
		return relay(s, plainFile{rc}, math.MaxInt64, w)
	}
	return 0, errByHand
}

func (s *Socket) fillFile(file syscall.RawConn, left int64) (n int64, err error) {
	for left > 0 {
		if e := s.fd.LockWrite(); e != 0 {
			return n, verdict("readfrom", e)
		}
		k, err := s.sendfile(file, nil, int(min(left, most)))
		s.fd.UnlockWrite()
		if err != nil && n == 0 && refusesFile(err) {
			return 0, errByHand
		}
		if k == 0 || err != nil {
			return n, err
		}
		n, left = n+int64(k), left-int64(k)
	}
	return n, nil
}

// refusesFile reports whether err says that this file is not sent from by the
// kernel: by some file systems, and by what is no file of bytes.
func refusesFile(err error) bool {
	for _, e := range [...]sys.Errno{sys.EINVAL, sys.ENOSYS, sys.EOPNOTSUPP, sys.ENOTSUP} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
