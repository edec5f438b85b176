package sock

import (
	"io"
	"math"
	"os"
	"reflect"
	"syscall"

	"github.com/berkeleysockets/sock/internal/sockfd"
	"github.com/berkeleysockets/sock/internal/splice"
	"github.com/berkeleysockets/sock/internal/sys"
)

// ReadFrom sends everything that r has, until its end, and returns the number of bytes: what
// io.Copy(s, r) does. Where it can, no byte passes through the program:
//
//   - a regular file: sendfile(2), as [Socket.SendFile]
//   - a pipe: splice(2) (Linux)
//   - a stream, of this package or of net: splice(2) into a pipe and out of it; the pipe is
//     made for this call (pipe2(2), fcntl(2), close(2) twice) (Linux)
//
// and the same inside an [io.LimitedReader]. Any other type may do more than its descriptor
// does, so ReadFrom reads from it and sends; likewise for a file that the kernel does not
// send from.
//
// A stream's urgent data is left out, as by Read, unless the option SO_OOBINLINE is set. From
// its mark on the bytes are received and sent, since splice(2) does not pass it.
//
// Close and deadlines of s end a wait for room. They do not end a wait for r: close r, or set
// its deadline.
//
// Each of its calls takes the write lock, so that Writes of other goroutines may fall between
// them. If it stops early n bytes were sent; of a stream or another reader more may have been
// read, as with every copy. So a non-blocking Socket accepts only files and pipes, of which
// nothing is lost: it returns [ErrWouldBlock] if it has no room, or the pipe no bytes.
//
// sendfile(2) and splice(2) have no flag against SIGPIPE, as a send has: where they fail with
// EPIPE the kernel may raise it. A Go program does not see that, unless it asks for SIGPIPE with
// [os/signal.Notify]; a C program that contains Go (c-archive, c-shared) must ignore SIGPIPE.
//
// Errors: those of [Socket.Write] and of r; EINVAL (non-blocking, and r is no file or pipe).
//
// Source: sendfile(2), splice(2).
func (s *Socket) ReadFrom(r io.Reader) (n int64, err error) {
	if e := s.fd.Check(0); e != 0 {
		return 0, opError("readfrom", Addr{}, e)
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
		if err != splice.ErrByHand {
			return n, copyError("readfrom", err)
		}
	}
	if s.fd.State()&sockfd.Nonblock != 0 {
		return n, invalidInput("readfrom", "a non-blocking Socket: what was read and could not be sent would be lost")
	}
	k, err := io.Copy(onlyWriter{s}, onlyReader{r})
	return n + k, err
}

// WriteTo writes everything that arrives to w, until the end of the stream, and returns the
// number of bytes: what io.Copy(w, s) does. Close and deadlines of s end a wait for bytes, not
// a wait for room in w. If w is a pipe, a regular file that is not open
// for appending, or a stream, it uses splice(2) as [Socket.ReadFrom] does (Linux). Otherwise
// it receives and writes. For SIGPIPE see ReadFrom.
//
// Errors: those of [Socket.Read] and of w; EINVAL (non-blocking).
//
// Source: splice(2).
func (s *Socket) WriteTo(w io.Writer) (n int64, err error) {
	if e := s.fd.Check(0); e != 0 {
		return 0, opError("writeto", Addr{}, e)
	}
	if s.fd.State()&sockfd.Nonblock != 0 {
		return 0, invalidInput("writeto", "a non-blocking Socket")
	}
	if s.Type() == Stream && sys.HasSplice {
		if n, err = s.drain(w); err != splice.ErrByHand {
			return n, copyError("writeto", err)
		}
	}
	k, err := io.Copy(w, onlyReader{s})
	return n + k, err
}

// SendFile sends up to n bytes of a file: one sendfile(2), without a buffer of the program.
// If off is nil they start at the file's offset, which moves; otherwise at *off, which moves
// instead. The count may be short; 0 is the end of the file. If the file is not in memory the
// call waits for the disk, in every mode, as any read of a file does. If another process shares
// the socket and has cleared O_NONBLOCK, it is pread(2) and send(2) instead. For SIGPIPE see
// ReadFrom.
//
// FreeBSD, DragonFly and macOS have it for regular files and streams; with off nil it also
// makes two lseek(2). NetBSD and OpenBSD do not have it: there [Socket.ReadFrom] copies.
//
// Errors: those of [Socket.Send]; EINVAL (n below 0; a file that cannot be sent from: a pipe,
// a directory, some of /proc), os.ErrClosed and os.ErrInvalid (the file), EBADF (a file not
// open for reading), [errors.ErrUnsupported].
//
// Source: sendfile(2).
func (s *Socket) SendFile(f *os.File, off *int64, n int) (int, error) {
	switch {
	case !sys.HasSendfile:
		return 0, s.unsupportedOrClosed("sendfile", "sendfile")
	case n < 0:
		return 0, invalidInput("sendfile", "a negative length")
	case off != nil && *off < 0:
		return 0, invalidInput("sendfile", "a negative offset")
	}
	if f == nil {
		return 0, &Error{Op: "sendfile", Err: os.ErrInvalid}
	}
	sent, e, open := splice.SendFile(&s.fd, f, off, n)
	if e == splice.ErrnoBlocks {
		return s.sendFileByHand(f, off, n)
	}
	if !open {
		return 0, &Error{Op: "sendfile", Err: os.ErrClosed}
	}
	return sent, opResult("sendfile", e)
}

