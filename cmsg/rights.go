package cmsg

import (
	"encoding/binary"
	"iter"
	"math"

	"github.com/berkeleysockets/sock/internal/sys"
)

// AppendRights appends descriptors to pass over a unix socket (SCM_RIGHTS). The receiver gets
// duplicates. The descriptors must be open until the message is sent. Linux accepts 253 in
// one message. SendFiles of a sock.Socket sends files.
//
// Source: unix(7).
func AppendRights(b []byte, fds ...int) []byte {
	b, data := appendMessage(b, sys.SOL_SOCKET, sys.SCM_RIGHTS, 4*len(fds))
	for i, fd := range fds {
		if fd < 0 || fd > math.MaxInt32 {
			fd = -1 // EBADF
		}
		binary.NativeEndian.PutUint32(data[4*i:], uint32(fd))
	}
	return b
}

// Rights appends to fds the descriptors that a unix socket received (SCM_RIGHTS). They are
// close-on-exec, except on macOS, and the caller must close them: see sock.CloseRights, after
// which there are none.
//
// Source: unix(7).
func (m Message) Rights(fds []int) ([]int, bool) {
	if !m.is(sys.SOL_SOCKET, sys.SCM_RIGHTS, 0) {
		return fds, false
	}
	for at := 0; at+4 <= len(m.Data); at += 4 {
		if fd := int(int32(m.uint32(at))); fd >= 0 {
			fds = append(fds, fd)
		}
	}
	return fds, true
}

// PIDFD returns a descriptor of the sending process, with the option sockopt.PassPIDFD
// (Linux 6.5). It is close-on-exec, and the caller must close it: see sock.CloseRights.
//
// Source: pidfd_open(2).
func (m Message) PIDFD() (fd int, ok bool) {
	if !m.is(sys.SOL_SOCKET, sys.SCM_PIDFD, 4) {
		return -1, false
	}
	if fd = int(int32(m.uint32(0))); fd < 0 { // closed by CloseRights, or the kernel could not open it
		return -1, false
	}
	return fd, true
}

// Descriptors returns an iterator over the descriptors that were received in b, those of
// [Message.Rights] and of [Message.PIDFD], and whether each is of Rights. It also returns
// those of a last message that was truncated.
func Descriptors(b []byte) iter.Seq2[int, bool] {
	return func(yield func(fd int, rights bool) bool) {
		sys.Descriptors(b, func(p []byte, rights bool) bool {
			fd := int(int32(binary.NativeEndian.Uint32(p)))
			return fd < 0 || yield(fd, rights)
		})
	}
}
