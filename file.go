package sock

import (
	"os"
	"syscall"

	"github.com/berkeleysockets/sock/internal/sys"
)

// SendFile sends up to n bytes of a file: one sendfile(2), through no buffer of
// ours. With off nil they come from where the file is, which moves; else from
// *off, which moves instead. The count may be short; 0 is the end of the file. A
// file that is on a disk, and not in memory, makes it wait for the disk, in every
// mode, as any read of a file does.
//
// FreeBSD, DragonFly and macOS have it for regular files and streams; with off nil
// it is lseek(2) twice besides. NetBSD and OpenBSD do not have it: [Socket.ReadFrom]
// copies there.
//
// Errors: those of [Socket.Send]; EINVAL (n below 0; a file that cannot be sent from:
// a pipe, a directory, some of /proc), os.ErrClosed and os.ErrInvalid (the file),
// EBADF (a file not open for reading), [errors.ErrUnsupported].
//
// Source: sendfile(2).
func (s *Socket) SendFile(f *os.File, off *int64, n int) (int, error) {
	switch {
	case !sys.HasSendfile:
		return 0, s.lacks("sendfile", "sendfile")
	case n < 0:
		return 0, invalid("sendfile", "a negative length")
	case off != nil && *off < 0:
		return 0, invalid("sendfile", "a negative offset")
	}
	file, err := f.SyscallConn()
	if err != nil {
		return 0, &Error{Op: "sendfile", Err: err}
	}
	return s.sendfile(file, off, n)
}

func (s *Socket) sendfile(file syscall.RawConn, off *int64, n int) (int, error) {
	for tries := 0; ; {
		k, e, open := s.callSendfile(file, off, n)
		if !open {
			return 0, &Error{Op: "sendfile", Err: os.ErrClosed}
		}
		if e == 0 {
			return k, nil
		}
		if e = s.fd.Await(e, writing, 0, &tries); e != 0 {
			return 0, verdict("sendfile", e)
		}
	}
}

// callSendfile is one call, if the file is open.
func (s *Socket) callSendfile(file syscall.RawConn, off *int64, n int) (k int, e sys.Errno, open bool) {
	if e := s.fd.Acquire(writeDeadline); e != 0 {
		return 0, e, true
	}
	t, start := tracing()
	from, in := int64(-1), -1
	if t != nil && off != nil {
		from = *off
	}
	err := file.Control(func(fd uintptr) {
		in = int(fd)
		k, e = sys.Sendfile(int(s.fd.Sysfd), in, off, n)
	})
	last := s.fd.Release()
	if t != nil && err == nil {
		args := decimal(in) + ", NULL, " + decimal(n)
		if off != nil {
			args = decimal(in) + ", [" + decimal(int(from)) + "], " + decimal(n)
		}
		t.emit(Call{Name: "sendfile", Args: args, Len: n}, int(s.fd.Sysfd), k, e, start)
	}
	if last {
		s.fd.Destroy()
	}
	return k, e, err == nil
}
