// Package cmsg builds and reads control messages (ancillary data): what goes beside the
// data of sendmsg(2) and recvmsg(2). It is a codec of bytes and needs no Socket: the buffers
// of a [net.UDPConn]'s WriteMsgUDP and ReadMsgUDP serve as well as those of sock.Message
// and sock.Batch.
//
// Source: cmsg(3).
package cmsg

import (
	"encoding/hex"
	"errors"
	"iter"
	"strconv"

	"github.com/berkeleysockets/sock/internal/sys"
)

// A Message is one control message. Its methods read its value, and return false for a
// message of another level, type or size. [Append], [AppendRights] and the other builders
// append one to a buffer.
//
// Source: cmsg(3).
type Message struct {
	Level int    // the protocol, or SOL_SOCKET
	Type  int    //
	Data  []byte // a part of the buffer that it was found in
}

// Space returns how much room a control message with n bytes of data
// takes: CMSG_SPACE.
//
// Source: cmsg(3).
func Space(n int) int {
	return sys.CmsgSpace(min(max(n, 0), 1<<30))
}

// Append appends a control message of any kind to b. The result is what
// SendMsg and Batch.Add take; it allocates only if b has no room.
//
// Source: cmsg(3).
func Append(b []byte, level, typ int, data []byte) []byte {
	b, to := appendControl(b, level, typ, len(data))
	copy(to, data)
	return b
}

// appendControl appends a message whose n bytes of data, zeros now, the caller
// fills.
func appendControl(b []byte, level, typ, n int) (all, data []byte) {
	at := sys.CmsgAligned(len(b)) // where the kernel looks for it
	end := at + sys.CmsgSpace(n)
	if end > cap(b) {
		b = append(make([]byte, 0, end), b...)
	}
	from := len(b)
	b = b[:end]
	clear(b[from:])
	sys.PutCmsg(b[at:], n, level, typ)
	return b, b[at+sys.CmsgLen(0) : at+sys.CmsgLen(n)]
}

// Next returns the first control message in b, and what is behind it.
// False: there is none, or what is there is none that is whole.
//
// Source: cmsg(3).
func Next(b []byte) (m Message, rest []byte, ok bool) {
	level, typ, at, end, ok := sys.Cmsg(b)
	if !ok || end > len(b) {
		return m, nil, false
	}
	return Message{level, typ, b[at:end:end]}, b[min(sys.CmsgAligned(end), len(b)):], true
}

// All returns the control messages in b, one after the other. It
// allocates nothing; but ranging over it the compiler may move a b that is on the
// stack to the heap, where [Next] leaves it.
//
// Source: cmsg(3).
func All(b []byte) iter.Seq[Message] {
	return func(yield func(Message) bool) {
		for {
			m, rest, ok := Next(b)
			if !ok || !yield(m) {
				return
			}
			b = rest
		}
	}
}

// String returns level and type by their C names, and the data in hexadecimal.
func (m Message) String() string {
	name := ""
	if m.Level == sys.SOL_SOCKET {
		if name = sys.ConstName("SCM", m.Type); name == strconv.Itoa(m.Type) {
			name = sys.ConstName("SO", m.Type)
		}
	} else {
		name = sys.ConstName(sys.OptionGroup(sys.AF_UNSPEC, m.Level), m.Type)
	}
	return sys.LevelName(sys.AF_UNSPEC, m.Level) + " " + name + " " + hex.EncodeToString(m.Data)
}

// A message that must not be sent: a value in it does not fit, or this system
// has no such thing. Builders return no error, and no kernel takes these.
const (
	controlUnfit   = -1
	controlMissing = sys.Missing
)

func unfit(b []byte) []byte   { return Append(b, sys.SOL_SOCKET, controlUnfit, nil) }
func lacking(b []byte) []byte { return Append(b, sys.SOL_SOCKET, controlMissing, nil) }

// Check returns the error of a builder: a value that does not fit, or a message that this
// system does not have. A sock.Socket calls it before it sends. Where the kernel checks every
// message itself Check returns nil without a look at b.
//
// Errors: EINVAL (a value does not fit), [errors.ErrUnsupported].
func Check(b []byte) error {
	if sys.PassesAnyControl {
		return nil
	}
	for m, rest, ok := Next(b); ok; m, rest, ok = Next(rest) {
		switch {
		case m.Level != sys.SOL_SOCKET:
		case m.Type == controlMissing:
			return errors.ErrUnsupported
		case m.Type == controlUnfit:
			return sys.EINVAL
		}
	}
	return nil
}

// Descriptors returns the descriptors in b, and whether each is of SCM_RIGHTS.
func Descriptors(b []byte) iter.Seq2[int, bool] {
	return func(yield func(fd int, rights bool) bool) {
		for {
			level, typ, at, end, ok := sys.Cmsg(b)
			if !ok {
				return
			}
			m := Message{level, typ, b[min(at, len(b)):min(end, len(b))]}
			rights := m.is(sys.SOL_SOCKET, sys.SCM_RIGHTS, 0)
			if rights || m.is(sys.SOL_SOCKET, sys.SCM_PIDFD, 4) {
				for at := 0; at+4 <= len(m.Data); at += 4 {
					if fd := int(int32(m.uint32(at))); fd >= 0 && !yield(fd, rights) {
						return
					}
				}
			}
			b = b[min(sys.CmsgAligned(end), len(b)):]
		}
	}
}