// sendFileByHand is SendFile where sendfile(2) might wait in the kernel: pread(2) and send(2), and
// two lseek(2) if off is nil.
func (s *Socket) sendFileByHand(f *os.File, off *int64, n int) (int, error) {
	at := int64(0)
	if off != nil {
		at = *off
	} else if cur, err := f.Seek(0, io.SeekCurrent); err != nil {
		return 0, &Error{Op: "sendfile", Err: err}
	} else {
		at = cur
	}
	p := make([]byte, min(n, 64<<10))
	k, err := f.ReadAt(p, at)
	if k == 0 {
		if err == io.EOF || err == nil {
			return 0, nil
		}
		return 0, &Error{Op: "sendfile", Err: err}
	}
	sent, err := s.sendto("sendfile", p[:k], 0, nil)
	if off != nil {
		*off += int64(sent)
	} else if sent > 0 {
		if _, err := f.Seek(at+int64(sent), io.SeekStart); err != nil {
			return sent, &Error{Op: "sendfile", Err: err}
		}
	}
	return sent, err
}

type onlyWriter struct{ io.Writer } // without ReadFrom

type onlyReader struct{ io.Reader } // without WriteTo

// descriptorOf returns the descriptor of a reader or writer of packages os and net, nil for
// other types: a type that embeds an *os.File may count or change the bytes.
func descriptorOf(x any) syscall.RawConn {
	c, ok := x.(syscall.Conn)
	if !ok {
		return nil
	}
	t := reflect.TypeOf(x)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if p := t.PkgPath(); p != "os" && p != "net" { // also their types without WriteTo or ReadFrom
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
		switch k, _ = sys.KindOf(int(fd)); k {
		case sys.RegularKind:
			appends = sys.Appends(int(fd))
		case sys.SocketKind:
			if !sys.IsStream(int(fd)) { // a copy by hand keeps the bounds of messages
				k = sys.OtherKind
			}
		case sys.PipeKind:
			if sys.IsPacketPipe(int(fd)) {
				k = sys.OtherKind
			}
		}
	})
	return k, appends
}

// fill sends at most limit bytes of from.
func (s *Socket) fill(from io.Reader, limit int64) (int64, error) {
	relays := sys.HasSplice && s.fd.State()&sockfd.Nonblock == 0 // else bytes in the pipe could be lost
	if other, ok := from.(*Socket); ok && other.Type() == Stream && relays {
		return splice.Relay(splice.Socket(&other.fd), splice.Socket(&s.fd), limit, nil)
	}
	rc := descriptorOf(from)
	if rc == nil {
		return 0, splice.ErrByHand
	}
	switch kind, _ := kindOf(rc); {
	case kind == sys.RegularKind && sys.HasSendfile:
		return splice.FromFile(&s.fd, rc, limit)
	case kind == sys.PipeKind && sys.HasSplice:
		return splice.FromPipe(&s.fd, rc, limit)
	case kind == sys.SocketKind && relays:
		return splice.Relay(splice.NetConn(rc), splice.Socket(&s.fd), limit, nil)
	}
	return 0, splice.ErrByHand
}

// drain writes everything that arrives to w.
func (s *Socket) drain(w io.Writer) (int64, error) {
	if other, ok := w.(*Socket); ok && other.Type() == Stream && other.fd.State()&sockfd.Nonblock == 0 {
		return splice.Relay(splice.Socket(&s.fd), splice.Socket(&other.fd), math.MaxInt64, nil)
	}
	rc := descriptorOf(w)
	if rc == nil {
		return 0, splice.ErrByHand
	}
	switch kind, appends := kindOf(rc); {
	case kind == sys.PipeKind:
		return splice.ToPipe(&s.fd, rc)
	case kind == sys.SocketKind:
		return splice.Relay(splice.Socket(&s.fd), splice.NetConn(rc), math.MaxInt64, w)
	case kind == sys.RegularKind && !appends:
		return splice.Relay(splice.Socket(&s.fd), splice.File(rc), math.MaxInt64, w)
	}
	return 0, splice.ErrByHand
}

// copyError is the error of a copy that the kernel made.
func copyError(op string, err error) error {
	switch e, ok := err.(sys.Errno); {
	case ok:
		return opResult(op, e)
	case err == nil:
		return nil
	case err == splice.ErrFileClosed:
		err = os.ErrClosed
	}
	return &Error{Op: op, Err: err}
}
